//! The page of the first day, followed as it is written, on several dates: its blocks of shell in their order, with the
//! programs themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign_domain::time::Timestamp;
use countersign_policy::instant;
use countersign_service::clock;
use serde_json::Value;

use crate::support::{finish_within, free_address, program, verifier};

/// How long a walk may take on a machine that does much besides.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is asked once the page is done, with its server running.
const LATER: &str = "
countersign --json status > status.json
countersign --json agreement check agreement.toml > check.json
countersign --json partner register partner.toml --sign $ONE --sign $TWO > again.json
countersign --json agreement conclude agreement.toml \\
  --sign partner:aurora=aurora.key --sign $ONE --sign $TWO > concluded.json
countersign --json status > after.json
";

/// The library under which programs see another date.
fn faketime() -> PathBuf {
    let named = std::env::var_os("COUNTERSIGN_FAKETIME").map(PathBuf::from);
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    named.or_else(|| libraries.find(|library| library.exists())).unwrap_or_else(|| {
        panic!("this test needs libfaketime: `cargo xtask test` installs it, or set COUNTERSIGN_FAKETIME to libfaketime.so.1")
    })
}

/// The blocks of shell of the page, up to its last one that makes the first answer.
fn blocks() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/first-day.md");
    let page = fs::read_to_string(page).unwrap();
    let (walk, _) = page.split_once("\n## Governance").unwrap();
    let mut script = String::new();
    let mut is_code = false;
    for line in walk.lines() {
        match line {
            "```sh" => is_code = true,
            "```" => is_code = false,
            line if is_code => script.push_str(&format!("{line}\n")),
            _ => {}
        }
    }
    assert!(script.contains("countersign-verify receipt"), "{script}");
    script
}

/// Follows the page as if it were this time, in seconds from now; what the commands said that asked later.
fn walk(shifted_s: i64) -> [Value; 5] {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let script = format!(
        "set -eu\ntrap 'kill $(jobs -p)' EXIT\n{}\n{LATER}",
        blocks()
            .replace("countersign init ", &format!("countersign init --listen {address} "))
            .replace("127.0.0.1:8080", &address.to_string())
    );
    let programs = verifier().parent().unwrap().to_owned();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script).current_dir(folder.path()).env("PATH", path);
    shell.env_remove("COUNTERSIGN_DIR").env_remove("COUNTERSIGN_LOG");
    if shifted_s != 0 {
        // Waiting with a deadline on the clock that nobody sets goes past the library, and would last for years.
        shell.env("LD_PRELOAD", faketime()).env("FAKETIME", format!("{shifted_s:+}"));
        shell.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
    }
    let output = finish_within(&mut shell, PATIENCE);
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, errors) = (said(&output.stdout), said(&output.stderr));
    assert!(output.status.success(), "{shifted_s}: {out}\n{errors}");
    assert!(!out.contains("ODD") && !errors.contains("ODD"), "{out}\n{errors}");
    ["status", "check", "again", "concluded", "after"].map(|name| {
        let text = fs::read_to_string(folder.path().join(format!("{name}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    })
}

fn assert_walked(shifted_s: i64) {
    let [status, check, again, concluded, after] = walk(shifted_s);
    assert_eq!(status["running"], true, "{status}");
    assert_eq!(status["not_ready"], Value::Null, "{status}");
    assert_eq!(status["attention"], serde_json::json!([]), "{status}");
    assert_eq!(status["register"]["agreements"], 1, "{status}");
    assert_eq!(status["people"]["people"], 1000, "{status}");
    assert_eq!(check["odd"], serde_json::json!([]), "{check}");
    for same in [&again, &concluded] {
        assert_eq!(same["is_new"], false, "{same}");
    }
    // Acts alone are compared: what new people begin with may still be on its way into the log.
    assert!(again["index"].as_u64().unwrap() < concluded["index"].as_u64().unwrap());
    assert_eq!(after["log"]["last_close"], Value::Null, "{after}");
}

/// How far a date is from now, in seconds.
fn until(date: &str) -> i64 {
    let (date, now): (Timestamp, _) = (instant::parse(date).unwrap(), clock::now());
    date.seconds() as i64 - now.seconds() as i64
}

#[test]
fn the_walkthrough_of_the_first_day_works_today() {
    assert_walked(0);
}

#[test]
fn interop_faketime_walkthrough_works_at_the_end_of_february() {
    assert_walked(until("2028-02-29T23:59:30Z"));
}

#[test]
fn interop_faketime_walkthrough_works_across_the_end_of_a_year() {
    assert_walked(until("2027-12-31T23:59:55Z"));
}

#[test]
fn interop_faketime_walkthrough_works_years_from_now() {
    assert_walked(until("2031-07-01T12:00:00Z"));
}

#[test]
fn dates_of_an_agreement_that_is_over_or_soon_will_be_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agreement.toml");
    let mut new = program(&["agreement", "new", "--out"]);
    assert!(finish_within(new.arg(&file), PATIENCE).status.success());
    let draft = fs::read_to_string(&file).unwrap();
    let line = |key: &str| draft.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let day = |days: i64| {
        let seconds = clock::now().seconds() as i64 + days * 86_400;
        Timestamp::from_seconds(seconds as u64).to_string()
    };
    let check = |begins: i64, ends: i64, step: Option<i64>| {
        let mut text = draft.replace(&line("not_before"), &format!("not_before = {}", day(begins)));
        text = text.replace(&line("not_after"), &format!("not_after = {}", day(ends)));
        if let Some(step) = step {
            text.push_str(&format!("\n[[wind_down]]\nat = {}\nends = \"friends\"\n", day(step)));
        }
        fs::write(&file, text).unwrap();
        let output = finish_within(program(&["agreement", "check"]).arg(&file), PATIENCE);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        said.lines().filter(|line| line.starts_with("ODD")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(check(-1, 364, None), [""; 0]);
    for (dates, expected) in [
        ((-400, -1, None), "ODD not_after: it is over since "),
        ((-400, 14, None), "ODD not_after: it ends at "),
        ((-400, 300, Some(-3)), "ODD wind_down: the step at "),
    ] {
        let (begins, ends, step) = dates;
        let odd = check(begins, ends, step);
        assert!(odd.len() == 1 && odd[0].starts_with(expected), "{dates:?}: {odd:?}");
    }
}
