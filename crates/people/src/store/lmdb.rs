//! The store as the rest of the server sees it: people, what they chose and their grants. Everything is done below, by
//! the modules of the tables; what people chose, and what comes of it, is in [`consents`](super::consents).

use std::path::Path;
use std::sync::Arc;

use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, PairwiseId, Secret};
use countersign_domain::settings::Settings;
use countersign_protocol::record::pairwise_id;

use super::choice::Choice;
use super::client_secret::{self, ClientSecret};
use super::databases::Txn as _;
use super::enrol::{Accounts, Enrolled};
use super::error::StoreError;
use super::guesses::Guesses;
use super::image_writer::Done;
use super::kept::{Importer, Writer};
use super::log_mark::LogMark;
use super::options::{Counts, StoreOptions};
use super::record::ACCOUNT_BYTES_MAX;
use super::storage::Storage;
use super::view::View;
use super::{compaction, fold, legacy, meta, opening};

/// The store of people. One program at a time has it open.
pub struct People {
    pub(super) storage: Storage,
    pub(super) guesses: Guesses,
}

impl People {
    /// Opens the store in this folder, or begins one.
    ///
    /// # Errors
    /// [`StoreError`]; among others when another program has it open, when it is of an unknown
    /// format, and when its image is missing or damaged.
    pub fn open(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        let storage = Storage::open(dir, options)?;
        if meta::has_remnants(&storage.read()?)? {
            // A crash may have come between, and left an image with people who were destroyed.
            fold::fold(&storage, &mut |_, _| ())?;
            compaction::compact(&storage)?;
        }
        Ok(Self { storage, guesses: Guesses::new() })
    }

    /// Opens the store in this folder, where there has to be one.
    ///
    /// # Errors
    /// As [`People::open`]; [`StoreError::Missing`].
    pub fn open_existing(dir: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        opening::check_exists(dir)?;
        Self::open(dir, options)
    }

    /// The folder that it lies in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.storage.dir.path
    }

    /// What readers see now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.storage.view()
    }

    /// What readers see once everything that is committed now is seen. A commit is durable, and in the databases,
    /// a moment before readers see it; this waits for whoever is between the two.
    #[must_use]
    pub fn settled_view(&self) -> Arc<View> {
        let _turn = self.writer();
        self.view()
    }

    /// Waits for the turn to change people.
    #[must_use]
    pub fn writer(&self) -> Writer<'_> {
        Writer::wait(&self.storage)
    }

    /// Waits for the turn to import people.
    #[must_use]
    pub fn importer(&self) -> Importer<'_> {
        Importer::wait(&self.storage)
    }

    /// Writes a new image with everything that changed, and lets readers see it. `done` is told of
    /// people written and people in all.
    ///
    /// # Errors
    /// [`StoreError`]; then the image is as it was.
    pub fn fold(&self, done: Done<'_>) -> Result<Counts, StoreError> {
        fold::fold(&self.storage, done)
    }

    /// Waits for a fold that is under way, if so much has changed that writers must not run ahead of it.
    pub fn wait_for_fold(&self) {
        fold::wait(&self.storage);
    }

    /// Whether [`People::wait_for_fold`] would have to wait now.
    #[must_use]
    pub fn is_fold_behind(&self) -> bool {
        fold::is_behind(&self.storage)
    }

    /// The last sequence of the change feed that was applied; zero before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn feed_sequence(&self) -> Result<u64, StoreError> {
        meta::feed(&self.storage.read()?)
    }

    /// How often canaries were changed, as far as the store was told: their file, which can be restored without it,
    /// has as many changes or more.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn canary_changes(&self) -> Result<u64, StoreError> {
        meta::canary_changes(&self.storage.read()?)
    }

    /// Tells the store how often canaries were changed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_canary_changes(&self, count: u64) -> Result<(), StoreError> {
        self.writer().write(|txn| meta::put_canary_changes(txn, count))
    }

    /// How far these people agree with a log; `None` before they were first used beside one.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn log_mark(&self) -> Result<Option<LogMark>, StoreError> {
        meta::log_mark(&self.storage.read()?)
    }

    /// Says that these people agree with a log up to there.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_log_mark(&self, mark: LogMark) -> Result<(), StoreError> {
        self.writer().write(|txn| meta::put_log_mark(txn, mark))
    }

    /// How many people have the settings of the preset `legacy-2014`, those whom the platform removed
    /// included: they have them when they are back.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn legacy_2014_count(&self) -> Result<u64, StoreError> {
        legacy::count(&self.storage.read()?)
    }

    /// How many people and friendships there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.view().counts()
    }

    /// The people of these accounts, in their order. Who was never seen gets a handle, a secret and
    /// what they are to begin with, without profile and friends: all of them in one commit, durable on return and
    /// the same for whoever asks at once. Where everybody is known, nothing is written.
    ///
    /// # Errors
    /// [`StoreError::AccountLength`], [`StoreError::Full`], [`StoreError::Database`], …; then nobody
    /// has come.
    pub fn enrol<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a str>,
        beginning: impl Into<Choice>,
    ) -> Result<Vec<Enrolled>, StoreError> {
        let beginning = beginning.into();
        self.enrol_each(accounts.into_iter().map(|account| (account, beginning)))
    }

    /// The same, where different people begin with different settings.
    ///
    /// # Errors
    /// As [`People::enrol`].
    pub fn enrol_each<'a>(
        &self,
        beginnings: impl IntoIterator<Item = (&'a str, Choice)>,
    ) -> Result<Vec<Enrolled>, StoreError> {
        self.accounts().enrol(beginnings)
    }

    /// The people of these accounts, in their order, if all of them are known; nothing is written.
    ///
    /// # Errors
    /// [`StoreError::AccountLength`], [`StoreError::Database`].
    pub fn enrolled<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Option<Vec<Enrolled>>, StoreError> {
        self.accounts().enrolled(accounts)
    }

    const fn accounts(&self) -> Accounts<'_> {
        Accounts { storage: &self.storage, guesses: &self.guesses }
    }

    /// The person that the platform calls so, or called so before it removed them.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn person_of_account(&self, account: &str) -> Result<Option<Handle>, StoreError> {
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            return Ok(None);
        }
        let txn = self.storage.read()?;
        let number = txn.tables().accounts.get(&txn, account)?;
        let view = self.view();
        Ok(number.and_then(|number| view.person(number)).map(|person| person.handle()))
    }

    /// Whether the platform has removed this person, of whom the store keeps handle, secret and settings.
    #[must_use]
    pub fn is_removed(&self, person: Handle) -> bool {
        let view = self.view();
        let number = view.number_of(person);
        number.and_then(|number| view.person(number)).is_some_and(|person| person.is_removed())
    }

    /// Whether this person asked for erasure.
    #[must_use]
    pub fn is_erased(&self, person: Handle) -> bool {
        let view = self.view();
        let number = view.number_of(person);
        number.and_then(|number| view.person(number)).is_some_and(|person| person.is_erased())
    }

    /// What the platform calls this person.
    #[must_use]
    pub fn account_of(&self, person: Handle) -> Option<String> {
        let view = self.view();
        view.person(view.number_of(person)?)?.account().map(str::to_owned)
    }

    /// The name of a person toward a partner.
    #[must_use]
    pub fn pairwise(&self, person: Handle, partner: &Identifier) -> Option<PairwiseId> {
        let view = self.view();
        let person = view.person(view.number_of(person)?)?;
        let mut secret = Secret([0; 32]);
        person.secret_into(&mut secret);
        Some(pairwise_id(&secret, partner))
    }

    /// What the person chose.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`].
    pub fn settings(&self, person: Handle) -> Result<Settings, StoreError> {
        let view = self.view();
        let number = view.number_of(person).ok_or(StoreError::UnknownPerson)?;
        Ok(view.person(number).ok_or(StoreError::UnknownPerson)?.settings())
    }

    /// The secret of a client, if it has one.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn client_secret(&self, client: &Identifier) -> Result<Option<ClientSecret>, StoreError> {
        client_secret::find(&self.storage.read()?, client)
    }

    /// Keeps a client's secret, in the place of an earlier one, which ends.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_client_secret(
        &self,
        client: &Identifier,
        secret: &ClientSecret,
    ) -> Result<(), StoreError> {
        self.writer().write(|txn| client_secret::put(txn, client, secret))
    }

    /// Removes a client's secret; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn remove_client_secret(&self, client: &Identifier) -> Result<bool, StoreError> {
        self.writer().write(|txn| client_secret::remove(txn, client))
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").field("dir", &self.folder()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FORMAT_VERSION, rebuild_image};

    #[test]
    fn a_store_of_another_format_is_refused_not_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let other = FORMAT_VERSION + 1;
        people.writer().write(|txn| txn.tables.put_format(txn, other)).unwrap();
        drop(people);
        for _ in 0..2 {
            let error = People::open(dir.path(), StoreOptions::default()).unwrap_err();
            assert!(
                matches!(error, StoreError::UnknownFormat { found, .. } if found == other),
                "{error}"
            );
        }
        let error = rebuild_image(dir.path(), StoreOptions::default()).unwrap_err();
        assert!(
            matches!(error, StoreError::UnknownFormat { found, .. } if found == other),
            "{error}"
        );
    }
}
