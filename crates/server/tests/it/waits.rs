//! An agreement that has answers wait: none leaves before its entry is in a published checkpoint, and what
//! ceased to be allowed meanwhile does not leave at all.

use countersign::clock;
use countersign_domain::act::{Act, ReviewOutcome, Suspension};
use countersign_verifier::entry::Entry;

use crate::support::{World, eventually};
use crate::{partners, village};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";

const PATIENT: &str = r#"version = 2
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

#[test]
fn what_is_forbidden_while_an_answer_waits_does_not_leave() {
    let (world, token) = world(PATIENT);
    // Publishing is slow enough for something to happen meanwhile.
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 4000");
    let serving = world.serve();
    let before = serving.head();
    let (reply, suspension) = std::thread::scope(|scope| {
        let reading = scope.spawn(|| serving.get(READ, &token));
        eventually("the entry of the answer", || serving.head() > before);
        let subject = "client:clover-patient".parse().unwrap();
        let act = Act::Suspension(Suspension { subject, reason: "audit".to_owned() });
        let suspension = serving.submit(act, &["reviewer:ines"]).unwrap();
        (reading.join().unwrap(), suspension)
    });
    assert_eq!(reply.status, 500, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(suspension, before + 1);
    let leaves = world.verified(suspension + 1);
    assert!(matches!(leaves[before as usize].entry, Entry::Disclosure(_)));
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
