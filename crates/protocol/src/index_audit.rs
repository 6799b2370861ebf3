//! What an auditor states who rebuilt the person index of a period from its blinded lists: a signed note, by a
//! key of the auditor's own.
//!
//! ```text
//! the closed period, whose first line is "countersign-index-audit/v1"; see `closed_period`
//! people COUNT
//! person_index ROOT
//! items COUNT
//! unaccounted COUNT
//! sample COUNT
//! erased COUNT
//! time SECONDS
//! ```
//!
//! A statement is for everybody, so all counts but that of the sample, which the auditor chose, are rounded up to a
//! power of two, as in entries.
//!
//! `unaccounted` counts the entries with commitments that are in nobody's list: of those, and of what the lists
//! have of them, the auditor says nothing. The key is one for notes (type 0x01); no checkpoint has a second
//! line that is an origin, so neither can be taken for the other.
//!
//! What it is not: it says nothing about whose list is whose. Each person sees that of their own.
//!
//! Spec: C2SP signed-note; docs/protocol.md, section 4.1.

use countersign_domain::digest::Digest;
use countersign_domain::key::Signature;
use countersign_domain::rounding::is_rounded;
use countersign_domain::time::Timestamp;

use crate::closed_period::{ClosedPeriod, field, push_field};
use crate::note::{self, NoteError, NoteKey, SignedNote};

const FIRST_LINE: &str = "countersign-index-audit/v1";

/// What an auditor states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IndexAudit {
    /// The period and its close.
    pub period: ClosedPeriod,
    /// How many people have something in it, rounded up.
    pub people: u64,
    /// The root that the lists come to, which is the close's.
    pub person_index: Digest,
    /// How many items the lists have, rounded up.
    pub items: u64,
    /// How many entries have commitments that are in nobody's list, rounded up.
    pub unaccounted: u64,
    /// How many items were drawn to be opened, or all if there are not as many; 0 if none were.
    pub sample: u64,
    /// How many of these are of people who were erased, so that nobody can open them, rounded up.
    pub erased: u64,
    /// When it was found.
    pub time: Timestamp,
}

/// Bytes that are not an auditor's statement, or not this auditor's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexAuditError {
    /// Not a note, or not signed with the key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A note with another text.
    #[error("not an auditor's statement on a person index of the form {FIRST_LINE}")]
    Form,
}

impl IndexAuditError {}

impl IndexAudit {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.period.text(FIRST_LINE);
        push_field(&mut text, "people", self.people);
        push_field(&mut text, "person_index", self.person_index);
        push_field(&mut text, "items", self.items);
        push_field(&mut text, "unaccounted", self.unaccounted);
        push_field(&mut text, "sample", self.sample);
        push_field(&mut text, "erased", self.erased);
        push_field(&mut text, "time", self.time.seconds());
        text
    }

    /// Reads the text, in its one spelling. It is to be believed only behind a signature; see [`Self::open`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        lines.next()?;
        let period = ClosedPeriod::take(&mut lines)?;
        let people = field(lines.next()?, "people")?.parse().ok()?;
        let person_index = Digest::parse(field(lines.next()?, "person_index")?).ok()?;
        let mut number = |name| field(lines.next()?, name)?.parse().ok();
        let (items, unaccounted) = (number("items")?, number("unaccounted")?);
        let (sample, erased) = (number("sample")?, number("erased")?);
        let time = Timestamp::from_seconds(number("time")?);
        let audit = Self { period, people, person_index, items, unaccounted, sample, erased, time };
        let are_rounded = [people, items, unaccounted, erased].into_iter().all(is_rounded);
        (are_rounded && audit.text() == text).then_some(audit)
    }

    /// Signs the statement. `sign` makes the Ed25519 signature that belongs to `key`.
    ///
    /// # Errors
    /// [`NoteError`] if the text cannot be that of a note.
    pub fn sign(
        &self,
        key: &NoteKey,
        sign: impl FnOnce(&[u8]) -> Signature,
    ) -> Result<String, NoteError> {
        note::sign(&self.text(), key, sign)
    }

    /// Reads and verifies a statement that the auditor with this key signed.
    ///
    /// # Errors
    /// [`IndexAuditError`].
    pub fn open(bytes: &[u8], key: &NoteKey) -> Result<Self, IndexAuditError> {
        let note = SignedNote::parse(bytes)?;
        let text = note.verify(std::slice::from_ref(key))?;
        Self::parse(text).ok_or(IndexAuditError::Form)
    }
}
