//! The change feed: what its lines do, what is refused, and the ways it comes in by.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use countersign::instance::start;
use countersign_demo::generate::{self, GenerateOptions};
use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use countersign_http::router::router;
use countersign_people::store::{Counts, Folder, People, StoreOptions};
use countersign_service::instance::ClockTrust;
use countersign_service::people::feed::{self, Applied, Batches, FeedError, LINE_BYTES_MAX};
use countersign_service::people::import::{self, ImportError, ImportOptions};
use countersign_service::people::import_jsonl;
use countersign_service::people::progress::Progress;
use serde_json::{Value, json};

use crate::support::people::{MADE, default_schema, open, set_settings};
use crate::support::village;
use crate::support::{Serving, World, finish, header, ids, program, send};

fn apply(people: &People, text: &str) -> Result<Applied, FeedError> {
    feed::apply(people, &default_schema(), Batches::new(text.as_bytes(), 1), |_| ())
}

fn lines(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Fields, friends and whether a minor.
fn glance(people: &People, account: &str) -> (FieldSet, u32, bool) {
    let view = people.view();
    let handle = people.person_of_account(account).unwrap().unwrap();
    let person = view.person(view.number_of(handle).unwrap()).unwrap();
    (person.present(), person.friends_count(), person.is_minor())
}

fn fields(names: &[&str]) -> FieldSet {
    default_schema().resolve(names).unwrap()
}

#[test]
fn changes_do_what_their_lines_say() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let first = lines(&[
        json!({"sequence": 3, "account": "ada", "profile": {"name": "Ada", "work": null}, "friends": ["bob"]}),
        json!({"sequence": 4, "account": "ada", "set": {"religion": "Pastafarian"}, "minor": true}),
        json!({"sequence": 9, "friendship": ["eve", "ada"]}),
    ]);
    let applied = apply(&people, &first).unwrap();
    assert_eq!(applied, Applied { applied: 3, skipped: 0, sequence: 9 });
    let all = fields(&["id", "friends", "name", "religion"]);
    assert_eq!(glance(&people, "ada"), (all, 2, true));
    assert_eq!(glance(&people, "bob"), (fields(&["id", "friends"]), 1, false));
    let bob = people.person_of_account("bob").unwrap().unwrap();
    assert_eq!(people.settings(bob).unwrap(), Settings::DEFAULT);
    set_settings(&people, bob, Settings::CLOSED);

    let more = lines(&[
        json!({"sequence": 9, "account": "ada", "removed": true}),
        json!({"sequence": 10, "account": "ada", "set": {"name": null}}),
        json!({"sequence": 11, "friendship_ended": ["ada", "eve"]}),
        json!({"sequence": 12, "account": "nobody", "removed": true}),
        json!({"sequence": 13, "friendship_ended": ["nobody", "eve"]}),
        json!({"sequence": 14, "account": "bob", "profile": {"name": "Bob"}}),
    ]);
    let applied = apply(&people, &more).unwrap();
    assert_eq!(applied, Applied { applied: 5, skipped: 1, sequence: 14 });
    assert_eq!(glance(&people, "ada"), (fields(&["id", "friends", "religion"]), 1, true));
    assert_eq!(people.settings(bob).unwrap(), Settings::CLOSED, "bob's own choice stays");
    assert_eq!(people.counts().people, 3);

    apply(&people, &lines(&[json!({"sequence": 15, "account": "bob", "removed": true})])).unwrap();
    assert_eq!(glance(&people, "bob"), (fields(&["id", "friends"]), 0, false));
    assert_eq!(glance(&people, "ada").1, 0);
    assert!(people.is_removed(bob));
    assert_eq!(people.settings(bob).unwrap(), Settings::CLOSED);
    apply(&people, &lines(&[json!({"sequence": 16, "friendship": ["bob", "eve"]})])).unwrap();
    assert!(!people.is_removed(bob), "whoever is named again is back");
    assert_eq!(people.person_of_account("bob").unwrap(), Some(bob));
}

/// Lines that are refused: the key, the character, and what is expected.
const MALFORMED: [(&str, &str, u64, &str); 20] = [
    (r#"{"sequence":1,"account":"z""#, "", 27, "one line"),
    (r#"{"sequence":1,"account":"z","set":{"religoin":"x"}}"#, "set", 45, "\"religion\"?"),
    (r#"{"sequence":1,"account":"z","minor":"Jedi"}"#, "minor", 42, "a boolean"),
    (r#"{"sequence":1,"account":"z","profile":{"id":1}}"#, "profile", 43, "no id"),
    (r#"{"sequence":1,"account":"z","friends":["z"]}"#, "friends", 29, "other people"),
    (r#"{"sequence":1,"account":"","minor":true}"#, "account", 15, "1 to 255"),
    (r#"{"sequence":1,"account":"z","removed":false}"#, "removed", 29, "true"),
    (r#"{"sequence":1,"account":"z","removed":true,"minor":true}"#, "removed", 29, "nothing else"),
    (r#"{"sequence":1,"account":"z","set":{},"profile":{}}"#, "set", 29, "either"),
    (r#"{"sequence":1,"account":"z","minor":true,"minor":true}"#, "minor", 54, "once"),
    (r#"{"sequence":1,"account":"z","set":{"work":[{"a":1,"a":2}]}}"#, "", 53, "every key once"),
    (r#"{"sequence":1,"account":"z"}"#, "", 1, "one of profile"),
    (r#"{"sequence":1}"#, "", 1, "one of account"),
    (r#"{"account":"z","minor":true}"#, "", 1, "a sequence"),
    (r#"{"sequence":0,"account":"z","minor":true}"#, "sequence", 2, "from 1"),
    (r#"{"sequence":1.5,"account":"z"}"#, "sequence", 15, "u64"),
    (r#"{"sequence":1,"friendship":["z"]}"#, "friendship", 32, "array of length 2"),
    (r#"{"sequence":1,"friendship":["z","z"]}"#, "friendship", 15, "two different"),
    (r#"{"sequence":1,"friendship":["z","y"],"minor":true}"#, "friendship", 15, "nothing else"),
    (r#"{"sequence":1,"nickname":"Jedi"}"#, "", 24, "one of sequence"),
];

#[test]
fn a_malformed_line_says_where_and_spoils_its_own_batch_alone() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let good: String = (1..=1_500)
        .map(|n| format!("{{\"sequence\":{n},\"account\":\"{n}\",\"set\":{{}}}}\n"))
        .collect();
    for (bad, key, at, expected) in MALFORMED {
        let error = apply(&people, &format!("{good}{bad}\n")).unwrap_err();
        let said = error.to_string();
        assert!(!said.contains("Jedi"), "a value is in the error: {said}");
        assert!(said.contains("up to sequence 1000 is applied"), "{said}");
        let FeedError::Malformed { line, column, key: found, expected: what, sequence } = error
        else {
            panic!("another error: {said}")
        };
        assert_eq!((line, sequence), (1_501, 1_000), "{bad}");
        assert_eq!((found.unwrap_or_default(), column), (key, at), "{bad}: {what}");
        assert!(what.contains(expected), "{bad}: {what}");
        assert_eq!(people.counts().people, 1_000);
        assert_eq!(people.feed_sequence().unwrap(), 1_000);
    }
    let done = apply(&people, &good).unwrap();
    assert_eq!(done, Applied { applied: 500, skipped: 1_000, sequence: 1_500 });
    let long = format!("{{\"sequence\":1501,\"account\":\"{}\"}}", "x".repeat(LINE_BYTES_MAX));
    let said = apply(&people, &format!("{good}{long}\n")).unwrap_err().to_string();
    assert!(said.contains("line 1501, character 1: expected at most 4194304 bytes"), "{said}");
}

#[test]
fn a_sequence_that_does_not_rise_within_one_feed_is_refused_not_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let line = |n: u64| format!("{{\"sequence\":{n},\"account\":\"p{n}\",\"minor\":true}}\n");
    let refused = |text: &str, at: u64| {
        let before = people.counts();
        let error = apply(&people, text).unwrap_err();
        assert!(
            matches!(error, FeedError::Malformed { line, key: Some("sequence"), .. } if line == at),
            "{error}"
        );
        assert_eq!(people.counts(), before);
        error.to_string()
    };
    // Eight was committed first, and seven is read after it.
    let said = refused(&[line(6), line(8), line(7)].concat(), 3);
    assert!(said.contains("more than 8, the sequence of the line before"), "{said}");
    refused(&[line(6), line(6)].concat(), 2);
    // Across batches, and among lines that are skipped.
    let sorted: String = (1..=1_000).map(line).collect();
    apply(&people, &sorted).unwrap();
    refused(&[&*sorted, &line(999)].concat(), 1_001);
    refused(&[line(5), line(4), line(1_001)].concat(), 2);
    // In parts.
    let text = line(1_001);
    let part = |after| {
        let batches = Batches::new(text.as_bytes(), 8).after(after);
        feed::apply(&people, &default_schema(), batches, |_| ())
    };
    assert!(part(1_001).is_err());
    assert_eq!(part(1_000).unwrap().applied, 1);
}

#[test]
fn files_from_before_the_feed_undo_nothing_that_the_feed_does_not_say_again() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    let schema = default_schema();
    let file = dir.path().join("dump.jsonl");
    let dump = json!({"account": "ada", "profile": {"name": "Ada"}, "friends": ["bob"]});
    fs::write(&file, lines(&[dump, json!({"account": "bob"})])).unwrap();
    let import = |sequence| {
        let (beginning, now) = (Preset::Default.into(), MADE.at);
        let progress = Progress::Hidden;
        let options = ImportOptions { schema: &schema, beginning, sequence, now, progress };
        import::run(&people, &options, |batch| import_jsonl::read(&file, people.folder(), batch))
    };
    import(Some(4)).unwrap();
    assert_eq!(people.feed_sequence().unwrap(), 4);
    let feed = lines(&[
        json!({"sequence": 4, "account": "ada", "set": {"religion": "in the dump, had they one"}}),
        json!({"sequence": 5, "account": "ada", "set": {"name": null}}),
        json!({"sequence": 6, "friendship_ended": ["ada", "bob"]}),
    ]);
    assert_eq!(apply(&people, &feed).unwrap(), Applied { applied: 2, skipped: 1, sequence: 6 });
    let now = (fields(&["id", "friends"]), 0, false);
    assert_eq!(glance(&people, "ada"), now);

    // The old files again.
    let error = import(None).unwrap_err();
    assert!(matches!(error, ImportError::FeedApplied { sequence: 6 }), "{error}");
    assert_eq!(glance(&people, "ada"), now);
    let options = GenerateOptions {
        people: 5,
        seed: 1,
        beginning: Preset::Default.into(),
        now: MADE.at,
        schema: &schema,
        progress: Progress::Hidden,
    };
    let error = generate::run(&people, &options).unwrap_err();
    assert!(matches!(error, ImportError::FeedGenerated { sequence: 6 }), "{error}");
    import(Some(4)).unwrap();
    assert_eq!(glance(&people, "ada"), (fields(&["id", "friends", "name"]), 1, false));
    assert_eq!(people.feed_sequence().unwrap(), 4, "or else the feed would skip what they undid");
    assert_eq!(apply(&people, &feed).unwrap().applied, 2);
    assert_eq!(glance(&people, "ada"), now);
}

/// The folder in which a killed child applies a feed; unset in an ordinary run.
const CHILD_DIR: &str = "COUNTERSIGN_TEST_FEED_DIR";

/// Folds all the time.
const FOLDING: StoreOptions =
    StoreOptions { map_bytes: 1 << 30, fold_people: 20, fold_bytes: 1 << 20 };

/// The child of the next test: a chain of friends grows, a few lines a commit, until it is killed.
#[test]
fn crash_child_applies_a_feed_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let people = Arc::new(People::open(Path::new(&dir), FOLDING).unwrap());
    let _folder = Folder::start(Arc::clone(&people)).unwrap();
    // Sent again from the beginning, as after a crash of whoever sends it.
    for first in (1..200_000).step_by(5) {
        let line = |n: i32| {
            let friend = format!("p{}", n - 1);
            json!({"sequence": n, "account": format!("p{n}"), "minor": n % 2 == 1, "friends": [friend, format!("p{}", n + 1)]})
        };
        apply(&people, &lines(&(first..first + 5).map(line).collect::<Vec<_>>())).unwrap();
    }
}

#[test]
fn crash_kill_9_leaves_what_the_feed_says_up_to_its_last_sequence() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let (mut last, mut generation) = (0, 0);
    for round in 0..200_u64 {
        if round >= 8 && last > 100 && generation > 2 {
            return;
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "people::feed::crash_child_applies_a_feed_until_it_is_killed"])
            .env(CHILD_DIR, dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 37 * (round % 8)));
        child.kill().unwrap();
        child.wait().unwrap();
        let people = People::open(dir.path(), FOLDING).unwrap();
        let sequence = people.feed_sequence().unwrap();
        assert!(sequence >= last && sequence.is_multiple_of(5), "{sequence} after {last}");
        last = sequence;
        if sequence == 0 {
            continue;
        }
        let Counts { people: count, friendships } = people.counts();
        assert_eq!((count, friendships), (sequence + 2, sequence + 1));
        for n in 0..=sequence + 1 {
            let ends = n == 0 || n == sequence + 1;
            let (_, friends, minor) = glance(&people, &format!("p{n}"));
            assert_eq!((friends, minor), (if ends { 1 } else { 2 }, !ends && n % 2 == 1), "p{n}");
        }
        generation = people.view().image().generation();
    }
    panic!("the children were killed before they did anything");
}

/// Posts lines; status and body.
fn post(serving: &Serving<'_>, content_type: &str, body: &str) -> (u16, Value) {
    let admin = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*admin), ("content-type", content_type)];
    let reply = send(&serving.world.url(), "POST", "/admin/v1/people/feed", &headers, body);
    (reply.status, reply.json().unwrap_or_default())
}

const NDJSON: &str = "application/x-ndjson";

#[test]
fn the_next_read_of_a_running_server_shows_what_was_posted() {
    let world = village::founded();
    let (token, friend) = (world.token(village::VIEWER), village::open(1));
    let id = world.id(&friend);
    let serving = world.serve();
    let name = |id: &str| {
        serving.get(&format!("/{id}?fields=name"), &token).json().unwrap()["name"].clone()
    };
    assert_eq!(name(&id), json!(village::value("name", &friend)));
    let body = lines(&[json!({"sequence": 5, "account": friend, "set": {"name": "Zoe"}})]);
    assert_eq!(
        post(&serving, NDJSON, &body),
        (200, json!({"applied": 1, "skipped": 0, "sequence": 5}))
    );
    assert_eq!(name(&id), "Zoe");
    let visible = || ids(&serving.read("/me/friends?limit=400", &token));
    let before = visible();
    let body = lines(&[json!({"sequence": 6, "friendship_ended": [friend, village::VIEWER]})]);
    assert_eq!(post(&serving, "Application/X-NDJSON; charset=utf-8", &body).0, 200);
    let expected: Vec<_> = before.iter().filter(|listed| **listed != id).cloned().collect();
    assert_eq!(visible(), expected);
    let body = lines(&[json!({"sequence": 7, "friendship": [village::VIEWER, friend]})]);
    assert_eq!(post(&serving, NDJSON, &body).1["sequence"], 7);
    assert_eq!(visible(), before);
    // Whatever happens to the process, it is there.
    serving.kill();
    let serving = world.serve();
    assert_eq!(ids(&serving.read("/me/friends?limit=400", &token)), before);
    let admin = serving.admin_token();
    let reply = serving.client.get("/admin/v1/people/feed", &admin).unwrap();
    assert_eq!(reply.json().unwrap(), json!({"sequence": 7}));
    world.verified(serving.head());
}

#[test]
fn a_removed_viewer_is_no_longer_answered_and_leaves_their_friends_lists() {
    let world = village::founded();
    let friend = village::open(1);
    let [viewers, friends] = [village::VIEWER, &friend].map(|account| world.token(account));
    let id = world.id(&friend);
    let serving = world.serve();
    let seen = || ids(&serving.read("/me/friends?limit=400", &viewers)).contains(&id);
    assert!(seen());
    assert_eq!(serving.get("/me", &friends).status, 200);
    let body = lines(&[json!({"sequence": 1, "account": friend, "removed": true})]);
    assert_eq!(post(&serving, NDJSON, &body).0, 200);
    assert_eq!(serving.get("/me", &friends).error_code(), Some(190));
    assert!(!seen());
    let wanted = json!({ "account": friend, "build": "aurora-home@41", "purpose": "address-book" });
    let issue =
        || serving.client.post("/admin/v1/tokens", &serving.admin_token(), &wanted).unwrap();
    assert_eq!(issue().status, 404);
    // Back again, they have granted nothing yet.
    let body = lines(&[json!({"sequence": 2, "account": friend, "profile": {"name": "Back"}})]);
    assert_eq!(post(&serving, NDJSON, &body).0, 200);
    assert_eq!(serving.get("/me", &friends).error_code(), Some(190));
    assert_eq!(issue().status, 200);
    assert!(!serving.said().contains(&friend));
}

#[test]
fn a_feed_that_runs_far_ahead_of_a_fold_is_put_off_before_anything_of_it_is_applied() {
    let world = World::founded();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let opened = runtime.block_on(start(&world.directory, ClockTrust::Watched, &[])).unwrap();
    let mut gateway = Arc::into_inner(opened).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions { fold_people: 1, ..StoreOptions::default() };
    let people = Arc::new(People::open(dir.path(), options).unwrap());
    Arc::get_mut(&mut gateway.service).unwrap().people = Arc::clone(&people);
    people.enrol(["ada", "bob", "eve", "zoe"], Settings::DEFAULT).unwrap();
    let router = router(Arc::new(gateway)).unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let listener = runtime.block_on(tokio::net::TcpListener::bind(world.address)).unwrap();
    runtime.spawn(axum::serve(listener, service).into_future());

    let (begun, has_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let folded = Arc::clone(&people);
    let fold = std::thread::spawn(move || {
        let mut wait = |_, _| {
            let _ = begun.send(());
            let _ = may_go_on.recv();
        };
        folded.fold(&mut wait).map(drop)
    });
    has_begun.recv().unwrap();
    let admin = fs::read_to_string(world.directory.admin_token()).unwrap();
    let admin = format!("Bearer {}", admin.trim());
    let headers = [("authorization", &*admin), ("content-type", NDJSON)];
    let body = lines(&[json!({"sequence": 1, "account": "ada", "minor": true})]);
    let post = || send(&world.url(), "POST", "/admin/v1/people/feed", &headers, &body);
    let reply = post();
    assert_eq!((reply.status, header(&reply, "retry-after")), (503, Some("1")));
    assert!(String::from_utf8_lossy(&reply.body).contains("nothing was applied"));
    assert_eq!(people.feed_sequence().unwrap(), 0);
    drop(go_on);
    fold.join().unwrap().unwrap();
    assert_eq!(post().status, 200);
    assert_eq!(people.feed_sequence().unwrap(), 1);
}

#[test]
fn a_choice_that_waits_for_whoever_writes_holds_up_nobody_else() {
    let world = World::founded();
    let mut one = tokio::runtime::Builder::new_multi_thread();
    let runtime = one.worker_threads(1).enable_all().build().unwrap();
    world.people().enrol(["ada"], Settings::DEFAULT).unwrap();
    let gateway = runtime.block_on(start(&world.directory, ClockTrust::Watched, &[])).unwrap();
    let people = Arc::clone(&gateway.service.people);
    let service = router(gateway).unwrap().into_make_service_with_connect_info::<SocketAddr>();
    let listener = runtime.block_on(tokio::net::TcpListener::bind(world.address)).unwrap();
    runtime.spawn(axum::serve(listener, service).into_future());

    let admin = fs::read_to_string(world.directory.admin_token()).unwrap();
    let admin = format!("Bearer {}", admin.trim());
    let url = world.url();
    let writes = people.importer();
    let chosen = std::thread::spawn(move || {
        let headers = [("authorization", &*admin), ("content-type", "application/json")];
        let path = "/admin/v1/people/ada/settings";
        send(&url, "PUT", path, &headers, r#"{"preset":"closed"}"#).status
    });
    std::thread::sleep(Duration::from_millis(500));
    assert!(!chosen.is_finished(), "it waits for who writes");
    assert_eq!(send(&world.url(), "GET", "/healthz", &[], "").status, 200);
    drop(writes);
    assert_eq!(chosen.join().unwrap(), 200);
}

#[test]
fn what_is_not_a_feed_is_refused_over_http() {
    let world = World::founded();
    let serving = world.serve();
    let good = lines(&[json!({"sequence": 1, "account": "ada", "minor": false})]);
    assert_eq!(post(&serving, "application/json", &good).0, 415);
    let (status, body) = post(&serving, NDJSON, &format!("{good}{{\"sequence\":2,\"minor\":7}}\n"));
    assert_eq!(status, 422);
    let said = body["error"].as_str().unwrap();
    assert!(said.starts_with("line 2, character 23, minor: expected a boolean"), "{said}");
    assert!(said.contains("up to sequence 0 is applied"), "{said}");
    // Other bodies may have 256 KiB.
    let long = json!({"sequence": 1, "account": "eve", "profile": {"name": "x".repeat(1 << 19)}});
    assert_eq!(post(&serving, NDJSON, &lines(&[long])).0, 200);
    assert_eq!(post(&serving, NDJSON, "").1, json!({"applied": 0, "skipped": 0, "sequence": 1}));
    assert_eq!(post(&serving, NDJSON, &good).1["skipped"], 1);
    let falling = lines(&[
        json!({"sequence": 4, "account": "ada", "minor": true}),
        json!({"sequence": 3, "account": "ada", "minor": false}),
    ]);
    let (status, body) = post(&serving, NDJSON, &falling);
    assert_eq!(status, 422);
    assert!(body["error"].as_str().unwrap().starts_with("line 2, character "), "{body}");
}

#[test]
fn the_command_applies_a_file_or_a_pipe_with_and_without_a_server() {
    let world = World::founded();
    let file = world.path().join("feed.jsonl");
    let line = |n: u32| {
        format!("{{\"sequence\":{n},\"account\":\"p{n}\",\"profile\":{{\"name\":\"N\"}}}}\n")
    };
    fs::write(&file, (1..=2_500).map(line).collect::<String>()).unwrap();
    let upsert = || {
        let mut command = program(&["people", "upsert", "--json"]);
        command.arg("--dir").arg(world.path());
        command
    };
    let from_file = |expected: Value| {
        let output = finish(upsert().arg(&file));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        assert_eq!(said, "", "a progress bar where no terminal is");
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), expected);
    };
    let from_pipe = |text: &str| {
        let mut command = upsert();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    from_file(json!({"applied": 2_500, "skipped": 0, "sequence": 2_500}));
    let serving = world.serve();
    from_file(json!({"applied": 0, "skipped": 2_500, "sequence": 2_500}));
    let output = from_pipe(&line(2_501));
    assert!(output.status.success());
    let bad: String = (2_502..=4_000).map(line).chain(["{}\n".to_owned()]).collect();
    let output = from_pipe(&bad);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(said.contains("line 1500, character 1: expected a sequence"), "{said}");
    // The parts that the command sends are one feed.
    let falling: String = (1..=1_500).chain([1_400]).map(line).collect();
    let output = from_pipe(&falling);
    let falls = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(falls.contains("line 1501, character 2, sequence: expected more than 1500"), "{falls}");
    serving.stop();
    let people = open(&world.directory.people());
    assert!(people.feed_sequence().unwrap() >= 2_501);
    assert!(
        said.contains(&format!("up to sequence {} is applied", people.feed_sequence().unwrap()))
    );
    assert_eq!(people.counts().people, people.feed_sequence().unwrap());
}
