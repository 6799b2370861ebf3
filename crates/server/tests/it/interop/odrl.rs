//! An exported agreement read by software that we did not write: rdflib makes RDF of the JSON-LD, under
//! ODRL's context, and SPARQL asks it what is permitted, prohibited and owed.

use serde_json::{Value, json};

use crate::cli::commands::Desk;
use crate::support::foreign;

const WHOLE: &str = include_str!("../../../../../testdata/agreements/whole.agreement.toml");

/// What rdflib finds in the policy of an agreement.
fn found(agreement: &str) -> Value {
    let desk = Desk::new();
    desk.write("agreement.toml", agreement);
    let exported = desk.json(&["agreement", "export", "--odrl", "agreement.toml"]);
    foreign::python("read_odrl.py", &exported["policy"])
}

#[test]
fn interop_odrl_rdflib_finds_the_permissions_that_we_meant() {
    let found = found(WHOLE);
    assert_eq!(
        found["agreement"],
        json!([
            "urn:countersign:agreement:aurora-home-2026",
            "urn:countersign:odrl:1",
            "http://www.w3.org/ns/odrl/2/prohibit",
            "Example Social Inc.",
            "urn:countersign:partner:aurora",
        ])
    );
    // Who may read what of whom for what, and by when that ends first. Instants are as rdflib writes those
    // that it has understood.
    let row = |name: &str, dpv: &str, relation: &str, field: &str, ends: &str| {
        json!([
            "urn:countersign:agreement:aurora-home-2026:platform",
            "urn:countersign:partner:aurora",
            name,
            format!("https://w3id.org/dpv#{dpv}"),
            format!("urn:countersign:odrl:1:{relation}"),
            format!("urn:countersign:field:{field}"),
            "2026-01-01T00:00:00+00:00",
            ends,
        ])
    };
    let (book, service) = ("address-book", "ServiceProvision");
    let (sign_in, account) = ("sign-in", "AccountManagement");
    let (end, friends, work) =
        ("2028-01-01T00:00:00+00:00", "2027-11-01T00:00:00+00:00", "2027-06-01T00:00:00+00:00");
    assert_eq!(
        found["may_read"],
        json!([
            row(book, service, "friend", "id", friends),
            row(book, service, "friend", "name", friends),
            row(book, service, "friend", "work", work),
            row(book, service, "self", "friends", friends),
            row(book, service, "self", "id", end),
            row(book, service, "self", "name", end),
            row(sign_in, account, "self", "email", end),
            row(sign_in, account, "self", "id", end),
            row(sign_in, account, "self", "name", end),
        ])
    );
    assert_eq!(
        found["countries"],
        json!(["https://w3id.org/dpv/loc#DE", "https://w3id.org/dpv/loc#NL"])
    );
    assert_eq!(
        found["through"],
        json!([["urn:countersign:client:aurora-home", "urn:countersign:odrl:1:device"]])
    );
}

#[test]
fn interop_odrl_rdflib_finds_what_is_owed_and_what_is_prohibited() {
    let passed_on = found(WHOLE);
    assert_eq!(passed_on["may_pass_on_to"], json!(["Aurora Cloud GmbH"]));
    assert_eq!(passed_on["may_not_pass_on"], json!([]));
    assert_eq!(
        passed_on["must_delete"],
        json!([
            ["urn:countersign:odrl:1:release", "P180D"],
            ["urn:countersign:odrl:1:withdrawal", "P14D"],
        ])
    );
    let kept = found(&WHOLE.replace("[\"Aurora Cloud GmbH\"]", "[]"));
    assert_eq!(kept["may_pass_on_to"], json!([]));
    let fields = ["email", "friends", "id", "name", "work"]
        .map(|name| format!("urn:countersign:field:{name}"));
    assert_eq!(kept["may_not_pass_on"], json!(fields));
}

#[test]
fn interop_odrl_rdflib_knows_every_term_that_we_take_for_odrls() {
    let found = found(WHOLE);
    // What rdflib's own copy of the vocabulary does not have would be a word that we made up.
    assert_eq!(found["unknown_terms"], json!([]));
    assert!(found["known_terms"].as_u64().unwrap() >= 20, "{found}");
    // Nothing was lost on the way because the context did not have it.
    assert_eq!(found["literals_that_are_iris"], json!([]));
}
