//! What people choose stands in the log: with a receipt that an outsider can hold against the public files,
//! before it opens anything, once the server runs again, and without a name.

use std::path::{Path, PathBuf};

use countersign_domain::act::{Act, Keys, Signer};
use countersign_people::keys::SecretKey;
use countersign_protocol::consent::Choice;
use countersign_protocol::consent_receipt::{CONSENT_RECEIPT_HEADER, ConsentReceipt};
use countersign_protocol::entry::Entry;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use serde_json::json;

use crate::support::village;
use crate::support::{Leaf, Serving, World, finish, header, program, send};

/// The receipt in a reply, checked under the key in the register.
fn receipt(world: &World, text: &str) -> ConsentReceipt {
    let key = SecretKey::read(&world.directory.key("receipts")).unwrap();
    ConsentReceipt::from_text(text, &key.public()).unwrap()
}

pub(crate) fn choose(
    serving: &Serving<'_>,
    account: &str,
    settings: &serde_json::Value,
) -> Option<String> {
    let path = format!("/admin/v1/people/{account}/settings");
    let reply = serving.client.put(&path, &serving.admin_token(), settings).unwrap();
    assert_eq!(reply.status, 200);
    header(&reply, CONSENT_RECEIPT_HEADER).map(str::to_owned)
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = paths.map(|path| if path.is_dir() { files_under(&path) } else { vec![path] });
    below.flatten().collect()
}

fn assert_logged(leaves: &[Leaf], receipt: &ConsentReceipt) {
    let leaf = &leaves[receipt.index as usize];
    assert_eq!(leaf.hash, receipt.leaf().unwrap(), "the log has another entry there");
    assert!(matches!(leaf.entry, Entry::Consents(_)));
}

#[test]
fn a_choice_comes_back_with_a_receipt_that_the_public_files_prove() {
    let world = village::founded();
    let serving = world.serve();
    let account = village::closed(3);
    let opened = choose(&serving, &account, &json!({"friends_device": ["id", "name"]}));
    let opened = receipt(&world, &opened.unwrap());
    let again = choose(&serving, &account, &json!({"friends_device": ["id", "name"]}));
    assert_eq!(again, None, "nothing changed, so there is nothing to tell");
    let closed = choose(&serving, &account, &json!({"friends_device": []})).unwrap();
    let path = format!("/admin/v1/people/{account}/consents/2");
    let kept = serving.client.get(&path, &serving.admin_token()).unwrap();
    assert_eq!(kept.json().unwrap()["receipt"], closed);
    let closed = receipt(&world, &closed);
    assert_eq!((opened.record.number, closed.record.number), (1, 2));
    assert_eq!(opened.person, closed.person);
    assert!(opened.index < closed.index);
    let Choice::Settings(open) = closed.record.choice else { panic!("no settings") };
    assert!(open.friends_device.0.is_empty());
    let leaves = world.verified(serving.head());
    for receipt in [&opened, &closed] {
        assert_logged(&leaves, receipt);
    }
    let none = serving.client.get(&path.replace("/2", "/3"), &serving.admin_token()).unwrap();
    assert_eq!(none.status, 404);
}

#[test]
fn a_grant_and_its_end_stand_in_the_log_and_what_commands_do_when_a_server_starts() {
    let world = village::founded();
    // By a command, while no server runs.
    let by_command = world.token(village::VIEWER);
    let before = world.checkpoint().size;
    let serving = world.serve();
    assert!(serving.head() > before, "the start told nothing");
    assert_eq!(serving.get("/me", &by_command).status, 200);
    let told = serving.head();
    let token = serving.token(village::VIEWER);
    assert_eq!(serving.head(), told + 1);
    assert_eq!(serving.get("/me", &token).status, 200);
    let admin = serving.admin_token();
    let grants = format!("/admin/v1/people/{}/grants", village::VIEWER);
    let listed = serving.client.get(&grants, &admin).unwrap().json().unwrap();
    let id = listed["grants"][0]["id"].as_str().unwrap();
    let bearer = format!("Bearer {admin}");
    let path = format!("{grants}/{id}");
    let ended = send(&world.url(), "DELETE", &path, &[("authorization", &bearer)], "");
    let ended = receipt(&world, header(&ended, CONSENT_RECEIPT_HEADER).unwrap());
    assert_eq!(ended.record.number, 3);
    let Choice::GrantEnded { grant } = ended.record.choice else { panic!("no end") };
    assert_eq!(String::from(grant), id);
    assert_logged(&world.verified(serving.head()), &ended);
}

#[test]
fn the_log_names_nobody_who_chose() {
    let world = village::founded();
    let serving = world.serve();
    let account = village::closed(4);
    let text = choose(&serving, &account, &json!({"friends_app": ["id"]})).unwrap();
    let receipt = receipt(&world, &text);
    world.verified(serving.head());
    let said = serving.said();
    serving.stop();
    let person = receipt.person.as_bytes();
    let files = files_under(&world.directory.site());
    assert!(files.len() > 5, "{files:?}");
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        for secret in [person, account.as_bytes(), receipt.salt.to_string().as_bytes()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} tells of somebody", path.display());
        }
    }
    assert!(!said.contains(&receipt.person) && !said.contains(&account));
    world.assert_checks();
}

#[test]
fn no_choice_is_receipted_under_a_key_that_the_log_does_not_name() {
    let world = village::founded();
    let path = world.directory.key("receipts");
    std::fs::remove_file(&path).unwrap();
    SecretKey::generate().unwrap().write_new(&path).unwrap();
    let head = world.log().head();
    let mut settings = program(&["people", "settings", "--dir"]);
    settings.arg(world.path()).args([village::VIEWER, "--open", "my_app=id"]);
    let output = finish(&mut settings);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("the log names another key"), "{said}");
    assert_eq!(world.log().head(), head);
}

#[test]
fn a_choice_after_the_receipts_key_was_changed_is_not_logged_under_the_old_one() {
    let world = village::founded();
    let keys = world.log().register().keys().cloned().unwrap();
    let keys = Keys { receipts: SecretKey::generate().unwrap().public(), ..keys };
    let mut submission = Submission::of(Act::Keys(keys), clock::now());
    let root = SecretKey::read(&world.directory.key("root")).unwrap();
    submission.sign(world.config().origin(), Signer::Root, &root).unwrap();
    let posted = serde_json::to_value(Posted::of(submission).unwrap()).unwrap();
    let serving = world.serve();
    let taken = serving.client.post("/admin/v1/acts", &serving.admin_token(), &posted).unwrap();
    assert_eq!(taken.status, 200, "{:?}", taken.json());
    let head = serving.head();
    let path = format!("/admin/v1/people/{}/settings", village::VIEWER);
    let change = json!({"my_app": []});
    let reply = serving.client.put(&path, &serving.admin_token(), &change).unwrap();
    assert_eq!(reply.status, 500, "{:?}", reply.json());
    let said = reply.json().unwrap()["error"].as_str().unwrap().to_owned();
    assert!(said.contains("is not the receipts key of the register"), "{said}");
    assert_eq!(serving.head(), head, "it is logged once the key is there");
}
