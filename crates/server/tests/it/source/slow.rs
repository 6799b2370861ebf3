//! A source that is slow. Of a batch, what could not be asked in time is `null` and in no entry, and everything else
//! is answered; and what people choose while it is waited for holds for the answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use countersign_demo::client::Reply;
use serde_json::{Value, json};

use crate::source::http::{base_url, write_mapping};
use crate::support::checked::Recipient;
use crate::support::scripted_api::{ScriptedApi, ada_and_friends};
use crate::support::{Serving, World, eventually, ids};

/// What answers wait for.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        drop(self.opened.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn shut(&self) {
        *self.is_open.lock().unwrap() = false;
    }
}

/// An instance in front of this API.
fn in_front_of(api: &ScriptedApi) -> World {
    let world = World::founded();
    write_mapping(world.path(), &base_url(api.address), None);
    let source =
        "kind = \"http\"\nhttp = { mapping = \"mapping.toml\", timeout_ms = 60000, retries = 0 }";
    world.configure("kind = \"image\"", source);
    world.configure("new_people = \"default\"", "new_people = \"open\"");
    world
}

/// Asks for friends' names, and does something once the source is asked for them.
fn ask_while(
    (serving, api, gate): (&Serving<'_>, &ScriptedApi, &Gate),
    token: &str,
    something: impl FnOnce(),
) -> Reply {
    let asked = || api.paths().iter().filter(|path| path.ends_with("/ada/friends")).count();
    gate.shut();
    let before = asked();
    let reply = thread::scope(|scope| {
        let reply = scope.spawn(|| serving.get("/me?fields=name,friends{name}", token));
        eventually("the source is asked", || asked() > before);
        something();
        gate.open();
        reply.join().unwrap()
    });
    assert_eq!(asked(), before + 1, "the source is not asked again");
    reply
}

#[test]
fn what_people_choose_while_a_source_is_slow_holds_for_the_answer() {
    let gate = Arc::new(Gate::default());
    let api = ada_and_friends(&gate, Gate::wait);
    let world = in_front_of(&api);
    let serving = world.serve();
    let token = serving.token("ada");
    let names = |reply: &Reply| -> BTreeSet<Option<String>> {
        let body: Value = reply.json().unwrap();
        let friends = body["friends"]["data"].as_array().unwrap();
        friends.iter().map(|friend| friend["name"].as_str().map(str::to_owned)).collect()
    };
    let before = ask_while((&serving, &api, &gate), &token, || ());
    assert_eq!(names(&before).len(), 2);
    // Longer than a decision may look back.
    let after = ask_while((&serving, &api, &gate), &token, || {
        serving.open_to_friends_devices("bob", &["id"]);
        thread::sleep(Duration::from_secs(4));
    });
    assert_eq!(names(&after), [None, Some("cy".to_owned())].into());
    assert!(serving.metrics().contains("countersign_log_stale_decisions_total 0\n"));
    world.verified(serving.head());
}

#[test]
fn a_grant_that_ends_while_a_source_is_slow_has_ended_for_the_answer() {
    let gate = Arc::new(Gate::default());
    let api = ada_and_friends(&gate, Gate::wait);
    let world = in_front_of(&api);
    let serving = world.serve();
    let token = serving.token("ada");
    assert_eq!(ask_while((&serving, &api, &gate), &token, || ()).status, 200);
    let head = serving.head();
    let refused = ask_while((&serving, &api, &gate), &token, || {
        let list = serving.client.get("/admin/v1/people/ada/grants", &serving.admin_token());
        let list: Value = list.unwrap().json().unwrap();
        let id = list["grants"][0]["id"].as_str().unwrap();
        let path = format!("/people/ada/grants/{id}");
        assert_eq!(serving.admin("DELETE", &path).status, 200);
    });
    assert_eq!(refused.error_code(), Some(190));
    assert_eq!(serving.head(), head + 1, "what ended, and no answer");
}

#[test]
fn what_a_slow_source_does_not_tell_in_time_is_null_and_in_no_entry() {
    let gate = Arc::new(Gate::default());
    let api = ada_and_friends(&gate, Gate::wait);
    let world = in_front_of(&api);
    world.configure("batch_timeout_ms = 20000", "batch_timeout_ms = 2000");
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &serving.token("ada"));
    let operations = json!([
        { "relative_url": "me?fields=id,name" },
        { "name": "friends", "relative_url": "me/friends?fields=id,name", "omit_response_on_success": false },
        { "relative_url": "?ids={result=friends:$.data.*.id}&fields=name" },
        { "relative_url": "me/photos" },
        { "relative_url": "me?fields=name,friends{name}" },
        { "relative_url": "me?fields=name" },
    ]);
    let codes = |answers: &[Value]| {
        answers.iter().map(|answer| answer["code"].as_u64()).collect::<Vec<_>>()
    };
    let head = serving.head();
    let answers = recipient.batch(&operations);
    assert_eq!(codes(&answers), [Some(200), None, None, Some(400), None, Some(200)]);
    assert!([1, 2, 4].iter().all(|late| answers[*late].is_null()), "{answers:?}");
    assert_eq!(serving.head(), head + 2);
    gate.open();
    // What was given up is asked again, and only that comes into the log.
    let answers = recipient.batch(&operations);
    assert_eq!(codes(&answers), [Some(200), Some(200), Some(200), Some(400), Some(200), Some(200)]);
    assert_eq!(ids(&crate::support::checked::body(&answers[1])).len(), 2);
    assert_eq!(serving.head(), head + 2 + 5);
    assert_eq!(recipient.check(), 2 + 5);
}
