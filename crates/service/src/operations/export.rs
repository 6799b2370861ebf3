//! Everything that an instance keeps about a person, as one document for them
//! alone (it has their ledger in it, and so their secret): to be handed over before they are erased, or whenever they
//! ask (GDPR Art. 15 and 20).
//!
//! What it is not: a backup. Nothing reads it back in. Where profiles and friendships lie in the platform's own
//! database, they are not in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::field::FieldSet;
use countersign_domain::schema::FieldSchema;
use countersign_people::store::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use super::grants::{Grants, ShownGrant};
use super::history::{History, ShownChange};
use super::settings::{OpenFields, names};
use super::vocabulary;
use crate::closes::CloseError;

/// What is kept about a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// The platform's own name for them.
    pub account: String,
    /// Whether they are a minor.
    pub minor: bool,
    /// Their profile, by field.
    pub profile: BTreeMap<String, Value>,
    /// Their friends' accounts.
    pub friends: Vec<String>,
    /// What is open, by route.
    #[schema(value_type = BTreeMap<String, vocabulary::FieldNames>)]
    pub settings: OpenFields,
    /// Every choice of theirs, newest first.
    pub history: Vec<ShownChange>,
    /// The grants in force.
    pub grants: Vec<ShownGrant>,
    /// The receipts for their choices, by number.
    #[schema(value_type = BTreeMap<String, String>)]
    pub receipts: BTreeMap<u64, String>,
    /// Until when a legal hold keeps what is kept, if one was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub held_until: Option<String>,
    /// Their ledger bundle: everything that the log holds about them. It has their secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(content_encoding = "base64", nullable = false)]
    pub ledger: Option<String>,
    /// Why there is no ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub without_ledger: Option<String>,
}

impl Service {
    /// The export of an account. It takes as long as a ledger.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, while a close is not published yet, and for what the store or the
    /// ledger cannot be read for.
    pub async fn export(self: &Arc<Self>, account: &str) -> Result<Export, OperationError> {
        let account = account.to_owned();
        self.beside(move |service| {
            service.with_schema(|schema| Ok(service.export_now(schema, &account)?))
        })
        .await
    }

    fn export_now(&self, schema: &FieldSchema, account: &str) -> Result<Export, CloseError> {
        let people = &*self.people;
        let handle = people.person_of_account(account)?.ok_or(CloseError::UnknownAccount)?;
        let (ledger, without_ledger) = match self.closes.ledger(account) {
            Ok(bundle) => (Some(STANDARD.encode(bundle)), None),
            // Nothing of theirs is bound by a close yet, and nobody has to wait for one to be erased.
            Err(error @ CloseError::NotClosedYet) => (None, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let history = people.history(handle, None, usize::MAX)?;
        let mut receipts = BTreeMap::new();
        for (number, _) in &history {
            let receipt = people.consent_receipt(handle, *number)?;
            receipts.extend(receipt.map(|receipt| (*number, receipt)));
        }
        let view = people.view();
        let number = view.number_of(handle).ok_or(StoreError::UnknownPerson)?;
        let person = view.person(number).ok_or(StoreError::UnknownPerson)?;
        let mut profile = BTreeMap::new();
        // A value that cannot be read is not told as none: it may be destroyed after this.
        let mut is_damaged = false;
        person.values(FieldSet::ALL, |field, json| {
            let Some(name) = schema.name(field) else { return };
            match serde_json::from_slice::<Value>(json) {
                Ok(value) => drop(profile.insert(name.to_owned(), value)),
                Err(_) => is_damaged = true,
            }
        });
        if is_damaged {
            let dir = people.folder().to_owned();
            return Err(StoreError::Damaged { dir, what: "a person's profile" }.into());
        }
        let friends = person.friends().into_iter().flatten();
        let friends =
            friends.filter_map(|friend| view.person(friend)?.account().map(str::to_owned));
        Ok(Export {
            account: account.to_owned(),
            minor: person.is_minor(),
            profile,
            friends: friends.collect(),
            settings: names(person.settings(), schema),
            history: History::of(&history, schema).history,
            grants: Grants::of(&people.grants_of(handle)?, schema).grants,
            receipts,
            held_until: people.held_until(handle)?.map(|until| until.to_string()),
            ledger,
            without_ledger,
        })
    }
}
