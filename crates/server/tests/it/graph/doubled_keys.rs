//! Keys and parameters that stand twice. Which of two is meant nobody knows, so what has both is refused, and
//! nothing of it is done.

use serde_json::Value;

use crate::support::village;
use crate::support::{ids, send};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn doubled_keys_in_a_body_of_the_admin_api_change_nothing() {
    let world = village::founded();
    let (token, friend) = (world.token(village::VIEWER), village::closed(3));
    let id = world.id(&friend);
    let serving = world.serve();
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), JSON];
    let settings = format!("/admin/v1/people/{friend}/settings");
    let grants = "/admin/v1/tokens";
    for (method, path, body, key, line, column) in [
        (
            "PUT",
            &*settings,
            r#"{"friends_device":[],"friends_device":["id","name"]}"#,
            "friends_device",
            1,
            37,
        ),
        ("PUT", &settings, "{\"preset\":\"closed\",\n\"preset\":\"open\"}", "preset", 2, 8),
        ("POST", "/admin/v1/acts", r#"{"origin":"x","act":{"a":{"b":1,"b":2}}}"#, "b", 1, 35),
        (
            "POST",
            grants,
            r#"{"account":"a","account":"b","build":"c","purpose":"d"}"#,
            "account",
            1,
            24,
        ),
    ] {
        let reply = send(&world.url(), method, path, &headers, body);
        let said = reply.json().unwrap()["error"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, 422, "{body}: {said}");
        let place =
            format!("line {line}, column {column}: the key {key:?} stands twice in one object");
        assert!(said.contains(&place), "{body}: {said}");
    }
    let page = serving.read("/me/friends?fields=name&limit=400", &token);
    assert!(!ids(&page).contains(&id), "a doubled key opened a field");
    let once = send(&world.url(), "PUT", &settings, &headers, r#"{"friends_device":["id"]}"#);
    assert_eq!(once.status, 200);
}

#[test]
fn doubled_parameters_of_the_read_api_are_refused() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let head = serving.head();
    let bearer = format!("Bearer {token}");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let batch = r#"{"batch":[{"relative_url":"me","relative_url":"me?fields=name"}]}"#;
    for (method, path, kind, body, named) in [
        ("GET", "/me?fields=id&fields=id,name", form, "", "fields"),
        ("GET", "/me/friends?limit=1&limit=2", form, "", "limit"),
        ("GET", "/me", form, "fields=id&fields=name", "fields"),
        ("GET", "/me", JSON, r#"{"fields":"id","fields":"name"}"#, "every key stands once"),
        ("GET", "/", JSON, r#"{"ids":["me"],"x":{"a":1,"a":1}}"#, "every key stands once"),
        ("POST", "/", JSON, batch, "every key stands once"),
    ] {
        let headers = [("authorization", &*bearer), kind];
        let reply = send(&world.url(), method, path, &headers, body);
        let said: Value = reply.json().unwrap();
        assert_eq!((reply.status, reply.error_code()), (400, Some(100)), "{path} {body}: {said}");
        let message = said["error"]["message"].as_str().unwrap();
        assert!(message.contains(named), "{path} {body}: {message}");
    }
    // The batch as text, which is JSON of its own.
    let text = format!("batch={}", r#"[{"relative_url":"me","relative_url":"me?fields=name"}]"#);
    let reply = send(&world.url(), "POST", "/", &[("authorization", &bearer), form], &text);
    assert_eq!((reply.status, reply.error_code()), (400, Some(100)));
    assert_eq!(serving.head(), head);
    // The same twice says nothing else than once.
    serving.read("/me?fields=id&fields=id", &token);
}

#[test]
fn doubled_parameters_of_the_admin_api_are_refused() {
    let world = village::founded();
    let serving = world.serve();
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/x-ndjson")];
    let path = "/admin/v1/people/feed?after=0&after=7";
    let reply = send(&world.url(), "POST", path, &headers, "");
    assert_eq!(reply.status, 400, "{:?}", reply.json());
}
