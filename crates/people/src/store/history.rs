//! A person's history: every change of what they chose and granted, with the time and the way by which it
//! came. It is personal data as profiles are: it is in no log line, and goes when its person is erased.
//!
//! A key is the handle and a number that rises by one with every change of that person's, big-endian. A
//! value is a version, the time, the way, and what changed; numbers are little-endian. Settings are kept
//! as they were and as they are, whole, so that consent records can be made of it without any other.
//!
//! What a person begins with, by an import or as a newcomer, is no change, and has no record.

use std::ops::Bound;

use countersign_domain::person::Handle;
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use heed::RwTxn;

use super::databases::Databases;
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord, take, take_name};
use super::lmdb::People;
use super::outbox::Holds;
use super::record::{settings_from_bytes, settings_to_bytes};

const HISTORY_VERSION: u8 = 1;

const SETTINGS: u8 = 1;
const GRANT_GIVEN: u8 = 2;
const GRANT_ENDED: u8 = 3;
const ERASED: u8 = 4;
const HOLD: u8 = 5;

/// The way by which a change came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The admin API, which commands use too while a server runs.
    AdminApi,
    /// A command, on the store itself.
    Command,
    /// An import with other settings for people who had not chosen their own.
    Import,
    /// The demonstration's sign-in.
    Login,
    /// The log, which had it when the store was restored from an older backup.
    Recovery,
}

impl Way {
    const ALL: [Self; 5] =
        [Self::AdminApi, Self::Command, Self::Import, Self::Login, Self::Recovery];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdminApi => "admin_api",
            Self::Command => "command",
            Self::Import => "import",
            Self::Login => "login",
            Self::Recovery => "recovery",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::AdminApi => 1,
            Self::Command => 2,
            Self::Import => 3,
            Self::Login => 4,
            Self::Recovery => 5,
        }
    }
}

/// When and by which way something was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Made {
    /// When.
    pub at: Timestamp,
    /// By which way.
    pub by: Way,
}

/// What changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// What the person chose.
    Settings {
        /// What was open before.
        before: Settings,
        /// What is open since.
        after: Settings,
        /// The preset that it is equal to since.
        preset: Option<Preset>,
    },
    /// The person gave a grant.
    GrantGiven {
        /// Its id.
        id: GrantId,
        /// The grant.
        grant: GrantRecord,
        /// Whether their user agent said then that data be neither sold nor shared.
        sec_gpc: bool,
    },
    /// A grant was ended before its time.
    GrantEnded {
        /// Its id.
        id: GrantId,
        /// The grant as it was.
        grant: GrantRecord,
    },
    /// Erasure was asked for.
    Erased,
    /// A legal hold was set, in place of the one before.
    Hold {
        /// The first second in which it no longer holds.
        until: Timestamp,
    },
}

/// One change of a person's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryRecord {
    /// When, and by which way.
    pub made: Made,
    /// What.
    pub event: Event,
}

impl HistoryRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![HISTORY_VERSION];
        bytes.extend_from_slice(&self.made.at.seconds().to_le_bytes());
        bytes.push(self.made.by.code());
        match &self.event {
            Event::Settings { before, after, preset } => {
                bytes.push(SETTINGS);
                bytes.extend_from_slice(&settings_to_bytes(*before));
                bytes.extend_from_slice(&settings_to_bytes(*after));
                let name = preset.map_or("", Preset::name);
                // The names of presets are short.
                bytes.push(name.len() as u8);
                bytes.extend_from_slice(name.as_bytes());
            }
            Event::GrantGiven { id, grant, sec_gpc } => {
                bytes.extend_from_slice(&[GRANT_GIVEN, u8::from(*sec_gpc)]);
                bytes.extend_from_slice(&id.0);
                bytes.extend_from_slice(&grant.to_bytes());
            }
            Event::GrantEnded { id, grant } => {
                bytes.push(GRANT_ENDED);
                bytes.extend_from_slice(&id.0);
                bytes.extend_from_slice(&grant.to_bytes());
            }
            Event::Erased => bytes.push(ERASED),
            Event::Hold { until } => {
                bytes.push(HOLD);
                bytes.extend_from_slice(&until.seconds().to_le_bytes());
            }
        }
        bytes
    }

    /// `None` for bytes that this version did not write.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[HISTORY_VERSION])?;
        let at = Timestamp::from_seconds(u64::from_le_bytes(*take(&mut rest)?));
        let [code, kind] = *take(&mut rest)?;
        let by = Way::ALL.into_iter().find(|way| way.code() == code)?;
        let event = match kind {
            SETTINGS => {
                let before = settings_from_bytes(take(&mut rest)?);
                let after = settings_from_bytes(take(&mut rest)?);
                let preset = match take_name(&mut rest)? {
                    "" => None,
                    name => Some(Preset::parse(name)?),
                };
                rest.is_empty().then_some(Event::Settings { before, after, preset })?
            }
            GRANT_GIVEN => {
                let [sec_gpc] = *take(&mut rest)?;
                let id = GrantId(*take(&mut rest)?);
                let grant = GrantRecord::from_bytes(rest)?;
                Event::GrantGiven { id, grant, sec_gpc: sec_gpc == 1 }
            }
            GRANT_ENDED => {
                let id = GrantId(*take(&mut rest)?);
                Event::GrantEnded { id, grant: GrantRecord::from_bytes(rest)? }
            }
            ERASED => rest.is_empty().then_some(Event::Erased)?,
            HOLD => {
                let until = Timestamp::from_seconds(u64::from_le_bytes(*take(&mut rest)?));
                rest.is_empty().then_some(Event::Hold { until })?
            }
            _ => return None,
        };
        Some(Self { made: Made { at, by }, event })
    }
}

/// Adds what changed to a person's history, for the log to be told; its number.
pub(super) fn append(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    person: Handle,
    record: &HistoryRecord,
    holds: Holds,
) -> heed::Result<u64> {
    let last = databases.history.rev_prefix_iter(txn, &person.0)?.next().transpose()?;
    let last = last.map_or(0, |(key, _)| number_of(key));
    let number = last.saturating_add(1);
    let key = key(person, number);
    databases.history.put(txn, &key, &record.to_bytes())?;
    databases.outbox.put(txn, &key, &[holds.code()])?;
    Ok(number)
}

/// The settings of a person as they were and are, unless they are the same.
pub(super) fn of_settings(
    before: Settings,
    after: Settings,
    preset: Option<Preset>,
    made: Made,
) -> Option<HistoryRecord> {
    let event = Event::Settings { before, after, preset };
    (before != after).then_some(HistoryRecord { made, event })
}

/// A person and one of their changes, as a key.
pub(super) fn key(person: Handle, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    let (handle, place) = key.split_at_mut(16);
    handle.copy_from_slice(&person.0);
    place.copy_from_slice(&number.to_be_bytes());
    key
}

/// The person and the number in a key.
pub(super) fn split_key(key: &[u8]) -> (Handle, u64) {
    (Handle(key.first_chunk().copied().unwrap_or_default()), number_of(key))
}

fn number_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

impl People {
    /// What a person changed, newest first, each with its number: so many, those with a number below
    /// `before` if that is given.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn history(
        &self,
        person: Handle,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, HistoryRecord)>, StoreError> {
        let txn = self.read()?;
        let (first, end) = (key(person, 0), key(person, before.unwrap_or(u64::MAX)));
        let range = (Bound::Included(&first[..]), Bound::Excluded(&end[..]));
        let records = txn.databases.history.rev_range(&txn, &range).map_err(|e| self.failed(e))?;
        let read = |entry: heed::Result<(&[u8], &[u8])>| {
            let (key, bytes) = entry.map_err(|e| self.failed(e))?;
            let record = HistoryRecord::from_bytes(bytes);
            Ok((number_of(key), record.ok_or_else(|| self.damaged("somebody's history"))?))
        };
        records.take(limit).map(read).collect()
    }
}
