//! `GET /healthz`: the process answers. `GET /readyz`: it can also log, and ask its source, so it can release.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tokio::task::spawn_blocking;

use super::{Gateway, bearer};

/// `GET /healthz`.
pub async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when the log takes disclosures and the source answers, 503 with the reason when it does not.
/// What the source says is for the operator: it is told to whoever has the metrics token or the admin token.
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
