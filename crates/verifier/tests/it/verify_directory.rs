//! The history of an account in the directory, proved by the crate that keeps directories, and the lies about it.

use akd::append_only_zks::AzksParallelismConfig;
use akd::directory::Directory;
use akd::ecvrf::HardCodedAkdVRF;
use akd::storage::StorageManager;
use akd::storage::memory::AsyncInMemoryDatabase;
use akd::{AkdLabel, AkdValue, HistoryParams};
use akd_core::configuration::{Configuration as _, WhatsAppV1Configuration};
use akd_core::proto::specs::types;
use akd_core::verify::history::{HistoryVerificationParams, key_history_verify};
use akd_core::{
    AzksElement, AzksValue, Direction, HistoryProof, MembershipProof, NodeLabel, NonMembershipProof,
};
use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use countersign_protocol::directory::{
    DirectoryError, GONE, HISTORY_BYTES_MAX, Version, secret_commitment, verify_history,
};
use countersign_protocol::entry::DirectoryRoot;
use proptest::prelude::*;
use protobuf::Message as _;

const ACCOUNT: &str = "mark@example.com";

/// What was proved of the account after each epoch: in the third and the fourth its secret was rotated and erased.
struct Proved {
    directory: DirectoryRoot,
    history: HistoryProof,
}

fn values() -> [Digest; 3] {
    [secret_commitment(&Secret([1; 32])), secret_commitment(&Secret([2; 32])), GONE]
}

/// Epoch 1 has other accounts alone; the account has its first version in 2.
fn proved() -> Vec<Proved> {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let storage = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let directory = Directory::<WhatsAppV1Configuration, _, _>::new(
            storage,
            HardCodedAkdVRF {},
            AzksParallelismConfig::default(),
        )
        .await;
        let directory = directory.unwrap();
        let others = (0..20).map(|i| (AkdLabel::from(&format!("{i}")), AkdValue(vec![i; 32])));
        directory.publish(others.collect()).await.unwrap();
        let vrf = Digest(directory.get_public_key().await.unwrap().to_bytes());
        let mut proved = Vec::new();
        for value in values() {
            let account = AkdLabel::from(ACCOUNT);
            let update = (account.clone(), AkdValue(value.0.to_vec()));
            directory.publish(vec![update]).await.unwrap();
            let history = directory.key_history(&account, HistoryParams::Complete);
            let (history, akd::EpochHash(epoch, root)) = history.await.unwrap();
            let directory = DirectoryRoot { epoch, root: Digest(root), vrf };
            proved.push(Proved { directory, history });
        }
        proved
    })
}

fn bytes(history: &HistoryProof) -> Vec<u8> {
    types::HistoryProof::from(history).write_to_bytes().unwrap()
}

#[test]
fn every_version_of_an_account_is_told() {
    for (Proved { directory, history }, count) in proved().iter().zip(1..) {
        let expected: Vec<Version> = (1..)
            .zip(values())
            .take(count)
            .map(|(version, value)| Version { version, epoch: version + 1, value })
            .collect();
        assert_eq!(verify_history(ACCOUNT, &bytes(history), directory), Ok(expected));
    }
}

#[test]
fn a_proof_is_of_one_account_root_key_and_epoch() {
    let proved = proved();
    let Proved { directory, history } = &proved[1];
    let proof = bytes(history);
    let check = |account, directory| verify_history(account, &proof, &directory);
    let directories = [
        DirectoryRoot { root: Digest([7; 32]), ..*directory },
        DirectoryRoot { vrf: Digest([7; 32]), ..*directory },
        DirectoryRoot { epoch: directory.epoch + 1, ..*directory },
        proved[2].directory,
    ];
    for other in directories {
        assert_eq!(check(ACCOUNT, other), Err(DirectoryError::Proof));
    }
    assert_eq!(check("0", *directory), Err(DirectoryError::Proof));
    assert_eq!(check(ACCOUNT, DirectoryRoot::EMPTY), Err(DirectoryError::Empty));
}

#[test]
fn no_version_may_be_left_out_or_changed() {
    let Proved { directory, history } = proved().pop().unwrap();
    let check = |change: fn(&mut HistoryProof)| {
        let mut changed = history.clone();
        change(&mut changed);
        verify_history(ACCOUNT, &bytes(&changed), &directory)
    };
    let versions = Err(DirectoryError::Versions);
    assert_eq!(check(|proof| drop(proof.update_proofs.pop())), versions);
    assert_eq!(check(|proof| drop(proof.update_proofs.remove(1))), versions);
    assert_eq!(check(|proof| proof.update_proofs.clear()), versions);
    assert_eq!(check(|proof| proof.update_proofs[1].version = u64::MAX), versions);
    assert_eq!(check(|proof| proof.update_proofs[0].epoch = 3), versions);
    assert_eq!(check(|proof| drop(proof.update_proofs.remove(0))), Err(DirectoryError::Proof));
    assert_eq!(
        check(|proof| proof.update_proofs[2].value = AkdValue(vec![3; 32])),
        Err(DirectoryError::Proof)
    );
    // What akd calls a tombstone: it would take the value's hash on trust.
    let no_value = Err(DirectoryError::Value { version: 1 });
    assert_eq!(check(|proof| proof.update_proofs[2].value = AkdValue(Vec::new())), no_value);
}

/// An absence that ends at the root, where the label's own side goes on: it shows nothing, and akd 0.13
/// takes it. With it, an operator hides every version after the first.
#[test]
fn an_absence_that_ends_above_the_label_shows_nothing() {
    let Proved { directory, history } = &proved()[1];
    let [second, first] = history.update_proofs.as_slice() else { panic!("two versions") };
    let mut lie = history.clone();
    lie.update_proofs = vec![first.clone()];
    lie.future_marker_vrf_proofs = vec![second.existence_vrf_proof.clone()];
    lie.non_existence_of_future_marker_proofs = vec![absence_at_root(&second.existence_proof)];
    let akd = key_history_verify::<WhatsAppV1Configuration>(
        &directory.vrf.0,
        directory.root.0,
        directory.epoch,
        AkdLabel::from(ACCOUNT),
        lie.clone(),
        HistoryVerificationParams::default(),
    );
    assert!(akd.is_ok(), "akd refuses it now: {akd:?}");
    assert_eq!(verify_history(ACCOUNT, &bytes(&lie), directory), Err(DirectoryError::Path));
}

/// The root as if the label, whose presence is proved, were absent under it.
fn absence_at_root(presence: &MembershipProof) -> NonMembershipProof {
    let hash = |left: &AzksElement, right: &AzksElement| {
        let of = |element: &AzksElement| element.label.value::<WhatsAppV1Configuration>();
        WhatsAppV1Configuration::compute_parent_hash_from_children(
            &left.value,
            &of(left),
            &right.value,
            &of(right),
        )
    };
    let mut node = AzksElement { label: presence.label, value: AzksValue(presence.hash_val.0) };
    let mut children = [node; 2];
    for step in presence.sibling_proofs.iter().rev() {
        children = match step.direction {
            Direction::Left => [node, step.siblings[0]],
            Direction::Right => [step.siblings[0], node],
        };
        node = AzksElement { label: step.label, value: hash(&children[0], &children[1]) };
    }
    NonMembershipProof {
        label: presence.label,
        longest_prefix: NodeLabel::root(),
        longest_prefix_children: children,
        longest_prefix_membership_proof: MembershipProof {
            label: NodeLabel::root(),
            hash_val: node.value,
            sibling_proofs: Vec::new(),
        },
    }
}

/// Protobuf lets some bytes say the same as others.
#[test]
fn a_history_has_one_spelling() {
    let Proved { directory, history } = proved().pop().unwrap();
    let proof = bytes(&history);
    verify_history(ACCOUNT, &proof, &directory).unwrap();
    let with_more = [&proof[..], &[0xf8, 0x07, 1]].concat();
    // The first field is a message with a length of two bytes, which three can say as well.
    assert!(proof[1] & 0x80 != 0 && proof[2] & 0x80 == 0);
    let longer = [&proof[..2], &[proof[2] | 0x80, 0], &proof[3..]].concat();
    for other in [with_more, longer] {
        assert_eq!(verify_history(ACCOUNT, &other, &directory), Err(DirectoryError::Form));
    }
}

/// What akd says of a proof about the account.
fn is_taken_by_akd(history: &HistoryProof, directory: &DirectoryRoot) -> bool {
    let verified = key_history_verify::<WhatsAppV1Configuration>(
        &directory.vrf.0,
        directory.root.0,
        directory.epoch,
        AkdLabel::from(ACCOUNT),
        history.clone(),
        HistoryVerificationParams::default(),
    );
    verified.is_ok()
}

/// The group's order, the lowest byte first.
const GROUP_ORDER: [u8; 16] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
];

/// The same scalar, beyond the group's order, which akd 0.13 takes.
#[test]
fn a_vrf_proof_has_one_spelling() {
    let Proved { directory, mut history } = proved().pop().unwrap();
    let mut order = GROUP_ORDER.to_vec();
    order.extend([0; 15]);
    order.push(0x10);
    let proof = &mut history.update_proofs[0].existence_vrf_proof;
    let mut carry = 0;
    for (byte, more) in proof[48..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(more) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    assert!(is_taken_by_akd(&history, &directory), "akd refuses it now");
    let found = verify_history(ACCOUNT, &bytes(&history), &directory);
    assert_eq!(found, Err(DirectoryError::Form));
}

/// What akd 0.13 does not read of the first version, nobody would.
#[test]
fn nothing_is_said_of_a_version_before_the_first() {
    let Proved { directory, mut history } = proved().pop().unwrap();
    let [newest, .., first] = history.update_proofs.as_mut_slice() else { panic!("versions") };
    first.previous_version_proof.clone_from(&newest.previous_version_proof);
    assert!(is_taken_by_akd(&history, &directory), "akd refuses it now");
    let found = verify_history(ACCOUNT, &bytes(&history), &directory);
    assert_eq!(found, Err(DirectoryError::Form));
}

/// A directory with a node whose name goes on behind its bits. It has other hashes, and akd 0.13 takes it.
#[test]
fn nothing_stands_behind_the_bits_of_a_label() {
    let proved = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let storage = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let parallelism = AzksParallelismConfig::default();
        let directory = Directory::<WhatsAppV1Configuration, _, _>::new(
            storage,
            HardCodedAkdVRF {},
            parallelism,
        );
        let directory = directory.await.unwrap();
        let value = AkdValue(values()[0].0.to_vec());
        let others = (0..20).map(|i| (AkdLabel::from(&format!("{i}")), AkdValue(vec![i; 32])));
        let own = std::iter::once((AkdLabel::from(ACCOUNT), value));
        directory.publish(others.chain(own).collect()).await.unwrap();
        let vrf = Digest(directory.get_public_key().await.unwrap().to_bytes());
        let account = AkdLabel::from(ACCOUNT);
        let history = directory.key_history(&account, HistoryParams::Complete);
        let (history, akd::EpochHash(epoch, root)) = history.await.unwrap();
        Proved { directory: DirectoryRoot { epoch, root: Digest(root), vrf }, history }
    });
    let Proved { mut directory, mut history } = proved;
    verify_history(ACCOUNT, &bytes(&history), &directory).unwrap();
    let presence = &mut history.update_proofs[0].existence_proof;
    assert!(presence.sibling_proofs.len() > 2, "a trie that is too small");
    let step = &mut presence.sibling_proofs[1];
    assert!((1..250).contains(&step.label.label_len));
    step.label.label_val[31] |= 1;
    let top = absence_at_root(presence).longest_prefix_membership_proof.hash_val;
    directory.root = Digest(WhatsAppV1Configuration::compute_root_hash_from_val(&top));
    assert!(is_taken_by_akd(&history, &directory), "akd refuses it now");
    let found = verify_history(ACCOUNT, &bytes(&history), &directory);
    assert_eq!(found, Err(DirectoryError::Path));
}

#[test]
fn hostile_bytes_prove_nothing_and_stop_nothing() {
    let Proved { directory, history } = proved().pop().unwrap();
    let proof = bytes(&history);
    let honest = verify_history(ACCOUNT, &proof, &directory).unwrap();
    let long = vec![0; HISTORY_BYTES_MAX + 1];
    assert_eq!(
        verify_history(ACCOUNT, &long, &directory),
        Err(DirectoryError::TooLong { found_bytes: long.len() })
    );
    assert_eq!(verify_history(ACCOUNT, b"no", &directory), Err(DirectoryError::Form));
    proptest!(ProptestConfig::with_cases(2_000), |(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
        is_cut in prop::bool::weighted(0.2),
    )| {
        let mut changed = proof.clone();
        for (place, byte) in &changes {
            changed[place.index(proof.len())] = *byte;
        }
        if is_cut {
            changed.truncate(length.index(proof.len()));
        }
        let versions = verify_history(ACCOUNT, &changed, &directory);
        prop_assert_eq!(versions.ok(), (changed == proof).then(|| honest.clone()));
    });
}

#[test]
fn no_byte_of_a_history_can_be_changed() {
    let Proved { directory, history } = proved().pop().unwrap();
    let proof = bytes(&history);
    for place in 0..proof.len() {
        let mut changed = proof.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(verify_history(ACCOUNT, &changed, &directory).is_err(), "byte {place}");
    }
}
