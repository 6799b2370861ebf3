//! `GET /healthz`: the process answers. `GET /readyz`: it can also log, and ask its source, so it can release.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use countersign_service::operations::health::NotReady;

use crate::bearer;
use crate::gateway::Gateway;

/// Whether the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "isAlive",
    responses(
        (status = 200, description = "It does.", body = String, content_type = "text/plain"),
    ),
)]
pub async fn live() -> &'static str {
    "ok\n"
}

/// Whether it can log, so whether it can release.
///
/// The log takes disclosures and the source answers. What the source says is for the operator: only the metrics token
/// and the admin token show it.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "isReady",
    responses(
        (status = 200, description = "It can.", body = String, content_type = "text/plain"),
        (status = 503, description = "It cannot, and why.", body = String, content_type = "text/plain"),
    ),
)]
pub async fn ready(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
) -> (StatusCode, Cow<'static, str>) {
    match gateway.service.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n".into()),
        Err(NotReady::Source(_)) if !may_know(&gateway, &headers) => {
            not_ready("the source of people's data cannot be asked; the server's log says why")
        }
        Err(error) => not_ready(&error.to_string()),
    }
}

/// Whether the caller is told what the source says.
fn may_know(gateway: &Gateway, headers: &HeaderMap) -> bool {
    bearer::presented(headers).is_some_and(|presented| gateway.is_operator(presented))
}

fn not_ready(why: &str) -> (StatusCode, Cow<'static, str>) {
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n").into())
}
