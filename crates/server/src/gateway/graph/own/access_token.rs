//! `GET` and `POST /oauth/access_token`: an app access token for a client's credentials, and a fresh
//! user access token for one that has not expired.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use zeroize::Zeroizing;

use super::check_client;
use super::facts::Facts;
use super::parameters::OwnParameters;
use crate::gateway::Gateway;
use crate::gateway::credentials;
use crate::gateway::deliver::Reply;
use crate::gateway::errors::GraphError;
use crate::gateway::graph::call::Call;
use crate::gateway::graph::caller::check_grant;
use crate::gateway::graph::{broken, failed};

/// Who asks for a token, as they say.
struct Credentials {
    client: String,
    secret: Zeroizing<String>,
    in_query: bool,
}

/// Answers with a token.
///
/// # Errors
/// [`GraphError`] 101 without a client, 1 for wrong credentials, 100 for a grant type that is not
/// understood, 190 for a token that cannot be exchanged.
pub(super) fn answer(
    gateway: &Gateway,
    call: &Call<'_>,
    parameters: &OwnParameters<'_>,
    now: Timestamp,
) -> Result<Reply, GraphError> {
    let shown = Credentials::of(call.basic, parameters)?;
    let client = credentials::client_of_secret(gateway, &shown.client, &shown.secret)?;
    call.admit(gateway, &client, now)?;
    check_client(&gateway.log.register(), &client, shown.in_query)?;
    let facts = match parameters.grant_type.as_deref() {
        Some("client_credentials") => {
            Facts::access_token(&credentials::app_token(gateway, &client)?, None)
        }
        Some("fb_exchange_token") => {
            let token = parameters.fb_exchange_token.as_deref();
            let missing = || GraphError::missing_parameter("fb_exchange_token");
            exchange(gateway, &client, token.ok_or_else(missing)?, now)?
        }
        _ => return Err(GraphError::unsupported_grant_type()),
    };
    Ok(facts.into_reply())
}

/// A fresh token under the grant of one that still holds. What stops answers stops this too.
fn exchange(
    gateway: &Gateway,
    client: &Identifier,
    token: &str,
    now: Timestamp,
) -> Result<Facts, GraphError> {
    let access = gateway.tokens.verify(token, now)?;
    if access.client != *client {
        return Err(GraphError::malformed_token());
    }
    let stored = gateway.people.grant(access.grant).map_err(failed)?;
    let stored = check_grant(stored, client, now)?;
    let compiled = gateway.masks.of(&gateway.log.register());
    let basis = compiled.basis(access.build.as_str(), stored.grant.purpose.as_str(), now);
    if let Some(reason) = basis.ok_or_else(GraphError::unknown_build)?.stopped {
        return Err(GraphError::refused(reason));
    }
    let until = stored.grant.until;
    // No token is dated by a clock that nothing else is dated by.
    let now = gateway.log.believed_now().map_err(failed)?;
    let minted = gateway.tokens.mint_until(client, &access.build, access.grant, now, until);
    let (token, expires_in_s) = minted.map_err(broken)?;
    Ok(Facts::access_token(&token, Some(expires_in_s)))
}

impl Credentials {
    fn of(basic: Option<&str>, parameters: &OwnParameters<'_>) -> Result<Self, GraphError> {
        if let Some((client, secret)) = basic.and_then(read_basic) {
            return Ok(Self { client, secret, in_query: false });
        }
        let client = parameters.client_id.as_deref().ok_or_else(GraphError::missing_client)?;
        let secret = parameters.client_secret.as_deref().unwrap_or_default();
        Ok(Self {
            client: client.to_owned(),
            secret: Zeroizing::new(secret.to_owned()),
            in_query: parameters.secret_in_query,
        })
    }
}

/// Name and password of HTTP Basic.
fn read_basic(coded: &str) -> Option<(String, Zeroizing<String>)> {
    let text = Zeroizing::new(BASE64_STANDARD.decode(coded).ok()?);
    let (client, secret) = std::str::from_utf8(&text).ok()?.split_once(':')?;
    Some((client.to_owned(), Zeroizing::new(secret.to_owned())))
}
