//! The read API and `/decide` are two doors of one disclosure: the same question through both makes the same entry, the
//! same refusals, the same counts of use.

use std::fs;

use countersign_demo::client::Reply;
use countersign_demo::world;
use countersign_domain::agreement::Delivery;
use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_http::decide::{Answers, Outcome};
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_service::clock;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::village;
use crate::support::{Serving, World, header, send};

const FIELDS: [&str; 4] = ["name", "work", "religion", "birthday"];

/// What is asked, under what.
#[derive(Clone, Debug)]
struct Case {
    viewer: Vec<&'static str>,
    friends: Option<Vec<&'static str>>,
    /// What one friend has open.
    open: Vec<&'static str>,
    sec_gpc: bool,
    in_query: bool,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Allowed,
    Suspended,
    GrantEnded,
    AppToken,
    NoToken,
}

fn cases() -> impl Strategy<Value = Case> {
    let fields = |least: usize| subsequence(FIELDS.to_vec(), least..=FIELDS.len());
    let state = prop_oneof![
        6 => Just(State::Allowed),
        1 => Just(State::Suspended),
        1 => Just(State::GrantEnded),
        1 => Just(State::AppToken),
        1 => Just(State::NoToken),
    ];
    let gpc_and_query = (any::<bool>(), any::<bool>());
    (fields(1), proptest::option::of(fields(1)), fields(0), gpc_and_query, state).prop_map(
        |(viewer, friends, open, (sec_gpc, in_query), state)| Case {
            viewer,
            friends,
            open,
            sec_gpc,
            in_query,
            state,
        },
    )
}

/// What came of a question: where its entry stands, or what the partner is told instead.
#[derive(PartialEq, Eq, Debug)]
enum Came {
    Entry(u64),
    Refused { status: u16, code: u64, message: String },
}

impl Serving<'_> {
    fn through_the_read_api(&self, case: &Case, token: &str) -> Came {
        let mut path = format!("/me?fields={}", case.viewer.join(","));
        if let Some(friends) = &case.friends {
            path.push_str(&format!(",friends.limit(400){{{}}}", friends.join(",")));
        }
        let authorization = format!("bearer {token}");
        let mut headers = Vec::new();
        if case.in_query {
            path.push_str(&format!("&access_token={token}"));
        } else {
            headers.push(("authorization", &*authorization));
        }
        if case.sec_gpc {
            headers.push(("sec-gpc", "1"));
        }
        let reply = send(&self.world.url(), "GET", &path, &headers, "");
        if reply.status == 200 {
            return Came::Entry(self.world.receipt(&reply).index);
        }
        let error: Value = serde_json::from_slice(&reply.body).unwrap();
        Came::Refused {
            status: reply.status,
            code: error["error"]["code"].as_u64().unwrap(),
            message: error["error"]["message"].as_str().unwrap().to_owned(),
        }
    }

    fn through_decide(&self, case: &Case, token: &str) -> Came {
        let friends = village::visible().into_iter().chain(village::CLOSED.map(village::closed));
        let people: Vec<_> = friends
            .map(|account| json!({ "account": account, "minor": account == village::MINOR }))
            .collect();
        let mut question = json!({
            "token": token,
            "purpose": world::PURPOSE,
            "request": {
                "method": "GET", "uri": "/platform", "sec_gpc": case.sec_gpc,
                "token_in_query": case.in_query,
            },
            "viewer": { "account": village::VIEWER },
            "fields": case.viewer,
        });
        if let Some(fields) = &case.friends {
            question["friends"] = json!({ "fields": fields, "people": people });
        }
        match self.decided(&question) {
            Outcome::Masks(masks) => Came::Entry(masks.index),
            Outcome::Error(refusal) => Came::Refused {
                status: refusal.partner.status,
                code: refusal.partner.code.into(),
                message: refusal.partner.message,
            },
        }
    }

    fn decided(&self, question: &Value) -> Outcome {
        let token = fs::read_to_string(self.world.directory.decide_token()).unwrap();
        let authorization = format!("BEARER {token}");
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        let body = json!({ "questions": [question] }).to_string();
        let reply = send(&self.world.url(), "POST", "/decide", &headers, &body);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice::<Answers>(&reply.body).unwrap().answers.remove(0)
    }

    /// A token for this case, where it is in this state.
    fn prepared(&self, case: &Case, secret: &str) -> String {
        self.open_to_friends_devices(&village::open(1), &case.open);
        match case.state {
            State::Allowed | State::Suspended => self.token(village::VIEWER),
            State::GrantEnded => {
                let token = self.token(village::VIEWER);
                let path = format!("/admin/v1/people/{}/grants", village::VIEWER);
                let admin = self.admin_token();
                let grants = self.read(&path, &admin);
                let newest = grants["grants"][0]["id"].as_str().unwrap();
                let headers = [("authorization", &*format!("Bearer {admin}"))];
                let ended =
                    send(&self.world.url(), "DELETE", &format!("{path}/{newest}"), &headers, "");
                assert_eq!(ended.status, 200);
                token
            }
            State::AppToken => format!("{}|{secret}", world::CLIENT),
            State::NoToken => "x".to_owned(),
        }
    }
}

/// What the doors have to agree about in an entry: all but how it was delivered, and what a fresh seed and the
/// clock make different.
fn comparable(world: &World, index: u64, delivery: Delivery) -> Disclosure {
    let leaf = &world.verified(index + 1)[index as usize];
    let Entry::Disclosure(entry) = &leaf.entry else { panic!("entry {index} is no disclosure") };
    assert_eq!(entry.delivery, delivery);
    assert_eq!(entry.as_of, index, "the decision had not seen all that there was");
    let (records, request) = (Digest([0; 32]), Digest([0; 32]));
    let (as_of, time) = (0, Timestamp::from_seconds(0));
    Disclosure { as_of, delivery: Delivery::Decided, records, request, time, ..entry.clone() }
}

#[test]
fn property_the_same_question_through_both_doors_comes_to_the_same() {
    let world = village::founded();
    let secret = world.client_secret(world::CLIENT);
    let serving = world.serve();
    let mut runner = TestRunner::new(Config { cases: 40, ..Config::default() });
    let outcome = runner.run(&cases(), |case| {
        let token = serving.prepared(&case, &secret);
        if case.state == State::Suspended {
            serving.suspend();
        }
        let (read, decided) =
            (serving.through_the_read_api(&case, &token), serving.through_decide(&case, &token));
        if case.state == State::Suspended {
            serving.reinstate();
        }
        match (read, decided) {
            (Came::Entry(read), Came::Entry(decided)) => prop_assert_eq!(
                comparable(&world, read, Delivery::Clear),
                comparable(&world, decided, Delivery::Decided)
            ),
            // Without a viewer the Graph API has words of its own for `me`.
            (Came::Refused { code: 2500, .. }, Came::Refused { code: 102, .. }) => {
                prop_assert_eq!(case.state, State::AppToken);
            }
            (read, decided) => prop_assert_eq!(read, decided),
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn calls_through_both_doors_count_alike() {
    let world = village::founded();
    world.configure("calls_per_hour = 0", "calls_per_hour = 100");
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let case = Case {
        viewer: vec!["name"],
        friends: None,
        open: Vec::new(),
        sec_gpc: false,
        in_query: false,
        state: State::Allowed,
    };
    let percent = |reply: &Reply| {
        let used: Value = serde_json::from_str(header(reply, "x-app-usage").unwrap()).unwrap();
        used["call_count"].as_u64().unwrap()
    };
    assert_eq!(percent(&serving.get("/me", &token)), 1);
    for _ in 0..9 {
        assert!(matches!(serving.through_decide(&case, &token), Came::Entry(_)));
    }
    assert_eq!(percent(&serving.get("/me", &token)), 11);
    for _ in 0..89 {
        let _ = serving.through_decide(&case, &token);
    }
    let told = clock::now();
    let (read, decided) =
        (serving.through_the_read_api(&case, &token), serving.through_decide(&case, &token));
    assert!(matches!(read, Came::Refused { code: 4, .. }), "{read:?} at {told}");
    assert_eq!(read, decided);
}
