//! Pages of friends, forward and back: each friend who may be seen once, and no trace of anybody else.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::checked::Recipient;
use crate::support::village;
use crate::support::{ids, send};

/// Follows links of this name from a page on, and gives the lists of ids on the way.
fn walk(recipient: &Recipient<'_>, page: &Value, link: &str) -> (Vec<Vec<String>>, Value) {
    let mut page = page.clone();
    let mut pages = vec![ids(&page)];
    while let Some(link) = page["paging"].get(link) {
        page = recipient.follow(link);
        assert!(page["data"].as_array().is_some_and(|list| !list.is_empty()), "{page}");
        pages.push(ids(&page));
        assert!(pages.len() < 100, "this does not end");
    }
    (pages, page)
}

#[test]
fn property_all_pages_in_both_directions_show_each_visible_friend_once() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let friends: Vec<_> =
        village::visible().into_iter().chain(village::CLOSED.map(village::closed)).collect();
    let accounts: Vec<_> = friends.iter().map(String::as_str).collect();
    let all_ids = world.ids_toward("aurora", &accounts);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let settings = prop::collection::vec(any::<bool>(), friends.len());
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(12) });
    let checked = runner.run(&(settings, 1_usize..9, any::<bool>()), |(open, limit, nested)| {
        let mut visible = BTreeSet::new();
        for ((account, id), open) in friends.iter().zip(&all_ids).zip(&open) {
            // Those who are closed open everything but their id.
            let fields: &[&str] = if *open { &["id", "name"] } else { &["name", "birthday"] };
            serving.open_to_friends_devices(account, fields);
            if *open {
                visible.insert(id.clone());
            }
        }
        let first = if nested {
            let me = format!("/me?fields=friends.limit({limit}).summary(1){{name}}");
            recipient.read(&me).get("friends").cloned()
        } else {
            let list = recipient.read(&format!("/me/friends?fields=name&limit={limit}"));
            Some(list).filter(|list| list["data"] != Value::Array(Vec::new()))
        };
        let Some(first) = first else {
            prop_assert!(visible.is_empty());
            return Ok(());
        };
        prop_assert_eq!(first["paging"].get("previous"), None);
        let (forward, last) = walk(&recipient, &first, "next");
        let (back, _) = walk(&recipient, &last, "previous");
        let all = forward.concat();
        prop_assert_eq!(all.len(), visible.len(), "somebody twice or not at all");
        prop_assert_eq!(all.iter().cloned().collect::<BTreeSet<_>>(), visible);
        prop_assert!(forward.iter().rev().skip(1).all(|page| page.len() == limit));
        let back: Vec<_> = back.into_iter().rev().flatten().collect();
        prop_assert_eq!(back, all);
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
    assert!(recipient.check() > 20);
}

#[test]
fn links_keep_what_was_asked_for_and_lead_both_ways() {
    let world = village::founded();
    let (ada, token) = (world.id(village::VIEWER), world.token(village::VIEWER));
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let all = ids(&recipient.read("/me/friends?limit=400"));
    let middle = &all[5];
    for path in [
        format!("/v12.0/me/friends?fields=id,name,work&limit=3&summary=true&after={}", all[4]),
        format!(
            "/v12.0/me?fields=friends.limit(3).summary(total_count).after({}){{name,work}}",
            all[4]
        ),
        format!("/v12.0/{ada}/friends/?fields=work,name&limit=3&summary=1&before={}", all[8]),
    ] {
        let answer = recipient.read(&path);
        let page = answer.get("friends").unwrap_or(&answer);
        assert_eq!(ids(page), all[5..8], "{path}");
        let link = |cursor: &str| {
            format!(
                "{}/v12.0/{ada}/friends?fields=id%2Cname%2Cwork&limit=3&summary=total_count&{cursor}",
                world.url()
            )
        };
        assert_eq!(page["paging"]["previous"], link(&format!("before={middle}")), "{path}");
        assert_eq!(page["paging"]["next"], link(&format!("after={}", all[7])), "{path}");
        assert_eq!(ids(&recipient.follow(&page["paging"]["previous"])), all[2..5]);
        assert_eq!(ids(&recipient.follow(&page["paging"]["next"])), all[8..11]);
        assert_eq!(page["summary"]["total_count"], all.len());
    }
    let whole = recipient.read("/me/friends?limit=400");
    assert_eq!((whole["paging"].get("previous"), whole["paging"].get("next")), (None, None));
    let before_all = recipient.read(&format!("/me/friends?before={}", all[0]));
    assert_eq!(before_all, serde_json::json!({ "data": [] }));
    recipient.check();
}

#[test]
fn nobody_may_be_asked_for_and_an_offset_is_not_passed_over() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    assert_eq!(recipient.read("/me/friends?limit=0"), json!({ "data": [] }));
    let count = village::visible().len();
    let counted = json!({ "data": [], "summary": { "total_count": count } });
    assert_eq!(recipient.read("/me/friends?limit=0&summary=true"), counted);
    let me = recipient.read("/me?fields=name,%20friends.limit(0).summary(true)");
    assert_eq!(me.get("friends"), None);
    let nested = recipient.read("/me?fields=id,+friends.limit(2).fields(id,+name)");
    assert_eq!(nested["friends"]["data"].as_array().unwrap().len(), 2);
    for path in [
        "/me/friends?offset=25",
        "/me?fields=friends.offset(25)",
        "/me/friends?offset=x",
        "/me?ids=me",
        "/me/friends?ids=me",
    ] {
        assert_eq!(recipient.get(path).error_code(), Some(100), "{path}");
    }
    assert_eq!(recipient.read("/me/friends?offset=0")["data"].as_array().unwrap().len(), count);
    recipient.check();
}

#[test]
fn a_token_stands_in_links_only_if_it_came_in_the_query() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let after = ids(&serving.read("/me/friends?limit=2", &token)).remove(1);
    let path = format!("/me/friends?limit=2&after={after}");
    let in_query = send(&world.url(), "GET", &format!("{path}&access_token={token}"), &[], "");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let in_body = send(&world.url(), "GET", &path, &form, &format!("access_token={token}"));
    for (reply, stands) in [(in_query, 2), (in_body, 0), (serving.get(&path, &token), 0)] {
        let body = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 200, "{body}");
        assert!(body.contains("\"previous\"") && body.contains("\"next\""), "{body}");
        assert_eq!(body.matches(&token).count(), stands, "{body}");
    }
}

#[test]
fn a_cursor_need_not_be_anybodys_and_hidden_friends_leave_no_trace() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let closed = village::CLOSED.map(village::closed).collect::<Vec<_>>();
    let closed: Vec<_> = closed.iter().map(String::as_str).collect();
    let hidden = world.ids_toward("aurora", &closed);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let all = ids(&recipient.read("/me/friends?limit=400"));
    for id in &hidden {
        let place = all.partition_point(|other| other < id);
        let after = recipient.read(&format!("/me/friends?limit=400&after={id}"));
        let before = recipient.read(&format!("/me/friends?limit=400&before={id}"));
        assert_eq!((ids(&after), ids(&before)), (all[place..].to_vec(), all[..place].to_vec()));
        for page in [after, before] {
            let said = page.to_string();
            assert!(hidden.iter().all(|id| !said.contains(id)), "{said}");
        }
    }
    recipient.check();
}
