//! What ODRL keeps of an agreement, and what is refused of policies that others wrote.

use std::collections::BTreeMap;

use countersign_domain::agreement::{Agreement, AgreementDocument, CertificationDocument};
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::obligation::OnwardTransfer;
use countersign_domain::relation::Relation;
use countersign_domain::terms::terms;
use countersign_domain::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::agreement::read;
use crate::agreement::testing::{WHOLE, agreement, documents, schema};

fn exported(document: &AgreementDocument) -> Exported {
    export(&agreement(document.clone()), &schema())
}

fn whole() -> AgreementDocument {
    read(WHOLE, &schema()).unwrap()
}

/// What an agreement opens to everybody in a second, certification and renewal apart.
fn open(document: &AgreementDocument, now: Timestamp) -> Vec<(String, Relation, FieldSet)> {
    let plain = AgreementDocument {
        renewal: None,
        certification: CertificationDocument { every_days: 1_096, cure_days: 30 },
        ..document.clone()
    };
    let agreement = Agreement::from_document(plain, &schema()).unwrap();
    let contract = Contract::new(agreement, Digest([0; 32]), 0, Timestamp::from_seconds(0));
    let contracts = BTreeMap::from([(document.agreement.clone(), contract)]);
    let mut open = Vec::new();
    for purpose in &document.purposes {
        if purpose.viewer.is_empty() && purpose.friend.is_empty() {
            continue;
        }
        for relation in Relation::BOTH {
            let clauses = terms(&contracts, &purpose.purpose, relation, now);
            open.push((purpose.purpose.to_string(), relation, clauses.open().and(schema().all())));
        }
    }
    open
}

fn parties(document: &AgreementDocument) -> [String; 5] {
    let AgreementDocument { agreement, platform, partner, client, kind, .. } = document;
    [
        agreement.to_string(),
        platform.clone(),
        partner.to_string(),
        client.to_string(),
        format!("{kind:?}"),
    ]
}

proptest! {
    /// Exactly the part that ODRL can say comes back: what it opens in every second, between whom, where, and
    /// what has to be done afterwards. A second export says the same as the first, to the letter.
    #[test]
    fn property_what_odrl_can_say_comes_back_from_it(document in documents()) {
        let Exported { policy, not_expressed } = exported(&document);
        let gives = |purpose: &countersign_domain::agreement::PurposeDocument| !purpose.viewer.is_empty();
        if !document.purposes.iter().any(gives) {
            let refused = import(&policy, &schema()).unwrap_err();
            prop_assert_eq!(refused.message, "there is no permission to read");
            return Ok(());
        }
        let Imported { document: back, .. } = import(&policy, &schema()).unwrap();
        prop_assert_eq!(&exported(&back).policy, &policy);
        prop_assert_eq!(parties(&back), parties(&document));
        prop_assert_eq!(&back.territory, &document.territory);
        prop_assert_eq!(&back.obligations, &document.obligations);
        prop_assert_eq!((back.not_before, back.not_after), (document.not_before, document.not_after));
        for day in 0..14 {
            for second in [0, 1] {
                let now = Timestamp::from_seconds(1_699_913_600 + day * 86_400 - second);
                prop_assert_eq!(open(&back, now), open(&document, now), "{}", now);
            }
        }
        // Whatever did not come back is named.
        let named = |clause: &str| not_expressed.iter().any(|unsaid| unsaid.clause == clause);
        prop_assert!(document.renewal.is_none() || named("renewal"));
        prop_assert!(document.budgets.is_empty() || named("budget"));
        prop_assert!(document.pledges.is_empty() || named("pledges"));
        prop_assert!(back.wind_down.len() >= document.wind_down.len() || named("wind_down") || merged(&document));
        prop_assert!(back.purposes.len() == document.purposes.len() || named("purpose"));
        prop_assert!(["certification", "wait", "delivery", "query_token", "settings"].into_iter().all(named));
    }
}

/// Whether steps fall together, which one step then says.
fn merged(document: &AgreementDocument) -> bool {
    let steps = &document.wind_down;
    steps
        .iter()
        .enumerate()
        .any(|(place, step)| steps.iter().take(place).any(|other| other.at == step.at))
}

#[test]
fn golden_the_agreement_with_everything_in_it_is_this_policy() {
    let Exported { policy, not_expressed } = exported(&whole());
    let read = json!(["urn:countersign:field:id", "urn:countersign:field:name"]);
    assert_eq!(policy["permission"][3]["target"], read);
    assert_eq!(
        policy["permission"][2],
        json!({
            "uid": "urn:countersign:agreement:aurora-home-2026:permission:2",
            "target": ["urn:countersign:field:work"],
            "action": "read",
            "assigner": "urn:countersign:agreement:aurora-home-2026:platform",
            "assignee": "urn:countersign:partner:aurora",
            "constraint": [
                {"leftOperand": "purpose", "operator": "eq", "rightOperand": {"@id": "dpv:ServiceProvision"}},
                {"leftOperand": "cs:purposeName", "operator": "eq", "rightOperand": "address-book"},
                {"leftOperand": "cs:relation", "operator": "eq", "rightOperand": {"@id": "cs:friend"}},
                {"leftOperand": "product", "operator": "eq",
                    "rightOperand": {"@id": "urn:countersign:client:aurora-home"}},
                {"leftOperand": "cs:route", "operator": "eq", "rightOperand": {"@id": "cs:device"}},
                {"leftOperand": "spatial", "operator": "isAnyOf",
                    "rightOperand": [{"@id": "loc:DE"}, {"@id": "loc:NL"}]},
                {"leftOperand": "dateTime", "operator": "gteq",
                    "rightOperand": {"@value": "2026-01-01T00:00:00Z", "@type": "xsd:dateTime"}},
                {"leftOperand": "dateTime", "operator": "lt",
                    "uid": "urn:countersign:agreement:aurora-home-2026:until",
                    "rightOperand": {"@value": "2028-01-01T00:00:00Z", "@type": "xsd:dateTime"}},
                {"leftOperand": "dateTime", "operator": "lt",
                    "uid": "urn:countersign:agreement:aurora-home-2026:ends:2027-06-01T00:00:00Z",
                    "rightOperand": {"@value": "2027-06-01T00:00:00Z", "@type": "xsd:dateTime"}},
                {"leftOperand": "dateTime", "operator": "lt",
                    "uid": "urn:countersign:agreement:aurora-home-2026:ends:2027-11-01T00:00:00Z",
                    "rightOperand": {"@value": "2027-11-01T00:00:00Z", "@type": "xsd:dateTime"}},
            ],
        })
    );
    let clauses: Vec<_> = not_expressed.iter().map(|unsaid| unsaid.clause).collect();
    let mut own = vec![
        "renewal",
        "territory",
        "delivery",
        "wait",
        "query_token",
        "certification",
        "wind_down",
        "obligations",
        "budget",
        "budget",
        "budget",
    ];
    own.extend(["pledges"; 10]);
    own.extend(["settings", "grant", "builds", "platform rules", "other agreements", "log"]);
    assert_eq!(clauses, own);
}

/// A policy that somebody else might have written: other names, full IRIs, no constraint named.
fn foreign() -> Value {
    let until = |at: &str| {
        json!({"leftOperand": "odrl:dateTime", "operator": "lt",
        "rightOperand": {"@value": at, "@type": "xsd:dateTime"}})
    };
    let permission = |relation: &str, fields: &[&str], end: &str| {
        let target: Vec<_> =
            fields.iter().map(|name| format!("urn:countersign:field:{name}")).collect();
        json!({
            "target": target, "action": "http://www.w3.org/ns/odrl/2/read",
            "constraint": [
                {"leftOperand": "purpose", "operator": "eq",
                    "rightOperand": "https://w3id.org/dpv#RequestedServiceProvision"},
                {"leftOperand": "cs:relation", "operator": "odrl:eq", "rightOperand": {"@id": relation}},
                {"leftOperand": "product", "operator": "eq", "rightOperand": {"@id": "https://partner.example/Home_App"}},
                {"leftOperand": "cs:route", "operator": "eq", "rightOperand": {"@id": "cs:app"}},
                {"leftOperand": "dateTime", "operator": "gteq", "rightOperand": "2026-01-01T01:00:00+01:00"},
                until(end),
            ],
        })
    };
    json!({
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"cs": "urn:countersign:odrl:1:"}],
        "type": "Agreement",
        "@id": "https://platform.example/policies/Aurora 7",
        "dct:title": "An agreement",
        "assigner": "https://platform.example/",
        "assignee": {"uid": "https://partner.example/#Aurora"},
        "permission": [
            permission("cs:self", &["id", "friends", "name"], "2027-01-01T00:00:00Z"),
            permission("cs:friend", &["id", "name"], "2026-07-01T00:00:00Z"),
        ],
    })
}

#[test]
fn a_policy_that_somebody_else_wrote_is_read_and_what_was_assumed_is_told() {
    let mut policy = foreign();
    // The list of friends ends with everything of friends.
    let lists = policy["permission"][0].clone();
    policy["permission"].as_array_mut().unwrap().push(lists);
    policy["permission"][0]["target"] =
        json!(["urn:countersign:field:id", "urn:countersign:field:name"]);
    policy["permission"][2]["target"] = json!("urn:countersign:field:friends");
    policy["permission"][2]["constraint"][5]["rightOperand"]["@value"] =
        json!("2026-07-01T00:00:00Z");
    let Imported { document, assumed } = import(&policy, &schema()).unwrap();
    assert_eq!(document.agreement.as_str(), "aurora-7");
    assert_eq!(document.partner.as_str(), "aurora");
    assert_eq!(document.client.as_str(), "home-app");
    assert_eq!(document.purposes[0].purpose.as_str(), "requested-service-provision");
    assert_eq!(document.not_before.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(document.not_after.to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(document.wind_down.len(), 1);
    assert_eq!(document.wind_down[0].ends, countersign_domain::wind_down::EndsDocument::Friends);
    assert_eq!(document.obligations.onward_transfer, OnwardTransfer::None);
    let assumed = assumed.join("\n");
    for expected in [
        "/dct:title: passed over",
        "agreement: \"https://platform.example/policies/Aurora 7\" is called \"aurora-7\" here",
        "platform: \"https://platform.example/\" stands for its legal name",
        "purpose: dpv:RequestedServiceProvision is called",
        "obligations: retention_days = 365",
        "obligations: data may be passed on to nobody",
        "certification: every 365 days",
    ] {
        assert!(assumed.contains(expected), "{expected}: {assumed}");
    }
    assert_eq!(read(&crate::agreement::write(&document), &schema()), Ok(document));
}

/// What is put where, as JSON, and what is then said of which place.
const REFUSALS: &[(&str, &str, &str, &str, &str)] = &[
    ("", "inheritFrom", r#""x:y""#, "/inheritFrom", "is not understood here"),
    ("", "type", r#""Offer""#, "/type", "\"Offer\" is not understood; Agreement is"),
    ("", "profile", r#""https://other.example/p""#, "/profile", "is not understood"),
    ("", "conflict", r#""perm""#, "/conflict", "\"perm\" is not understood"),
    ("", "@context", r#""https://other.example/c""#, "/@context", "odrl.jsonld is expected"),
    ("/@context/1", "cs", r#""urn:other:""#, "/@context/1/cs", "cs stands for"),
    ("/@context/1", "read", r#""odrl:sell""#, "/@context/1/read", "is not understood here"),
    (
        "/permission/0",
        "action",
        r#""use""#,
        "/permission/0/action",
        "the action \"use\" is not one",
    ),
    (
        "/permission/0",
        "action",
        r#"{"rdf:value": {"@id": "odrl:read"}}"#,
        "/permission/0/action",
        "one action",
    ),
    ("/permission/0", "duty", "[]", "/permission/0/duty", "\"duty\" is not understood here"),
    ("/permission/0", "target", r#""urn:x:y""#, "/permission/0/target", "a field is expected"),
    (
        "/permission/0",
        "target",
        r#"["urn:countersign:field:nane"]"#,
        "/permission/0/target/0",
        "did you mean \"name\"?",
    ),
    (
        "/permission/0",
        "assignee",
        r#""https://other.example/""#,
        "/permission/0/assignee",
        "one assignee",
    ),
    (
        "/permission/1/constraint/0",
        "leftOperand",
        r#""count""#,
        "/permission/1",
        "a constraint purpose eq is missing",
    ),
    (
        "/permission/1/constraint/0",
        "operator",
        r#""neq""#,
        "/permission/1",
        "a constraint purpose eq is missing",
    ),
    (
        "/permission/1/constraint/0",
        "rightOperand",
        r#""dpv:Snooping""#,
        "/permission/1/constraint/0/rightOperand",
        "is no purpose of the Data Privacy Vocabulary",
    ),
    (
        "/permission/1/constraint/1",
        "rightOperand",
        r#""cs:stranger""#,
        "/permission/1/constraint/1/rightOperand",
        "cs:self or cs:friend is expected",
    ),
    (
        "/permission/1/constraint/4",
        "rightOperand",
        r#""2026-01-01""#,
        "/permission/1/constraint/4/rightOperand",
        "a whole second since 1970",
    ),
    (
        "/permission/1/constraint/4",
        "rightOperand",
        r#""2026-01-02T00:00:00Z""#,
        "/permission/1",
        "another beginning than that of /permission/0",
    ),
    (
        "/permission/1/constraint/5",
        "unit",
        r#""x:y""#,
        "/permission/1/constraint/5/unit",
        "is not understood here",
    ),
    (
        "/permission/1/constraint/5",
        "operator",
        r#""lteq""#,
        "/permission/1/constraint/5",
        "a constraint dateTime lteq cannot be kept here",
    ),
    (
        "",
        "prohibition",
        r#"[{"action": "sell", "target": "urn:countersign:field:id"}]"#,
        "/prohibition/0/action",
        "the action \"sell\"",
    ),
    (
        "",
        "prohibition",
        r#"{"action": "distribute", "target": "urn:countersign:field:id"}"#,
        "/prohibition",
        "agreed for all fields",
    ),
    (
        "",
        "obligation",
        r#"[{"action": "delete", "target": "urn:countersign:field:id"}]"#,
        "/obligation/0",
        "a constraint event gt is missing",
    ),
    // The list of friends does not end with everything of friends.
    (
        "",
        "dct:title",
        "1",
        "/permission/0",
        "id ends elsewhere at 2026-07-01T00:00:00Z and not here",
    ),
];

#[test]
fn what_cannot_be_kept_is_refused_with_its_place() {
    for (under, member, value, pointer, expected) in REFUSALS {
        let mut policy = foreign();
        policy.pointer_mut(under).unwrap()[*member] = serde_json::from_str(value).unwrap();
        let refused = import(&policy, &schema()).unwrap_err();
        assert!(
            refused.pointer == *pointer && refused.message.contains(expected),
            "{member}: {refused}"
        );
    }
    let mut without = foreign();
    without.as_object_mut().unwrap().remove("@id");
    let refused = import(&without, &schema()).unwrap_err();
    assert_eq!(refused.to_string(), "the policy: \"uid\" is missing");
}

#[test]
fn a_constraint_more_is_never_dropped() {
    let good = exported(&whole()).policy;
    assert!(import(&good, &schema()).is_ok());
    let more = json!({"leftOperand": "count", "operator": "lteq", "rightOperand": "5"});
    for kind in ["permission", "obligation"] {
        let rules = good[kind].as_array().unwrap().len();
        for rule in 0..rules {
            let mut policy = good.clone();
            policy[kind][rule]["constraint"].as_array_mut().unwrap().insert(1, more.clone());
            let refused = import(&policy, &schema()).unwrap_err();
            assert_eq!(refused.pointer, format!("/{kind}/{rule}/constraint/1"), "{refused}");
        }
    }
}
