//! Making an [evidence pack](countersign_protocol::evidence_pack) from the stream and what is published: all acts, and
//! what went to whom in some time.
//!
//! Of annexes it takes which fields were withheld for which reason, and nothing else: no person, no number of
//! people, no circumstances.
//!
//! What it is not: the check. A pack is made of what is there, and its reader says whether it holds.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::act::Act;
use countersign_domain::digest::Digest;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::reason::Reason;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::evidence_pack::{
    Body, LogPart, PACK_BYTES_MAX, Pack, Refused, Subject, Withheld,
};
use countersign_protocol::ledger_bundle::ShownEntry;
use countersign_protocol::shared_proof::prove_shared;
use countersign_protocol::tile::TileReader;

use crate::annex::{Annex, DisclosureAnnex, Standing};
use crate::backend::Backend;
use crate::ledger::{LedgerError, document, published};
use crate::open::STREAM;
use crate::period::for_each_pair;
use crate::stream::{Found, Position, Stream};
use crate::witnessed::SiteTiles;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What went to whom.
    pub subject: Subject,
    /// From this second on.
    pub from: Timestamp,
    /// Until before this one.
    pub until: Timestamp,
    /// Whether what was refused is told.
    pub refusals: bool,
}

/// Why a pack cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// What it is made from cannot be read.
    #[error(transparent)]
    Log(#[from] LedgerError),
    /// The log has no such subject.
    #[error("the log has no {subject}; it has {known}")]
    UnknownSubject {
        /// Who was asked for.
        subject: Subject,
        /// Those of this kind.
        known: String,
    },
    /// Entries of this time are not published yet, so that it would leave them out.
    #[error(
        "entry {index} of this time is not in the published checkpoint yet, nor in that which witnesses saw if there is one: ask again when it is"
    )]
    NotPublished {
        /// The first of them.
        index: u64,
    },
    /// It would be longer than a pack may be.
    #[error(
        "there is more in this time than the {PACK_BYTES_MAX} bytes of a pack can hold: make several, of shorter times"
    )]
    TooLong,
}

/// Makes the pack, against the newest checkpoint that witnesses saw, or else the newest. `progress` is told how
/// many entries were read of how many. It blocks, for as long as it takes to read the log.
///
/// # Errors
/// [`EvidenceError`].
pub fn pack(
    backend: &dyn Backend,
    wanted: &Wanted,
    made: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Pack, EvidenceError> {
    check_published(backend, wanted.until)?;
    let (checkpoint, size) = published(backend)?;
    let stream = Stream::open(backend, STREAM).map_err(LedgerError::from)?;
    let mut gathered = Gathered::new(wanted);
    let mut failed = None;
    let read = for_each_pair(&stream, None, size, |index, entry, annex| {
        if failed.is_none() {
            failed = gathered.take(index, entry, annex).err();
        }
        progress(index + 1, size);
    });
    read.map_err(LedgerError::from)?;
    failed.map_or(Ok(()), Err)?;
    gathered.check_subject()?;
    let documents = gathered.documents.iter().map(|digest| document(backend, digest));
    let documents = documents.collect::<Result<Vec<_>, _>>()?;
    let places: Vec<u64> = gathered.entries.iter().map(|entry| entry.index).collect();
    let tiles = TileReader::new(SiteTiles(backend), size);
    let proof = prove_shared(&tiles, &places, size).map_err(LedgerError::from)?;
    let Gathered { entries, refused, .. } = gathered;
    let refusals = wanted.refusals.then_some(refused);
    let log = LogPart { checkpoint, documents, entries, proof, refusals };
    let Wanted { subject, from, until, .. } = wanted.clone();
    let pack = Pack { made, from, until, body: Body::Log(subject, log) };
    // Before it was put together, the entries alone were counted.
    if pack.to_bytes().len() > PACK_BYTES_MAX { Err(EvidenceError::TooLong) } else { Ok(pack) }
}

/// Checks that everything of before this time is in the published checkpoint that evidence is made against: what is
/// not would be missing, and be found to be later.
///
/// # Errors
/// [`EvidenceError::NotPublished`], or what cannot be read.
pub fn check_published(backend: &dyn Backend, until: Timestamp) -> Result<(), EvidenceError> {
    let (_, size) = published(backend)?;
    let stream = Stream::open(backend, STREAM).map_err(LedgerError::from)?;
    let is_of_time = |entry: &[u8]| Entry::parse(entry).is_ok_and(|entry| entry.time() < until);
    let mut at = Position::START;
    while let Found::Batch { batch, end } = stream.read(at).map_err(LedgerError::from)? {
        let entries = batch.pairs().flatten().zip(at.index..).filter(|(_, index)| *index >= size);
        if let Some((_, index)) = entries.into_iter().find(|((entry, _), _)| is_of_time(entry)) {
            return Err(EvidenceError::NotPublished { index });
        }
        at = end;
    }
    Ok(())
}

/// What was found so far.
struct Gathered<'a> {
    wanted: &'a Wanted,
    entries: Vec<ShownEntry>,
    documents: BTreeSet<Digest>,
    refused: Vec<Refused>,
    /// The names of those who could be the subject.
    known: BTreeSet<String>,
    bytes: usize,
}

impl<'a> Gathered<'a> {
    const fn new(wanted: &'a Wanted) -> Self {
        Self {
            wanted,
            entries: Vec::new(),
            documents: BTreeSet::new(),
            refused: Vec::new(),
            known: BTreeSet::new(),
            bytes: 0,
        }
    }

    fn take(&mut self, index: u64, entry: &[u8], annex: &[u8]) -> Result<(), EvidenceError> {
        let wrong = |error: &dyn std::fmt::Display| LedgerError::entry(index, error);
        match Entry::parse(entry).map_err(|error| wrong(&error))? {
            Entry::Act(signed) => {
                self.documents.extend(signed.act.document());
                match (&self.wanted.subject, &signed.act) {
                    (Subject::Partner(_), Act::Partner(partner)) => {
                        self.known.insert(partner.id.to_string());
                    }
                    (Subject::Client(_), Act::Agreement(agreement)) => {
                        self.known.insert(agreement.client.to_string());
                    }
                    _ => {}
                }
                self.show(index, entry)
            }
            Entry::Disclosure(disclosure) if self.is_wanted(&disclosure) => {
                let annex = Annex::parse(annex).map_err(|error| wrong(&error))?;
                let Annex::Disclosure(annex) = annex else {
                    return Err(wrong(&"its annex is of no disclosure").into());
                };
                let withheld = withheld(&annex);
                if !withheld.is_empty() {
                    self.refused.push(Refused { index, withheld });
                }
                self.show(index, entry)
            }
            Entry::Disclosure(_) | Entry::Consents(_) | Entry::Close(_) => Ok(()),
        }
    }

    fn is_wanted(&self, disclosure: &Disclosure) -> bool {
        let Wanted { subject, from, until, .. } = self.wanted;
        (*from..*until).contains(&disclosure.time) && subject.has(disclosure)
    }

    fn show(&mut self, index: u64, entry: &[u8]) -> Result<(), EvidenceError> {
        self.bytes += entry.len();
        if self.bytes > PACK_BYTES_MAX {
            return Err(EvidenceError::TooLong);
        }
        self.entries.push(ShownEntry { index, bytes: entry.to_vec() });
        Ok(())
    }

    fn check_subject(&self) -> Result<(), EvidenceError> {
        let subject = &self.wanted.subject;
        let is_known = match subject {
            Subject::All => true,
            Subject::Partner(name) | Subject::Client(name) => self.known.contains(name.as_str()),
        };
        if is_known {
            return Ok(());
        }
        let known: Vec<_> = self.known.iter().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(EvidenceError::UnknownSubject { subject: subject.clone(), known })
    }
}

/// What was asked for and withheld, by reason and relation. What concerns minors alone is told where one was in
/// the answer; that friends were left out altogether, as their id.
fn withheld(annex: &DisclosureAnnex) -> Vec<Withheld> {
    let has_minors = annex.records.iter().any(|one| one.standing == Standing::MinorFriend);
    let mut by: BTreeMap<(u8, bool), Withheld> = BTreeMap::new();
    let mut add = |reason: Reason, relation: Relation, fields: FieldSet| {
        if !fields.is_empty() {
            let place = (reason.code(), relation == Relation::Friend);
            let none = Withheld { reason, relation, fields: FieldSet::EMPTY };
            let line = by.entry(place).or_insert(none);
            line.fields = line.fields.or(fields);
        }
    };
    for (standing, lines) in Standing::ALL.into_iter().zip(&annex.withheld) {
        if standing != Standing::MinorFriend || has_minors || annex.hidden_count > 0 {
            lines.iter().for_each(|(reason, fields)| add(*reason, standing.relation(), *fields));
        }
    }
    for record in &annex.records {
        add(Reason::Settings, record.standing.relation(), record.closed);
    }
    let of_friends = annex.withheld.iter().skip(1).flatten();
    let is_told = of_friends.into_iter().any(|(_, fields)| fields.contains(FieldId::ID));
    if annex.hidden_count > 0 && !is_told {
        add(Reason::Settings, Relation::Friend, FieldSet::of(FieldId::ID));
    }
    by.into_values().collect()
}
