//! `GET /healthz`: the process answers. `GET /readyz`: it can also log, so it can release.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::Gateway;

/// `GET /healthz`.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when the log takes entries, 503 with the reason when it does not.
pub async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, &'static str) {
    let log = gateway.log.metrics();
    if log.is_poisoned {
        let text = "not ready: an fdatasync of the log failed; check the disk, then restart\n";
        (StatusCode::SERVICE_UNAVAILABLE, text)
    } else {
        (StatusCode::OK, "ready\n")
    }
}
