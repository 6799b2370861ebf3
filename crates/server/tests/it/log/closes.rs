//! Closes while people come, are looked at and are erased, and closes that are cut short: whoever has an item in a
//! period is in the directory of its close, and no record of the period is in nobody's list.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Period, Periods, Secrets, SecretsError};
use countersign_people::account_directory::AccountDirectory;
use countersign_people::keys::SecretKey;
use countersign_people::store::{LogMark, View};
use countersign_protocol::directory::{secret_commitment, verify_history};
use countersign_protocol::entry::DirectoryRoot;
use countersign_protocol::person_index::Label;
use countersign_service::clock;
use countersign_verifier::ledger::{Question, check};
use serde_json::json;

use crate::audit::ledger::close;
use crate::faults::restored::{self, Backup, CLOSED, ERASED, SETTLED, STAYS, lived, run};
use crate::support::{Serving, World, eventually, finish, program, send, verifier};

/// The viewer, of whom everybody who comes is a friend.
const SEEN_BY: &str = "viewer";

/// So many people have to go into the directory at the first close: it takes long enough for others to come.
const CROWD: usize = 1_500;

/// An erasure is due so long after it was asked for.
const LIVED: Duration = Duration::from_secs(16);

fn crowded() -> World {
    let world = World::founded();
    let mut people = vec![json!({"account": SEEN_BY, "profile": {"name": "V"}})];
    people.extend((0..CROWD).map(|number| json!({"account": format!("crowd-{number}")})));
    world.import_lines(&people);
    world
}

fn admin(serving: &Serving<'_>, method: &str, path: &str, body: &str) -> u16 {
    let bearer = format!("Bearer {}", serving.admin_token());
    let content = if path.ends_with("/feed") { "application/x-ndjson" } else { "application/json" };
    let headers = [("authorization", &*bearer), ("content-type", content)];
    send(&serving.world.url(), method, &format!("/admin/v1{path}"), &headers, body).status
}

fn newcomer(number: usize) -> String {
    format!("newcomer-{number}")
}

/// One after the other comes, chooses, and is looked at.
fn come(serving: &Serving<'_>, token: &str, came: &AtomicUsize, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let number = came.load(Ordering::Relaxed);
        let (account, profile) = (newcomer(number), json!({"name": "N"}));
        let line = json!({"sequence": number + 1, "account": account, "friends": [SEEN_BY], "profile": profile});
        assert_eq!(admin(serving, "POST", "/people/feed", &line.to_string()), 200);
        serving.open_to_friends_devices(&account, &["id", "name"]);
        serving.read(&format!("/me?fields=id,friends.limit({}){{id,name}}", number + 1), token);
        came.store(number + 1, Ordering::Relaxed);
    }
}

/// Every fourth of them goes again.
fn go(serving: &Serving<'_>, came: &AtomicUsize, is_over: &AtomicBool) {
    for number in (0..).step_by(4) {
        while came.load(Ordering::Relaxed) <= number {
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            sleep(Duration::from_millis(5));
        }
        let path = format!("/people/{}/erasure", newcomer(number));
        assert_eq!(admin(serving, "POST", &path, r#"{"export":"made"}"#), 202);
    }
}

/// Everybody's items in every period, against the directory of its close.
fn assert_everybody_is_in_the_directory(world: &World) {
    let people = world.people();
    let (view, mut secret, mut seen) = (people.view(), Secret([0; 32]), 0);
    let key = SecretKey::read(&world.directory.key("vrf")).unwrap();
    let directory = AccountDirectory::open(&world.directory.account_directory(), &key).unwrap();
    let root = directory.root().unwrap();
    let periods = periods(world);
    for person in (0..view.people_count()).filter_map(|number| view.person(number)) {
        let Some(account) = person.account() else { continue };
        person.secret_into(&mut secret);
        let items = periods.iter().map(|period| {
            let label = Label::of(&secret, period.head().number);
            (period.head(), period.show(&label).unwrap().items.is_some())
        });
        let has_items: Vec<_> = items.filter_map(|(head, has)| has.then_some(head)).collect();
        if has_items.is_empty() {
            continue;
        }
        seen += 1;
        let history = directory.history(account).unwrap().unwrap();
        let versions = verify_history(account, &history.proof, &root).unwrap();
        let value: Digest = secret_commitment(&secret);
        let own = versions.iter().filter(|version| version.value == value);
        let since = own.map(|version| version.epoch).min().unwrap();
        for head in has_items {
            let (number, epoch) = (head.number, head.directory.epoch);
            assert!(
                since <= epoch,
                "{account} is in period {number}, whose close has epoch {epoch} of the directory, and came into that with epoch {since}"
            );
        }
    }
    assert!(seen > 20, "{seen} people are too few for a test");
}

fn periods(world: &World) -> Vec<Period> {
    let backend = Arc::new(Posix::new(world.directory.log()));
    let periods = Periods::open(backend, Limits::default()).unwrap();
    let last = periods.last().unwrap().number;
    (0..=last).map(|number| periods.period(number).unwrap()).collect()
}

/// The auditor's check finds every record of every period in somebody's list.
fn assert_no_record_is_left_out(serving: &Serving<'_>, periods: u64) {
    let world = serving.world;
    for number in 0..periods {
        let file = world.path().join(format!("period-{number}.lists"));
        drop(std::fs::remove_file(&file));
        let mut lists = program(&["audit", "lists"]);
        lists.arg("--dir").arg(world.path()).arg(number.to_string()).arg("--out").arg(&file);
        let written = finish(&mut lists);
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let mut index = Command::new(verifier());
        index.arg("index").arg(Path::new(&file)).arg(format!("{}/log", world.url()));
        let checked = finish(index.args(["--key", &world.key.to_string()]));
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(checked.status.success(), "period {number}: {said}");
    }
}

fn assert_ledgers_hold(serving: &Serving<'_>, came: usize) {
    for account in (1..came).step_by(8).map(newcomer).chain([SEEN_BY.to_owned()]) {
        let path = format!("/admin/v1/people/{account}/ledger");
        let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
        assert_eq!(reply.status, 200, "{account}");
        let question = Question::new(&serving.world.key, clock::now());
        assert_eq!(check(&reply.body, &question).0.failures, [], "{account}");
    }
}

#[test]
fn closes_while_people_come_and_go_have_everybody_of_their_period_in_their_directory() {
    let world = crowded();
    let serving = world.serve();
    let token = serving.token(SEEN_BY);
    let (came, is_over, begun) = (AtomicUsize::new(0), AtomicBool::new(false), Instant::now());
    thread::scope(|threads| {
        threads.spawn(|| come(&serving, &token, &came, &is_over));
        threads.spawn(|| go(&serving, &came, &is_over));
        while begun.elapsed() < LIVED {
            close(&serving);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let closed = close(&serving)["period"].as_u64().unwrap() + 1;
    let head = serving.head();
    eventually("everything is published", || world.checkpoint().size >= head);
    assert_ledgers_hold(&serving, came.into_inner());
    assert_no_record_is_left_out(&serving, closed);
    world.verified(head);
    serving.stop();
    assert_everybody_is_in_the_directory(&world);
    world.assert_checks();
}

/// Everybody's secrets, as a close has them.
struct SecretsOf(Arc<View>);

impl Secrets for SecretsOf {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        let mut secret = Secret([0; 32]);
        let found = self.0.number_of(person).and_then(|number| self.0.person(number));
        Ok(found.map(|person| {
            person.secret_into(&mut secret);
            secret
        }))
    }
}

/// What a close does, one after the other.
const STEPS: usize = 6;

/// The first so many steps of a close, after which the machine stops.
fn begin_to_close(world: &World, steps: usize) {
    let (log, people) = (world.log(), world.people());
    let (erasures, until, view) = (people.erasures().unwrap(), log.head(), people.view());
    assert_eq!(erasures.len(), 1);
    let handle = erasures[0].handle;
    let key = SecretKey::read(&world.directory.key("vrf")).unwrap();
    let directory = AccountDirectory::open(&world.directory.account_directory(), &key).unwrap();
    let secrets = SecretsOf(view);
    let secret = secrets.secret(handle).unwrap().unwrap();
    let backend = Arc::new(Posix::new(world.directory.log()));
    let mut periods = Periods::open(backend, Limits::default()).unwrap();
    let mark = LogMark { stream: log.stream_id(), entries: until };
    let bound = periods.last().map_or(0, |last| last.directory.epoch);
    let mut root = DirectoryRoot::EMPTY;
    for step in 0..steps {
        match step {
            0 => root = directory.publish(&secrets.0, bound).unwrap(),
            1 => root = directory.erase(&erasures).unwrap(),
            2 => drop(periods.close(&log, until, &secrets, root).unwrap()),
            3 => people.put_log_mark(mark).unwrap(),
            4 => drop(periods.erase(&[(handle, secret.clone())]).unwrap()),
            _ => people.destroy(&[handle]).unwrap(),
        }
    }
    log.shutdown();
}

#[test]
fn crash_between_any_two_steps_of_a_close_is_made_whole_by_the_next() {
    let (world, token) = lived();
    let serving = world.serve();
    let erasure = format!("/people/{ERASED}/erasure");
    assert_eq!(restored::admin(&serving, "POST", &erasure, r#"{"export":"made"}"#), 202);
    serving.open_to_friends_devices(CLOSED, &["id", "name"]);
    assert_eq!(restored::friends(&serving, &token).len(), 2);
    sleep(SETTLED);
    serving.stop();
    let parts = ["people", "stream", "log", "directory"].map(|part| Backup::of(&world, part));
    for steps in 0..=STEPS {
        parts.iter().for_each(Backup::restore);
        begin_to_close(&world, steps);
        let closed = run(&world, &["log", "close"], &[]);
        closed.unwrap_or_else(|error| panic!("after {steps} steps: {error}"));
        let serving = world.serve();
        // What a crash came after is closed already; an empty period more is no harm.
        let periods = close(&serving)["period"].as_u64().unwrap() + 1;
        for account in [STAYS, CLOSED, restored::VIEWER] {
            restored::ledger(&serving, account);
        }
        assert_no_record_is_left_out(&serving, periods);
        world.verified(serving.head());
        serving.stop();
        let people = world.people();
        assert_eq!(people.person_of_account(ERASED).unwrap(), None, "after {steps} steps");
        assert!(!people.has_remnants().unwrap(), "after {steps} steps");
        drop(people);
        world.assert_checks();
    }
}

/// The directory says that they are erased, which cannot be taken back.
#[test]
fn crash_of_a_close_behind_the_directorys_word_is_too_late_for_a_legal_hold() {
    let (world, _) = lived();
    let serving = world.serve();
    let erasure = format!("/people/{ERASED}/erasure");
    assert_eq!(restored::admin(&serving, "POST", &erasure, r#"{"export":"made"}"#), 202);
    sleep(SETTLED);
    serving.stop();
    begin_to_close(&world, 2);
    let until = clock::now().plus_seconds(3_600).to_string();
    let error = run(&world, &["people", "hold"], &[ERASED, "--until", &until]).unwrap_err();
    assert!(error.contains("too late for a hold"), "{error}");
    let serving = world.serve();
    let hold = format!("/people/{ERASED}/hold");
    let until = json!({"until": until}).to_string();
    assert_eq!(restored::admin(&serving, "PUT", &hold, &until), 409);
    close(&serving);
    serving.stop();
    assert_eq!(world.people().person_of_account(ERASED).unwrap(), None);
    world.assert_checks();
}
