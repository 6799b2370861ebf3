//! There is no friend-of-friend: every way to ask for one is refused, or shows nobody.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::village;
use crate::support::{Serving, World, header, send};

/// What would tell of somebody who may not be in an answer: any value of theirs, and their id.
fn needles(world: &World) -> (Vec<String>, Vec<String>) {
    let outsiders = village::outsiders();
    let accounts: Vec<&str> = outsiders.iter().map(String::as_str).collect();
    let ids = world.ids_toward("aurora", &accounts);
    (outsiders.iter().map(|account| format!(" of {account}")).collect(), ids)
}

#[test]
fn friends_of_friends_are_refused_whichever_way_they_are_asked_for() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let (friend, far) = (world.id(&village::open(1)), world.id(&village::far(1)));
    let (values, _) = needles(&world);
    let serving = world.serve();
    for (path, code) in [
        ("/FRIEND/friends", 10),
        ("/v3.0/FRIEND/friends?fields=id,name&limit=5000", 10),
        ("/v2.0/FRIEND/friends/", 10),
        ("/FRIEND?fields=friends", 10),
        ("/FRIEND?fields=friends{id,name}", 10),
        ("/FRIEND?fields=id,friends.limit(5){name}", 10),
        ("/me?fields=friends{friends}", 10),
        ("/me?fields=friends{id,friends{id,name}}", 10),
        ("/me?fields=friends.limit(1){name,friends.limit(1){name}}", 10),
        ("/me/friends?fields=friends", 10),
        ("/me/friends?fields=name,friends{name}", 10),
        ("/FAR", 100),
        ("/FAR?fields=name", 100),
        ("/FAR/friends", 10),
        ("/me/friends/FRIEND", 0),
        ("/me/friends/FRIEND?fields=friends", 10),
        ("/me/friends/FRIEND/friends", 2500),
        ("/me/friends/FAR", 0),
        ("/FRIEND/friends/FAR", 10),
        ("/FRIEND/friends/FRIEND", 10),
        ("/FRIEND/mutualfriends", 2500),
        ("/me/mutualfriends/FRIEND", 2500),
        ("/me/taggable_friends", 2500),
        ("/me/invitable_friends", 2500),
        ("/me?fields=mutualfriends", 100),
        ("/me?fields=context{mutual_friends}", 100),
        ("/FRIEND?fields=context.fields(mutual_friends)", 100),
        ("/?ids=FRIEND,FAR", 803),
        ("/v3.0/?ids=FAR&fields=name", 803),
        ("/?ids=FRIEND&fields=friends{name}", 10),
        ("/?ids=me,FRIEND&fields=friends{name}", 10),
        ("/?ids=me&fields=friends{friends}", 10),
        ("/friends?ids=FRIEND", 803),
        ("/FRIEND,FAR", 803),
        ("/fql?q=SELECT+uid2+FROM+friend+WHERE+uid1=FRIEND", 803),
    ] {
        let reply = serving.get(&path.replace("FRIEND", &friend).replace("FAR", &far), &token);
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        let found = reply.error_code().unwrap_or_default();
        assert_eq!(found, code, "{path}: {body}");
        assert!(values.iter().all(|value| !body.contains(value)), "{path}: {body}");
    }
    // A friend is asked for with the id of a page that shows them, and with nothing else of theirs.
    let page = serving.read(&format!("/me/friends?limit=400&after={far}"), &token).to_string();
    assert!(!page.contains(&far));
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(texts)
}

/// An expansion: half of them such as can be answered, half of them anything.
fn fields() -> impl Strategy<Value = String> {
    let modifier = prop_oneof![
        4 => Just(""),
        1 => one_of(&[
            ".limit(3)",
            ".after(FAR)",
            ".before(CLOSED).summary(true)",
            ".limit(2).after(FRIEND)",
            ".limit(2).before(FRIEND).summary(1)",
        ]),
    ];
    let plain = one_of(&["id", "name", "work", "religion", "birthday", "locale"]);
    let plain = plain.prop_map(str::to_owned).boxed();
    let list = |item: BoxedStrategy<String>| {
        prop::collection::vec(item, 1..3).prop_map(|items| items.join(",")).boxed()
    };
    let one_level = (list(plain.clone()), modifier.clone(), list(plain.clone()))
        .prop_map(|(own, modifier, nested)| format!("{own},friends{modifier}{{{nested}}}"));
    let anything = prop_oneof![plain.clone(), Just("friends".to_owned())];
    let anything = anything.prop_recursive(3, 6, 2, move |inner| {
        (modifier.clone(), list(inner)).prop_map(|(m, nested)| format!("friends{m}{{{nested}}}"))
    });
    prop_oneof![list(plain), one_level, list(anything.boxed())]
}

/// A path with a query, in which capitals stand for ids of the village.
fn paths() -> impl Strategy<Value = String> {
    let version = one_of(&["", "/v3.0", "/v2.12", "/v1.0", "/v26.0/"]);
    let node = prop_oneof![
        3 => one_of(&["me", "VIEWER", "FRIEND"]),
        1 => one_of(&["", "CLOSED", "FAR", "STRANGER", "friends"]),
    ];
    let edge = prop_oneof![4 => one_of(&["", "/friends"]), 1 => one_of(&["/FAR", "/", "/friends/FAR", "/friends/CLOSED", "/friends/FRIEND"])];
    let rest = one_of(&[
        "",
        "&limit=5000",
        "&after=FAR",
        "&after=CLOSED&limit=1",
        "&before=CLOSED&summary=true",
        "&before=FAR&limit=2&summary=1",
        "&ids=FAR,CLOSED",
        "&ids=FRIEND,me",
        "&ids=FRIEND,CLOSED,me",
        "&ids=me",
    ]);
    (version, node, edge, fields(), rest).prop_map(|(version, node, edge, fields, rest)| {
        format!("{version}/{node}{edge}?fields={fields}{rest}")
    })
}

/// What a request is sent as.
fn forms() -> impl Strategy<Value = Form> {
    prop_oneof![2 => Just(Form::Get), 1 => Just(Form::Post), 1 => Just(Form::Batch), 1 => Just(Form::Referring)]
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    /// `GET`.
    Get,
    /// `POST`, which says that it is a `GET`.
    Post,
    /// The one operation of a batch.
    Batch,
    /// An operation that goes on with whatever another one answered.
    Referring,
}

/// Sends a question in this form; statuses and headers and bodies of all answers to it.
fn ask(serving: &Serving<'_>, token: &str, form: Form, path: &str) -> (Vec<u16>, String) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let (url, operation) = (serving.world.url(), json!({ "relative_url": path, "name": "first" }));
    let mut shown = operation.clone();
    shown["omit_response_on_success"] = json!(false);
    let post = |path: &str, body: &str| send(&url, "POST", path, &headers, body);
    let reply = match form {
        Form::Get => serving.get(path, token),
        Form::Post => post(path, r#"{"method":"GET"}"#),
        Form::Batch => post("/", &json!({ "batch": [operation] }).to_string()),
        Form::Referring => {
            let next = json!({ "relative_url": "?ids={result=first:$..id}&fields=name,work" });
            post("/", &json!({ "batch": [shown, next] }).to_string())
        }
    };
    let said = format!("{}\n{}", reply.headers, String::from_utf8_lossy(&reply.body));
    if !matches!(form, Form::Batch | Form::Referring) {
        let receipt = header(&reply, "countersign-receipt");
        assert_eq!(receipt.is_some(), reply.status == 200, "{path}");
        return (vec![reply.status], said);
    }
    assert_eq!(reply.status, 200, "{said}");
    let answers: Vec<Value> = serde_json::from_slice(&reply.body).unwrap();
    let answers = answers.iter().filter(|answer| !answer.is_null());
    let status = |answer: &Value| {
        let status = answer["code"].as_u64().unwrap() as u16;
        assert_eq!(answer.to_string().contains("countersign-receipt"), status == 200, "{answer}");
        status
    };
    (answers.map(status).collect(), said)
}

#[test]
fn property_nobody_but_the_viewer_and_open_friends_is_ever_in_an_answer() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let (values, ids) = needles(&world);
    let places = [
        ("VIEWER", world.id(village::VIEWER)),
        ("FRIEND", world.id(&village::open(2))),
        ("CLOSED", world.id(&village::closed(1))),
        ("FAR", world.id(&village::far(2))),
        ("STRANGER", world.id(village::STRANGER)),
    ];
    let serving = world.serve();
    let (answered, refused) = (Cell::new(0_u32), Cell::new(0_u32));
    let mut runner =
        TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(600) });
    let checked = runner.run(&(paths(), forms()), |(template, form)| {
        let mut path = template.clone();
        for (name, id) in &places {
            path = path.replace(name, id);
        }
        let path = path.replace('{', "%7B").replace('}', "%7D");
        let (statuses, said) = ask(&serving, &token, form, &path);
        let told: Vec<_> = values.iter().filter(|value| said.contains(*value)).collect();
        prop_assert!(told.is_empty(), "{:?} {}: {:?}", form, template, told);
        // An id that the client knows may come back in an error; an answer has none of them.
        let named: Vec<_> = ids.iter().filter(|id| said.contains(*id)).collect();
        let echoed = statuses.contains(&400) && named.iter().all(|id| path.contains(*id));
        prop_assert!(named.is_empty() || echoed, "{:?} {}: {:?}", form, template, named);
        for status in &statuses {
            prop_assert!(matches!(status, 200 | 400 | 403), "{:?} {}: {}", form, template, said);
            let count = if *status == 200 { &answered } else { &refused };
            count.set(count.get() + 1);
        }
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
    println!("{} answers, {} refusals", answered.get(), refused.get());
    assert!(answered.get() > 50 && refused.get() > 50, "the cases are lopsided");
    world.verified(serving.head());
}

#[test]
fn a_read_of_the_root_that_is_sent_as_post_is_refused_as_any() {
    let world = village::founded();
    let serving = world.serve();
    let bearer = format!("Bearer {}", serving.token(village::VIEWER));
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    for root in ["/", "/v3.0"] {
        let path = format!("{root}?ids=me&fields=friends%7Bfriends%7D");
        let refused = send(&world.url(), "POST", &path, &headers, r#"{"method":"GET"}"#);
        assert_eq!((refused.status, refused.error_code()), (403, Some(10)), "{root}");
    }
}
