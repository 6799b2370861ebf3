//! Imports: what is read, what is refused, and that nothing is done by halves.

use std::fs;
use std::path::Path;

use countersign_demo::choices::mixed;
use countersign_demo::sample_graph;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::Handle;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_people::store::People;
use countersign_service::people::beginning::Beginning;
use countersign_service::people::import::ImportError;

use crate::support::people::{Kind, default_schema, import, open, shared_data};

fn handle(people: &People, account: &str) -> Handle {
    people.person_of_account(account).unwrap().unwrap()
}

/// What is known of somebody, apart from values.
fn glance(people: &People, account: &str) -> (FieldSet, u32, bool) {
    let view = people.view();
    let person = view.person(view.number_of(handle(people, account)).unwrap()).unwrap();
    (person.present(), person.friends_count(), person.is_minor())
}

fn fields(names: &[&str]) -> FieldSet {
    default_schema().resolve(names).unwrap()
}

/// File, line, column and what was expected.
fn malformed(error: ImportError) -> (String, u64, u64, String) {
    match error {
        ImportError::Malformed { path, line, column, expected } => {
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            (file, line, column, expected)
        }
        other => panic!("another error: {other}"),
    }
}

const THREE: &str = concat!(
    r#"{"account":"ada","profile":{"name":"Ada","religion":"Pastafarian","work":null},"friends":["bob"]}"#,
    "\n\n",
    r#"{"account":"bob","minor":true,"settings":{"friends_device":["id","name"]}}"#,
    "\r\n",
    r#"{"account":"eve","profile":{"languages":[{"id":"1","name":"Klingon"}]},"friends":["ada"]}"#,
);

fn write(dir: &Path, text: &str) -> std::path::PathBuf {
    let path = dir.join("people.jsonl");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn json_lines_become_people_and_can_come_again() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    let file = write(dir.path(), THREE);
    let report = import(Kind::Jsonl, &file, &people, Preset::Default).unwrap();
    assert_eq!((report.people, report.people_new, report.friendships), (3, 3, 2));
    assert_eq!(glance(&people, "ada"), (fields(&["id", "friends", "name", "religion"]), 2, false));
    assert_eq!(glance(&people, "bob"), (fields(&["id", "friends"]), 1, true));
    let bob = handle(&people, "bob");
    let chosen = Settings::DEFAULT.with(Route::FriendsDevice, fields(&["id", "name"]));
    assert_eq!(people.settings(bob).unwrap(), chosen);

    let again = import(Kind::Jsonl, &file, &people, Preset::Default).unwrap();
    assert_eq!((again.people, again.people_new, again.friendships), (3, 0, 2));
    assert_eq!(again.store, report.store);
    assert_eq!(handle(&people, "bob"), bob);

    // Ada and Eve are no friends any more; Bob is not in the file, and stays a friend of Ada.
    let less = write(dir.path(), "{\"account\":\"ada\"}\n{\"account\":\"eve\"}\n");
    let report = import(Kind::Jsonl, &less, &people, Preset::Default).unwrap();
    assert_eq!((report.store.people, report.store.friendships), (3, 1));
    assert_eq!(glance(&people, "ada"), (fields(&["id", "friends"]), 1, false));
    assert_eq!(glance(&people, "eve").1, 0);
    assert_eq!(glance(&people, "bob").1, 1);
}

#[test]
fn a_malformed_line_says_where_and_leaves_the_store_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    import(Kind::Jsonl, &write(dir.path(), THREE), &people, Preset::Default).unwrap();
    let before = (people.counts(), glance(&people, "ada"), people.view().image().generation());
    for (last, column, expected) in [
        (r#"{"account":"zoe""#, 16, "one line"),
        (r#"{"account":"zoe","profile":{"religoin":"x"}}"#, 38, "did you mean \"religion\"?"),
        (r#"{"account":"zoe","profile":{"id":"7"}}"#, 32, "no id and no friends"),
        (r#"{"account":"zoe","minor":"Jedi, expected"}"#, 41, "a boolean"),
        (r#"{"account":"zoe","friends":["nobody"]}"#, 29, "friends who are in this file"),
        (r#"{"account":"zoe","friends":["zoe"]}"#, 29, "friends who are other people"),
        (r#"{"account":"zoe","settings":{"my_car":[]}}"#, 37, "one of my_device"),
        (r#"{"account":"zoe","nickname":"x"}"#, 27, "one of account"),
        (r#"{"account":"ada"}"#, 1, "not come before"),
        (r#"{"profile":{}}"#, 14, "an account"),
        (r#"{"account":"zoe","account":"Jedi"}"#, 26, "every key once"),
        (r#"{"account":"zoe","settings":{},"settings":{}}"#, 41, "every key once"),
        (r#"{"account":"zoe","settings":{"my_app":["id"],"my_app":[]}}"#, 53, "every key once"),
        (r#"{"account":"zoe","profile":{"work":[{"a":1,"a":2}]}}"#, 46, "every key once"),
        (r#"{"account":"zoe","profile":{"work":"\ud800"}}"#, 43, "broken escapes"),
    ] {
        let file = write(dir.path(), &format!("{}\n{last}\n", THREE.replace("Ada", "Ida")));
        let error = import(Kind::Jsonl, &file, &people, Preset::Default).unwrap_err();
        assert!(!error.to_string().contains("Jedi"), "a value is in the error: {error}");
        let (file, line, at, what) = malformed(error);
        assert_eq!((file.as_str(), line), ("people.jsonl", 5), "{last}");
        assert_eq!(at, column, "{last}: {what}");
        assert!(what.contains(expected), "{last}: {what}");
        assert_eq!(people.person_of_account("zoe").unwrap(), None);
        let after = (people.counts(), glance(&people, "ada"), people.view().image().generation());
        assert_eq!(after, before);
    }
}

#[test]
fn presets_are_what_they_say() {
    let schema = default_schema();
    let mixed = |account: &str| {
        let choice = mixed(1).choice(&schema, account);
        assert_eq!(choice.preset, None);
        choice.settings.open(Route::FriendsDevice)
    };
    for preset in Preset::ALL {
        let choice = Beginning::from(preset).choice(&schema, "ada");
        assert_eq!((choice.settings, choice.preset), (preset.settings(&schema), Some(preset)));
    }
    let legacy = Preset::Legacy2014.settings(&schema);
    let closed = fields(&["interested_in", "religion", "political"]);
    assert_eq!(legacy.open(Route::FriendsApp), schema.all().without(closed));
    assert_eq!(legacy.open(Route::FriendsDevice), FieldSet::EMPTY);
    let sets: Vec<FieldSet> = (0..400).map(|n| mixed(&n.to_string())).collect();
    let count = |is: &dyn Fn(&FieldSet) -> bool| sets.iter().filter(|set| is(set)).count();
    assert!((60..140).contains(&count(&|set| set.is_empty())));
    assert!((120..200).contains(&count(&|set| *set == schema.all())));
    assert!(sets.iter().all(|set| set.is_empty() || set.contains(FieldId::ID)));
    assert_eq!(mixed("7"), mixed("7"));
}

/// A network as SNAP writes them, in small.
fn write_snap(dir: &Path) {
    fs::write(dir.join("facebook_combined.txt"), "0 1\r\n0 2\r\n1 2\r\n7 1\r\n").unwrap();
    let names = "0 birthday;anonymized feature 3\r\n1 education;school;id;anonymized feature 52\r\n\
                 2 gender;anonymized feature 77";
    fs::write(dir.join("0.featnames"), names).unwrap();
    fs::write(dir.join("0.egofeat"), "0 0 1\r\n").unwrap();
    fs::write(dir.join("0.feat"), "1 1 1 0\r\n2 0 0 0\r\n").unwrap();
    fs::write(dir.join("7.featnames"), "0 work;start_date;anonymized feature 9\r\n").unwrap();
    fs::write(dir.join("7.egofeat"), "0\r\n").unwrap();
    fs::write(dir.join("7.feat"), "1 1\r\n").unwrap();
}

/// The layout that a refusal names, and what it found instead.
fn layout(error: ImportError) -> (String, &'static str) {
    match error {
        ImportError::Layout { found, wanted, .. } => (found, wanted),
        other => panic!("another error: {other}"),
    }
}

#[test]
fn snap_ego_nets_in_a_folder_beside_the_network_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    let (data, nets) = (dir.path().join("data"), dir.path().join("data/facebook"));
    fs::create_dir_all(&nets).unwrap();
    write_snap(&nets);
    fs::rename(nets.join("facebook_combined.txt"), data.join("facebook_combined.txt")).unwrap();
    import(Kind::Snap, &data, &people, Preset::Default).unwrap();
    let merged = fields(&["id", "friends", "birthday", "education", "work"]);
    assert_eq!(glance(&people, "1"), (merged, 3, false));

    let other = open(&dir.path().join("other"));
    fs::create_dir(data.join("twitter")).unwrap();
    fs::write(data.join("twitter/9.circles"), "").unwrap();
    let refused = || layout(import(Kind::Snap, &data, &other, Preset::Default).unwrap_err()).0;
    assert_eq!(refused(), "there are ego nets in several folders");
    fs::remove_dir_all(data.join("twitter")).unwrap();
    fs::remove_dir_all(nets).unwrap();
    assert_eq!(refused(), "there is no ego net");
    assert_eq!(other.counts().people, 0);
}

#[test]
fn snap_an_ego_net_without_one_of_its_files_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    for missing in ["7.feat", "7.egofeat", "7.featnames"] {
        write_snap(dir.path());
        fs::write(dir.path().join("7.circles"), "circle0\t1\n").unwrap();
        fs::remove_file(dir.path().join(missing)).unwrap();
        let error = import(Kind::Snap, dir.path(), &people, Preset::Default).unwrap_err();
        let (found, wanted) = layout(error);
        assert_eq!(found, format!("there is an ego net of 7 without {missing}"));
        assert!(wanted.contains("facebook.tar.gz"), "{wanted}");
        assert_eq!(people.counts().people, 0);
    }
}

#[test]
fn snap_a_person_in_two_ego_nets_has_the_features_of_both() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    write_snap(dir.path());
    assert_eq!(sample_graph::Kind::detect(dir.path()).unwrap(), sample_graph::Kind::Snap);
    let report = import(Kind::Snap, dir.path(), &people, Preset::Default).unwrap();
    assert_eq!((report.people, report.friendships), (4, 4));
    let merged = fields(&["id", "friends", "birthday", "education", "work"]);
    assert_eq!(glance(&people, "1"), (merged, 3, false));
    assert_eq!(glance(&people, "0").0, fields(&["id", "friends", "gender"]));
}

#[test]
fn snap_malformed_files_are_refused_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    for (file, text, line, column, expected) in [
        ("facebook_combined.txt", "0 1\r\n0 x\r\n", 2, 3, "a person's number"),
        ("facebook_combined.txt", "0 1\r\n1\r\n", 2, 2, "two people's numbers"),
        ("facebook_combined.txt", "3 3\r\n", 1, 3, "another person"),
        ("0.feat", "1 1 1\r\n", 1, 6, "1 more features"),
        ("0.feat", "1 1 1 2\r\n", 1, 7, "0 or 1"),
        ("0.egofeat", "0 0 1 1\r\n", 1, 7, "the end of the line"),
        ("0.egofeat", "0 0 1\r\n0 1 0\r\n", 2, 1, "one line"),
        ("0.egofeat", "", 1, 1, "one line"),
        ("0.feat", "1 1 1 0\r\n1 0 0 0\r\n", 2, 1, "not come before in this ego net"),
        ("0.feat", "9 1 1 0\r\n", 1, 1, "a person of facebook_combined.txt"),
        ("facebook_combined.txt", "", 1, 1, "two people's numbers"),
        ("0.featnames", "0 shoe_size;anonymized feature 1\r\n", 1, 1, "27 categories"),
    ] {
        write_snap(dir.path());
        fs::write(dir.path().join(file), text).unwrap();
        let error = import(Kind::Snap, dir.path(), &people, Preset::Default).unwrap_err();
        let (at_file, at_line, at_column, what) = malformed(error);
        assert_eq!((at_file.as_str(), at_line, at_column), (file, line, column), "{what}");
        assert!(what.contains(expected), "{what}");
        assert_eq!(people.counts().people, 0);
    }
}

#[test]
fn snap_the_real_network_has_4039_people_and_88234_friendships() {
    let test = "snap_the_real_network_has_4039_people_and_88234_friendships";
    let Some(data) = shared_data(test) else { return };
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let folder = data.join("snap-facebook");
    let report = import(Kind::Snap, &folder, &people, Preset::Open).unwrap();
    assert_eq!((report.people, report.friendships), (4_039, 88_234));
    assert_eq!((report.store.people, report.store.friendships), (4_039, 88_234));
    // Person 107 has 1,045 friends, and as an ego a profile of their own.
    assert_eq!(glance(&people, "107").1, 1_045);
    let view = people.view();
    let with = |field: &str| {
        let field = fields(&[field]);
        let people = (0..4_039).filter_map(|number| view.person(number));
        people.filter(|person| field.is_within(person.present())).count()
    };
    let found = ["gender", "locale", "birthday", "religion", "political", "name"].map(with);
    assert_eq!(found, [3_955, 3_981, 1_577, 2, 2, 6]);
}

const LDBC: [(&str, &str); 8] = [
    (
        "person_0_0.csv",
        "id|firstName|lastName|gender|birthday|creationDate|locationIP|browserUsed|language|email\n\
         11|José|Alonso|female|558921600000|1|1.2.3.4|Chrome|es;en|a@b.example\n\
         12|Chong|Zhang|male|-86400000|1|1.2.3.4|Chrome|zh|\n",
    ),
    ("person_knows_person_0_0.csv", "Person.id|Person.id|creationDate\n11|12|5\n"),
    ("person_studyAt_organisation_0_0.csv", "Person.id|Organisation.id|classYear\n11|5|2008\n"),
    ("person_workAt_organisation_0_0.csv", "Person.id|Organisation.id|workFrom\n12|5|2009\n"),
    ("person_isLocatedIn_place_0_0.csv", "Person.id|Place.id\n11|1\n"),
    ("organisation_0_0.csv", "id|type|name|url\n5|company|Kam_Air|http://x.example\n"),
    ("place_0_0.csv", "id|name|url|type\n1|Madrid|http://x.example|city\n2|Spain|u|country\n"),
    ("place_isPartOf_place_0_0.csv", "Place.id|Place.id\n1|2\n"),
];

fn write_ldbc(dir: &Path) {
    for (file, text) in LDBC {
        fs::write(dir.join(file), text).unwrap();
    }
}

#[test]
fn ldbc_files_become_people() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    write_ldbc(dir.path());
    assert_eq!(sample_graph::Kind::detect(dir.path()).unwrap(), sample_graph::Kind::Ldbc);
    let report = import(Kind::Ldbc, dir.path(), &people, Preset::Default).unwrap();
    assert_eq!((report.people, report.friendships), (2, 1));
    let always = ["id", "friends", "name", "first_name", "last_name", "gender", "birthday"];
    let of = |more: &[&str]| fields(&[&always[..], &["languages"], more].concat());
    assert_eq!(glance(&people, "11").0, of(&["email", "location", "education"]));
    assert_eq!(glance(&people, "12").0, of(&["work"]));
}

#[test]
fn ldbc_malformed_files_are_refused_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    for (file, from, to, line, column, expected) in [
        ("person_0_0.csv", "558921600000", "in May", 2, 23, "milliseconds"),
        ("person_0_0.csv", "gender|", "", 1, 1, "the columns id|firstName"),
        ("person_0_0.csv", "|Chrome|zh|", "|zh|", 3, 44, "10 parts"),
        ("person_0_0.csv", "12|Chong", "11|Chong", 3, 1, "not come before"),
        ("person_knows_person_0_0.csv", "11|12", "11|13", 2, 4, "person_0_0.csv"),
        ("person_workAt_organisation_0_0.csv", "12|5", "12|6", 2, 4, "organisation_0_0.csv"),
        ("person_workAt_organisation_0_0.csv", "12|5", "13|5", 2, 1, "person_0_0.csv"),
        ("person_isLocatedIn_place_0_0.csv", "11|1\n", "11|1\n11|2\n", 3, 1, "not come before"),
        ("place_0_0.csv", "2|Spain", "1|Spain", 3, 1, "not come before"),
        // As serializers of other layouts write it, and a download of nothing.
        ("person_0_0.csv", "|language|email", "", 1, 1, "CsvComposite with LongDateFormatter"),
        ("person_knows_person_0_0.csv", LDBC[1].1, "", 1, 1, "the columns Person.id|Person.id"),
    ] {
        write_ldbc(dir.path());
        let text = fs::read_to_string(dir.path().join(file)).unwrap();
        assert!(text.contains(from));
        fs::write(dir.path().join(file), text.replace(from, to)).unwrap();
        let error = import(Kind::Ldbc, dir.path(), &people, Preset::Default).unwrap_err();
        let (at_file, at_line, at_column, what) = malformed(error);
        assert_eq!((at_file.as_str(), at_line, at_column), (file, line, column), "{what}");
        assert!(what.contains(expected), "{what}");
        assert_eq!(people.counts().people, 0);
    }
}

#[test]
fn ldbc_a_folder_of_another_layout_is_refused_with_the_one_that_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(&dir.path().join("people"));
    write_ldbc(dir.path());
    let refused = |expected: &str| {
        let error = import(Kind::Ldbc, dir.path(), &people, Preset::Default).unwrap_err();
        let (found, wanted) = layout(error);
        assert_eq!(found, expected);
        assert!(wanted.contains("CsvComposite") && wanted.contains("static/ and dynamic/"));
        assert_eq!(people.counts().people, 0);
    };
    // What a generator with two threads writes: half of the friendships are in the second part.
    let part = dir.path().join("person_knows_person_1_0.csv");
    fs::write(&part, LDBC[1].1).unwrap();
    refused("person_knows_person_1_0.csv goes on with person_knows_person_0_0.csv");
    fs::remove_file(part).unwrap();
    fs::create_dir(dir.path().join("static")).unwrap();
    fs::rename(dir.path().join("place_0_0.csv"), dir.path().join("static/place_0_0.csv")).unwrap();
    refused("there is no place_0_0.csv");
}

#[test]
fn ldbc_the_real_files_have_222_people_and_825_friendships() {
    let test = "ldbc_the_real_files_have_222_people_and_825_friendships";
    let Some(data) = shared_data(test) else { return };
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let report = import(Kind::Ldbc, &data.join("ldbc/sf0.003"), &people, Preset::Default).unwrap();
    assert_eq!((report.people, report.friendships), (222, 825));
}
