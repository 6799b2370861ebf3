//! `POST /admin/v1/tokens`: the platform's own sign-in tells that a person granted a client something,
//! and gets an access token for it. OAuth will stand in front of this.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::contract::Contract;
use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::service::masks::Compiled;
use crate::service::token::Tokens;
use crate::store::{Given, GrantId, GrantRecord, Holds, People, Way};

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
    /// Whether the person's user agent said, by the Global Privacy Control, that data be neither sold nor
    /// shared: `Sec-GPC: 1` on the platform's own page. Then the grant has less in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sec_gpc: bool,
}

/// What stops every answer to a build, in words.
const fn why_stopped(reason: Reason) -> &'static str {
    match reason {
        Reason::Suspended => "the client or its partner is suspended",
        Reason::Build => "the build is not approved",
        Reason::Territory => {
            "the platform's rules or an agreement close the partner's country, or there are no rules"
        }
        Reason::Screening => "the partner is not screened, or screening went against it",
        Reason::Obligation => "the partner owes something that is overdue",
        Reason::Agreement => "answers cannot be delivered here as the agreement has it",
        _ => "the client is stopped",
    }
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
/// [`AdminError`]: no such account, build or purpose; new grants have ended, or nothing could be
/// released under this one; 503 if the source of people's data cannot tell whether there is such a person,
/// and while the clock is not believed.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Issued>, AdminError> {
    issue(&gateway, &wanted, Way::AdminApi).await.map(Json)
}

/// Makes a grant of everything that the build declared, for this purpose, and a token under it; under the
/// Global Privacy Control, of what that leaves.
///
/// # Errors
/// As [`post`].
pub async fn issue(gateway: &Gateway, wanted: &Wanted, by: Way) -> Result<Issued, AdminError> {
    let Wanted { account, build, purpose, sec_gpc } = wanted;
    let given = Given { by, sec_gpc: *sec_gpc };
    let (people, tokens, holds) =
        (&*gateway.service.people, &gateway.service.tokens, Holds::OnceLogged);
    let is_new = people.person_of_account(account)?.is_none();
    if is_new {
        // Whoever asks for what cannot be granted is told so first, and enrols nobody.
        let (now, compiled) = at_this_second(gateway)?;
        Issuer { people, tokens, compiled: &compiled, now, holds }.check(build, purpose)?;
        gateway.service.person(account).await?;
    }
    // Taken after the wait for the platform, in which an act may have landed.
    let (now, compiled) = at_this_second(gateway)?;
    let issuer = Issuer { people, tokens, compiled: &compiled, now, holds };
    let tokens = issuer.issue(&[account], build, purpose, given)?;
    gateway.service.consents.tell().await.map_err(AdminError::untold)?;
    let access_token = tokens.into_iter().next().ok_or_else(|| AdminError::not_found("account"))?;
    let expires_in = gateway.service.tokens.lifetime_s();
    Ok(Issued { access_token, token_type: "bearer".to_owned(), expires_in })
}

/// The time by a clock that is believed, and the register as it stands, compiled for it.
fn at_this_second(gateway: &Gateway) -> Result<(Timestamp, Arc<Compiled>), AdminError> {
    let now = gateway.service.log.believed_now().map_err(|error| AdminError::failed(&error))?;
    Ok((now, gateway.service.masks.of(&gateway.service.log.register())))
}

/// An account is a person's name, so an error says which one of many it was by its place.
fn unknown_account(place: usize, count: usize) -> AdminError {
    if count == 1 {
        AdminError::not_found("account")
    } else {
        AdminError::not_found(&format!("account as number {place} of the {count} named"))
    }
}

/// What grants and tokens are made from.
pub struct Issuer<'a> {
    /// Where people are looked up and grants are kept.
    pub people: &'a People,
    /// What makes tokens.
    pub tokens: &'a Tokens,
    /// The register as it stands, compiled.
    pub compiled: &'a Compiled,
    /// The time of the grants.
    pub now: Timestamp,
    /// When they hold.
    pub holds: Holds,
}

impl Issuer<'_> {
    /// A token for each of these accounts, in their order, under a grant of everything that the build
    /// declared. The grants are durable together.
    ///
    /// # Errors
    /// [`AdminError`] as in [`post`]; then there is no grant and no token.
    pub fn issue(
        &self,
        accounts: &[&str],
        build: &str,
        purpose: &str,
        given: Given,
    ) -> Result<Vec<String>, AdminError> {
        let build = Identifier::parse(build).map_err(AdminError::unprocessable)?;
        let grant = self.grant(&build, purpose)?;
        let grant = if given.sec_gpc { grant.under_gpc(self.special()?) } else { grant };
        let mut grants = Vec::with_capacity(accounts.len());
        for (account, place) in accounts.iter().zip(1..) {
            let handle = self.people.person_of_account(account)?;
            let handle = handle.filter(|handle| !self.people.is_removed(*handle));
            let record = GrantRecord {
                viewer: handle.ok_or_else(|| unknown_account(place, accounts.len()))?,
                grant: grant.clone(),
                build: Some(build.clone()),
                created: self.now,
            };
            grants.push((GrantId::random().map_err(AdminError::internal)?, record));
        }
        self.people.put_grants(&grants, given, self.holds)?;
        let mint = |(id, _): &(GrantId, GrantRecord)| {
            self.tokens.mint(&grant.client, &build, *id, self.now).map_err(AdminError::internal)
        };
        grants.iter().map(mint).collect()
    }

    /// The fields that are special categories of data.
    fn special(&self) -> Result<FieldSet, AdminError> {
        let schema = self.compiled.register().schema();
        Ok(schema.ok_or_else(|| AdminError::not_found("field schema"))?.special())
    }

    /// Whether grants to this build can be made at all.
    ///
    /// # Errors
    /// [`AdminError`] as in [`post`], but for accounts.
    pub fn check(&self, build: &str, purpose: &str) -> Result<(), AdminError> {
        let build = Identifier::parse(build).map_err(AdminError::unprocessable)?;
        self.grant(&build, purpose).map(drop)
    }

    fn grant(&self, build: &Identifier, purpose: &str) -> Result<Grant, AdminError> {
        let registered = self.compiled.register().builds().get(build);
        let registered = registered.ok_or_else(|| {
            AdminError::not_found(&format!(
                "build: {build}; submit it first: countersign build submit"
            ))
        })?;
        let basis = self.compiled.basis(build.as_str(), purpose, self.now);
        let basis = basis.ok_or_else(|| {
            AdminError::not_found(&format!("purpose of build {build}: {purpose:?}"))
        })?;
        self.check_term(&basis.client)?;
        if !basis.new_grants {
            return Err(AdminError::unprocessable("new grants have ended for this client"));
        }
        if let Some(reason) = basis.stopped {
            let why = why_stopped(reason);
            return Err(AdminError::unprocessable(format!("no grant can be made: {why}")));
        }
        Ok(Grant {
            client: basis.client.clone(),
            purpose: basis.purpose.clone(),
            viewer: registered.declared(Relation::Viewer),
            friend: registered.declared(Relation::Friend),
            until: self.now.plus_seconds(GRANT_LIFETIME_S),
        })
    }

    /// Outside of its agreement's term a client has nothing to be granted.
    fn check_term(&self, client: &Identifier) -> Result<(), AdminError> {
        let client = self.compiled.register().clients().get(client);
        let client = client.ok_or_else(|| AdminError::not_found("client"))?;
        if client.in_force(self.now).next().is_some() {
            return Ok(());
        }
        let term = |contract: &Contract| {
            let document = &contract.agreement.document;
            let (begins, ends) = (document.not_before, contract.ends());
            format!("agreement {} is in force from {begins} until {ends}", document.agreement)
        };
        let terms: Vec<_> = client.contracts.values().map(term).collect();
        let why = terms.join(", ");
        Err(AdminError::unprocessable(format!("no grant can be made: {why}")))
    }
}
