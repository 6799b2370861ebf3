//! The admin API, for the platform's own engineers and tools: `/admin/v1/…`. Every call needs the
//! instance's admin token; an act needs its signatures besides.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Gateway;

pub mod acts;
pub mod register;
pub mod settings;
pub mod tokens;

/// The text that opens the admin API.
pub struct AdminToken(Zeroizing<String>);

impl AdminToken {
    /// Reads the token from its file.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Ok(Self(Zeroizing::new(std::fs::read_to_string(path)?.trim().to_owned())))
    }

    /// The token, to be sent in a header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn opens_for(&self, presented: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(presented.as_bytes()))
    }
}

/// Lets a request pass that carries the admin token.
pub async fn require_token(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if presented.is_some_and(|presented| gateway.admin_token.opens_for(presented)) {
        next.run(request).await
    } else {
        let message = "the admin token is needed: Authorization: Bearer, with the content of keys/admin.token";
        AdminError { status: StatusCode::UNAUTHORIZED, message: message.to_owned() }.into_response()
    }
}

/// What an engineer is told when a call fails.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct AdminError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What was wrong, and what to do.
    pub message: String,
}

impl AdminError {
    /// The call asks for something that cannot be.
    pub fn unprocessable(error: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, message: error.to_string() }
    }

    /// There is nothing of that name.
    pub fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("there is no such {what}") }
    }

    /// Something of ours fails.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: error.to_string() }
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}
