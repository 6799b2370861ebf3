//! `GET /debug_token?input_token=…`: what one of the client's own tokens is. Another client's token is
//! told like a text that is none.
//!
//! Who the viewer is, `user_id`, is the viewer's id like any other: an answer with it is decided and
//! logged. Where the decision refuses it, it is left out, and there is no entry.

use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::time::Timestamp;
use countersign_people::store::GrantRecord;
use countersign_service::operations::Service;
use countersign_service::operations::credentials::{self, CredentialsError};
use countersign_service::operations::granted::GrantError;
use countersign_service::operations::principal::Principal;
use countersign_service::operations::token::{Access, TokenError, UserAccess};
use serde_json::json;

use super::check_client;
use super::facts::{Facts, TokenFacts, TokenKind};
use super::permissions::{of_grant, scopes};
use super::viewer::Viewer;
use crate::deliver::Reply;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::graph::asker::Pace;
use crate::graph::outcome::Stop;
use crate::graph::path::Node;
use crate::graph::request::Request;

/// Answers with what the input token is.
///
/// # Errors
/// [`GraphError`]: who asks has no token, or there is no input token.
pub(in crate::graph) async fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    (principal, pace): (&Principal, Pace<'_>),
    now: Timestamp,
) -> Result<Reply, Stop> {
    let (service, client) = (&gateway.service, principal.client());
    let in_query = request.token.as_ref().is_some_and(|token| token.in_query);
    check_client(&service.register(), client, in_query)?;
    if let Access::User(user) = &principal.access {
        service.granted(user, now)?;
    }
    let input = request.query.input_token.as_deref();
    let input = input.ok_or_else(|| GraphError::missing_parameter("input_token"))?;
    if let Some(owner) = credentials::client_of_app_token(service, input) {
        let facts = match owner {
            Ok(owner) if owner == *client => TokenFacts::of(client, TokenKind::App),
            Ok(_) | Err(CredentialsError::AppToken) => TokenFacts::foreign(),
            // What fails on our side says nothing of the token.
            Err(error) => return Err(GraphError::from(error).into()),
        };
        return Ok(Facts::token(&facts).into_reply());
    }
    let access = match service.tokens.inspect(input) {
        Ok(access) if access.client == *client => access,
        _ => return Ok(Facts::token(&TokenFacts::foreign()).into_reply()),
    };
    let (facts, stored) = of_user_token(service, &access, now)?;
    let Some(stored) = stored else { return Ok(Facts::token(&facts).into_reply()) };
    let viewer = Viewer { access: &access, stored: &stored, node: Node::Me };
    let body = |id: PairwiseId| {
        let mut data = json!(facts);
        data["user_id"] = json!(id.to_string());
        json!({ "data": data }).to_string().into_bytes()
    };
    match viewer.answer(gateway, request, pace, body).await {
        Err(Stop::Error(error)) if error.is_refusal() => Ok(Facts::token(&facts).into_reply()),
        answered => answered,
    }
}

/// What a user's token is, and its grant if it is valid.
fn of_user_token<'a>(
    service: &Service,
    access: &'a UserAccess,
    now: Timestamp,
) -> Result<(TokenFacts<'a>, Option<GrantRecord>), GraphError> {
    let client: &Identifier = &access.client;
    let mut facts = TokenFacts::of(client, TokenKind::User);
    facts.issued_at = Some(access.issued);
    facts.expires_at = Some(access.expires);
    let fault: GraphError = match service.granted(access, now) {
        Ok(_) if now >= access.expires => TokenError::Expired.into(),
        Ok(stored) => return Ok(valid(service, access, facts, stored)),
        Err(error @ GrantError::Store(_)) => return Err(error.into()),
        Err(ended) => ended.into(),
    };
    facts.is_valid = false;
    facts.error = Some(fault.into());
    Ok((facts, None))
}

/// What a valid token is, under its grant.
fn valid<'a>(
    service: &Service,
    access: &UserAccess,
    mut facts: TokenFacts<'a>,
    stored: GrantRecord,
) -> (TokenFacts<'a>, Option<GrantRecord>) {
    facts.data_access_expires_at = Some(stored.grant.until);
    let register = service.register();
    if let (Some(build), Some(schema)) = (register.builds().get(&access.build), register.schema()) {
        facts.scopes = scopes(of_grant(&stored.grant, build, schema));
    }
    (facts, Some(stored))
}
