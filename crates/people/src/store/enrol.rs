//! Enrolment: handle, secret and settings for people whose profiles lie elsewhere, when a source first
//! meets their accounts.

use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;

use super::changes::Changes;
use super::choice::Choice;
use super::databases::{ReadTxn, Txn as _};
use super::error::StoreError;
use super::guesses::Guesses;
use super::kept::Writer;
use super::person_ref::PersonRef;
use super::record::ACCOUNT_BYTES_MAX;
use super::storage::Storage;
use super::view::View;

/// A person as the store knows them by account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enrolled {
    /// Their number, under which a [view](super::People::view) has the rest; taken after this, it has everybody.
    pub number: u32,
    /// Their handle.
    pub handle: Handle,
}

/// Whose accounts are looked up, and where they were found last.
pub(super) struct Accounts<'p> {
    pub(super) storage: &'p Storage,
    pub(super) guesses: &'p Guesses,
}

impl Accounts<'_> {
    /// The people of these accounts, in their order. Who was never seen gets a handle, a secret and
    /// what they are to begin with, without profile and friends: all of them in one commit.
    pub(super) fn enrol<'a>(
        &self,
        beginnings: impl IntoIterator<Item = (&'a str, Choice)>,
    ) -> Result<Vec<Enrolled>, StoreError> {
        let beginnings: Vec<_> = beginnings.into_iter().collect();
        let mut unknown = Vec::new();
        let mut found = self.known(beginnings.iter().map(|(account, _)| *account), &mut unknown)?;
        if unknown.is_empty() {
            return Ok(found);
        }
        let writer = Writer::wait(self.storage);
        let mut changes = Changes::begin(&writer, Settings::CLOSED)?;
        let mut came = Vec::with_capacity(unknown.len());
        for (at, account) in unknown {
            let begins = beginnings.get(at).map_or(Settings::CLOSED.into(), |(_, begins)| *begins);
            came.push((at, changes.person_beginning(account, begins)?));
        }
        changes.commit()?;
        let view = self.storage.view();
        for (at, number) in came {
            let person = view.person(number);
            let person = person.ok_or_else(|| self.storage.dir.damaged("a person"))?;
            if let Some(place) = found.get_mut(at) {
                *place = Enrolled { number, handle: person.handle() };
            }
        }
        Ok(found)
    }

    /// The people of these accounts, in their order, if all of them are known.
    pub(super) fn enrolled<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Vec<Enrolled>>, StoreError> {
        let mut unknown = Vec::new();
        let found = self.known(accounts, &mut unknown)?;
        Ok(unknown.is_empty().then_some(found))
    }

    /// Those whom readers can see; the place of every other one, with a number that nobody has.
    fn known<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a str>,
        unknown: &mut Vec<(usize, &'a str)>,
    ) -> Result<Vec<Enrolled>, StoreError> {
        let view = self.storage.view();
        let mut txn = None;
        let mut found = Vec::new();
        for (account, at) in accounts.into_iter().zip(0..) {
            if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
                return Err(StoreError::AccountLength { found: account.len() });
            }
            let person = match self.guesses.find(&view, account) {
                Some(person) => Some(person),
                None => self.look_up(&mut txn, &view, account)?,
            };
            found.push(match person {
                Some((number, person)) => Enrolled { number, handle: person.handle() },
                None => {
                    unknown.push((at, account));
                    Enrolled { number: u32::MAX, handle: Handle([0; 16]) }
                }
            });
        }
        Ok(found)
    }

    /// The person of this account as the databases have them, in a transaction that is begun when it is
    /// needed first.
    fn look_up<'v>(
        &self,
        txn: &mut Option<ReadTxn>,
        view: &'v View,
        account: &str,
    ) -> Result<Option<(u32, PersonRef<'v>)>, StoreError> {
        let txn = match txn {
            Some(txn) => txn,
            None => txn.insert(self.storage.read()?),
        };
        let number = txn.tables().accounts.get(txn, account)?;
        // Committed this instant, somebody may not be in the view yet; the writers' order tells.
        let person = number.and_then(|number| Some((number, view.person(number)?)));
        if let Some((number, _)) = &person {
            self.guesses.keep(account, *number);
        }
        Ok(person)
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::identifier::Identifier;

    use super::*;
    use crate::store::{People, StoreOptions};

    #[test]
    fn everybody_who_enrols_an_account_at_once_gets_the_same_person() {
        let dir = tempfile::tempdir().unwrap();
        let open = || People::open(dir.path(), StoreOptions::default()).unwrap();
        let people = open();
        let accounts: Vec<String> = (0..60).map(|n| format!("account {n}")).collect();
        let enrol = |from: usize| {
            let mut found = Vec::new();
            for at in 0..20 {
                let some = accounts.iter().cycle().skip(from + at * 3).take(7);
                let some: Vec<&str> = some.map(String::as_str).collect();
                let enrolled = people.enrol(some.iter().copied(), Settings::CLOSED).unwrap();
                let named = some.into_iter().map(str::to_owned).zip(enrolled);
                found.extend(named);
            }
            found
        };
        let found: Vec<_> = std::thread::scope(|threads| {
            let threads: Vec<_> = (0..6).map(|n| threads.spawn(move || enrol(n))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(people.counts().people, 60);
        drop(people);
        let people = open();
        for (account, enrolled) in found {
            assert_eq!(people.person_of_account(&account).unwrap(), Some(enrolled.handle));
            assert_eq!(people.view().number_of(enrolled.handle), Some(enrolled.number));
            assert_eq!(people.settings(enrolled.handle).unwrap(), Settings::CLOSED);
        }
    }

    #[test]
    fn an_account_twice_in_one_call_is_one_person_and_one_too_long_is_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let found = people.enrol(["ada", "bob", "ada"], Settings::DEFAULT).unwrap();
        assert_eq!((found[0], people.counts().people), (found[2], 2));
        let long = "x".repeat(ACCOUNT_BYTES_MAX + 1);
        let error = people.enrol(["eve", &long], Settings::DEFAULT).unwrap_err();
        assert!(matches!(error, StoreError::AccountLength { found: 256 }), "{error}");
        assert_eq!(people.counts().people, 2);
        let partner = Identifier::parse("aurora").unwrap();
        let [ada, bob] = [found[0], found[1]].map(|one| people.pairwise(one.handle, &partner));
        assert!(ada.is_some() && ada != bob);
        assert_eq!(people.pairwise(Handle([0; 16]), &partner), None);
    }
}
