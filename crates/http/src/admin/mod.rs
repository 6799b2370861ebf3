//! The admin API, for the platform's own engineers and tools: `/admin/v1/…`. Every call needs the
//! instance's admin token; an act needs its signatures besides.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::admin_error::AdminError;
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
pub mod roster;
pub mod sample;
pub mod secrets;
pub mod settings;
pub mod status;
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
        "there is no admin call {}; there are POST acts, GET budgets, GET and POST canaries, DELETE canaries/ACCOUNT, POST canaries/ACCOUNT/generations, GET and POST closes, POST and DELETE clients/CLIENT/secret, GET directory, GET erasures, POST explain, GET people, GET register, GET status, GET and POST people/feed, GET people/ACCOUNT/consents/NUMBER, GET and POST people/ACCOUNT/erasure, GET people/ACCOUNT/export, GET people/ACCOUNT/grants, DELETE people/ACCOUNT/grants/ID, GET people/ACCOUNT/history, PUT and DELETE people/ACCOUNT/hold, GET people/ACCOUNT/ledger, GET and PUT people/ACCOUNT/settings, GET people/ACCOUNT/summary, GET sample, POST tokens",
        uri.path()
    );
    AdminError::of(StatusCode::NOT_FOUND, message)
}

/// A path that there is, and a method that it has not; the `Allow` header is the router's.
pub async fn wrong_method(method: Method) -> AdminError {
    let message = format!("this path is not called with {method}: see the Allow header");
    AdminError::of(StatusCode::METHOD_NOT_ALLOWED, message)
}
