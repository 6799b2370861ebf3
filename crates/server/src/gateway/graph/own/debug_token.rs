//! `GET /debug_token?input_token=…`: what one of the client's own tokens is. Another client's token is
//! told like a text that is none.
//!
//! Who the viewer is, `user_id`, is the viewer's id like any other: an answer with it is decided and
//! logged. Where the decision refuses it, it is left out, and there is no entry.

use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::time::Timestamp;
use serde_json::json;

use super::check_client;
use super::facts::{Facts, TokenFacts, TokenKind};
use super::parameters::OwnParameters;
use super::permissions::{of_grant, scopes};
use super::viewer::Viewer;
use crate::gateway::Gateway;
use crate::gateway::credentials;
use crate::gateway::deliver::Reply;
use crate::gateway::errors::GraphError;
use crate::gateway::graph::call::{Call, Stop, Token};
use crate::gateway::graph::caller::{Caller, check_grant};
use crate::gateway::graph::failed;
use crate::gateway::graph::target::Node;
use crate::gateway::graph::version::Version;
use crate::gateway::token::UserAccess;
use crate::store::GrantRecord;

/// Answers with what the input token is.
///
/// # Errors
/// [`GraphError`]: who asks has no token, or there is no input token.
pub(super) async fn answer(
    gateway: &Gateway,
    call: &Call<'_>,
    parameters: &OwnParameters<'_>,
    token: Option<Token<'_>>,
    version: Version,
    now: Timestamp,
) -> Result<Reply, Stop> {
    let caller = Caller::of(gateway, call, token, now)?;
    let client = caller.access.client();
    check_client(&gateway.log.register(), client, caller.token.in_query)?;
    caller.check_grant(gateway, now)?;
    let input = parameters.input_token.as_deref();
    let input = input.ok_or_else(|| GraphError::missing_parameter("input_token"))?;
    if let Some(owner) = credentials::client_of_app_token(gateway, input) {
        let facts = match owner {
            Ok(owner) if owner == *client => TokenFacts::of(client, TokenKind::App),
            Ok(_) => TokenFacts::foreign(),
            Err(error) => foreign(error)?,
        };
        return Ok(Facts::token(&facts).into_reply());
    }
    let access = match gateway.tokens.inspect(input) {
        Ok(access) if access.client == *client => access,
        Ok(_) => return Ok(Facts::token(&TokenFacts::foreign()).into_reply()),
        Err(error) => return Ok(Facts::token(&foreign(error)?).into_reply()),
    };
    let (facts, stored) = of_user_token(gateway, &access, now)?;
    let Some(stored) = stored else { return Ok(Facts::token(&facts).into_reply()) };
    let viewer = Viewer {
        build: &access.build,
        grant: access.grant,
        stored: &stored,
        node: Node::Me,
        version,
    };
    let body = |id: PairwiseId| {
        let mut data = json!(facts);
        data["user_id"] = json!(id.to_string());
        json!({ "data": data }).to_string().into_bytes()
    };
    match viewer.answer(gateway, call, body).await {
        Err(Stop::Error(error)) if error.is_refusal() => Ok(Facts::token(&facts).into_reply()),
        answered => answered,
    }
}

/// A token that is none of ours; what fails on our side says nothing of the token.
fn foreign<'a>(error: GraphError) -> Result<TokenFacts<'a>, GraphError> {
    if error.code == 190 { Ok(TokenFacts::foreign()) } else { Err(error) }
}

/// What a user's token is, and its grant if it is valid.
fn of_user_token<'a>(
    gateway: &Gateway,
    access: &'a UserAccess,
    now: Timestamp,
) -> Result<(TokenFacts<'a>, Option<GrantRecord>), GraphError> {
    let client: &Identifier = &access.client;
    let mut facts = TokenFacts::of(client, TokenKind::User);
    facts.issued_at = Some(access.issued);
    facts.expires_at = Some(access.expires);
    let stored = gateway.people.grant(access.grant).map_err(failed)?;
    let stored = match check_grant(stored, client, now) {
        Ok(_) if now >= access.expires => Err(GraphError::expired_token()),
        checked => checked,
    };
    let stored = match stored {
        Ok(stored) => stored,
        Err(fault) if fault.code != 190 => return Err(fault),
        Err(fault) => {
            facts.is_valid = false;
            facts.error = Some(fault.into());
            return Ok((facts, None));
        }
    };
    facts.data_access_expires_at = Some(stored.grant.until);
    let register = gateway.log.register();
    if let (Some(build), Some(schema)) = (register.builds().get(&access.build), register.schema()) {
        facts.scopes = scopes(of_grant(&stored.grant, build, schema));
    }
    Ok((facts, Some(stored)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_that_is_none_of_ours_is_foreign() {
        for error in [GraphError::malformed_token(), GraphError::wrong_token_signature()] {
            assert!(foreign(error).is_ok_and(|facts| !facts.is_valid));
        }
        for error in [GraphError::unavailable(), GraphError::unknown()] {
            assert_eq!(foreign(error.clone()).err(), Some(error));
        }
    }
}
