//! The gateway: what partners' clients, the public and the platform's own engineers reach over HTTP.
//!
//! One file per endpoint. A success response to a partner is made of a `countersign_log` `Answer` and
//! of nothing else, so that what was not logged cannot leave.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use tokio_rustls::TlsAcceptor;

use self::admin::secrets;
use crate::service::Service;

pub mod admin;
pub mod bearer;
pub mod decide;
pub mod deliver;
pub mod endpoints;
pub mod errors;
pub mod extract;
pub mod gpc;
pub mod graph;
pub mod health;
pub mod ledger_page;
pub mod login;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod site;
mod trouble;

/// The largest request body that is read, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// What every endpoint shares.
pub struct Gateway {
    /// The instance that answers.
    pub service: Arc<Service>,
    /// The counters.
    pub metrics: metrics::Metrics,
    /// What the admin API asks for.
    pub admin_token: bearer::BearerToken,
    /// What the metrics ask for; the admin token opens them too.
    pub metrics_token: bearer::BearerToken,
    /// What `/decide` asks for.
    pub decide_token: bearer::BearerToken,
    /// The certificate, where there is one.
    pub tls: Option<TlsAcceptor>,
    /// What opens the demonstration's sign-in, where there is one; new at every start.
    pub sign_in_code: Option<bearer::BearerToken>,
    /// What is served here, as a document and as a page.
    pub api: openapi::ApiDocument,
}

impl Gateway {
    /// Whether this token is one of those whose holder may know how the server fares.
    #[must_use]
    pub fn is_operator(&self, presented: &str) -> bool {
        self.metrics_token.opens_for(presented) | self.admin_token.opens_for(presented)
    }
}

/// All endpoints. Whatever is not one of the named paths is a Graph path.
pub fn router(gateway: Arc<Gateway>) -> Router {
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
        .route("/people/feed", post(admin::feed::post).get(admin::feed::get).layer(feed_limit))
        .route("/people/{account}/erasure", post(admin::erasure::post).get(admin::erasure::get))
        .route("/people/{account}/export", get(admin::export::get))
        .route("/people/{account}/grants", get(admin::grants::get))
        .route("/people/{account}/grants/{id}", delete(admin::grants::delete))
        .route("/people/{account}/history", get(admin::history::get))
        .route("/people/{account}/hold", put(admin::hold::put).delete(admin::hold::delete))
        .route("/people/{account}/ledger", get(admin::ledger::get))
        .route("/people/{account}/settings", put(admin::settings::put).get(admin::settings::get))
        .route("/people/{account}/consents/{number}", get(admin::consents::get))
        .route("/sample", get(admin::sample::get))
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
        .route("/metrics", get(metrics::get))
        .route("/decide", post(decide::post).layer(DefaultBodyLimit::max(decide::CALL_BYTES_MAX)))
        .route("/decide/subrequest", get(decide::subrequest::get))
        .nest("/admin/v1", admin)
        .nest_service("/log", log_site);
    if gateway.service.config.tokens.demo_login {
        router = router.route("/login", post(login::post));
    }
    router
        .method_not_allowed_fallback(admin::wrong_method)
        .fallback(graph::read)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(gateway)
}
