//! Lies to a person about a choice of theirs: a receipt with nothing in the log behind it.

use std::fs;

use countersign_domain::person::PairwiseId;
use countersign_protocol::consent::{commitments_root, consent_commitment};
use countersign_protocol::consent_receipt::{
    CONSENT_RECEIPT_HEADER, CommitmentTree, ConsentReceipt,
};
use serde_json::json;

use super::answers::receipts_key;
use super::outsider::Asked;
use super::pen::ago_s;
use crate::support::village;
use crate::support::{World, header};

/// The receipt of a choice that was honestly logged and is published.
fn chosen(world: &World) -> ConsentReceipt {
    let serving = world.serve();
    let path = format!("/admin/v1/people/{}/settings", village::open(1));
    let choice = json!({"friends_device": ["id"]});
    let reply = serving.client.put(&path, &serving.admin_token(), &choice).unwrap();
    let text = header(&reply, CONSENT_RECEIPT_HEADER).unwrap().to_owned();
    let receipt = ConsentReceipt::from_text(&text, &receipts_key(world).public()).unwrap();
    world.verified(receipt.index + 1);
    receipt
}

/// What the person is told of their choice, in a receipt that is changed so and signed as it should be.
fn told<'a>(
    world: &'a World,
    receipt: &ConsentReceipt,
    lie: impl Fn(&mut ConsentReceipt),
) -> Asked<'a> {
    let mut receipt = receipt.clone();
    lie(&mut receipt);
    let signature = receipts_key(world).sign(&receipt.message().unwrap());
    let file = world.path().with_file_name("choice.receipt");
    fs::write(&file, receipt.to_text(&signature).unwrap()).unwrap();
    let log = world.directory.site().to_string_lossy().into_owned();
    Asked::new(world, &["consent", &*file.to_string_lossy(), "--log", &log])
}

#[test]
fn cheating_operator_promises_to_log_a_choice_and_never_does() {
    let world = village::founded();
    let receipt = chosen(&world);
    told(&world, &receipt, |_| {}).holds();
    let outsider = told(&world, &receipt, |receipt| {
        receipt.index += 1_000;
        (receipt.time, receipt.deadline) = (ago_s(120), ago_s(60));
    });
    outsider.catches("choice_never_logged", "promise", None);
}

#[test]
fn cheating_operator_logs_another_choice_than_the_receipt_says() {
    let world = village::founded();
    let receipt = chosen(&world);
    let outsider = told(&world, &receipt, |receipt| {
        receipt.record.number += 1;
        let person = PairwiseId::parse(&receipt.person).unwrap();
        let record = receipt.record.to_bytes().unwrap();
        let commitment = consent_commitment(&receipt.salt.0, person, &record);
        (receipt.count, receipt.position) = (1, 0);
        receipt.path = CommitmentTree::new([commitment]).path(0);
        receipt.records = commitments_root([commitment]);
    });
    outsider.catches("choice_otherwise", "receipt_leaf", Some(receipt.index));
}
