//! `GET /healthz`: the process answers. `GET /readyz`: it can also log, and ask its source, so it can release.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::Gateway;

/// `GET /healthz`.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when the log takes disclosures and the source answers, 503 with the reason when it does not.
pub async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, Cow<'static, str>) {
    if gateway.disk.is_reserved() {
        let reason =
            "not ready: the log's disk has less room than is kept for acts, choices and erasures\n";
        return (StatusCode::SERVICE_UNAVAILABLE, reason.into());
    }
    match gateway.log.trouble() {
        Some(trouble) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {trouble}\n").into())
        }
        None => match gateway.source.ready().await {
            Ok(()) => (StatusCode::OK, "ready\n".into()),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {error}\n").into()),
        },
    }
}
