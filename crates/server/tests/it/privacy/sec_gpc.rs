//! The Global Privacy Control: `Sec-GPC: 1` narrows a grant that is made under it, and an answer to a request
//! that carries it. It never widens anything.

use countersign_domain::act::ReviewOutcome;
use countersign_service::clock;
use serde_json::{Value, json};

use crate::support::partners;
use crate::support::village::{self, VIEWER};
use crate::support::{Serving, ids, send};

/// `GET` with the header of this value.
fn read(serving: &Serving<'_>, path: &str, token: &str, value: &str) -> (u16, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("sec-gpc", value)];
    let path = path.replace('{', "%7B").replace('}', "%7D");
    let reply = send(&serving.world.url(), "GET", &path, &headers, "");
    (reply.status, reply.json().unwrap())
}

const ME: &str = "/me?fields=id,name,friends.limit(400){id,name}";

#[test]
fn a_read_under_the_control_tells_nothing_of_friends() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let friend = world.id(&village::open(1));
    let serving = world.serve();
    let (status, all) = read(&serving, ME, &token, "0");
    assert_eq!(status, 200, "{all}");
    assert_eq!(ids(&all["friends"]).len(), village::visible().len());
    for ignored in ["", "true", "?1", "1, 1"] {
        assert_eq!(read(&serving, ME, &token, ignored).1, all, "{ignored:?} is no wish");
    }
    let (_, narrowed) = read(&serving, ME, &token, "1");
    let expected = json!({ "id": all["id"], "name": all["name"] });
    assert_eq!(narrowed, expected);
    let list = read(&serving, "/me/friends?summary=true", &token, "1");
    assert_eq!(list, (200, json!({ "data": [], "summary": { "total_count": 0 } })));
    let (status, error) = read(&serving, &format!("/{friend}"), &token, "1");
    assert_eq!((status, &error["error"]["error_subcode"]), (400, &json!(33)));
    // A batch is its request's, and so is every operation of it.
    let bearer = format!("Bearer {token}");
    let batch = json!({ "batch": [{ "relative_url": "me/friends" }, { "relative_url": "me?fields=name" }] });
    let headers =
        [("authorization", &*bearer), ("sec-gpc", "1"), ("content-type", "application/json")];
    let reply = send(&world.url(), "POST", "/", &headers, &batch.to_string());
    let answers: Vec<Value> = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answers[0]["body"], "{\"data\":[]}");
    assert_eq!(answers[1]["code"], 200);
    // It is about that request alone.
    assert_eq!(read(&serving, ME, &token, "0").1, all);
    world.verified(serving.head());
}

#[test]
fn a_grant_that_is_made_under_the_control_has_less_in_it_and_history_says_so() {
    let world = village::founded();
    let serving = world.serve();
    let wanted = json!({ "account": VIEWER, "build": "aurora-home@41", "purpose": "address-book" });
    let admin = format!("Bearer {}", serving.admin_token());
    let login = |value| {
        let headers =
            [("content-type", "application/json"), ("sec-gpc", value), ("authorization", &admin)];
        let reply = send(&world.url(), "POST", "/login", &headers, &wanted.to_string());
        reply.json().unwrap()["access_token"].as_str().unwrap().to_owned()
    };
    let by_admin = |sec_gpc: bool| {
        let mut wanted = wanted.clone();
        wanted["sec_gpc"] = json!(sec_gpc);
        let reply = serving.client.post("/admin/v1/tokens", &serving.admin_token(), &wanted);
        reply.unwrap().json().unwrap()["access_token"].as_str().unwrap().to_owned()
    };
    for (token, is_narrow) in
        [(login("1"), true), (login("0"), false), (by_admin(true), true), (by_admin(false), false)]
    {
        let me = serving.read("/me?fields=id,name,friends.limit(1)", &token);
        assert_eq!(me.get("friends").is_none(), is_narrow, "{me}");
        let granted = serving.read("/me/permissions/user_friends", &token);
        let status = if is_narrow { "declined" } else { "granted" };
        assert_eq!(granted["data"][0]["status"], status, "{granted}");
    }
    let history = serving.told("/people/ada/history");
    let changes = history["history"].as_array().unwrap();
    let narrow: Vec<&Value> = changes
        .iter()
        .filter(|change| change["grant_given"]["sec_gpc"] == true)
        .map(|change| &change["grant_given"])
        .collect();
    assert_eq!((changes.len(), narrow.len()), (4, 2));
    for grant in narrow {
        assert_eq!(grant["friend"], json!([]));
        let own = grant["self"].as_array().unwrap();
        assert!(own.contains(&json!("name")) && !own.contains(&json!("friends")), "{own:?}");
    }
}

const AGREEMENT: &str = r#"version = 2
platform = "Example Platform"
agreement = "faith-1"
partner = "clover"
client = "faith"
kind = "app"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "feed"
dpv = "dpv:ServiceProvision"
self = ["id", "name", "religion"]
friend = []
"#;

#[test]
fn special_categories_of_the_viewers_own_stay_too() {
    let world = village::founded();
    partners::register(&world, "clover");
    let agreement = partners::conclude(&world, AGREEMENT);
    partners::submit(&world, &agreement, "faith@1", "feed", &[]);
    partners::review(&world, "faith@1", ReviewOutcome::Approve);
    let token = world.token_of("faith@1", "feed", VIEWER, clock::now());
    let serving = world.serve();
    let path = "/me?fields=name,religion";
    let all = read(&serving, path, &token, "0").1;
    assert_eq!(all["religion"], village::value("religion", VIEWER));
    let narrowed = read(&serving, path, &token, "1").1;
    assert_eq!(narrowed, json!({ "id": all["id"], "name": all["name"] }));
    let wanted =
        json!({ "account": VIEWER, "build": "faith@1", "purpose": "feed", "sec_gpc": true });
    let reply = serving.client.post("/admin/v1/tokens", &serving.admin_token(), &wanted).unwrap();
    let token = reply.json().unwrap()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(read(&serving, path, &token, "0").1, narrowed, "the grant has no more in it");
}
