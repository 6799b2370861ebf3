//! How well screening finds, measured with the frozen generator of variants; `docs/screening.md` holds
//! what this prints.

use std::collections::BTreeSet;

use countersign_policy::screening::index::Index;
use countersign_policy::screening::list::{Entry, EntryKind, ScreeningList};
use countersign_policy::screening::matches::POSSIBLE_MATCH_SCORE_MIN;

use crate::listing_support::shared_data;
use crate::variants::{KINDS, Random, VariantKind, is_a_name, says_organisation, variant};

/// The seed of the published table.
const SEED: u64 = 20_260_704;

struct Row {
    kind: VariantKind,
    variants: usize,
    found: usize,
    missed: Vec<(String, String)>,
}

/// Asks the index for variants of its own organisations, so many of each kind.
fn measure(index: &Index, of_each_kind: usize) -> Vec<Row> {
    let entries: Vec<&Entry> =
        index.list().entries().iter().filter(|e| is_organisation(e)).collect();
    let mut random = Random(SEED);
    let mut rows = Vec::new();
    for kind in KINDS {
        let mut row = Row { kind, variants: 0, found: 0, missed: Vec::new() };
        // A kind that applies to few names gives as many as a good number of tries do.
        for _ in 0..of_each_kind * 40 {
            if row.variants == of_each_kind {
                break;
            }
            let entry = entries[random.below(entries.len())];
            let Some(variant) = variant(&entry.name, kind, &mut random) else { continue };
            row.variants += 1;
            if finds(index, entry, &variant) {
                row.found += 1;
            } else {
                row.missed.push((entry.name.clone(), variant));
            }
        }
        rows.push(row);
    }
    rows
}

fn finds(index: &Index, entry: &Entry, name: &str) -> bool {
    let found = index.find(name, POSSIBLE_MATCH_SCORE_MIN);
    found.iter().any(|found| found.entry.id == entry.id && found.entry.source == entry.source)
}

/// An organisation's entry with a name that somebody would go by. Lists that do not say what an entry is
/// have natural persons too, whose names say so by saying nothing else.
fn is_organisation(entry: &Entry) -> bool {
    let organisation = match entry.kind {
        EntryKind::Organisation => true,
        EntryKind::Unknown => says_organisation(&entry.name),
        EntryKind::Person | EntryKind::Vessel | EntryKind::Aircraft => false,
    };
    organisation && is_a_name(&entry.name)
}

fn per_mille(part: usize, of: usize) -> usize {
    part * 1_000 / of.max(1)
}

#[test]
fn recall_over_variants_of_the_real_list_and_false_matches_among_real_organisations() {
    let test = "recall_over_variants_of_the_real_list_and_false_matches_among_real_organisations";
    let Some(data) = shared_data(test) else { return };
    let list = data.join("screening/consolidated-screening-list-2023-11-30.csv");
    let list = ScreeningList::from_consolidated_csv(&std::fs::read(list).unwrap()).unwrap();
    let index = Index::new(list);

    let rows = measure(&index, 250);
    println!("| variant | variants | found | recall |\n| --- | ---: | ---: | ---: |");
    let (mut variants, mut found) = (0, 0);
    for row in &rows {
        let recall = per_mille(row.found, row.variants);
        println!(
            "| {:?} | {} | {} | {}.{} % |",
            row.kind,
            row.variants,
            row.found,
            recall / 10,
            recall % 10
        );
        variants += row.variants;
        found += row.found;
        if std::env::var_os("SHOW_MISSED").is_some() {
            row.missed
                .iter()
                .for_each(|(name, variant)| println!("    missed {name:?} as {variant:?}"));
        }
    }
    let recall = per_mille(found, variants);
    println!("| all | {variants} | {found} | {}.{} % |", recall / 10, recall % 10);

    let organisations =
        std::fs::read_to_string(data.join("ldbc/sf0.003/organisation_0_0.csv")).unwrap();
    let names: Vec<_> =
        organisations.lines().skip(1).filter_map(|line| line.split('|').nth(2)).collect();
    let mut matched = BTreeSet::new();
    for name in &names {
        let name = name.replace('_', " ");
        if let Some(found) = index.find(&name, POSSIBLE_MATCH_SCORE_MIN).first() {
            println!(
                "matched: {name:?} as {:?} ({}), {}",
                found.listed_name, found.entry.source, found.score
            );
            matched.insert(name);
        }
    }
    println!("{} of {} organisations match", matched.len(), names.len());
    assert!(recall >= 980, "recall fell to {recall} in a thousand");
    assert!(per_mille(matched.len(), names.len()) < 1, "{} match", matched.len());
}
