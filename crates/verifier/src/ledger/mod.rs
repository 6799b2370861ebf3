//! The ledger: everything that a log holds about one person, with proof that it is complete, and was within
//! what they chose.
//!
//! ```text
//! checkpoint ← the newest close ← … ← the first close      one chain over all periods
//! directory (of the newest close) → the account's secrets, and since when it has them
//! each close × each secret → what the index has of it: the items shown, or nothing
//! each item → its entry, in the tree of the same checkpoint
//! ```
//!
//! Everything that is not the verifier's own [`Question`] comes from the bundle, and is proved or not believed. Of
//! periods before the directory had the account's newest secret nothing is said to be complete.
//!
//! What it is not: it does not say that the log itself holds. Whether those acts, builds and agreements were
//! as they should be, anybody checks for everybody, with `countersign-verify log`; and that the index is
//! what all entries say, an auditor.
//!
//! Spec: docs/protocol.md, section 7.

use countersign_domain::agreement::Delivery;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::consent::ConsentRecord;
use countersign_protocol::cosigned::{Cosigned, CosignedError};
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::{Policy, QuorumTimes};
use serde::Serialize;

use crate::verdict::{FAILURES_KEPT_MAX, Place, Rule, Verdict};

use self::choices::Choices;
use self::closes::Closes;
use self::entries::Entries;
use self::items::{Opened, What};
use self::receipts::Shown;

mod account;
mod choices;
mod closes;
mod completeness;
mod current;
mod entries;
mod items;
mod reader;
mod receipts;
mod summary;

/// What the verifier brings along.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The log's key, from somewhere other than the platform.
    pub key: &'a NoteKey,
    /// Whose cosignatures are wanted.
    pub policy: Option<&'a Policy>,
    /// When the bundle was fetched; now, if it was just now.
    pub at: Timestamp,
    /// The account that the reader knows to be theirs.
    pub account: Option<&'a str>,
    /// Since when the reader has had it.
    pub account_since: Option<Timestamp>,
    /// The consent receipts that the reader kept, as texts. Their signatures are not checked.
    pub receipts: &'a [String],
}

impl<'a> Question<'a> {
    /// A question of a reader who brings the log's key and nothing else.
    #[must_use]
    pub const fn new(key: &'a NoteKey, at: Timestamp) -> Self {
        Self { key, policy: None, at, account: None, account_since: None, receipts: &[] }
    }
}

/// What a bundle says, where it could be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Ledger {
    /// Whose it is, as the platform names the account.
    pub account: String,
    /// How many periods are closed.
    pub periods: u64,
    /// The first period from which on it is complete: the first one whose close has the account's newest secret.
    pub complete_since: Option<u64>,
    /// What is proved to be complete from then on: the entries before this one.
    pub complete_until: u64,
    /// The time of the close that says so.
    pub closed_at: Option<Timestamp>,
    /// The versions of the account that were erased, and under which nothing is shown.
    pub erased_versions: Vec<u64>,
    /// What stands in no period yet was searched up to this entry.
    pub searched_until: u64,
    /// What the log holds about the person, in its order.
    pub lines: Vec<Line>,
    #[serde(skip)]
    since: Option<Since>,
}

/// The period from which on a ledger is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Since {
    /// Its first entry.
    from: u64,
    /// The time of its close.
    closed_at: Timestamp,
}

/// One line of a ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// The entry.
    pub index: u64,
    /// Its time.
    pub time: Timestamp,
    /// Whether no close covers it yet: then others may be missing beside it.
    pub is_provisional: bool,
    /// What it is.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Something about the person left, or may have.
    Released(Released),
    /// The person chose something.
    Chose(ConsentRecord),
}

/// What left about the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Released {
    /// Who got it.
    pub partner: Identifier,
    /// Through which client.
    pub client: Identifier,
    /// Which build of it.
    pub build: Identifier,
    /// For what.
    pub purpose: Identifier,
    /// What the person was: the viewer, or a friend of the viewer's.
    pub relation: Relation,
    /// The fields, by name.
    pub fields: Vec<String>,
    /// How it left.
    pub delivery: Delivery,
}

/// Checks a bundle. The ledger is there as far as the bundle could be read; it is to be believed only if
/// the verdict holds.
#[must_use]
pub fn check(bytes: &[u8], question: &Question<'_>) -> (Verdict, Option<Ledger>) {
    let mut verdict = Verdict::of(question.key.name(), Rule::of_ledger(), FAILURES_KEPT_MAX);
    let bundle = verdict.check_read(Rule::LedgerForm, Place::WHOLE, Bundle::parse(bytes), |_| true);
    let ledger = bundle.and_then(|bundle| check_bundle(&bundle, question, &mut verdict));
    (verdict, ledger)
}

fn check_bundle(bundle: &Bundle, question: &Question<'_>, verdict: &mut Verdict) -> Option<Ledger> {
    let (checkpoint, witnessed) = check_checkpoint(&bundle.checkpoint, question, verdict)?;
    (verdict.size, verdict.root) = (checkpoint.size, Some(Digest(checkpoint.root)));
    let closes = Closes::read(bundle, verdict);
    let closes = verdict.check_ok(Rule::LedgerCloses, Place::WHOLE, closes)?;
    current::check(closes.newest_time(), witnessed, question.at, verdict);
    let entries = Entries::read(bundle, &closes, &checkpoint, verdict);
    let account = account::check(bundle, &closes, verdict);
    let opened = items::open(bundle, &entries, verdict);
    completeness::check(bundle, &closes, &opened, verdict);
    check_choices(&opened, &entries, question.at, verdict);
    check_end(bundle, &closes, &checkpoint, verdict);
    reader::check(bundle, &closes, &account, question, verdict);
    let shown =
        Shown { bundle, closes: &closes, account: &account, entries: &entries, opened: &opened };
    receipts::check(&shown, question, verdict);
    Some(ledger(&shown))
}

/// The checkpoint, and when the quorum of the policy cosigned it, if there is one and it did. That says nothing
/// of what time it is for the reader.
pub(crate) fn check_checkpoint(
    note: &[u8],
    question: &Question<'_>,
    verdict: &mut Verdict,
) -> Option<(Checkpoint, Option<QuorumTimes>)> {
    let Question { key, policy, .. } = *question;
    let opened = Checkpoint::open(note, key.name(), key);
    let is_other = CheckpointError::is_of_another;
    let checkpoint = verdict.check_read(Rule::Checkpoint, Place::WHOLE, opened, is_other)?;
    let Some(policy) = policy else { return Some((checkpoint, None)) };
    let cosigned = Cosigned::open(note, key, policy);
    let is_other = CosignedError::is_of_another;
    let cosigned = verdict.check_read(Rule::Witnesses, Place::WHOLE, cosigned, is_other)?;
    let is_met = cosigned.quorum.is_met();
    let found = format!("{} cosignatures of the policy's witnesses", cosigned.cosignatures.len());
    let why = format!("the quorum of your policy has not cosigned this checkpoint: {found}");
    let otherwise = || (found, "the quorum of the policy".to_owned());
    verdict.check_brought(Rule::Witnesses, Place::WHOLE, is_met, otherwise, || why);
    verdict.witnessed = cosigned.quorum.times();
    Some((checkpoint, verdict.witnessed))
}

fn check_choices(opened: &[Opened<'_>], entries: &Entries, at: Timestamp, verdict: &mut Verdict) {
    let by_secret = Choices::read(opened, verdict);
    let none = Choices::default();
    for one in opened {
        if let What::Record(disclosure, record) = &one.what {
            let choices = by_secret.get(&one.secret).unwrap_or(&none);
            choices::check_record((one.item.index, disclosure, record), choices, entries, verdict);
        }
    }
    for choices in by_secret.values() {
        choices.say_held(at, verdict);
    }
}

/// What is in no period yet is shown as far as it was searched, which is said.
fn check_end(bundle: &Bundle, closes: &Closes, checkpoint: &Checkpoint, verdict: &mut Verdict) {
    let last = bundle.items.last().map_or(0, |item| item.index + 1);
    let begin = last.max(closes.until());
    let holds = (begin..=checkpoint.size).contains(&bundle.searched);
    verdict.check(Rule::LedgerForm, Place::WHOLE, holds, || {
        let found = format!("a search up to entry {}", bundle.searched);
        (found, format!("one from entry {begin} to {}", checkpoint.size))
    });
    let open = checkpoint.size.saturating_sub(closes.until());
    if open > 0 {
        let (from, searched) = (closes.until(), bundle.searched);
        let says = format!(
            "entries from {from} on are in no period yet: those up to {searched} were searched, and nothing is proved about them"
        );
        verdict.notice(None, says);
    }
}

fn ledger(shown: &Shown<'_>) -> Ledger {
    let Shown { bundle, closes, account, entries, opened } = *shown;
    let line = |opened: &Opened<'_>| {
        let (time, event) = match &opened.what {
            What::Record(disclosure, record) => {
                let names = entries.schema().map(|schema| schema.names(record.fields));
                let fields = names.into_iter().flatten().map(str::to_owned).collect();
                let released = Released {
                    partner: disclosure.partner.clone(),
                    client: disclosure.client.clone(),
                    build: disclosure.build.clone(),
                    purpose: disclosure.purpose.clone(),
                    relation: record.relation,
                    fields,
                    delivery: disclosure.delivery,
                };
                (disclosure.time, Event::Released(released))
            }
            What::Consent(consents, record) => (consents.time, Event::Chose(record.clone())),
        };
        let index = opened.item.index;
        Line { index, time, is_provisional: index >= closes.until(), event }
    };
    let since = account.complete_since.and_then(|period| closes.closes.get(period));
    Ledger {
        account: bundle.account.clone(),
        periods: closes.closes.len() as u64,
        complete_since: since.map(|close| close.period),
        complete_until: closes.until(),
        closed_at: closes.closes.last().map(|close| close.time),
        erased_versions: account.erased.clone(),
        searched_until: bundle.searched,
        lines: opened.iter().map(line).collect(),
        since: since.map(|close| Since { from: close.from, closed_at: close.time }),
    }
}
