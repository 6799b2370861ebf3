//! Honest people with honest files, and one mistake each. Nobody is called a liar for it: the command says what it
//! could not check or what is out of date, first of all, and ends in 2. Where the same could hide a lie, the words
//! say so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign_domain::time::Timestamp;

use crate::slow_host::Host;
use crate::verify_command::clock_s;
use crate::verify_ledger::{DAY_S, VIEWER, told};
use crate::verify_receipt::{Answered, NONCE, URI, answered};
use crate::verify_world::{World, log_key};

/// A folder in which somebody keeps what they were given.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("log.vkey", format!("{}\n", log_key()));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// The exit code and what is said, the verdict first.
    fn run(&self, arguments: &str) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        let output = command.current_dir(self.0.path()).args(arguments.split(' ')).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }

    fn ends(&self, code: i32, arguments: &str, first: &str) -> String {
        let (found, said) = self.run(&format!("{arguments} --key @log.vkey"));
        assert_eq!(found, Some(code), "{arguments}: {said}");
        assert!(said.lines().next().unwrap().contains(first), "{arguments}: {said}");
        let accuses = said.contains("FAILED") || said.contains("does not hold:");
        assert!(code == 1 || !accuses, "{arguments}: {said}");
        said
    }

    fn not_checked(&self, arguments: &str, why: &str) {
        let said = self.ends(2, arguments, why);
        assert!(said.starts_with("Not checked: "), "{arguments}: {said}");
    }
}

/// An answer with its log, and the command that checks it.
fn with_answer() -> (Desk, Answered) {
    let (desk, answered) = (Desk::new(), answered());
    answered.publish(&desk.path("log"));
    desk.write("headers", answered.headers());
    desk.write("body", &answered.body);
    (desk, answered)
}

fn receipt(headers: &str, body: &str, uri: &str, nonce: &str) -> String {
    format!("receipt --log log --headers {headers} --body {body} --uri {uri} --nonce {nonce}")
}

#[test]
fn what_was_mixed_up_beside_an_answer_is_not_checked() {
    let (desk, answered) = with_answer();
    desk.ends(0, &receipt("headers", "body", URI, NONCE), "The promise was kept");
    desk.not_checked(&receipt("body", "headers", URI, NONCE), "--headers and --body are swapped");
    let pretty: serde_json::Value = serde_json::from_str(&answered.body).unwrap();
    desk.write("pretty", serde_json::to_string_pretty(&pretty).unwrap());
    for body in ["pretty", "log.vkey"] {
        let said = receipt("headers", body, URI, NONCE);
        desk.not_checked(&said, "the receipt is not for this body");
    }
    for (uri, nonce) in [("/me", NONCE), (URI, "4712"), (URI, "")] {
        let said = receipt("headers", "body", uri, nonce);
        let said = said.trim_end_matches(" --nonce ");
        desk.not_checked(said, "the receipt is not for this request: check --method");
    }
    desk.write("plain", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
    desk.not_checked(&receipt("plain", "body", URI, NONCE), "countersign-receipt is missing");
    let (before, after) = answered.headers().split_once("Receipt: ").map(split).unwrap();
    desk.write("damaged", format!("{before}Receipt: {}", after.replacen("Q", "R", 40)));
    desk.not_checked(&receipt("damaged", "body", URI, NONCE), "");
}

fn split((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

#[test]
fn a_ledger_of_last_week_is_out_of_date_and_one_of_somebody_else_is_not_checked() {
    let (desk, log) = (Desk::new(), told());
    let bundle = log.bundle(VIEWER);
    let closed = bundle.closes.last().unwrap().time;
    desk.write("me.ledger", bundle.to_bytes());
    let first = format!("Out of date: proves nothing after {closed}: found a newest close");
    desk.ends(2, "ledger me.ledger", &first);
    let at = |seconds: u64| format!("ledger me.ledger --at {}", Timestamp::from_seconds(seconds));
    let now = log.world.clock_s;
    desk.ends(2, &at(now + 7 * DAY_S), &first);
    desk.ends(0, &at(now), "The ledger holds. Complete since period 0");
    desk.not_checked(&at(now - 30 * DAY_S), "by your clock or --at: one of the two is wrong");
    desk.not_checked(
        &format!("{} --account someone-else", at(now)),
        "and yours is the account \"someone-else\"",
    );
    let since = format!("{} --account-since 2001-01-01", at(now));
    let (code, said) = desk.run(&format!("{since} --key @log.vkey"));
    assert_ne!(code, Some(1), "{said}");
    let (_, json) = desk.run("ledger me.ledger --json --key @log.vkey");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["outcome"], "out_of_date");
    assert_eq!(json["rules"]["ledger_current"]["failed"], 1, "programs still see it fail");
}

#[test]
fn a_copy_that_lacks_files_is_not_checked_and_one_with_other_entries_fails() {
    let desk = Desk::new();
    let mut world = World::governed();
    for _ in 0..300 {
        world.disclose(|_| {});
    }
    let copy = |change: &dyn Fn(&Path)| {
        let _ = fs::remove_dir_all(desk.path("log"));
        world.publish(&desk.path("log"));
        change(&desk.path("log"));
    };
    copy(&|_| {});
    desk.ends(0, "log log", "The log holds.");
    copy(&|log| fs::remove_file(log.join("tile/entries/000")).unwrap());
    desk.not_checked(
        "log log",
        "tile/entries/000: no such file; this copy of the log is not whole",
    );
    copy(&|log| fs::remove_dir_all(log.join("tile/entries/001.p")).unwrap());
    desk.not_checked("log log", "no such file");
    copy(&|log| fs::remove_dir_all(log.join("tile/0")).unwrap());
    desk.not_checked("log log", "no such file");
    copy(&|log| fs::remove_dir_all(log.join("documents")).unwrap());
    desk.not_checked("log log", "documents/");
    copy(&|log| {
        let file = log.join("tile/entries/000");
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 10]).unwrap();
    });
    desk.not_checked("log log", "tile/entries/000: ");
    copy(&|log| {
        let file = log.join("tile/entries/000");
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, &bytes).unwrap();
    });
    desk.ends(1, "log log", "The log does not hold.");
}

#[test]
fn a_key_is_given_as_text_or_as_a_file_and_a_mix_of_both_gets_a_hint() {
    let (desk, _) = with_answer();
    let said = |key: &str| {
        let (code, said) = desk.run(&format!("log log --key {key}"));
        assert_eq!(code, Some(2), "{said}");
        said
    };
    assert!(said("log.vkey").contains("this is a file: give its content by --key @log.vkey"));
    assert!(said("nonsense").contains("@FILE"), "{}", said("nonsense"));
    assert!(said("@nowhere").contains("nowhere: "), "{}", said("@nowhere"));
    assert_eq!(desk.run(&format!("log log --key {}", log_key())).0, Some(0));
    assert_eq!(desk.run("log log --key @log.vkey").0, Some(0));
}

#[test]
fn an_address_without_a_log_says_where_it_may_be_and_asks_nowhere_else() {
    let (desk, _) = with_answer();
    let host = Host::of(desk.0.path());
    let url = host.url();
    desk.not_checked(&format!("log {url}"), &format!("did you mean {url}/log?"));
    assert_eq!(host.asked(), ["checkpoint"]);
    desk.ends(0, &format!("log {url}/log"), "The log holds.");
    desk.not_checked(&format!("log {url}/elsewhere/log"), "is this the address of a log?");
}

#[test]
fn a_receipt_waits_until_its_entry_is_published() {
    let (desk, mut answered) = with_answer();
    let now_s = clock_s();
    let entries = answered.world.entries.clone();
    desk.write("headers", answered.headers_of(now_s));
    answered.world.entries.truncate(8);
    answered.publish(&desk.path("log"));
    let asked = receipt("headers", "body", URI, NONCE);
    desk.ends(3, &asked, "Ask again then, or have --wait ask.");
    desk.ends(3, &format!("{asked} --wait 1"), "Not yet: entry ");
    answered.world.entries = entries;
    let kept = std::thread::scope(|scope| {
        let waits = scope.spawn(|| desk.run(&format!("{asked} --wait --key @log.vkey")));
        std::thread::sleep(Duration::from_secs(2));
        answered.publish(&desk.path("log"));
        waits.join().unwrap()
    });
    // Its time is another one than its entry's in this test: what matters is that it was found.
    assert!(kept.1.contains("ok      promise"), "{}", kept.1);
}
