//! `GET /admin/v1/sample`: some items of a period, opened to its auditor. It has people's secrets in it: the platform
//! hands it to nobody else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use countersign_domain::digest::Digest;
use countersign_protocol::index_sample::{DRAWN_DEFAULT, DRAWN_MAX};
use serde::Deserialize;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Query, download};

/// What is drawn.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drawn {
    /// The number of the period, from 0.
    period: u64,
    /// How many items.
    #[serde(default = "drawn_default")]
    items: u32,
    /// What the auditor adds to the draw.
    challenge: Option<Digest>,
}

const fn drawn_default() -> u32 {
    DRAWN_DEFAULT
}

/// The sample, as `countersign-verify index --sample` checks it.
///
/// # Errors
/// [`AdminError`] 404 for a period that is not closed, 409 while one is being closed, 422 for more items than a sample
/// holds, 503 while the directory is ahead of the newest close.
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
