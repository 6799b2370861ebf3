//! An agreement that has answers wait: none leaves before its entry is in a published checkpoint, and what
//! ceased to be allowed meanwhile does not leave at all.

use countersign_domain::act::{Act, ReviewOutcome, Suspension};
use countersign_protocol::entry::Entry;
use countersign_service::clock;

use crate::support::{Serving, World, eventually};
use crate::support::{partners, village};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";

pub(crate) const PATIENT: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-patient-1"
partner = "clover"
client = "clover-patient"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"
wait = "published"

[[purpose]]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

fn world(agreement: &str) -> (World, String) {
    let world = village::founded();
    partners::register(&world, "clover");
    let agreement = partners::conclude(&world, agreement);
    partners::submit(&world, &agreement, "patient@1", "address-book", &[]);
    partners::review(&world, "patient@1", ReviewOutcome::Approve);
    let token = world.token_of("patient@1", "address-book", village::VIEWER, clock::now());
    (world, token)
}

#[test]
fn no_answer_leaves_before_its_entry_is_published() {
    let (world, token) = world(PATIENT);
    let serving = world.serve();
    for _ in 0..3 {
        let reply = serving.get(READ, &token);
        // Read at once: the answer is here, so its entry has to be in what everybody sees.
        let published = world.checkpoint().size;
        assert_eq!(reply.status, 200);
        let index = world.receipt(&reply).index;
        assert!(index < published, "entry {index} and a checkpoint of {published}");
    }
}

/// Reads under an agreement that has answers wait, and has something happen between the entry of the
/// answer and its publication: no answer leaves, and the entry stands.
fn assert_withheld_after(happening: impl FnOnce(&Serving<'_>)) {
    let (world, token) = world(PATIENT);
    // Publishing is slow enough for something to happen meanwhile.
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 4000");
    let serving = world.serve();
    let before = serving.head();
    let reply = std::thread::scope(|scope| {
        let reading = scope.spawn(|| serving.get(READ, &token));
        eventually("the entry of the answer", || serving.head() > before);
        happening(&serving);
        assert!(!reading.is_finished(), "it was too late");
        reading.join().unwrap()
    });
    assert_eq!(reply.status, 500, "{}", String::from_utf8_lossy(&reply.body));
    let leaves = world.verified(serving.head());
    assert!(matches!(leaves[before as usize].entry, Entry::Disclosure(_)));
}

#[test]
fn what_is_suspended_while_an_answer_waits_does_not_leave() {
    assert_withheld_after(|serving| {
        let subject = "client:clover-patient".parse().unwrap();
        let act = Act::Suspension(Suspension { subject, reason: "audit".to_owned() });
        serving.submit(act, &["reviewer:ines"]).unwrap();
    });
}

#[test]
fn an_answer_whose_grant_is_ended_while_it_waits_does_not_leave() {
    assert_withheld_after(|serving| {
        let grants = serving.told(&format!("/people/{}/grants", village::VIEWER));
        let id = grants["grants"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/people/{}/grants/{id}", village::VIEWER);
        assert_eq!(serving.admin("DELETE", &path).status, 200);
    });
}

#[test]
fn what_a_friend_closes_while_an_answer_waits_does_not_leave() {
    assert_withheld_after(|serving| {
        serving.open_to_friends_devices(&village::visible()[0], &[]);
    });
}

#[test]
fn unauthorised_an_agreement_that_wants_more_than_this_server_can_do_gets_nothing() {
    for more in
        ["delivery = { sealed = \"hardware\" }", "delivery = \"clear\"\nwait = \"witnessed\""]
    {
        let text = PATIENT.replace("delivery = \"clear\"\nwait = \"published\"", more);
        let world = village::founded();
        partners::register(&world, "clover");
        let agreement = partners::conclude(&world, &text);
        partners::submit(&world, &agreement, "patient@1", "address-book", &[]);
        partners::review(&world, "patient@1", ReviewOutcome::Approve);
        let token = world.token_of("patient@1", "address-book", village::VIEWER, clock::now());
        let serving = world.serve();
        let refused = serving.get(READ, &token);
        assert_eq!((refused.status, refused.error_code()), (403, Some(10)), "{more}");
    }
}

#[test]
fn operations_that_wait_for_publication_leave_their_room_to_other_batches() {
    let (world, patient) = world(PATIENT);
    let token = world.token(village::VIEWER);
    // Nothing is published while this test runs.
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 60000");
    world.configure("publish_deadline_s = 60", "publish_deadline_s = 480");
    let serving = world.serve();
    let before = serving.head();
    let operations = vec![serde_json::json!({ "relative_url": "me?fields=name" }); 8];
    let batch = serde_json::json!({ "batch": operations });
    std::thread::scope(|scope| {
        // As many as there is room for, eight at once of each batch, and some more.
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let client = countersign_demo::client::Client::new(&world.url());
                let (batch, patient) = (&batch, &patient);
                scope.spawn(move || client.post("/", patient, batch).is_ok())
            })
            .collect();
        eventually("all of them wait", || serving.head() >= before + 80);
        let reply = serving.client.post("/", &token, &batch).unwrap();
        let answers = reply.json().unwrap();
        let codes: Vec<_> =
            answers.as_array().unwrap().iter().map(|a| a["code"].as_u64()).collect();
        assert_eq!(codes, [Some(200); 8], "{answers}");
        assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
        // The others need not be waited for.
        serving.kill();
    });
}
