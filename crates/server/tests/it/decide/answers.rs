//! `/decide`: a platform that serves its own answers, and the partner who gets them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use countersign_demo::client::Reply;
use countersign_demo::world;
use countersign_domain::agreement::Delivery;
use countersign_domain::reason::Reason;
use countersign_http::decide::masks::{Masks, PersonMask};
use countersign_http::decide::refusal::{Code, Refusal};
use countersign_http::decide::{Answers, Outcome};
use countersign_protocol::entry::Entry;
use countersign_service::clock;
use countersign_verifier::log_check::Question;
use countersign_verifier::promise::{AnswerCheck, Promise, ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::Rule;
use serde_json::{Map, Value, json};

use crate::support::village;
use crate::support::{Serving, World, send};

const URI: &str = "/platform/friends?of=me";
const NONCE: &str = "n-1";
const FIELDS: [&str; 3] = ["name", "work", "religion"];

fn people(accounts: impl IntoIterator<Item = String>) -> Value {
    accounts
        .into_iter()
        .map(|account| json!({ "account": account, "minor": account == village::MINOR }))
        .collect()
}

/// All friends of the village's viewer, whatever they opened.
fn friends() -> Vec<String> {
    village::visible().into_iter().chain(village::CLOSED.map(village::closed)).collect()
}

fn question(token: &str) -> Value {
    json!({
        "token": token,
        "purpose": world::PURPOSE,
        "request": { "method": "GET", "uri": URI, "nonce": NONCE },
        "viewer": { "account": village::VIEWER },
        "fields": FIELDS,
        "friends": { "fields": FIELDS, "people": people(friends()) },
    })
}

fn with(mut question: Value, pointer: &str, value: Value) -> Value {
    *question.pointer_mut(pointer).unwrap() = value;
    question
}

impl Serving<'_> {
    fn decide_token(&self) -> String {
        fs::read_to_string(self.world.directory.decide_token()).unwrap()
    }

    fn decide(&self, questions: &[Value]) -> Reply {
        let authorization = format!("Bearer {}", self.decide_token());
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        let body = json!({ "questions": questions }).to_string();
        send(&self.world.url(), "POST", "/decide", &headers, &body)
    }

    fn outcomes(&self, questions: &[Value]) -> Vec<Outcome> {
        let reply = self.decide(questions);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice::<Answers>(&reply.body).unwrap().answers
    }

    fn masks(&self, question: Value) -> Masks {
        match self.outcomes(&[question]).remove(0) {
            Outcome::Masks(masks) => *masks,
            Outcome::Error(refusal) => panic!("{refusal:?}"),
        }
    }

    fn refusal(&self, question: Value) -> Refusal {
        match self.outcomes(&[question]).remove(0) {
            Outcome::Masks(masks) => panic!("it was decided: {}", masks.index),
            Outcome::Error(refusal) => *refusal,
        }
    }
}

/// What a platform makes of a mask with data of its own.
fn object(mask: &PersonMask) -> Map<String, Value> {
    let value = |field: &String| match field.as_str() {
        "id" => json!(mask.id),
        field => json!(village::value(field, &mask.account)),
    };
    mask.fields.iter().map(|field| (field.clone(), value(field))).collect()
}

fn body(masks: &Masks) -> Value {
    let mut viewer = object(&masks.viewer);
    if !masks.friends.is_empty() {
        let friends: Vec<_> = masks.friends.iter().map(object).collect();
        viewer.insert("friends".to_owned(), json!({ "data": friends }));
    }
    viewer.into()
}

/// What the partner finds who got this body with the headers of the masks.
fn checked(world: &World, masks: &Masks, body: &Value) -> AnswerCheck {
    let leaves = world.verified(masks.index + 1);
    let Entry::Disclosure(entry) = &leaves[masks.index as usize].entry else { panic!("an act") };
    assert_eq!(entry.delivery, Delivery::Decided);
    let mut headers = String::from("HTTP/1.1 200 OK\r\n");
    for (name, value) in &masks.headers {
        headers.push_str(&format!("{name}: {value}\r\n"));
    }
    let body = body.to_string();
    let received = ReceivedAnswer {
        headers: &headers,
        body: body.as_bytes(),
        method: "GET",
        path_and_query: URI,
        request_body: b"",
        nonce: NONCE.as_bytes(),
    };
    let question = Question::new(&world.key, clock::now());
    check_answer(&FolderSite::new(&world.directory.site()), &question, &received, |_, _| ())
        .unwrap()
}

#[test]
fn a_platform_gets_the_masks_of_the_read_api_and_the_partner_can_check_its_answer() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let masks = serving.masks(question(&token));

    let fields = FIELDS.join(",");
    let read = serving.read(&format!("/me?fields={fields},friends.limit(400){{{fields}}}"), &token);
    let keys =
        |person: &Value| person.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let of_read: BTreeMap<String, BTreeSet<String>> = read["friends"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|friend| (friend["id"].as_str().unwrap().to_owned(), keys(friend)))
        .collect();
    let of_masks: BTreeMap<String, BTreeSet<String>> = masks
        .friends
        .iter()
        .map(|friend| (friend.id.to_string(), friend.fields.iter().cloned().collect()))
        .collect();
    assert_eq!(of_masks, of_read);
    let viewer: BTreeSet<_> = masks.viewer.fields.iter().cloned().collect();
    assert_eq!(viewer, keys(&read));

    let hidden: BTreeSet<_> = masks.hidden.iter().map(|one| one.account.clone()).collect();
    assert_eq!(hidden, village::CLOSED.map(village::closed).collect());
    assert!(masks.hidden.iter().all(|one| one.reason == Reason::Settings));
    let religion = |of: &str| {
        let withheld = masks.withheld[of].iter();
        withheld.into_iter().any(|clause| clause.fields.iter().any(|field| field == "religion"))
    };
    assert!(religion("self") && religion("friend"), "nobody is told why religion is missing");

    let mut answer = body(&masks);
    let check = checked(&world, &masks, &answer);
    assert!(check.verdict.holds(), "{:?}", check.verdict.failures);
    assert_eq!(check.promise, Promise::Kept);
    assert_eq!(check.receipt.unwrap().body, None);
    assert!(
        check.verdict.notices.iter().any(|notice| notice.says.contains("sent this answer itself"))
    );
    // A platform that sends more than the masks say is found out by whoever gets it.
    let friend = answer["friends"]["data"][0].as_object_mut().unwrap();
    friend.insert("birthday".to_owned(), json!("01/01/2000"));
    let check = checked(&world, &masks, &answer);
    assert!(!check.verdict.rule_holds(Rule::AnswerRecords));
}

#[test]
fn what_the_platform_has_no_value_for_is_not_in_the_masks() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let mut asked = question(&token);
    asked["viewer"]["has"] = json!(["work"]);
    asked["friends"]["people"] = json!([{ "account": village::open(1), "has": ["name"] }]);
    let masks = serving.masks(asked);
    assert_eq!(masks.viewer.fields, ["id", "friends", "work"]);
    assert_eq!(masks.friends[0].fields, ["id", "name"]);
    let check = checked(&world, &masks, &body(&masks));
    assert!(check.verdict.holds(), "{:?}", check.verdict.failures);

    let mut alone = question(&token);
    alone.as_object_mut().unwrap().remove("friends");
    assert_eq!(serving.masks(alone).viewer.fields, ["id", "name", "work"]);
    let nobody = with(question(&token), "/friends/people", json!([]));
    assert_eq!(serving.masks(nobody).viewer.fields, ["id", "name", "work"]);
}

#[test]
fn a_question_that_cannot_be_decided_says_why_and_leaves_no_entry() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let asked = || question(&token);
    let head = serving.head();
    let twice = people([village::open(1), village::open(1)]);
    for (asked, code, says) in [
        (with(asked(), "/token", json!("x")), Code::Token, "could not be decrypted"),
        (
            with(asked(), "/viewer/account", json!(village::STRANGER)),
            Code::Question,
            "another person's",
        ),
        (
            with(asked(), "/viewer/account", json!("nobody at all")),
            Code::Question,
            "another person's",
        ),
        (with(asked(), "/purpose", json!("ads")), Code::Question, "another purpose"),
        (with(asked(), "/fields", json!(["nme"])), Code::Question, "name"),
        (with(asked(), "/friends/people", twice), Code::Question, "twice"),
        (
            with(asked(), "/friends/people", people([village::VIEWER.to_owned()])),
            Code::Question,
            "twice",
        ),
        (with(asked(), "/request/nonce", json!("n".repeat(129))), Code::Question, "128"),
    ] {
        let refusal = serving.refusal(asked);
        assert_eq!(refusal.code, code, "{refusal:?}");
        assert!(refusal.message.contains(says), "{refusal:?} does not say {says:?}");
    }
    let mut proved = asked();
    proved["request"]["appsecret_proof"] = json!("0".repeat(64));
    let refusal = serving.refusal(proved);
    assert_eq!((refusal.code, refusal.partner.code), (Code::Token, 100), "{refusal:?}");
    serving.suspend();
    let refusal = serving.refusal(asked());
    assert_eq!((refusal.code, refusal.reason), (Code::Refused, Some(Reason::Suspended)));
    assert_eq!((refusal.partner.status, refusal.partner.code), (403, 10));
    assert_eq!(serving.head(), head + 1, "more than the suspension was logged");
}

#[test]
fn a_token_in_the_query_is_taken_where_the_agreement_allows_it() {
    let world = crate::graph::error_envelopes::world();
    let [free, strict] =
        [(world::BUILD, world::PURPOSE), ("desk@1", "contacts")].map(|(build, purpose)| {
            (world.token_of(build, purpose, village::VIEWER, clock::now()), purpose)
        });
    let serving = world.serve();
    let asked = |(token, purpose): &(String, &str), in_query: bool| {
        let mut asked = with(question(token), "/purpose", json!(purpose));
        asked["request"]["token_in_query"] = json!(in_query);
        asked["fields"] = json!(["name"]);
        asked["friends"]["fields"] = json!(["name"]);
        asked
    };
    for (question, code) in [
        (asked(&free, true), None),
        (asked(&strict, false), None),
        (asked(&strict, true), Some(190)),
    ] {
        let head = serving.head();
        let found = match serving.outcomes(&[question]).remove(0) {
            Outcome::Masks(_) => None,
            Outcome::Error(refusal) => Some(refusal.partner.code),
        };
        assert_eq!(found, code);
        assert_eq!(serving.head(), head + u64::from(code.is_none()));
    }
}

#[test]
fn fifty_questions_are_answered_each_by_itself_and_one_more_is_too_many() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let mut questions = vec![question(&token); 50];
    questions[17] = with(question(&token), "/purpose", json!("ads"));
    let outcomes = serving.outcomes(&questions);
    let indices: BTreeSet<u64> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Masks(masks) => Some(masks.index),
            Outcome::Error(_) => None,
        })
        .collect();
    assert_eq!(indices.len(), 49, "two answers share an entry, or some have none");
    assert!(matches!(&outcomes[17], Outcome::Error(refusal) if refusal.code == Code::Question));
    let head = serving.head();
    questions.push(question(&token));
    assert_eq!(serving.decide(&questions).status, 422);
    assert_eq!(serving.head(), head);
}

#[test]
fn unauthorised_calls_of_decide_are_refused_before_anything_is_read() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let head = serving.head();
    let body = json!({ "questions": [question(&token)] }).to_string();
    let admin = format!("Bearer {}", serving.admin_token());
    let client = format!("Bearer {token}");
    for (authorization, body) in [(&*admin, &*body), (&*client, &*body), ("Bearer ", "{"), ("", "")]
    {
        let headers = [("authorization", authorization), ("content-type", "application/json")];
        let reply = send(&world.url(), "POST", "/decide", &headers, body);
        assert_eq!(reply.status, 401, "{authorization}");
    }
    let subrequest =
        send(&world.url(), "GET", "/decide/subrequest", &[("authorization", &*client)], "");
    assert_eq!(subrequest.status, 401);
    assert_eq!(serving.head(), head);
}

#[test]
fn a_subrequest_is_answered_in_headers() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let (client, decide) = (format!("Bearer {token}"), serving.decide_token());
    let ask_with = |method: &str, purpose: &str, client: &str| {
        let headers = [
            ("countersign-decide-token", &*decide),
            ("authorization", client),
            ("x-original-method", method),
            ("x-original-uri", URI),
            ("countersign-nonce", NONCE),
            ("countersign-purpose", purpose),
            ("countersign-fields", "name, religion,birthday"),
        ];
        send(&world.url(), "GET", "/decide/subrequest", &headers, "")
    };
    let ask = |purpose: &str, client: &str| ask_with("GET", purpose, client);
    let reply = ask(world::PURPOSE, &client);
    assert_eq!(reply.status, 204);
    let header = |name| crate::support::header(&reply, name).unwrap().to_owned();
    assert_eq!(header("countersign-account"), village::VIEWER);
    assert_eq!(header("countersign-fields"), "id,name,birthday");
    let receipt = world.receipt(&reply);
    assert_eq!(receipt.body, None);
    assert!(serving.head() > receipt.index);
    // What the platform has no value for is null, and the partner's check is content.
    let body = json!({ "id": header("countersign-viewer"), "name": "Ada", "birthday": null });
    let mut masks = serving.masks(json!({
        "token": token, "purpose": world::PURPOSE, "fields": ["name", "birthday"],
        "request": { "method": "GET", "uri": URI, "nonce": NONCE },
        "viewer": { "account": village::VIEWER },
    }));
    masks.friends.clear();
    assert!(checked(&world, &masks, &body).verdict.holds());
    let head = serving.head();
    assert_eq!(ask_with("POST", world::PURPOSE, &client).status, 403);
    assert_eq!(ask("ads", &client).status, 403);
    assert_eq!(ask(world::PURPOSE, "Bearer x").status, 401);
    serving.suspend();
    assert_eq!(ask(world::PURPOSE, &client).status, 403);
    assert_eq!(serving.head(), head + 1);
}

#[test]
fn a_subrequest_that_could_not_be_told_is_refused_before_it_is_logged() {
    // No header can carry it.
    const NAMED: &str = "zo\u{7f}e";
    let world = village::founded();
    world.import_lines(&[json!({ "account": NAMED, "profile": { "name": "Zoe" } })]);
    let client = format!("Bearer {}", world.token(NAMED));
    let serving = world.serve();
    let (head, decide) = (serving.head(), serving.decide_token());
    let headers = [
        ("countersign-decide-token", &*decide),
        ("authorization", &*client),
        ("x-original-method", "GET"),
        ("x-original-uri", URI),
        ("countersign-nonce", NONCE),
        ("countersign-purpose", world::PURPOSE),
        ("countersign-fields", "name"),
    ];
    let reply = send(&world.url(), "GET", "/decide/subrequest", &headers, "");
    assert_eq!(reply.status, 403);
    assert_eq!(serving.head(), head);
}
