//! The page that checks a ledger, in a real browser: from the server, and from disk without any.

use std::path::Path;
use std::process::Command;

use countersign_domain::act::{Act, Published};
use countersign_domain::digest::Digest;
use countersign_people::keys::SecretKey;
use countersign_protocol::ledger_bundle::Bundle;
use countersign_service::clock;
use countersign_service::governance::Submission;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::audit::ledger::{close, ledger};
use crate::interop::page::{log_key, vectors};
use crate::pages::register::{SCREENS, assert_readable, screenshot};
use crate::privacy::consents::choose;
use crate::support::village;
use crate::support::webdriver::Browser;
use crate::support::{eventually, finish, program, send, verifier};

const VERDICT: &str = "return document.getElementById('verdict').innerText";
const FAILED: &str =
    "return [...document.querySelectorAll('#failures code')].map((rule) => rule.innerText)";
/// Whose the bundle of the vectors is that most tests check.
const VIEWER: &str = "person-0";
/// Whose some others are.
const FRIEND: &str = "person-1";
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

/// Chooses a file, types account and key and when the file was got, and presses Enter.
fn check(browser: &Browser, file: &Path, account: &str, time: &str) {
    fill(browser, file, &log_key().to_string(), account);
    browser.run(&format!("document.getElementById('at').value = '{time}'"));
    submit(browser);
}

fn fill(browser: &Browser, file: &Path, key: &str, account: &str) {
    browser.type_into("#file", file.canonicalize().unwrap().to_str().unwrap());
    browser.type_into("#account", account);
    browser.type_into("#key", key);
}

fn submit(browser: &Browser) {
    browser.type_into("#key", "\u{e007}");
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
    let check = finish(program(&["check"]).arg("--dir").arg(world.path()));
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
        check(&browser, &vectors().join("00.ledger"), VIEWER, "2018-06-04T23:59:59");
        assert_eq!(browser.run(VERDICT), "This ledger holds.");
        assert_eq!(browser.console(), Vec::<String>::new());
        saved(&world.url())
    };
    let browser = Browser::open();
    browser.go(&on_disk);
    check(&browser, &vectors().join("00.ledger"), VIEWER, "2018-06-04T23:59:59");
    assert_eq!(browser.run(VERDICT), "This ledger holds.");
    assert_eq!((browser.run(FAILED), browser.run(SHOWN)), (json!([]), json!(3)));
    let text = browser.text();
    for shown in [
        "aurora",
        "experience",
        "as yourself",
        "provisional",
        "\"person-0\" the one that you typed",
    ] {
        assert!(text.contains(shown), "the page does not show {shown}: {text}");
    }
    for (name, time, verdict, failed) in [
        ("04", "2018-06-04T23:59:59", "does not hold", "ledger_complete"),
        ("09", "2018-06-04T23:59:59", "does not hold", "ledger_secrets"),
        ("22", "2018-06-04T00:00:00", "should not have happened", "ledger_grant"),
    ] {
        browser.go(&on_disk);
        check(&browser, &vectors().join(format!("{name}.ledger")), VIEWER, time);
        assert!(browser.run(VERDICT).as_str().unwrap().contains(verdict), "{}", browser.text());
        let found = browser.run(FAILED);
        let found = found.as_array().unwrap();
        assert!(!found.is_empty() && found.iter().all(|rule| rule == failed), "{found:?}");
    }
    // A week later nothing of it is wrong, and nothing is red.
    browser.go(&on_disk);
    check(&browser, &vectors().join("00.ledger"), VIEWER, "2018-06-12T00:00:00");
    let says = "Out of date: proves nothing after 2018-06-04T";
    assert!(browser.run(VERDICT).as_str().unwrap().starts_with(says), "{}", browser.text());
    let red = "return document.querySelectorAll('#result .bad').length";
    assert_eq!(browser.run(red), 0, "{}", browser.text());
    // One bit of the last hash, which proves that the entries are in the log.
    let mut bytes = std::fs::read(vectors().join("00.ledger")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let changed = folder.path().join("changed.ledger");
    std::fs::write(&changed, bytes).unwrap();
    browser.go(&on_disk);
    check(&browser, &changed, VIEWER, "2018-06-04T23:59:59");
    assert_eq!(browser.run(FAILED), json!(["ledger_entries"]));
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn browser_ledger_page_fits_every_screen_and_can_send_nothing() {
    let world = village::founded();
    let _serving = world.serve();
    let browser = Browser::open();
    browser.go(&format!("{}/ledger", world.url()));
    check(&browser, &vectors().join("21.ledger"), FRIEND, "2018-06-04T00:00:00");
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

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// The elements that the key Tab leads to, each once, up to the button.
fn tab_stops(browser: &Browser) -> Vec<String> {
    let focused = "const { id, tagName } = document.activeElement; return id || tagName";
    let mut stops: Vec<String> = Vec::new();
    while stops.last().is_none_or(|last| last != "BUTTON") {
        assert!(stops.len() < 30, "no button: {stops:?}");
        browser.press(TAB);
        let stop = browser.run(focused).as_str().unwrap().to_owned();
        if stops.last() != Some(&stop) {
            stops.push(stop);
        }
    }
    stops
}

#[test]
fn browser_ledger_page_is_used_with_the_keyboard_alone() {
    let world = village::founded();
    let _serving = world.serve();
    let browser = Browser::open();
    browser.go(&format!("{}/ledger", world.url()));
    assert_eq!(tab_stops(&browser), ["file", "account", "key", "at", "SUMMARY", "BUTTON"]);
    // Back to what is folded, and open it.
    browser.run("document.querySelector('form summary').focus()");
    browser.press(ENTER);
    let rest = ["since", "receipts", "receipt-text", "receipts-key", "policy", "BUTTON"];
    assert_eq!(tab_stops(&browser), rest);
    let unlabelled = "return [...document.querySelectorAll('input, textarea')]
        .filter((e) => e.labels.length !== 1).map((e) => e.id)";
    assert_eq!(browser.run(unlabelled), json!([]));
    fill(&browser, &vectors().join("00.ledger"), &log_key().to_string(), VIEWER);
    submit(&browser);
    // Whoever cannot see the page is read the verdict.
    assert_eq!(browser.run("return document.activeElement.id"), "verdict");
}

#[test]
fn browser_ledger_page_checks_the_bundle_of_a_running_server() {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    serving.read("/me?fields=id,name,friends{id,name}", &token);
    let receipt = choose(&serving, village::VIEWER, &json!({ "friends_app": ["id"] })).unwrap();
    close(&serving);
    let whole = ledger(&serving, village::VIEWER);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.ledger");
    std::fs::write(&file, &whole).unwrap();
    let receipts_key = SecretKey::read(&world.directory.key("receipts")).unwrap().public();
    let key = world.key.to_string();

    let browser = Browser::open();
    let page = format!("{}/ledger", world.url());
    browser.go(&page);
    browser.run("document.querySelector('form details').open = true");
    browser.type_into("#receipt-text", &receipt);
    browser.type_into("#receipts-key", &receipts_key.to_string());
    fill(&browser, &file, &key, village::VIEWER);
    submit(&browser);
    assert_eq!(browser.run(VERDICT), "This ledger holds.", "{}", browser.text());
    let fingerprint = Digest(Sha256::digest(&key).into()).to_string();
    let since = "since period 0, closed ";
    for shown in [village::VIEWER, "the one that you typed", since, &fingerprint[..4]] {
        assert!(browser.text().contains(shown), "{shown}: {}", browser.text());
    }
    for (name, width, scheme) in SCREENS {
        browser.show(width, scheme);
        browser.screenshot(&screenshot(&format!("ledger-running-{name}")));
        assert_readable(&browser, name);
    }

    // Everything that proves that nothing is left out is taken away, and what would then be missed.
    let mut bundle = Bundle::parse(&whole).unwrap();
    bundle.closes.iter_mut().for_each(|close| close.shown.clear());
    bundle.items.clear();
    let bare = folder.path().join("bare.ledger");
    std::fs::write(&bare, bundle.to_bytes()).unwrap();
    let other = format!("{}\u{200b}", village::VIEWER);
    for (file, account, expected, says) in [
        (&bare, village::VIEWER, "ledger_complete", "does not hold"),
        (&file, &*other, "ledger_account", "Not checked: this is the ledger of the account "),
    ] {
        browser.go(&page);
        fill(&browser, file, &key, account);
        submit(&browser);
        assert!(browser.run(VERDICT).as_str().unwrap().contains(says), "{}", browser.text());
        let is_red = "return document.querySelectorAll('#result .bad').length > 0";
        assert_eq!(browser.run(is_red), says == "does not hold", "{expected}");
        let failed = browser.run(FAILED);
        let failed = failed.as_array().unwrap();
        assert!(!failed.is_empty() && failed.iter().all(|rule| rule == expected), "{failed:?}");
    }
    assert!(browser.text().contains("\\u{200b}"), "{}", browser.text());
    browser.go(&page);
    fill(&browser, &file, &key, "");
    submit(&browser);
    let says = browser.run(VERDICT);
    assert_eq!(says, "This ledger holds. Whether it is yours was not compared.");
    assert_eq!(browser.console(), Vec::<String>::new());
}
