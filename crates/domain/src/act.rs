//! A governance act: a change of the register by an authorised signer. Who has to sign which act is defined
//! here; whether they did is checked by `countersign-protocol`, `replay`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::build::Build;
use crate::digest::Digest;
use crate::identifier::Identifier;
use crate::key::PublicKey;
use crate::obligation::ObligationStep;
use crate::partner::Partner;
use crate::screening::{Outcome, ScreeningAct};
use crate::text::{self, NAME_CHARACTERS_MAX, NotPlainText, REASON_CHARACTERS_MAX};
use crate::wind_down::WindDownDocument;

/// A governance act, the payload of one entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// Names the keys that everything else is signed with. The first entry of every log.
    Keys(Keys),
    /// Puts a field schema in force, published as a file.
    FieldSchema(Published),
    /// Puts platform rules in force, published as a file.
    Rules(Published),
    /// Registers a partner, or changes what is registered of it.
    Partner(Partner),
    /// Concludes an agreement, published as a file. It takes the place of an earlier one of its name; beside
    /// others about the same client, the stricter holds.
    Agreement(AgreementAct),
    /// Certifies that the partner keeps to an agreement, for types of data.
    Certification(Certification),
    /// Asks for something that an agreement obliges to, attests that it was done, or lifts it.
    Obligation(ObligationAct),
    /// Schedules the end of an agreement, or of parts of it.
    WindDown(WindDown),
    /// Says that a partner was screened, and what came of it.
    Screening(ScreeningAct),
    /// Puts the platform's budgets in force, published as a file.
    Budgets(Published),
    /// Submits a build.
    Build(Build),
    /// Approves or revokes a build.
    Review(Review),
    /// Pauses all approvals, or resumes them.
    ReviewPause(ReviewPause),
    /// Stops a partner or a client at once.
    Suspension(Suspension),
    /// Ends a suspension.
    Reinstatement(Reinstatement),
}

/// The keys of a log's governance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The platform's root key, which signs this act and every later one of its kind.
    pub root: PublicKey,
    /// The key that signs receipts.
    pub receipts: PublicKey,
    /// The reviewers. An approval needs two of them.
    pub reviewers: Vec<Reviewer>,
}

/// A reviewer and their key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewer {
    /// The reviewer's name in signatures.
    pub id: Identifier,
    /// The key.
    pub key: PublicKey,
}

/// A document that is published beside the log under its digest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// SHA-256 of the document's bytes.
    pub digest: Digest,
}

/// An agreement is put in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementAct {
    /// The agreement's name, as in the document.
    pub agreement: Identifier,
    /// The partner, as in the document.
    pub partner: Identifier,
    /// The client, as in the document.
    pub client: Identifier,
    /// SHA-256 of the document's bytes.
    pub digest: Digest,
}

/// A partner certifies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certification {
    /// The agreement.
    pub agreement: Identifier,
    /// The client that it is about.
    pub client: Identifier,
    /// The partner, who signs.
    pub partner: Identifier,
    /// The categories of data that are certified.
    pub categories: Vec<String>,
}

/// A step in the life of an obligation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObligationAct {
    /// The partner that owes it.
    pub partner: Identifier,
    /// Its name; that of the agreement, for what is owed at an agreement's end.
    pub obligation: Identifier,
    /// What happened.
    pub step: ObligationStep,
}

/// A schedule by which an agreement ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindDown {
    /// The agreement.
    pub agreement: Identifier,
    /// The client that it is about.
    pub client: Identifier,
    /// The steps, which are added to those that there are.
    pub steps: Vec<WindDownDocument>,
    /// Why, for everybody to read.
    pub reason: String,
}

/// A review of a build.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// The build.
    pub build: Identifier,
    /// What the reviewers found.
    pub outcome: ReviewOutcome,
}

/// The outcome of a review.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// The build may receive what it declared.
    Approve,
    /// The build gets nothing any more, for good.
    Revoke,
}

/// Approvals are paused for everyone, or resumed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewPause {
    /// Whether approvals are paused from now on.
    pub paused: bool,
    /// Why, for everybody to read.
    pub reason: String,
}

/// A partner or a client is stopped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Who is stopped.
    pub subject: Subject,
    /// Why, for everybody to read.
    pub reason: String,
}

/// A suspension ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reinstatement {
    /// Who may go on.
    pub subject: Subject,
    /// Why, for everybody to read.
    pub reason: String,
}

/// What a suspension is about, written `partner:NAME` or `client:NAME`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// A partner with all of its clients.
    Partner(Identifier),
    /// One client.
    Client(Identifier),
}

/// Who signed an act, written `root`, `partner:NAME` or `reviewer:NAME`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Signer {
    /// The platform's root key.
    Root,
    /// A partner.
    Partner(Identifier),
    /// A reviewer of the platform.
    Reviewer(Identifier),
}

/// The signatures that an act needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Required {
    /// Whether the root key has to sign.
    pub root: bool,
    /// The partner that has to sign, if one has to.
    pub partner: Option<Identifier>,
    /// How many different reviewers have to sign.
    pub reviewers: usize,
}

/// What opens something needs two reviewers.
const FOUR_EYES: usize = 2;

impl Act {
    /// The word for this kind of act in entries.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys",
            Self::FieldSchema(_) => "field_schema",
            Self::Rules(_) => "rules",
            Self::Partner(_) => "partner",
            Self::Agreement(_) => "agreement",
            Self::Certification(_) => "certification",
            Self::Obligation(_) => "obligation",
            Self::WindDown(_) => "wind_down",
            Self::Screening(_) => "screening",
            Self::Budgets(_) => "budgets",
            Self::Build(_) => "build",
            Self::Review(_) => "review",
            Self::ReviewPause(_) => "review_pause",
            Self::Suspension(_) => "suspension",
            Self::Reinstatement(_) => "reinstatement",
        }
    }

    /// Who has to sign. What opens something needs two reviewers; what closes something needs one,
    /// since a kill switch must not wait. `partner` names the partner whose affair it is: the one behind
    /// a build's client, and the one whose key is to be replaced, who signs with the old key.
    #[must_use]
    pub fn required(&self, partner: Option<&Identifier>) -> Required {
        let reviewers = |reviewers| Required { root: false, partner: None, reviewers };
        let of_partner = |partner: &Identifier| Required {
            root: false,
            partner: Some(partner.clone()),
            reviewers: 0,
        };
        match self {
            Self::Keys(_) => Required { root: true, partner: None, reviewers: 0 },
            Self::FieldSchema(_) | Self::Rules(_) | Self::Budgets(_) | Self::Reinstatement(_) => {
                reviewers(FOUR_EYES)
            }
            Self::Partner(_) => {
                Required { root: false, partner: partner.cloned(), reviewers: FOUR_EYES }
            }
            Self::Agreement(act) => {
                Required { root: false, partner: Some(act.partner.clone()), reviewers: FOUR_EYES }
            }
            Self::Build(_) => Required { root: false, partner: partner.cloned(), reviewers: 0 },
            Self::Certification(act) => of_partner(&act.partner),
            Self::Obligation(act) => match act.step {
                ObligationStep::Demanded { .. } => reviewers(1),
                ObligationStep::Attested => of_partner(&act.partner),
                ObligationStep::Lifted { .. } => reviewers(FOUR_EYES),
            },
            Self::Screening(act) => match act.outcome {
                Outcome::Clear => reviewers(FOUR_EYES),
                Outcome::Undecided | Outcome::Refused => reviewers(1),
            },
            Self::Review(review) => match review.outcome {
                ReviewOutcome::Approve => reviewers(FOUR_EYES),
                ReviewOutcome::Revoke => reviewers(1),
            },
            Self::ReviewPause(pause) => reviewers(if pause.paused { 1 } else { FOUR_EYES }),
            Self::Suspension(_) | Self::WindDown(_) => reviewers(1),
        }
    }

    /// Checks the texts that people wrote into the act, which others will see on their terminals.
    ///
    /// # Errors
    /// [`NotPlainText`], naming the first one that cannot be shown.
    pub fn check_texts(&self) -> Result<(), NotPlainText> {
        let name = |what, text: &str| text::check(what, NAME_CHARACTERS_MAX, text);
        let reason = |text: &str| text::check("reason", REASON_CHARACTERS_MAX, text);
        match self {
            Self::Partner(partner) => {
                name("partner's name", &partner.name)?;
                partner.parent.iter().try_for_each(|parent| name("parent's name", parent))?;
                partner.owners.iter().try_for_each(|owner| name("owner's name", &owner.name))
            }
            Self::Build(build) => name("package", &build.package),
            Self::ReviewPause(pause) => reason(&pause.reason),
            Self::Suspension(act) => reason(&act.reason),
            Self::Reinstatement(act) => reason(&act.reason),
            Self::WindDown(act) => reason(&act.reason),
            Self::Obligation(act) => match &act.step {
                ObligationStep::Demanded { reason: why, .. }
                | ObligationStep::Lifted { reason: why } => reason(why),
                ObligationStep::Attested => Ok(()),
            },
            Self::Certification(act) => {
                act.categories.iter().try_for_each(|category| name("category", category))
            }
            // Identifiers, keys and digests cannot hold such text.
            Self::Keys(_)
            | Self::FieldSchema(_)
            | Self::Rules(_)
            | Self::Agreement(_)
            | Self::Screening(_)
            | Self::Budgets(_)
            | Self::Review(_) => Ok(()),
        }
    }

    /// The digest of the document that is published with this act, if one is.
    #[must_use]
    pub const fn document(&self) -> Option<Digest> {
        match self {
            Self::FieldSchema(published) | Self::Rules(published) | Self::Budgets(published) => {
                Some(published.digest)
            }
            Self::Agreement(act) => Some(act.digest),
            _ => None,
        }
    }
}

/// A text that names neither a subject nor a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct NotAName {
    /// The text as it came.
    pub found: String,
    /// What could stand there.
    pub expected: &'static str,
}

impl std::str::FromStr for Subject {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let subject = match text.split_once(':') {
            Some(("partner", name)) => Identifier::parse(name).ok().map(Self::Partner),
            Some(("client", name)) => Identifier::parse(name).ok().map(Self::Client),
            _ => None,
        };
        let expected = "partner:NAME or client:NAME";
        subject.ok_or_else(|| NotAName { found: text.to_owned(), expected })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partner(name) => write!(f, "partner:{name}"),
            Self::Client(name) => write!(f, "client:{name}"),
        }
    }
}

impl std::str::FromStr for Signer {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let signer = match text.split_once(':') {
            None if text == "root" => Some(Self::Root),
            Some(("partner", name)) => Identifier::parse(name).ok().map(Self::Partner),
            Some(("reviewer", name)) => Identifier::parse(name).ok().map(Self::Reviewer),
            _ => None,
        };
        let expected = "root, partner:NAME or reviewer:NAME";
        signer.ok_or_else(|| NotAName { found: text.to_owned(), expected })
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("root"),
            Self::Partner(name) => write!(f, "partner:{name}"),
            Self::Reviewer(name) => write!(f, "reviewer:{name}"),
        }
    }
}

macro_rules! written_as_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

written_as_text!(Subject);
written_as_text!(Signer);
