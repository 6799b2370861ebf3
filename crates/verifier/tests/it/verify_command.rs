//! The binary as people and scripts meet it: exit codes, output, help.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_domain::act::Act;
use countersign_domain::digest::Digest;
use serde_json::Value;

use crate::verify_receipt::{NONCE, URI, answered, answered_operation};
use crate::verify_world::{World, keys, log_key, name, public_key};

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
    command.args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn world() -> World {
    let mut world = World::governed();
    for _ in 0..300 {
        world.disclose(|_| {});
    }
    world
}

fn published(world: &World) -> (tempfile::TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let place = folder.path().to_str().unwrap().to_owned();
    (folder, place, log_key().to_string())
}

#[test]
fn a_log_that_holds_ends_in_zero() {
    let (_folder, place, key) = published(&world());
    let output = run(&["log", &place, "--key", &key]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let report = text(&output.stdout);
    assert!(report.starts_with("The log holds.\n\n"), "{report}");
    assert!(
        report.contains("307 entries") && report.contains("7 acts, 300 disclosures, 1 partners")
    );
    assert!(!report.contains('\u{1b}'), "colour without a terminal");
    let output = run(&["log", &place, "--key", &key, "--json"]);
    let document = json(&output);
    assert_eq!(code(&output), 0);
    assert_eq!(document["holds"], true);
    assert_eq!(document["size"], 307);
    assert_eq!(document["rules"]["fields_agreed"]["checked"], 600);
}

#[test]
fn a_lie_ends_in_one_and_names_entry_and_rule() {
    let mut world = world();
    world.disclose(|d| d.build = name("aurora-home@42"));
    let (_folder, place, key) = published(&world);
    let output = run(&["log", &place, "--key", &key]);
    assert_eq!(code(&output), 1);
    let report = text(&output.stdout);
    assert!(
        report.contains("entry 307: build_known: found build aurora-home@42; expected "),
        "{report}"
    );
    let document = json(&run(&["log", &place, "--key", &key, "--json"]));
    assert_eq!(document["failures"][0]["entry"], 307);
    assert_eq!(document["failures"][0]["rule"], "build_known");
}

#[test]
fn a_changed_tile_ends_in_one_and_is_named() {
    let (folder, place, key) = published(&world());
    let tile = folder.path().join("tile/0/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[777] ^= 4;
    fs::write(&tile, bytes).unwrap();
    let output = run(&["log", &place, "--key", &key]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).contains("\ntile/0/000: hash_tile: found "));
}

#[test]
fn what_cannot_be_said_ends_in_two() {
    let (folder, place, key) = published(&world());
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().to_str().unwrap();
    fs::create_dir(folder.path().join("outer")).unwrap();
    for arguments in [
        &["log", &place][..],
        &["log", &place, "--key", "log.example+00000000+AAAA"],
        &["log", empty, "--key", &key],
        &["log", "/nowhere/at/all", "--key", &key],
        &["log", &place, "--key", &key, "--since", "/nowhere"],
        &["log", "http://127.0.0.1:9/?x", "--key", &key],
        &["look"],
    ] {
        let output = run(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = run(&["log", empty, "--key", &key, "--json"]);
    assert_eq!(json(&output)["error"], "checkpoint is missing");
}

#[test]
fn a_folder_above_the_log_is_answered_with_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    world().publish(&folder.path().join("log"));
    let place = folder.path().to_str().unwrap();
    let output = run(&["log", place, "--key", &log_key().to_string()]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains(&format!("did you mean {place}/log?")));
}

#[test]
fn help_teaches_with_examples() {
    for command in ["log", "monitor", "receipt"] {
        let output = run(&[command, "--help"]);
        assert_eq!(code(&output), 0);
        assert!(text(&output.stdout).contains(&format!("countersign-verify {command} ")));
        assert!(text(&output.stdout).contains("Example"));
    }
}

#[test]
fn a_log_that_forgot_what_was_seen_ends_in_one() {
    let mut world = world();
    let kept = tempfile::NamedTempFile::new().unwrap();
    fs::write(kept.path(), world.checkpoint()).unwrap();
    world.entries.pop();
    world.disclose(|d| d.records = Digest([1; 32]));
    let (_folder, place, key) = published(&world);
    let since = kept.path().to_str().unwrap();
    let output = run(&["log", &place, "--key", &key, "--since", since]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).contains("log: consistency: found the first 307 entries under "));
    let output = run(&["log", &place, "--key", &key, "--max-age-s", "60"]);
    assert_eq!(code(&output), 2);
    let first = "Out of date: proves nothing after 2018-06-04T00:00:00Z: found the newest entry is of 2018-06-04T00:00:00Z";
    assert!(text(&output.stdout).starts_with(first), "{}", text(&output.stdout));
}

#[test]
fn a_log_is_gone_on_with_from_a_file_that_is_kept() {
    let mut world = world();
    let (folder, place, key) = published(&world);
    let state = folder.path().join("log.state");
    let run = || run(&["log", &place, "--key", &key, "--json", "--state", state.to_str().unwrap()]);
    assert_eq!(code(&run()), 0);
    let first = fs::read(&state).unwrap();
    // What was read is not read again.
    fs::remove_file(folder.path().join("tile/entries/000")).unwrap();
    world.disclose(|d| d.build = name("aurora-home@42"));
    fs::rename(folder.path().join("tile/entries/001.p/51"), folder.path().join("old")).unwrap();
    let (newer, ..) = published(&world);
    for file in ["checkpoint", "tile/0/001.p/52", "tile/entries/001.p/52"] {
        fs::copy(newer.path().join(file), folder.path().join(file)).unwrap();
    }
    let output = run();
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    assert_eq!(json(&output)["disclosures"], 301);
    assert_eq!(json(&output)["failures"][0]["entry"], 307);
    assert_ne!(fs::read(&state).unwrap(), first);
    fs::write(&state, "torn").unwrap();
    let output = run();
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("is not a state of countersign-verify"));
    assert_eq!(fs::read(&state).unwrap(), b"torn");
}

/// What time it is for the binary.
#[expect(clippy::disallowed_methods, reason = "the binary under test reads the clock")]
pub(crate) fn clock_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn an_empty_log_does_not_simply_hold() {
    let (_folder, place, key) = published(&World::empty());
    let output = run(&["log", &place, "--key", &key]);
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    let report = text(&output.stdout);
    assert!(report.contains("\nlog: notice: the log is empty"), "{report}");
    assert!(report.starts_with("The log holds, but there is nothing in it.\n\n"), "{report}");
    let document = json(&run(&["log", &place, "--key", &key, "--json"]));
    assert_eq!(document["notices"][0]["entry"], Value::Null);
}

#[test]
fn keys_that_changed_are_reported() {
    let mut world = world();
    let mut keys = keys();
    keys.receipts = public_key("receipts/2");
    world.act(Act::Keys(keys), &["root"]);
    let (_folder, place, key) = published(&world);
    let output = run(&["log", &place, "--key", &key]);
    assert_eq!(code(&output), 0);
    let report = text(&output.stdout);
    assert!(report.contains("\nentry 307: notice: keys: receipts: key "), "{report}");
}

#[test]
fn what_a_log_says_does_not_steer_the_terminal() {
    let hostile = "\u{1b}[2J\u{9b}31m\r\nThe log holds.\u{202e}";
    let mut world = world();
    world.disclose(|d| {
        d.viewer = vec![hostile.to_owned()];
    });
    let (_folder, place, key) = published(&world);
    let output = run(&["log", &place, "--key", &key]);
    assert_eq!(code(&output), 1);
    let report = text(&output.stdout);
    assert!(report.contains(r"\u{1b}[2J\u{9b}31m\r\nThe log holds.\u{202e}"), "{report}");
    let steers = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!report.contains(steers), "{report:?}");
    assert!(!report.contains("\nThe log holds."), "{report}");
    let document = json(&run(&["log", &place, "--key", &key, "--json"]));
    let failures = document["failures"].as_array().unwrap();
    let found = failures.iter().find(|failure| failure["rule"] == "fields_complete").unwrap();
    assert!(found["found"].as_str().unwrap().contains(hostile), "JSON has its own escapes");
}

/// Answers every request with this, and counts them.
fn answer_all(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            counted.fetch_add(1, Ordering::SeqCst);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, requests)
}

#[test]
fn a_log_cannot_send_the_verifier_elsewhere() {
    let (inside, asked) =
        answer_all("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned());
    let (log, _) = answer_all(format!(
        "HTTP/1.1 302 Found\r\nlocation: {inside}/secret\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ));
    let output = run(&["log", &log, "--key", &log_key().to_string()]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("redirects are not followed"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// Serves the files of a folder until the test ends.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = request.split(' ').nth(1).unwrap().trim_start_matches('/');
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            )
            .unwrap();
            stream.write_all(&body).unwrap();
        }
    });
    url
}

#[test]
fn a_log_behind_a_url_is_checked_like_one_in_a_folder() {
    let (folder, _, key) = published(&world());
    let url = serve(folder.path().to_owned());
    let output = run(&["log", &url, "--key", &key]);
    assert_eq!(code(&output), 0, "{}{}", text(&output.stdout), text(&output.stderr));
    fs::remove_file(folder.path().join("tile/0/001.p/51")).unwrap();
    let output = run(&["log", &format!("{url}/"), "--key", &key]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stdout).contains("\ntile/0/001.p/51: hash_tile: found no such file"));
}

/// The exit code and the report for an answer that is written to files.
fn receipt(folder: &Path, headers: &str, body: &str, more: &[&str]) -> Output {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (headers, body) = (file("headers", headers), file("body", body));
    let key = log_key().to_string();
    let log = folder.to_str().unwrap();
    let given = ["receipt", "--log", log, "--key", &key, "--headers", &headers, "--body", &body];
    run(&[&given[..], more].concat())
}

#[test]
fn a_receipt_ends_in_zero_one_two_or_three() {
    let mut answered = answered();
    let folder = tempfile::tempdir().unwrap();
    answered.publish(folder.path());
    let of = |headers: &str, body: &str, more: &[&str]| receipt(folder.path(), headers, body, more);
    let (headers, body) = (answered.headers(), answered.body.clone());
    let request = ["--uri", URI, "--nonce", NONCE];
    let kept = of(&headers, &body, &request);
    assert_eq!(code(&kept), 0, "{}{}", text(&kept.stdout), text(&kept.stderr));
    assert!(
        text(&kept.stdout).starts_with("The promise was kept: the answer is what entry 8 says.\n")
    );
    assert_eq!(code(&of(&headers, &body, &["--uri", URI])), 2, "without its nonce");
    assert_eq!(code(&of(&headers, &body.replace("Vera", "Eva!"), &request)), 2);
    assert_eq!(code(&of(&headers, &body, &["--uri", "https://host/v3.0/me"])), 2);
    let document = json(&of(&headers, &body, &[&request[..], &["--json"]].concat()));
    assert_eq!((&document["holds"], &document["promise"]), (&true.into(), &"kept".into()));
    assert_eq!(document["receipt"]["index"], 8);

    answered.world.entries.truncate(8);
    answered.publish(folder.path());
    let overdue = of(&headers, &body, &request);
    assert_eq!(code(&overdue), 2);
    assert!(text(&overdue.stdout).starts_with("Out of date: proves nothing after "));
    let not_due = of(&answered.headers_of(clock_s()), &body, &request);
    assert_eq!(code(&not_due), 3, "{}", text(&not_due.stdout));
    assert!(
        text(&not_due.stdout)
            .starts_with("Not yet: entry 8 is not published, and is promised for ")
    );
    assert!(!text(&not_due.stdout).contains("  promise  "), "{}", text(&not_due.stdout));
    assert!(text(&overdue.stdout).contains("OPEN    promise  "));
    answered.world.clock_s += 1_000;
    answered.world.disclose(|_| {});
    answered.publish(folder.path());
    let broken = of(&answered.headers(), &body, &request);
    assert_eq!(code(&broken), 1);
    assert!(text(&broken.stdout).starts_with("The promise is broken.\n"));
}

#[test]
fn one_operation_of_a_batch_is_checked_like_an_answer_that_came_alone() {
    let answered = answered_operation(1);
    let folder = tempfile::tempdir().unwrap();
    answered.publish(folder.path());
    let headers = answered.headers();
    let (_, last) = headers.rsplit_once("HTTP/1.1").unwrap();
    let headers: Vec<_> = last
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
        .collect();
    let batch = serde_json::json!([
        null,
        { "code": 200, "headers": headers, "body": answered.body },
        { "code": 400, "headers": [], "body": "{\"error\":{}}" },
        { "code": 200, "headers": headers, "body": answered.body },
    ]);
    let file = folder.path().join("batch.json");
    fs::write(&file, batch.to_string()).unwrap();
    let (log, key) = (folder.path().to_str().unwrap(), log_key().to_string());
    let of = |operation: &str, uri: &str| {
        let batch = ["--batch", file.to_str().unwrap(), "--operation", operation];
        let asked = ["receipt", "--log", log, "--key", &key, "--uri", uri, "--nonce", NONCE];
        run(&[&asked[..], &batch].concat())
    };
    let kept = of("1", URI);
    assert_eq!(code(&kept), 0, "{}{}", text(&kept.stdout), text(&kept.stderr));
    assert_eq!(code(&of("1", "/")), 2, "the request that carried the batch is another");
    assert_eq!(code(&of("3", URI)), 2, "one answer stands for two operations");
    for (operation, said) in [("0", "is null"), ("2", "is an error"), ("4", "no operation 4")] {
        let output = of(operation, URI);
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    let file = file.to_str().unwrap();
    for wrong in [&["--batch", file][..], &["--operation", "1"], &["--headers", file]] {
        let asked = ["receipt", "--log", log, "--key", &key, "--uri", URI];
        assert_eq!(code(&run(&[&asked[..], wrong].concat())), 2, "{wrong:?}");
    }
}

#[test]
fn an_error_is_not_held_against_the_log() {
    let answered = answered();
    let folder = tempfile::tempdir().unwrap();
    answered.publish(folder.path());
    let of = |headers: &str, more: &[&str]| receipt(folder.path(), headers, "{}", more);
    let error = "HTTP/1.1 302 Found\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n";
    let output = of(error, &["--uri", URI]);
    assert_eq!(code(&output), 2);
    assert_eq!(
        text(&output.stderr),
        "Not checked: this answer is an error (HTTP 400); errors carry no receipt, so there is nothing to check\n"
    );
    assert_eq!(text(&output.stdout), "");
    let document = json(&of("HTTP/2 403 \r\n\r\n", &["--uri", URI, "--json"]));
    assert_eq!(document["holds"], Value::Null);
    assert!(document["error"].as_str().unwrap().contains("(HTTP 403)"));
}

#[test]
fn an_answer_without_a_receipt_is_not_checked() {
    let answered = answered();
    let folder = tempfile::tempdir().unwrap();
    answered.publish(folder.path());
    let of = |headers: &str| receipt(folder.path(), headers, &answered.body, &["--uri", URI]);
    let output = of("HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(code(&output), 2);
    let report = text(&output.stdout);
    assert!(report.contains("receipt_form: found the header countersign-receipt is missing"));
    let first = "Not checked: the header countersign-receipt is missing: give ";
    assert!(report.starts_with(first), "{report}");
    let output = of("HTTP/1.1 200 OK\r\ncountersign-receipt: x\r\n\r\n");
    assert_eq!(code(&output), 2);
    assert!(text(&output.stdout).starts_with("Not checked: countersign-receipt has no signature"));
}
