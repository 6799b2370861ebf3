//! `POST /login`, the demo's stand-in for the platform's own sign-in and for OAuth: whoever names an
//! account is that account. It exists only where the configuration says so, on loopback.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Gateway;
use super::admin::tokens;

/// Who signs in, with which build, for what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    account: String,
    build: String,
    purpose: String,
}

/// Makes a grant of everything that the build declared for the purpose, and a token under it.
pub async fn post(State(gateway): State<Arc<Gateway>>, Json(login): Json<Login>) -> Response {
    match tokens::issue(&gateway, &login.account, &login.build, &login.purpose) {
        Ok(issued) => Json(issued).into_response(),
        Err(error) => error.into_response(),
    }
}
