//! `POST` and `GET /admin/v1/people/feed`: changes of people, as JSON Lines with sequence numbers, and
//! up to where they are applied.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use countersign_service::operations::feed::{FeedPart, Sequence};
use countersign_service::people::feed::Applied;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Body, Json, Query};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound};

/// The largest request body, in bytes. A longer feed is sent in parts.
pub const BYTES_MAX: usize = 8 << 20;

/// The highest number that a first line can have: the lines after it have numbers, too.
const FIRST_LINE_MAX: u64 = (1 << 53) - 1;

/// What the lines are.
pub const CONTENT_TYPE: &str = "application/x-ndjson";

/// Where the lines stand in a longer feed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// The number of the first line in a longer feed, for messages.
    #[param(maximum = 9007199254740991_u64)]
    first_line: Option<u64>,
    /// The sequence of the line before the first one, in a feed that is sent in parts: this part has to go on above it.
    #[param(maximum = 9007199254740991_u64)]
    after: Option<u64>,
}

/// Up to where the feed is applied.
///
/// # Errors
/// [`AdminError`] 500 when the store fails.
#[utoipa::path(
    get,
    path = "/people/feed",
    operation_id = "readFeed",
    responses(
        (status = 200, description = "The last sequence that is applied; zero before the first.", body = Sequence),
        Broken,
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<Sequence>, AdminError> {
    Ok(Json(gateway.service.feed_sequence()?))
}

/// Apply changes of people.
///
/// JSON Lines with sequences that rise from line to line, in the order in which the platform committed the changes;
/// docs/operations/people.md says what a line can hold. A line at or below the last sequence that had been applied is
/// skipped, so that sending again is harmless. The changes are durable when this answers, and the very next read
/// shows them.
///
/// # Errors
/// [`AdminError`] 503 while the store is behind, 400 for a first line or a sequence that cannot be, 415 for another
/// content type, 422 for a line that is not what it should be.
#[utoipa::path(
    post,
    path = "/people/feed",
    operation_id = "applyFeed",
    params(Part),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "What was done.", body = Applied),
        (status = 400, description = "The query cannot be read, or the body broke off.", body = ErrorBody),
        NotFound,
        (status = 413, description = "The body is above 8 MiB: send the feed in parts.", body = ErrorBody),
        (status = 415, description = "The `Content-Type` does not say `application/x-ndjson`.", body = ErrorBody),
        (status = 422, description = "A line cannot be taken: which, and up to which sequence the feed is applied.", body = ErrorBody),
        Broken,
        (status = 503, description = "A new image of the people is being written, and changes run far ahead of it. Nothing was applied.", body = ErrorBody, headers(("Retry-After"))),
    ),
)]
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Query(part): Query<Part>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Applied>, AdminError> {
    let first_line = part.first_line.unwrap_or(1);
    if first_line > FIRST_LINE_MAX {
        let message = format!("first_line: at most {FIRST_LINE_MAX} is expected");
        return Err(AdminError::of(StatusCode::BAD_REQUEST, message));
    }
    let after = part.after.unwrap_or(0);
    if i64::try_from(after).is_err() {
        let message = "after: at most 2^63 - 1 is expected".to_owned();
        return Err(AdminError::of(StatusCode::BAD_REQUEST, message));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case(CONTENT_TYPE)) {
        let message = format!("lines of changes are expected, with Content-Type: {CONTENT_TYPE}");
        return Err(AdminError::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let part = FeedPart { lines: body.into(), first_line, after };
    Ok(Json(gateway.service.apply_feed(part).await?))
}
