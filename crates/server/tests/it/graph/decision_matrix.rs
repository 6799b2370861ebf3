//! The decision as a table that is reviewed like code: client × purpose × relation × field, released or
//! withheld and why. The server is then asked for every field of everybody, and has to agree.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use countersign_demo::world::{BUILD, PURPOSE};
use countersign_domain::act::{Act, ObligationAct, ReviewOutcome};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldId;
use countersign_domain::identifier::Identifier;
use countersign_domain::mask::{Basis, Mask};
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::schema::FieldSchema;
use countersign_domain::screening::{Outcome, ScreeningAct, ScreeningList};
use countersign_policy::mask::Masks;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::instance::log;
use serde_json::Value;

use crate::support::people::default_schema;
use crate::support::{Serving, World, assert_golden};
use crate::support::{partners, village};

/// An app whose agreement gives more than the platform's rules allow, and which is winding down.
const GARDEN: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-garden-1"
partner = "clover"
client = "clover-garden"
kind = "app"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "birthday-calendar"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "birthday", "religion", "relationship_status", "work"]
friend = ["id", "name", "birthday", "religion", "relationship_status", "work"]

[[purpose]]
purpose = "sign-in"
dpv = "dpv:ServiceProvision"
self = ["id", "name", "email", "political"]

[[wind_down]]
at = 2020-06-01T00:00:00Z
ends = "fields"
fields = ["work", "email"]

[[wind_down]]
at = 2990-01-01T00:00:00Z
ends = "all"
"#;

/// An app whose agreement has come to its end.
const OLD: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-old-1"
partner = "clover"
client = "clover-old"
kind = "app"
not_before = 2010-01-01T00:00:00Z
not_after = 2015-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "feed"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

/// A partner's plainest app, to which something happens: an agreement with these lines besides.
fn plain(partner: &str, agreement: &str, lines: &str) -> String {
    format!(
        r#"version = 2
platform = "Example Platform"
agreement = "{agreement}"
partner = "{partner}"
client = "{partner}-app"
kind = "app"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"
{lines}
"#
    )
}

const WIDE: &str = r#"[[purpose]]
purpose = "feed"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "work", "birthday", "hometown"]
friend = ["id", "name", "work", "birthday"]"#;

const NARROW: &str = r#"[[purpose]]
purpose = "feed"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "birthday", "email"]
friend = ["id", "birthday"]

[[wind_down]]
at = 2021-01-01T00:00:00Z
ends = "fields"
fields = ["birthday"]"#;

/// The partners to whom something happened, with what their agreements say beside the purpose.
const HAPPENED: [(&str, &str); 4] =
    [("heath", ""), ("sorrel", "territory = [\"US\", \"CA\"]\n"), ("thistle", ""), ("yarrow", "")];

/// Two agreements about one client; a partner outside of its agreement's territory; a screening that found
/// what nobody has decided; an obligation that is overdue.
fn happened(world: &World) {
    for (partner, lines) in HAPPENED {
        partners::register(world, partner);
        let wide = plain(partner, &format!("{partner}-1"), &format!("{lines}{WIDE}"));
        let agreement = partners::conclude(world, &wide);
        partners::submit(world, &agreement, &format!("{partner}@1"), "feed", &[]);
        partners::review(world, &format!("{partner}@1"), ReviewOutcome::Approve);
    }
    partners::conclude(world, &plain("heath", "heath-2", NARROW));
    let name = |text| Identifier::parse(text).unwrap();
    let list = ScreeningList { list: name("csl"), digest: Digest([1; 32]), entries: 1 };
    let undecided = Act::Screening(ScreeningAct {
        partner: name("thistle"),
        lists: vec![list],
        outcome: Outcome::Undecided,
        report: Digest([2; 32]),
    });
    let demanded = ObligationStep::Demanded {
        agreement: name("yarrow-1"),
        what: Duty::Deletion,
        due: clock::now(),
        reason: "audit".to_owned(),
    };
    let (partner, obligation) = (name("yarrow"), name("deletion-1"));
    let overdue = Act::Obligation(ObligationAct { partner, obligation, step: demanded });
    for act in [undecided, overdue] {
        world.act(Submission::of(act, clock::now()), &["reviewer:ines"]);
    }
}

/// Builds and purposes, in the order of the table's columns.
const COLUMNS: [(&str, &str); 9] = [
    (BUILD, PURPOSE),
    ("garden@1", "birthday-calendar"),
    ("garden@2", "sign-in"),
    ("old@1", "feed"),
    ("garden@3", "birthday-calendar"),
    ("heath@1", "feed"),
    ("sorrel@1", "feed"),
    ("thistle@1", "feed"),
    ("yarrow@1", "feed"),
];

fn world() -> World {
    let world = village::founded();
    partners::register(&world, "clover");
    let garden = partners::conclude(&world, GARDEN);
    let old = partners::conclude(&world, OLD);
    let submissions = [
        (&garden, "garden@1", "birthday-calendar", &["relationship_status"][..]),
        (&garden, "garden@2", "sign-in", &[]),
        (&garden, "garden@3", "birthday-calendar", &[]),
        (&old, "old@1", "feed", &[]),
    ];
    for (agreement, build, purpose, less) in submissions {
        partners::submit(&world, agreement, build, purpose, less);
        partners::review(&world, build, ReviewOutcome::Approve);
    }
    partners::review(&world, "garden@3", ReviewOutcome::Revoke);
    happened(&world);
    world
}

fn bases(world: &World) -> Vec<Arc<Basis>> {
    let log = log::open(&world.directory, &world.config().settings()).unwrap();
    let (masks, now) = (Masks::new(log.register(), None), clock::now());
    log.shutdown();
    let basis = |(build, purpose): (&str, &str)| masks.basis(build, purpose, now).unwrap();
    COLUMNS.map(basis).to_vec()
}

fn cell(mask: &Mask, field: FieldId) -> String {
    if mask.open.contains(field) {
        return "released".to_owned();
    }
    let withheld = mask.withheld.iter().find(|(_, fields)| fields.contains(field));
    serde_json::to_value(withheld.unwrap().0).unwrap().as_str().unwrap().to_owned()
}

fn table(bases: &[Arc<Basis>], schema: &FieldSchema) -> String {
    let mut text = String::from(
        "What is released to whom when the person keeps everything open, and otherwise why not.\n",
    );
    for basis in bases {
        let stopped = basis.stopped.map_or_else(
            || "answered".to_owned(),
            |reason| format!("nothing is answered: {}", serde_json::to_value(reason).unwrap()),
        );
        let kind = serde_json::to_value(basis.kind).unwrap();
        writeln!(text, "\n{} for {} ({kind}): {stopped}", basis.build, basis.purpose).unwrap();
        if basis.stopped.is_some() {
            continue;
        }
        let columns = ["field", "viewer", "friend", "friend, minor"];
        let line = |cells: [&str; 4]| {
            let padded = cells.map(|cell| format!("{cell:21}"));
            padded.concat().trim_end().to_owned() + "\n"
        };
        text += &line(columns);
        for field in schema.all().iter() {
            let cells = [&basis.viewer, &basis.friend, &basis.minor_friend].map(|m| cell(m, field));
            text += &line([schema.name(field).unwrap(), &cells[0], &cells[1], &cells[2]]);
        }
    }
    text
}

/// The fields of a person in an answer.
fn fields(person: &Value) -> BTreeSet<String> {
    person.as_object().unwrap().keys().filter(|name| *name != "friends").cloned().collect()
}

fn open(mask: &Mask, schema: &FieldSchema) -> BTreeSet<String> {
    schema.names(mask.open).filter(|name| *name != "friends").map(str::to_owned).collect()
}

/// Asks for everything about everybody; what comes has to be what the masks open.
fn assert_served(serving: &Serving<'_>, basis: &Basis, token: &str, minor: &str, friend: &str) {
    let schema = default_schema();
    let all: Vec<_> = schema.names(schema.all()).filter(|name| *name != "friends").collect();
    let all = all.join(",");
    let path = format!("/me?fields={all},friends.limit(400){{{all}}}");
    let (what, reply) = (&basis.build, serving.get(&path, token));
    let body = reply.json().unwrap();
    if basis.stopped.is_some() || !basis.viewer.open.contains(FieldId::ID) {
        assert_eq!((reply.status, reply.error_code()), (403, Some(10)), "{what}: {body}");
        return;
    }
    assert_eq!(reply.status, 200, "{what}: {body}");
    assert_eq!(fields(&body), open(&basis.viewer, &schema), "{what}");
    let friends = body.pointer("/friends/data").and_then(Value::as_array);
    assert_eq!(friends.is_some(), basis.viewer.open.contains(FieldId::FRIENDS), "{what}");
    for (id, mask) in [(minor, &basis.minor_friend), (friend, &basis.friend)] {
        let person = friends.into_iter().flatten().find(|person| person["id"] == id);
        assert_eq!(person.is_some(), friends.is_some() && !mask.open.is_empty(), "{what}");
        if let Some(person) = person {
            assert_eq!(fields(person), open(mask, &schema), "{what}");
        }
    }
}

#[test]
fn golden_decision_matrix() {
    let (world, schema) = (world(), default_schema());
    let bases = bases(&world);
    assert_golden("decision_matrix.txt", &table(&bases, &schema));
    let friend = village::open(1);
    let made = clock::now();
    let asked: Vec<_> = bases
        .iter()
        .map(|basis| {
            let (build, purpose) = (basis.build.as_str(), basis.purpose.as_str());
            let token = world.token_of(build, purpose, village::VIEWER, made);
            let id = |account| world.id_toward(basis.partner.as_str(), account);
            (basis, token, id(village::MINOR), id(&friend))
        })
        .collect();
    let serving = world.serve();
    for (basis, token, minor, friend) in &asked {
        assert_served(&serving, basis, token, minor, friend);
    }
    world.verified(serving.head());
}
