//! People of whom only the platform knows yet, with a source that is not the image: they sign in, choose and
//! are read before anybody imported them.

use countersign_demo::client::Reply;
use countersign_demo::world::{BUILD, PURPOSE};
use serde_json::{Value, json};

use crate::source::conformance::Fault;
use crate::source::http::{base_url, write_mapping};
use crate::support::platform_api::{PlatformApi, Shape};
use crate::support::postgres::said;
use crate::support::source_people::{ALONE, Network, STRANGER, VIEWER};
use crate::support::{Serving, World, ids, program, send};

const READ: &str = "/v3.0/me?fields=id,name,friends.limit(100){id,name}";

/// A world in which nobody is known, in front of this API.
fn world_of(api: &PlatformApi) -> World {
    let world = World::founded();
    write_mapping(world.path(), &base_url(api.address), None);
    let source = "new_people = \"open\"\n[source.http]\nmapping = \"mapping.toml\"\nretries = 0\n\
                  [source.http.breaker]\nfailures = 1000\nquestions_min = 1000";
    world.configure("kind = \"image\"", "kind = \"http\"");
    world.configure("new_people = \"default\"", source);
    world
}

fn called(serving: &Serving<'_>, method: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let body = if method == "GET" { String::new() } else { body.to_string() };
    send(&serving.world.url(), method, path, &headers, &body)
}

/// Every call that names an account, for this one; the status of each.
fn statuses(serving: &Serving<'_>, account: &str) -> [u16; 4] {
    let wanted = json!({ "account": account, "build": BUILD, "purpose": PURPOSE });
    let settings = format!("/admin/v1/people/{account}/settings");
    let closed = json!({ "friends_device": [] });
    [
        called(serving, "POST", "/login", &wanted),
        called(serving, "POST", "/admin/v1/tokens", &wanted),
        called(serving, "GET", &settings, &Value::Null),
        called(serving, "PUT", &settings, &closed),
    ]
    .map(|reply| reply.status)
}

#[test]
fn who_is_new_signs_in_reads_new_friends_and_is_obeyed() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api);
    let friends = network.friends_of(VIEWER);
    let serving = world.serve();
    // Chosen before anybody asked: the friend's name is in no answer from the first one on.
    serving.open_to_friends_devices("007", &["id"]);
    let token = serving.token(VIEWER);
    let first = serving.read(READ, &token);
    assert_eq!(ids(&first["friends"]).len(), friends.len());
    let with_name = |answer: &Value| {
        let people = answer["friends"]["data"].as_array().unwrap().iter();
        people.filter(|person| person.get("name").is_some()).count()
    };
    // One of them has none.
    assert_eq!(with_name(&first), friends.len() - 2);
    serving.open_to_friends_devices("bob", &[]);
    let second = serving.read(READ, &token);
    assert_eq!(ids(&second["friends"]).len(), friends.len() - 1);
    assert_eq!(with_name(&second), friends.len() - 3);
    let login = json!({ "account": ALONE, "build": BUILD, "purpose": PURPOSE });
    let signed_in = called(&serving, "POST", "/login", &login).json().unwrap();
    let alone = serving.read(READ, signed_in["access_token"].as_str().unwrap());
    assert!(alone.get("friends").is_none_or(|friends| ids(friends).is_empty()), "{alone}");
    drop(serving);
    // Nobody is enrolled of whom nothing was asked.
    assert_eq!(world.people().person_of_account(STRANGER).unwrap(), None);
    world.assert_checks();
}

#[test]
fn whom_the_platform_does_not_know_is_unknown_and_a_platform_that_fails_is_a_clear_error() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api);
    let serving = world.serve();
    let long = "x".repeat(300);
    for nobody in ["nobody", &long] {
        assert_eq!(statuses(&serving, nobody), [404; 4]);
    }
    assert_eq!(statuses(&serving, VIEWER), [200; 4]);
    for (fault, status) in [(Fault::Down, 503), (Fault::Truncated, 503), (Fault::WrongForm, 500)] {
        api.fail(Some(fault));
        assert_eq!(statuses(&serving, STRANGER), [status; 4], "{fault:?}");
        // Who is known already is no question to the platform.
        assert_eq!(statuses(&serving, VIEWER), [200; 4], "{fault:?}");
        let path = format!("/admin/v1/people/{STRANGER}/settings");
        let told = called(&serving, "GET", &path, &Value::Null).json().unwrap();
        let told = told["error"].as_str().unwrap();
        assert!(told.contains("is not known here yet"), "{told}");
        assert_eq!(told.contains("try again"), status == 503, "{told}");
        assert!(!told.contains(STRANGER), "{told}");
        // What cannot be granted to anybody is said without asking the platform.
        let wanted = json!({ "account": STRANGER, "build": "none@1", "purpose": PURPOSE });
        assert_eq!(called(&serving, "POST", "/admin/v1/tokens", &wanted).status, 404);
        api.fail(None);
    }
    drop(serving);
    let people = world.people();
    assert_eq!(people.counts().people, 1);
    drop(people);
}

#[test]
fn commands_meet_new_people_without_a_server() {
    let network = Network::of_all_kinds();
    let api = PlatformApi::start(&network, Shape::Listed);
    let world = world_of(&api);
    let token_of = |account: &str| {
        let mut command = program(&["people", "token"]);
        command.arg("--dir").arg(world.path()).args(["--account", account]);
        said(command.args(["--build", BUILD, "--purpose", PURPOSE]))
    };
    let close = |account: &str| {
        let mut command = program(&["people", "settings"]);
        said(command.arg("--dir").arg(world.path()).args([account, "--close", "friends_device"]))
    };
    let (is_made, token) = token_of(VIEWER);
    assert!(is_made, "{token}");
    let (is_closed, text) = close("bob");
    assert!(is_closed && text.contains("friends_device  nothing"), "{text}");
    for (is_made, text) in [token_of("nobody"), close("nobody")] {
        assert!(!is_made && text.contains("there is no such account"), "{text}");
    }
    let serving = world.serve();
    let answer = serving.read(READ, token.trim());
    assert_eq!(ids(&answer["friends"]).len(), network.friends_of(VIEWER).len() - 1);
    drop(serving);
    api.fail(Some(Fault::Down));
    for (is_made, text) in [token_of(STRANGER), close(STRANGER)] {
        assert!(!is_made && text.contains("countersign source check"), "{text}");
    }
    assert!(close("bob").0, "who is known is no question to the platform");
}
