//! `POST /admin/v1/tokens`: the platform's own sign-in tells that a person granted a client something,
//! and gets an access token for it. OAuth will stand in front of this.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::relation::Relation;
use serde::{Deserialize, Serialize};

use super::AdminError;
use crate::clock;
use crate::gateway::Gateway;
use crate::store::{GrantId, GrantRecord};

/// How long a grant that is made here holds: ninety days, in seconds.
const GRANT_LIFETIME_S: u64 = 90 * 86_400;

/// Who granted what to whom.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The platform's name for the person.
    pub account: String,
    /// The build that will ask.
    pub build: String,
    /// For what.
    pub purpose: String,
}

/// A token and what it stands for.
#[derive(Serialize, Deserialize)]
pub struct Issued {
    /// The access token.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    /// How long it holds, in seconds.
    pub expires_in: u64,
}

/// Makes a grant and a token.
///
/// # Errors
/// [`AdminError`]: no such account, build or purpose, or new grants have ended.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Issued>, AdminError> {
    issue(&gateway, &wanted.account, &wanted.build, &wanted.purpose).map(Json)
}

/// Makes a grant of everything that the build declared, for this purpose, and a token under it.
///
/// # Errors
/// As [`post`].
pub fn issue(
    gateway: &Gateway,
    account: &str,
    build: &str,
    purpose: &str,
) -> Result<Issued, AdminError> {
    let now = clock::now();
    let build = Identifier::parse(build).map_err(AdminError::unprocessable)?;
    let handle = gateway.people.person_of_account(account).map_err(AdminError::internal)?;
    let viewer = handle.ok_or_else(|| AdminError::not_found("account"))?;
    let compiled = gateway.masks.at(&gateway.log.register(), now);
    let registered =
        compiled.register.builds().get(&build).ok_or_else(|| AdminError::not_found("build"))?;
    let basis = compiled
        .masks
        .basis(build.as_str(), purpose)
        .ok_or_else(|| AdminError::not_found("purpose of this build"))?;
    if !basis.new_grants {
        return Err(AdminError::unprocessable("new grants have ended for this client"));
    }
    let grant = Grant {
        client: basis.client.clone(),
        purpose: basis.purpose.clone(),
        viewer: registered.declared(Relation::Viewer),
        friend: registered.declared(Relation::Friend),
        until: now.plus_seconds(GRANT_LIFETIME_S),
    };
    let record = GrantRecord { viewer, grant, build: Some(build.clone()), created: now };
    let id = GrantId::random().map_err(AdminError::internal)?;
    gateway.people.put_grant(id, &record).map_err(AdminError::internal)?;
    let access_token = gateway
        .tokens
        .mint(&basis.client, &build, id, now)
        .map_err(AdminError::internal)?;
    let expires_in = gateway.tokens.lifetime_s();
    Ok(Issued { access_token, token_type: "bearer".to_owned(), expires_in })
}
