//! What the platform's own engineers are told when a call fails.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_domain::remedy::Remedy;
use countersign_service::operations::error::{OperationError, Trouble};
use serde::Serialize;
use utoipa::ToSchema;

/// What an engineer is told when a call fails.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct AdminError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What was wrong, and what to do.
    pub message: String,
}

/// What was wrong, and what to do.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminError)]
#[serde(deny_unknown_fields)]
pub struct ErrorBody {
    /// In words.
    #[schema(min_length = 1)]
    pub error: String,
}

impl AdminError {
    /// A request that could not be read.
    pub(crate) const fn of(status: StatusCode, message: String) -> Self {
        Self { status, message }
    }

    /// Who calls has not shown the right token.
    pub fn unauthorised(message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, message: message.to_owned() }
    }
}

impl From<OperationError> for AdminError {
    /// Only what a moment mends says 503, which has callers ask again; a full disk is 507, and what else a person has
    /// to mend 500.
    fn from(OperationError { trouble, message }: OperationError) -> Self {
        let status = match trouble {
            Trouble::NotFound => StatusCode::NOT_FOUND,
            Trouble::Conflict => StatusCode::CONFLICT,
            Trouble::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Trouble::Ours(Remedy::Wait) => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Ours(Remedy::MakeRoom) => StatusCode::INSUFFICIENT_STORAGE,
            Trouble::Ours(Remedy::Mend) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, message }
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.message })).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
