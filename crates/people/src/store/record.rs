//! A person's record as bytes, the same in LMDB and in the image, so that writing an image copies.
//!
//! ```text
//!   0  handle (16)      48  settings: four sets (4 × 16)     136  friends: how many (4)
//!  16  secret (32)     112  fields that have a value (16)    140  length of the account (2)
//!                      128  friends: first entry (8)         142  flags (1)   143  version (1)
//! 144  per field that has a value, lowest number first: where its value ends (4)
//!      the values, each JSON; the account
//! ```
//!
//! Integers are little-endian. The first two cache lines are what a decision reads. The friends'
//! place is that in the image and zero in LMDB, where friends have a database of their own.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::{Handle, Secret};
use countersign_domain::settings::Settings;
use serde::Serialize;

/// The largest profile, in bytes of JSON. An answer holds hundreds of them.
pub const PROFILE_BYTES_MAX: usize = 1 << 20;

/// The longest account, in bytes: LMDB's keys end at 511.
pub const ACCOUNT_BYTES_MAX: usize = 255;

pub(super) const HEAD_BYTES: usize = 144;
const SECRET_AT: usize = 16;
const SETTINGS_AT: usize = 48;
const PRESENT_AT: usize = 112;
const FRIENDS_START_AT: usize = 128;
const FRIENDS_COUNT_AT: usize = 136;
const ACCOUNT_LENGTH_AT: usize = 140;
const FLAGS_AT: usize = 142;
const VERSION_AT: usize = 143;
const RECORD_VERSION: u8 = 1;
const FLAG_MINOR: u8 = 1;
const FLAG_OWN_SETTINGS: u8 = 2;
const FLAG_REMOVED: u8 = 4;
const FLAG_ERASED: u8 = 8;
const SETTINGS_BYTES: usize = 64;

/// The values of a profile, each of them JSON, while it is on its way into the store. One buffer
/// serves any number of people.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Profile {
    spans: Vec<(FieldId, usize, usize)>,
    bytes: Vec<u8>,
}

impl Profile {
    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.bytes.clear();
    }

    /// Sets a field to what `write` appends, which has to be one JSON value. The id and the list of
    /// friends are not values but rendered, so they are passed over.
    pub fn set_with(&mut self, field: FieldId, write: impl FnOnce(&mut Vec<u8>)) {
        if field == FieldId::ID || field == FieldId::FRIENDS {
            return;
        }
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.spans.retain(|(other, ..)| *other != field);
        self.spans.push((field, start, self.bytes.len()));
    }

    /// Sets a field to bytes that are one JSON value.
    pub fn set(&mut self, field: FieldId, json: &[u8]) {
        self.set_with(field, |bytes| bytes.extend_from_slice(json));
    }

    /// Sets a field to a value that serde can write; one that it cannot write becomes `null`.
    pub fn set_value(&mut self, field: FieldId, value: &(impl Serialize + ?Sized)) {
        let json = serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec());
        self.set(field, &json);
    }

    /// Takes the values of these fields away.
    pub fn unset(&mut self, fields: FieldSet) {
        self.spans.retain(|(field, ..)| !fields.contains(*field));
    }

    /// Sets the fields of another profile, in the place of what this one has there.
    pub fn merge(&mut self, other: &Self) {
        for (field, start, end) in &other.spans {
            self.set(*field, other.bytes.get(*start..*end).unwrap_or_default());
        }
    }

    /// The fields that have a value.
    #[must_use]
    pub fn present(&self) -> FieldSet {
        self.spans.iter().map(|(field, ..)| *field).collect()
    }

    /// The values, each of them JSON, in the order in which they were set.
    pub fn values(&self) -> impl Iterator<Item = (FieldId, &[u8])> {
        let value = |&(field, start, end)| Some((field, self.bytes.get(start..end)?));
        self.spans.iter().filter_map(value)
    }

    /// Bytes of JSON.
    #[must_use]
    pub fn bytes_count(&self) -> usize {
        self.spans.iter().map(|(_, start, end)| end - start).sum()
    }
}

/// What a record is made of.
pub(super) struct Parts<'a> {
    pub(super) handle: Handle,
    pub(super) secret: &'a Secret,
    pub(super) settings: Settings,
    pub(super) own_settings: bool,
    pub(super) minor: bool,
    pub(super) removed: bool,
    pub(super) erased: bool,
    pub(super) account: &'a str,
    pub(super) profile: &'a mut Profile,
}

/// Appends the record. The caller has checked lengths.
pub(super) fn encode(out: &mut Vec<u8>, parts: Parts<'_>) {
    parts.profile.spans.sort_unstable_by_key(|(field, ..)| *field);
    out.extend_from_slice(&parts.handle.0);
    out.extend_from_slice(&parts.secret.0);
    out.extend_from_slice(&settings_to_bytes(parts.settings));
    out.extend_from_slice(&parts.profile.present().bits().to_le_bytes());
    out.extend_from_slice(&[0; ACCOUNT_LENGTH_AT - FRIENDS_START_AT]);
    out.extend_from_slice(&(parts.account.len() as u16).to_le_bytes());
    let flags = [
        (parts.minor, FLAG_MINOR),
        (parts.own_settings, FLAG_OWN_SETTINGS),
        (parts.removed, FLAG_REMOVED),
        (parts.erased, FLAG_ERASED),
    ];
    out.push(flags.iter().map(|(is_set, flag)| u8::from(*is_set) * flag).sum());
    out.push(RECORD_VERSION);
    let mut end = 0;
    for (_, from, to) in &parts.profile.spans {
        end += to - from;
        out.extend_from_slice(&(end as u32).to_le_bytes());
    }
    for (_, from, to) in &parts.profile.spans {
        out.extend_from_slice(parts.profile.bytes.get(*from..*to).unwrap_or_default());
    }
    out.extend_from_slice(parts.account.as_bytes());
}

/// Puts settings that the person chose into a record.
pub(super) fn put_own_settings(record: &mut [u8], settings: Settings) {
    put_settings(record, settings);
    if let Some(flags) = record.get_mut(FLAGS_AT) {
        *flags |= FLAG_OWN_SETTINGS;
    }
}

/// Puts settings into a record; whether the person chose them stays as it is.
pub(super) fn put_settings(record: &mut [u8], settings: Settings) {
    if let Some(place) = record.get_mut(SETTINGS_AT..PRESENT_AT) {
        place.copy_from_slice(&settings_to_bytes(settings));
    }
}

/// Puts the place of the friends into a record.
pub(super) fn put_friends(record: &mut [u8], start: u64, count: u32) {
    if let Some(place) = record.get_mut(FRIENDS_START_AT..FRIENDS_COUNT_AT) {
        place.copy_from_slice(&start.to_le_bytes());
    }
    if let Some(place) = record.get_mut(FRIENDS_COUNT_AT..ACCOUNT_LENGTH_AT) {
        place.copy_from_slice(&count.to_le_bytes());
    }
}

/// Settings as they are stored.
pub(super) fn settings_to_bytes(settings: Settings) -> [u8; SETTINGS_BYTES] {
    let mut bytes = [0; SETTINGS_BYTES];
    for (place, set) in bytes.chunks_exact_mut(16).zip(settings.sets()) {
        place.copy_from_slice(&set.bits().to_le_bytes());
    }
    bytes
}

/// Settings from how they are stored.
pub(super) fn settings_from_bytes(bytes: &[u8; SETTINGS_BYTES]) -> Settings {
    Settings::from_sets(std::array::from_fn(|route| set_at(bytes, route * 16)))
}

fn array_at<const N: usize, const M: usize>(bytes: &[u8; N], at: usize) -> [u8; M] {
    let mut array = [0; M];
    array.copy_from_slice(&bytes[at..at + M]);
    array
}

fn set_at<const N: usize>(bytes: &[u8; N], at: usize) -> FieldSet {
    FieldSet::from_bits(u128::from_le_bytes(array_at(bytes, at)))
}

/// A record where it lies.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    head: &'a [u8; HEAD_BYTES],
    rest: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads a record; `None` when it is too short or of another version.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk()?;
        let record = Self { head, rest };
        (record.head[VERSION_AT] == RECORD_VERSION).then_some(record)
    }

    pub(super) fn handle(&self) -> Handle {
        Handle(array_at(self.head, 0))
    }

    /// Copies the secret into one that the caller keeps, so that one copy serves many people.
    pub(super) fn secret_into(&self, secret: &mut Secret) {
        secret.0.copy_from_slice(&self.head[SECRET_AT..SETTINGS_AT]);
    }

    pub(super) fn settings(&self) -> Settings {
        settings_from_bytes(&array_at(self.head, SETTINGS_AT))
    }

    pub(super) fn present(&self) -> FieldSet {
        set_at(self.head, PRESENT_AT)
    }

    pub(super) const fn is_minor(&self) -> bool {
        self.head[FLAGS_AT] & FLAG_MINOR != 0
    }

    pub(super) const fn has_own_settings(&self) -> bool {
        self.head[FLAGS_AT] & FLAG_OWN_SETTINGS != 0
    }

    pub(super) const fn is_removed(&self) -> bool {
        self.head[FLAGS_AT] & FLAG_REMOVED != 0
    }

    pub(super) const fn is_erased(&self) -> bool {
        self.head[FLAGS_AT] & FLAG_ERASED != 0
    }

    pub(super) fn friends_start(&self) -> u64 {
        u64::from_le_bytes(array_at(self.head, FRIENDS_START_AT))
    }

    pub(super) fn friends_count(&self) -> u32 {
        u32::from_le_bytes(array_at(self.head, FRIENDS_COUNT_AT))
    }

    /// Shows the values of these fields, lowest number first.
    pub(super) fn values(&self, fields: FieldSet, mut show: impl FnMut(FieldId, &[u8])) {
        let present = self.present();
        let Some(values) = self.values_of(present) else { return };
        for field in present.and(fields).iter() {
            let below = FieldSet::from_bits((1 << field.number()) - 1);
            let rank = present.and(below).len();
            let start = rank.checked_sub(1).map_or(Some(0), |before| self.end(before));
            let value = start.zip(self.end(rank)).and_then(|(start, end)| values.get(start..end));
            if let Some(value) = value {
                show(field, value);
            }
        }
    }

    /// The account; none of somebody who was destroyed.
    pub(super) fn account(&self) -> Option<&'a str> {
        let length = u16::from_le_bytes(array_at(self.head, ACCOUNT_LENGTH_AT));
        let present = self.present();
        let start = present.len().checked_sub(1).map_or(Some(0), |last| self.end(last))?;
        let bytes = self.values_of(present)?.get(start..start.checked_add(usize::from(length))?)?;
        std::str::from_utf8(bytes).ok().filter(|account| !account.is_empty())
    }

    /// Where the value of the field of this rank ends, from the beginning of the values.
    fn end(&self, rank: usize) -> Option<usize> {
        let bytes = self.rest.get(rank * 4..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    /// Where the values lie, behind the directory of those fields that have one.
    fn values_of(&self, present: FieldSet) -> Option<&'a [u8]> {
        self.rest.get(present.len() * 4..)
    }
}
