//! How old a ledger may be: by the reader's own clock, and under a policy by when witnesses saw its checkpoint first
//! and last.

use std::path::Path;

use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::ledger::{Question, check};
use countersign_verifier::outcome::OutcomeName;
use countersign_verifier::verdict::{Rule, Verdict};
use serde::Serialize;

use crate::verify_ledger::{DAY_S, VIEWER, told};
use crate::verify_witnesses::{cosigned, policy_text};
use crate::verify_world::{at, failed, golden, log_key};

const YEAR_S: u64 = 365 * DAY_S;

/// A bundle that its witnesses saw, and what follows from when that was.
struct Case {
    says: &'static str,
    /// In seconds after the newest close: when a quorum cosigned first and last, and when the bundle is checked.
    first_s: i64,
    last_s: i64,
    at_s: u64,
    outcome: OutcomeName,
}

const CASES: &[Case] = &[
    Case {
        says: "one of just now",
        first_s: 10,
        last_s: 10,
        at_s: 20,
        outcome: OutcomeName::Holds,
    },
    Case {
        says: "one of yesterday",
        first_s: 10,
        last_s: 10,
        at_s: DAY_S + 10,
        outcome: OutcomeName::Holds,
    },
    Case {
        says: "one that witnesses saw last more than a day ago",
        first_s: 10,
        last_s: 10,
        at_s: DAY_S + 11,
        outcome: OutcomeName::OutOfDate,
    },
    Case {
        says: "one of last year",
        first_s: 10,
        last_s: 10,
        at_s: YEAR_S,
        outcome: OutcomeName::OutOfDate,
    },
    Case {
        says: "one of a quiet log that was cosigned anew",
        first_s: 10,
        last_s: 80_000,
        at_s: 80_060,
        outcome: OutcomeName::Holds,
    },
    Case {
        says: "one whose newest close is a day older than what witnesses saw",
        first_s: 86_401,
        last_s: 86_401,
        at_s: DAY_S + 500,
        outcome: OutcomeName::Fails,
    },
    Case {
        says: "one whose close is dated ahead of the witnesses",
        first_s: -901,
        last_s: 10,
        at_s: 20,
        outcome: OutcomeName::Fails,
    },
    Case {
        says: "one whose witnesses are ahead of the reader",
        first_s: 10,
        last_s: 921,
        at_s: 20,
        outcome: OutcomeName::NotChecked,
    },
    Case {
        says: "one of a log that had no close for days, cosigned anew",
        first_s: 10,
        last_s: 3 * 86_400,
        at_s: 3 * DAY_S + 60,
        outcome: OutcomeName::Fails,
    },
];

/// The bundle of this case, and when it is checked.
fn bundle(case: &Case) -> (Bundle, u64) {
    let mut bundle = told().bundle(VIEWER);
    let closed_s = bundle.closes.last().unwrap().time.seconds();
    let note = String::from_utf8(bundle.checkpoint).unwrap();
    let first = cosigned(&note, &["one", "two"], closed_s.saturating_add_signed(case.first_s));
    let last = closed_s.saturating_add_signed(case.last_s);
    let note =
        if case.first_s == case.last_s { first } else { cosigned(&first, &["one", "two"], last) };
    bundle.checkpoint = note.into_bytes();
    (bundle, closed_s + case.at_s)
}

fn verdict(bundle: &Bundle, at_s: u64) -> Verdict {
    let (key, policy) = (log_key(), Policy::parse(policy_text().as_bytes()).unwrap());
    let question = Question { policy: Some(&policy), ..Question::new(&key, at(at_s)) };
    check(&bundle.to_bytes(), &question).0
}

#[test]
fn what_witnesses_saw_takes_the_place_of_no_clock_of_the_reader() {
    for case in CASES {
        let (bundle, at_s) = bundle(case);
        let holds = case.outcome == OutcomeName::Holds;
        let expected: &[_] = if holds { &[] } else { &[(Rule::LedgerCurrent, None)] };
        assert_eq!(failed(&verdict(&bundle, at_s)), expected, "{}", case.says);
    }
}

#[test]
fn a_quorum_that_was_not_met_is_told_and_the_readers_clock_counts() {
    let (mut bundle, at_s) = bundle(&CASES[0]);
    let note = String::from_utf8(bundle.checkpoint).unwrap();
    let lines: Vec<_> = note.lines().collect();
    bundle.checkpoint = format!("{}\n", lines[..lines.len() - 1].join("\n")).into_bytes();
    assert_eq!(failed(&verdict(&bundle, at_s)), [(Rule::Witnesses, None)]);
    let expected = [(Rule::Witnesses, None), (Rule::LedgerCurrent, None)];
    assert_eq!(failed(&verdict(&bundle, at_s + YEAR_S)), expected);
}

/// A bundle that every verifier comes to the same verdict on under the same policy.
#[derive(Serialize)]
struct Vector {
    bundle: String,
    says: &'static str,
    at: u64,
    /// When the quorum cosigned the checkpoint, first and last.
    witnessed: [u64; 2],
    outcome: OutcomeName,
    failed: Vec<&'static str>,
}

/// Bundles under the policy `witnesses.policy`, with their verdicts in `witnessed.json`. COUNTERSIGN_BLESS=1 writes
/// them anew.
#[test]
fn vectors_under_a_policy_are_what_this_verifier_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/ledger");
    let vector = |(case, number): (&Case, usize)| {
        let (bundle, at_s) = bundle(case);
        let file = format!("witnessed-{number}.ledger");
        golden(&folder.join(&file), &bundle.to_bytes());
        let verdict = verdict(&bundle, at_s);
        let mut rules: Vec<_> = failed(&verdict).into_iter().map(|(rule, _)| rule.name()).collect();
        rules.dedup();
        let times = verdict.witnessed.unwrap();
        let witnessed = [times.earliest, times.latest].map(|time| time.seconds());
        let outcome = verdict.outcome().name();
        assert_eq!(outcome, case.outcome, "{}", case.says);
        Vector { bundle: file, says: case.says, at: at_s, witnessed, outcome, failed: rules }
    };
    let vectors: Vec<_> = CASES.iter().zip(0..).map(vector).collect();
    golden(&folder.join("witnesses.policy"), policy_text().as_bytes());
    let json = serde_json::to_string_pretty(&vectors).unwrap();
    golden(&folder.join("witnessed.json"), format!("{json}\n").as_bytes());
}
