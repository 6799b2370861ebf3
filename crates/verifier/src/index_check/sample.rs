//! The operator's sample held against the lists, the entries and the directory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::text::quoted;
use countersign_protocol::blinded_lists::ListedItem;
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::consent::{ConsentRecord, consent_commitment};
use countersign_protocol::directory::{secret_commitment, verify_history};
use countersign_protocol::entry::{Close, DirectoryRoot, Entry};
use countersign_protocol::index_sample::{Draw, OpenedItem, Sample, SampledAccount};
use countersign_protocol::ledger_bundle::Opening;
use countersign_protocol::person_index::{Item, Label};
use countersign_protocol::record::{Record, own_id, pairwise_id, record_commitment};

use super::windows;
use super::{IndexCheckError, ListsTotal};
use crate::log_range::LogRange;
use crate::site::{Site, SiteError};
use crate::verdict::{Place, Rule, Verdict};

/// A sample, and what the auditor asked for.
#[derive(Clone, Copy)]
pub struct SampleQuestion<'a> {
    /// The file that the operator made.
    pub bytes: &'a [u8],
    /// How many items have to be drawn.
    pub drawn: u32,
    /// What the auditor added to the draw; zeros if nothing.
    pub challenge: Digest,
    /// How many of them may be of people who were erased.
    pub erased_max: u64,
}

impl std::fmt::Debug for SampleQuestion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SampleQuestion({} of {} bytes)", self.drawn, self.bytes.len())
    }
}

/// What a sample opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sampled {
    /// How many items were drawn, or all if there are not as many.
    pub drawn: u32,
    /// How many of them were opened, and hold.
    pub opened: u64,
    /// How many are of people who were erased, by the operator's word.
    pub erased: u64,
    /// The accounts that were opened. Whether there is anybody behind them nobody can say but they.
    pub accounts: BTreeSet<String>,
}

/// The directory's root under which accounts are proved.
pub(super) struct ProvedUnder {
    /// `None` if there is no such close.
    pub(super) root: Option<DirectoryRoot>,
    /// Whether the log could be read so far.
    pub(super) is_read: bool,
}

/// A sample under examination.
pub(super) struct SampleCheck<'a> {
    question: &'a SampleQuestion<'a>,
    sample: Sample,
    period: u64,
    /// The items that were drawn, by their numbers, with the labels of their lists.
    drawn: BTreeMap<u64, (Label, Item)>,
    /// The entries that they stand at, each with the partner if it is a disclosure.
    partners: BTreeMap<u64, Option<Identifier>>,
    sampled: Sampled,
}

impl<'a> SampleCheck<'a> {
    /// Reads the sample, and the items of the lists that it should open. `None` if it is none.
    pub(super) fn begin<R: Read + Seek>(
        question: &'a SampleQuestion<'a>,
        lists: &mut R,
        (period, total): (&ClosedPeriod, &ListsTotal),
        verdict: &mut Verdict,
    ) -> Result<Option<Self>, IndexCheckError> {
        let parsed = Sample::parse(question.bytes);
        let is_other = |_: &_| true;
        let Some(sample) = verdict.check_read(Rule::SampleForm, Place::WHOLE, parsed, is_other)
        else {
            return Ok(None);
        };
        check_drawn(question, &sample, (period, total), verdict);
        // What the auditor asked for, whatever the sample says of itself.
        let draw = Draw {
            close: period.close.leaf,
            challenge: question.challenge,
            drawn: sample.draw.drawn.max(question.drawn),
        };
        let numbers = draw.numbers(total.items);
        let mut drawn = BTreeMap::new();
        let read = windows::open(lists)?.read(|ListedItem { number, label, item, .. }| {
            if numbers.contains(&number) {
                drawn.insert(number, (*label, *item));
            }
        })?;
        if read != *total {
            return Err(IndexCheckError::Changed);
        }
        let period = period.number;
        let partners = drawn.values().map(|(_, item)| (item.index, None)).collect();
        let sampled =
            Sampled { drawn: draw.drawn, opened: 0, erased: 0, accounts: BTreeSet::new() };
        Ok(Some(Self { question, sample, period, drawn, partners, sampled }))
    }

    /// Takes an entry of the period.
    pub(super) fn entry(&mut self, index: u64, entry: &Entry) {
        if let (Some(partner), Entry::Disclosure(disclosure)) =
            (self.partners.get_mut(&index), entry)
        {
            *partner = Some(disclosure.partner.clone());
        }
    }

    /// The directory of the close that the sample names, which is this one or a later one.
    pub(super) fn directory<S: Site + ?Sized>(
        &self,
        (place, close): (u64, &Close),
        log: &mut LogRange<'_, S>,
        verdict: &mut Verdict,
    ) -> Result<ProvedUnder, SiteError> {
        let named = self.sample.directory_close;
        if named == place {
            return Ok(ProvedUnder { root: Some(close.directory), is_read: true });
        }
        if named < place || named >= verdict.size {
            return Ok(ProvedUnder { root: None, is_read: true });
        }
        let mut found = None;
        let is_read = log.read(named..named + 1, verdict, |_, _, bytes| {
            found = Entry::parse(bytes).ok();
            Ok::<_, SiteError>(())
        })?;
        let root = match found {
            Some(Entry::Close(close)) => Some(close.directory),
            _ => None,
        };
        Ok(ProvedUnder { root, is_read })
    }

    /// Checks everything that is opened. `epochs` are those of the directory at the close before and at the period's.
    pub(super) fn check(
        &mut self,
        epochs: (u64, u64),
        directory: Option<DirectoryRoot>,
        verdict: &mut Verdict,
    ) {
        let named = self.sample.directory_close;
        let Some(directory) = directory else {
            verdict.check(Rule::SampleDirectory, Place::WHOLE, false, || {
                let found = format!("entry {named} as the close of the directory");
                (found, "the period's close, or a later one of this log".to_owned())
            });
            return;
        };
        let accounts = self.sample.accounts.iter();
        let proved: Vec<bool> =
            accounts.map(|account| prove(account, &directory, epochs, verdict)).collect();
        for item in &self.sample.items {
            let Some((label, listed)) = self.drawn.get(&item.number) else { continue };
            let Some(opened) = &item.opened else {
                self.sampled.erased += 1;
                if self.sampled.erased <= self.question.erased_max {
                    let says = format!(
                        "item {} of the sample is of a person who was erased, by the operator's word",
                        item.number
                    );
                    verdict.notice(Some(listed.index), says);
                }
                continue;
            };
            let place = usize::try_from(opened.account).unwrap_or(usize::MAX);
            let account = self.sample.accounts.get(place);
            let partner = self.partners.get(&listed.index).and_then(Option::as_ref);
            let holds = account.is_some_and(|account| {
                Label::of(&account.secret, self.period) == *label
                    && commitment(account, opened, partner) == Some(listed.commitment)
            });
            verdict.check(Rule::SampleOpening, Place::entry(listed.index), holds, || {
                let whose = account.map_or_else(
                    || "an account that is not in the sample".to_owned(),
                    |account| quoted(&account.account),
                );
                let found = format!("item {} opened as one of {whose}", item.number);
                (found, "what stands under its label and is committed to".to_owned())
            });
            if let Some(account) = account.filter(|_| holds && proved.get(place) == Some(&true)) {
                self.sampled.opened += 1;
                self.sampled.accounts.insert(account.account.clone());
            }
        }
        let (erased, max) = (self.sampled.erased, self.question.erased_max);
        verdict.check(Rule::SampleErased, Place::WHOLE, erased <= max, || {
            let found = format!("{erased} items of people who were erased, by the operator's word");
            (found, format!("at most {max}; --erased-max says how many you bear"))
        });
    }

    /// What was opened.
    pub(super) fn finish(self) -> Sampled {
        self.sampled
    }
}

/// Whether the sample is the one that was to be drawn.
fn check_drawn(
    question: &SampleQuestion<'_>,
    sample: &Sample,
    (period, total): (&ClosedPeriod, &ListsTotal),
    verdict: &mut Verdict,
) {
    let Draw { close, challenge, drawn } = sample.draw;
    let asked = (period.close.leaf, question.challenge);
    let is_of_this = (close, challenge) == asked && drawn >= question.drawn;
    verdict.check(Rule::SampleDrawn, Place::WHOLE, is_of_this, || {
        let of = |drawn, close, challenge| {
            format!("{drawn} items, drawn by the leaf hash {close} and the challenge {challenge}")
        };
        (of(drawn, close, challenge), of(question.drawn, asked.0, asked.1))
    });
    if !is_of_this {
        return;
    }
    let numbers = sample.draw.numbers(total.items);
    let is_drawn = sample.items.iter().map(|item| item.number).eq(numbers.iter().copied());
    verdict.check(Rule::SampleDrawn, Place::WHOLE, is_drawn, || {
        let opened: BTreeSet<u64> = sample.items.iter().map(|item| item.number).collect();
        let missing = numbers.difference(&opened).next();
        let found = missing.map_or_else(
            || "others than are drawn, or in another order".to_owned(),
            |number| format!("item {number} is not there"),
        );
        (found, format!("the {} items that are drawn, by their numbers", numbers.len()))
    });
}

/// Whether the directory has this secret of the account, and had it in the period.
fn prove(
    sampled: &SampledAccount,
    directory: &DirectoryRoot,
    (before, close): (u64, u64),
    verdict: &mut Verdict,
) -> bool {
    let expected = || "a secret that the directory had for the account in the period".to_owned();
    let whose = || quoted(&sampled.account);
    let versions = match verify_history(&sampled.account, &sampled.history, directory) {
        Ok(versions) => versions,
        Err(error) => {
            return verdict.check(Rule::SampleDirectory, Place::WHOLE, false, || {
                (format!("account {}: {error}", whose()), expected())
            });
        }
    };
    let at = versions.iter().position(|version| version.version == sampled.version);
    let version = at.and_then(|at| versions.get(at));
    let next = at.and_then(|at| versions.get(at + 1));
    let is_its = version.is_some_and(|version| version.value == secret_commitment(&sampled.secret));
    let is_in_time = version.is_some_and(|version| version.epoch <= close)
        && next.is_none_or(|next| next.epoch > before);
    verdict.check(Rule::SampleDirectory, Place::WHOLE, is_its && is_in_time, || {
        let version = sampled.version;
        let found = match is_its {
            false => format!("account {}: version {version} commits to another secret", whose()),
            true => format!(
                "account {}: version {version} was not in the directory between epochs {before} and {close}",
                whose()
            ),
        };
        (found, expected())
    })
}

/// The commitment that this opening gives; `partner` is that of the disclosure, if the entry is one.
fn commitment(
    account: &SampledAccount,
    opened: &OpenedItem,
    partner: Option<&Identifier>,
) -> Option<[u8; 32]> {
    match (&opened.opening, partner) {
        (Opening::Record { relation, fields }, Some(partner)) => {
            let pairwise = pairwise_id(&account.secret, partner);
            let record = Record { pairwise, relation: *relation, fields: *fields };
            Some(record_commitment(&opened.salt, &record))
        }
        (Opening::Consent(bytes), None) => {
            ConsentRecord::parse(bytes).ok()?;
            Some(consent_commitment(&opened.salt, own_id(&account.secret), bytes))
        }
        _ => None,
    }
}
