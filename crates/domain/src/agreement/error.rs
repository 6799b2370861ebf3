//! What can be wrong with an agreement document.

use crate::agreement::document::{AGREEMENT_VERSION, CertificationDocument};
use crate::budget::BudgetError;
use crate::identifier::Identifier;
use crate::obligation::ObligationsDocument;
use crate::relation::Relation;
use crate::schema::SchemaError;
use crate::text::NotPlainText;
use crate::time::Timestamp;

/// What is wrong with an agreement document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgreementError {
    /// Written for another version of Countersign.
    #[error(
        "agreement version {found} is not known; this program reads version {AGREEMENT_VERSION}"
    )]
    UnknownVersion {
        /// The version in the document.
        found: u32,
    },
    /// It ends before it begins.
    #[error("not_after ({not_after}) must be later than not_before ({not_before})")]
    NeverInForce {
        /// Its beginning.
        not_before: Timestamp,
        /// Its end.
        not_after: Timestamp,
    },
    /// A renewal that renews nothing.
    #[error("a renewal is by at least one day and at least once; leave it out if there is none")]
    EmptyRenewal,
    /// A certification that would hold for too long, or never.
    #[error(
        "a certification holds for 1 to {} days, found {found}",
        CertificationDocument::EVERY_DAYS_MAX
    )]
    Cadence {
        /// The days found.
        found: u32,
    },
    /// Too long a cure.
    #[error(
        "a lapsed certification is made good within at most {} days, found {found}",
        CertificationDocument::CURE_DAYS_MAX
    )]
    Cure {
        /// The days found.
        found: u32,
    },
    /// Too long a time to delete in.
    #[error(
        "data is deleted within 1 to {} days, found {found}",
        ObligationsDocument::DELETION_DAYS_MAX
    )]
    Deletion {
        /// The days found.
        found: u32,
    },
    /// Too long a time to keep in.
    #[error(
        "data is kept for at most {} days, found {found}",
        ObligationsDocument::RETENTION_DAYS_MAX
    )]
    Retention {
        /// The days found.
        found: u32,
    },
    /// No purpose, so nothing could ever be released.
    #[error("it has no purpose; give at least one")]
    NoPurpose,
    /// Two purposes of one name.
    #[error("purpose {purpose} is defined twice")]
    PurposeTwice {
        /// The name.
        purpose: Identifier,
    },
    /// A purpose that would release something of people whose existence it does not give.
    #[error("purpose {purpose} gives fields of {} without {missing:?}", relation.name())]
    Incomplete {
        /// The purpose.
        purpose: Identifier,
        /// Of whom.
        relation: Relation,
        /// The field that has to be there too.
        missing: &'static str,
    },
    /// There is no friend-of-friend, so no agreement can give one.
    #[error(
        "purpose {purpose} gives the friends of friends, which no client can have; remove \"friends\" out of friend"
    )]
    FriendsOfFriends {
        /// The purpose.
        purpose: Identifier,
    },
    /// A pledge about a purpose that the agreement does not have.
    #[error("a pledge speaks of purpose {purpose}, which the agreement does not have")]
    PledgeOfPurpose {
        /// The purpose.
        purpose: Identifier,
    },
    /// A budget.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// A text that would do something to whoever reads it.
    #[error(transparent)]
    Text(#[from] NotPlainText),
    /// A field name.
    #[error(transparent)]
    Field(#[from] SchemaError),
}
