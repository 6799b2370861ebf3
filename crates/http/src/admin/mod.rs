//! The admin API, for the platform's own engineers and tools: `/admin/v1/…`. Every call needs the
//! instance's admin token; an act needs its signatures besides.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_domain::nearest::nearest;
use countersign_domain::text::shown;

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

/// The calls of this API, as an engineer types them.
const CALLS: [&str; 26] = [
    "POST acts",
    "GET budgets",
    "GET and POST canaries",
    "DELETE canaries/ACCOUNT",
    "POST canaries/ACCOUNT/generations",
    "GET and POST closes",
    "POST and DELETE clients/CLIENT/secret",
    "GET directory",
    "GET erasures",
    "POST explain",
    "GET people",
    "GET register",
    "GET status",
    "GET and POST people/feed",
    "GET people/ACCOUNT/consents/NUMBER",
    "GET and POST people/ACCOUNT/erasure",
    "GET people/ACCOUNT/export",
    "GET people/ACCOUNT/grants",
    "DELETE people/ACCOUNT/grants/ID",
    "GET people/ACCOUNT/history",
    "PUT and DELETE people/ACCOUNT/hold",
    "GET people/ACCOUNT/ledger",
    "GET and PUT people/ACCOUNT/settings",
    "GET people/ACCOUNT/summary",
    "GET sample",
    "POST tokens",
];

/// Any other path below `/admin/v1`, which is cut off here.
pub async fn unknown(uri: Uri) -> AdminError {
    no_call(&format!("/admin/v1{}", uri.path()), uri.path())
}

/// A path below `/admin` that is not below `/admin/v1`.
pub fn elsewhere(path: &str) -> AdminError {
    let call = path.trim_start_matches("/admin").trim_matches('/');
    // Another version, or none.
    let call = match call.split_once('/') {
        Some((version, call)) if is_version(version) => call,
        None if is_version(call) => "",
        _ => call,
    };
    no_call(path, call)
}

/// That there is no such call, with the one that was probably meant.
fn no_call(path: &str, call: &str) -> AdminError {
    let meant = nearest_call(call.trim_matches('/'));
    let meant = meant.map(|meant| format!("; did you mean /admin/v1/{meant}?"));
    let meant = meant.unwrap_or_else(|| ".".to_owned());
    let (path, calls) = (shown(path), CALLS.join(", "));
    let message =
        format!("there is no admin call {path}{meant} Below /admin/v1 there are: {calls}");
    AdminError::of(StatusCode::NOT_FOUND, message)
}

fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// The path of the call that is nearest to this one. Names of people and clients stand as they are.
fn nearest_call(call: &str) -> Option<String> {
    let segments: Vec<_> = call.split('/').collect();
    let paths = CALLS.iter().filter_map(|call| call.rsplit(' ').next());
    let filled = paths.filter_map(|path| filled(path, &segments));
    let filled: Vec<_> = filled.collect();
    nearest(call, filled.iter().map(String::as_str))
}

/// A path of the API with the names of a call in the places of its own; `None` if it has another number of segments.
fn filled(path: &str, segments: &[&str]) -> Option<String> {
    let own: Vec<_> = path.split('/').collect();
    let is_name = |segment: &&str| segment.bytes().all(|byte| byte.is_ascii_uppercase());
    let fill = |(own, given): (&&str, &&str)| {
        if is_name(own) { (*given).to_owned() } else { (*own).to_owned() }
    };
    (own.len() == segments.len())
        .then(|| own.iter().zip(segments).map(fill).collect::<Vec<_>>().join("/"))
}

/// A path that there is, and a method that it has not; the `Allow` header is the router's.
pub async fn wrong_method(method: Method) -> AdminError {
    let message = format!("this path is not called with {method}: see the Allow header");
    AdminError::of(StatusCode::METHOD_NOT_ALLOWED, message)
}
