//! `GET` and `POST /oauth/access_token`: an app access token for a client's credentials, and a fresh
//! user access token for one that has not expired.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_service::operations::Service;
use countersign_service::operations::credentials;
use countersign_service::operations::principal::Principal;
use countersign_service::operations::token::TokenError;
use zeroize::Zeroizing;

use super::check_client;
use super::facts::Facts;
use crate::deliver::Reply;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::graph::outcome::{Stop, Unauthenticated};
use crate::graph::query::Query;
use crate::graph::request::Request;
use crate::trouble::{broken, failed};

/// Who asks for a token, as they say.
struct Credentials {
    client: String,
    secret: Zeroizing<String>,
    in_query: bool,
}

/// The client that asks for a token, by its secret.
///
/// # Errors
/// [`GraphError`] 101 without a client, 1 for wrong credentials.
pub(in crate::graph) fn authenticate(
    service: &Service,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Principal, Unauthenticated> {
    let shown = Credentials::of(request)?;
    Ok(service.authenticate_client(&shown.client, &shown.secret, now)?)
}

/// Answers with a token.
///
/// # Errors
/// [`GraphError`] 100 for a grant type that is not understood, 190 for a token that cannot be exchanged.
pub(in crate::graph) fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    principal: &Principal,
    now: Timestamp,
) -> Result<Reply, Stop> {
    let (service, client) = (&gateway.service, principal.client());
    let in_query = Credentials::of(request)?.in_query;
    check_client(&service.register(), client, in_query)?;
    let Query { grant_type, fb_exchange_token, .. } = &request.query;
    let facts = match grant_type.as_deref() {
        Some("client_credentials") => {
            let token = credentials::app_token(service, client).map_err(GraphError::from)?;
            Facts::access_token(&token, None)
        }
        Some("fb_exchange_token") => {
            let missing = || GraphError::missing_parameter("fb_exchange_token");
            let token = fb_exchange_token.as_deref().ok_or_else(missing)?;
            exchange(service, client, token, now)?
        }
        _ => return Err(GraphError::unsupported_grant_type().into()),
    };
    Ok(facts.into_reply())
}

/// A fresh token under the grant of one that still holds. What stops answers stops this too.
fn exchange(
    service: &Service,
    client: &Identifier,
    token: &str,
    now: Timestamp,
) -> Result<Facts, GraphError> {
    let access = service.tokens.verify(token, now)?;
    if access.client != *client {
        return Err(TokenError::Unknown.into());
    }
    let stored = service.granted(&access, now)?;
    let compiled = service.masks.of(&service.register());
    let basis = compiled.basis(access.build.as_str(), stored.grant.purpose.as_str(), now);
    if let Some(reason) = basis.ok_or_else(GraphError::unknown_build)?.stopped {
        return Err(GraphError::refused(reason));
    }
    let until = stored.grant.until;
    // No token is dated by a clock that nothing else is dated by.
    let now = service.now().map_err(failed)?;
    let minted = service.tokens.mint_until(client, &access.build, access.grant, now, until);
    let (token, expires_in_s) = minted.map_err(broken)?;
    Ok(Facts::access_token(&token, Some(expires_in_s)))
}

impl Credentials {
    fn of(request: &Request<'_>) -> Result<Self, GraphError> {
        if let Some((client, secret)) = request.sent.basic.and_then(read_basic) {
            return Ok(Self { client, secret, in_query: false });
        }
        let Query { client_id, client_secret, secret_in_query, .. } = &request.query;
        let client = client_id.as_deref().ok_or_else(GraphError::missing_client)?;
        let secret = client_secret.as_deref().unwrap_or_default();
        Ok(Self {
            client: client.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            in_query: *secret_in_query,
        })
    }
}

/// Name and password of HTTP Basic.
fn read_basic(coded: &str) -> Option<(String, Zeroizing<String>)> {
    let text = Zeroizing::new(BASE64_STANDARD.decode(coded).ok()?);
    let (client, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    Some((client.to_owned(), Zeroizing::new(secret.to_owned())))
}
