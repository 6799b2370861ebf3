//! The page that checks a ledger, in a real browser: from the server, and from disk without any.

use std::path::Path;
use std::process::Command;

use countersign::clock;
use countersign::governance::Submission;
use countersign_domain::act::{Act, Published};
use countersign_domain::digest::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::interop_page::{log_key, vectors};
use crate::register_page::{SCREENS, assert_readable, screenshot};
use crate::support::{eventually, finish, program, send, verifier};
use crate::village;
use crate::webdriver::Browser;

const VERDICT: &str = "return document.getElementById('verdict').innerText";
const FAILED: &str =
    "return [...document.querySelectorAll('#failures code')].map((rule) => rule.innerText)";
const SHOWN: &str = "return document.querySelectorAll('#releases tr').length";

/// The page on disk, in a folder of its own.
fn saved(url: &str) -> (tempfile::TempDir, String) {
    let reply = send(url, "GET", "/ledger", &[], "");
    assert_eq!(reply.status, 200);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger.html");
    std::fs::write(&file, &reply.body).unwrap();
    let address = format!("file://{}", file.display());
    (folder, address)
}

/// Chooses a file, types the key and when the file was got, and presses Enter.
fn check(browser: &Browser, file: &Path, time: &str) {
    browser.type_into("#file", file.canonicalize().unwrap().to_str().unwrap());
    browser.run(&format!("document.getElementById('at').value = '{time}'"));
    browser.type_into("#key", &format!("{}\u{e007}", log_key()));
    eventually("there is a verdict", || !browser.run(VERDICT).as_str().unwrap().is_empty());
}

#[test]
fn the_log_names_the_page_and_whoever_serves_another_is_told() {
    let world = village::founded();
    let (_folder, page) = {
        let _serving = world.serve();
        saved(&world.url())
    };
    let page = std::fs::read(page.strip_prefix("file://").unwrap()).unwrap();
    let digest = Digest(Sha256::digest(&page).into());
    let site = world.directory.site();
    let arguments = ["log", site.to_str().unwrap(), "--key", &world.key.to_string()];
    let said = finish(Command::new(verifier()).args(arguments));
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains(&format!("page     {digest}, with which ledgers are checked")), "{said}");
    world.assert_checks();

    let mut rules = {
        let log = world.log();
        let rules = log.register().rules_document().unwrap().clone();
        log.shutdown();
        rules
    };
    let other = Digest([7; 32]);
    rules.ledger_page = Some(other);
    let act = |digest| Act::Rules(Published { digest });
    let submission = Submission::publishing(&rules, act, clock::now()).unwrap();
    world.act(submission, &["reviewer:ines", "reviewer:omar"]);
    let check = finish(program(&["check"]).arg(world.path()));
    let said = String::from_utf8(check.stdout).unwrap();
    let wrong = format!(
        "WRONG ledger page: the ledger's page is {digest}, and the rules in the log name {other}"
    );
    assert!(!check.status.success() && said.contains(&wrong), "{said}");
}

#[test]
fn browser_ledger_page_checks_from_the_server_and_from_disk() {
    let world = village::founded();
    let (folder, on_disk) = {
        let _serving = world.serve();
        let browser = Browser::open();
        browser.go(&world.url());
        browser.follow("check your ledger");
        check(&browser, &vectors().join("00.ledger"), "2018-06-04T23:59:59");
        assert_eq!(browser.run(VERDICT), "This ledger holds, as far as this page checks.");
        assert_eq!(browser.console(), Vec::<String>::new());
        saved(&world.url())
    };
    let browser = Browser::open();
    browser.go(&on_disk);
    check(&browser, &vectors().join("00.ledger"), "2018-06-04T23:59:59");
    assert_eq!(browser.run(VERDICT), "This ledger holds, as far as this page checks.");
    assert_eq!((browser.run(FAILED), browser.run(SHOWN)), (json!([]), json!(3)));
    let text = browser.text();
    for shown in ["aurora", "experience", "as yourself", "provisional", "ledger_directory"] {
        assert!(text.contains(shown), "the page does not show {shown}: {text}");
    }
    for (name, time, verdict, failed) in [
        ("04", "2018-06-04T23:59:59", "does not hold", "ledger_complete"),
        ("22", "2018-06-04T00:00:00", "should not have happened", "ledger_grant"),
    ] {
        browser.go(&on_disk);
        check(&browser, &vectors().join(format!("{name}.ledger")), time);
        assert!(browser.run(VERDICT).as_str().unwrap().contains(verdict), "{}", browser.text());
        assert_eq!(browser.run(FAILED), json!([failed]));
    }
    // One bit of the last hash, which proves that the entries are in the log.
    let mut bytes = std::fs::read(vectors().join("00.ledger")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = folder.path().join("changed.ledger");
    std::fs::write(&changed, bytes).unwrap();
    browser.go(&on_disk);
    check(&browser, &changed, "2018-06-04T23:59:59");
    assert_eq!(browser.run(FAILED), json!(["ledger_entries"]));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn browser_ledger_page_fits_every_screen_and_can_send_nothing() {
    let world = village::founded();
    let _serving = world.serve();
    let browser = Browser::open();
    browser.go(&format!("{}/ledger", world.url()));
    check(&browser, &vectors().join("21.ledger"), "2018-06-04T00:00:00");
    for (name, width, scheme) in SCREENS {
        browser.show(width, scheme);
        browser.screenshot(&screenshot(&format!("ledger-{name}")));
        let overflow = "return document.documentElement.scrollWidth - window.innerWidth";
        let overflow = browser.run(overflow).as_i64().unwrap();
        assert!(overflow <= 0, "{name}: the page is {overflow} pixels wider than the screen");
        assert_readable(&browser, name);
    }
    assert_eq!(browser.console(), Vec::<String>::new());
    let sent = "return fetch('/healthz').then(() => 'sent', () => 'refused')";
    assert_eq!(browser.run(sent), Value::from("refused"));

    browser.without_javascript();
    browser.go(&format!("{}/ledger", world.url()));
    let text = browser.text();
    assert!(text.contains("countersign-verify ledger FILE --key LOG-KEY"), "{text}");
}
