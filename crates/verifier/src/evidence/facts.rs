//! What the entries of a pack say: the acts replayed into the register, and each disclosure decided again
//! against the register before it, by the rules of the log's own check.
//!
//! What it is not: a check of what is not shown. Of an entry that was left out it knows nothing.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::Chronology;
use countersign_protocol::entry::{Disclosure, Entry, SignedAct};
use countersign_protocol::evidence_pack::{LogPart, Pack, Subject};
use countersign_protocol::replay::Replay;
use sha2::{Digest as _, Sha256};

use crate::act_check;
use crate::key_change::key_change;
use crate::redecide::redecide;
use crate::verdict::{Place, Rule, Verdict};

/// What the entries of a pack say.
pub(super) struct Facts<'a> {
    pub(super) replay: Replay,
    /// The acts that the register took, with their places.
    pub(super) acts: Vec<(u64, SignedAct)>,
    /// The disclosures, with their places.
    pub(super) sent: Vec<(u64, Disclosure)>,
    /// The latest time of any entry.
    pub(super) newest: Timestamp,
    documents: BTreeMap<Digest, &'a [u8]>,
}

impl<'a> Facts<'a> {
    /// Reads the entries of a pack of the log of this origin.
    pub(super) fn read(
        pack: &Pack,
        (subject, log): (&Subject, &'a LogPart),
        origin: &str,
        verdict: &mut Verdict,
    ) -> Self {
        let documents = log.documents.iter().map(|bytes| &bytes[..]);
        let documents: BTreeMap<_, _> =
            documents.map(|bytes| (Digest(Sha256::digest(bytes).into()), bytes)).collect();
        let mut facts = Self {
            replay: Replay::new(origin),
            acts: Vec::new(),
            sent: Vec::new(),
            newest: Timestamp::from_seconds(0),
            documents,
        };
        let mut chronology = Chronology::default();
        for shown in &log.entries {
            let (index, place) = (shown.index, Place::entry(shown.index));
            let entry = verdict.check_ok(Rule::EntryForm, place, Entry::parse(&shown.bytes));
            match entry {
                Some(Entry::Act(act)) => {
                    verdict.acts += 1;
                    verdict.check_ok(Rule::ActTime, place, chronology.act(act.time));
                    facts.take(index, act, verdict);
                }
                Some(Entry::Disclosure(disclosure)) => {
                    verdict.disclosures += 1;
                    let timely = chronology.clock(disclosure.time, index.saturating_add(1));
                    verdict.check_ok(Rule::DisclosureTime, place, timely);
                    check_of_subject(pack, subject, index, &disclosure, verdict);
                    redecide((facts.register(), &chronology), index, &disclosure, verdict);
                    facts.sent.push((index, disclosure));
                }
                Some(entry @ (Entry::Consents(_) | Entry::Close(_))) => {
                    let otherwise = || (entry.kind().to_owned(), "acts and disclosures".to_owned());
                    verdict.check(Rule::EvidenceForm, place, false, otherwise);
                }
                None => {}
            }
        }
        facts.newest = chronology.newest();
        facts.check_documents(log, verdict);
        facts.check_refusals(log, verdict);
        facts
    }

    pub(super) const fn register(&self) -> &Register {
        self.replay.register()
    }

    /// The agreement of this digest, and its act.
    pub(super) fn agreement(&self, digest: &Digest) -> Option<AgreementDocument> {
        serde_json::from_slice(self.documents.get(digest)?).ok()
    }

    fn take(&mut self, index: u64, act: SignedAct, verdict: &mut Verdict) {
        let document = act.act.document().and_then(|digest| self.documents.get(&digest)).copied();
        let key_change = key_change(self.register(), &act.act);
        if act_check::take(&mut self.replay, index, &act, document, verdict) {
            if let Some(key_change) = key_change {
                verdict.notice(Some(index), key_change);
            }
            self.acts.push((index, act));
        }
    }

    /// Nothing is shown that no act speaks of, and nothing twice.
    fn check_documents(&self, log: &LogPart, verdict: &mut Verdict) {
        let spoken_of: BTreeSet<_> =
            self.acts.iter().filter_map(|(_, act)| act.act.document()).collect();
        let holds = self.documents.keys().eq(&spoken_of) && log.documents.len() == spoken_of.len();
        verdict.check(Rule::Document, Place::WHOLE, holds, || {
            let found = format!("{} documents", log.documents.len());
            (found, format!("the {} that the acts speak of, each once", spoken_of.len()))
        });
    }

    /// What was refused is told of disclosures that are shown, in their order.
    fn check_refusals(&self, log: &LogPart, verdict: &mut Verdict) {
        let mut sent = self.sent.iter().map(|(index, _)| *index);
        let mut refusals = log.refusals.iter().flatten();
        let stray = refusals.find(|refused| !sent.any(|index| index == refused.index));
        verdict.check(Rule::EvidenceForm, Place::WHOLE, stray.is_none(), || {
            let found = stray.map_or(0, |refused| refused.index);
            let expected = "refusals of the disclosures shown, in their order".to_owned();
            (format!("one of entry {found}"), expected)
        });
    }
}

fn check_of_subject(
    pack: &Pack,
    subject: &Subject,
    index: u64,
    disclosure: &Disclosure,
    verdict: &mut Verdict,
) {
    let holds = subject.has(disclosure) && pack.spans(disclosure);
    verdict.check(Rule::EvidenceForm, Place::entry(index), holds, || {
        let Disclosure { partner, client, time, .. } = disclosure;
        let found = format!("a disclosure to {partner} ({client}) of {time}");
        (found, "those of whom and when the pack is about".to_owned())
    });
}
