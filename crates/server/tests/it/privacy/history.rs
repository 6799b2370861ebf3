//! What a person changed of settings and grants: by every way, newest first, page by page, and gone with the
//! person. And the end of one grant.

use countersign_demo::client::Reply;
use serde_json::{Value, json};

use crate::support::village::{self, VIEWER};
use crate::support::{Serving, World, finish, program, send};

impl Serving<'_> {
    /// A call of the admin API.
    pub(crate) fn admin(&self, method: &str, path: &str) -> Reply {
        let bearer = format!("Bearer {}", self.admin_token());
        send(
            &self.world.url(),
            method,
            &format!("/admin/v1{path}"),
            &[("authorization", &bearer)],
            "",
        )
    }

    /// What a call of the admin API says, which has to work.
    pub(crate) fn told(&self, path: &str) -> Value {
        let reply = self.admin("GET", path);
        let told = reply.json().unwrap();
        assert_eq!(reply.status, 200, "{path}: {told}");
        told
    }
}

/// `countersign people …` with JSON; what it said.
pub(crate) fn people(world: &World, command: &str, arguments: &[&str]) -> Value {
    let mut program = program(&["people", command]);
    let output = finish(program.arg("--dir").arg(world.path()).args(arguments).arg("--json"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command} {arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The kinds of changes, newest first, with the way of each.
fn kinds(history: &Value) -> Vec<(String, String)> {
    let kind = |change: &Value| {
        let kinds = ["settings", "grant_given", "grant_ended"];
        let kind = kinds.into_iter().find(|kind| change.get(kind).is_some()).unwrap();
        (kind.to_owned(), change["by"].as_str().unwrap().to_owned())
    };
    history["history"].as_array().unwrap().iter().map(kind).collect()
}

#[test]
fn every_change_is_kept_with_its_way_and_told_newest_first() {
    let world = village::founded();
    // Without a server, by command.
    people(&world, "settings", &[VIEWER, "--preset", "closed"]);
    let serving = world.serve();
    serving.put_settings(VIEWER, &json!({ "my_device": ["id", "name", "friends"] }));
    serving.put_settings(VIEWER, &json!({ "my_device": ["id", "work"] }));
    serving.put_settings(VIEWER, &json!({ "my_device": ["id", "work"] }));
    serving.token(VIEWER);
    let login = json!({ "account": VIEWER, "build": "aurora-home@41", "purpose": "address-book" });
    let reply = serving.client.post("/login", &serving.admin_token(), &login).unwrap();
    assert_eq!(reply.status, 200);
    let grants = serving.told("/people/ada/grants");
    let [newest, older] = &grants["grants"].as_array().unwrap()[..] else { panic!("{grants}") };
    let id = newest["id"].as_str().unwrap();
    let ended = serving.admin("DELETE", &format!("/people/ada/grants/{id}"));
    assert_eq!(ended.json().unwrap(), json!({ "id": id, "ended": true }));

    let history = serving.told("/people/ada/history");
    let expected = [
        ("grant_ended", "admin_api"),
        ("grant_given", "login"),
        ("grant_given", "admin_api"),
        ("settings", "admin_api"),
        ("settings", "admin_api"),
        ("settings", "command"),
    ];
    let expected = expected.map(|(kind, by)| (kind.to_owned(), by.to_owned()));
    let mut found = kinds(&history);
    // Two grants of one second stand in the order of their ids.
    found[1..3].sort_unstable_by(|one, other| other.1.cmp(&one.1));
    assert_eq!(found, expected, "{history}");
    let changes = history["history"].as_array().unwrap();
    assert_eq!(changes[0]["grant_ended"], *newest);
    assert!([&changes[1], &changes[2]].iter().any(|one| one["grant_given"]["id"] == older["id"]));
    let last = json!({ "opened": { "my_device": ["work"] }, "closed": { "my_device": ["friends", "name"] } });
    assert_eq!(changes[3]["settings"], last);
    assert_eq!(changes[5]["settings"]["preset"], "closed");
    assert_eq!(changes[5]["settings"]["opened"], json!({}));

    // Page by page it is the same, by the API and by command, with and without a server.
    let mut paged = Vec::new();
    let mut path = "/people/ada/history?limit=4".to_owned();
    loop {
        let page = serving.told(&path);
        paged.extend(page["history"].as_array().unwrap().clone());
        let Some(before) = page.get("before") else { break };
        path = format!("/people/ada/history?limit=4&before={before}");
    }
    assert_eq!(paged, *changes);
    assert_eq!(people(&world, "history", &[VIEWER]), history);
    assert_eq!(people(&world, "grants", &[VIEWER]), serving.told("/people/ada/grants"));
    assert_eq!(serving.told("/people/open-01/history"), json!({ "history": [] }));
    for limit in ["0", "1001", "x"] {
        let reply = serving.admin("GET", &format!("/people/ada/history?limit={limit}"));
        assert_eq!(reply.status, 400, "{limit}");
    }
    let said = serving.said();
    serving.stop();
    assert!(!said.contains("my_device") && !said.contains(id), "history is in no log line");
    assert_eq!(people(&world, "history", &[VIEWER]), history);
    let older = older["id"].as_str().unwrap();
    assert_eq!(people(&world, "grants", &[VIEWER, "--end", older])["ended"], true);
    assert_eq!(people(&world, "grants", &[VIEWER]), json!({ "grants": [] }));
}

#[test]
fn unauthorised_the_token_of_a_grant_that_was_ended_is_refused_at_the_next_request() {
    let world = village::founded();
    let serving = world.serve();
    let (first, second) = (serving.token(VIEWER), serving.token(VIEWER));
    let grants = || serving.told("/people/ada/grants")["grants"].as_array().unwrap().clone();
    let others = serving.token("open-01");
    let all = grants();
    assert_eq!(all.len(), 2);
    let ids: Vec<&str> = all.iter().map(|grant| grant["id"].as_str().unwrap()).collect();
    // Nobody ends a grant in somebody else's name, nor one that is none.
    for path in [
        format!("/people/open-01/grants/{}", ids[0]),
        format!("/people/ada/grants/{}", "0".repeat(32)),
        "/people/ada/grants/x".to_owned(),
    ] {
        assert_eq!(serving.admin("DELETE", &path).status, 404, "{path}");
    }
    assert_eq!(grants().len(), 2);
    assert_eq!(serving.admin("DELETE", &format!("/people/ada/grants/{}", ids[0])).status, 200);
    let mut refused = 0;
    for token in [&first, &second] {
        let reply = serving.get("/me", token);
        if reply.status == 400 {
            refused += 1;
            let error = reply.json().unwrap()["error"].clone();
            assert_eq!((&error["code"], &error["error_subcode"]), (&json!(190), &json!(466)));
        }
    }
    assert_eq!(refused, 1, "exactly the ended one");
    assert_eq!(serving.get("/me", &others).status, 200);
}

#[test]
fn a_person_who_is_removed_loses_their_grants_and_keeps_their_history() {
    let world = village::founded();
    let serving = world.serve();
    for account in [VIEWER, "open-01"] {
        serving.token(account);
        serving.put_settings(account, &json!({ "preset": "closed" }));
    }
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/x-ndjson")];
    let line = "{\"sequence\":1,\"account\":\"ada\",\"removed\":true}\n";
    assert_eq!(send(&world.url(), "POST", "/admin/v1/people/feed", &headers, line).status, 200);
    serving.stop();
    let people = world.people();
    for (account, grants, changes) in [(VIEWER, 0, 2), ("open-01", 1, 2)] {
        let person = people.person_of_account(account).unwrap().unwrap();
        assert_eq!(people.grants_of(person).unwrap().len(), grants, "{account}");
        assert_eq!(people.history(person, None, 9).unwrap().len(), changes, "{account}");
    }
}
