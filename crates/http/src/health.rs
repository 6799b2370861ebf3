//! `GET /healthz`: the process answers. `GET /readyz`: it can also log, and ask its source, so it can release.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tokio::task::spawn_blocking;

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
    let log_trouble = {
        let gateway = Arc::clone(&gateway);
        // It may wait for the disk.
        spawn_blocking(move || log_trouble(&gateway)).await
    };
    match log_trouble {
        Ok(None) => {}
        Ok(Some(trouble)) => return not_ready(&trouble),
        Err(_) => return not_ready("whether the log takes entries could not be found out"),
    }
    match gateway.service.source.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n".into()),
        Err(error) => {
            let presented = bearer::presented(&headers);
            let may_know = presented.is_some_and(|presented| gateway.is_operator(presented));
            if may_know {
                not_ready(&error.to_string())
            } else {
                not_ready("the source of people's data cannot be asked; the server's log says why")
            }
        }
    }
}

fn not_ready(why: &str) -> (StatusCode, Cow<'static, str>) {
    (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n").into())
}

fn log_trouble(gateway: &Gateway) -> Option<String> {
    let trouble = gateway.service.log.trouble().map(|trouble| trouble.to_string());
    trouble.or_else(|| gateway.service.disk.shortage())
}
