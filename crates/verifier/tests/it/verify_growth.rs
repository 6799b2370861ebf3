//! How a directory grew, proved by the crate that keeps directories, and the lies about it.

use akd::append_only_zks::AzksParallelismConfig;
use akd::auditor::audit_verify;
use akd::directory::Directory;
use akd::ecvrf::HardCodedAkdVRF;
use akd::storage::StorageManager;
use akd::storage::memory::AsyncInMemoryDatabase;
use akd::{AkdLabel, AkdValue, AppendOnlyProof};
use akd_core::configuration::WhatsAppV1Configuration;
use akd_core::{AzksValue, NodeLabel};
use countersign_domain::digest::Digest;
use countersign_protocol::directory::{Growth, GrowthError, Step};
use countersign_protocol::packed::PackedError;
use proptest::prelude::*;
use tokio::runtime::Builder;

/// The roots of the epochs of a directory, from 1 on, and the proof between each and the next one.
fn grown(epochs: &[Vec<(u8, u8)>]) -> (Vec<Digest>, AppendOnlyProof) {
    Builder::new_current_thread().build().unwrap().block_on(async {
        let storage = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let parallelism = AzksParallelismConfig::disabled();
        let directory = Directory::<WhatsAppV1Configuration, _, _>::new(
            storage,
            HardCodedAkdVRF {},
            parallelism,
        );
        let directory = directory.await.unwrap();
        let mut roots = Vec::new();
        for accounts in epochs {
            let update = |(account, value): &(u8, u8)| {
                (AkdLabel::from(&format!("{account}")), AkdValue(vec![*value; 32]))
            };
            directory.publish(accounts.iter().map(update).collect()).await.unwrap();
            roots.push(Digest(directory.get_epoch_hash().await.unwrap().1));
        }
        (roots, directory.audit(1, epochs.len() as u64).await.unwrap())
    })
}

/// Everybody comes in the first epoch or the second, and in the third some have another value.
fn example() -> (Vec<Digest>, AppendOnlyProof) {
    let epoch = |accounts: std::ops::Range<u8>, value| accounts.map(|one| (one, value)).collect();
    grown(&[epoch(0..40, 1), epoch(40..60, 1), epoch(10..15, 2)])
}

fn growth(proof: &AppendOnlyProof) -> Growth {
    Growth { first: 1, steps: proof.proofs.iter().cloned().map(Step::from).collect() }
}

/// What the crate's own auditor says.
fn akd_holds(roots: &[Digest], proof: AppendOnlyProof) -> bool {
    let hashes = roots.iter().map(|root| root.0).collect();
    let audited = audit_verify::<WhatsAppV1Configuration>(hashes, proof);
    Builder::new_current_thread().build().unwrap().block_on(audited).is_ok()
}

#[test]
fn every_root_follows_from_the_one_before() {
    let (roots, proof) = example();
    let growth = growth(&proof);
    assert_eq!((growth.roots(), growth.last()), (Ok(roots.clone()), 3));
    assert!(akd_holds(&roots, proof));
    assert_eq!(Growth::parse(&growth.to_bytes()), Ok(growth));
}

#[test]
fn what_was_there_cannot_be_changed_or_left_out() {
    let (roots, proof) = example();
    let lie = |change: fn(&mut AppendOnlyProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        assert!(!akd_holds(&roots, proof.clone()), "by the other implementation it holds");
        growth(&proof).roots()
    };
    let is_changed = |found| matches!(found, Err(GrowthError::Changed { epoch: 3, .. }));
    assert!(is_changed(lie(|proof| proof.proofs[1].unchanged_nodes.truncate(1))));
    assert!(is_changed(lie(|proof| proof.proofs[1].unchanged_nodes[0].value = AzksValue([7; 32]))));
    assert!(is_changed(lie(|proof| {
        let moved = proof.proofs[1].inserted[0];
        proof.proofs[1].unchanged_nodes.push(moved);
    })));
    // What is added is free, and so leads to a root that no close has.
    let found = lie(|proof| proof.proofs[1].inserted[0].value = AzksValue([7; 32])).unwrap();
    assert_eq!(found[..2], roots[..2]);
    assert_ne!(found[2], roots[2]);
}

#[test]
fn nothing_is_added_in_the_place_of_what_was_there_or_below_it() {
    let (_, proof) = example();
    let with = |label: NodeLabel| {
        let mut proof = proof.clone();
        proof.proofs[1].inserted[0].label = label;
        growth(&proof).roots()
    };
    let labels = Err(GrowthError::Labels { epoch: 3 });
    let unchanged = &proof.proofs[1].unchanged_nodes;
    let inner = unchanged.iter().find(|node| node.label.label_len < 256).unwrap().label;
    let mut below = inner;
    below.label_val[31] |= 1;
    below.label_len = 256;
    assert_eq!(with(below), labels, "below a node that is unchanged");
    let leaf = unchanged.iter().find(|node| node.label.label_len == 256).unwrap().label;
    assert_eq!(with(leaf), labels, "in the place of one");
    assert_eq!(with(proof.proofs[1].inserted[1].label), labels, "twice");
}

#[test]
fn a_label_has_one_spelling_and_a_file_one_form() {
    let (_, proof) = example();
    let mut again = proof.clone();
    let short = again.proofs[0].unchanged_nodes.iter_mut().find(|node| node.label.label_len < 256);
    short.unwrap().label.label_val[31] |= 1;
    assert_eq!(growth(&again).roots(), Err(GrowthError::Labels { epoch: 2 }));
    let bytes = growth(&proof).to_bytes();
    let cut = Growth::parse(&bytes[..bytes.len() - 1]);
    assert!(matches!(cut, Err(PackedError::CutOff { .. })), "{cut:?}");
    let mut late = bytes.clone();
    late[12..20].fill(0xff);
    let late = Growth::parse(&late);
    assert!(matches!(late, Err(PackedError::Part { part: "an epoch after the last one", .. })));
    let long = Growth::parse(&[&bytes[..], b"x"].concat());
    assert!(matches!(long, Err(PackedError::Trailing { found: 1, .. })), "{long:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Against the crate that keeps directories, which computes roots by inserting.
    #[test]
    fn property_roots_are_those_that_the_directory_had(
        epochs in proptest::collection::vec(proptest::collection::btree_map(0_u8..60, 1_u8..9, 1..20), 2..6),
    ) {
        // A value that stands there already makes no epoch.
        let mut known = std::collections::BTreeMap::new();
        let mut fresh: Vec<Vec<_>> = Vec::new();
        for accounts in epochs {
            let new: Vec<_> =
                accounts.into_iter().filter(|(one, value)| known.insert(*one, *value) != Some(*value)).collect();
            fresh.extend((!new.is_empty()).then_some(new));
        }
        prop_assume!(fresh.len() > 1);
        let (roots, proof) = grown(&fresh);
        prop_assert_eq!(growth(&proof).roots(), Ok(roots));
    }
}
