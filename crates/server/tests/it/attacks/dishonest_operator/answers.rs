//! Lies to a client: an answer that is not what the log says, or that the log says nothing of.

use std::fs;

use countersign_demo::client::{Client, Reply};
use countersign_domain::digest::Digest;
use countersign_people::keys::SecretKey;
use countersign_protocol::receipt::{RECEIPT_HEADER, Receipt};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::front;
use super::outsider::{Asked, NOT_ACCEPTED, VIOLATION};
use super::pen::{QUESTION, ago_s};
use crate::support::village;
use crate::support::{World, header};

/// What the operator signs receipts with.
pub(super) fn receipts_key(world: &World) -> SecretKey {
    SecretKey::read(&world.directory.key("receipts")).unwrap()
}

/// Gives an answer a receipt that is changed so, and signed with this key.
fn sign_anew(reply: &mut Reply, key: &SecretKey, own: &SecretKey, change: impl Fn(&mut Receipt)) {
    let before = header(reply, RECEIPT_HEADER).unwrap().to_owned();
    let mut receipt = Receipt::from_header(&before, &own.public()).unwrap();
    receipt.body = Some(Digest(Sha256::digest(&reply.body).into()));
    change(&mut receipt);
    let signature = key.sign(&receipt.message().unwrap());
    let after = receipt.to_header(&signature).unwrap();
    reply.headers = reply.headers.replace(&before, &after);
}

/// An answer about which the operator lies so is caught by this rule, with this exit code.
fn caught(
    code: i32,
    lie: &str,
    rule: &str,
    entry: impl Fn(u64) -> Option<u64>,
    tell: impl Fn(&mut Reply, &World),
) {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    let folder = world.path().with_file_name("client");
    fs::create_dir(&folder).unwrap();
    let honest = serving.get(QUESTION, &token);
    let index = world.receipt(&honest).index;
    world.verified(index + 1);
    let mut told = honest;
    tell(&mut told, &world);
    let url = front::before(&world.url(), move |reply| {
        reply.headers.clone_from(&told.headers);
        reply.body.clone_from(&told.body);
    });
    let answer = Client::new(&url).get(QUESTION, &token).unwrap();
    // The one that was told in its place has an entry too: published, or the size of the tree would be a race.
    world.verified(serving.head());
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    fs::write(path("headers"), &answer.headers).unwrap();
    fs::write(path("body"), &answer.body).unwrap();
    let log = format!("{}/log", world.url());
    let arguments = [
        "receipt",
        "--log",
        &log,
        "--headers",
        &path("headers"),
        "--body",
        &path("body"),
        "--uri",
        QUESTION,
    ];
    Asked::new(&world, &arguments).ends(code, lie, rule, entry(index));
}

/// Puts a field into an answer that the entry does not have.
fn say_more(reply: &mut Reply) {
    let mut body: Value = serde_json::from_slice(&reply.body).unwrap();
    body["friends"]["data"][0]["religion"] = json!("what nobody agreed to");
    reply.body = serde_json::to_vec(&body).unwrap();
}

#[test]
fn cheating_operator_says_more_than_was_logged() {
    caught(VIOLATION, "says_more", "answer_records", Some, |reply, world| {
        say_more(reply);
        let key = receipts_key(world);
        sign_anew(reply, &key, &key, |_| {});
    });
}

#[test]
fn cheating_operator_changes_an_answer_under_its_receipt() {
    caught(NOT_ACCEPTED, "answer_changed", "receipt_body", |_| None, |reply, _| say_more(reply));
}

#[test]
fn cheating_operator_sends_an_answer_without_an_entry() {
    caught(
        NOT_ACCEPTED,
        "no_entry",
        "receipt_form",
        |_| None,
        |reply, _| {
            let lines = reply.headers.lines().filter(|line| !line.starts_with(RECEIPT_HEADER));
            reply.headers = lines.map(|line| format!("{line}\r\n")).collect();
        },
    );
}

#[test]
fn cheating_operator_promises_an_entry_that_never_comes() {
    caught(
        VIOLATION,
        "promise_broken",
        "promise",
        |_| None,
        |reply, world| {
            let key = receipts_key(world);
            sign_anew(reply, &key, &key, |receipt| {
                receipt.index += 1_000;
                (receipt.time, receipt.deadline) = (ago_s(120), ago_s(60));
            });
        },
    );
}

#[test]
fn cheating_operator_gives_the_receipt_of_another_entry() {
    caught(
        VIOLATION,
        "another_entry",
        "receipt_leaf",
        |index| index.checked_sub(1),
        |reply, world| {
            let key = receipts_key(world);
            sign_anew(reply, &key, &key, |receipt| receipt.index -= 1);
        },
    );
}

#[test]
fn cheating_operator_signs_a_receipt_with_a_key_of_nobodys() {
    caught(
        NOT_ACCEPTED,
        "receipt_forged",
        "receipt_signature",
        |_| None,
        |reply, world| {
            let nobodys = SecretKey::generate().unwrap();
            sign_anew(reply, &nobodys, &receipts_key(world), |_| {});
        },
    );
}
