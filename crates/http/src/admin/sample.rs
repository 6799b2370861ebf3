//! `GET /admin/v1/sample`: some items of a period, opened to its auditor. It has people's secrets in it: the platform
//! hands it to nobody else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use countersign_domain::digest::Digest;
use countersign_protocol::index_sample::{DRAWN_DEFAULT, DRAWN_MAX};
use countersign_service::operations::vocabulary::Bytes;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Query, download};
use crate::gateway::Gateway;
use crate::openapi::refusals::Broken;

/// What is drawn.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Drawn {
    /// The number of the period, from 0.
    #[param(maximum = 9007199254740991_u64)]
    period: u64,
    /// How many items.
    #[serde(default = "drawn_default")]
    #[param(maximum = 10000, default = 300)]
    items: u32,
    /// What the auditor adds to the draw, once the lists are in their hands: 32 random bytes.
    #[param(value_type = Option<String>, pattern = "^[0-9a-f]{64}$")]
    challenge: Option<Digest>,
}

const fn drawn_default() -> u32 {
    DRAWN_DEFAULT
}

/// Some items of a period, opened to its auditor.
///
/// What `countersign-verify index --sample` checks: items that the period's close and the auditor's challenge draw,
/// each with account and secret. It has people's secrets in it: hand it to nobody but an auditor, under an agreement.
///
/// # Errors
/// [`AdminError`] 404 for a period that is not closed, 409 while one is being closed, 422 for more items than a sample
/// holds, 503 while the directory is ahead of the newest close.
#[utoipa::path(
    get,
    path = "/sample",
    operation_id = "readSample",
    params(Drawn),
    responses(
        (status = 200, description = "The sample.", body = inline(Bytes), content_type = "application/octet-stream"),
        (status = 404, description = "The period is not closed.", body = ErrorBody),
        (status = 409, description = "A period is being closed right now.", body = ErrorBody),
        (status = 422, description = "More items are asked for than a sample holds.", body = ErrorBody),
        Broken,
        (status = 503, description = "The directory is ahead of the newest close, since one is under way or was cut short: ask again after the next one.", body = ErrorBody),
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Query(Drawn { period, items, challenge }): Query<Drawn>,
) -> Result<impl IntoResponse, AdminError> {
    if items > DRAWN_MAX {
        let message = format!("{items} items are too many: at most {DRAWN_MAX} are drawn");
        return Err(AdminError::of(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    let challenge = challenge.unwrap_or(Digest([0; 32]));
    Ok(download("period.sample", gateway.service.sample(period, items, challenge).await?))
}
