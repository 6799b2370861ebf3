//! What every endpoint shares, and which path leads to which endpoint.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use countersign_people::keys::KeyError;
use countersign_service::operations::Service;

use crate::admin::secrets;
use crate::bearer::BearerToken;
use crate::metrics::Metrics;
use crate::network::answers::AnswerBudget;
use crate::openapi::{ApiDocument, DocumentError};
use crate::settings::Settings;
use crate::start_files::StartFiles;
use crate::{admin, decide, graph, health, ledger_page, login, metrics, openapi, page, site};

/// The largest request body that is read, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// What every endpoint shares.
pub struct Gateway {
    /// The instance that answers.
    pub service: Arc<Service>,
    /// How it is served.
    pub settings: Settings,
    /// With which files.
    pub files: StartFiles,
    /// The counters.
    pub metrics: Metrics,
    /// What the answers that are not sent yet may come to, those of unfinished batches among them.
    pub unsent_answers: Arc<AnswerBudget>,
    /// What opens the demonstration's sign-in, where there is one; new at every start.
    pub sign_in_code: Option<BearerToken>,
    /// What is served here, as a document and as a page.
    pub api: ApiDocument,
}

/// An instance that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The system gives no randomness.
    #[error(transparent)]
    Randomness(KeyError),
    /// What is said about the endpoints.
    #[error(transparent)]
    ApiDocument(#[from] DocumentError),
}

impl Gateway {
    /// What serves this instance.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub fn new(
        service: Service,
        settings: Settings,
        files: StartFiles,
    ) -> Result<Self, GatewayError> {
        let demo_login = service.settings.tokens.demo_login;
        let sign_in_code = demo_login.then(BearerToken::random).transpose();
        let sign_in_code =
            sign_in_code.map_err(|error| GatewayError::Randomness(KeyError::Randomness(error)))?;
        let api = ApiDocument::new(&settings.public_url, demo_login)?;
        let witnesses = service.witnesses.as_deref();
        let metrics = Metrics::of(&service.source, &service.closes, witnesses);
        let unsent_answers = AnswerBudget::new(settings.network.unsent_answers_bytes_max);
        Ok(Self {
            service: Arc::new(service),
            settings,
            files,
            metrics,
            unsent_answers: Arc::new(unsent_answers),
            sign_in_code,
            api,
        })
    }

    /// Whether this token is one of those whose holder may know how the server fares.
    #[must_use]
    pub fn is_operator(&self, presented: &str) -> bool {
        self.files.metrics_token.opens_for(presented) | self.files.admin_token.opens_for(presented)
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
    if gateway.service.settings.tokens.demo_login {
        router = router.route("/login", post(login::post));
    }
    router
        .method_not_allowed_fallback(admin::wrong_method)
        .fallback(graph::read)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(gateway)
}
