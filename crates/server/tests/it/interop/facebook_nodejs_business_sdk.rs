//! A client that we did not write: npm's facebook-nodejs-business-sdk 24.0.1, unmodified but for its host.
//! The program is `testdata/interop/node/business_sdk.js`.

use std::collections::BTreeSet;

use countersign_demo::world::{BUILD, CLIENT, PURPOSE};
use countersign_domain::time::Timestamp;
use countersign_service::clock;
use serde_json::{Value, json};

use crate::support::foreign::{friends, granted, node};
use crate::support::village;

fn asked(url: &str, token: &str) -> Value {
    json!({ "url": url, "token": token, "fields": "id,name,work", "limit": 4 })
}

#[test]
fn interop_facebook_nodejs_business_sdk_reads_with_objects_and_cursors() {
    let world = village::founded();
    let visible = village::visible();
    let visible: Vec<&str> = visible.iter().map(String::as_str).collect();
    let expected: BTreeSet<_> = world.ids_toward("aurora", &visible).into_iter().collect();
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    world.configure("calls_per_hour = 0", "calls_per_hour = 100");
    let serving = world.serve();
    let found = node("business_sdk.js", &asked(&world.url(), &token));
    assert_eq!(found["me"]["id"], ada.as_str(), "{found}");
    assert_eq!(found["me"]["work"], village::value("work", village::VIEWER));
    assert_eq!(friends(&found), expected);
    assert!(granted(&found).contains("user_work_history"));
    assert_eq!(found["app"], CLIENT);
    // The profile, four pages, and the permissions twice.
    assert_eq!(found["usage"]["call_count"], 7);
    world.verified(serving.head());
}

#[test]
fn interop_facebook_nodejs_business_sdk_asks_several_things_at_once() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    world.configure("calls_per_hour = 0", "calls_per_hour = 4");
    let serving = world.serve();
    let mut asked = asked(&world.url(), &token);
    asked["operations"] = json!([
        { "path": ["me"], "parameters": { "fields": "id,name" } },
        { "path": ["me", "friends"], "parameters": { "limit": 2 } },
        { "path": ["me", "permissions"], "parameters": {} },
        { "path": ["me", "photos"], "parameters": {} },
    ]);
    let found = node("business_sdk.js", &asked);
    let answers = found["batch"].as_array().unwrap_or_else(|| panic!("{found}"));
    assert_eq!(answers[0]["body"]["name"], village::value("name", village::VIEWER));
    assert_eq!(answers[1]["body"]["data"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(answers[2]["body"]["data"][0]["status"], "granted");
    assert_eq!(answers[3]["error"]["code"], 2500, "{found}");
    // Each operation is a call, so the hour is used up.
    asked["operations"] = json!([{ "path": ["me"], "parameters": {} }]);
    let found = node("business_sdk.js", &asked);
    assert_eq!(found["batch"][0]["error"]["code"], 4, "{found}");
    world.verified(serving.head());
}

#[test]
fn interop_facebook_nodejs_business_sdk_understands_our_errors() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let two_hours_ago = Timestamp::from_seconds(clock::now().seconds() - 7_200);
    let expired = world.token_of(BUILD, PURPOSE, village::VIEWER, two_hours_ago);
    world.configure("calls_per_hour = 0", "calls_per_hour = 1");
    let serving = world.serve();
    let raised =
        |token: &str| node("business_sdk.js", &asked(&world.url(), token))["raised"].take();
    let found = raised(&expired);
    assert_eq!((&found["status"], &found["code"]), (&json!(400), &json!(190)), "{found}");
    assert_eq!((&found["type"], &found["subcode"]), (&json!("OAuthException"), &json!(463)));
    assert_eq!(found["name"], "FacebookRequestError");
    let challenge = found["challenge"].as_str().unwrap();
    assert!(challenge.starts_with(r#"OAuth "Facebook Platform" "invalid_token" "Error vali"#));
    let found = raised(&token);
    assert_eq!((&found["status"], &found["code"]), (&json!(403), &json!(4)), "{found}");
    serving.stop();
}
