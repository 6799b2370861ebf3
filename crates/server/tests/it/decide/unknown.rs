//! `/decide` about accounts that Countersign has never seen: the source is asked, and whom it does not have nobody
//! enrols.

use std::fs;

use countersign_demo::world;
use countersign_http::decide::masks::Masks;
use countersign_http::decide::refusal::Code;
use countersign_http::decide::{Answers, Outcome};
use countersign_service::operations::roster::Roster;
use serde_json::{Value, json};

use crate::source::conformance::Fault;
use crate::source::http_served::world_of;
use crate::support::platform_api::{PlatformApi, Shape};
use crate::support::source_people::{Network, Somebody, VIEWER};
use crate::support::{Serving, send};

/// A text that no database has as an account.
const NOBODY: &str = "any text at all";

/// Somebody whom the platform has, and Countersign has not seen.
const NEW: &str = "newly-come";

fn decide(serving: &Serving<'_>, token: &str, friends: &[&str]) -> Outcome {
    let people: Vec<Value> = friends.iter().map(|account| json!({ "account": account })).collect();
    let question = json!({
        "token": token, "purpose": world::PURPOSE, "viewer": { "account": VIEWER },
        "request": { "method": "GET", "uri": "/platform" }, "fields": ["name"],
        "friends": { "fields": ["name"], "people": people },
    });
    let decide_token = fs::read_to_string(serving.world.directory.decide_token()).unwrap();
    let authorization = format!("Bearer {decide_token}");
    let headers = [("authorization", &*authorization), ("content-type", "application/json")];
    let body = json!({ "questions": [question] }).to_string();
    let reply = send(&serving.world.url(), "POST", "/decide", &headers, &body);
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    serde_json::from_slice::<Answers>(&reply.body).unwrap().answers.remove(0)
}

fn masks(outcome: Outcome) -> Masks {
    match outcome {
        Outcome::Masks(masks) => *masks,
        Outcome::Error(refusal) => panic!("{refusal:?}"),
    }
}

fn accounts(serving: &Serving<'_>) -> Vec<String> {
    let reply = serving.client.get("/admin/v1/people?limit=10000", &serving.admin_token()).unwrap();
    assert_eq!(reply.status, 200);
    serde_json::from_slice::<Roster>(&reply.body).unwrap().accounts
}

#[test]
fn decide_names_the_unknown_as_unknown_and_enrols_only_whom_the_source_has() {
    let mut network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api, &network);
    let token = world.token(VIEWER);
    network.people.push(Somebody::named(NEW));
    api.change(&network);
    let serving = world.serve();
    let before = accounts(&serving);

    let asked = ["bob", NOBODY, NEW, ""];
    let found = masks(decide(&serving, &token, &asked));
    assert_eq!(found.unknown, [NOBODY, ""]);
    let names: Vec<_> = found.friends.iter().map(|friend| friend.account.as_str()).collect();
    assert_eq!(names, ["bob"]);
    // Who is new begins with the settings of newcomers, which are closed to friends' devices.
    let hidden: Vec<_> = found.hidden.iter().map(|hidden| hidden.account.as_str()).collect();
    assert_eq!(hidden, [NEW]);
    assert_eq!(accounts(&serving), [before, vec![NEW.to_owned()]].concat());

    // Whom nobody can ask about, nobody enrols.
    api.fail(Some(Fault::Down));
    match decide(&serving, &token, &["bob", "somebody-else"]) {
        Outcome::Error(refusal) => assert_eq!(refusal.code, Code::Unavailable, "{refusal:?}"),
        Outcome::Masks(masks) => panic!("decided: {:?}", masks.unknown),
    }
    assert!(!accounts(&serving).contains(&"somebody-else".to_owned()));
    // Those who are known need no source.
    assert_eq!(masks(decide(&serving, &token, &["bob"])).unknown, [""; 0]);
}
