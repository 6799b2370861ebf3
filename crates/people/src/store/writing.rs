//! A write transaction over people, which imports and changes have in common. Whoever's turn it is to write begins
//! it, and keeps the turn until readers see what it did.

use countersign_domain::person::{Handle, Secret};
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use zeroize::Zeroize;

use super::choice::Choice;
use super::databases::{Txn, WriteTxn};
use super::error::StoreError;
use super::legacy;
use super::record::{self, ACCOUNT_BYTES_MAX, PROFILE_BYTES_MAX, Parts, Profile, Record};

/// A transaction that has begun. Dropped, it leaves no trace.
pub(super) struct Writing<'w> {
    pub(super) txn: WriteTxn<'w>,
    next: u32,
    buffer: Vec<u8>,
    random: RandomPool,
}

/// What is known of a person apart from profile and friends.
pub(super) struct Known {
    pub(super) handle: Handle,
    pub(super) secret: Secret,
    pub(super) settings: Settings,
    /// Whether the person chose the settings.
    pub(super) own_settings: bool,
    pub(super) minor: bool,
    pub(super) removed: bool,
    /// Whether they asked for erasure, which no change of theirs undoes.
    pub(super) erased: bool,
}

impl Known {
    /// What stands in the place of somebody who was destroyed: nobody, under a handle that is nobody's.
    pub(super) const fn nobody(handle: Handle) -> Self {
        Self {
            handle,
            secret: Secret([0; 32]),
            settings: Settings::CLOSED,
            own_settings: true,
            minor: false,
            removed: true,
            erased: true,
        }
    }
}

impl<'w> Writing<'w> {
    pub(super) fn begin(txn: WriteTxn<'w>) -> Result<Self, StoreError> {
        let count = txn.tables.people.len(&txn)?;
        let next = u32::try_from(count).map_err(|_| StoreError::TooManyPeople)?;
        Ok(Self { txn, next, buffer: Vec::new(), random: RandomPool::default() })
    }

    /// How many people there are, those of this transaction included.
    pub(super) const fn people_count(&self) -> u32 {
        self.next
    }

    pub(super) fn number_of(&self, account: &str) -> Result<Option<u32>, StoreError> {
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            return Ok(None);
        }
        self.txn.tables.accounts.get(&self.txn, account)
    }

    /// The next number, for somebody of this account, who has no record yet.
    pub(super) fn place(&mut self, account: &str) -> Result<u32, StoreError> {
        if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
            return Err(StoreError::AccountLength { found: account.len() });
        }
        let number = self.next;
        self.next = number.checked_add(1).ok_or(StoreError::TooManyPeople)?;
        self.txn.tables.accounts.put(&mut self.txn, account, &number)?;
        Ok(number)
    }

    /// Somebody new, with a handle and a secret that nobody can guess.
    pub(super) fn fresh(&mut self, settings: Settings) -> Result<Known, StoreError> {
        let (handle, secret) = (Handle(self.random.take()?), Secret(self.random.take()?));
        Ok(Known {
            handle,
            secret,
            settings,
            own_settings: false,
            minor: false,
            removed: false,
            erased: false,
        })
    }

    /// The record of this number, as bytes.
    pub(super) fn record(&self, number: u32) -> Result<&[u8], StoreError> {
        let bytes = self.txn.tables.people.get(&self.txn, &number)?;
        bytes.ok_or_else(|| self.txn.damaged("a person"))
    }

    pub(super) fn known(&self, number: u32) -> Result<Known, StoreError> {
        let record = Record::parse(self.record(number)?);
        let record = record.ok_or_else(|| self.txn.damaged("a person"))?;
        let mut secret = Secret([0; 32]);
        record.secret_into(&mut secret);
        Ok(Known {
            handle: record.handle(),
            secret,
            settings: record.settings(),
            own_settings: record.has_own_settings(),
            minor: record.is_minor(),
            removed: record.is_removed(),
            erased: record.is_erased(),
        })
    }

    /// Lists somebody new among those of whom the log has to be told, and among those of the preset
    /// `legacy-2014`, if it is theirs.
    pub(super) fn mark_new(&mut self, number: u32, began: Choice) -> Result<(), StoreError> {
        // Everybody begins with the default unless something else is said.
        if began.settings != Settings::DEFAULT {
            self.txn.tables.beginnings.put(&mut self.txn, &number, &[])?;
        }
        match began.preset {
            Some(Preset::Legacy2014) => legacy::mark(&mut self.txn, number, began.preset),
            _ => Ok(()),
        }
    }

    /// Puts a record under a number that [`Writing::place`] gave.
    pub(super) fn put(
        &mut self,
        number: u32,
        account: &str,
        known: &Known,
        profile: &mut Profile,
        is_new: bool,
    ) -> Result<(), StoreError> {
        let profile_bytes = profile.bytes_count();
        if profile_bytes > PROFILE_BYTES_MAX {
            return Err(StoreError::ProfileTooLarge { found: profile_bytes });
        }
        self.buffer.clear();
        let parts = Parts {
            handle: known.handle,
            secret: &known.secret,
            settings: known.settings,
            own_settings: known.own_settings,
            minor: known.minor,
            removed: known.removed,
            erased: known.erased,
            account,
            profile,
        };
        record::encode(&mut self.buffer, parts);
        let people = self.txn.tables.people;
        if is_new {
            people.append(&mut self.txn, &number, &self.buffer)
        } else {
            people.put(&mut self.txn, &number, &self.buffer)
        }
    }

    /// Puts a record as it is.
    pub(super) fn put_bytes(&mut self, number: u32, record: &[u8]) -> Result<(), StoreError> {
        self.txn.tables.people.put(&mut self.txn, &number, record)
    }

    /// The friends of a person, ascending.
    pub(super) fn friends_of(&self, number: u32) -> Result<Vec<u32>, StoreError> {
        let bytes = self.txn.tables.friends.get(&self.txn, &number)?;
        let (numbers, _) = bytes.unwrap_or_default().as_chunks();
        Ok(numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
    }

    /// Sets the friends of a person, ascending. The caller keeps friendship mutual.
    pub(super) fn set_friends(&mut self, number: u32, friends: &[u32]) -> Result<(), StoreError> {
        self.buffer.clear();
        for friend in friends {
            self.buffer.extend_from_slice(&friend.to_le_bytes());
        }
        self.txn.tables.friends.put(&mut self.txn, &number, &self.buffer)
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
