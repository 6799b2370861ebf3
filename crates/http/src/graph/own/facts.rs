//! Answers in which no person is: what a client may know of its own tokens and grants without an entry
//! in the log.
//!
//! INVARIANT: whatever makes [`Facts`] takes clients, times, tokens and names of permissions, and no
//! type that names or describes a person. Who the viewer is cannot be said with it; what says so is an
//! [`Answer`](countersign_log::released::Answer). Kept by the constructors here; there is no other.

use axum::http::{HeaderValue, Response, header};
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::permission::Permission;
use crate::deliver::Reply;
use crate::errors::GraphError;

/// A success response that no disclosure stands behind, since it discloses nobody.
#[must_use = "facts are there to be told"]
pub(super) struct Facts(Value);

/// What is told about a token.
#[derive(Serialize, Debug)]
pub(super) struct TokenFacts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) app_id: Option<&'a Identifier>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<TokenKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application: Option<&'a Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_access_expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<TokenFault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Timestamp>,
    pub(super) is_valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issued_at: Option<Timestamp>,
    pub(super) scopes: Vec<String>,
}

/// The kinds of token.
#[derive(Clone, Copy, Serialize, Debug)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum TokenKind {
    App,
    User,
}

/// Why a token is not valid.
#[derive(Serialize, Debug)]
pub(super) struct TokenFault {
    code: u32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subcode: Option<u32>,
}

impl From<GraphError> for TokenFault {
    fn from(error: GraphError) -> Self {
        Self { code: error.code, message: error.message, subcode: error.subcode }
    }
}

impl<'a> TokenFacts<'a> {
    /// A token that is not this client's, whoever else's it may be.
    pub(super) fn foreign() -> Self {
        Self {
            app_id: None,
            kind: None,
            application: None,
            data_access_expires_at: None,
            error: Some(GraphError::malformed_token().into()),
            expires_at: None,
            is_valid: false,
            issued_at: None,
            scopes: Vec::new(),
        }
    }

    /// A valid token of this client, of which nothing else is known yet.
    pub(super) fn of(client: &'a Identifier, kind: TokenKind) -> Self {
        Self {
            app_id: Some(client),
            kind: Some(kind),
            application: Some(client),
            error: None,
            is_valid: true,
            ..Self::foreign()
        }
    }
}

impl Facts {
    /// A new access token, with how long it holds, in seconds, if it ends by itself.
    pub(super) fn access_token(token: &str, expires_in_s: Option<u64>) -> Self {
        let mut facts = json!({ "access_token": token, "token_type": "bearer" });
        if let Some(seconds) = expires_in_s {
            facts["expires_in"] = seconds.into();
        }
        Self(facts)
    }

    /// What a grant comes to.
    pub(super) fn permissions(permissions: &[Permission]) -> Self {
        Self(json!({ "data": permissions }))
    }

    /// What a token is.
    pub(super) fn token(token: &TokenFacts<'_>) -> Self {
        Self(json!({ "data": token }))
    }

    /// The reply.
    pub(super) fn into_reply(self) -> Reply {
        let kind = HeaderValue::from_static("application/json; charset=UTF-8");
        let cache = HeaderValue::from_static("private, no-store");
        let mut reply = Response::new(self.0.to_string().into_bytes());
        reply.headers_mut().insert(header::CONTENT_TYPE, kind);
        reply.headers_mut().insert(header::CACHE_CONTROL, cache);
        reply
    }
}
