//! A change of settings shows in the very next read, whoever made it, and never by halves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use countersign_demo::client::Client;
use serde_json::{Value, json};

use crate::privacy::history::people;
use crate::source::http::{base_url, write_mapping};
use crate::support::checked::body;
use crate::support::scripted_api::ada_and_friends;
use crate::support::village::{self, VIEWER};
use crate::support::{World, ids, send};

#[test]
fn the_very_next_read_obeys_the_api_and_the_command() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let friend = village::open(1);
    let id = world.id(&friend);
    let serving = world.serve();
    let path = format!("/{id}?fields=name,work");
    for round in 0..10 {
        let (open, expected) = if round % 2 == 0 { ("name", "work") } else { ("work", "name") };
        if round % 4 < 2 {
            serving.open_to_friends_devices(&friend, &["id", open]);
        } else {
            people(&world, "settings", &[&friend, "--open", &format!("friends_device=id,{open}")]);
        }
        let read = serving.read(&path, &token);
        assert_eq!(read, json!({ "id": id, open: village::value(open, &friend) }), "{round}");
        assert!(read.get(expected).is_none());
    }
    people(&world, "settings", &[&friend, "--preset", "closed"]);
    assert_eq!(serving.get(&path, &token).status, 400);
    people(&world, "settings", &[&friend, "--preset", "friends-basics"]);
    assert_eq!(serving.get(&path, &token).status, 200);
}

#[test]
fn a_change_that_races_reads_never_shows_a_record_of_old_and_new_settings() {
    let world = village::founded();
    let token = world.token(VIEWER);
    let friend = village::open(1);
    let id = world.id(&friend);
    let serving = world.serve();
    serving.open_to_friends_devices(&friend, &["id", "name"]);
    let done = AtomicBool::new(false);
    let read = || {
        let client = Client::new(&world.url());
        let mut seen = [0; 3];
        while !done.load(Ordering::Relaxed) {
            let list = client.get("/me/friends?limit=400&fields=name,work", &token).unwrap();
            let list = list.json().unwrap();
            let found = list["data"].as_array().unwrap().iter().find(|one| one["id"] == *id);
            let found = found.unwrap();
            let has = ["name", "work"].map(|field| found.get(field).is_some());
            assert_ne!(has, [true, true], "a mixture: {found}");
            // Neither, for as long as the log does not know what was opened.
            seen[if has[0] { 0 } else { 1 + usize::from(has[1]) }] += 1;
        }
        seen
    };
    std::thread::scope(|threads| {
        let readers = [threads.spawn(read), threads.spawn(read)];
        for round in 0..120 {
            let open = if round % 2 == 0 { "work" } else { "name" };
            serving.open_to_friends_devices(&friend, &["id", open]);
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            let seen = reader.join().unwrap();
            assert!(seen[0] > 0 && seen[2] > 0, "the readers saw one side only: {seen:?}");
        }
    });
}

/// How many questions about friends have come, and how many may be answered.
#[derive(Default)]
struct Gate {
    state: Mutex<(usize, usize)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        let number = state.0;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| state.1 < number).unwrap());
    }

    fn wait_for(&self, number: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.0 < number).unwrap());
    }

    fn let_pass(&self, number: usize) {
        self.state.lock().unwrap().1 = number;
        self.changed.notify_all();
    }
}

#[test]
fn the_next_operation_of_a_batch_obeys_a_change_that_came_after_the_one_before() {
    let gate = Arc::new(Gate::default());
    let api = ada_and_friends(&gate, Gate::pass);
    let world = World::founded();
    write_mapping(world.path(), &base_url(api.address), None);
    let source =
        "kind = \"http\"\nhttp = { mapping = \"mapping.toml\", timeout_ms = 60000, retries = 0 }";
    world.configure("kind = \"image\"", source);
    world.configure("new_people = \"default\"", "new_people = \"open\"");
    let serving = world.serve();
    let token = serving.token(VIEWER);
    let operations = json!([
        { "name": "first", "relative_url": "me/friends?fields=name", "omit_response_on_success": false },
        { "relative_url": "me/friends?fields=name", "depends_on": "first" },
    ]);
    let answers = std::thread::scope(|threads| {
        let batch = threads.spawn(|| {
            let bearer = format!("Bearer {token}");
            let headers = [("authorization", &*bearer), ("content-type", "application/json")];
            let body = json!({ "batch": operations }).to_string();
            let reply = send(&world.url(), "POST", "/", &headers, &body);
            serde_json::from_slice::<Vec<Value>>(&reply.body).unwrap()
        });
        gate.wait_for(1);
        gate.let_pass(1);
        // The second has asked its source already, and is decided with what holds after that.
        gate.wait_for(2);
        serving.open_to_friends_devices("bob", &[]);
        serving.open_to_friends_devices("cy", &["id"]);
        gate.let_pass(2);
        batch.join().unwrap()
    });
    assert_eq!(ids(&body(&answers[0])).len(), 2);
    let after = body(&answers[1]);
    assert_eq!(ids(&after).len(), 1, "{after}");
    assert_eq!(after["data"][0].get("name"), None, "{after}");
}
