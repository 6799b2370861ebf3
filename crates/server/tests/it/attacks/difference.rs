//! What a partner can learn, by differencing: two worlds that differ in one thing that a person keeps to
//! themselves give answers that are equal to the byte. docs/settings.md says what does differ.

use serde_json::{Value, json};

use crate::support::village::{self, VIEWER};
use crate::support::{Serving, send};

/// An answer as its receiver can compare it: without time, proof and what is random.
fn comparable(serving: &Serving<'_>, method: &str, path: &str, token: &str, body: &str) -> String {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", &*bearer)];
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    let sent = path.replace('{', "%7B").replace('}', "%7D");
    let reply = send(&serving.world.url(), method, &sent, &headers, body);
    let mut text = String::from_utf8(reply.body.clone()).unwrap();
    if let Some(trace) = reply.json().unwrap()["error"]["fbtrace_id"].as_str() {
        text = text.replace(trace, "TRACE");
    }
    if text.starts_with('[') {
        text = operations(&text);
    }
    let line = |line: &str| match line.split_once(": ") {
        // What is random or the time: of these, that they are there.
        Some((name, _)) if name.starts_with("countersign-") || name == "date" => name.to_owned(),
        Some(("content-length", _)) if reply.body.starts_with(b"[") => "content-length".to_owned(),
        _ => line.to_owned(),
    };
    let headers: Vec<_> = reply.headers.lines().map(line).collect();
    format!("{} {}\n{text}", reply.status, headers.join("\n"))
}

/// A batch's answers without the proofs and traces in them.
fn operations(text: &str) -> String {
    let mut answers: Vec<Value> = serde_json::from_str(text).unwrap();
    for answer in &mut answers {
        if let Some(headers) = answer["headers"].as_array_mut() {
            for header in headers {
                let name = header["name"].as_str().unwrap_or_default().to_lowercase();
                if name.starts_with("countersign-") {
                    header["value"] = json!("PROOF");
                }
            }
        }
        let body = answer["body"].as_str().unwrap_or_default().to_owned();
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        if let Some(trace) = parsed["error"]["fbtrace_id"].as_str() {
            answer["body"] = body.replace(trace, "TRACE").into();
        }
    }
    Value::from(answers).to_string()
}

/// Everything that a client can ask in which `about` could show, and what it is answered.
fn everything(
    serving: &Serving<'_>,
    token: &str,
    about: &str,
    other: &str,
) -> Vec<(String, String)> {
    let fields = "id,name,work,birthday,religion,friends";
    let mut paths = vec![
        format!("/me?fields={fields}"),
        "/me?fields=id,friends.limit(400).summary(true){id,name,work,birthday}".to_owned(),
        format!("/me/friends?limit=400&fields={}", "name,work,birthday"),
        "/me/friends?limit=0&summary=true".to_owned(),
        "/me/friends?limit=0".to_owned(),
        "/me/permissions".to_owned(),
        "/me/friends?limit=x".to_owned(),
    ];
    for summary in ["", "&summary=true"] {
        for limit in 1..=24 {
            paths.push(format!("/me/friends?fields=name,work&limit={limit}{summary}"));
        }
        for cursor in ["after", "before"] {
            for id in [about, other] {
                paths.push(format!("/me/friends?fields=name&limit=4{summary}&{cursor}={id}"));
            }
        }
    }
    for shape in [
        "/ID",
        "/ID?fields=name,work",
        "/ID?fields=bogus",
        "/ID/friends",
        "/ID/photos",
        "/ID/permissions",
        "/me/friends/ID",
        "/?ids=ID",
        "/?ids=ID,OTHER",
        "/?ids=me,ID,OTHER&fields=name",
    ] {
        paths.push(shape.replace("ID", about).replace("OTHER", other));
    }
    let batch = json!({ "batch": [
        { "relative_url": "me/friends?limit=3&summary=true" },
        { "relative_url": format!("{about}?fields=name") },
        { "name": "list", "relative_url": "me/friends?fields=id&limit=400" },
        { "relative_url": "?ids={result=list:$.data.*.id}&fields=name,work" },
    ] });
    let mut told: Vec<_> = paths
        .into_iter()
        .map(|path| (path.clone(), comparable(serving, "GET", &path, token, "")))
        .collect();
    told.push(("a batch".to_owned(), comparable(serving, "POST", "/", token, &batch.to_string())));
    told
}

fn assert_equal(one: &[(String, String)], other: &[(String, String)], why: &str) {
    for ((path, one), (_, other)) in one.iter().zip(other) {
        assert_eq!(one, other, "{path}: {why}");
    }
}

impl Serving<'_> {
    /// Applies lines of the change feed.
    fn feed(&self, lines: &[Value]) {
        let bearer = format!("Bearer {}", self.admin_token());
        let headers = [("authorization", &*bearer), ("content-type", "application/x-ndjson")];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let reply = send(&self.world.url(), "POST", "/admin/v1/people/feed", &headers, &text);
        assert_eq!(reply.status, 200);
    }
}

#[test]
fn a_friend_who_closes_the_id_is_like_one_who_is_no_friend_and_like_one_who_is_gone() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let friend = village::open(3);
    let [about, other] = [world.id(&friend), world.id(&village::open(1))];
    let serving = world.serve();
    let ask = || everything(&serving, &token, &about, &other);
    let seen = ask();
    // Everything else stays open; the id alone is the door.
    serving.open_to_friends_devices(&friend, &["name", "work", "birthday", "friends"]);
    let closed = ask();
    assert!(seen.iter().zip(&closed).any(|(one, other)| one != other), "nothing was compared");
    serving.open_to_friends_devices(&friend, &[]);
    assert_equal(&closed, &ask(), "what else is closed shows");
    serving.put_settings(&friend, &json!({ "preset": "open" }));
    assert_equal(&seen, &ask(), "what is open again is as it was");
    serving.feed(&[json!({ "sequence": 1, "friendship_ended": [VIEWER, friend] })]);
    assert_equal(&closed, &ask(), "who closes differs from who is no friend");
    serving.feed(&[json!({ "sequence": 2, "account": friend, "removed": true })]);
    assert_equal(&closed, &ask(), "who closes differs from who is gone");
}

#[test]
fn a_friend_who_closes_a_field_is_like_one_without_a_value() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let friend = village::open(3);
    let [about, other] = [world.id(&friend), world.id(&village::open(1))];
    let serving = world.serve();
    let ask = || everything(&serving, &token, &about, &other);
    let seen = ask();
    serving.open_to_friends_devices(&friend, &["id", "name", "birthday", "friends", "religion"]);
    let closed = ask();
    assert!(seen.iter().zip(&closed).any(|(one, other)| one != other), "nothing was compared");
    serving.put_settings(&friend, &json!({ "preset": "open" }));
    serving.feed(&[json!({ "sequence": 1, "account": friend, "set": { "work": null } })]);
    assert_equal(&closed, &ask(), "what is closed differs from what there is not");
}

#[test]
fn a_viewer_who_closes_the_list_is_like_one_without_friends() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let [about, other] = [world.id(&village::open(3)), world.id(&village::open(1))];
    let serving = world.serve();
    let ask = || everything(&serving, &token, &about, &other);
    let all = ["id", "name", "work", "birthday", "religion"];
    serving.put_settings(VIEWER, &json!({ "my_device": all }));
    let closed = ask();
    serving.put_settings(VIEWER, &json!({ "preset": "open" }));
    serving.feed(&[json!({ "sequence": 1, "account": VIEWER, "friends": [] })]);
    assert_equal(&closed, &ask(), "who closes the list differs from who is alone");
}

#[test]
fn total_count_is_how_many_friends_paging_reaches_and_no_more() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let serving = world.serve();
    for round in 0..5_u32 {
        if round > 0 {
            serving.open_to_friends_devices(&village::open(round), &["name"]);
        }
        let expected = village::visible().len() - round as usize;
        let mut path = "/me/friends?fields=id&limit=3&summary=true".to_owned();
        let mut reached = 0;
        loop {
            let page = serving.read(&path, &token);
            reached += page["data"].as_array().unwrap().len();
            assert_eq!(page["summary"]["total_count"], expected);
            let Some(next) = page["paging"]["next"].as_str() else { break };
            path = next.strip_prefix(&world.url()).unwrap().to_owned();
        }
        assert_eq!(reached, expected);
        let none = serving.read("/me/friends?limit=0&summary=true", &token);
        assert_eq!(none, json!({ "data": [], "summary": { "total_count": expected } }));
    }
}
