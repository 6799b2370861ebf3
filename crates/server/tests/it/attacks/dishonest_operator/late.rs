//! Lies about when an account came: the operator publishes it late, and leaves out what stood before.
//!
//! The whole log is consistent then, and the person's ledger holds. What finds it is what only the person knows.

use std::fs;
use std::path::PathBuf;

use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use countersign_fixtures::accounts::Accounts;
use countersign_protocol::consent_receipt::{CommitmentTree, ConsentReceipt};
use countersign_protocol::directory::secret_commitment;
use countersign_protocol::entry::{Close, DirectoryRoot, Entry, PreviousClose};
use countersign_protocol::ledger_bundle::{Bundle, ShownClose, ShownProof};
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::person_index::{IndexBuilder, Label, Leaf, prove};
use countersign_protocol::shared_proof::prove_shared;

use super::outsider::Asked;
use super::pen::{Pen, QUESTION};
use crate::audit::ledger::close;
use crate::support::village;
use crate::support::{Serving, World};

/// A day before any of these logs.
const LONG_AGO: &str = "2020-01-01";

/// What a person has in hand.
struct Late {
    bundle: PathBuf,
    receipt: PathBuf,
    /// Where the receipt's entry stands.
    entry: u64,
}

/// An index in which somebody else is.
fn index() -> [Leaf; 1] {
    [Leaf { label: Label([7; 32]), list: [8; 32] }]
}

/// A log of two periods with something about a person in the first one, written anew as if the account had come
/// with the second; under the secret that it has, or another one.
fn published_late(serving: &Serving<'_>, other: Option<Secret>) -> Late {
    let (world, account) = (serving.world, village::open(1));
    serving.open_to_friends_devices(&account, &["id"]);
    let get = |what: &str| {
        let path = format!("/admin/v1/people/{account}/{what}");
        let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
        assert_eq!(reply.status, 200);
        reply
    };
    let kept = get("consents/1").json().unwrap();
    let kept = kept["receipt"].as_str().unwrap().to_owned();
    let receipt = world.path().with_file_name("choice-1.receipt");
    fs::write(&receipt, &kept).unwrap();
    serving.read(QUESTION, &serving.token(village::VIEWER));
    close(serving);
    close(serving);
    let mut honest = Bundle::parse(&get("ledger").body).unwrap();
    let entry = ConsentReceipt::read(&kept).unwrap().index;
    if let Some(secret) = other {
        honest.secrets[0].secret = secret;
    }
    let mut pen = Pen::take(serving);
    let accounts = Accounts::new();
    let of = |account: &str, value| accounts.publish([(account.to_owned(), value)].into_iter());
    let before = of("somebody-else", Digest([9; 32]));
    let after = of(&account, secret_commitment(&honest.secrets[0].secret));
    let closes = close_again(&mut pen, [before, after], &honest);
    pen.publish();
    let file = world.path().with_file_name("me.ledger");
    let history = accounts.history(&account);
    let bundle = Bundle { history, vrf: after.vrf, closes, ..without_items(honest) };
    fs::write(&file, proved(bundle, &pen, world).to_bytes()).unwrap();
    Late { bundle: file, receipt, entry }
}

/// Writes the two closes anew, with these directories and an index that lacks the person.
fn close_again(
    pen: &mut Pen<'_>,
    directories: [DirectoryRoot; 2],
    honest: &Bundle,
) -> Vec<ShownClose> {
    let mut builder = IndexBuilder::new();
    index().into_iter().for_each(|leaf| builder.push(leaf).unwrap());
    let root = Digest(builder.root());
    let secret = &honest.secrets[0].secret;
    let mut previous = None;
    let mut closes = Vec::new();
    for (shown, directory) in honest.closes.iter().zip(directories) {
        let Entry::Close(close) = &pen.entries[shown.index as usize] else { panic!("no close") };
        let close = Close { directory, people: 1, person_index: root, previous, ..close.clone() };
        let proof = prove(&index(), &Label::of(secret, close.period)).unwrap().to_bytes();
        closes.push(ShownClose {
            epoch: directory.epoch,
            directory: directory.root,
            people: 1,
            person_index: root,
            shown: vec![ShownProof { secret: 0, proof }],
            ..shown.clone()
        });
        let entry = Entry::Close(close);
        let leaf = Digest(leaf_hash(&entry.to_bytes().unwrap()));
        previous = Some(PreviousClose { index: shown.index, leaf });
        pen.entries[shown.index as usize] = entry;
    }
    closes
}

/// The bundle without anything about the person.
fn without_items(mut bundle: Bundle) -> Bundle {
    bundle.items.clear();
    bundle.entries.retain(|entry| matches!(Entry::parse(&entry.bytes), Ok(Entry::Act(_))));
    // What is left is the act that put the field schema in force.
    let act = String::from_utf8(bundle.entries[0].bytes.clone()).unwrap();
    let digest = |bytes: &[u8]| Digest(<sha2::Sha256 as sha2::Digest>::digest(bytes).into());
    bundle.documents.retain(|document| act.contains(&digest(document).to_string()));
    bundle
}

/// The bundle under the checkpoint that was published.
fn proved(mut bundle: Bundle, pen: &Pen<'_>, world: &World) -> Bundle {
    let leaves = pen.entries.iter().map(|entry| leaf_hash(&entry.to_bytes().unwrap()));
    let tree = CommitmentTree::of_leaves(leaves);
    let shown = bundle.entries.iter().map(|entry| entry.index);
    let places: Vec<u64> = shown.chain(bundle.closes.last().map(|close| close.index)).collect();
    bundle.proof = prove_shared(&tree, &places, pen.size()).unwrap();
    bundle.searched = pen.size();
    bundle.checkpoint = fs::read(world.directory.site().join("checkpoint")).unwrap();
    bundle
}

/// Nobody finds it who brings nothing; a date and a receipt do.
fn caught(lie: &str, other: Option<Secret>) {
    let world = village::founded();
    let serving = world.serve();
    let is_other = other.is_some();
    let late = published_late(&serving, other);
    let bundle = late.bundle.to_string_lossy().into_owned();
    let ledger = |more: &[&str]| Asked::new(&world, &[&["ledger", &bundle], more].concat());
    Asked::log(&world, &[]).holds();
    let (holds, said) = ledger(&["--account", &village::open(1)]).answer();
    assert!(holds, "{said}");
    assert!(said.contains("Complete since period 1 (closed "), "{said}");
    assert!(said.contains("of period 0: nothing under this secret."), "{said}");
    // Nobody has signed since when somebody has had an account.
    ledger(&["--account-since", LONG_AGO]).does_not_accept(lie, "ledger_since", None);
    let receipt = late.receipt.to_string_lossy();
    let by_receipt = ledger(&["--receipt", &receipt]);
    let (name, rule, entry) = (format!("{lie}_receipt"), "ledger_receipt", Some(late.entry));
    match is_other {
        // A receipt under a secret that is not shown may be another person's.
        true => by_receipt.does_not_accept(&name, rule, entry),
        false => by_receipt.catches(&name, rule, entry),
    }
}

#[test]
fn cheating_operator_publishes_an_account_late() {
    caught("published_late", None);
}

#[test]
fn cheating_operator_publishes_an_account_late_under_another_secret() {
    caught("late_other_secret", Some(Secret([7; 32])));
}
