//! Versions, field aliases and the spellings of a path.

use countersign_domain::act::ReviewOutcome;
use serde_json::json;

use crate::support::checked::Recipient;
use crate::support::{World, header};
use crate::support::{partners, village};

#[test]
fn every_version_from_the_oldest_to_the_newest_answers_and_says_so() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    for (path, version) in [
        ("/me", "v3.0"),
        ("/v1.0/me", "v2.8"),
        ("/v2.3/me", "v2.8"),
        ("/v2.8/me", "v2.8"),
        ("/v2.12/me", "v2.12"),
        ("/v3.3/me", "v3.3"),
        ("/v9.0/me", "v9.0"),
        ("/v26.0/me", "v26.0"),
    ] {
        let reply = recipient.get(path);
        assert_eq!((reply.status, header(&reply, "facebook-api-version")), (200, Some(version)));
        let page = recipient.read(&format!("{path}/friends?limit=1"));
        let next = page["paging"]["next"].as_str().unwrap().to_owned();
        assert!(next.starts_with(&format!("{}/{version}/", world.url())), "{next}");
    }
    for path in ["/v2.13/me", "/v3.4/me", "/v26.1/me", "/v27.0/me", "/v99.0/me"] {
        let error = recipient.get(path).json().unwrap()["error"].clone();
        assert_eq!(error["message"], "Unknown path components: /me", "{path}");
        assert_eq!(error["code"], 2500);
    }
    recipient.check();
}

#[test]
fn slashes_too_many_change_nothing() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let me = recipient.read("/v3.0/me");
    for path in ["/v3.0/me/", "//v3.0//me", "/v3.0/me///", "/v3.0/me/?"] {
        assert_eq!(recipient.read(path), me, "{path}");
    }
    let friends = recipient.read("/v3.0/me/friends");
    for path in ["/v3.0/me/friends/", "/v3.0///me//friends//", "/v3.0/me/friends/?x="] {
        assert_eq!(recipient.read(path), friends, "{path}");
    }
    recipient.check();
}

/// An agreement with a field that has an alias.
const ABOUT: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-desk-1"
partner = "clover"
client = "clover-desk"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "contacts"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "about"]
friend = ["id", "name", "about"]
"#;

fn world() -> World {
    let world = village::founded();
    partners::register(&world, "clover");
    let about = partners::conclude(&world, ABOUT);
    partners::submit(&world, &about, "desk@1", "contacts", &[]);
    partners::review(&world, "desk@1", ReviewOutcome::Approve);
    world
}

#[test]
fn a_field_is_answered_under_the_name_by_which_it_was_asked_for() {
    let world = world();
    let now = countersign_service::clock::now();
    let token = world.token_of("desk@1", "contacts", village::VIEWER, now);
    let friend = world.id_toward("clover", &village::open(1));
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let about = |account: &str| village::value("about", account);
    let me = recipient.read("/v2.8/me?fields=bio,friends.limit(400){name,bio}");
    assert_eq!((&me["bio"], me.get("about")), (&json!(about(village::VIEWER)), None));
    let friends = me["friends"]["data"].as_array().unwrap();
    let with = |key: &str| friends.iter().filter(|friend| friend.get(key).is_some()).count();
    assert_eq!((with("bio"), with("about")), (village::OPEN.count(), 0));
    // Links go on with the client's names.
    let page = recipient.read("/me/friends?fields=bio&limit=2");
    let next = page["paging"]["next"].as_str().unwrap();
    assert!(next.contains("fields=id%2Cbio&"), "{next}");
    let next = recipient.follow(&page["paging"]["next"]).to_string();
    assert!(!next.contains("\"about\""), "{next}");
    assert_eq!(recipient.read("/me?fields=about")["about"], about(village::VIEWER));
    // Each object goes by its own list of names.
    let mixed = recipient.read("/me?fields=about,friends.limit(400){bio}");
    assert!(mixed.get("about").is_some() && mixed.get("bio").is_none(), "{mixed}");
    assert!(mixed["friends"].to_string().contains("\"bio\""), "{mixed}");
    let both = recipient.read(&format!("/?ids=me,{friend}&fields=bio"));
    assert!(both["me"].get("bio").is_some() && both[&friend].get("bio").is_some(), "{both}");
    assert!(recipient.read(&format!("/{friend}?fields=bio")).get("bio").is_some());
    for fields in ["about,bio", "bio,about", "friends{about,bio}"] {
        assert_eq!(recipient.get(&format!("/me?fields={fields}")).error_code(), Some(100));
    }
    assert_eq!(recipient.read("/me?fields=bio,bio,id")["bio"], about(village::VIEWER));
    recipient.check();
}
