//! Changes of people one by one: one transaction, and readers see them over the image, all at once.
//!
//! Friendship is mutual: whatever changes one list here changes the other one too.

use std::collections::{BTreeSet, HashSet};

use countersign_domain::field::FieldSet;
use countersign_domain::person::{Handle, Secret};
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;

use super::choice::Choice;
use super::databases::{Txn as _, WriteTxn};
use super::erasure_table::{self, ErasureRow};
use super::error::StoreError;
use super::history::{self, Event, HistoryRecord};
use super::kept::Writer;
use super::log_mark::LogMark;
use super::provenance::{Holds, Made, Way};
use super::record::{self, Profile, Record};
use super::replica::{Replica, changed_person};
use super::writing::{Known, Writing};
use super::{grants, legacy, meta};

/// Changes that have begun. Dropped, they leave no trace.
pub struct Changes<'w> {
    replica: &'w Replica,
    writing: Writing<'w>,
    /// What new people begin with.
    beginning: Choice,
    touched: BTreeSet<u32>,
    /// Those whose grants end.
    removed: HashSet<Handle>,
    profile: Profile,
}

/// What changes about a person. What it does not say stays.
#[derive(Debug, Default)]
pub struct Update<'a> {
    /// Whether they are a minor.
    pub minor: Option<bool>,
    /// Their profile.
    pub profile: Option<ProfileUpdate<'a>>,
}

/// What changes about a profile.
#[derive(Debug)]
pub enum ProfileUpdate<'a> {
    /// This one takes the place of what was there.
    Whole(&'a mut Profile),
    /// Some fields alone.
    Part {
        /// New values.
        set: &'a Profile,
        /// Fields that have no value any more.
        unset: FieldSet,
    },
}

impl<'w> Changes<'w> {
    /// Begins changes of people one by one, in which new people begin so. Nothing of them is there before they are
    /// committed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn begin(writer: &'w Writer<'_>, beginning: impl Into<Choice>) -> Result<Self, StoreError> {
        Ok(Self {
            replica: &writer.storage.replica,
            writing: Writing::begin(writer.database.write()?)?,
            beginning: beginning.into(),
            touched: BTreeSet::new(),
            removed: HashSet::new(),
            profile: Profile::default(),
        })
    }

    /// The last sequence of the change feed that was applied; zero before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn sequence(&self) -> Result<u64, StoreError> {
        meta::feed(&self.writing.txn)
    }

    /// Says up to which sequence the change feed is applied.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn set_sequence(&mut self, sequence: u64) -> Result<(), StoreError> {
        meta::put_feed(&mut self.writing.txn, sequence)
    }

    /// The number of the person of this account, who comes if they were not there: with a handle, a
    /// secret and the settings that people begin with, without a profile and friends.
    ///
    /// # Errors
    /// [`StoreError::AccountLength`], [`StoreError::TooManyPeople`], [`StoreError::Full`], …
    pub fn person(&mut self, account: &str) -> Result<u32, StoreError> {
        self.person_beginning(account, self.beginning)
    }

    /// The same, where this person begins with settings of their own.
    ///
    /// # Errors
    /// As [`Changes::person`].
    pub(super) fn person_beginning(
        &mut self,
        account: &str,
        begins: Choice,
    ) -> Result<u32, StoreError> {
        if let Some(number) = self.writing.number_of(account)? {
            return Ok(number);
        }
        let number = self.writing.place(account)?;
        let known = self.writing.fresh(begins.settings)?;
        self.writing.mark_new(number, begins)?;
        self.profile.clear();
        self.writing.put(number, account, &known, &mut self.profile, true)?;
        self.touched.insert(number);
        Ok(number)
    }

    /// The number of the person of this account, as [`Changes::person`]; whoever was removed is back.
    ///
    /// # Errors
    /// As [`Changes::person`]; [`StoreError::BeingErased`].
    pub fn living(&mut self, account: &str) -> Result<u32, StoreError> {
        let number = self.person(account)?;
        let known = self.writing.known(number)?;
        if known.erased {
            return Err(StoreError::BeingErased);
        }
        if known.removed {
            self.put(number, |known, _| known.removed = false)?;
        }
        Ok(number)
    }

    /// Changes what is known of a person.
    ///
    /// # Errors
    /// [`StoreError::ProfileTooLarge`], [`StoreError::Full`], …
    pub fn update(&mut self, number: u32, update: Update<'_>) -> Result<(), StoreError> {
        self.put(number, |known, profile| {
            known.minor = update.minor.unwrap_or(known.minor);
            match update.profile {
                None => {}
                Some(ProfileUpdate::Whole(whole)) => std::mem::swap(profile, whole),
                Some(ProfileUpdate::Part { set, unset }) => {
                    profile.unset(unset);
                    profile.merge(set);
                }
            }
        })
    }

    /// Makes two people friends of each other.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn befriend(&mut self, one: u32, other: u32) -> Result<(), StoreError> {
        self.list(one, other)?;
        self.list(other, one)
    }

    /// Ends a friendship, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn part(&mut self, one: u32, other: u32) -> Result<(), StoreError> {
        self.unlist(one, other)?;
        self.unlist(other, one)
    }

    /// Ends a friendship between the people of these accounts, if both are there.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn part_accounts(&mut self, one: &str, other: &str) -> Result<(), StoreError> {
        match (self.writing.number_of(one)?, self.writing.number_of(other)?) {
            (Some(one), Some(other)) => self.part(one, other),
            _ => Ok(()),
        }
    }

    /// Makes these people, and nobody else, the friends of a person.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn set_friends(&mut self, number: u32, friends: &[u32]) -> Result<(), StoreError> {
        let mut friends = friends.to_vec();
        friends.sort_unstable();
        friends.dedup();
        let before = self.writing.friends_of(number)?;
        if friends == before {
            return Ok(());
        }
        let is_in = |list: &[u32], person: &u32| list.binary_search(person).is_ok();
        for former in before.iter().filter(|former| !is_in(&friends, former)) {
            self.unlist(*former, number)?;
        }
        for new in friends.iter().filter(|new| !is_in(&before, new)) {
            self.list(*new, number)?;
        }
        self.touched.insert(number);
        self.writing.set_friends(number, &friends)
    }

    /// Removes the person of this account, if there is one: profile, friendships and grants go; handle, secret,
    /// settings and history stay until erasure.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn remove(&mut self, account: &str) -> Result<(), StoreError> {
        let Some(number) = self.writing.number_of(account)? else { return Ok(()) };
        self.set_friends(number, &[])?;
        self.removed.insert(self.writing.known(number)?.handle);
        self.put(number, |known, profile| {
            known.removed = true;
            profile.clear();
        })
    }

    /// Closes everything of the person of this number, and takes everything away that may go before the log
    /// has closed the period: what stays is for the log, and for a legal hold.
    /// The number of that among their choices.
    pub(super) fn erase(&mut self, number: u32, made: Made) -> Result<u64, StoreError> {
        self.set_friends(number, &[])?;
        let handle = self.writing.known(number)?.handle;
        self.removed.insert(handle);
        self.mark(number, None)?;
        self.put(number, |known, profile| {
            let (handle, secret) =
                (known.handle, std::mem::replace(&mut known.secret, Secret([0; 32])));
            *known = Known { secret, ..Known::nobody(handle) };
            profile.clear();
        })?;
        let chosen = self.append(handle, Event::Erased, made)?;
        let asked = ErasureRow { at: made.at, chosen, logged_at: None };
        erasure_table::put(&mut self.writing.txn, number, &asked)?;
        Ok(chosen)
    }

    /// The log has the erasure of the person of this number, in an entry of this time.
    pub(super) fn erasure_logged(&mut self, number: u32, at: Timestamp) -> Result<(), StoreError> {
        let asked = erasure_table::get(&self.writing.txn, number)?;
        let logged = ErasureRow { logged_at: Some(at), ..asked };
        erasure_table::put(&mut self.writing.txn, number, &logged)
    }

    /// Says, with these changes, how far the people agree with the log.
    pub(super) fn put_log_mark(&mut self, mark: LogMark) -> Result<(), StoreError> {
        meta::put_log_mark(&mut self.writing.txn, mark)
    }

    /// Holds what is kept of the person of this number until then; the number of that among their choices.
    pub(super) fn hold(
        &mut self,
        number: u32,
        until: Timestamp,
        made: Made,
    ) -> Result<u64, StoreError> {
        let handle = self.writing.known(number)?.handle;
        erasure_table::put_hold(&mut self.writing.txn, number, until)?;
        self.append(handle, Event::Hold { until }, made)
    }

    /// Takes away everything that is left of the person of this number, for good. Their number stays nobody's.
    pub(super) fn destroy(&mut self, number: u32) -> Result<(), StoreError> {
        let nobody = self.writing.fresh(Settings::CLOSED)?.handle;
        let handle = self.writing.known(number)?.handle;
        let account =
            Record::parse(self.writing.record(number)?).and_then(|record| record.account());
        let account = account.map(str::to_owned);
        let txn = &mut self.writing.txn;
        let tables = txn.tables;
        if let Some(account) = &account {
            tables.accounts.delete(txn, account)?;
        }
        for of_number in [tables.beginnings, tables.erasures, tables.holds] {
            of_number.delete(txn, &number)?;
        }
        meta::put_remnants(txn, true)?;
        grants::forget(txn, handle)?;
        self.profile.clear();
        self.touched.insert(number);
        self.writing.put(number, "", &Known::nobody(nobody), &mut self.profile, false)
    }

    /// Adds what changed to a person's history; its number.
    pub(super) fn append(
        &mut self,
        person: Handle,
        event: Event,
        made: Made,
    ) -> Result<u64, StoreError> {
        let record = HistoryRecord { made, event };
        history::append(&mut self.writing.txn, person, &record, Holds::AtOnce)
    }

    /// Whether the platform removed the person of this number, or they are erased.
    pub(super) fn is_removed(&self, number: u32) -> Result<bool, StoreError> {
        Ok(self.writing.known(number)?.removed)
    }

    /// The number of the person of this account, if there is one.
    pub(super) fn number_of(&self, account: &str) -> Result<Option<u32>, StoreError> {
        self.writing.number_of(account)
    }

    /// What the person of this number chose, or began with.
    pub(super) fn settings(&self, number: u32) -> Result<Settings, StoreError> {
        Ok(self.writing.known(number)?.settings)
    }

    /// Remembers what the person of this number chose, where `before` was chosen before, and lets
    /// `in_force` hold: what may until the log has it. The number of the choice, unless nothing
    /// changes: then it is the person's own all the same.
    pub(super) fn choose(
        &mut self,
        number: u32,
        [before, in_force]: [Settings; 2],
        own: Choice,
        made: Made,
    ) -> Result<Option<u64>, StoreError> {
        let known = self.writing.known(number)?;
        if known.erased {
            return Err(StoreError::BeingErased);
        }
        self.put_chosen(number, in_force, made.by)?;
        self.mark(number, own.preset.filter(|_| in_force == own.settings))?;
        let Some(record) = history::of_settings(before, own.settings, own.preset, made) else {
            return Ok(None);
        };
        let txn = &mut self.writing.txn;
        history::append(txn, known.handle, &record, Holds::OnceLogged).map(Some)
    }

    /// The handle of the person of this number, and whether they chose their settings here.
    pub(super) fn chooser(&self, number: u32) -> Result<(Handle, bool), StoreError> {
        let known = self.writing.known(number)?;
        Ok((known.handle, known.own_settings))
    }

    /// Lets these settings of the person of this number hold, which came this way.
    pub(super) fn put_in_force(
        &mut self,
        number: u32,
        choice: Choice,
        by: Way,
    ) -> Result<(), StoreError> {
        self.put_chosen(number, choice.settings, by)?;
        self.mark(number, choice.preset)
    }

    fn put_chosen(&mut self, number: u32, settings: Settings, by: Way) -> Result<(), StoreError> {
        let mut bytes = self.writing.record(number)?.to_vec();
        // What was chosen on the platform's pages is not chosen here, so that the next line may open again.
        match by {
            Way::Feed => record::put_settings(&mut bytes, settings),
            _ => record::put_own_settings(&mut bytes, settings),
        }
        self.touched.insert(number);
        self.writing.put_bytes(number, &bytes)
    }

    fn mark(&mut self, number: u32, preset: Option<Preset>) -> Result<(), StoreError> {
        legacy::mark(&mut self.writing.txn, number, preset)
    }

    /// The transaction, to read in.
    pub(super) const fn txn(&self) -> &WriteTxn<'w> {
        &self.writing.txn
    }

    /// The transaction, to write in.
    pub(super) const fn txn_mut(&mut self) -> &mut WriteTxn<'w> {
        &mut self.writing.txn
    }

    /// Makes all of it durable, and seen by the very next reader.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub fn commit(mut self) -> Result<(), StoreError> {
        for person in &self.removed {
            grants::end_all(&mut self.writing.txn, *person)?;
        }
        let Self { replica, mut writing, touched, .. } = self;
        let stamp = meta::put_changed(&mut writing.txn, touched.iter().copied())?;
        let changed = |number| Ok((number, changed_person(&writing.txn, number, stamp)?));
        let changed = touched.into_iter().map(changed).collect::<Result<Vec<_>, StoreError>>()?;
        writing.txn.commit()?;
        replica.show_changed(changed);
        Ok(())
    }

    /// Reads a record, changes it, and puts it back.
    fn put(
        &mut self,
        number: u32,
        change: impl FnOnce(&mut Known, &mut Profile),
    ) -> Result<(), StoreError> {
        let mut known = self.writing.known(number)?;
        let damaged = || self.writing.txn.damaged("a person");
        let record = Record::parse(self.writing.record(number)?).ok_or_else(damaged)?;
        let account = record.account().ok_or_else(damaged)?.to_owned();
        self.profile.clear();
        let profile = &mut self.profile;
        record.values(FieldSet::ALL, |field, value| profile.set(field, value));
        change(&mut known, profile);
        self.touched.insert(number);
        self.writing.put(number, &account, &known, profile, false)
    }

    /// Puts a friend into a person's list.
    fn list(&mut self, number: u32, friend: u32) -> Result<(), StoreError> {
        let mut friends = self.writing.friends_of(number)?;
        let Err(at) = friends.binary_search(&friend) else { return Ok(()) };
        friends.insert(at, friend);
        self.touched.insert(number);
        self.writing.set_friends(number, &friends)
    }

    /// Takes a friend out of a person's list.
    fn unlist(&mut self, number: u32, friend: u32) -> Result<(), StoreError> {
        let mut friends = self.writing.friends_of(number)?;
        let Ok(at) = friends.binary_search(&friend) else { return Ok(()) };
        friends.remove(at);
        self.touched.insert(number);
        self.writing.set_friends(number, &friends)
    }
}

#[cfg(test)]
mod tests;
