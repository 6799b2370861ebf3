//! Batches: many questions in one request, each answered as if it had been asked alone.

use std::collections::BTreeMap;

use countersign_demo::client::Reply;
use countersign_protocol::receipt::operation_nonce;
use countersign_service::clock;
use countersign_verifier::batch::operation;
use countersign_verifier::log_check::Question;
use countersign_verifier::outcome::OutcomeName;
use countersign_verifier::promise::{Promise, ReceivedAnswer, check_answer};
use countersign_verifier::site::FolderSite;
use serde_json::{Value, json};

use crate::support::checked::{Asked, Recipient, body};
use crate::support::people::shared_data;
use crate::support::village;
use crate::support::{ids, send};

fn headers(answer: &Value) -> BTreeMap<String, String> {
    let headers = answer["headers"].as_array().unwrap_or_else(|| panic!("no headers: {answer}"));
    let text = |header: &Value, key: &str| header[key].as_str().unwrap().to_owned();
    headers.iter().map(|header| (text(header, "name"), text(header, "value"))).collect()
}

fn code(answer: &Value) -> Option<u64> {
    body(answer).pointer("/error/code").and_then(Value::as_u64)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn each_way_to_send_a_batch_has_the_answers_of_single_requests() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let operations = json!([
        { "method": "GET", "relative_url": "me?fields=id,name,work" },
        { "method": "get", "relative_url": "/v12.0/me/friends?limit=3&summary=true" },
        { "relative_url": "me/photos" },
        { "method": "POST", "relative_url": "me", "body": "method=GET&fields=name" },
        { "method": "DELETE", "relative_url": "me" },
    ]);
    let alone = [
        recipient.read("/me?fields=id,name,work"),
        recipient.read("/v12.0/me/friends?limit=3&summary=true"),
        recipient.get("/me/photos").json().unwrap(),
        recipient.read("/me?fields=name"),
        recipient.ask(&Asked { method: "DELETE", path: "/me", ..Asked::default() }).json().unwrap(),
    ];
    let text = operations.to_string();
    let in_form = format!("include_headers=true&batch={}", encoded(&text));
    let in_query = format!("/?batch={}", encoded(&text));
    let at_me = format!("/v3.0/me?batch={}", encoded(&text));
    let in_json = json!({ "batch": operations }).to_string();
    let text_in_json = json!({ "batch": text }).to_string();
    let in_parts = format!(
        "--cut\r\ncontent-disposition: form-data; name=\"batch\"\r\n\r\n{text}\r\n--cut--\r\n"
    );
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    for (method, path, content_type, body_sent) in [
        ("POST", "/", form, &*in_form),
        ("POST", "/v3.0", form, &in_form),
        ("POST", "/v3.0/", json, &in_json),
        ("POST", "/", json, &text_in_json),
        ("POST", "/", "multipart/form-data; boundary=cut", &in_parts),
        ("POST", &at_me, "", ""),
        ("GET", &in_query, "", ""),
        ("GET", "/", json, &in_json),
    ] {
        let reply = recipient.ask(&Asked { method, path, content_type, body: body_sent });
        let answers = recipient.batch_answered(&operations, &reply);
        let codes: Vec<_> = answers.iter().map(|answer| answer["code"].as_u64().unwrap()).collect();
        assert_eq!(codes, [200, 200, 400, 200, 400], "{method} {path} {content_type}");
        for (answer, alone) in answers.iter().zip(&alone) {
            let mut same = body(answer);
            if let Some(error) = same.get_mut("error") {
                error["fbtrace_id"] = alone["error"]["fbtrace_id"].clone();
            }
            assert_eq!(same, *alone);
        }
        let versions: Vec<_> =
            answers.iter().map(|answer| headers(answer)["facebook-api-version"].clone()).collect();
        assert_eq!(versions, ["v3.0", "v12.0", "v3.0", "v3.0", "v3.0"]);
    }
    assert_eq!(recipient.check(), 3 + 8 * 3);
}

#[test]
fn an_operation_uses_what_another_one_answered() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let friends = ids(&recipient.read("/me/friends?limit=3"));
    let plain = "?ids={result=friends:$.data.*.id}&fields=name";
    let in_percents = "?ids=%7Bresult%3Dfriends%3A%24.data%5B%2A%5D.id%7D&fields=name";
    let answers = recipient.batch(&json!([
        { "name": "friends", "relative_url": "me/friends?limit=3&fields=id" },
        { "relative_url": plain },
        { "relative_url": in_percents },
        { "relative_url": "{result=friends:$.data.0.id}?fields=name", "name": "one" },
        { "relative_url": "me", "method": "POST", "body": "method=GET&fields={result=one:$.nothing}id" },
        { "relative_url": "me?fields=id", "depends_on": "friends", "omit_response_on_success": true },
        { "relative_url": "me/friends/{result=one:$['id']}", "omit_response_on_success": false },
    ]));
    // Those on which others depend are left out, unless the client wants them.
    let nulls: Vec<_> = answers.iter().map(Value::is_null).collect();
    assert_eq!(nulls, [true, false, false, true, false, true, false]);
    let by_ids = body(&answers[1]);
    let keys: Vec<_> = by_ids.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, friends);
    assert_eq!(body(&answers[2]), by_ids);
    let url = format!("/?ids={}&fields=name", friends.join(","));
    assert_eq!(headers(&answers[1])["countersign-operation-url"], url);
    assert_eq!(headers(&answers[4])["countersign-operation-body"], "method=GET&fields=id");
    assert!(!headers(&answers[4]).contains_key("countersign-operation-url"));
    assert_eq!(ids(&body(&answers[6])), [friends[0].clone()]);
    let shown = recipient.batch(&json!([
        { "name": "friends", "relative_url": "me/friends?limit=3", "omit_response_on_success": false },
        { "relative_url": plain },
    ]));
    assert_eq!(ids(&body(&shown[0])), friends);
    assert_eq!(body(&shown[1]), by_ids);
    recipient.check();
}

#[test]
fn a_reference_reaches_no_value_twice_and_stops_when_it_has_enough() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let after = |path: &str| {
        let url = format!("?ids={{result=first:{path}}}");
        let operations = json!([{ "relative_url": "me/friends?limit=5", "name": "first" }, { "relative_url": url }]);
        let mut answers = recipient.batch(&operations);
        (answers[1]["code"].as_u64(), code(&answers[1].take()))
    };
    assert_eq!(after("$.data[*]['id']"), (Some(200), None));
    for path in ["$.data[*,*].id", "$.data[0:2].id", "$.data[?@.id].id", "$.data['0','1'].id"] {
        assert_eq!(after(path), (Some(400), Some(100)), "{path}");
    }
}

#[test]
fn what_depends_on_an_error_is_null_and_everything_else_is_answered() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let far = world.id(&village::far(1));
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let head = serving.head();
    let nested = encoded(r#"[{"relative_url":"me"}]"#);
    let answers = recipient.batch(&json!([
        { "name": "far", "relative_url": far },
        { "name": "after", "relative_url": "?ids={result=far:$.id}" },
        { "relative_url": "me", "depends_on": "after" },
        { "relative_url": "me?fields=id" },
        { "relative_url": "?ids={result=nobody:$.id}" },
        { "relative_url": "me", "depends_on": "later" },
        { "relative_url": "me?fields=id", "name": "later" },
        { "relative_url": format!("?batch={nested}") },
        { "relative_url": "", "method": "POST", "body": format!("batch={nested}") },
        { "relative_url": "https://elsewhere.example/me" },
        { "relative_url": "?ids={result=later:$.nothing}" },
        { "relative_url": "me?fields=id\n" },
    ]));
    let found: Vec<_> = answers
        .iter()
        .map(|answer| if answer.is_null() { None } else { Some(code(answer).unwrap_or(0)) })
        .collect();
    let expected = [
        Some(100),
        None,
        None,
        Some(0),
        Some(100),
        Some(100),
        None,
        Some(100),
        Some(100),
        Some(803),
        Some(2500),
        Some(100),
    ];
    assert_eq!(found, expected, "{answers:?}");
    assert_eq!(serving.head() - head, 2, "only what was answered is logged");
    recipient.check();
}

#[test]
fn proof_stays_when_headers_are_left_out() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let operations = json!([{ "relative_url": "me" }, { "relative_url": "zuck" }]);
    for left_out in ["false", "0"] {
        let body = json!({ "batch": operations, "include_headers": left_out }).to_string();
        let content_type = "application/json";
        let asked = Asked { method: "POST", path: "/", content_type, body: &body };
        let answers = recipient.batch_answered(&operations, &recipient.ask(&asked));
        let names: Vec<_> = headers(&answers[0]).into_keys().collect();
        assert_eq!(names, ["countersign-receipt", "countersign-seed", "countersign-viewer"]);
        assert_eq!(answers[1]["headers"], json!([]));
    }
    let all = headers(&recipient.batch(&operations)[0]);
    assert!(all["content-type"].contains("json"), "{all:?}");
    assert_eq!(recipient.check(), 3);
}

#[test]
fn each_operation_has_the_batchs_token_or_its_own() {
    let world = village::founded();
    let tokens = [village::VIEWER, "open-01"].map(|account| world.token(account));
    let [ada, other] = [village::VIEWER, "open-01"].map(|account| world.id(account));
    let _serving = world.serve();
    let url = world.url();
    let operations = json!([
        { "relative_url": "me?fields=id" },
        { "relative_url": "me?fields=id", "access_token": tokens[1] },
        { "relative_url": format!("me/friends?limit=1&access_token={}", tokens[1]) },
        { "relative_url": "me/friends?limit=1" },
        { "relative_url": "me", "access_token": "x.y.z" },
    ]);
    let text = encoded(&operations.to_string());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let read = |reply: Reply| -> Vec<Value> { serde_json::from_slice(&reply.body).unwrap() };
    let with_token = format!("batch={text}&access_token={}", tokens[0]);
    let answers = read(send(&url, "POST", "/", &form, &with_token));
    let viewers: Vec<_> =
        answers[..4].iter().map(|answer| headers(answer)["countersign-viewer"].clone()).collect();
    assert_eq!(viewers, [&*ada, &other, &other, &ada]);
    assert_eq!(code(&answers[4]), Some(190));
    let next =
        |answer: &Value| body(answer)["paging"]["next"].as_str().unwrap_or_default().to_owned();
    assert!(!next(&answers[3]).contains("access_token"), "it came in a body");
    // In the query of the batch, it is in the query of each of its operations.
    let answers = read(send(&url, "GET", &format!("/?{with_token}"), &[], ""));
    assert!(next(&answers[3]).contains(&format!("access_token={}", tokens[0])));
    let answers = read(send(&url, "POST", "/", &form, &format!("batch={text}")));
    let codes: Vec<_> = answers.iter().map(code).collect();
    assert_eq!(codes, [Some(2500), None, None, Some(2500), Some(190)]);
}

#[test]
fn fifty_operations_are_a_batch_and_one_more_is_none() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let of = |count| Value::from(vec![json!({ "relative_url": "me?fields=id,name" }); count]);
    let answers = recipient.batch(&of(50));
    assert!(answers.iter().all(|answer| answer["code"] == 200));
    assert_eq!(recipient.check(), 50);
    let head = serving.head();
    for wrong in
        [of(51), json!([]), json!({}), json!("x"), json!([1]), json!([{ "method": "GET" }])]
    {
        let body = json!({ "batch": wrong }).to_string();
        let content_type = "application/json";
        let asked = Asked { method: "POST", path: "/", content_type, body: &body };
        assert_eq!(recipient.ask(&asked).error_code(), Some(100), "{body:.60}");
    }
    assert_eq!(serving.head(), head);
}

#[test]
fn what_finished_operations_hold_counts_among_unsent_answers() {
    let world = village::founded();
    world.configure("unsent_answers_bytes_max = 268435456", "unsent_answers_bytes_max = 65536");
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let head = serving.head();
    // What others refer to is held as a value besides.
    let one = |number: usize| {
        let url = if number == 0 {
            "me?fields=id,name,friends{name,birthday,hometown,work,education}".to_owned()
        } else {
            let before = number - 1;
            format!(
                "{{result=n{before}:$.id}}?fields=id,name,friends{{name,birthday,hometown,work,education}}"
            )
        };
        json!({ "relative_url": url, "name": format!("n{number}"), "omit_response_on_success": false })
    };
    let answers = recipient.batch(&Value::from((0..50).map(one).collect::<Vec<_>>()));
    let done = answers.iter().take_while(|answer| answer["code"] == 200).count();
    assert!((1..50).contains(&done), "{done}");
    assert!(answers[done..].iter().all(Value::is_null));
    assert_eq!(serving.head() - head, done as u64, "what is null was not logged");
    // All of it was given back.
    recipient.batch(&json!([{ "relative_url": "me?fields=id" }]));
    assert_eq!(recipient.check(), done + 1);
}

#[test]
fn what_does_not_get_done_in_time_is_null_and_not_logged() {
    let world = village::founded();
    // Each entry takes longer than half of what the whole batch may take.
    world.configure("pool_wait_ms = 1", "pool_wait_ms = 300");
    world.configure("batch_timeout_ms = 20000", "batch_timeout_ms = 500");
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let head = serving.head();
    let chain: Vec<_> = (0..5)
        .map(|number| {
            let name = format!("n{number}");
            let mut one = json!({ "relative_url": "me?fields=id", "name": name, "omit_response_on_success": false });
            if number > 0 {
                one["depends_on"] = format!("n{}", number - 1).into();
            }
            one
        })
        .collect();
    let chain = Value::from(chain);
    let answers = recipient.batch(&chain);
    let done = answers.iter().take_while(|answer| answer["code"] == 200).count();
    assert!((1..5).contains(&done), "{answers:?}");
    assert!(answers[done..].iter().all(Value::is_null), "{answers:?}");
    assert_eq!(serving.head() - head, done as u64, "what is null was not logged");
    assert_eq!(recipient.check(), done);
}

#[test]
fn an_operation_is_checked_against_the_log_like_an_answer_that_came_alone() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let batch = json!({ "batch": [
        { "relative_url": "zuck" },
        { "relative_url": "v3.0/me?fields=id,name,friends.limit(5){name}" },
        { "relative_url": "v3.0/me?fields=id,name,friends.limit(5){name}" },
    ] });
    let bearer = format!("Bearer {token}");
    let sent = [
        ("authorization", &*bearer),
        ("content-type", "application/json"),
        ("countersign-nonce", "4711"),
    ];
    let reply = send(&world.url(), "POST", "/", &sent, &batch.to_string());
    world.verified(serving.head());
    let check_member = |member, path_and_query, nonce: &[u8], method| {
        let answer = operation(&reply.body, member).unwrap();
        let received = ReceivedAnswer {
            headers: &answer.headers,
            body: answer.body.as_bytes(),
            method,
            path_and_query,
            request_body: b"",
            nonce,
        };
        let site = FolderSite::new(&world.directory.site());
        let question = Question::new(&world.key, clock::now());
        check_answer(&site, &question, &received, |_, _| {}).unwrap()
    };
    let check = |url, nonce: &[u8], method| check_member(1, url, nonce, method);
    let url = "/v3.0/me?fields=id,name,friends.limit(5){name}";
    for (member, number) in [(1, 1), (2, 2), (1, 2), (2, 1)] {
        let checked = check_member(member, url, &operation_nonce(b"4711", number), "GET");
        let failures = &checked.verdict.failures;
        assert_eq!(checked.verdict.holds(), member == number, "{member} {number}: {failures:?}");
        let outcome = [OutcomeName::NotChecked, OutcomeName::Holds][usize::from(member == number)];
        assert_eq!(checked.verdict.outcome().name(), outcome);
        assert_eq!(checked.promise, Promise::Kept);
    }
    for (url, nonce, method) in [
        ("/", &b"4711\n1"[..], "POST"),
        (url, b"", "GET"),
        (url, b"4711", "GET"),
        ("/v3.0/me", b"4711\n1", "GET"),
    ] {
        let outcome = check(url, nonce, method).verdict.outcome().name();
        assert_eq!(outcome, OutcomeName::NotChecked, "{method} {url}");
    }
    let error = operation(&reply.body, 0).unwrap();
    assert!(error.headers.starts_with("HTTP/1.1 400"), "{}", error.headers);
}

/// What an answer to a batch looks like, whatever is in it.
fn shape(answer: &Value) -> Value {
    match answer {
        Value::Null => json!("null"),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.clone(), shape(value))).collect()
        }
        Value::Array(items) => Value::from(items.iter().take(1).map(shape).collect::<Vec<_>>()),
        Value::String(_) => json!("text"),
        _ => json!("number"),
    }
}

#[test]
fn batches_are_answered_in_the_shape_of_real_ones() {
    let test = "batches_are_answered_in_the_shape_of_real_ones";
    let Some(data) = shared_data(test) else { return };
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let recipient = Recipient::new(&serving, &token);
    let friends = json!({ "name": "friends", "relative_url": "me/friends?limit=2&fields=id" });
    let mut shown = friends.clone();
    shown["omit_response_on_success"] = json!(false);
    let by_ids = json!({ "relative_url": "?ids={result=friends:$.data.*.id}" });
    let me = json!({ "relative_url": "me" });
    for (file, operations) in [
        ("simple", json!([me, me])),
        (
            "multiple_methods",
            json!([{ "method": "POST", "relative_url": "me", "body": "method=GET" }, me]),
        ),
        ("json_path", json!([friends, by_ids])),
        ("omit_response_on_success", json!([shown, by_ids])),
        ("depends_on", json!([friends, { "relative_url": "me", "depends_on": "friends" }])),
        ("error", json!([{ "relative_url": "me/friends?fields=friends" }])),
    ] {
        let real = std::fs::read(data.join(format!("graph-fixtures/batch/{file}.json"))).unwrap();
        let real: Vec<Value> = serde_json::from_slice(&real).unwrap();
        let ours = recipient.batch(&operations);
        assert_eq!(ours.len(), real.len(), "{file}");
        for (ours, real) in ours.iter().zip(&real) {
            assert_eq!(shape(ours), shape(real), "{file}");
            assert_eq!(ours["code"], real["code"], "{file}");
        }
    }
    recipient.check();
}
