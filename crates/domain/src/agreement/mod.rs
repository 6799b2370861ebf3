//! An agreement between platform and partner, checked: a closed document whose meaning is
//! [`terms`](mod@crate::terms).

use std::collections::BTreeMap;

pub mod document;
mod error;

pub use document::{
    AGREEMENT_VERSION, AgreedDelivery, AgreementDocument, CertificationDocument, Delivery,
    Evidence, PurposeDocument, RenewalDocument, Wait,
};
pub use error::AgreementError;

use crate::budget;
use crate::field::{FieldId, FieldSet};
use crate::identifier::Identifier;
use crate::obligation::{ObligationsDocument, OnwardTransfer};
use crate::pledge::PledgeDocument;
use crate::relation::Relation;
use crate::schema::FieldSchema;
use crate::text::{self, NAME_CHARACTERS_MAX};
use crate::time::{SECONDS_PER_DAY, Timestamp};
use crate::wind_down::{Ends, WindDownStep};

/// A checked agreement, in which fields are sets.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The document that was signed.
    pub document: AgreementDocument,
    purposes: Vec<Purpose>,
    wind_down: Vec<WindDownStep>,
    types: BTreeMap<String, FieldSet>,
}

#[derive(Clone, Debug)]
struct Purpose {
    id: Identifier,
    viewer: FieldSet,
    friend: FieldSet,
}

impl Agreement {
    /// Checks a document against the field schema in force.
    ///
    /// # Errors
    /// [`AgreementError`], naming what is wrong.
    pub fn from_document(
        document: AgreementDocument,
        schema: &FieldSchema,
    ) -> Result<Self, AgreementError> {
        if document.version != AGREEMENT_VERSION {
            return Err(AgreementError::UnknownVersion { found: document.version });
        }
        text::check("platform's name", NAME_CHARACTERS_MAX, &document.platform)?;
        check_term(&document)?;
        check_certification(document.certification)?;
        check_obligations(&document.obligations)?;
        budget::check(document.budgets.iter(), schema)?;
        if document.purposes.is_empty() {
            return Err(AgreementError::NoPurpose);
        }
        let mut purposes: Vec<Purpose> = Vec::with_capacity(document.purposes.len());
        for purpose in &document.purposes {
            if purposes.iter().any(|other| other.id == purpose.purpose) {
                return Err(AgreementError::PurposeTwice { purpose: purpose.purpose.clone() });
            }
            purposes.push(Purpose::from_document(purpose, schema)?);
        }
        check_pledges(&document.pledges, &purposes, schema)?;
        let steps = document.wind_down.iter().map(|step| WindDownStep::from_document(step, schema));
        let wind_down = steps.collect::<Result<_, _>>()?;
        let types = types(&purposes, schema);
        Ok(Self { document, purposes, wind_down, types })
    }

    /// The fields that this agreement gives for a purpose, whatever the time; `None` if it does not
    /// have the purpose.
    #[must_use]
    pub fn fields(&self, purpose: &Identifier, relation: Relation) -> Option<FieldSet> {
        let purpose = self.purposes.iter().find(|candidate| candidate.id == *purpose)?;
        Some(match relation {
            Relation::Viewer => purpose.viewer,
            Relation::Friend => purpose.friend,
        })
    }

    /// Its purposes, in the document's order.
    pub fn purposes(&self) -> impl Iterator<Item = &Identifier> {
        self.purposes.iter().map(|purpose| &purpose.id)
    }

    /// Its own wind-down steps, in the document's order.
    #[must_use]
    pub fn wind_down(&self) -> &[WindDownStep] {
        &self.wind_down
    }

    /// The types of data that it gives, each a category of the schema with its fields.
    #[must_use]
    pub const fn types(&self) -> &BTreeMap<String, FieldSet> {
        &self.types
    }

    /// The first second in which it no longer is in force. It renews itself as agreed, unless one of the
    /// steps ends that: then it ends with the term in which that step falls.
    #[must_use]
    pub fn ends<'a>(&self, steps: impl Iterator<Item = &'a WindDownStep>) -> Timestamp {
        let first = self.document.not_after;
        let Some(RenewalDocument { days, times }) = self.document.renewal else { return first };
        let term_s = u64::from(days) * SECONDS_PER_DAY;
        let last = first.plus_seconds(term_s.saturating_mul(u64::from(times)));
        let no_more = steps.filter(|step| step.ends == Ends::Renewal).map(|step| step.at).min();
        let Some(no_more) = no_more else { return last };
        let renewed_s = no_more.seconds().saturating_sub(first.seconds());
        last.min(first.plus_seconds(renewed_s.div_ceil(term_s).saturating_mul(term_s)))
    }
}

fn check_term(document: &AgreementDocument) -> Result<(), AgreementError> {
    let (not_before, not_after) = (document.not_before, document.not_after);
    if not_after <= not_before {
        return Err(AgreementError::NeverInForce { not_before, not_after });
    }
    match document.renewal {
        Some(RenewalDocument { days: 0, .. } | RenewalDocument { times: 0, .. }) => {
            Err(AgreementError::EmptyRenewal)
        }
        _ => Ok(()),
    }
}

fn check_certification(certification: CertificationDocument) -> Result<(), AgreementError> {
    let CertificationDocument { every_days, cure_days } = certification;
    if !(1..=CertificationDocument::EVERY_DAYS_MAX).contains(&every_days) {
        return Err(AgreementError::Cadence { found: every_days });
    }
    if cure_days > CertificationDocument::CURE_DAYS_MAX {
        return Err(AgreementError::Cure { found: cure_days });
    }
    Ok(())
}

fn check_obligations(obligations: &ObligationsDocument) -> Result<(), AgreementError> {
    if !(1..=ObligationsDocument::DELETION_DAYS_MAX).contains(&obligations.deletion_days) {
        return Err(AgreementError::Deletion { found: obligations.deletion_days });
    }
    if obligations.retention_days > ObligationsDocument::RETENTION_DAYS_MAX {
        return Err(AgreementError::Retention { found: obligations.retention_days });
    }
    match &obligations.onward_transfer {
        OnwardTransfer::None => Ok(()),
        OnwardTransfer::To(names) => {
            let mut names = names.iter();
            names
                .try_for_each(|name| text::check("recipient's name", NAME_CHARACTERS_MAX, name))?;
            Ok(())
        }
    }
}

/// Pledges speak of purposes and fields that there are.
fn check_pledges(
    pledges: &[PledgeDocument],
    purposes: &[Purpose],
    schema: &FieldSchema,
) -> Result<(), AgreementError> {
    for pledge in pledges {
        match pledge {
            PledgeDocument::NoSpecialCategories(purpose)
                if !purposes.iter().any(|one| one.id == *purpose) =>
            {
                return Err(AgreementError::PledgeOfPurpose { purpose: purpose.clone() });
            }
            PledgeDocument::Minors(fields) | PledgeDocument::Never(fields) => {
                schema.resolve(fields)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The fields that any purpose gives, by their categories.
fn types(purposes: &[Purpose], schema: &FieldSchema) -> BTreeMap<String, FieldSet> {
    let given = purposes
        .iter()
        .fold(FieldSet::EMPTY, |given, purpose| given.or(purpose.viewer).or(purpose.friend));
    let mut types = BTreeMap::<String, FieldSet>::new();
    for field in given.iter() {
        if let Some(described) = schema.fields().get(field.number()) {
            let fields = types.entry(described.category.clone()).or_default();
            *fields = fields.with(field);
        }
    }
    types
}

impl Purpose {
    fn from_document(
        document: &PurposeDocument,
        schema: &FieldSchema,
    ) -> Result<Self, AgreementError> {
        let viewer = schema.resolve(&document.viewer)?;
        let friend = schema.resolve(&document.friend)?;
        let incomplete = |relation, missing| AgreementError::Incomplete {
            purpose: document.purpose.clone(),
            relation,
            missing,
        };
        let has = |set: FieldSet, field| set.is_empty() || set.contains(field);
        if !has(viewer, FieldId::ID) {
            return Err(incomplete(Relation::Viewer, "id"));
        }
        if !has(friend, FieldId::ID) {
            return Err(incomplete(Relation::Friend, "id"));
        }
        if friend.contains(FieldId::FRIENDS) {
            return Err(AgreementError::FriendsOfFriends { purpose: document.purpose.clone() });
        }
        if !friend.is_empty() && !viewer.contains(FieldId::FRIENDS) {
            return Err(incomplete(Relation::Friend, "friends (of self)"));
        }
        Ok(Self { id: document.purpose.clone(), viewer, friend })
    }
}
