//! A clause: one thing that is in force and leaves some fields open, with the entry of the log that says
//! so. A field is allowed if every clause leaves it open; the first one that does not is its reason.

use std::fmt;

use crate::build::BuildState;
use crate::digest::Digest;
use crate::field::{FieldId, FieldSet};
use crate::identifier::Identifier;
use crate::partner::Country;
use crate::reason::Reason;
use crate::relation::Relation;
use crate::screening::Outcome;
use crate::time::Timestamp;
use crate::wind_down::Ends;

/// One thing that is in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clause {
    /// The reason of what it withholds.
    pub reason: Reason,
    /// The fields that it leaves open.
    pub allowed: FieldSet,
    /// The entry that says so; none, if it is that no entry says otherwise.
    pub index: Option<u64>,
    /// What it says.
    pub says: Says,
}

/// What a clause says. Its words are for reviewers and for the people themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Says {
    /// The partner is suspended.
    PartnerSuspended(Identifier),
    /// The client is suspended.
    ClientSuspended(Identifier),
    /// The build is not approved.
    BuildState(Identifier, BuildState),
    /// Nobody has screened the partner yet.
    NotScreened(Identifier),
    /// Screening did not end well.
    Screened(Identifier, Outcome),
    /// Something is owed and overdue.
    Overdue {
        /// The obligation.
        obligation: Identifier,
        /// Since when.
        due: Timestamp,
    },
    /// There are no platform rules.
    NoRules,
    /// The register does not have the partner.
    NoPartner,
    /// The platform's rules close this country.
    ClosedCountry(Country),
    /// The agreement does not have this country.
    OutsideTerritory(Identifier, Country),
    /// There is no agreement about the client.
    NoAgreement,
    /// No agreement about the client has begun.
    NotYet(Identifier, Timestamp),
    /// The last agreement about the client has ended.
    Ended(Identifier, Timestamp),
    /// What the agreement gives for the purpose.
    Gives {
        /// The agreement.
        agreement: Identifier,
        /// Its digest.
        digest: Digest,
        /// The purpose.
        purpose: Identifier,
        /// Of whom.
        relation: Relation,
    },
    /// The agreement does not have the purpose.
    NoPurpose {
        /// The agreement.
        agreement: Identifier,
        /// The purpose.
        purpose: Identifier,
    },
    /// A wind-down step has come.
    WoundDown {
        /// The agreement.
        agreement: Identifier,
        /// Since when.
        at: Timestamp,
        /// What has ended.
        ends: Ends,
    },
    /// A type of data is no longer certified.
    Uncertified {
        /// The agreement.
        agreement: Identifier,
        /// The category of data; none, if nothing is certified any more.
        category: Option<String>,
        /// Since when nothing of it flows.
        since: Timestamp,
    },
    /// What the build declared.
    Declared(Identifier),
    /// The platform's rule about special categories of friends.
    SpecialOfFriends,
    /// The platform's rule about friends who are minors.
    MinorFriend,
    /// A rule of the platform's own, by its name.
    Rule(String),
    /// The platform's own rules cannot be read.
    UnreadableRules,
    /// Answers cannot be delivered here as the agreement has it.
    Undeliverable(Identifier),
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PartnerSuspended(name) => write!(f, "partner {name} is suspended"),
            Self::ClientSuspended(name) => write!(f, "client {name} is suspended"),
            Self::BuildState(build, BuildState::Checked) => {
                write!(f, "build {build} is not approved yet")
            }
            Self::BuildState(build, BuildState::Approved) => write!(f, "build {build} is approved"),
            Self::BuildState(build, BuildState::Revoked) => write!(f, "build {build} was revoked"),
            Self::NotScreened(name) => write!(f, "partner {name} has not been screened"),
            Self::Screened(name, outcome) => screened(f, name, *outcome),
            Self::Overdue { obligation, due } => {
                write!(f, "obligation {obligation} is overdue since {due}")
            }
            Self::NoRules => f.write_str("no platform rules are in force"),
            Self::NoPartner => f.write_str("the register does not have the partner"),
            Self::ClosedCountry(country) => {
                write!(
                    f,
                    "the platform's rules close {country}, where the partner or its parent is"
                )
            }
            Self::OutsideTerritory(agreement, country) => {
                write!(f, "agreement {agreement} does not reach {country}")
            }
            Self::NoAgreement => f.write_str("there is no agreement about the client"),
            Self::NotYet(agreement, from) => {
                write!(f, "agreement {agreement} is in force from {from} on")
            }
            Self::Ended(agreement, at) => write!(f, "agreement {agreement} ended at {at}"),
            Self::Gives { agreement, purpose, relation, .. } => write!(
                f,
                "agreement {agreement} does not give it of {} for {purpose}",
                relation.name()
            ),
            Self::NoPurpose { agreement, purpose } => {
                write!(f, "agreement {agreement} does not have purpose {purpose}")
            }
            Self::WoundDown { agreement, at, ends } => {
                write!(f, "agreement {agreement} is winding down: {ends} ended at {at}")
            }
            Self::Uncertified { agreement, category: Some(category), since } => write!(
                f,
                "the partner has not certified {category} under agreement {agreement}; cut since {since}"
            ),
            Self::Uncertified { agreement, category: None, since } => write!(
                f,
                "nothing is certified under agreement {agreement}; everything is cut since {since}"
            ),
            Self::Declared(build) => write!(f, "build {build} did not declare it"),
            Self::SpecialOfFriends => {
                f.write_str("platform rule: special categories of friends are not released")
            }
            Self::MinorFriend => {
                f.write_str("platform rule: of friends who are minors it is not released")
            }
            Self::Rule(name) => write!(f, "platform rule {name:?}"),
            Self::UnreadableRules => f.write_str("the platform's own rules cannot be read"),
            Self::Undeliverable(agreement) => write!(
                f,
                "agreement {agreement} has answers delivered in a way that this server does not have"
            ),
        }
    }
}

fn screened(f: &mut fmt::Formatter<'_>, name: &Identifier, outcome: Outcome) -> fmt::Result {
    match outcome {
        Outcome::Clear => write!(f, "partner {name} was screened: clear"),
        Outcome::Undecided => write!(
            f,
            "screening of partner {name} is undecided: matches wait for a decision, or the partner has changed since"
        ),
        Outcome::Refused => write!(f, "screening went against partner {name}"),
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewGrants => "new grants",
            Self::Renewal => "renewal",
            Self::Friends => "everything of friends",
            Self::Fields(_) => "this field",
            Self::All => "everything",
        })
    }
}

/// Everything that is in force about one kind of answer, in the order in which reasons are given, and
/// until when this stays so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clauses {
    clauses: Vec<Clause>,
    holds_until: Timestamp,
}

impl Default for Clauses {
    fn default() -> Self {
        Self { clauses: Vec::new(), holds_until: Timestamp::MAX }
    }
}

impl Clauses {
    /// Adds a clause behind the others.
    pub fn push(&mut self, clause: Clause) {
        self.clauses.push(clause);
    }

    /// Adds other clauses behind these; all of them hold for as long as the first that ends.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.clauses.extend(others.clauses);
        self.holds_until = self.holds_until.min(others.holds_until);
        self
    }

    /// Something changes at this instant, if that is still to come.
    pub fn boundary(&mut self, at: Timestamp, now: Timestamp) {
        if now < at {
            self.holds_until = self.holds_until.min(at);
        }
    }

    /// The clauses.
    pub fn iter(&self) -> std::slice::Iter<'_, Clause> {
        self.clauses.iter()
    }

    /// The fields that all of them leave open.
    #[must_use]
    pub fn open(&self) -> FieldSet {
        self.clauses.iter().fold(FieldSet::ALL, |open, clause| open.and(clause.allowed))
    }

    /// The first clause that does not leave this field open.
    #[must_use]
    pub fn against(&self, field: FieldId) -> Option<&Clause> {
        self.clauses.iter().find(|clause| !clause.allowed.contains(field))
    }

    /// The first second for which the question has to be asked again.
    #[must_use]
    pub const fn holds_until(&self) -> Timestamp {
        self.holds_until
    }
}
