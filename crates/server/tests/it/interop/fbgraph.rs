//! A client that we did not write: npm's fbgraph 1.4.4, which sends token and `appsecret_proof` in the
//! query. The program is `testdata/interop/node/fbgraph.js`.

use std::collections::BTreeSet;

use countersign_demo::world::CLIENT;
use serde_json::{Value, json};

use crate::support::foreign::{friends, granted, node};
use crate::support::village;

fn asked(url: &str, token: &str, secret: Option<&str>) -> Value {
    json!({ "url": url, "token": token, "secret": secret, "fields": "id,name,work", "limit": 5 })
}

#[test]
fn interop_fbgraph_proves_its_secret_on_every_page() {
    let world = village::founded();
    let visible = village::visible();
    let visible: Vec<&str> = visible.iter().map(String::as_str).collect();
    let expected: BTreeSet<_> = world.ids_toward("aurora", &visible).into_iter().collect();
    let secret = world.client_secret(CLIENT);
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    world.configure("require_appsecret_proof = false", "require_appsecret_proof = true");
    let serving = world.serve();
    let found = node("fbgraph.js", &asked(&world.url(), &token, Some(&secret)));
    assert_eq!(found["me"]["id"], ada.as_str(), "{found}");
    assert_eq!(found["me"]["name"], village::value("name", village::VIEWER));
    assert_eq!(friends(&found), expected);
    assert!(granted(&found).contains("friends_work_history"));
    assert_eq!(found["token"]["user_id"], ada.as_str());
    assert_eq!(found["token"]["application"], CLIENT);
    world.verified(serving.head());
}

#[test]
fn interop_fbgraph_asks_several_things_at_once_and_proves_its_secret_once() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    let friend = world.id(&village::open(1));
    world.configure("require_appsecret_proof = false", "require_appsecret_proof = true");
    let serving = world.serve();
    let with = |name: &str, value: Value, secret: Option<&str>| {
        let mut asked = asked(&world.url(), &token, secret);
        asked[name] = value;
        node("fbgraph.js", &asked)
    };
    let operations = json!([
        { "method": "GET", "relative_url": "me?fields=name" },
        { "method": "GET", "relative_url": "me/permissions/email" },
        { "method": "GET", "relative_url": format!("debug_token?input_token={token}") },
        { "method": "GET", "relative_url": "me?appsecret_proof=0" },
        { "method": "GET", "relative_url": "me/photos" },
    ]);
    let head = serving.head();
    let found = with("operations", operations.clone(), Some(&secret));
    let answers = found["batch"].as_array().unwrap_or_else(|| panic!("{found}"));
    let codes: Vec<_> = answers.iter().map(|answer| answer["code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [200, 200, 200, 400, 400], "{found}");
    let body = |place: usize| -> Value {
        serde_json::from_str(answers[place]["body"].as_str().unwrap()).unwrap()
    };
    assert_eq!(body(0)["name"], village::value("name", village::VIEWER));
    assert_eq!(body(1), json!({ "data": [{ "permission": "email", "status": "granted" }] }));
    assert_eq!(body(2)["data"]["user_id"], ada.as_str());
    assert_eq!((&body(3)["error"]["code"], &body(4)["error"]["code"]), (&json!(100), &json!(2500)));
    assert_eq!(serving.head(), head + 2, "the profile, and whose the token is");
    let unproved = with("operations", operations, None);
    for answer in unproved["batch"].as_array().unwrap() {
        assert_eq!(answer["code"], 400, "{answer}");
    }
    let people = with("ids", json!([ada, friend]), Some(&secret));
    assert_eq!(people[&friend]["name"], village::value("name", &village::open(1)), "{people}");
    world.verified(serving.head());
}

#[test]
fn interop_fbgraph_understands_our_errors() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let token = world.token(village::VIEWER);
    world.configure("require_appsecret_proof = false", "require_appsecret_proof = true");
    let _serving = world.serve();
    let raised = |token: &str, secret| {
        node("fbgraph.js", &asked(&world.url(), token, secret))["raised"].take()
    };
    for (secret, message) in [
        (Some("wrong"), "Invalid appsecret_proof provided in the API argument"),
        (None, "API calls from the server require an appsecret_proof argument"),
    ] {
        let expected = json!({ "type": "GraphMethodException", "code": 100, "message": message });
        assert_eq!(raised(&token, secret), expected);
    }
    let message = "The access token could not be decrypted";
    let expected = json!({ "type": "OAuthException", "code": 190, "message": message });
    assert_eq!(raised("bogus", Some(&secret)), expected);
}
