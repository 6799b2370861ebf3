//! `GET /decide/subrequest`: a decision about the viewer alone, asked and answered in headers, as nginx's
//! `auth_request` and its likes ask before they let a request through to the platform's own server.
//!
//! | header in | what it is |
//! | --- | --- |
//! | `Countersign-Decide-Token` | the content of `keys/decide.token` |
//! | `Authorization`, `Countersign-Nonce`, `Sec-GPC` | as the partner's client sent them |
//! | `X-Original-Method`, `X-Original-URI` | the client's request |
//! | `Countersign-Purpose`, `Countersign-Fields` | what this location serves: a purpose, and fields with commas |
//!
//! The client's request is a GET, since no body comes along, and an `appsecret_proof` is read from its query. A field
//! for which the platform's server turns out to have no value is one that it sends as `null`.
//!
//! It answers 204 with the three headers of the proof, of which `Countersign-Viewer` is also the id that
//! the answer has to name, and for the platform's server alone `Countersign-Account` and
//! `Countersign-Fields`: whose data may be sent, and which; or 401, 403, 500, 503.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_protocol::receipt::NONCE_HEADER;
use countersign_service::operations::token::Access;
use countersign_service::operations::vocabulary::Name;

use super::question::{PartnerRequest, Person, Question};
use super::refusal::Refusal;
use super::{Masks, answer};
use crate::admin_error::{AdminError, ErrorBody};
use crate::gateway::Gateway;
use crate::{bearer, gpc};

const TOKEN: &str = "countersign-decide-token";
const METHOD: &str = "x-original-method";
const URI: &str = "x-original-uri";
const CLIENT: &str = "x-real-ip";
const PURPOSE: &str = "countersign-purpose";
const FIELDS: &str = "countersign-fields";
const ACCOUNT: &str = "countersign-account";
const ERROR: &str = "countersign-error";

/// Decide about the viewer, for a proxy.
///
/// Asked and answered in headers, as nginx's `auth_request` asks before it lets a request through.
#[utoipa::path(
    get,
    path = "/decide/subrequest",
    operation_id = "decideSubrequest",
    security(("decideTokenOfProxy" = [], "accessToken" = [])),
    params(
        ("X-Original-Method" = String, Header, description = "The method of the client's request.", min_length = 1, example = "GET"),
        ("X-Original-URI" = String, Header, description = "Path and query of the client's request, as sent.", min_length = 1, example = "/api/profile"),
        ("X-Real-IP" = Option<String>, Header, description = "The client's address, of which only the network is kept.", nullable = false, example = "192.0.2.7"),
        ("Countersign-Purpose" = Name, Header, description = "What this location serves: the purpose of the token's grant.", example = "address-book"),
        ("Countersign-Fields" = String, Header, description = "The fields that it serves, with commas between.", min_length = 1, example = "name,work"),
        ("Countersign-Nonce" = Option<String>, Header, description = "Bytes of the client's choice that the receipt then binds, so that an old answer cannot be passed off as this one.", nullable = false, max_length = 128),
    ),
    responses(
        (status = 204, description = "The request may be let through, for these fields.", headers(("Countersign-Receipt"), ("Countersign-Seed"), ("Countersign-Viewer"), ("Countersign-Account"), ("Countersign-Fields"))),
        (status = 401, description = "The client's token does not hold, or the proxy's is missing or wrong, which a body then says.", body = ErrorBody),
        (status = 403, description = "There is no answer, or a header is missing or wrong.", headers(("Countersign-Error"))),
        (status = 500, description = "Something of ours fails that only the operator can mend, and nothing may be sent.", headers(("Countersign-Error"))),
        (status = 503, description = "Something of ours fails, and nothing may be sent.", headers(("Countersign-Error"))),
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if !text(TOKEN).is_some_and(|presented| gateway.files.decide_token.opens_for(presented)) {
        let message = "the token of /decide is needed: Countersign-Decide-Token, with the content of keys/decide.token";
        return AdminError::unauthorised(message).into_response();
    }
    let question = match question(&gateway, &headers) {
        Ok(question) => question,
        Err(refusal) => return refused(&refusal),
    };
    match answer(&gateway, &question).await {
        Ok(masks) => permitted(masks),
        Err(refusal) => refused(&refusal),
    }
}

fn question(gateway: &Gateway, headers: &HeaderMap) -> Result<Question, Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let needed = |name| {
        let said = text(name).filter(|said| !said.is_empty());
        said.ok_or_else(|| Refusal::missing_header(name))
    };
    let token = bearer::presented(headers).ok_or_else(Refusal::no_token)?;
    let now = gateway.service.now().map_err(|error| Refusal::failed(&error))?;
    let Access::User(access) = gateway.service.access_of(token, now)? else {
        return Err(Refusal::no_viewer());
    };
    let stored = gateway.service.granted(&access, now)?;
    let account = gateway.service.account_of(stored.viewer).ok_or_else(Refusal::ended)?;
    // Before anything is logged: what cannot be told is not decided.
    if HeaderValue::from_str(&account).is_err() {
        return Err(Refusal::no_header_for_account());
    }
    if headers.contains_key(NONCE_HEADER) && text(NONCE_HEADER).is_none() {
        return Err(Refusal::unreadable_nonce());
    }
    let (method, uri) = (needed(METHOD)?, needed(URI)?);
    if method != "GET" {
        return Err(Refusal::reads_only());
    }
    let fields = needed(FIELDS)?.split(',').map(|name| name.trim().to_owned());
    Ok(Question {
        token: token.to_owned(),
        purpose: needed(PURPOSE)?.to_owned(),
        request: PartnerRequest {
            method: method.to_owned(),
            uri: uri.to_owned(),
            body_sha256: None,
            sec_gpc: gpc::is_asked(headers),
            nonce: text(NONCE_HEADER).map(str::to_owned),
            token_in_query: false,
            appsecret_proof: proof_in(uri),
            client_ip: text(CLIENT).and_then(|client| client.parse::<IpAddr>().ok()),
        },
        viewer: Person { account, minor: false, has: None },
        fields: fields.filter(|name| !name.is_empty()).collect(),
        friends: None,
    })
}

fn proof_in(uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "appsecret_proof").map(|(_, proof)| proof.into_owned())
}

fn permitted(masks: Masks) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let told = [(ACCOUNT, masks.viewer.account), (FIELDS, masks.viewer.fields.join(","))];
    let told = told.map(|(name, value)| (name.to_owned(), value));
    for (name, value) in masks.headers.into_iter().chain(told) {
        // An account that no header can carry is one that no server behind this can be told.
        let (Ok(name), Ok(value)) = (name.parse(), value.parse()) else {
            return refused(&Refusal::broken("an account cannot stand in a header"));
        };
        let _: Option<HeaderValue> =
            response.headers_mut().insert::<axum::http::HeaderName>(name, value);
    }
    response
}

fn refused(refusal: &Refusal) -> Response {
    let mut response = refusal.subrequest_status().into_response();
    if let Ok(code) = refusal.partner.code.to_string().parse() {
        response.headers_mut().insert(ERROR, code);
    }
    response
}
