//! A client that we did not write: PyPI's python-facebook-api 0.24.0, as a partner's server uses it. The
//! program is `testdata/interop/python/read_own.py`.

use std::collections::BTreeSet;

use countersign_demo::world::{BUILD, CLIENT, PURPOSE};
use countersign_domain::time::Timestamp;
use countersign_service::clock;
use serde_json::{Value, json};

use crate::support::foreign::{friends, granted, python};
use crate::support::village;

const FIELDS: &str = "id,name,birthday,work";

fn asked(url: &str, secret: &str, token: &str) -> Value {
    json!({
        "url": url,
        "client": CLIENT,
        "secret": secret,
        "token": token,
        "fields": FIELDS,
        "limit": 3,
    })
}

#[test]
fn interop_pyfacebook_gets_and_explains_tokens_and_pages_through_all_friends() {
    let world = village::founded();
    let visible = village::visible();
    let visible: Vec<&str> = visible.iter().map(String::as_str).collect();
    let expected: BTreeSet<_> = world.ids_toward("aurora", &visible).into_iter().collect();
    let secret = world.client_secret(CLIENT);
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    world.configure("calls_per_hour = 0", "calls_per_hour = 50");
    world.configure("require_appsecret_proof = false", "require_appsecret_proof = true");
    let serving = world.serve();
    let found = python("read_own.py", &asked(&world.url(), &secret, &token));
    assert_eq!(found["me"]["id"], ada.as_str(), "{found}");
    assert_eq!(found["me"]["work"], village::value("work", village::VIEWER));
    assert_eq!(friends(&found), expected);
    let scopes = found["token"]["scopes"].as_array().unwrap();
    let scopes: BTreeSet<_> = scopes.iter().map(|s| s.as_str().unwrap().to_owned()).collect();
    assert_eq!(granted(&found), scopes);
    assert!(scopes.contains("friends_work_history"));
    assert_eq!(found["exchanged"]["token_type"], "bearer");
    assert_eq!(found["token"]["app_id"], CLIENT);
    assert_eq!(found["token"]["user_id"], ada.as_str());
    assert_eq!(found["token"]["is_valid"], true);
    assert_eq!(found["bogus"]["is_valid"], false);
    // App token, exchange, the profile, six pages and the permissions; two percent each.
    assert_eq!(found["used"], 20, "the library reads how much of the hour is used");
    world.verified(serving.head());
}

#[test]
fn interop_pyfacebook_reads_several_people_at_once() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let people = [village::VIEWER.to_owned(), village::open(1), village::open(2)];
    let ids = people.each_ref().map(|account| world.id(account));
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let mut asked = asked(&world.url(), &secret, &token);
    asked["ids"] = json!(ids);
    let found = python("read_own.py", &asked);
    assert_eq!(found.as_object().unwrap().len(), 3, "{found}");
    for (account, id) in people.iter().zip(&ids) {
        assert_eq!(found[id]["work"], village::value("work", account));
    }
    world.verified(serving.head());
}

#[test]
fn interop_pyfacebook_understands_our_errors() {
    let world = village::founded();
    let secret = world.client_secret(CLIENT);
    let token = world.token(village::VIEWER);
    let two_hours_ago = Timestamp::from_seconds(clock::now().seconds() - 7_200);
    let expired = world.token_of(BUILD, PURPOSE, village::VIEWER, two_hours_ago);
    let serving = world.serve();
    let raised = |secret: &str, token: &str| {
        python("read_own.py", &asked(&world.url(), secret, token))["raised"].take()
    };
    let error = |code: u32, subcode: Value, message: &str| json!({ "type": "OAuthException", "code": code, "subcode": subcode, "message": message });
    let wrong = error(1, Value::Null, "Error validating client secret.");
    assert_eq!(raised("wrong", &token), wrong);
    let message = "Error validating access token: Session has expired.";
    assert_eq!(raised(&secret, &expired), error(190, json!(463), message));
    let message = "The access token could not be decrypted";
    assert_eq!(raised(&secret, "bogus"), error(190, Value::Null, message));
    serving.suspend();
    let message = "(#10) This client is suspended.";
    assert_eq!(raised(&secret, &token), error(10, Value::Null, message));
}
