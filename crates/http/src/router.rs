//! Which path leads to which endpoint.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use axum::{Extension, Router};

use crate::admin::secrets;
use crate::gateway::Gateway;
use crate::openapi::{ApiDocument, DocumentError};
use crate::{
    admin, browsers, decide, graph, health, ledger_page, login, openapi, page, scrape, site,
};

/// The largest request body that is read, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// All endpoints. Whatever is not one of the named paths is for `unrouted`.
///
/// # Errors
/// [`DocumentError`], which a test of this crate would have found.
pub fn router(gateway: Arc<Gateway>) -> Result<Router, DocumentError> {
    let demo_login = gateway.service.settings.tokens.demo_login;
    let api = ApiDocument::new(&gateway.settings.public_url, demo_login)?;
    let log_site = site::service(&gateway.service.directory);
    let feed_limit = DefaultBodyLimit::max(admin::feed::BYTES_MAX);
    let admin = Router::new()
        .route("/acts", post(admin::acts::post))
        .route("/budgets", get(admin::budgets::get))
        .route("/canaries", get(admin::canaries::list).post(admin::canaries::create))
        .route("/canaries/{account}", delete(admin::canaries::remove))
        .route("/canaries/{account}/generations", post(admin::canaries::refresh))
        .route("/clients/{client}/secret", post(secrets::post).delete(secrets::delete))
        .route("/closes", post(admin::closes::post).get(admin::closes::get))
        .route("/directory", get(admin::directory::get))
        .route("/erasures", get(admin::erasures::get))
        .route("/explain", post(admin::explain::post))
        .route("/register", get(admin::register::get))
        .route("/people", get(admin::roster::list))
        .route("/people/feed", post(admin::feed::post).get(admin::feed::get).layer(feed_limit))
        .route("/people/{account}/erasure", post(admin::erasure::post).get(admin::erasure::get))
        .route("/people/{account}/export", get(admin::export::get))
        .route("/people/{account}/grants", get(admin::grants::get))
        .route("/people/{account}/grants/{id}", delete(admin::grants::delete))
        .route("/people/{account}/history", get(admin::history::get))
        .route("/people/{account}/hold", put(admin::hold::put).delete(admin::hold::delete))
        .route("/people/{account}/ledger", get(admin::ledger::get))
        .route("/people/{account}/settings", put(admin::settings::put).get(admin::settings::get))
        .route("/people/{account}/summary", get(admin::roster::show))
        .route("/people/{account}/consents/{number}", get(admin::consents::get))
        .route("/sample", get(admin::sample::get))
        .route("/status", get(admin::status::get))
        .route("/tokens", post(admin::tokens::post))
        .method_not_allowed_fallback(admin::wrong_method)
        .fallback(admin::unknown)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&gateway), admin::require_token));
    let mut router = Router::new()
        .route("/", get(page::get).post(graph::read))
        .route("/docs", get(openapi::reference::get))
        .route("/docs/filter.js", get(openapi::reference::filter))
        .route("/ledger", get(ledger_page::get))
        .route("/openapi.json", get(openapi::get))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(scrape::get))
        .route("/decide", post(decide::post).layer(DefaultBodyLimit::max(decide::CALL_BYTES_MAX)))
        .route("/decide/subrequest", get(decide::subrequest::get))
        .nest("/admin/v1", admin)
        .nest_service("/log", log_site);
    if demo_login {
        router = router.route("/login", post(login::post));
    }
    Ok(router
        .method_not_allowed_fallback(admin::wrong_method)
        .fallback(unrouted)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(Extension(Arc::new(api)))
        .with_state(gateway))
}

/// What has no route of its own: what browsers and crawlers ask of every host, admin calls that are mistyped, and
/// every path of the read API.
async fn unrouted(
    state: State<Arc<Gateway>>,
    client: ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match uri.path() {
        "/favicon.ico" => browsers::favicon(),
        "/robots.txt" => browsers::robots(),
        path if path == "/admin" || path.starts_with("/admin/") => {
            admin::elsewhere(path).into_response()
        }
        _ => graph::read(state, client, method, uri, headers, body).await,
    }
}
