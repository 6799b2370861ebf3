//! Parts of an instance that were restored from backups of different ages, a test for each row of the table in
//! docs/operations/backup-and-recovery.md: the start refuses what does not belong together, and says what to do.
//! Rows of single files are in `restored_files`.
//!
//! ```text
//! people/: older                       …people_serve_nobody_who_was_erased_…, …people_have_the_grants_and_holds_…
//!   people came since                  …who_came_since_are_refused_until_…, …have_ledgers_again_when_they_come_back
//!   missing; another instance's        …instance_without_people_gets_no_new_ones, …people_of_another_instance_…
//!   its image                          …replica_of_another_time_is_refused_and_made_again
//! stream/: missing                     …instance_without_a_stream_gets_no_new_one
//!   older than log/, than people/      …stream_that_is_older_than_people_is_refused
//! stream/periods/: older, missing      …periods_are_made_again_unless_somebody_in_them_was_erased
//!   newer than stream/                 …periods_that_are_newer_than_the_stream_are_refused
//! directory/, keys/vrf.key             …directory_that_is_older_missing_or_another_is_refused
//!   newer than people/                 …people_without_those_whom_the_directory_has_are_refused
//! keys/log, receipts, tokens           …keys_of_another_time_are_refused_or_known_by_what_they_made
//! keys/canary.key                      …canary_key_that_is_another_or_missing_is_refused
//! canaries.json                        …canaries_that_are_older_or_missing_…, …canaries_of_another_instance_…
//! tokens, countersign.toml, [tls]      …instance_without_a_token_or_a_certificate_is_refused
//! witnesses.policy                     …instance_without_its_witness_policy_is_refused
//! mapping.toml                         source_http_served::a_mapping_that_is_wrong_stops_the_start_and_says_where
//! log/                                 …site_is_completed_from_the_stream
//! stream/checkpoint, stream/clock, fields.toml, keys/root.key, keys/reviewers/
//!                                      …files_that_a_start_does_without_are_named_by_check
//! screening/                           screening::a_partner_gets_data_once_people_cleared_it_…
//! log/witnessed/                       …witnessed_checkpoints_that_are_older_or_missing_…
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use countersign_service::clock;
use countersign_verifier::ledger::{Question, check};
use serde_json::json;

use crate::audit::ledger::close;
use crate::audit::sample;
use crate::support::{Serving, World, finish, program, send};

/// Whose device asks.
pub(crate) const VIEWER: &str = "ada-lovelace-1815";
/// A friend who is erased after the backup.
pub(crate) const ERASED: &str = "charles-babbage-1791";
/// A friend who closes everything after the backup.
pub(crate) const CLOSED: &str = "michael-faraday-1791";
/// A friend of whom nothing changes.
pub(crate) const STAYS: &str = "mary-somerville-1780";

pub(crate) const QUESTION: &str = "/me?fields=id,name,friends{id,name}";

/// Longer than an answer that was decided before may take.
pub(crate) const SETTLED: Duration = Duration::from_secs(11);

pub(crate) fn founded() -> World {
    let world = World::founded();
    let person = |account: &str, friends: &[&str]| json!({"account": account, "friends": friends, "profile": {"name": account}});
    let mut people = [ERASED, CLOSED, STAYS].map(|account| person(account, &[])).to_vec();
    people.push(person(VIEWER, &[ERASED, CLOSED, STAYS]));
    world.import_lines(&people);
    fs::remove_file(world.path().join("people.jsonl")).unwrap();
    world
}

pub(crate) fn admin(serving: &Serving<'_>, method: &str, path: &str, body: &str) -> u16 {
    let bearer = format!("Bearer {}", serving.admin_token());
    let kind = if path.ends_with("/feed") { "application/x-ndjson" } else { "application/json" };
    let headers = [("authorization", &*bearer), ("content-type", kind)];
    send(&serving.world.url(), method, &format!("/admin/v1{path}"), &headers, body).status
}

/// The names of the friends whom the viewer's device is told of.
pub(crate) fn friends(serving: &Serving<'_>, token: &str) -> Vec<String> {
    let answer = serving.read(QUESTION, token);
    let friends = answer["friends"]["data"].as_array().cloned().unwrap_or_default();
    let mut names: Vec<_> =
        friends.iter().map(|friend| friend["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// What an account's ledger says, which holds; how many lines it has.
pub(crate) fn ledger(serving: &Serving<'_>, account: &str) -> usize {
    let path = format!("/admin/v1/people/{account}/ledger");
    let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
    assert_eq!(reply.status, 200, "{account}: {}", String::from_utf8_lossy(&reply.body));
    let question = Question::new(&serving.world.key, clock::now());
    let (verdict, ledger) = check(&reply.body, &question);
    assert_eq!(verdict.failures, [], "{account}");
    ledger.unwrap().lines.len()
}

/// A part of the instance, kept as it is now.
pub(crate) struct Backup {
    part: PathBuf,
    kept: PathBuf,
}

impl Backup {
    pub(crate) fn of(world: &World, part: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let kept = world.path().with_file_name(format!("backup-{number}"));
        let part = world.path().join(part);
        copy(&part, &kept);
        Self { part, kept }
    }

    /// Puts it into the place of what is there.
    pub(crate) fn restore(&self) {
        remove(&self.part);
        copy(&self.kept, &self.part);
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        assert!(fs::copy(from, to).is_ok());
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

pub(crate) fn remove(path: &Path) {
    if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else if path.exists() {
        fs::remove_file(path).unwrap();
    }
}

/// A server does not start; what it says.
pub(crate) fn refused(world: &World) -> String {
    let output = finish(program(&["serve"]).arg("--dir").arg(world.path()));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

/// Neither a server nor `countersign check` is content with it; both say this.
pub(crate) fn assert_refused(world: &World, says: &[&str]) {
    let checked = finish(program(&["check"]).arg("--dir").arg(world.path()));
    assert_eq!(checked.status.code(), Some(1), "countersign check is content");
    let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
    let said = refused(world);
    for text in says {
        assert!(said.contains(text), "the start says {said:?}, and not {text:?}");
        assert!(checked.contains(text), "check says {checked:?}, and not {text:?}");
    }
}

pub(crate) fn run(world: &World, command: &[&str], more: &[&str]) -> Result<String, String> {
    let output = finish(program(command).arg("--dir").arg(world.path()).args(more));
    let said = if output.status.success() { output.stdout } else { output.stderr };
    let said = String::from_utf8(said).unwrap();
    if output.status.success() { Ok(said) } else { Err(said) }
}

/// One is erased, and one closes everything; a close destroys what is left of the first.
fn erase_and_close(serving: &Serving<'_>) {
    let erasure = format!("/people/{ERASED}/erasure");
    assert_eq!(admin(serving, "POST", &erasure, r#"{"export":"made"}"#), 202);
    let settings = format!("/people/{CLOSED}/settings");
    assert_eq!(admin(serving, "PUT", &settings, r#"{"preset":"closed"}"#), 200);
    sleep(SETTLED);
    close(serving);
}

/// A world in which the viewer's device saw everybody, and a period was closed.
pub(crate) fn lived() -> (World, String) {
    let world = founded();
    let token = world.token(VIEWER);
    let serving = world.serve();
    assert_eq!(friends(&serving, &token), [ERASED, STAYS, CLOSED]);
    close(&serving);
    serving.stop();
    (world, token)
}

#[test]
fn restored_people_serve_nobody_who_was_erased_and_nothing_that_was_closed() {
    let (world, token) = lived();
    let backup = Backup::of(&world, "people");
    let people = world.people();
    let handle = people.person_of_account(ERASED).unwrap().unwrap();
    drop(people);
    let serving = world.serve();
    erase_and_close(&serving);
    assert_eq!(friends(&serving, &token), [STAYS]);
    assert_eq!(serving.get("/me", &token).status, 200);
    let lines = ledger(&serving, CLOSED);
    serving.stop();

    backup.restore();
    assert_refused(
        &world,
        &[
            "people/ is from an older backup than stream/",
            "1 choices",
            "countersign people recover",
        ],
    );
    // Commands that change people without a server refuse as well.
    let settings = run(&world, &["people", "settings"], &[CLOSED, "--preset", "open"]);
    assert!(settings.unwrap_err().contains("older backup"));
    let said = run(&world, &["people", "recover"], &[]).unwrap();
    assert!(said.contains("1 choices") && said.contains("erased 1 people"), "{said}");
    let again = run(&world, &["people", "recover"], &[]).unwrap();
    assert!(again.contains("0 choices") && again.contains("erased 0 people"), "{again}");

    let people = world.people();
    assert_eq!(people.person_of_account(ERASED).unwrap(), None);
    assert_eq!(people.view().number_of(handle), None);
    assert!(!people.has_remnants().unwrap());
    let closed = people.person_of_account(CLOSED).unwrap().unwrap();
    let (number, _) = people.history(closed, None, 1).unwrap().remove(0);
    assert!(people.consent_receipt(closed, number).unwrap().is_some(), "the receipt is back");
    drop(people);
    let serving = world.serve();
    assert_eq!(friends(&serving, &token), [STAYS]);
    close(&serving);
    assert_eq!(ledger(&serving, CLOSED), lines);
    assert_eq!(ledger(&serving, STAYS), 4);
    world.verified(serving.head());
    serving.stop();
    world.assert_checks();
}

#[test]
fn restored_people_have_the_grants_and_holds_and_later_choices_that_the_log_has() {
    let (world, _) = lived();
    let backup = Backup::of(&world, "people");
    let serving = world.serve();
    let token = serving.token(VIEWER);
    let ended = serving.token(VIEWER);
    let until = json!({"until": clock::now().plus_seconds(3_600).to_string()}).to_string();
    assert_eq!(admin(&serving, "PUT", &format!("/people/{STAYS}/hold"), &until), 200);
    let erasure = format!("/people/{ERASED}/erasure");
    assert_eq!(admin(&serving, "POST", &erasure, r#"{"export":"waived"}"#), 202);
    for fields in [r#"{"friends_device":[]}"#, r#"{"friends_device":["id","name"]}"#] {
        let settings = format!("/people/{CLOSED}/settings");
        assert_eq!(admin(&serving, "PUT", &settings, fields), 200);
    }
    let grants =
        serving.client.get(&format!("/admin/v1/people/{VIEWER}/grants"), &serving.admin_token());
    let grants = grants.unwrap().json().unwrap();
    let newest = grants["grants"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/people/{VIEWER}/grants/{newest}");
    assert_eq!(admin(&serving, "DELETE", &path, ""), 200);
    let before = [&token, &ended].map(|token| serving.get(QUESTION, token).status);
    serving.stop();

    backup.restore();
    assert_refused(&world, &["older backup than stream/"]);
    run(&world, &["people", "recover"], &[]).unwrap();
    let serving = world.serve();
    assert_eq!([&token, &ended].map(|token| serving.get(QUESTION, token).status), before);
    let held =
        serving.client.get(&format!("/admin/v1/people/{ERASED}/erasure"), &serving.admin_token());
    assert_eq!(held.unwrap().status, 200, "the erasure is under way again");
    let still = if before[0] == 200 { &token } else { &ended };
    assert_eq!(friends(&serving, still), [STAYS, CLOSED]);
    sleep(SETTLED);
    close(&serving);
    assert!(ledger(&serving, CLOSED) > 2 && ledger(&serving, VIEWER) > 2);
    serving.stop();
    assert_eq!(world.people().person_of_account(ERASED).unwrap(), None);
    world.assert_checks();
}

#[test]
fn restored_people_without_those_who_came_since_are_refused_until_the_loss_is_accepted() {
    let (world, token) = lived();
    let backup = Backup::of(&world, "people");
    let serving = world.serve();
    let newcomer = json!({"sequence": 1, "account": "newcomer", "friends": [VIEWER], "profile": {"name": "newcomer"}});
    assert_eq!(admin(&serving, "POST", "/people/feed", &newcomer.to_string()), 200);
    serving.open_to_friends_devices("newcomer", &["id", "name"]);
    assert_eq!(friends(&serving, &token).len(), 4);
    close(&serving);
    serving.stop();

    backup.restore();
    assert_refused(&world, &["1 people"]);
    let error = run(&world, &["people", "recover"], &[]).unwrap_err();
    assert!(
        error.contains("1 people who came after") && error.contains("--accept-loss"),
        "{error}"
    );
    assert_refused(&world, &["1 people"]);
    let said = run(&world, &["people", "recover"], &["--accept-loss"]).unwrap();
    assert!(said.contains("Lost for good: 1 people"), "{said}");
    let serving = world.serve();
    assert_eq!(friends(&serving, &token).len(), 3);
    close(&serving);
    // Whoever was in an answer with them can be shown it no more: their record in it cannot be made again.
    let path = format!("/admin/v1/people/{VIEWER}/ledger");
    let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
    assert!(String::from_utf8_lossy(&reply.body).contains("secret was destroyed"));
    serving.stop();
    world.assert_checks();
}

/// Whose secret was lost comes back with another one, behind a close that says that the first is gone.
#[test]
fn restored_people_without_those_who_came_since_have_ledgers_again_when_they_come_back() {
    let (world, token) = lived();
    let newcomer = |sequence: u64, account: &str| {
        let line = json!({"sequence": sequence, "account": account, "friends": [VIEWER], "profile": {"name": account}});
        line.to_string()
    };
    let backup = Backup::of(&world, "people");
    let serving = world.serve();
    for (sequence, account) in [(1, "early"), (2, "late")] {
        let line = newcomer(sequence, account);
        assert_eq!(admin(&serving, "POST", "/people/feed", &line), 200);
        serving.open_to_friends_devices(account, &["id", "name"]);
    }
    assert_eq!(friends(&serving, &token).len(), 5);
    close(&serving);
    serving.stop();
    backup.restore();
    run(&world, &["people", "recover"], &["--accept-loss"]).unwrap();

    // As backup-and-recovery.md says: the feed, a close, and then the server.
    let feed = world.path().join("feed.jsonl");
    fs::write(&feed, newcomer(1, "early")).unwrap();
    run(&world, &["people", "upsert"], &[feed.to_str().unwrap()]).unwrap();
    run(&world, &["log", "close"], &[]).unwrap();
    let serving = world.serve();
    // Another one comes while the server runs.
    assert_eq!(admin(&serving, "POST", "/people/feed", &newcomer(2, "late")), 200);
    for account in ["early", "late"] {
        serving.open_to_friends_devices(account, &["id", "name"]);
    }
    assert_eq!(friends(&serving, &token).len(), 5);
    let of = |account: &str| {
        let path = format!("/admin/v1/people/{account}/ledger");
        let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
        let checked = check(&reply.body, &Question::new(&world.key, clock::now()));
        (reply.status, checked)
    };
    assert_eq!(of("early").0, 409, "the close that says that the secret is gone was the last");
    close(&serving);
    assert!(ledger(&serving, "early") > 0);
    assert_eq!(of("late").0, 409);
    close(&serving);
    for (account, since) in [("early", 3), ("late", 4)] {
        assert!(ledger(&serving, account) > 0);
        let (_, (verdict, found)) = of(account);
        let found = found.unwrap();
        assert_eq!(found.complete_since, Some(since), "{account}");
        assert_eq!(found.erased_versions, [1], "{account}");
        assert!(verdict.failures.is_empty());
    }
    world.verified(serving.head());
    // What an auditor sees of it: only who came back while the server ran was published late.
    for (period, rules) in [(2, &[][..]), (3, &["sample_directory"]), (4, &[])] {
        let (number, name) = (period.to_string(), format!("{period}.sample"));
        let drawn = sample::sample(&world, &name, &[&number]).unwrap();
        let (_, said) = sample::audited(&world, &sample::lists(&world, period), &drawn, &[]);
        let failed = said["failures"].as_array().unwrap();
        let mut failed: Vec<_> = failed.iter().map(|one| one["rule"].as_str().unwrap()).collect();
        failed.dedup();
        assert_eq!(failed, rules, "period {period}: {said:#}");
    }
    serving.stop();
    world.assert_checks();
}

/// Somebody about whom the log says nothing, and whom the directory has.
#[test]
fn restored_people_without_those_whom_the_directory_has_are_refused() {
    let (world, _) = lived();
    let backup = Backup::of(&world, "people");
    let serving = world.serve();
    let newcomer = json!({"sequence": 1, "account": "newcomer", "profile": {"name": "newcomer"}});
    assert_eq!(admin(&serving, "POST", "/people/feed", &newcomer.to_string()), 200);
    close(&serving);
    serving.stop();
    backup.restore();
    assert_refused(&world, &["people/ has had 4 people, and the directory of accounts knows of 5"]);
    let error = run(&world, &["people", "recover"], &[]).unwrap_err();
    assert!(error.contains("1 people who came after"), "{error}");
    run(&world, &["people", "recover"], &["--accept-loss"]).unwrap();
    world.serve().stop();
    world.assert_checks();
}

#[test]
fn restored_instance_without_people_gets_no_new_ones() {
    let (world, token) = lived();
    let backup = Backup::of(&world, "people");
    remove(&world.directory.people());
    assert_refused(&world, &["there are no people", "restore it from a backup"]);
    let file = world.path().join("more.jsonl");
    fs::write(&file, "{\"account\":\"newcomer\"}\n").unwrap();
    let file = file.to_str().unwrap();
    let dir = world.path().to_str().unwrap();
    for command in [
        &["people", "import", "jsonl", "--dir", dir, file][..],
        &["people", "image", "--dir", dir],
        &["people", "recover", "--dir", dir],
        &["people", "settings", "--dir", dir, VIEWER],
        &[
            "people",
            "token",
            "--dir",
            dir,
            "--account",
            VIEWER,
            "--build",
            "aurora-home@41",
            "--purpose",
            "address-book",
        ],
    ] {
        let output = finish(&mut program(command));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(said.contains("there are no people"), "{command:?}: {said}");
    }
    assert!(!world.directory.people().exists(), "people/ was made anew");
    backup.restore();
    let serving = world.serve();
    assert_eq!(friends(&serving, &token).len(), 3);
}

#[test]
fn restored_people_of_another_instance_are_refused() {
    let (world, _) = lived();
    let (other, _) = lived();
    remove(&world.directory.people());
    copy(&other.directory.people(), &world.directory.people());
    assert_refused(&world, &["people/ belongs to another log"]);
    let error = run(&world, &["people", "recover"], &["--accept-loss"]).unwrap_err();
    assert!(error.contains("another log"), "{error}");
}

#[test]
fn restored_stream_that_is_older_than_people_is_refused() {
    let (world, token) = lived();
    let backups = ["stream", "log"].map(|part| Backup::of(&world, part));
    let serving = world.serve();
    serving.open_to_friends_devices(CLOSED, &["id", "name"]);
    friends(&serving, &token);
    serving.stop();
    backups[0].restore();
    assert!(refused(&world).contains("entries are lost"), "a newer checkpoint is on the site");
    backups[1].restore();
    assert_refused(&world, &["stream/ is from an older backup than people/"]);
    let error = run(&world, &["people", "recover"], &["--accept-loss"]).unwrap_err();
    assert!(error.contains("older backup than people/"), "{error}");
}

/// Of an instance that lost everything that is signed, no new log is made.
#[test]
fn restored_instance_without_a_stream_gets_no_new_one() {
    let (world, _) = lived();
    let stream = world.directory.log().join("stream");
    let backups = ["stream", "log"].map(|part| Backup::of(&world, part));
    remove(&stream.join("stream"));
    assert_refused(&world, &["stream/stream: there is no such file", "restore stream/"]);
    assert!(!stream.join("stream").exists(), "a stream was made anew");
    remove(&stream);
    remove(&world.directory.site());
    assert_refused(&world, &["stream/stream: there is no such file", "restore stream/"]);
    let error = run(&world, &["log", "close"], &[]).unwrap_err();
    assert!(error.contains("there is no such file"), "{error}");
    assert!(!stream.join("stream").exists(), "a stream was made anew");
    assert!(!world.directory.site().join("checkpoint").exists(), "an empty log was signed");
    remove(&stream);
    backups.iter().for_each(Backup::restore);
    world.serve().stop();
    world.assert_checks();
}

#[test]
fn restored_directory_that_is_older_missing_or_another_is_refused() {
    let (world, _) = lived();
    let older = Backup::of(&world, "directory");
    let serving = world.serve();
    let newcomer = json!({"sequence": 1, "account": "newcomer", "profile": {"name": "newcomer"}});
    assert_eq!(admin(&serving, "POST", "/people/feed", &newcomer.to_string()), 200);
    close(&serving);
    serving.stop();
    let newer = Backup::of(&world, "directory");

    older.restore();
    assert_refused(&world, &["is at epoch 1, and the log's newest close binds epoch 2"]);
    remove(&world.directory.account_directory());
    assert_refused(&world, &["there is no directory of accounts"]);
    assert!(!world.directory.account_directory().exists(), "it was made anew");
    newer.restore();
    world.serve().stop();

    let key = Backup::of(&world, "keys/vrf.key");
    remove(&world.directory.key("vrf"));
    assert_refused(&world, &["vrf.key"]);
    assert!(!world.directory.key("vrf").exists(), "a key was made anew");
    let made = finish(program(&["key", "new"]).arg(world.directory.key("vrf")));
    assert!(made.status.success());
    assert_refused(&world, &["the key of the directory of accounts is not the one"]);
    key.restore();
    world.serve().stop();
    world.assert_checks();
}

#[test]
fn restored_periods_are_made_again_unless_somebody_in_them_was_erased() {
    let (world, token) = lived();
    let older = Backup::of(&world, "stream/periods");
    let serving = world.serve();
    friends(&serving, &token);
    close(&serving);
    serving.stop();
    older.restore();
    let checked = finish(program(&["check"]).arg("--dir").arg(world.path()));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success() && said.contains("the next start makes them again"), "{said}");
    let serving = world.serve();
    assert_eq!(ledger(&serving, STAYS), 3);

    erase_and_close(&serving);
    let lines = ledger(&serving, STAYS);
    serving.stop();
    let newest = Backup::of(&world, "stream/periods");
    // Nothing is computed again that is whole: of who was erased nobody can tell the labels any more.
    remove(&world.directory.log().join("stream/periods/last"));
    let serving = world.serve();
    assert_eq!(ledger(&serving, STAYS), lines);
    serving.stop();
    older.restore();
    assert_refused(&world, &["stream/periods were lost", "backup"]);
    remove(&world.directory.log().join("stream/periods"));
    assert_refused(&world, &["stream/periods were lost", "backup"]);
    let left = fs::read_dir(world.directory.log().join("stream/periods"));
    assert_eq!(left.map_or(0, Iterator::count), 0, "what was refused is left behind");
    let error = run(&world, &["people", "recover"], &["--accept-loss"]).unwrap_err();
    assert!(error.contains("stream/periods were lost"), "{error}");
    newest.restore();
    remove(&world.directory.log().join("stream/periods/0/lists"));
    assert_refused(&world, &["stream/periods were lost", "backup"]);
    assert!(world.directory.log().join("stream/periods/0/nodes").exists(), "what is left is gone");
    newest.restore();
    let serving = world.serve();
    assert_eq!(ledger(&serving, STAYS), lines);
    serving.stop();
    world.assert_checks();
}

#[test]
fn restored_periods_that_are_newer_than_the_stream_are_refused() {
    let (world, token) = lived();
    let parts = ["people", "stream", "log", "directory"].map(|part| Backup::of(&world, part));
    let serving = world.serve();
    friends(&serving, &token);
    close(&serving);
    serving.stop();
    let newer = Backup::of(&world, "stream/periods");
    parts.iter().for_each(Backup::restore);
    newer.restore();
    assert_refused(&world, &["stream/ is from an older backup than stream/periods"]);
    parts[1].restore();
    world.serve().stop();
    world.assert_checks();
}

#[test]
fn restored_site_is_completed_from_the_stream() {
    let (world, token) = lived();
    let older = Backup::of(&world, "log");
    let serving = world.serve();
    friends(&serving, &token);
    close(&serving);
    let head = serving.head();
    serving.stop();
    older.restore();
    let serving = world.serve();
    world.verified(head);
    serving.stop();
    remove(&world.directory.site());
    let serving = world.serve();
    world.verified(head);
    serving.stop();
    world.assert_checks();
}

#[test]
fn restored_replica_of_another_time_is_refused_and_made_again() {
    let (world, token) = lived();
    let image = |world: &World| {
        let files = fs::read_dir(world.directory.people()).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let images = files.filter(|path| path.extension().is_some_and(|end| end == "image"));
        images
            .max_by_key(|path| {
                path.file_name()
                    .map(std::ffi::OsStr::len)
                    .zip(path.file_name().map(std::ffi::OsStr::to_owned))
            })
            .unwrap()
    };
    let older = image(&world);
    let kept = world.path().with_file_name("older.image");
    fs::copy(&older, &kept).unwrap();
    run(&world, &["people", "image"], &[]).unwrap();
    let newer = image(&world);
    assert!(newer != older);
    fs::copy(&kept, &newer).unwrap();
    assert_refused(&world, &["it is of generation", "countersign people image"]);
    // Of another instance, with as many people, after as many changes.
    let (other, _) = lived();
    run(&other, &["people", "image"], &[]).unwrap();
    let others = image(&other);
    assert_eq!(others.file_name(), newer.file_name());
    fs::copy(others, &newer).unwrap();
    assert_refused(&world, &["it is another image of generation", "countersign people image"]);
    remove(&newer);
    assert_refused(&world, &["the image of the people is missing"]);
    run(&world, &["people", "image"], &[]).unwrap();
    let serving = world.serve();
    assert_eq!(friends(&serving, &token).len(), 3);
}
