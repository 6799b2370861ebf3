//! People whose secrets are known, what the stream says of them read aloud, and closes over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_domain::person::{Handle, Secret};
use countersign_domain::rounding::rounded_up;
use countersign_log::Log;
use countersign_log::annex::{Annex, AnnexConsent, ConsentsAnnex};
use countersign_log::backend::memory::Memory;
use countersign_log::period::{Closed, Limits, PeriodError, Periods, Secrets, SecretsError};
use countersign_protocol::entry::{Close, DirectoryRoot, Entry};
use countersign_protocol::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment};
use countersign_protocol::record::{Record, Seed, own_id, pairwise_id};

use crate::support::{Pair, block_on, disclose, name, secret_of};

/// Runs so short and so few at once that everything is merged more than once.
pub(crate) const TIGHT: Limits = Limits { run_items: 3, runs_at_once: 2 };

pub(crate) const DIRECTORY: DirectoryRoot = DirectoryRoot::EMPTY;

pub(crate) fn person(number: u8) -> Handle {
    Handle([number; 16])
}

/// Everybody's secret but this one's, which was destroyed.
pub(crate) struct All {
    pub(crate) but: Option<Handle>,
}

pub(crate) const ALL: All = All { but: None };

impl Secrets for All {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        Ok((self.but != Some(person)).then(|| secret_of(person)))
    }
}

pub(crate) fn periods(memory: &Memory) -> Result<Periods, PeriodError> {
    Periods::open(Arc::new(memory.clone()), TIGHT)
}

pub(crate) fn close(periods: &mut Periods, log: &Log) -> Result<Closed, PeriodError> {
    periods.close(log, log.head(), &ALL, DIRECTORY)
}

/// Choices of these people.
pub(crate) fn consents(people: &[u8]) -> ConsentsAnnex {
    let consent = |number: &u8| AnnexConsent {
        handle: person(*number),
        person: own_id(&secret_of(person(*number))),
        record: format!("choice {number}").into_bytes(),
    };
    ConsentsAnnex { seed: Seed([9; 32]), records: people.iter().map(consent).collect() }
}

/// Disclosures about the same people again and again, and choices of some of them and of others.
pub(crate) fn live(log: &Log) {
    for friends in [4, 0, 11] {
        let _ = block_on(disclose(log, friends));
    }
    let _ = block_on(log.append_consents(consents(&[2, 40, 2])));
}

/// What these entries say of everybody: the definition, read aloud.
pub(crate) fn lists(pairs: &[Pair], from: u64, until: u64) -> BTreeMap<Handle, Vec<Item>> {
    let mut lists: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let range = pairs.iter().zip(0..).skip(from as usize).take((until - from) as usize);
    for ((_, annex), index) in range {
        match Annex::parse(annex).unwrap() {
            Annex::Disclosure(annex) => {
                for (about, position) in annex.records.iter().zip(0..) {
                    let record = Record {
                        pairwise: pairwise_id(&secret_of(about.handle), &name("aurora")),
                        relation: about.standing.relation(),
                        fields: about.fields,
                    };
                    let commitment = record.commitment(&annex.seed, position);
                    lists.entry(about.handle).or_default().push(Item {
                        index,
                        position,
                        commitment,
                    });
                }
            }
            Annex::Consents(annex) => {
                for ((about, commitment), position) in
                    annex.records.iter().zip(annex.commitments()).zip(0..)
                {
                    lists.entry(about.handle).or_default().push(Item {
                        index,
                        position,
                        commitment,
                    });
                }
            }
            Annex::Act(_) | Annex::Close => {}
        }
    }
    lists
}

/// The root over these lists in the period of this number.
pub(crate) fn root(lists: &BTreeMap<Handle, Vec<Item>>, number: u64) -> [u8; 32] {
    let leaf = |(handle, items): (&Handle, &Vec<Item>)| Leaf {
        label: Label::of(&secret_of(*handle), number),
        list: list_commitment(items),
    };
    let mut leaves: Vec<_> = lists.iter().map(leaf).collect();
    leaves.sort_by_key(|leaf| leaf.label);
    let mut index = IndexBuilder::new();
    leaves.into_iter().for_each(|leaf| index.push(leaf).unwrap());
    index.root()
}

/// The closes in the stream, in their order.
pub(crate) fn closes(pairs: &[Pair]) -> Vec<Close> {
    let close = |(entry, _): &Pair| match Entry::parse(entry).unwrap() {
        Entry::Close(close) => Some(close),
        _ => None,
    };
    pairs.iter().filter_map(close).collect()
}

/// Every close in the stream has the root of what the stream says, and the period's files show everybody
/// their whole list and a stranger that there is none.
pub(crate) fn assert_true(periods: &Periods, pairs: &[Pair]) {
    for (close, number) in closes(pairs).iter().zip(0..) {
        assert_eq!(close.period, number);
        let lists = lists(pairs, close.from, close.until);
        assert_eq!(close.person_index.0, root(&lists, number), "period {number}");
        assert_eq!(close.people, rounded_up(lists.len() as u64));
        let period = periods.period(number).unwrap();
        assert_eq!(period.head().root, close.person_index.0);
        for about in (0..50).map(person) {
            let label = Label::of(&secret_of(about), number);
            let shown = period.show(&label).unwrap();
            let list = shown.proof.verify(&close.person_index.0, &label).unwrap();
            assert_eq!(shown.items.as_deref().map(list_commitment), list);
            assert_eq!(shown.items.as_ref(), lists.get(&about), "period {number}");
        }
    }
}
