//! An import: one transaction over everything, then the image, then the commit.

use std::sync::MutexGuard;

use countersign_domain::person::{Handle, Secret};
use countersign_domain::settings::Settings;
use heed::{PutFlags, RwTxn};
use zeroize::Zeroize;

use super::error::StoreError;
use super::image_writer::{Done, ImageWriter};
use super::lmdb::{Counts, People};
use super::record::{self, ACCOUNT_BYTES_MAX, PROFILE_BYTES_MAX, Parts, Profile, Record};

/// A person as an import has them.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// The platform's own name for the person, which finds them again in the next import.
    pub account: &'a str,
    /// Whether they are a minor.
    pub minor: bool,
    /// What they start with. What a person has chosen since stays.
    pub settings: Settings,
    /// Their profile, which takes the place of an earlier one.
    pub profile: &'a mut Profile,
}

/// Where a person was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Their number, the same in every import.
    pub number: u32,
    /// Whether they were not there before.
    pub is_new: bool,
}

/// An import that has begun. Dropped, it leaves no trace.
pub struct Import<'p> {
    people: &'p People,
    txn: RwTxn<'p>,
    next: u32,
    buffer: Vec<u8>,
    random: RandomPool,
    /// Last, so that the transaction ends before others may write.
    _writer: MutexGuard<'p, ()>,
}

impl<'p> Import<'p> {
    pub(super) fn begin(people: &'p People) -> Result<Self, StoreError> {
        let writer = people.writer();
        let txn = people.env.write_txn().map_err(|e| people.failed(e))?;
        let count = people.databases.people.len(&txn).map_err(|e| people.failed(e))?;
        Ok(Self {
            people,
            txn,
            next: u32::try_from(count).map_err(|_| StoreError::TooManyPeople)?,
            buffer: Vec::new(),
            random: RandomPool::default(),
            _writer: writer,
        })
    }

    /// How many people there are, those of this import included.
    #[must_use]
    pub const fn people_count(&self) -> u32 {
        self.next
    }

    /// The number of the person of this account.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn number_of(&self, account: &str) -> Result<Option<u32>, StoreError> {
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            return Ok(None);
        }
        let accounts = &self.people.databases.accounts;
        accounts.get(&self.txn, account).map_err(|e| self.people.failed(e))
    }

    /// Puts a person: a new one, or a new profile of one who is there. Handle and secret stay.
    ///
    /// # Errors
    /// [`StoreError::AccountLength`], [`StoreError::ProfileTooLarge`], [`StoreError::Full`], …
    pub fn person(&mut self, person: NewPerson<'_>) -> Result<Placed, StoreError> {
        let account = person.account;
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            return Err(StoreError::AccountLength { found: account.len() });
        }
        let profile_bytes = person.profile.bytes_count();
        if profile_bytes > PROFILE_BYTES_MAX {
            return Err(StoreError::ProfileTooLarge { found: profile_bytes });
        }
        let (placed, known) = match self.number_of(account)? {
            Some(number) => (Placed { number, is_new: false }, self.known(number)?),
            None => (self.place(account)?, Known::fresh(&mut self.random)?),
        };
        let parts = Parts {
            handle: known.handle,
            secret: &known.secret,
            settings: known.own_settings.unwrap_or(person.settings),
            own_settings: known.own_settings.is_some(),
            minor: person.minor,
            account,
            profile: person.profile,
        };
        self.buffer.clear();
        record::encode(&mut self.buffer, parts);
        let flags = if placed.is_new { PutFlags::APPEND } else { PutFlags::empty() };
        self.people
            .databases
            .people
            .put_with_flags(&mut self.txn, flags, &placed.number, &self.buffer)
            .map_err(|e| self.people.failed(e))?;
        Ok(placed)
    }

    /// The friends of a person, ascending.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn friends_of(&self, number: u32) -> Result<Vec<u32>, StoreError> {
        let friends = &self.people.databases.friends;
        let bytes = friends.get(&self.txn, &number).map_err(|e| self.people.failed(e))?;
        let (numbers, _) = bytes.unwrap_or_default().as_chunks();
        Ok(numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    /// Sets the friends of a person, ascending. The caller keeps friendship mutual.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn set_friends(&mut self, number: u32, friends: &[u32]) -> Result<(), StoreError> {
        self.buffer.clear();
        for friend in friends {
            self.buffer.extend_from_slice(&friend.to_le_bytes());
        }
        let database = &self.people.databases.friends;
        let put = database.put(&mut self.txn, &number, &self.buffer);
        put.map_err(|e| self.people.failed(e))
    }

    /// Writes the image, commits, and lets readers see it. `done` is told of people written and
    /// people in all.
    ///
    /// # Errors
    /// [`StoreError`]; before the commit nothing has changed then.
    pub fn commit(mut self, done: &mut dyn FnMut(u64, u64)) -> Result<Counts, StoreError> {
        let (counts, generation) = self.write_image(done)?;
        let Self { people, txn, _writer: writer, .. } = self;
        txn.commit().map_err(|e| people.failed(e))?;
        people.show(generation)?;
        drop(writer);
        Ok(counts)
    }

    pub(super) fn write_image(&mut self, done: Done<'_>) -> Result<(Counts, u64), StoreError> {
        let people = self.people;
        let (options, databases) = (people.options, people.databases);
        let generation = databases.generation(&self.txn).map_err(|e| people.failed(e))? + 1;
        let writer = ImageWriter { dir: &people.dir, options, databases };
        Ok((writer.write(&mut self.txn, generation, done)?, generation))
    }

    fn place(&mut self, account: &str) -> Result<Placed, StoreError> {
        let number = self.next;
        self.next = number.checked_add(1).ok_or(StoreError::TooManyPeople)?;
        let accounts = &self.people.databases.accounts;
        accounts.put(&mut self.txn, account, &number).map_err(|e| self.people.failed(e))?;
        Ok(Placed { number, is_new: true })
    }

    fn known(&self, number: u32) -> Result<Known, StoreError> {
        let people = self.people;
        let databases = &people.databases;
        let bytes = databases.people.get(&self.txn, &number).map_err(|e| people.failed(e))?;
        let record = bytes.and_then(Record::parse).ok_or_else(|| people.damaged("a person"))?;
        let changed = databases.changed_settings.get(&self.txn, &number);
        let changed =
            changed.map_err(|e| people.failed(e))?.and_then(|bytes| bytes.try_into().ok());
        let mut secret = Secret([0; 32]);
        record.secret_into(&mut secret);
        let in_record = record.has_own_settings().then(|| record.settings());
        Ok(Known {
            handle: record.handle(),
            secret,
            own_settings: changed.map(record::settings_from_bytes).or(in_record),
        })
    }
}

/// What of a person survives an import.
struct Known {
    handle: Handle,
    secret: Secret,
    own_settings: Option<Settings>,
}

impl Known {
    fn fresh(random: &mut RandomPool) -> Result<Self, StoreError> {
        let (handle, secret) = (Handle(random.take()?), Secret(random.take()?));
        Ok(Self { handle, secret, own_settings: None })
    }
}

/// The system's random numbers, fetched for many people at once.
#[derive(Default)]
struct RandomPool {
    bytes: Vec<u8>,
}

const RANDOM_POOL_BYTES: usize = 4_800;

impl RandomPool {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        if self.bytes.len() < N {
            self.bytes.resize(RANDOM_POOL_BYTES, 0);
            getrandom::fill(&mut self.bytes).map_err(StoreError::Random)?;
        }
        let mut taken = [0; N];
        let at = self.bytes.len() - N;
        if let Some(last) = self.bytes.get_mut(at..) {
            taken.copy_from_slice(last);
            last.zeroize();
        }
        self.bytes.truncate(at);
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lmdb::image_path;
    use super::*;
    use crate::store::StoreOptions;

    #[test]
    fn crash_an_image_without_its_commit_is_removed_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let mut import = people.import().unwrap();
        let (settings, minor) = (Settings::DEFAULT, false);
        let mut profile = Profile::default();
        let person = NewPerson { account: "ada", minor, settings, profile: &mut profile };
        import.person(person).unwrap();
        let (counts, generation) = import.write_image(&mut |_, _| ()).unwrap();
        assert_eq!((counts.people, generation), (1, 2));
        // This is where the power goes: the image is on disk, and its generation is not committed.
        drop(import);
        drop(people);
        assert!(image_path(dir.path(), generation).exists());
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        assert_eq!(people.counts().people, 0);
        assert_eq!(people.person_of_account("ada").unwrap(), None);
        assert!(!image_path(dir.path(), generation).exists());
        assert!(image_path(dir.path(), 1).exists());
    }
}
