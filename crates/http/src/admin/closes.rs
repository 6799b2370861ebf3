//! `POST /admin/v1/closes`: ends the period now. `GET /admin/v1/closes`: the last period that was closed.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::periods::ShownPeriod;

use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, ClosingNow, NotNow};

/// End the period now.
///
/// The server does so by itself every `log.close_every_s`. The answer comes when the close is published, which takes
/// seconds per million people; it goes on if the caller goes away. Ledgers made from then on are complete up to it.
/// `countersign log close` does this.
///
/// # Errors
/// [`AdminError`] 409 while a close is under way, 507 or 500 if it failed, 503 if it is not published within a minute.
#[utoipa::path(
    post,
    path = "/closes",
    operation_id = "closePeriod",
    responses(
        (status = 200, description = "The period that was closed.", body = ShownPeriod),
        ClosingNow,
        Broken,
        NotNow,
    ),
)]
pub async fn post(State(gateway): State<Arc<Gateway>>) -> Result<Json<ShownPeriod>, AdminError> {
    Ok(Json(gateway.service.close().await?))
}

/// The last period that was closed.
///
/// A close binds, for each person, everything that the log holds about them since the close before.
///
/// # Errors
/// [`AdminError`] 404 if there is none, 409 while a close is under way.
#[utoipa::path(
    get,
    path = "/closes",
    operation_id = "readClose",
    responses(
        (status = 200, description = "The period.", body = ShownPeriod),
        (status = 404, description = "No period was closed yet.", body = ErrorBody),
        ClosingNow,
        Broken,
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<ShownPeriod>, AdminError> {
    Ok(Json(gateway.service.last_close()?))
}
