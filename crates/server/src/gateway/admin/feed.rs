//! `POST` and `GET /admin/v1/people/feed`: changes of people, as JSON Lines with sequence numbers, and
//! up to where they are applied. What the lines say is told in [`crate::people::feed`].

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Body, Json, Query};
use crate::people::feed::{self, Applied, Batches, FeedError};

/// The largest request body, in bytes. A longer feed is sent in parts.
pub const BYTES_MAX: usize = 8 << 20;

/// The highest number that a first line can have: the lines after it have numbers, too.
const FIRST_LINE_MAX: u64 = (1 << 53) - 1;

/// What the lines are.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// Where the lines stand in a longer feed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The number of the first line, for messages.
    first_line: Option<u64>,
    /// The sequence of the line before the first one, above which this part has to go on.
    after: Option<u64>,
}

/// Up to where the feed is applied.
#[derive(Serialize, Deserialize)]
pub struct Sequence {
    /// The last sequence that is applied; zero before the first.
    pub sequence: u64,
}

/// Up to where the feed is applied.
///
/// # Errors
/// [`AdminError`] 500 when the store fails.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<Sequence>, AdminError> {
    Ok(Json(Sequence { sequence: gateway.service.people.feed_sequence()? }))
}

/// Applies lines of the feed, durably. What stands before a line that cannot be read is applied in whole
/// batches. While a new image is written that is far behind, nothing is applied: an answer that waited for
/// it, after the changes are durable, could come too late for the caller.
///
/// # Errors
/// [`AdminError`] 503 while the store is behind, 400 for a first line or a sequence that cannot be, 415 for another content type, 422 for a line that is not what it should be.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Query(part): Query<Part>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Applied>, AdminError> {
    let first_line = part.first_line.unwrap_or(1);
    if first_line > FIRST_LINE_MAX {
        let message = format!("first_line: at most {FIRST_LINE_MAX} is expected");
        return Err(AdminError { status: StatusCode::BAD_REQUEST, message });
    }
    let after = part.after.unwrap_or(0);
    if i64::try_from(after).is_err() {
        let message = "after: at most 2^63 - 1 is expected".to_owned();
        return Err(AdminError { status: StatusCode::BAD_REQUEST, message });
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(CONTENT_TYPE)) {
        let message = format!("lines of changes are expected, with Content-Type: {CONTENT_TYPE}");
        return Err(AdminError { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, message });
    }
    if gateway.service.people.is_fold_behind() {
        return Err(AdminError::behind());
    }
    // It waits for the disk, which no thread that serves others may.
    let applied = tokio::task::spawn_blocking(move || {
        let register = gateway.service.log.register();
        let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
        let batches = Batches::new(&body[..], first_line).after(after);
        feed::apply(&gateway.service.people, schema, batches, |_| ()).map_err(refused)
    });
    applied.await.map_err(AdminError::internal)?.map(Json)
}

fn refused(error: FeedError) -> AdminError {
    match error {
        FeedError::Malformed { .. } => AdminError::unprocessable(error),
        other => AdminError::failed(&other),
    }
}
