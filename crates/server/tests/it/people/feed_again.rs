//! A feed against itself, cut off and sent again, and against an import of the same people.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use countersign_demo::sample_graph::Kind;
use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::time::Timestamp;
use countersign_people::store::People;
use countersign_service::people::feed::{Applied, Batches, apply};
use countersign_service::people::import::{self, ImportOptions};
use countersign_service::people::progress::Progress;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::people::{default_schema, open, shared_data};

/// Everybody by account: values by field, whether a minor, whether removed, friends.
type Everybody = BTreeMap<String, (BTreeMap<u8, Value>, bool, bool, BTreeSet<String>)>;

fn everybody(people: &People) -> Everybody {
    let view = people.view();
    let account = |number: u32| view.person(number).unwrap().account().unwrap().to_owned();
    let seen = |number: u32| {
        let person = view.person(number).unwrap();
        let mut values = BTreeMap::new();
        person.values(FieldSet::ALL, |field, value| {
            values.insert(field.number() as u8, serde_json::from_slice(value).unwrap());
        });
        let friends = person.friends().unwrap().map(account).collect();
        (account(number), (values, person.is_minor(), person.is_removed(), friends))
    };
    (0..view.people_count()).map(seen).collect()
}

fn feed(people: &People, lines: &[Value]) -> Applied {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let batches = Batches::new(text.as_bytes(), 1);
    apply(people, &default_schema(), batches, |_| ()).unwrap()
}

/// What a line says, apart from its sequence.
fn change() -> impl Strategy<Value = Value> {
    let who = || (0..8_u8).prop_map(|number| format!("p{number}"));
    let field = || proptest::sample::select(vec!["name", "work", "religion", "birthday"]);
    let value = prop_oneof![Just(Value::Null), any::<u16>().prop_map(|n| json!([n]))];
    let fields = || proptest::collection::btree_map(field(), value.clone(), 0..3);
    prop_oneof![
        (who(), fields(), any::<bool>())
            .prop_map(|(who, f, m)| json!({ "account": who, "profile": f, "minor": m })),
        (who(), fields()).prop_map(|(who, f)| json!({ "account": who, "set": f })),
        (who(), proptest::collection::vec(who(), 0..4)).prop_map(|(who, friends)| {
            let friends: Vec<_> = friends.into_iter().filter(|friend| *friend != who).collect();
            json!({ "account": who, "friends": friends })
        }),
        (who(), who()).prop_map(|(one, other)| {
            let other = if one == other { "q".to_owned() } else { other };
            json!({ "friendship": [one, other] })
        }),
        (who(), who()).prop_map(|(one, other)| {
            let other = if one == other { "q".to_owned() } else { other };
            json!({ "friendship_ended": [one, other] })
        }),
        who().prop_map(|who| json!({ "account": who, "removed": true })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn property_a_feed_that_breaks_off_and_comes_again_changes_nothing_more(
        changes in proptest::collection::vec((change(), 1..4_u64), 1..40),
        cuts in proptest::collection::vec(any::<(bool, proptest::sample::Index)>(), 0..4),
    ) {
        let mut sequence = 0;
        let mut lines = Vec::new();
        for (mut line, gap) in changes {
            sequence += gap;
            line["sequence"] = json!(sequence);
            lines.push(line);
        }
        let dir = tempfile::tempdir().unwrap();
        let once = open(&dir.path().join("once"));
        let applied = feed(&once, &lines);
        prop_assert_eq!(applied, Applied { applied: lines.len() as u64, skipped: 0, sequence });

        let path = dir.path().join("again");
        let mut again = open(&path);
        for (fold, cut) in cuts {
            feed(&again, &lines[..cut.index(lines.len() + 1)]);
            if fold {
                again.fold(&mut |_, _| ()).unwrap();
            }
            drop(again);
            again = open(&path);
        }
        let before = again.feed_sequence().unwrap();
        let Applied { applied, skipped, sequence: last } = feed(&again, &lines);
        prop_assert_eq!((applied + skipped, last), (lines.len() as u64, sequence));
        prop_assert_eq!(
            skipped, lines.iter().filter(|line| line["sequence"].as_u64() <= Some(before)).count() as u64
        );
        prop_assert_eq!(everybody(&again), everybody(&once));
        prop_assert_eq!(again.counts(), once.counts());
    }
}

/// An import of LDBC's files, and the same people as a feed, last one first.
fn assert_feed_equals_import(folder: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let imported = open(&dir.path().join("imported"));
    let schema = default_schema();
    let options = ImportOptions {
        schema: &schema,
        beginning: Preset::Default.into(),
        sequence: None,
        now: Timestamp::from_seconds(1_000),
        progress: Progress::Hidden,
    };
    import::run(&imported, &options, |batch| Kind::Ldbc.read(folder, batch)).unwrap();
    let people = everybody(&imported);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name.as_str()).collect();
    let mut lines = Vec::new();
    for ((account, (values, minor, _, friends)), sequence) in people.iter().rev().zip(1..) {
        let named =
            |(field, value): (&u8, &Value)| (names[usize::from(*field)].to_owned(), value.clone());
        let profile: serde_json::Map<_, _> = values.iter().map(named).collect();
        lines.push(json!({
            "sequence": sequence, "account": account, "profile": profile, "friends": friends,
            "minor": minor,
        }));
    }
    let fed = open(&dir.path().join("fed"));
    assert_eq!(feed(&fed, &lines).applied, people.len() as u64);
    assert_eq!(everybody(&fed), people);
    assert_eq!(fed.counts(), imported.counts());
    fed.fold(&mut |_, _| ()).unwrap();
    assert_eq!(everybody(&fed), people);
}

#[test]
fn a_few_people_are_the_same_by_feed_and_by_import() {
    let dir = tempfile::tempdir().unwrap();
    for (file, text) in [
        (
            "person_0_0.csv",
            "id|firstName|lastName|gender|birthday|creationDate|locationIP|browserUsed|language|email\n\
             11|José|Alonso|female|558921600000|1|1.2.3.4|Chrome|es;en|a@b.example\n\
             12|Chong|Zhang|male|-86400000|1|1.2.3.4|Chrome|zh|\n",
        ),
        ("person_knows_person_0_0.csv", "Person.id|Person.id|creationDate\n11|12|5\n"),
        ("person_studyAt_organisation_0_0.csv", "Person.id|Organisation.id|classYear\n"),
        ("person_workAt_organisation_0_0.csv", "Person.id|Organisation.id|workFrom\n"),
        ("person_isLocatedIn_place_0_0.csv", "Person.id|Place.id\n"),
        ("organisation_0_0.csv", "id|type|name|url\n"),
        ("place_0_0.csv", "id|name|url|type\n"),
        ("place_isPartOf_place_0_0.csv", "Place.id|Place.id\n"),
    ] {
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    assert_feed_equals_import(dir.path());
}

#[test]
fn ldbc_the_real_people_are_the_same_by_feed_and_by_import() {
    let test = "ldbc_the_real_people_are_the_same_by_feed_and_by_import";
    let Some(data) = shared_data(test) else { return };
    assert_feed_equals_import(&data.join("ldbc/sf0.003"));
}
