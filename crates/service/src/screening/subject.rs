//! Whom a partner's screening is about: what the register says of it, and the owners that the platform was
//! told privately, natural persons among them. The latter stand in a file and in the case file only.

use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_domain::text::{self, NAME_CHARACTERS_MAX, NotPlainText};
use countersign_policy::screening::subject::{Owner, Subject};
use serde::Deserialize;

/// A file of owners whom the register does not name, or whose own owners it does not.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectFile {
    /// The partner.
    pub partner: Identifier,
    /// Its owners, with theirs.
    pub owners: Vec<Owner>,
}

/// Owners who cannot be screened as they were told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Register and file do not say the same.
    #[error(
        "partner {partner}: the register has the owner {owner:?} with another country or share than the subject file; correct one of them"
    )]
    Contradiction {
        /// The partner.
        partner: Identifier,
        /// The owner.
        owner: String,
    },
    /// Shares in the file that cannot be.
    #[error("partner {partner}: the subject file gives {owner:?} {percent} percent")]
    MoreThanAll {
        /// The partner.
        partner: Identifier,
        /// The owner.
        owner: String,
        /// The share.
        percent: u8,
    },
    /// A name that cannot be shown.
    #[error("partner {partner}: {error}")]
    Text {
        /// The partner.
        partner: Identifier,
        /// What is wrong with it.
        error: NotPlainText,
    },
}

/// The partner with everybody behind it. An owner whom the register names too is one owner; the file adds
/// who is behind them.
///
/// # Errors
/// [`SubjectError`], naming the owner.
pub fn subject(partner: &Partner, told: &[Owner]) -> Result<Subject, SubjectError> {
    check(partner, told)?;
    let mut subject = Subject::from(partner);
    for owner in told {
        match subject.owners.iter_mut().find(|known| known.name == owner.name) {
            None => subject.owners.push(owner.clone()),
            Some(known) if (known.country, known.percent) == (owner.country, owner.percent) => {
                known.owners.clone_from(&owner.owners);
            }
            Some(_) => {
                let (partner, owner) = (partner.id.clone(), owner.name.clone());
                return Err(SubjectError::Contradiction { partner, owner });
            }
        }
    }
    Ok(subject)
}

fn check(partner: &Partner, told: &[Owner]) -> Result<(), SubjectError> {
    let mut unvisited: Vec<&Owner> = told.iter().collect();
    while let Some(owner) = unvisited.pop() {
        let partner = partner.id.clone();
        if let Err(error) = text::check("owner's name", NAME_CHARACTERS_MAX, &owner.name) {
            return Err(SubjectError::Text { partner, error });
        }
        if owner.percent > 100 {
            let (owner, percent) = (owner.name.clone(), owner.percent);
            return Err(SubjectError::MoreThanAll { partner, owner, percent });
        }
        unvisited.extend(&owner.owners);
    }
    Ok(())
}
