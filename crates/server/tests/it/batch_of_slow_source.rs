//! A batch in front of a source of which some questions are slow: what could not be asked in time is `null` and
//! in no entry, and everything else is answered.

use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::checked::Recipient;
use crate::scripted_api::{ScriptedApi, json as answered};
use crate::source_http::{base_url, write_mapping};
use crate::support::{World, ids};

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
}

/// An API that tells of a viewer at once, and of friends when the gate is open.
fn api_behind(gate: &Arc<Gate>) -> ScriptedApi {
    let gate = Arc::clone(gate);
    let person = |account: &str| {
        format!(
            "{{\"id\":\"{account}\",\"is_minor\":false,\"profile\":{{\"name\":\"{account}\"}}}}"
        )
    };
    ScriptedApi::start(move |path, _| match path.strip_prefix("/v1/users").unwrap() {
        "/ada" => answered(&person("ada")),
        "/ada/friends" => {
            gate.wait();
            answered(r#"{"data":[{"id":"bob"},{"id":"cy"}]}"#)
        }
        _ => answered(&format!("{{\"bob\":{},\"cy\":{}}}", person("bob"), person("cy"))),
    })
}

#[test]
fn what_a_slow_source_does_not_tell_in_time_is_null_and_in_no_entry() {
    let gate = Arc::new(Gate::default());
    let api = api_behind(&gate);
    let world = World::founded();
    write_mapping(world.path(), &base_url(api.address), None);
    let source =
        "kind = \"http\"\nhttp = { mapping = \"mapping.toml\", timeout_ms = 60000, retries = 0 }";
    world.configure("kind = \"image\"", source);
    world.configure("new_people = \"default\"", "new_people = \"open\"");
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
    assert_eq!(ids(&crate::checked::body(&answers[1])).len(), 2);
    assert_eq!(serving.head(), head + 2 + 5);
    assert_eq!(recipient.check(), 2 + 5);
}
