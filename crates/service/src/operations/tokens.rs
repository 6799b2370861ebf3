//! Grants and the tokens under them: the platform's own sign-in tells that a person granted a client something, and
//! gets an access token for it. OAuth will stand in front of this.

use std::sync::Arc;

use countersign_domain::contract::Contract;
use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use countersign_people::store::{Given, GrantId, GrantRecord, Way};
use countersign_source::SourceError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use super::masks::Compiled;
use super::vocabulary::Name;

/// How long a grant that is made here holds: ninety days, in seconds.
const GRANT_LIFETIME_S: u64 = 90 * 86_400;

/// Who granted what to whom.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The platform's name for the person.
    #[schema(min_length = 1)]
    pub account: String,
    /// The build that will ask.
    #[schema(value_type = Name)]
    pub build: String,
    /// For what.
    #[schema(value_type = Name)]
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
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Issued {
    /// The access token, a JWT (RFC 9068).
    pub access_token: String,
    /// Always `bearer`.
    #[schema(pattern = "^bearer$")]
    pub token_type: String,
    /// How long it holds, in seconds.
    #[schema(minimum = 1)]
    pub expires_in: u64,
}

impl Service {
    /// Makes a grant of everything that the build declared, for this purpose, and a token under it; under the
    /// Global Privacy Control, of what that leaves.
    ///
    /// # Errors
    /// [`OperationError`]: no such account, build or purpose; new grants have ended, or nothing could be released under
    /// this one; the source of people's data cannot tell whether there is such a person, or the clock is not believed.
    pub async fn issue_token(
        self: &Arc<Self>,
        wanted: &Wanted,
        by: Way,
    ) -> Result<Issued, OperationError> {
        let accounts = std::slice::from_ref(&wanted.account);
        let tokens = self.issue_tokens(accounts, wanted, by).await?;
        let access_token = tokens.into_iter().next();
        let access_token = access_token.ok_or_else(|| OperationError::not_found("account"))?;
        let expires_in = self.tokens.lifetime_s();
        Ok(Issued { access_token, token_type: "bearer".to_owned(), expires_in })
    }

    /// The same for each of these accounts, in their order; the one that is wanted beside them is passed over. The
    /// grants are durable together.
    ///
    /// # Errors
    /// As [`Self::issue_token`]; then there is no grant and no token.
    pub async fn issue_tokens(
        self: &Arc<Self>,
        accounts: &[String],
        wanted: &Wanted,
        by: Way,
    ) -> Result<Vec<String>, OperationError> {
        let Wanted { build, purpose, sec_gpc, .. } = wanted;
        let build = Identifier::parse(build).map_err(OperationError::unprocessable)?;
        // Whoever asks for what cannot be granted is told so first, and enrols nobody.
        self.at_this_second()?.grant(&build, purpose)?;
        for (account, place) in accounts.iter().zip(1..) {
            match self.person(account).await {
                Err(SourceError::UnknownPerson) => {
                    return Err(unknown_account(place, accounts.len()));
                }
                known => known?,
            };
        }
        // Taken after the wait for the platform, in which an act may have landed.
        let offer = self.at_this_second()?;
        let grant = offer.grant(&build, purpose)?;
        let grant = if *sec_gpc { grant.under_gpc(offer.special()?) } else { grant };
        let mut grants = Vec::with_capacity(accounts.len());
        for (account, place) in accounts.iter().zip(1..) {
            let handle = self.people.person_of_account(account)?;
            let handle = handle.filter(|handle| !self.people.is_removed(*handle));
            let record = GrantRecord {
                viewer: handle.ok_or_else(|| unknown_account(place, accounts.len()))?,
                grant: grant.clone(),
                build: Some(build.clone()),
                created: offer.now,
            };
            grants.push((GrantId::random().map_err(OperationError::internal)?, record));
        }
        let given = Given { by, sec_gpc: *sec_gpc };
        let put = move |service: &Self| {
            service.people.put_grants(&grants, given)?;
            Ok(grants)
        };
        let grants = self.beside(put).await?;
        self.consents.tell().await.map_err(OperationError::untold)?;
        let mint = |(id, _): &(GrantId, GrantRecord)| {
            let minted = self.tokens.mint(&grant.client, &build, *id, offer.now);
            minted.map_err(OperationError::internal)
        };
        grants.iter().map(mint).collect()
    }

    /// The time by a clock that is believed, and the register as it stands, compiled for it.
    fn at_this_second(&self) -> Result<Offer, OperationError> {
        let now = self.believed_now()?;
        Ok(Offer { now, compiled: self.masks.of(&self.log.register()) })
    }
}

/// An account is a person's name, so an error says which one of many it was by its place.
fn unknown_account(place: usize, count: usize) -> OperationError {
    if count == 1 {
        OperationError::not_found("account")
    } else {
        OperationError::not_found(&format!("account as number {place} of the {count} named"))
    }
}

/// What can be granted at a second.
struct Offer {
    now: Timestamp,
    compiled: Arc<Compiled>,
}

impl Offer {
    /// The fields that are special categories of data.
    fn special(&self) -> Result<FieldSet, OperationError> {
        let schema = self.compiled.register().schema();
        Ok(schema.ok_or_else(|| OperationError::not_found("field schema"))?.special())
    }

    fn grant(&self, build: &Identifier, purpose: &str) -> Result<Grant, OperationError> {
        let registered = self.compiled.register().builds().get(build);
        let registered = registered.ok_or_else(|| {
            OperationError::not_found(&format!(
                "build: {build}; submit it first: countersign partner build submit"
            ))
        })?;
        let basis = self.compiled.basis(build.as_str(), purpose, self.now);
        let basis = basis.ok_or_else(|| {
            OperationError::not_found(&format!("purpose of build {build}: {purpose:?}"))
        })?;
        self.check_term(&basis.client)?;
        if !basis.new_grants {
            return Err(OperationError::unprocessable("new grants have ended for this client"));
        }
        if let Some(reason) = basis.stopped {
            let why = why_stopped(reason);
            return Err(OperationError::unprocessable(format!("no grant can be made: {why}")));
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
    fn check_term(&self, client: &Identifier) -> Result<(), OperationError> {
        let client = self.compiled.register().clients().get(client);
        let client = client.ok_or_else(|| OperationError::not_found("client"))?;
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
        Err(OperationError::unprocessable(format!("no grant can be made: {why}")))
    }
}
