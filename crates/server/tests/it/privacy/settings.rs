//! Each friend's own choice: it shows in the very next answer, and nothing else tells of it.

use std::collections::BTreeSet;

use countersign_demo::client::Reply;
use serde_json::Value;

use crate::support::village;
use crate::support::{Serving, ids};

const NESTED: &str = "/v3.0/me?fields=id,friends.limit(400){id,name}";

/// Everybody on all pages of this size, and the sizes of the pages.
fn pages(serving: &Serving<'_>, token: &str, limit: usize) -> (Vec<String>, Vec<usize>) {
    let (mut everybody, mut sizes) = (Vec::new(), Vec::new());
    let mut path = format!("/v3.0/me/friends?fields=id,name&limit={limit}");
    loop {
        let page = serving.read(&path, token);
        let listed = ids(&page);
        let cursors = &page["paging"]["cursors"];
        assert_eq!(cursors["before"].as_str(), listed.first().map(String::as_str));
        assert_eq!(cursors["after"].as_str(), listed.last().map(String::as_str));
        sizes.push(listed.len());
        everybody.extend(listed);
        let Some(next) = page["paging"]["next"].as_str() else { return (everybody, sizes) };
        path = next.strip_prefix(&serving.world.url()).unwrap().to_owned();
    }
}

#[test]
fn a_friend_with_closed_settings_is_absent_and_present_right_after_opening() {
    let world = village::founded();
    let (token, friend) = (world.token(village::VIEWER), village::closed(3));
    let id = world.id(&friend);
    let serving = world.serve();
    let visible = village::visible().len();
    let assert_seen = |seen: bool| {
        let nested = ids(&serving.read(NESTED, &token)["friends"]);
        let page = ids(&serving.read("/me/friends?fields=name&limit=400", &token));
        let (paged, _) = pages(&serving, &token, 5);
        for listed in [nested, page, paged] {
            assert_eq!(listed.contains(&id), seen);
            assert_eq!(listed.len(), visible + usize::from(seen));
        }
        let alone = serving.get(&format!("/{id}?fields=name"), &token);
        assert_eq!(alone.status, if seen { 200 } else { 400 });
    };
    assert_seen(false);
    serving.open_to_friends_devices(&friend, &["id", "name"]);
    assert_seen(true);
    let alone = serving.read(&format!("/{id}?fields=name,work,birthday"), &token);
    assert_eq!(alone, serde_json::json!({ "id": id, "name": village::value("name", &friend) }));
    serving.open_to_friends_devices(&friend, &["id", "work"]);
    let alone = serving.read(&format!("/{id}?fields=name,work,birthday"), &token);
    assert_eq!(alone, serde_json::json!({ "id": id, "work": village::value("work", &friend) }));
    serving.open_to_friends_devices(&friend, &[]);
    assert_seen(false);
    world.verified(serving.head());
}

#[test]
fn the_viewer_too_is_asked() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let close = |fields: &[&str]| {
        let path = format!("/admin/v1/people/{}/settings", village::VIEWER);
        let body = serde_json::json!({ "my_device": fields });
        assert_eq!(serving.client.put(&path, &serving.admin_token(), &body).unwrap().status, 200);
    };
    close(&["id", "friends"]);
    let me = serving.read("/me?fields=name,work,friends{name}", &token);
    let names: Vec<_> = me.as_object().unwrap().keys().collect();
    assert_eq!(names, ["friends", "id"]);
    close(&["id", "name"]);
    assert!(serving.read("/me?fields=name,friends{name}", &token).get("friends").is_none());
    // A viewer who closed the list looks like one without friends.
    assert_eq!(serving.read("/me/friends", &token), serde_json::json!({ "data": [] }));
    close(&[]);
    assert_eq!(serving.get("/me", &token).error_code(), Some(200));
}

#[test]
fn a_hidden_friend_leaves_no_gap_in_pages() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let visible = village::visible();
    let visible: Vec<&str> = visible.iter().map(String::as_str).collect();
    let expected: BTreeSet<_> = world.ids_toward("aurora", &visible).into_iter().collect();
    let serving = world.serve();
    for limit in 1..=expected.len() + 1 {
        let (everybody, sizes) = pages(&serving, &token, limit);
        assert!(everybody.is_sorted(), "an order that is not that of the ids tells something");
        assert_eq!(everybody.len(), expected.len(), "somebody came twice");
        assert_eq!(everybody.into_iter().collect::<BTreeSet<_>>(), expected);
        let (last, full) = sizes.split_last().unwrap();
        assert!(full.iter().all(|size| *size == limit), "pages of {limit}: {sizes:?}");
        assert!((1..=limit).contains(last), "pages of {limit}: {sizes:?}");
    }
}

/// An answer as its receiver can compare it: without what is random or the time, and with the id that
/// was asked for written as `ID`.
fn comparable(reply: &Reply, id: &str) -> (u16, String, String) {
    let body = String::from_utf8(reply.body.clone()).unwrap();
    let parsed: Value = reply.json().unwrap();
    let trace = parsed["error"]["fbtrace_id"].as_str().unwrap();
    let body = body.replace(trace, "TRACE").replace(id, "ID");
    let headers = reply.headers.lines().filter(|line| !line.starts_with("date: "));
    (reply.status, headers.collect::<Vec<_>>().join("\n").replace(id, "ID"), body)
}

#[test]
fn a_closed_friend_a_stranger_and_nobody_look_the_same() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let accounts = [village::closed(1), village::far(1), village::STRANGER.to_owned()];
    let mut unseen: Vec<_> = accounts.iter().map(|account| world.id(account)).collect();
    unseen.push("0123456789abcdef0123456789abcdef".to_owned());
    let friend = world.id(&village::open(1));
    let serving = world.serve();
    let head = serving.head();
    let ask = |path: &str, id: &str| serving.get(&path.replace("ID", id), &token);
    for path in [
        "/ID",
        "/v3.0/ID",
        "/v3.0/ID/",
        "/ID?fields=id",
        "/ID?fields=name,religion",
        "/ID/friends",
        "/ID/friends?limit=1&fields=id",
        "/ID?fields=friends{id}",
        "/ID?fields=nonsense",
        "/ID/photos",
        "/ID/friends/ID",
    ] {
        let first = comparable(&ask(path, &unseen[0]), &unseen[0]);
        for id in &unseen {
            assert_eq!(comparable(&ask(path, id), id), first, "{path}");
        }
    }
    assert_eq!(serving.head(), head, "what shows nobody is not logged as if it did");
    // What is asked of a friend who is there, and refused, sounds the same as well.
    for path in ["/ID/friends", "/ID?fields=friends{id}", "/ID?fields=nonsense"] {
        let (there, not) = (ask(path, &friend), ask(path, &unseen[0]));
        assert_eq!(comparable(&there, &friend), comparable(&not, &unseen[0]), "{path}");
    }
    // A page that begins behind somebody says nothing about who that is.
    for id in &unseen {
        let page = ids(&ask("/me/friends?limit=400&after=ID", id).json().unwrap());
        assert!(page.iter().all(|listed| listed > id && !unseen.contains(listed)));
    }
}
