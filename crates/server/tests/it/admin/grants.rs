//! Grants that cannot be made: nothing could be released under them.

use countersign_demo::world::{BUILD, PURPOSE};
use countersign_domain::act::ReviewOutcome;
use serde_json::json;

use crate::support::{Serving, World};
use crate::support::{partners, village};

fn agreement(client: &str, not_before: &str, not_after: &str) -> String {
    format!(
        r#"version = 2
platform = "Example Platform"
agreement = "{client}-1"
partner = "clover"
client = "{client}"
kind = "app"
not_before = {not_before}
not_after = {not_after}
delivery = "clear"

[[purpose]]
purpose = "feed"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#
    )
}

fn submit(world: &World, client: &str, not_before: &str, not_after: &str) {
    let agreement = partners::conclude(world, &agreement(client, not_before, not_after));
    partners::submit(world, &agreement, &format!("{client}@1"), "feed", &[]);
}

/// Asks for a grant in both ways; why there is none, or nothing.
fn ask(serving: &Serving<'_>, build: &str, purpose: &str) -> Option<String> {
    let wanted = json!({ "account": village::VIEWER, "build": build, "purpose": purpose });
    let admin = serving.admin_token();
    let said = ["/admin/v1/tokens", "/login"].map(|path| {
        let reply = serving.client.post(path, &admin, &wanted).unwrap();
        let body = String::from_utf8(reply.body).unwrap();
        assert!(matches!(reply.status, 200 | 422), "{path}: {body}");
        (reply.status == 422).then_some(body)
    });
    assert_eq!(said[0], said[1]);
    said[0].clone()
}

#[test]
fn unauthorised_a_grant_to_a_stopped_client_or_outside_of_the_term_is_not_made() {
    let world = village::founded();
    partners::register(&world, "clover");
    submit(&world, "old", "2010-01-01T00:00:00Z", "2015-01-01T00:00:00Z");
    submit(&world, "early", "2990-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    submit(&world, "unseen", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    submit(&world, "revoked", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    for build in ["old@1", "early@1", "revoked@1"] {
        partners::review(&world, build, ReviewOutcome::Approve);
    }
    partners::review(&world, "revoked@1", ReviewOutcome::Revoke);
    let serving = world.serve();
    assert_eq!(ask(&serving, BUILD, PURPOSE), None);
    for (build, expected) in [
        (
            "old@1",
            "agreement old-1 is in force from 2010-01-01T00:00:00Z until 2015-01-01T00:00:00Z",
        ),
        ("early@1", "agreement early-1 is in force from 2990-01-01T00:00:00Z"),
        ("unseen@1", "the build is not approved"),
        ("revoked@1", "the build is not approved"),
    ] {
        let said = ask(&serving, build, "feed").unwrap();
        assert!(said.contains(expected), "{expected}: {said}");
    }
    serving.suspend();
    let said = ask(&serving, BUILD, PURPOSE).unwrap();
    assert!(said.contains("is suspended"), "{said}");
    serving.reinstate();
    assert_eq!(ask(&serving, BUILD, PURPOSE), None);
}
