//! `GET /`: the register as a page for people. It reads without JavaScript, light and dark, on a phone.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use askama::Template;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_domain::build::BuildState;
use countersign_domain::contract::Contract;
use countersign_domain::identifier::Identifier;
use countersign_domain::register::{Client, Register};
use countersign_domain::route::ClientKind;
use countersign_domain::text::shown;
use countersign_domain::time::Timestamp;
use countersign_service::clock;
use countersign_verifier::confusable_names::confusable_names;
use sha2::{Digest as _, Sha256};

use crate::gateway::Gateway;
use crate::graph;

#[derive(Template)]
#[template(path = "index.html")]
struct Page<'a> {
    origin: &'a str,
    public_url: &'a str,
    log_key: &'a str,
    entries: u64,
    is_legacy_2014_on: bool,
    clients: Vec<ClientRow>,
    builds: Vec<BuildRow>,
    /// Partners whose names look alike, a sentence each.
    confusable: Vec<String>,
}

struct ClientRow {
    partner: String,
    country: String,
    name: String,
    kind: &'static str,
    agreement: String,
    digest: String,
    not_before: String,
    not_after: String,
    state: &'static str,
    mood: &'static str,
}

struct BuildRow {
    name: String,
    client: String,
    viewer: String,
    friend: String,
    state: &'static str,
    mood: &'static str,
}

/// What the page may do: show its own style.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = TEMPLATE.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let style = style.map_or("", |(style, _)| style);
    let digest = BASE64_STANDARD.encode(Sha256::digest(style));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The page's source, whose style is rendered as it stands.
const TEMPLATE: &str = include_str!("../templates/index.html");

/// The page; a query that asks the read API something gets its answer here too, since its root is this path.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    client: ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if graph::asks(uri.query().unwrap_or_default()) || !body.as_ref().is_ok_and(Bytes::is_empty) {
        return graph::read(State(gateway), client, method, uri, headers, body).await;
    }
    page(&gateway)
}

fn page(gateway: &Gateway) -> Response {
    let register = gateway.service.register();
    let page = Page {
        origin: &gateway.service.settings.origin,
        public_url: &gateway.settings.public_url,
        log_key: &gateway.service.log_key,
        entries: gateway.service.log_entries(),
        is_legacy_2014_on: gateway.service.is_legacy_2014_on(),
        clients: client_rows(&register, clock::now()),
        builds: build_rows(&register),
        confusable: confusable_names(register.partners().values())
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    page.render().map_or_else(
        |_| StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        |page| ([(header::CONTENT_SECURITY_POLICY, POLICY.as_str())], Html(page)).into_response(),
    )
}

/// A row for each agreement about each client.
fn client_rows(register: &Register, now: Timestamp) -> Vec<ClientRow> {
    let rows = register.clients().iter().flat_map(|(name, client)| {
        let contracts = client.contracts.values();
        contracts.map(move |contract| client_row(register, name, client, contract, now))
    });
    rows.collect()
}

fn client_row(
    register: &Register,
    name: &Identifier,
    client: &Client,
    contract: &Contract,
    now: Timestamp,
) -> ClientRow {
    let document = &contract.agreement.document;
    let (state, mood) = if register.is_suspended(name) {
        ("suspended", "bad")
    } else if now < document.not_before {
        ("not yet in force", "wait")
    } else if now >= contract.over() {
        ("ended", "bad")
    } else if contract.steps().any(|(step, _)| now >= step.at) {
        ("winding down", "wait")
    } else {
        ("in force", "good")
    };
    let partner = register.partners().get(&client.partner);
    ClientRow {
        partner: partner.map_or_else(|| client.partner.to_string(), |p| shown(&p.name)),
        country: partner.map_or_else(String::new, |p| p.country.to_string()),
        name: name.to_string(),
        kind: match client.kind {
            ClientKind::Device => "device integration",
            ClientKind::App => "app",
        },
        agreement: document.agreement.to_string(),
        digest: contract.digest.to_string(),
        not_before: document.not_before.to_string(),
        not_after: contract.ends().to_string(),
        state,
        mood,
    }
}

fn build_rows(register: &Register) -> Vec<BuildRow> {
    let builds = register.builds().iter().map(|(name, registered)| {
        let (state, mood) = match registered.state {
            BuildState::Checked => ("waits for reviewers", "wait"),
            BuildState::Approved => ("approved", "good"),
            BuildState::Revoked => ("revoked", "bad"),
        };
        BuildRow {
            name: name.to_string(),
            client: registered.build.client.to_string(),
            viewer: registered.build.viewer.join(", "),
            friend: registered.build.friend.join(", "),
            state,
            mood,
        }
    });
    builds.collect()
}
