//! Every clause, changed both ways.

use super::*;
use crate::agreement::read;
use crate::agreement::testing::{WHOLE, schema};

fn agreement(text: &str) -> Agreement {
    let schema = schema();
    let document = read(text, &schema).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Agreement::from_document(document, &schema).unwrap()
}

fn said(before: &Agreement, after: &Agreement) -> Vec<String> {
    diff(before, after, &schema()).iter().map(ToString::to_string).collect()
}

/// What is changed into what, and what is then said. The other way round, wider is narrower.
const CHANGES: &[(&str, &str, &[&str])] = &[
    (
        "\"Example Social Inc.\"",
        "\"Other\"",
        &["other    platform: Example Social Inc. becomes Other"],
    ),
    ("kind = \"device\"", "kind = \"app\"", &["other    kind: device becomes app"]),
    (
        "not_before = 2026-01-01",
        "not_before = 2025-01-01",
        &["wider    not_before: 2026-01-01T00:00:00Z becomes 2025-01-01T00:00:00Z"],
    ),
    (
        "not_after = 2028-01-01",
        "not_after = 2029-01-01",
        &["wider    not_after: 2028-01-01T00:00:00Z becomes 2029-01-01T00:00:00Z"],
    ),
    ("times = 3", "times = 4", &["wider    renewal: 3 times 365 days becomes 4 times 365 days"]),
    (
        "territory = [\"DE\", \"NL\"]",
        "territory = [\"NL\", \"FR\", \"DE\"]",
        &["wider    territory: FR added"],
    ),
    ("territory = [\"DE\", \"NL\"]\n", "", &["wider    territory: any country is in it now"]),
    ("wait = \"published\"", "wait = \"durable\"", &["wider    wait: published becomes durable"]),
    (
        "delivery = \"clear\"",
        "delivery = { sealed = \"hardware\" }",
        &["narrower delivery: clear becomes sealed, hardware"],
    ),
    ("query_token = false", "query_token = true", &["wider    query_token: false becomes true"]),
    (
        "every_days = 180",
        "every_days = 365",
        &["wider    certification: days that it holds: 180 becomes 365"],
    ),
    (
        "cure_days = 14",
        "cure_days = 7",
        &["narrower certification: days to make it good: 14 becomes 7"],
    ),
    (
        "dpv:ServiceProvision",
        "dpv:Marketing",
        &["other    purpose: address-book: dpv:ServiceProvision becomes dpv:Marketing"],
    ),
    (
        "friend = [\"id\", \"name\", \"work\"]",
        "friend = [\"name\", \"id\", \"location\"]",
        &[
            "wider    purpose: address-book, of friend: location added",
            "narrower purpose: address-book, of friend: work taken out",
        ],
    ),
    (
        "at = 2027-06-01T00:00:00Z",
        "at = 2027-07-01T00:00:00Z",
        &[
            "wider    wind_down: work ends at 2027-07-01T00:00:00Z, and not at 2027-06-01T00:00:00Z already",
        ],
    ),
    (
        "ends = \"friends\"",
        "ends = \"all\"",
        &[
            "narrower wind_down: everything ends at 2027-11-01T00:00:00Z",
            "wider    wind_down: everything of friends no longer ends at 2027-11-01T00:00:00Z",
        ],
    ),
    (
        "retention_days = 180",
        "retention_days = 90",
        &["narrower obligations: days that data may be kept: 180 becomes 90"],
    ),
    (
        "deletion_days = 14",
        "deletion_days = 15",
        &["wider    obligations: days to delete in: 14 becomes 15"],
    ),
    (
        "[\"Aurora Cloud GmbH\"]",
        "[]",
        &["narrower obligations: may pass data on to Aurora Cloud GmbH taken out"],
    ),
    (
        "limit = { people = 100000 }",
        "limit = { people = 200000 }",
        &["wider    budget: reach: people: 100000 becomes 200000"],
    ),
    (
        "people_per_grant = 400",
        "people_per_grant = 300",
        &["narrower budget: harvest: people per grant: 400 becomes 300"],
    ),
    (
        "window_days = 30",
        "window_days = 60",
        &["narrower budget: reach: days of the window: 30 becomes 60"],
    ),
    (
        "scope = \"client\"",
        "scope = \"partner\"",
        &["narrower budget: reach: all clients of the partner count now"],
    ),
    ("then = \"deny\"", "then = \"alert\"", &["wider    budget: reach: it only alerts now"]),
    (
        "  \"consent\",\n",
        "",
        &[
            "wider    pledges: no field of a friend is released without that friend's setting and the viewer's grant taken out",
        ],
    ),
];

#[test]
fn every_clause_is_compared_both_ways() {
    let before = agreement(WHOLE);
    for (from, to, expected) in CHANGES {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let after = agreement(&text);
        assert_eq!(said(&before, &after), *expected, "{from}");
        let ways = |changes: Vec<Change>| {
            let mut ways: Vec<_> = changes.into_iter().map(|change| change.way).collect();
            ways.sort_unstable();
            ways
        };
        let mut back: Vec<_> =
            ways(diff(&after, &before, &schema())).into_iter().map(opposite).collect();
        back.sort_unstable();
        assert_eq!(back, ways(diff(&before, &after, &schema())), "{from}");
    }
}

#[test]
fn order_means_nothing() {
    let before = agreement(WHOLE);
    let mut document = before.document.clone();
    document.territory.reverse();
    document.pledges.reverse();
    document.budgets.reverse();
    document.wind_down.reverse();
    document.purposes.reverse();
    for purpose in &mut document.purposes {
        purpose.viewer.reverse();
        purpose.friend.reverse();
    }
    assert_ne!(document, before.document);
    let after = Agreement::from_document(document, &schema()).unwrap();
    assert_eq!(said(&before, &after), Vec::<String>::new());
}

#[test]
fn what_ends_already_does_not_end_again() {
    let before = agreement(WHOLE);
    let mut document = before.document.clone();
    let mut again = document.wind_down[0].clone();
    again.at = again.at.plus_seconds(60);
    document.wind_down.push(again.clone());
    let after = Agreement::from_document(document.clone(), &schema()).unwrap();
    assert_eq!(said(&before, &after), Vec::<String>::new());
    // What ends earlier does, wherever in the document that stands.
    again.at = before.document.not_before;
    document.wind_down.push(again);
    let after = Agreement::from_document(document, &schema()).unwrap();
    let expected = "narrower wind_down: work ends at 2026-01-01T00:00:00Z already, and not at 2027-06-01T00:00:00Z";
    assert_eq!(said(&before, &after), [expected]);
}
