//! Gives people of whom a platform told by account the names that only Countersign has for them, and
//! the settings that they chose, so that a decision can be made about them.

use countersign_domain::decide::Candidate;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, Secret};
use countersign_verifier::record::pairwise_id;

use super::SourceError;
use crate::store::People;

/// A person as the platform tells of them.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// The platform's name for them.
    pub(super) account: &'a str,
    /// Whether they are a minor.
    pub(super) minor: bool,
    /// The fields for which there is a value.
    pub(super) present: FieldSet,
}

/// The candidates, the viewer first, and where each of them stood among those who were told of.
pub(super) struct Named {
    pub(super) candidates: Vec<Candidate>,
    pub(super) places: Vec<usize>,
}

/// Names people, the viewer first; puts friends in the order of their ids toward the partner.
///
/// # Errors
/// [`SourceError::UnknownPerson`] without a viewer, [`SourceError::Nonsense`] when it is another one or
/// somebody stands there twice, [`SourceError::Store`].
pub(super) fn name<'a>(
    store: &People,
    viewer: Handle,
    partner: &Identifier,
    people: impl Iterator<Item = Told<'a>>,
) -> Result<Named, SourceError> {
    let view = store.view();
    let mut secret = Secret([0; 32]);
    let mut named = Vec::new();
    for (told, place) in people.zip(0..) {
        let handle = store.person_of_account(told.account)?;
        let number = handle.and_then(|handle| view.number_of(handle));
        let Some((number, known)) = number.and_then(|n| Some((n, view.person(n)?))) else {
            continue;
        };
        known.secret_into(&mut secret);
        let candidate = Candidate {
            handle: known.handle(),
            pairwise: pairwise_id(&secret, partner),
            settings: view.settings(number, &known),
            present: told.present.with(FieldId::ID).with(FieldId::FRIENDS),
            minor: told.minor,
        };
        named.push((candidate, place));
    }
    in_order(named, viewer)
}

fn in_order(mut named: Vec<(Candidate, usize)>, viewer: Handle) -> Result<Named, SourceError> {
    let [(first, _), friends @ ..] = named.as_mut_slice() else {
        return Err(SourceError::UnknownPerson);
    };
    let nonsense = |reason: &str| SourceError::Nonsense { reason: reason.to_owned() };
    if first.handle != viewer {
        return Err(nonsense("somebody else stands in the viewer's place"));
    }
    friends.sort_unstable_by_key(|(friend, _)| friend.pairwise);
    let stands_twice =
        |two: &[(Candidate, usize)]| matches!(two, [(a, _), (b, _)] if a.handle == b.handle);
    if friends.windows(2).any(stands_twice) || friends.iter().any(|(one, _)| one.handle == viewer) {
        return Err(nonsense("somebody stands there twice"));
    }
    let (candidates, places) = named.into_iter().unzip();
    Ok(Named { candidates, places })
}
