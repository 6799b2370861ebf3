//! The gateway: what partners' clients, the public and the platform's own engineers reach over HTTP.
//!
//! One file per endpoint. A success response to a partner is made of a `countersign_log` `Answer` and
//! of nothing else, so that what was not logged cannot leave.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post, put};
use countersign_domain::person::Handle;
use countersign_domain::preset::Preset;
use countersign_domain::register::Register;
use countersign_log::Log;
use countersign_log::signer::Signer;
use countersign_policy::budget::Budgets;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use self::admin::secrets;
use crate::canaries::Canaries;
use crate::closes::Closes;
use crate::config::Config;
use crate::consents::Consents;
use crate::data_dir::DataDir;
use crate::source::{Naming, Source};
use crate::store::People;
use crate::witnesses::Witnesses;

pub mod admin;
pub mod bearer;
pub mod circumstances;
mod credentials;
pub mod decide;
pub mod deliver;
pub mod disk;
pub mod endpoints;
pub mod errors;
pub mod extract;
pub mod gpc;
pub mod graph;
pub mod health;
pub mod ledger_page;
pub mod login;
pub mod masks;
pub mod metrics;
pub mod openapi;
pub mod page;
pub mod proof;
pub mod release;
pub mod site;
pub mod token;
pub mod usage;

/// The largest request body that is read, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// What every endpoint shares.
pub struct Gateway {
    /// The configuration.
    pub config: Config,
    /// The log's key, as outsiders give it to a verifier.
    pub log_key: String,
    /// Where the instance's files are.
    pub directory: DataDir,
    /// The log.
    pub log: Log,
    /// Who cosigns the log's checkpoints, if anybody.
    pub witnesses: Option<Arc<Witnesses>>,
    /// The people whom clients have reached, by which the log admits.
    pub budgets: Budgets,
    /// Handles, settings and grants.
    pub people: Arc<People>,
    /// What tells the log what people choose.
    pub consents: Consents,
    /// What closes the log's periods, and makes people's ledgers.
    pub closes: Arc<Closes>,
    /// People whom nobody is, with values of their own toward each partner.
    pub canaries: Canaries,
    /// Profiles and friendships.
    pub source: Source,
    /// What names people of whom a platform tells by account.
    pub naming: Naming,
    /// Access tokens.
    pub tokens: token::Tokens,
    /// The key that signs receipts.
    pub receipts: Arc<dyn Signer>,
    /// The masks, compiled.
    pub masks: masks::MaskCache,
    /// What each client used of its hour.
    pub usage: usage::Usage,
    /// The disk of the log, and the room on it that is kept.
    pub disk: disk::LogDisk,
    /// Room for operations of batches, of all batches together.
    pub operations: Arc<Semaphore>,
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

/// Receipts would be signed with a key that outsiders do not know of.
#[derive(Debug, thiserror::Error)]
#[error("keys/receipts.key is not the receipts key of the register, so nothing is released")]
pub struct ReceiptsKeyError;

impl Gateway {
    /// The person of this account, enrolled if only the platform knows of them yet.
    ///
    /// # Errors
    /// [`AdminError`](admin::AdminError) 404 for an account that nobody has, 503 if the source cannot tell.
    pub async fn person(&self, account: &str) -> Result<Handle, admin::AdminError> {
        let person = self.source.person(&self.naming, account).await?;
        person.ok_or_else(|| admin::AdminError::not_found("account"))
    }

    /// Whether the preset `legacy-2014` is on: somebody has it, or new people get it. While the store cannot
    /// tell, the pages rather say it than not.
    #[must_use]
    pub fn is_legacy_2014_on(&self) -> bool {
        let is_default = self.config.source.new_people() == Preset::Legacy2014;
        is_default || self.people.legacy_2014_count().map_or(true, |count| count > 0)
    }

    /// Whether this token is one of those whose holder may know how the server fares.
    #[must_use]
    pub fn is_operator(&self, presented: &str) -> bool {
        self.metrics_token.opens_for(presented) | self.admin_token.opens_for(presented)
    }

    /// A receipt that the register's key does not verify would be worth nothing, so nothing is logged then.
    ///
    /// # Errors
    /// [`ReceiptsKeyError`].
    pub fn check_receipts_key(&self, register: &Register) -> Result<(), ReceiptsKeyError> {
        let known = register.keys().map(|keys| keys.receipts);
        if known == Some(self.receipts.public_key()) { Ok(()) } else { Err(ReceiptsKeyError) }
    }
}

/// All endpoints. Whatever is not one of the named paths is a Graph path.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let log_site = site::service(&gateway.directory);
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
    if gateway.config.tokens.demo_login {
        router = router.route("/login", post(login::post));
    }
    router
        .method_not_allowed_fallback(admin::wrong_method)
        .fallback(graph::read)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(gateway)
}
