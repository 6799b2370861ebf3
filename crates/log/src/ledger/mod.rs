//! Making a person's [ledger bundle](countersign_protocol::ledger_bundle) from the stream, the files of its periods
//! and what is published.
//!
//! Entries that no close covers yet are searched as far as [`SEARCHED_MAX`] goes, and the bundle says how far.
//!
//! What it is not: the check. A bundle is made of what is there, and its reader says whether it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use countersign_domain::act::Act;
use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_domain::rounding::rounded_up;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::directory::verify_history;
use countersign_protocol::entry::{Entry, PreviousClose};
use countersign_protocol::ledger_bundle::{
    Bundle, ShownClose, ShownEntry, ShownItem, ShownProof, VersionedSecret,
};
use countersign_protocol::note::SignedNote;
use countersign_protocol::person_index::Label;
use countersign_protocol::shared_proof::prove_shared;
use countersign_protocol::site_path::{CHECKPOINT_PATH, WITNESSED_CHECKPOINT_PATH};
use countersign_protocol::tile::TileReader;

use crate::backend::Backend;
use crate::open::STREAM;
use crate::period::{Period, PeriodHead, Secrets, last_head, open_period};
use crate::publish::{SITE_FOLDER, document_path};
use crate::stream::Stream;
use crate::witnessed::SiteTiles;

mod error;
mod opening;
mod sample;
mod search;

pub use self::error::LedgerError;
pub use self::sample::{PeriodSample, SampledPerson};

use self::opening::Opener;

/// How many entries are searched at most for what is in no period yet.
pub const SEARCHED_MAX: u64 = 500_000;

/// Whose ledger it is.
pub struct Subject {
    /// The account, as the platform names it.
    pub account: String,
    /// Its history in the directory, as the newest close has that.
    pub history: Vec<u8>,
    /// The directory's public key.
    pub vrf: Digest,
    /// Its secrets, by their version.
    pub secrets: Vec<OwnSecret>,
}

/// A secret of an account's, and the person that it is of.
pub struct OwnSecret {
    /// Which of the account's versions it is.
    pub version: u64,
    /// The secret.
    pub secret: Secret,
    /// The person's name inside.
    pub handle: Handle,
}

/// Makes ledger bundles of one log. Many may be made at once, while periods are closed.
pub struct Ledgers {
    backend: Arc<dyn Backend>,
    stream: Stream,
}

impl Ledgers {
    /// Of the log in this backend.
    ///
    /// # Errors
    /// [`LedgerError`] if the stream cannot be read.
    pub fn open(backend: Arc<dyn Backend>) -> Result<Self, LedgerError> {
        let stream = Stream::open(&*backend, STREAM)?;
        Ok(Self { backend, stream })
    }

    /// The bundle of a person, against the newest checkpoint that witnesses saw, or else the newest. `schema` is
    /// the index of the act that put the field schema in force. It blocks, for as long as it takes to read
    /// what there is.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn bundle(
        &self,
        subject: &Subject,
        schema: u64,
        secrets: &dyn Secrets,
    ) -> Result<Bundle, LedgerError> {
        let (checkpoint, size) = published(&*self.backend)?;
        let periods = self.periods(size)?;
        let newest = periods.last().map(|period| period.head().clone());
        let mut bundle = Bundle {
            checkpoint,
            account: subject.account.clone(),
            history: subject.history.clone(),
            vrf: subject.vrf,
            secrets: subject.secrets.iter().map(versioned).collect(),
            closes: Vec::with_capacity(periods.len()),
            searched: 0,
            documents: Vec::new(),
            entries: Vec::new(),
            items: Vec::new(),
            proof: Vec::new(),
        };
        check_history(subject, newest.as_ref())?;
        let mut shown = Shown { opener: Opener::new(secrets), entries: BTreeMap::new() };
        for period in &periods {
            let close = self.close(period, subject, &mut shown, &mut bundle.items)?;
            bundle.closes.push(close);
        }
        bundle.searched =
            self.open_period(newest.as_ref(), size, subject, &mut shown, &mut bundle.items)?;
        bundle.items.sort_by_key(|item| (item.index, item.position));
        self.finish(bundle, newest.map(|head| head.close), (schema, size), shown.entries)
    }

    /// The periods whose closes are among the first `size` entries.
    fn periods(&self, size: u64) -> Result<Vec<Period>, LedgerError> {
        let Some(last) = last_head(&*self.backend)? else { return Ok(Vec::new()) };
        let periods = (0..=last.number).map(|number| open_period(&*self.backend, number));
        let mut periods = periods.collect::<Result<Vec<_>, _>>()?;
        periods.truncate(periods.partition_point(|period| period.head().close.index < size));
        Ok(periods)
    }

    /// What one close and its index have under every secret, also one that the directory had later: a reader
    /// believes no period without its proofs.
    fn close(
        &self,
        period: &Period,
        subject: &Subject,
        shown: &mut Shown<'_>,
        items: &mut Vec<ShownItem>,
    ) -> Result<ShownClose, LedgerError> {
        let head = period.head();
        let mut proofs = Vec::new();
        for (place, own) in (0..).zip(&subject.secrets) {
            let found = period.show(&Label::of(&own.secret, head.number))?;
            proofs.push(ShownProof { secret: place, proof: found.proof.to_bytes() });
            for item in found.items.unwrap_or_default() {
                let pair = period.pair(&self.stream, item.index)?;
                let at = (item.index, item.position);
                items.push(shown.item((place, own), Some(period), at, &pair)?);
            }
        }
        Ok(ShownClose {
            index: head.close.index,
            epoch: head.directory.epoch,
            directory: head.directory.root,
            people: rounded_up(head.people),
            person_index: Digest(head.root),
            time: head.time,
            until: head.until,
            shown: proofs,
        })
    }

    /// Searches what no close covers; returns the first entry that was not searched.
    fn open_period(
        &self,
        newest: Option<&PeriodHead>,
        size: u64,
        subject: &Subject,
        shown: &mut Shown<'_>,
        items: &mut Vec<ShownItem>,
    ) -> Result<u64, LedgerError> {
        let from = newest.map_or(0, |head| head.until);
        let until = size.min(from.saturating_add(SEARCHED_MAX));
        search::each(&self.stream, newest, (from, until), subject, |found| {
            let search::Found { place, own, index, position, pair } = found;
            items.push(shown.item((place, own), None, (index, position), pair)?);
            Ok(())
        })?;
        Ok(until)
    }

    /// Adds what the entries speak of, and the proof of them all.
    fn finish(
        &self,
        mut bundle: Bundle,
        newest: Option<PreviousClose>,
        (schema, size): (u64, u64),
        mut entries: BTreeMap<u64, Vec<u8>>,
    ) -> Result<Bundle, LedgerError> {
        let tiles = TileReader::new(SiteTiles(&*self.backend), size);
        if schema < size {
            entries.insert(schema, tiles.entry(schema)?);
        }
        for digest in documents(&entries) {
            bundle.documents.push(document(&*self.backend, &digest)?);
        }
        let places: BTreeSet<u64> =
            entries.keys().copied().chain(newest.map(|close| close.index)).collect();
        let places: Vec<u64> = places.into_iter().collect();
        bundle.proof = prove_shared(&tiles, &places, size)?;
        bundle.entries =
            entries.into_iter().map(|(index, bytes)| ShownEntry { index, bytes }).collect();
        Ok(bundle)
    }
}

/// The note of the checkpoint that everything is proved against, and the size of its tree: of the newest one that
/// witnesses saw, or else of the newest.
pub(crate) fn published(backend: &dyn Backend) -> Result<(Vec<u8>, u64), LedgerError> {
    for name in [WITNESSED_CHECKPOINT_PATH, CHECKPOINT_PATH] {
        let file = format!("{SITE_FOLDER}/{name}");
        let bytes = backend.read(&file).map_err(|error| LedgerError::io(&file, error))?;
        let Some(bytes) = bytes else { continue };
        let note = SignedNote::parse(&bytes).ok();
        let read = note.and_then(|note| Checkpoint::parse(note.text()).ok());
        let size = read.ok_or(LedgerError::Checkpoint { file })?.size;
        return Ok((bytes, size));
    }
    Err(LedgerError::NotPublished)
}

/// A published document.
pub(crate) fn document(backend: &dyn Backend, digest: &Digest) -> Result<Vec<u8>, LedgerError> {
    let file = document_path(digest);
    let document = backend.read(&file).map_err(|error| LedgerError::io(&file, error))?;
    document.ok_or(LedgerError::Document { file })
}

/// What is shown so far.
struct Shown<'a> {
    opener: Opener<'a>,
    entries: BTreeMap<u64, Vec<u8>>,
}

impl Shown<'_> {
    /// Opens an item, and shows its entry.
    fn item(
        &mut self,
        (place, own): (u16, &OwnSecret),
        period: Option<&Period>,
        (index, position): (u64, u32),
        pair: &(Vec<u8>, Vec<u8>),
    ) -> Result<ShownItem, LedgerError> {
        let item = self.opener.open((place, own), period, (index, position), pair)?;
        self.entries.entry(index).or_insert_with(|| pair.0.clone());
        Ok(item)
    }
}

fn versioned(own: &OwnSecret) -> VersionedSecret {
    VersionedSecret { version: own.version, secret: own.secret.clone() }
}

/// Checks that the account's history is that of the newest close's directory. Before the first close there is none.
fn check_history(subject: &Subject, newest: Option<&PeriodHead>) -> Result<(), LedgerError> {
    let newest = newest.ok_or(LedgerError::NoClosePublished)?;
    let read = verify_history(&subject.account, &subject.history, &newest.directory);
    read.map(drop).map_err(|error| LedgerError::History { reason: error.to_string() })
}

/// The documents that these entries speak of, as far as the ledger needs them.
fn documents(entries: &BTreeMap<u64, Vec<u8>>) -> BTreeSet<Digest> {
    let mut digests = BTreeSet::new();
    for bytes in entries.values() {
        match Entry::parse(bytes) {
            Ok(Entry::Disclosure(disclosure)) => digests.extend(disclosure.agreements),
            Ok(Entry::Act(signed)) => {
                if let Act::FieldSchema(published) = signed.act {
                    digests.insert(published.digest);
                }
            }
            _ => {}
        }
    }
    digests
}
