//! Lies to a person about who got what of theirs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign_demo::client::Client;
use countersign_domain::person::Secret;
use countersign_people::store::{People, StoreOptions};
use countersign_protocol::ledger_bundle::{Bundle, Opening};
use serde_json::json;

use super::front;
use super::outsider::Asked;
use super::pen::{QUESTION, in_s};
use crate::audit::ledger::close;
use crate::support::village;
use crate::support::witnesses::{Watcher, configure, witnessed_size};
use crate::support::{Serving, World, eventually, send};

/// What the person of this account is told of their ledger through a front that changes it so.
fn told<'a>(
    serving: &Serving<'a>,
    account: &str,
    lie: impl Fn(&mut Bundle) + Send + 'static,
) -> Asked<'a> {
    told_at(serving, account, &[], lie)
}

fn told_at<'a>(
    serving: &Serving<'a>,
    account: &str,
    more: &[&str],
    lie: impl Fn(&mut Bundle) + Send + 'static,
) -> Asked<'a> {
    let world = serving.world;
    let url = front::before(&world.url(), move |reply| {
        let mut bundle = Bundle::parse(&reply.body).unwrap();
        lie(&mut bundle);
        reply.body = bundle.to_bytes();
    });
    let path = format!("/admin/v1/people/{account}/ledger");
    let reply = Client::new(&url).get(&path, &serving.admin_token()).unwrap();
    assert_eq!(reply.status, 200);
    let file = world.path().with_file_name("me.ledger");
    fs::write(&file, reply.body).unwrap();
    Asked::new(world, &[&["ledger", &*file.to_string_lossy()], more].concat())
}

/// A server with two closed periods, an answer in each.
fn two_periods(world: &World) -> Serving<'_> {
    let serving = world.serve();
    for _ in 0..2 {
        serving.read(QUESTION, &serving.token(village::VIEWER));
        close(&serving);
    }
    serving
}

#[test]
fn cheating_operator_leaves_a_disclosure_out_of_a_ledger() {
    let world = village::founded();
    let serving = two_periods(&world);
    let friend = village::open(1);
    told(&serving, &friend, |_| {}).holds();
    let outsider = told(&serving, &friend, |bundle| {
        let item = bundle.items.pop().unwrap();
        assert!(matches!(item.opening, Opening::Record { .. }));
    });
    outsider.catches("left_out_of_a_ledger", "ledger_complete", last_close(&serving));
}

#[test]
fn cheating_operator_shows_a_ledger_without_its_last_period() {
    let world = village::founded();
    let serving = two_periods(&world);
    let outsider = told(&serving, village::VIEWER, |bundle| {
        bundle.closes.pop().unwrap();
    });
    outsider.catches("period_left_out", "ledger_entries", None);
}

#[test]
fn cheating_operator_shows_a_ledger_of_last_week() {
    let world = village::founded();
    let serving = two_periods(&world);
    let in_a_week = in_s(7 * 86_400).seconds().to_string();
    let outsider = told_at(&serving, village::VIEWER, &["--at", &in_a_week], |_| {});
    outsider.does_not_accept("stale_ledger", "ledger_current", None);
}

#[test]
fn cheating_operator_shows_a_ledger_of_last_week_that_witnesses_saw_then() {
    let world = village::founded();
    let watcher = Watcher::of("w.example/1", &world.key);
    let policy = configure(&world, &[(&watcher.key, watcher.url())], 1);
    let serving = two_periods(&world);
    let head = serving.head();
    eventually("the closes are witnessed", || witnessed_size(&world, &policy) >= head);
    let file = world.path().join("witnesses.policy").to_string_lossy().into_owned();
    let policy = ["--policy", &*file];
    told_at(&serving, village::VIEWER, &policy, |_| {}).holds();
    let in_a_week = in_s(7 * 86_400).seconds().to_string();
    let later = [&policy[..], &["--at", &in_a_week]].concat();
    let outsider = told_at(&serving, village::VIEWER, &later, |_| {});
    outsider.does_not_accept("stale_ledger_witnessed", "ledger_current", None);
}

#[test]
fn cheating_operator_shows_the_ledger_of_another_secret() {
    let world = village::founded();
    let serving = two_periods(&world);
    let outsider =
        told(&serving, village::VIEWER, |bundle| bundle.secrets[0].secret = Secret([7; 32]));
    outsider.catches("another_secret", "ledger_secrets", None);
}

#[test]
fn cheating_operator_shows_the_ledger_of_somebody_else() {
    let world = village::founded();
    let serving = two_periods(&world);
    let outsider = told(&serving, &village::far(1), |bundle| bundle.account = village::open(1));
    outsider.catches("of_somebody_else", "ledger_directory", None);
}

#[test]
fn cheating_operator_shows_the_ledger_of_an_account_that_looks_alike() {
    let world = village::founded();
    let own = village::open(1);
    let other = own.replacen('o', "\u{43e}", 1);
    world.import_lines(&[json!({ "account": other, "profile": {} })]);
    let serving = two_periods(&world);
    let in_a_path = own.replacen('o', "%D0%BE", 1);
    told_at(&serving, &own, &["--account", &own], |_| {}).holds();
    let outsider = told_at(&serving, &in_a_path, &["--account", &own], |_| {});
    outsider.does_not_accept("of_a_lookalike", "ledger_account", None);
}

#[test]
fn cheating_operator_shows_a_ledger_without_its_proofs() {
    let world = village::founded();
    let serving = two_periods(&world);
    let outsider = told(&serving, village::VIEWER, |bundle| {
        bundle.closes.iter_mut().for_each(|close| close.shown.clear());
    });
    outsider.catches("proofs_left_out", "ledger_complete", last_close(&serving));
}

#[test]
fn cheating_operator_shows_a_ledger_without_a_secret() {
    let world = village::founded();
    let serving = two_periods(&world);
    let outsider = told(&serving, village::VIEWER, |bundle| {
        bundle.secrets.clear();
        bundle.items.clear();
        bundle.closes.iter_mut().for_each(|close| close.shown.clear());
    });
    outsider.catches("no_secret", "ledger_secrets", None);
}

#[test]
fn cheating_operator_says_that_less_was_released() {
    let world = village::founded();
    let serving = two_periods(&world);
    let outsider = told(&serving, &village::open(1), |bundle| {
        let Some(Opening::Record { fields, .. }) =
            bundle.items.last_mut().map(|item| &mut item.opening)
        else {
            panic!("it is a record")
        };
        *fields = [countersign_domain::field::FieldId::ID].into_iter().collect();
    });
    outsider.catches("less_was_released", "ledger_opening", last_answer(&serving));
}

#[test]
fn cheating_operator_hides_that_a_person_closed_something() {
    let world = village::founded();
    let friend = village::open(1);
    let serving = world.serve();
    serving.open_to_friends_devices(&friend, &["id"]);
    serving.read(QUESTION, &serving.token(village::VIEWER));
    let closed = close(&serving)["index"].as_u64();
    let outsider = told(&serving, &friend, |bundle| {
        bundle.items.retain(|item| matches!(item.opening, Opening::Record { .. }));
    });
    outsider.catches("choice_hidden", "ledger_complete", closed);
}

/// Puts an older store in the place of the newer one, and has it say that it is as new as the log: the operator's own
/// server would refuse it otherwise.
fn put_back(world: &World, before: &Path) {
    let folder = world.directory.people();
    let open = || People::open(&folder, StoreOptions::default()).unwrap();
    let mark = open().log_mark().unwrap().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(before, &folder).unwrap();
    open().put_log_mark(mark).unwrap();
}

#[test]
fn cheating_operator_rolls_a_setting_back() {
    let world = village::founded();
    let friend = village::open(1);
    let before = world.path().with_file_name("people-before");
    copy(&world.directory.people(), &before);
    let serving = world.serve();
    serving.open_to_friends_devices(&friend, &["id"]);
    serving.stop();
    // Back to the store in which nothing was closed yet.
    put_back(&world, &before);
    // What that store tells the log of how people began is of another second than what it told before.
    std::thread::sleep(Duration::from_secs(1));
    let serving = world.serve();
    let answer = serving.get(QUESTION, &serving.token(village::VIEWER));
    assert!(String::from_utf8_lossy(&answer.body).contains(&village::value("name", &friend)));
    close(&serving);
    let entry = world.receipt(&answer).index;
    told(&serving, &friend, |_| {}).catches("rolled_back", "ledger_settings", Some(entry));
}

#[test]
fn cheating_operator_releases_under_a_grant_that_was_ended() {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    serving.stop();
    let before = world.path().with_file_name("people-before");
    copy(&world.directory.people(), &before);
    let serving = world.serve();
    let grants = format!("/admin/v1/people/{}/grants", village::VIEWER);
    let listed = serving.client.get(&grants, &serving.admin_token()).unwrap().json().unwrap();
    let grant = listed["grants"][0]["id"].as_str().unwrap();
    let bearer = format!("Bearer {}", serving.admin_token());
    let path = format!("{grants}/{grant}");
    let ended = send(&world.url(), "DELETE", &path, &[("authorization", &bearer)], "");
    assert_eq!(ended.status, 200);
    serving.stop();
    put_back(&world, &before);
    let serving = world.serve();
    let answer = serving.get(QUESTION, &token);
    let entry = world.receipt(&answer).index;
    close(&serving);
    let outsider = told(&serving, village::VIEWER, |_| {});
    outsider.catches("grant_ended", "ledger_grant", Some(entry));
}

/// Where the newest close stands.
fn last_close(serving: &Serving<'_>) -> Option<u64> {
    let reply = serving.client.get("/admin/v1/closes", &serving.admin_token()).unwrap();
    reply.json().unwrap()["index"].as_u64()
}

/// Where the newest answer stands: just before the newest close.
fn last_answer(serving: &Serving<'_>) -> Option<u64> {
    last_close(serving).map(|close| close - 1)
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        assert!(file.file_type().unwrap().is_file());
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
