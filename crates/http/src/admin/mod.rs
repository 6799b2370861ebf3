//! The admin API, for the platform's own engineers and tools: `/admin/v1/…`. Every call needs the
//! instance's admin token; an act needs its signatures besides.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_domain::remedy::Remedy;
use countersign_service::operations::error::{OperationError, Trouble};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bearer;
use crate::gateway::Gateway;

pub mod acts;
pub mod budgets;
pub mod canaries;
pub mod closes;
pub mod consents;
pub mod directory;
pub mod erasure;
pub mod erasures;
pub mod explain;
pub mod export;
pub mod feed;
pub mod grants;
pub mod history;
pub mod hold;
pub mod ledger;
pub mod paths;
pub mod register;
pub mod sample;
pub mod secrets;
pub mod settings;
pub mod tokens;

/// Lets a request pass that carries the admin token.
pub async fn require_token(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let presented = bearer::presented(request.headers());
    if presented.is_some_and(|presented| gateway.files.admin_token.opens_for(presented)) {
        next.run(request).await
    } else {
        AdminError::unauthorised(
            "the admin token is needed: Authorization: Bearer, with the content of keys/admin.token",
        )
        .into_response()
    }
}

/// Any other path below `/admin/v1`.
pub async fn unknown(uri: Uri) -> AdminError {
    let message = format!(
        "there is no admin call {}; there are POST acts, GET budgets, GET and POST canaries, DELETE canaries/ACCOUNT, POST canaries/ACCOUNT/generations, GET and POST closes, POST and DELETE clients/CLIENT/secret, GET directory, GET erasures, POST explain, GET register, GET and POST people/feed, GET people/ACCOUNT/consents/NUMBER, GET and POST people/ACCOUNT/erasure, GET people/ACCOUNT/export, GET people/ACCOUNT/grants, DELETE people/ACCOUNT/grants/ID, GET people/ACCOUNT/history, PUT and DELETE people/ACCOUNT/hold, GET people/ACCOUNT/ledger, GET and PUT people/ACCOUNT/settings, GET sample, POST tokens",
        uri.path()
    );
    AdminError { status: StatusCode::NOT_FOUND, message }
}

/// A path that there is, and a method that it has not; the `Allow` header is the router's.
pub async fn wrong_method(method: Method) -> AdminError {
    let message = format!("this path is not called with {method}: see the Allow header");
    AdminError { status: StatusCode::METHOD_NOT_ALLOWED, message }
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
    pub(super) const fn of(status: StatusCode, message: String) -> Self {
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
