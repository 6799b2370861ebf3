//! A client that we did not write: PyPI's facebook-sdk 3.1.0, unmodified but for its host. The program
//! is `testdata/interop/python/read_friends.py`.

use std::collections::BTreeSet;

use countersign_demo::world::{BUILD, PURPOSE};
use countersign_domain::identifier::Identifier;
use countersign_domain::preset::Preset;
use countersign_domain::time::Timestamp;
use countersign_service::clock;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::foreign::{friends, python};
use crate::support::people::{Kind, shared_data};
use crate::support::village;

const FIELDS: &str = "id,name,birthday,hometown,location,work,education";

/// What the library finds at this address with this token.
fn read(url: &str, token: &str, limit: u32) -> Value {
    let asked = json!({ "url": url, "token": token, "fields": FIELDS, "limit": limit });
    python("read_friends.py", &asked)
}

#[test]
fn interop_facebook_sdk_reads_a_profile_and_pages_through_all_friends() {
    let world = village::founded();
    let visible = village::visible();
    let visible: Vec<&str> = visible.iter().map(String::as_str).collect();
    let expected: BTreeSet<_> = world.ids_toward("aurora", &visible).into_iter().collect();
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    let serving = world.serve();
    let before = serving.head();
    for (limit, pages) in [(1, 16), (3, 6), (8, 2), (16, 1), (400, 1)] {
        let begun = serving.head();
        let found = read(&world.url(), &token, limit);
        assert_eq!(found["me"]["id"], ada.as_str());
        assert_eq!(found["me"]["name"], village::value("name", village::VIEWER));
        assert_eq!(found["me"]["work"], village::value("work", village::VIEWER));
        assert_eq!(friends(&found), expected, "pages of {limit}");
        assert_eq!(found["again"], found["friends"][0]);
        assert_eq!(found["version"], "3.0");
        // One entry for the profile, one for the friend; the library asks for its version without fields.
        assert_eq!(serving.head() - begun, pages + 3, "pages of {limit}");
    }
    let leaves = world.verified(serving.head());
    assert!(leaves.len() as u64 > before + 26);
}

#[test]
fn interop_facebook_sdk_understands_our_errors() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let two_hours_ago = Timestamp::from_seconds(clock::now().seconds() - 7_200);
    let expired = world.token_of(BUILD, PURPOSE, village::VIEWER, two_hours_ago);
    let name = |text: &str| Identifier::parse(text).unwrap();
    let unknown = world.tokens().mint(
        &name("aurora-home"),
        &name(BUILD),
        countersign_people::store::GrantId([7; 16]),
        clock::now(),
    );
    let serving = world.serve();
    for (token, code, subcode, message) in [
        (expired.as_str(), 190, json!(463), "Session has expired"),
        (&unknown.unwrap(), 190, json!(466), "invalidated explicitly"),
        ("no-token", 190, Value::Null, "could not be decrypted"),
    ] {
        let found = read(&world.url(), token, 10);
        assert_eq!(found["raised"], "OAuthException", "{found}");
        assert_eq!((&found["code"], &found["subcode"]), (&json!(code), &subcode));
        assert!(found["message"].as_str().unwrap().contains(message), "{found}");
    }
    serving.suspend();
    let found = read(&world.url(), &token, 10);
    assert_eq!((&found["code"], &found["subcode"]), (&json!(10), &Value::Null));
    assert_eq!(found["message"], "(#10) This client is suspended.");
    serving.reinstate();
    assert_eq!(friends(&read(&world.url(), &token, 10)).len(), village::visible().len());
}

#[test]
fn interop_facebook_sdk_reads_the_network_of_4039_people() {
    let test = "interop_facebook_sdk_reads_the_network_of_4039_people";
    let Some(data) = shared_data(test) else { return };
    let world = World::founded();
    assert_eq!(world.import(Kind::Snap, &data.join("snap-facebook"), Preset::Open), 4_039);
    let edges = std::fs::read_to_string(data.join("snap-facebook/facebook_combined.txt")).unwrap();
    let of_zero = |line: &str| match line.trim().split_once(' ') {
        Some(("0", friend)) | Some((friend, "0")) => Some(friend.to_owned()),
        _ => None,
    };
    let accounts: Vec<_> = edges.lines().filter_map(of_zero).collect();
    let accounts: Vec<_> = accounts.iter().map(String::as_str).collect();
    let expected: BTreeSet<_> = world.ids_toward("aurora", &accounts).into_iter().collect();
    assert_eq!(expected.len(), 347);
    let token = world.token("0");
    let serving = world.serve();
    let found = read(&world.url(), &token, 50);
    assert_eq!(friends(&found), expected);
    assert_eq!(found["me"]["id"].as_str().map(str::len), Some(32));
    world.verified(serving.head());
}
