//! An account that the operator publishes late, to leave out what stood before: what a ledger then says, and what
//! its reader brings against it.

use countersign_domain::person::Secret;
use countersign_domain::settings::Settings;
use countersign_fixtures::receipts::move_to_other_records;
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::person_index::Label;
use countersign_verifier::ledger::Ledger;
use countersign_verifier::verdict::{Rule, Verdict};

use crate::ledger_world::{Brought, LedgerWorld, account, checked};
use crate::verify_erasure::{SECOND, erased};
use crate::verify_ledger::{
    DAY_S, FRIEND, OTHER_FRIEND, VIEWER, answer, chosen, failures_of, told,
};
use crate::verify_world::failed;

/// The letter that Cyrillic has in place of `a`.
const CYRILLIC_A: char = '\u{430}';

/// A log in which an account was published late, and what the person got meanwhile.
struct Late {
    log: LedgerWorld,
    /// For what the person chose before anything left.
    receipt: String,
}

/// An answer about the friend, whom the index and the directory of its period leave out. The directory has the
/// account from the second close on, under this secret.
fn late(secret: impl FnOnce(&LedgerWorld) -> Secret) -> Late {
    let mut log = chosen();
    let receipt = log.receipt(FRIEND, log.world.size() - 1, |_| {});
    log.withheld.insert(FRIEND);
    answer(&mut log);
    let label = Label::of(&log.secrets[FRIEND], 0);
    log.close(|_, leaves| leaves.retain(|leaf| leaf.label != label));
    let secret = secret(&log);
    log.begin_anew(FRIEND, secret);
    log.withheld.clear();
    log.world.clock_s += DAY_S / 2;
    log.close(|_, _| {});
    Late { log, receipt }
}

fn published_late() -> Late {
    late(|log| log.secrets[FRIEND].clone())
}

fn published_late_under_another_secret() -> Late {
    late(|_| SECOND)
}

impl Late {
    fn checked(&self, person: usize, brought: &Brought) -> (Verdict, Ledger) {
        let bytes = self.log.bundle(person).to_bytes();
        let (verdict, ledger) = brought.checked(&bytes, self.log.world.clock_s);
        (verdict, ledger.unwrap())
    }

    fn first_close_s(&self) -> u64 {
        self.log.closes[0].close.time.seconds()
    }
}

fn failures(log: &LedgerWorld, person: usize, brought: &Brought) -> Vec<(Rule, Option<u64>)> {
    failed(&brought.checked(&log.bundle(person).to_bytes(), log.world.clock_s).0)
}

/// Bundles for other implementations, with when they were fetched and what their readers bring.
pub(crate) fn vectors() -> Vec<(&'static str, Bundle, u64, Brought)> {
    let mut all = Vec::new();
    let good = told();
    let grant = good.held.iter().find(|held| held.person == VIEWER).unwrap().item.index;
    let receipt = good.receipt(VIEWER, grant, |_| {});
    let now = good.world.clock_s;
    let mut of_viewer = |says, brought| all.push((says, good.bundle(VIEWER), now, brought));
    of_viewer("a viewer's, with their account", Brought::account(&account(VIEWER)));
    for (says, other) in lookalikes(&account(VIEWER)) {
        of_viewer(says, Brought::account(&other));
    }
    of_viewer("a viewer's, with a date before the first close", Brought::since(now - 2 * DAY_S));
    of_viewer("a viewer's, with a date after the last close", Brought::since(now + 1));
    of_viewer("a viewer's, with a consent receipt", Brought::receipt(receipt));
    let forged =
        good.receipt(VIEWER, grant, |receipt| receipt.origin = "another.example".to_owned());
    of_viewer("a viewer's, with a receipt of another log", Brought::receipt(forged));
    of_viewer("a viewer's, with what is no receipt", Brought::receipt("receipt".to_owned()));
    let mut without = good.bundle(VIEWER);
    without.closes.iter_mut().for_each(|close| close.shown.clear());
    all.push(("a real one without its proofs", without, now, Brought::default()));
    let mut twice = good.bundle(VIEWER);
    let again = twice.closes[1].shown[0].clone();
    twice.closes[1].shown.push(again);
    all.push(("one with a proof twice", twice, now, Brought::default()));
    for (says, late) in [
        (
            ["published late", "published late, with a date", "published late, with a receipt"],
            published_late(),
        ),
        (
            [
                "late, another secret",
                "late, another secret, with a date",
                "late, another secret, with a receipt",
            ],
            published_late_under_another_secret(),
        ),
    ] {
        let brought = [
            Brought::default(),
            Brought::since(late.first_close_s()),
            Brought::receipt(late.receipt.clone()),
        ];
        for (says, brought) in says.into_iter().zip(brought) {
            all.push((says, late.log.bundle(FRIEND), late.log.world.clock_s, brought));
        }
    }
    let (log, receipt) = back_with_receipt();
    let brought = Brought::receipt(receipt);
    all.push((
        "one that came back, with a receipt",
        log.bundle(FRIEND),
        log.world.clock_s,
        brought,
    ));
    all
}

/// The friend was erased and came back; the receipt is for what they chose before.
pub(crate) fn back_with_receipt() -> (LedgerWorld, String) {
    let mut log = erased();
    let chose = log.held.iter().find(|held| held.person == FRIEND).unwrap().item.index;
    let receipt = log.receipt(FRIEND, chose, |_| {});
    log.come_back(FRIEND, SECOND);
    log.close(|_, _| {});
    (log, receipt)
}

/// Accounts that a screen or a hurried eye takes for this one.
fn lookalikes(account: &str) -> [(&'static str, String); 4] {
    [
        ("an account of a letter that looks alike", account.replacen('o', "\u{43e}", 1)),
        ("an account with a character that is not seen", format!("{account}\u{200b}")),
        ("an account with a space behind it", format!("{account} ")),
        ("an account in capital letters", account.to_uppercase()),
    ]
}

#[test]
fn late_accounts_need_a_proof_for_the_periods_before_them_too() {
    for Late { log, .. } in [published_late(), published_late_under_another_secret()] {
        let whole = log.bundle(FRIEND);
        let mut bundle = whole.clone();
        bundle.closes[0].shown.clear();
        assert_eq!(failures_of(&log, &bundle), [Rule::LedgerComplete]);
        assert_eq!(failures_of(&log, &whole), []);
    }
}

#[test]
fn late_accounts_are_complete_only_since_the_close_that_has_them() {
    for late in [published_late(), published_late_under_another_secret()] {
        let (verdict, ledger) = late.checked(FRIEND, &Brought::default());
        assert_eq!(verdict.failures, []);
        assert_eq!((ledger.periods, ledger.complete_since), (2, Some(1)));
        let says = ledger.completeness();
        assert!(says.starts_with("Complete since period 1 (closed 2018-06-04T12:00:0"), "{says}");
        assert!(says.ends_with("; of period 0: nothing under this secret."), "{says}");
        let (_, ledger) = late.checked(OTHER_FRIEND, &Brought::default());
        assert_eq!(ledger.complete_since, Some(0));
        assert!(!ledger.completeness().contains("of period"), "{}", ledger.completeness());
    }
}

#[test]
fn what_stands_in_a_period_before_the_account_is_shown_and_not_called_complete() {
    let mut log = chosen();
    log.withheld.insert(FRIEND);
    answer(&mut log);
    log.close(|_, _| {});
    log.withheld.clear();
    log.close(|_, _| {});
    let (verdict, ledger) = checked(&log.bundle(FRIEND), log.world.clock_s);
    assert_eq!(verdict.failures, []);
    let says = ledger.unwrap().completeness();
    assert!(says.ends_with("; of period 0: 2 lines, and others may be missing."), "{says}");
}

/// Between an erasure and the next secret the directory has none: the operator may use one that nobody sees.
#[test]
fn late_accounts_that_came_back_are_complete_only_since_their_next_secret() {
    let mut log = erased();
    log.withheld.insert(FRIEND);
    log.close(|_, _| {});
    log.withheld.clear();
    log.come_back(FRIEND, SECOND);
    log.close(|_, _| {});
    let (verdict, ledger) = checked(&log.bundle(FRIEND), log.world.clock_s);
    assert_eq!(verdict.failures, []);
    assert_eq!(ledger.unwrap().complete_since, Some(3));
}

#[test]
fn a_date_finds_an_account_that_the_first_close_from_then_on_does_not_have() {
    for late in [published_late(), published_late_under_another_secret()] {
        let first_s = late.first_close_s();
        let now_s = late.log.world.clock_s;
        for (since_s, expected) in [
            (first_s - DAY_S, &[(Rule::LedgerSince, None)][..]),
            (first_s, &[(Rule::LedgerSince, None)]),
            (first_s + 1, &[]),
            (now_s, &[]),
            (now_s + 1, &[]),
        ] {
            let found = failures(&late.log, FRIEND, &Brought::since(since_s));
            assert_eq!(found, expected, "{since_s}");
            let (verdict, _) = late.checked(OTHER_FRIEND, &Brought::since(since_s));
            assert_eq!(verdict.failures, []);
            // There is no close yet that has to have the account.
            let is_asked = verdict.rule_holds(Rule::LedgerSince);
            assert_eq!(is_asked, since_s <= now_s, "{since_s}");
        }
    }
}

#[test]
fn a_consent_receipt_finds_an_account_that_was_published_late() {
    for late in [published_late(), published_late_under_another_secret()] {
        let entry = late.log.closes[0].close.until - 2;
        let found = failures(&late.log, FRIEND, &Brought::receipt(late.receipt.clone()));
        assert_eq!(found, [(Rule::LedgerReceipt, Some(entry))]);
    }
}

#[test]
fn a_consent_receipt_is_under_a_secret_shown_and_its_record_is_in_the_ledger() {
    let mut log = told();
    let chose = log.held.iter().find(|held| held.person == FRIEND).unwrap().item.index;
    let of_friend = log.receipt(FRIEND, chose, |_| {});
    let good = Brought::receipt(of_friend.clone());
    assert_eq!(failures(&log, FRIEND, &good), []);
    assert_eq!(failures(&log, VIEWER, &good), [(Rule::LedgerReceipt, Some(chose))]);
    // It says that the record was another one, or in another entry.
    type Change = fn(&mut countersign_protocol::consent_receipt::ConsentReceipt);
    let changes: [(Change, Option<u64>); 5] = [
        (|receipt| receipt.record.number += 1, None),
        (|receipt| receipt.position += 1, None),
        (|receipt| receipt.time = receipt.time.plus_seconds(1), Some(chose)),
        (|receipt| receipt.index += 1, Some(chose + 1)),
        (|receipt| receipt.origin.push('x'), Some(chose)),
    ];
    for (change, entry) in changes {
        let brought = Brought::receipt(log.receipt(FRIEND, chose, change));
        assert_eq!(failures(&log, FRIEND, &brought), [(Rule::LedgerReceipt, entry)]);
    }
    // The same record, in an entry of other records than the one that stands there.
    let other_entry = log.receipt(FRIEND, chose, move_to_other_records);
    let brought = Brought::receipt(other_entry);
    assert_eq!(failures(&log, FRIEND, &brought), [(Rule::LedgerReceipt, Some(chose))]);
    // One is not made good by another.
    let both = Brought { receipts: vec![of_friend, "no receipt".to_owned()], ..Brought::default() };
    assert_eq!(failures(&log, FRIEND, &both), [(Rule::LedgerReceipt, None)]);
    // Its entry is in no period yet.
    let later = log.set(FRIEND, 2, Settings::CLOSED);
    let brought = Brought::receipt(log.receipt(FRIEND, later, |_| {}));
    let mut bundle = log.bundle(FRIEND);
    let (verdict, _) = brought.checked(&bundle.to_bytes(), log.world.clock_s);
    assert_eq!(verdict.failures, []);
    assert!(verdict.notices.iter().any(|notice| notice.entry == Some(later)));
    // The index holds it then, and the ledger leaves it out.
    log.close(|_, _| {});
    bundle = log.bundle(FRIEND);
    bundle.items.pop();
    let (verdict, _) = brought.checked(&bundle.to_bytes(), log.world.clock_s);
    assert!(failed(&verdict).contains(&(Rule::LedgerReceipt, Some(later))));
}

#[test]
fn a_receipt_of_an_erased_version_is_worth_a_look() {
    let (log, receipt) = back_with_receipt();
    let (verdict, _) =
        Brought::receipt(receipt).checked(&log.bundle(FRIEND).to_bytes(), log.world.clock_s);
    assert_eq!(verdict.failures, []);
    let says = verdict.notices.iter().any(|notice| notice.says.contains("of an erased version"));
    assert!(says, "{:?}", verdict.notices);
}

#[test]
fn a_receipt_for_what_was_chosen_behind_an_erasure_is_of_no_erased_version() {
    let (mut log, _) = back_with_receipt();
    let chose = log.set(VIEWER, 2, Settings::CLOSED);
    let of_another = Brought::receipt(log.receipt(VIEWER, chose, |_| {}));
    log.close(|_, _| {});
    let (verdict, _) = of_another.checked(&log.bundle(FRIEND).to_bytes(), log.world.clock_s);
    assert_eq!(failed(&verdict), [(Rule::LedgerReceipt, Some(chose))]);
}

#[test]
fn a_ledger_is_that_of_the_account_that_the_reader_knows_byte_for_byte() {
    let log = told();
    let own = account(VIEWER);
    assert_eq!(failures(&log, VIEWER, &Brought::account(&own)), []);
    for (says, other) in lookalikes(&own) {
        let brought = Brought::account(&other);
        assert_eq!(failures(&log, VIEWER, &brought), [(Rule::LedgerAccount, None)], "{says}");
        let (verdict, _) = brought.checked(&log.bundle(VIEWER).to_bytes(), log.world.clock_s);
        let failure = &verdict.failures[0];
        assert_ne!(failure.found, failure.expected);
        assert!(failure.expected.is_ascii(), "{}", failure.expected);
    }
    let (verdict, _) = checked(&log.bundle(VIEWER), log.world.clock_s);
    assert!(verdict.notices.iter().any(|notice| notice.says.contains("account was not compared")));
}

/// Bundles as the command shows them.
mod command {
    use std::fs;
    use std::process::{Command, Output};

    use super::*;
    use crate::verify_world::log_key;

    fn run(bundle: &Bundle, at_s: u64, more: &[&str]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("me.ledger"), bundle.to_bytes()).unwrap();
        for argument in more.iter().filter(|argument| argument.contains('.')) {
            let (name, text) = argument.split_once('.').unwrap();
            fs::write(folder.path().join(name), format!("{text}\n")).unwrap();
        }
        let names = more.iter().map(|argument| argument.split('.').next().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.current_dir(folder.path()).args(["ledger", "me.ledger", "--key"]);
        command.arg(log_key().to_string()).args(["--at", &at_s.to_string()]).args(names);
        command.output().unwrap()
    }

    fn said(output: &Output) -> String {
        String::from_utf8([&output.stdout[..], &output.stderr].concat()).unwrap()
    }

    #[test]
    fn command_says_since_when_a_ledger_is_complete_and_what_was_erased_first() {
        let (log, receipt) = back_with_receipt();
        let output = run(&log.bundle(FRIEND), log.world.clock_s, &[]);
        let report = said(&output);
        assert_eq!(output.status.code(), Some(0), "{report}");
        let verdict = report.lines().next().unwrap();
        let first = "The ledger holds. Version 1 of the account was erased";
        assert!(verdict.starts_with(first), "{verdict}");
        assert!(verdict.contains("Complete since period 2 (closed "), "{verdict}");
        assert!(verdict.contains("of periods 0 and 1: nothing under this secret."), "{verdict}");
        let receipt = format!("one.{receipt}");
        let output =
            run(&log.bundle(FRIEND), log.world.clock_s, &["--receipt", &receipt, "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["ledger"]["complete_since"], 2);
        assert_eq!(json["ledger"]["erased_versions"], serde_json::json!([1]));
    }

    #[test]
    fn command_holds_a_ledger_against_account_date_and_receipts() {
        let late = published_late_under_another_secret();
        let (bundle, now_s) = (late.log.bundle(FRIEND), late.log.world.clock_s);
        let receipt = format!("one.{}", late.receipt);
        for (more, code) in [
            (&["--account", "person-1"][..], 0),
            (&["--account", "person-1 "], 2),
            (&["--account-since", "2018-06-04"], 2),
            (&["--account-since", "2018-06-04T12:00:00Z"], 0),
            (&["--account-since", "last year"], 2),
            (&["--receipt", &receipt], 2),
            (&["--receipt", "missing"], 2),
        ] {
            let output = run(&bundle, now_s, more);
            assert_eq!(output.status.code(), Some(code), "{more:?}: {}", said(&output));
        }
    }

    #[test]
    fn command_shows_accounts_that_look_alike_differently() {
        let log = told();
        let mut shown = Vec::new();
        let others = ["ada".to_owned(), format!("{CYRILLIC_A}da"), "ada\u{200b}".to_owned()];
        for account in others.into_iter().chain(["ada ".to_owned()]) {
            let mut bundle = log.bundle(VIEWER);
            bundle.account = account;
            let report = said(&run(&bundle, log.world.clock_s, &[]));
            shown.push(report.lines().nth(2).unwrap().to_owned());
        }
        let expected = [r#""ada""#, r#""\u{430}da""#, r#""ada\u{200b}""#, r#""ada ""#];
        assert_eq!(shown, expected.map(|account| format!("account  {account}")));
    }
}
