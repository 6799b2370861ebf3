//! The annex: the private part of an entry, made durable with it. It holds what the views need and the
//! public must not learn: handles, exact fields, reasons, the seed, where a request came from.
//!
//! ```text
//! annex       = version (1) ‖ kind (1: 0 act, 1 disclosure, 2 consents, 3 close) ‖ body
//!                                                                        integers little-endian
//! act         = document? ‖ submitted_by?
//! disclosure  = seed (32) ‖ grant? ‖ network? ‖ zone? ‖ hidden_count (4)
//!             ‖ 3 × (count (1) ‖ count × (reason (1) ‖ fields (16)))     by standing
//!             ‖ count (2) ‖ count × (standing (1) ‖ fields (16) ‖ closed (16))
//!             ‖ count (4) ‖ count × (handle (16) ‖ place (1, or 2 if there are more than 255))
//! close       = nothing;  consents: see `consents`
//! text?       = 0 (1), or 1 (1) ‖ length (1) ‖ bytes;  document? has a length of 4 bytes
//! ```
//!
//! People with the same decision share one line of the second-last list, so that 339 people take some
//! six kilobytes. The viewer is the first record. What an annex says of people who are erased is overwritten
//! in place, see `erase`: a place of all ones is of nobody's line, and a text of zeros is none.

use std::collections::HashMap;

use countersign_domain::decide::{Candidate, Decided, DecidedRecord};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::mask::Mask;
use countersign_domain::person::Handle;
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_protocol::record::Seed;

mod consents;
mod erase;

pub use self::consents::{AnnexConsent, CONSENT_BYTES_MAX, CONSENTS_MAX, ConsentsAnnex};
pub(crate) use self::erase::erase;

/// The version of the annex format.
pub const ANNEX_VERSION: u8 = 1;

/// The most bytes that an annex may have.
pub const ANNEX_BYTES_MAX: usize = 4 << 20;

const KIND_ACT: u8 = 0;
const KIND_DISCLOSURE: u8 = 1;
const KIND_CONSENTS: u8 = 2;
const KIND_CLOSE: u8 = 3;

const HANDLE_BYTES: usize = 16;
const FIELDS_BYTES: usize = 16;

/// Every byte of a place that is nobody's.
const NOBODY: u8 = 0xff;

/// The private part of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Annex {
    /// Of a governance act.
    Act(ActAnnex),
    /// Of a disclosure.
    Disclosure(DisclosureAnnex),
    /// Of people's choices.
    Consents(ConsentsAnnex),
    /// Of a close, which has nothing private.
    Close,
}

/// The private part of a governance act. The document is public, and is here so that the stream alone
/// is enough to compute everything else again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ActAnnex {
    /// The document that was published with the act.
    pub document: Option<Vec<u8>>,
    /// Who handed the act in.
    pub submitted_by: Option<String>,
}

/// The private part of a disclosure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisclosureAnnex {
    /// The seed of the records' salts.
    pub seed: Seed,
    /// Where the request came from.
    pub circumstances: Circumstances,
    /// How many friends were looked at and left out.
    pub hidden_count: u32,
    /// What was asked for and withheld from everybody of one standing, each field under its reason.
    pub withheld: [Vec<(Reason, FieldSet)>; 3],
    /// The people in the answer, the viewer first.
    pub records: Vec<AnnexRecord>,
}

/// Under what circumstances a request was made. Each text has at most 255 bytes; what is longer is cut.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Circumstances {
    /// The name of the viewer's grant.
    pub grant: Option<String>,
    /// The network that the request came from, shortened to what may be kept, as `192.0.2.0/24`.
    pub network: Option<String>,
    /// The viewer's time zone.
    pub zone: Option<String>,
}

/// What was decided about one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnnexRecord {
    /// The person; of an erased one what `erase` put there.
    pub handle: Handle,
    /// Which mask applied to them.
    pub standing: Standing,
    /// The fields that are released, `id` at least; none of an erased person.
    pub fields: FieldSet,
    /// The fields that only their own settings withheld.
    pub closed: FieldSet,
}

impl AnnexRecord {
    /// Whether the person is erased, so that nobody can say any more what was released.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        self.fields.is_empty()
    }
}

/// What a person in an answer is, as far as masks tell people apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// The viewer.
    Viewer,
    /// A friend of full age.
    Friend,
    /// A friend who is a minor.
    MinorFriend,
}

/// Bytes that are not an annex.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnnexError {
    /// Written by another version of the program.
    #[error("annex version {found} is not known; this program reads version {ANNEX_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u8,
    },
    /// It ends too early.
    #[error("the annex is cut off in its {what}")]
    CutOff {
        /// In what.
        what: &'static str,
    },
    /// Something in it can mean nothing.
    #[error("the annex has a {what} of {found}, which means nothing")]
    Meaningless {
        /// What.
        what: &'static str,
        /// Its value.
        found: u64,
    },
    /// It goes on after its end.
    #[error("{extra_bytes} bytes follow the annex")]
    Extra {
        /// How many.
        extra_bytes: usize,
    },
}

impl Standing {
    /// All of them, in the order in which reasons are stored.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Friend, Self::MinorFriend];

    /// The relation of such a person to the viewer.
    #[must_use]
    pub const fn relation(self) -> Relation {
        match self {
            Self::Viewer => Relation::Viewer,
            Self::Friend | Self::MinorFriend => Relation::Friend,
        }
    }

    fn of(relation: Relation, is_minor: bool) -> Self {
        match (relation, is_minor) {
            (Relation::Viewer, _) => Self::Viewer,
            (Relation::Friend, false) => Self::Friend,
            (Relation::Friend, true) => Self::MinorFriend,
        }
    }
}

impl DisclosureAnnex {
    /// What a decision about these candidates leaves to remember.
    #[must_use]
    pub fn of(
        decided: &Decided,
        candidates: &[Candidate],
        seed: Seed,
        circumstances: Circumstances,
    ) -> Self {
        let record = |record: &DecidedRecord| AnnexRecord {
            handle: record.handle,
            standing: Standing::of(
                record.relation,
                candidates.get(record.position).is_some_and(|candidate| candidate.minor),
            ),
            fields: record.fields,
            closed: record.closed,
        };
        Self {
            seed,
            circumstances,
            hidden_count: u32::try_from(decided.hidden_count).unwrap_or(u32::MAX),
            withheld: Standing::ALL.map(|standing| withheld(decided, standing)),
            records: decided.records.iter().map(record).collect(),
        }
    }

    /// How many people of this relation are in the answer.
    #[must_use]
    pub fn count(&self, relation: Relation) -> usize {
        self.records.iter().filter(|record| record.standing.relation() == relation).count()
    }

    /// The fields that were released of somebody of this relation.
    #[must_use]
    pub fn fields(&self, relation: Relation) -> FieldSet {
        let of_relation = self.records.iter().filter(|r| r.standing.relation() == relation);
        of_relation.fold(FieldSet::EMPTY, |fields, record| fields.or(record.fields))
    }
}

/// What was asked for and withheld from everybody of one standing, each field under its reason.
#[must_use]
pub fn withheld(decided: &Decided, standing: Standing) -> Vec<(Reason, FieldSet)> {
    let (mask, asked, not_granted): (&Mask, _, _) = {
        let [viewer, friend] = decided.not_granted;
        let friends = decided.request.friends.as_ref().map(|asked| asked.fields.with(FieldId::ID));
        let of_friends = friends.unwrap_or_default();
        let list = friends.map_or(FieldSet::EMPTY, |_| FieldSet::of(FieldId::FRIENDS));
        match standing {
            Standing::Viewer => {
                let asked = decided.request.viewer.with(FieldId::ID).or(list);
                (&decided.basis.viewer, asked, viewer)
            }
            Standing::Friend => (&decided.basis.friend, of_friends, friend),
            Standing::MinorFriend => (&decided.basis.minor_friend, of_friends, friend),
        }
    };
    let not_granted = (Reason::Grant, not_granted.and(mask.open));
    let by_mask = mask.withheld.iter().map(|(reason, fields)| (*reason, fields.and(asked)));
    by_mask.chain([not_granted]).filter(|(_, fields)| !fields.is_empty()).collect()
}

impl Annex {
    /// The annex as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Act(act) => {
                let mut bytes = vec![ANNEX_VERSION, KIND_ACT];
                match &act.document {
                    None => bytes.push(0),
                    Some(document) => {
                        bytes.push(1);
                        bytes.extend_from_slice(&(document.len() as u32).to_le_bytes());
                        bytes.extend_from_slice(document);
                    }
                }
                push_text(&mut bytes, act.submitted_by.as_deref());
                bytes
            }
            Self::Disclosure(disclosure) => disclosure.to_bytes(),
            Self::Consents(consents) => {
                let mut bytes = vec![ANNEX_VERSION, KIND_CONSENTS];
                consents.push_to(&mut bytes);
                bytes
            }
            Self::Close => vec![ANNEX_VERSION, KIND_CLOSE],
        }
    }

    /// Reads an annex.
    ///
    /// # Errors
    /// [`AnnexError`], naming what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, AnnexError> {
        let mut input = Input { rest: bytes };
        let version = input.byte("version")?;
        if version != ANNEX_VERSION {
            return Err(AnnexError::UnknownVersion { found: version });
        }
        let annex = match input.byte("kind")? {
            KIND_ACT => Self::Act(input.act()?),
            KIND_DISCLOSURE => Self::Disclosure(input.disclosure()?),
            KIND_CONSENTS => Self::Consents(input.consents()?),
            KIND_CLOSE => Self::Close,
            found => return Err(meaningless("kind", found)),
        };
        match input.rest.len() {
            0 => Ok(annex),
            extra_bytes => Err(AnnexError::Extra { extra_bytes }),
        }
    }
}

impl DisclosureAnnex {
    fn to_bytes(&self) -> Vec<u8> {
        let mut places = HashMap::new();
        let mut lines = Vec::new();
        let of_records: Vec<u16> = self
            .records
            .iter()
            .map(|record| {
                let line = (record.standing, record.fields, record.closed);
                *places.entry(line).or_insert_with(|| {
                    lines.push(line);
                    // A disclosure has fewer than 65,535 distinct lines, since it has fewer records.
                    (lines.len() - 1) as u16
                })
            })
            .collect();
        let mut bytes = Vec::with_capacity(128 + 33 * lines.len() + 18 * self.records.len());
        bytes.extend_from_slice(&[ANNEX_VERSION, KIND_DISCLOSURE]);
        bytes.extend_from_slice(&self.seed.0);
        push_text(&mut bytes, self.circumstances.grant.as_deref());
        push_text(&mut bytes, self.circumstances.network.as_deref());
        push_text(&mut bytes, self.circumstances.zone.as_deref());
        bytes.extend_from_slice(&self.hidden_count.to_le_bytes());
        for withheld in &self.withheld {
            bytes.push(withheld.len() as u8);
            for (reason, fields) in withheld {
                bytes.push(reason.code());
                push_fields(&mut bytes, *fields);
            }
        }
        bytes.extend_from_slice(&(lines.len() as u16).to_le_bytes());
        for (standing, fields, closed) in &lines {
            bytes.push(*standing as u8);
            push_fields(&mut bytes, *fields);
            push_fields(&mut bytes, *closed);
        }
        bytes.extend_from_slice(&(self.records.len() as u32).to_le_bytes());
        for (record, place) in self.records.iter().zip(of_records) {
            bytes.extend_from_slice(&record.handle.0);
            let [low, high] = place.to_le_bytes();
            bytes.push(low);
            if place_bytes(lines.len()) == 2 {
                bytes.push(high);
            }
        }
        bytes
    }
}

/// How many bytes a place among so many lines takes; the highest number is nobody's place.
const fn place_bytes(lines: usize) -> usize {
    if lines > 255 { 2 } else { 1 }
}

fn push_text(bytes: &mut Vec<u8>, text: Option<&str>) {
    let Some(text) = text else {
        bytes.push(0);
        return;
    };
    let end = (0..=text.len().min(255)).rev().find(|end| text.is_char_boundary(*end));
    let kept = end.and_then(|end| text.get(..end)).unwrap_or_default();
    bytes.extend_from_slice(&[1, kept.len() as u8]);
    bytes.extend_from_slice(kept.as_bytes());
}

fn push_fields(bytes: &mut Vec<u8>, fields: FieldSet) {
    bytes.extend_from_slice(&fields.bits().to_le_bytes());
}

fn meaningless(what: &'static str, found: impl Into<u64>) -> AnnexError {
    AnnexError::Meaningless { what, found: found.into() }
}

/// What is left to read.
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], AnnexError> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or(AnnexError::CutOff { what })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], AnnexError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(AnnexError::CutOff { what })?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, AnnexError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    fn fields(&mut self, what: &'static str) -> Result<FieldSet, AnnexError> {
        Ok(FieldSet::from_bits(u128::from_le_bytes(self.array(what)?)))
    }

    fn is_present(&mut self, what: &'static str) -> Result<bool, AnnexError> {
        match self.byte(what)? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(meaningless(what, found)),
        }
    }

    fn text(&mut self, what: &'static str) -> Result<Option<String>, AnnexError> {
        if !self.is_present(what)? {
            return Ok(None);
        }
        let length = self.byte(what)?;
        let bytes = self.take(length.into(), what)?;
        if length > 0 && bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let text = std::str::from_utf8(bytes);
        text.map(|text| Some(text.to_owned())).map_err(|_| meaningless(what, length))
    }

    fn act(&mut self) -> Result<ActAnnex, AnnexError> {
        let document = if self.is_present("document")? {
            let length = u32::from_le_bytes(self.array("document")?);
            Some(self.take(length as usize, "document")?.to_vec())
        } else {
            None
        };
        Ok(ActAnnex { document, submitted_by: self.text("submitter")? })
    }

    fn disclosure(&mut self) -> Result<DisclosureAnnex, AnnexError> {
        let seed = Seed(self.array("seed")?);
        let circumstances = Circumstances {
            grant: self.text("grant")?,
            network: self.text("network")?,
            zone: self.text("zone")?,
        };
        let hidden_count = u32::from_le_bytes(self.array("hidden count")?);
        let withheld = [self.withheld()?, self.withheld()?, self.withheld()?];
        let lines = self.lines()?;
        let records = self.records(&lines)?;
        Ok(DisclosureAnnex { seed, circumstances, hidden_count, withheld, records })
    }

    fn withheld(&mut self) -> Result<Vec<(Reason, FieldSet)>, AnnexError> {
        let count = self.byte("reasons")?;
        let mut withheld = Vec::with_capacity(count.into());
        for _ in 0..count {
            let code = self.byte("reason")?;
            let reason = Reason::of_code(code).ok_or(meaningless("reason", code))?;
            withheld.push((reason, self.fields("withheld fields")?));
        }
        Ok(withheld)
    }

    fn lines(&mut self) -> Result<Vec<(Standing, FieldSet, FieldSet)>, AnnexError> {
        let count = u16::from_le_bytes(self.array("decisions")?);
        let mut lines = Vec::with_capacity(count.into());
        for _ in 0..count {
            let code = self.byte("standing")?;
            let standing =
                Standing::ALL.get(usize::from(code)).ok_or(meaningless("standing", code))?;
            lines.push((*standing, self.fields("fields")?, self.fields("closed fields")?));
        }
        Ok(lines)
    }

    fn records(
        &mut self,
        lines: &[(Standing, FieldSet, FieldSet)],
    ) -> Result<Vec<AnnexRecord>, AnnexError> {
        let count = u32::from_le_bytes(self.array("records")?);
        let place_bytes = place_bytes(lines.len());
        let record_bytes = HANDLE_BYTES + place_bytes;
        // No more is set aside than there are bytes for.
        let mut records = Vec::with_capacity((count as usize).min(self.rest.len() / record_bytes));
        for number in 0..count {
            let handle = Handle(self.array("handle")?);
            let place = self.take(place_bytes, "place")?;
            let (standing, fields, closed) = if place.iter().all(|byte| *byte == NOBODY) {
                let standing = if number == 0 { Standing::Viewer } else { Standing::Friend };
                (standing, FieldSet::EMPTY, FieldSet::EMPTY)
            } else {
                let place = place.iter().rev().fold(0, |place, byte| place << 8 | u16::from(*byte));
                *lines.get(usize::from(place)).ok_or(meaningless("place", place))?
            };
            if (standing == Standing::Viewer) != (number == 0) {
                return Err(meaningless("place of the viewer", number));
            }
            records.push(AnnexRecord { handle, standing, fields, closed });
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests;
