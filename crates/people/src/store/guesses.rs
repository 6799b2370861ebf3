//! Where accounts were found last, so that a source outside of this process, which tells of hundreds of
//! people by account, need not look each of them up in LMDB.
//!
//! INVARIANT: a guess is only ever taken when the record that it leads to has the account. So slots may be
//! overwritten, lost or of an earlier view, and nobody is taken for somebody else. Kept by
//! [`Guesses::find`].

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};

use super::person_ref::PersonRef;
use super::view::View;

/// How many accounts are remembered at most. They take 4 MiB, of which only what is used is there.
const SLOTS: usize = 1 << 20;

/// Numbers of people by a hash of their account, one a slot: the number and one, or zero.
pub(super) struct Guesses {
    slots: Box<[AtomicU32]>,
    hasher: RandomState,
}

impl Guesses {
    /// Nothing was found yet.
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| AtomicU32::new(0)).collect();
        Self { slots, hasher: RandomState::new() }
    }

    /// The person of this account, if they are where they were found last.
    pub(super) fn find<'v>(&self, view: &'v View, account: &str) -> Option<(u32, PersonRef<'v>)> {
        let number = self.slot(account)?.load(Ordering::Relaxed).checked_sub(1)?;
        let person = view.person(number)?;
        (person.account() == Some(account)).then_some((number, person))
    }

    /// The person of this account was found there.
    pub(super) fn keep(&self, account: &str, number: u32) {
        if let Some(slot) = self.slot(account) {
            slot.store(number.wrapping_add(1), Ordering::Relaxed);
        }
    }

    fn slot(&self, account: &str) -> Option<&AtomicU32> {
        let hash = self.hasher.hash_one(account) as usize;
        self.slots.get(hash % SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::settings::Settings;

    use crate::store::{People, StoreOptions};

    #[test]
    fn a_wrong_guess_makes_nobody_somebody_else() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let enrolled = people.enrol(["ada", "bob"], Settings::CLOSED).unwrap();
        let [ada, bob] = [enrolled[0], enrolled[1]];
        let view = people.view();
        let guessed = |account| people.guesses.find(&view, account).map(|(number, _)| number);
        assert_eq!(people.enrolled(["ada"]).unwrap().unwrap(), [ada]);
        assert_eq!(guessed("ada"), Some(ada.number));
        for wrong in [bob.number, 7, u32::MAX] {
            people.guesses.keep("ada", wrong);
            assert_eq!(guessed("ada"), None);
            assert_eq!(people.enrolled(["ada", "bob"]).unwrap().unwrap(), [ada, bob]);
        }
        people.guesses.keep("nobody", ada.number);
        assert_eq!(people.enrolled(["nobody"]).unwrap(), None);
    }
}
