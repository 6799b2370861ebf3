//! A person's history: every change of what they chose and granted, with the time and the way by which it
//! came. It is personal data as profiles are: it is in no log line, and goes when its person is erased.
//!
//! A key is the handle and a number that rises by one with every change of that person's, big-endian. A
//! value is a version, the time, the way, and what changed; numbers are little-endian. Settings are kept
//! as they were and as they are, whole, so that consent records can be made of it without any other.
//!
//! What a person begins with, by an import or as a newcomer, is no change, and has no record.

use countersign_domain::person::Handle;
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;

use super::databases::{Txn, WriteTxn};
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord, take, take_name};
use super::provenance::{Holds, Made, Way};
use super::record::{settings_from_bytes, settings_to_bytes};

const HISTORY_VERSION: u8 = 1;

const SETTINGS: u8 = 1;
const GRANT_GIVEN: u8 = 2;
const GRANT_ENDED: u8 = 3;
const ERASED: u8 = 4;
const HOLD: u8 = 5;

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
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[HISTORY_VERSION])?;
        let at = Timestamp::from_seconds(u64::from_le_bytes(*take(&mut rest)?));
        let [code, kind] = *take(&mut rest)?;
        let by = Way::of_code(code)?;
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
    txn: &mut WriteTxn<'_>,
    person: Handle,
    record: &HistoryRecord,
    holds: Holds,
) -> Result<u64, StoreError> {
    let last = before(txn, person, None)?.next().transpose()?;
    let number = last.map_or(0, |(number, _)| number).saturating_add(1);
    let key = key(person, number);
    txn.tables.history.put(txn, &key, &record.to_bytes())?;
    txn.tables.outbox.put(txn, &key, &[holds.code()])?;
    Ok(number)
}

/// One change of a person's, if the store has one of this number.
pub(super) fn find(
    txn: &impl Txn,
    person: Handle,
    number: u64,
) -> Result<Option<HistoryRecord>, StoreError> {
    let bytes = txn.tables().history.get(txn, &key(person, number))?;
    bytes.map(|bytes| read(txn, bytes)).transpose()
}

/// One change of a person's, which has to be there.
pub(super) fn get(
    txn: &impl Txn,
    person: Handle,
    number: u64,
) -> Result<HistoryRecord, StoreError> {
    find(txn, person, number)?.ok_or_else(|| damaged(txn))
}

/// What a person changed, oldest first.
pub(super) fn all<T: Txn>(
    txn: &T,
    person: Handle,
) -> Result<impl Iterator<Item = Result<HistoryRecord, StoreError>> + use<'_, T>, StoreError> {
    let entries = txn.tables().history.prefixed(txn, &person.0)?;
    Ok(entries.map(|entry| read(txn, entry?.1)))
}

/// Whether the platform ever said what this person chose on its own pages.
pub(super) fn platform_chose(txn: &impl Txn, person: Handle) -> Result<bool, StoreError> {
    for record in all(txn, person)? {
        let HistoryRecord { made, event } = record?;
        if made.by == Way::Feed && matches!(event, Event::Settings { .. }) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a person changed, newest first, each with its number: so many, those with a number below
/// `before` if that is given.
pub(super) fn newest(
    txn: &impl Txn,
    person: Handle,
    limit_before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, HistoryRecord)>, StoreError> {
    let entries = before(txn, person, limit_before)?.take(limit);
    let read = |entry: Result<(u64, &[u8]), StoreError>| {
        let (number, bytes) = entry?;
        Ok((number, read(txn, bytes)?))
    };
    entries.map(read).collect()
}

/// A person's changes as bytes, newest first, those with a number below `before` if that is given.
fn before<T: Txn>(
    txn: &T,
    person: Handle,
    before: Option<u64>,
) -> Result<impl Iterator<Item = Result<(u64, &[u8]), StoreError>> + use<'_, T>, StoreError> {
    let range = [key(person, 0), key(person, before.unwrap_or(u64::MAX))];
    let entries = txn.tables().history.backwards(txn, [&range[0][..], &range[1][..]])?;
    Ok(entries.map(|entry| entry.map(|(key, bytes)| (number_of(key), bytes))))
}

fn read(txn: &impl Txn, bytes: &[u8]) -> Result<HistoryRecord, StoreError> {
    HistoryRecord::from_bytes(bytes).ok_or_else(|| damaged(txn))
}

fn damaged(txn: &impl Txn) -> StoreError {
    txn.damaged("somebody's history")
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
