//! A whole server in front of a platform's HTTP API; the API looked at by `check`; and real people behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::preset::Preset;
use countersign_log::Log;
use countersign_people::store::People;
use countersign_service::clock;
use countersign_source::http::{EndpointCheck, Report, check};
use countersign_source::image::ImageSource;
use countersign_source::{Question, Source};
use serde_json::Value;

use crate::faults::restored;
use crate::source::conformance::{Fault, everything_open};
use crate::source::http::{base_url, config, source, write_mapping};
use crate::support::people::{self, Kind, default_schema, shared_data};
use crate::support::platform_api::{PlatformApi, Shape};
use crate::support::source_opened::{Seen, open};
use crate::support::source_people::{ALONE, Network, Somebody, VIEWER, quoted};
use crate::support::{World, finish, ids, program};

const QUESTION: &str = "/v3.0/me?fields=id,name,work,friends.limit(100){id,name,work}";

/// A world whose people are behind this API, all of them known already.
pub(crate) fn world_of(api: &PlatformApi, network: &Network) -> World {
    let world = World::founded();
    write_mapping(world.path(), &base_url(api.address), None);
    let source = "[source.http]\nmapping = \"mapping.toml\"\ntimeout_ms = 3000\nretries = 1\n\
                  [source.http.breaker]\nfailures = 1000\nquestions_min = 1000\n\n[graph]";
    world.configure("kind = \"image\"", "kind = \"http\"");
    world.configure("\n[graph]", &format!("\n{source}"));
    let accounts = network.people.iter().map(|somebody| somebody.account.as_str());
    world.people().enrol(accounts, everything_open()).unwrap();
    world
}

#[test]
fn a_server_in_front_of_an_api_answers_and_logs() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api, &network);
    let token = world.token(VIEWER);
    let friends = network.friends_of(VIEWER);
    let mut expected: Vec<_> = world.ids_toward("aurora", &friends);
    expected.sort();
    let serving = world.serve();
    let before = serving.disclosures();
    let answer = serving.read(QUESTION, &token);
    assert_eq!(ids(&answer["friends"]), expected);
    assert_eq!(answer["work"][""]["a/b"]["~"][2]["\u{1}"], "");
    assert_eq!(answer["name"], "Ada \"the Countess\" O'Neil \\ /");
    assert_eq!(serving.disclosures(), before + 1);
    serving.open_to_friends_devices("bob", &[]);
    assert_eq!(ids(&serving.read(QUESTION, &token)["friends"]).len(), friends.len() - 1);
    let metrics = serving.metrics();
    assert!(metrics.contains("countersign_source_questions_total 2\n"), "{metrics}");
    assert!(metrics.contains("countersign_source_breaker 0\n"), "{metrics}");
    assert!(!metrics.contains("ada") && !metrics.contains("bob"), "{metrics}");
    world.verified(serving.head());
}

#[test]
fn a_canary_behind_an_api_has_values_of_its_own_like_any() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api, &network);
    let (token, bob) = (world.token(VIEWER), world.id("bob"));
    let serving = world.serve();
    let names = || {
        let friends = serving.read(QUESTION, &token)["friends"]["data"].clone();
        let name = |one: &Value| (one["id"].to_string(), one["name"].clone());
        friends.as_array().unwrap().iter().map(name).collect::<BTreeMap<_, _>>()
    };
    let before = names();
    assert!(
        finish(program(&["audit", "canary", "create"]).arg("--dir").arg(world.path()).arg("bob"))
            .status
            .success()
    );
    std::thread::sleep(Duration::from_millis(3_100));
    let after = names();
    let bob = Value::from(bob).to_string();
    let changed: Vec<_> = after.keys().filter(|id| before[*id] != after[*id]).collect();
    assert_eq!(changed, [&bob]);
    let name = after[&bob].as_str().unwrap();
    let found =
        finish(program(&["audit", "canary", "find"]).arg("--dir").arg(world.path()).arg(name));
    let said = String::from_utf8_lossy(&found.stdout);
    assert!(said.starts_with("aurora was given this as name of the canary bob"), "{said}");
    let last = serving.head() - 1;
    assert!(said.contains(&format!("  entry {last}  ")), "{last}: {said}");
}

#[test]
fn a_source_that_fails_releases_nothing_and_leaves_no_entry() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api, &network);
    let (token, alone) = (world.token(VIEWER), world.token(ALONE));
    let serving = world.serve();
    serving.read(QUESTION, &token);
    let before = serving.disclosures();
    let refused = |token: &str, what: &str, expected: (u16, u32)| {
        let reply = serving.get(QUESTION, token);
        let body = reply.json().unwrap();
        let (status, code) = expected;
        assert_eq!(
            (reply.status, &body["error"]["code"]),
            (status, &Value::from(code)),
            "{what}: {body}"
        );
        assert_eq!(serving.disclosures(), before, "{what}");
    };
    for fault in Fault::ALL {
        // What may be over the next moment is worth another try, and what somebody has to mend is not.
        let expected = match fault {
            Fault::Down | Fault::Slow | Fault::Truncated => (503, 2),
            Fault::WrongForm | Fault::AnotherViewer => (500, 1),
            // These are of friends.
            Fault::UnsoundValue | Fault::PersonTwice | Fault::OwnFriend => continue,
        };
        api.fail(Some(fault));
        refused(&token, &format!("{fault:?}"), expected);
        api.fail(None);
    }
    // The platform does not know them any more, and Countersign still does.
    let mut without = network.clone();
    without.people.retain(|somebody| somebody.account != ALONE);
    api.change(&without);
    refused(&alone, "a viewer who left", (400, 190));
    let whole = serving.read(QUESTION, &token);
    assert_eq!(serving.disclosures(), before + 1);
    // A record of one friend that cannot be leaves that one out, and the operator is told.
    api.fail(Some(Fault::OwnFriend));
    assert_eq!(ids(&serving.read(QUESTION, &token)["friends"]), ids(&whole["friends"]));
    let counted = "countersign_source_friends_left_out_total 1\n";
    assert!(serving.metrics().contains(counted), "{}", serving.metrics());
    let said = serving.said();
    assert!(said.contains("friends were left out of an answer"), "{said}");
    assert!(said.contains("source of people"), "the operator is told why: {said}");
    for private in
        ["users/ada", "the name of", "Countess", "person-1", crate::support::platform_api::TOKEN]
    {
        assert!(!said.contains(private), "{private}: {said}");
    }
}

#[test]
fn a_mapping_that_is_wrong_stops_the_start_and_says_where() {
    let network = Network::default();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api, &network);
    let path = world.path().join("mapping.toml");
    let text = fs::read_to_string(&path).unwrap();
    world.assert_checks();
    let line = text.lines().position(|line| line.starts_with("gender")).unwrap() + 1;
    fs::write(&path, text.replacen("gender =", "gendre =", 1)).unwrap();
    let expected = format!(
        "mapping.toml:{line}:1: fields.gendre: there is no field \"gendre\"; did you mean \"gender\"?"
    );
    restored::assert_refused(&world, &[&expected]);
    fs::remove_file(&path).unwrap();
    restored::assert_refused(&world, &["mapping.toml"]);
}

fn checked(api: &PlatformApi, account: &str, change: impl Fn(&str) -> String) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let mapping = write_mapping(folder.path(), &base_url(api.address), None);
    let text = fs::read_to_string(&mapping).unwrap();
    fs::write(&mapping, change(&text)).unwrap();
    let (settings, schema) = (config(mapping), default_schema());
    let checking = check(&settings, folder.path(), &schema, account, clock::now);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(checking).unwrap()
}

#[test]
fn a_check_says_endpoint_by_endpoint_what_is_missing() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let same = |text: &str| text.to_owned();
    let report = checked(&api, VIEWER, same);
    assert!(report.fits(), "{report}");
    let checks = &report.endpoints;
    let endpoints: Vec<_> = checks.iter().map(|check| check.endpoint.as_str()).collect();
    assert_eq!(
        endpoints,
        ["/users/{account}", "/users/{account}/friends", "/users?ids={accounts}"]
    );
    let there = |check: &EndpointCheck| {
        let there = check.fields.iter().filter(|field| field.is_there);
        there.map(|field| field.name.clone()).collect::<BTreeSet<_>>()
    };
    let expected: BTreeSet<_> = network.find(VIEWER).unwrap().present().into_keys().collect();
    assert_eq!(there(&checks[0]), expected);
    assert_eq!(checks[1].found, ["a list of 37 friends"]);
    assert_eq!(checks[2].found, ["37 of 37 friends"]);
    let printed = format!("{}\n{report}", serde_json::to_string(&report).unwrap());
    assert!(!printed.contains("Countess") && !printed.contains("person-1"), "{printed}");
    for line in [
        "GET /users/{account}\n  ok       status 200, application/json; charset=utf-8",
        "\n  warning  religion: the example has no value\n",
        "\n  ok       37 of 37 friends\n",
    ] {
        assert!(printed.contains(line), "{printed}");
    }

    let moved = |text: &str| text.replacen("list = \"/data\"", "list = \"/items\"", 1);
    let moved = checked(&api, VIEWER, moved).endpoints;
    let problem = moved[1].problem.as_ref().unwrap();
    assert!(problem.ends_with("there is no list of friends where the mapping has it"), "{problem}");
    assert!(moved[2].problem.is_some());
    let nobody = checked(&api, "nobody", same).endpoints;
    assert_eq!(nobody[0].status, Some(404));
    assert!(!nobody[0].is_sound());
    let lost = checked(&api, VIEWER, |text| text.replacen("/profile/name", "/profile/nome", 1));
    assert!(!there(&lost.endpoints[0]).contains("name"), "{lost}");
    api.fail(Some(Fault::Down));
    let down = checked(&api, VIEWER, same);
    assert!(!down.fits() && down.endpoints.iter().all(|check| !check.is_sound()), "{down}");
}

/// The people of a benchmark, as a platform's API would serve them.
fn ldbc(folder: &Path) -> Network {
    let rows = |file: &str| {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        let rows = text.lines().skip(1).map(|line| line.split('|').map(str::to_owned).collect());
        rows.collect::<Vec<Vec<String>>>()
    };
    let person = |row: &Vec<String>| {
        let mut somebody = Somebody { account: row[0].clone(), ..Somebody::default() };
        let name = format!("{} {}", row[1], row[2]);
        let values =
            [("name", &name), ("first_name", &row[1]), ("last_name", &row[2]), ("gender", &row[3])];
        somebody.values = values.map(|(field, value)| (field.to_owned(), quoted(value))).into();
        somebody
    };
    Network {
        people: rows("person_0_0.csv").iter().map(person).collect(),
        friendships: rows("person_knows_person_0_0.csv")
            .into_iter()
            .map(|row| (row[0].clone(), row[1].clone()))
            .collect(),
    }
}

async fn asked(source: &Source, store: &People, log: &Log, account: &str) -> Vec<Seen> {
    let partner = Identifier::parse("aurora").unwrap();
    let viewer = store.person_of_account(account).unwrap().unwrap();
    let (viewer_fields, friend_fields) = (FieldSet::ALL, Some(FieldSet::ALL));
    let question = Question { viewer, partner: &partner, viewer_fields, friend_fields };
    open(source.ask(&question).await.unwrap(), store, log).await
}

/// What both sources have, in no order: ids differ, since the stores do.
fn facts(seen: &[Seen], fields: &[&str]) -> BTreeSet<(String, Vec<Option<String>>)> {
    let values = |one: &Seen| fields.iter().map(|field| one.values.get(*field).cloned()).collect();
    seen.iter().map(|one| (one.account.clone(), values(one))).collect()
}

#[test]
fn ldbc_people_behind_an_api_are_those_of_the_image() {
    let Some(data) = shared_data("ldbc_people_behind_an_api_are_those_of_the_image") else {
        return;
    };
    let folder = data.join("ldbc/sf0.003");
    let network = ldbc(&folder);
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = World::founded();
    let (image_store, log) = (world.people(), world.log());
    people::import(Kind::Ldbc, &folder, &image_store, Preset::Open).unwrap();
    let image = Source::Image(ImageSource::new(Arc::clone(&image_store)));
    let own = tempfile::tempdir().unwrap();
    let store = Arc::new(people::open(&own.path().join("people")));
    let mapping = write_mapping(own.path(), &base_url(api.address), None);
    let http = Source::Http(source(&config(mapping), own.path(), &store));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut friends_count = 0;
    for somebody in &network.people {
        let account = &somebody.account;
        store.enrol([account.as_str()], everything_open()).unwrap();
        let from_image = runtime.block_on(asked(&image, &image_store, &log, account));
        let from_api = runtime.block_on(asked(&http, &store, &log, account));
        let fields = ["name", "first_name", "last_name", "gender"];
        assert_eq!(facts(&from_api, &fields), facts(&from_image, &fields), "{account}");
        friends_count += from_api.len() - 1;
    }
    assert_eq!((network.people.len(), friends_count), (222, 2 * 825));
}
