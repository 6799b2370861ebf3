//! Erasure and legal holds in a ledger: what they close and keep, and when a secret may take another's place.

use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_domain::settings::Settings;
use countersign_protocol::consent::Choice;
use countersign_protocol::directory::GONE;
use countersign_protocol::ledger_bundle::{Bundle, VersionedSecret};
use countersign_verifier::ledger::Event;
use countersign_verifier::verdict::Rule;

use crate::ledger_world::{LedgerWorld, account, checked, fields};
use crate::verify_ledger::{
    DAY_S, FRIEND, OF_FRIENDS, OTHER_FRIEND, STRANGER, VIEWER, answer, chosen, failures,
    failures_of, grant, told,
};
use crate::verify_world::{BEGINNING_S, at};

pub(crate) const SECOND: Secret = Secret([77; 32]);

fn hold(days: u64) -> Choice {
    Choice::Hold { until: at(BEGINNING_S + days * DAY_S) }
}

fn notices(log: &LedgerWorld, bundle: &Bundle) -> Vec<String> {
    let (verdict, _) = checked(bundle, log.world.clock_s);
    verdict.notices.into_iter().map(|notice| notice.says).collect()
}

/// The friend was told of, asked for erasure, and is held.
fn held() -> LedgerWorld {
    let mut log = chosen();
    answer(&mut log);
    log.close(|_, _| {});
    log.choose(&[(FRIEND, 2, hold(30)), (FRIEND, 3, Choice::Erased {}), (FRIEND, 4, hold(60))]);
    log.close(|_, _| {});
    log
}

/// The friend was told of and erased, in the second period.
pub(crate) fn erased() -> LedgerWorld {
    let mut log = chosen();
    answer(&mut log);
    log.close(|_, _| {});
    log.choose(&[(FRIEND, 2, Choice::Erased {})]);
    log.close_erasing(&[FRIEND]);
    log
}

/// The same, and the account came back and is told of again.
fn back() -> LedgerWorld {
    let mut log = erased();
    log.come_back(FRIEND, SECOND);
    log.set(FRIEND, 1, Settings::DEFAULT);
    log.close(|_, _| {});
    log
}

/// What is left to show of somebody who was erased.
fn without_secret(mut bundle: Bundle) -> Bundle {
    bundle.secrets.clear();
    bundle.items.clear();
    bundle.closes.iter_mut().for_each(|close| close.shown.clear());
    bundle
}

/// A ledger that shows everything under two secrets of a stranger's, the second published behind these epochs.
fn replaced(publish: impl FnOnce(&LedgerWorld)) -> (LedgerWorld, Bundle) {
    let mut log = told();
    let first = log.secrets[STRANGER].clone();
    publish(&log);
    log.secrets[STRANGER] = SECOND;
    log.close(|_, _| {});
    let mut bundle = log.bundle(STRANGER);
    let version = |version, secret: &Secret| VersionedSecret { version, secret: secret.clone() };
    let last = 2 + u64::from(log.closes[2].close.directory.epoch == 3);
    bundle.secrets = vec![version(1, &first), version(last, &SECOND)];
    for (close, closed) in bundle.closes.iter_mut().zip(&log.closes) {
        close.shown = vec![closed.shown(0, &first), closed.shown(1, &SECOND)];
    }
    (log, bundle)
}

fn after_erasure(then: impl FnOnce(&mut LedgerWorld)) -> LedgerWorld {
    let mut log = chosen();
    log.choose(&[(VIEWER, 2, Choice::Erased {}), (FRIEND, 2, Choice::Erased {})]);
    then(&mut log);
    log.close(|_, _| {});
    log
}

fn released_after_erasure() -> LedgerWorld {
    after_erasure(|log| {
        answer(log);
    })
}

/// Bundles for other implementations, with when they were fetched.
pub(crate) fn vectors() -> Vec<(&'static str, Bundle, u64)> {
    let chose_again = after_erasure(|log| {
        log.set(FRIEND, 3, Settings::CLOSED);
    });
    let of = |says, log: LedgerWorld, person| (says, log.bundle(person), log.world.clock_s);
    let gone = |log: &LedgerWorld| {
        let _ = log.accounts.publish([(account(STRANGER), GONE)].into_iter());
    };
    let (log, unexplained) = replaced(|_| {});
    let now = log.world.clock_s;
    vec![
        of("that of somebody who was erased, under a legal hold", held(), FRIEND),
        of("that of an account that was erased and came back", back(), FRIEND),
        ("that of an account that was erased", without_secret(erased().bundle(FRIEND)), {
            erased().world.clock_s
        }),
        of("a release to the viewer after their erasure", released_after_erasure(), VIEWER),
        of("a release through a friend after the erasure", released_after_erasure(), FRIEND),
        of("a choice behind the erasure", chose_again, FRIEND),
        ("a second secret without an erasure", unexplained, now),
        ("a second secret before the close of the erasure", replaced(gone).1, now),
    ]
}

#[test]
fn erasure_closes_everything_and_ends_grants_from_its_entry_on() {
    let log = released_after_erasure();
    assert_eq!(failures(&log, VIEWER), [Rule::LedgerSettings, Rule::LedgerGrant]);
    assert_eq!(failures(&log, FRIEND), [Rule::LedgerSettings]);
    assert_eq!(failures(&log, OTHER_FRIEND), []);
}

#[test]
fn a_decision_that_had_not_seen_the_erasure_may_stand_behind_it() {
    let log = after_erasure(|log| {
        let seen = log.world.size() - 1;
        let about = [
            (VIEWER, Relation::Viewer, fields(&[0, 1])),
            (FRIEND, Relation::Friend, fields(OF_FRIENDS)),
        ];
        log.disclose(&about, |disclosure| disclosure.as_of = seen);
    });
    assert_eq!(failures(&log, VIEWER), []);
    assert_eq!(failures(&log, FRIEND), []);
}

#[test]
fn nothing_but_holds_may_follow_an_erasure() {
    let settings = || Choice::Settings(Settings::CLOSED.into());
    let erased = || Choice::Erased {};
    for (choices, rules) in [
        (vec![(1, erased()), (2, hold(1)), (3, hold(0))], &[][..]),
        (vec![(1, settings()), (2, hold(1)), (3, settings()), (4, erased())], &[]),
        (vec![(1, erased()), (1, erased())], &[]),
        (vec![(1, settings()), (2, erased()), (1, settings())], &[]),
        (vec![(1, erased()), (2, settings())], &[Rule::LedgerChoices]),
        (vec![(1, erased()), (2, grant(1))], &[Rule::LedgerChoices]),
        (vec![(1, erased()), (2, erased())], &[Rule::LedgerChoices]),
        (vec![(1, erased()), (2, hold(1)), (3, settings())], &[Rule::LedgerChoices]),
    ] {
        let mut log = LedgerWorld::of(1);
        for (number, choice) in &choices {
            log.choose(&[(0, *number, choice.clone())]);
        }
        log.close(|_, _| {});
        assert_eq!(failures(&log, 0), rules, "{choices:?}");
    }
}

#[test]
fn a_hold_in_force_is_a_notice_and_one_that_is_over_or_lifted_is_none() {
    let log = held();
    let ledger = checked(&log.bundle(FRIEND), log.world.clock_s).1.unwrap();
    let chose = ledger.lines.iter().filter_map(|line| match &line.event {
        Event::Chose(record) => Some(record.to_string()),
        Event::Released(_) => None,
    });
    assert_eq!(
        chose.skip(1).collect::<Vec<_>>(),
        [
            "choice 2: a legal hold until 2018-07-04T00:00:00Z",
            "choice 3: erasure",
            "choice 4: a legal hold until 2018-08-03T00:00:00Z",
        ]
    );
    const HELD: &str = "a legal hold keeps records about the person until 2018-08-03T00:00:00Z, also if they are erased";
    assert_eq!(failures(&log, FRIEND), []);
    assert_eq!(notices(&log, &log.bundle(FRIEND))[0], HELD);
    let says = |log: &LedgerWorld, at_s| {
        let (verdict, _) = checked(&log.bundle(FRIEND), at_s);
        verdict.notices.iter().any(|notice| notice.says.contains("legal hold"))
    };
    let end_s = BEGINNING_S + 60 * DAY_S;
    assert!(says(&log, end_s - 1));
    assert!(!says(&log, end_s));
    let mut lifted = held();
    lifted.choose(&[(FRIEND, 5, hold(0))]);
    lifted.close(|_, _| {});
    assert_eq!(failures(&lifted, FRIEND), []);
    assert!(!says(&lifted, lifted.world.clock_s));
}

#[test]
fn a_bundle_without_any_secret_is_refused_also_of_an_account_that_was_erased() {
    let log = erased();
    let bundle = without_secret(log.bundle(FRIEND));
    assert_eq!(failures_of(&log, &bundle), [Rule::LedgerSecrets]);
    let mut without_closes = bundle;
    without_closes.closes.clear();
    assert!(failures_of(&log, &without_closes).contains(&Rule::LedgerSecrets));
    assert_eq!(failures(&log, OTHER_FRIEND), []);
}

#[test]
fn an_account_that_came_back_is_complete_since_it_has_its_secret_of_now() {
    let log = back();
    let bundle = log.bundle(FRIEND);
    assert_eq!((bundle.secrets[0].version, bundle.items.len()), (3, 1));
    assert_eq!(failures_of(&log, &bundle), []);
    let ledger = checked(&bundle, log.world.clock_s).1.unwrap();
    assert_eq!((ledger.complete_since, &ledger.erased_versions[..]), (Some(2), &[1][..]));
    let says = ledger.completeness();
    assert!(says.starts_with("Version 1 of the account was erased"), "{says}");
    assert!(says.contains("; of periods 0 and 1: nothing under this secret."), "{says}");
    let says = notices(&log, &bundle);
    assert!(says[0].starts_with("version 1 of the account was erased"), "{says:?}");
    // The secret that it has now is still asked for.
    assert_eq!(failures_of(&log, &without_secret(bundle)), [Rule::LedgerSecrets]);
}

#[test]
fn a_secret_is_proved_in_every_period_also_behind_its_erasure() {
    let mut log = erased();
    log.close(|_, _| {});
    let bundle = log.bundle(FRIEND);
    assert_eq!(failures_of(&log, &bundle), []);
    let ledger = checked(&bundle, log.world.clock_s).1.unwrap();
    assert_eq!((ledger.complete_since, &ledger.erased_versions[..]), (Some(0), &[][..]));
    let says = notices(&log, &bundle);
    assert!(
        says.iter().any(|says| says.starts_with("the account was erased in version 2")),
        "{says:?}"
    );
    for period in 0..bundle.closes.len() {
        let mut fewer = bundle.clone();
        fewer.closes[period].shown.clear();
        assert_eq!(failures_of(&log, &fewer), [Rule::LedgerComplete], "period {period}");
    }
}

#[test]
fn a_secret_that_is_shown_of_an_erased_version_is_held_against_the_directory() {
    let log = erased();
    let mut zeros = log.bundle(FRIEND);
    zeros.secrets[0].version = 2;
    let mut other = without_secret(log.bundle(FRIEND));
    other.secrets = vec![VersionedSecret { version: 1, secret: SECOND }];
    for (close, closed) in other.closes.iter_mut().zip(&log.closes) {
        close.shown = vec![closed.shown(0, &SECOND)];
    }
    for bundle in [zeros, other] {
        assert_eq!(failures_of(&log, &bundle), [Rule::LedgerSecrets]);
    }
}

#[test]
fn a_secret_takes_anothers_place_only_behind_the_close_of_its_erasure() {
    let (log, bundle) = replaced(|_| {});
    let (verdict, _) = checked(&bundle, log.world.clock_s);
    assert_eq!(failures_of(&log, &bundle), [Rule::LedgerSecrets]);
    assert_eq!(verdict.failures[0].found, "a secret of version 2, in place of another");

    let (log, bundle) = replaced(|log| {
        let _ = log.accounts.publish([(account(STRANGER), GONE)].into_iter());
    });
    let (verdict, _) = checked(&bundle, log.world.clock_s);
    assert_eq!(failures_of(&log, &bundle), [Rule::LedgerSecrets]);
    assert_eq!(verdict.failures[0].found, "a secret of version 3, in place of another");
}
