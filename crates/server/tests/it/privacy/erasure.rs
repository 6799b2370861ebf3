//! Erasure, from what the person asks to the last byte: everything of theirs is gone from every file of the
//! instance, nobody else's ledger or the log has changed, and a legal hold keeps what it has to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use std::thread::sleep;
use std::time::Duration;

use countersign_demo::client::Reply;
use countersign_demo::world::{BUILD, PURPOSE};
use countersign_domain::person::{Handle, Secret};
use countersign_protocol::record::own_id;
use countersign_service::clock;
use countersign_verifier::ledger::{Ledger, Question, check};
use serde_json::{Value, json};

use crate::audit::ledger::close;
use crate::support::log_key;
use crate::support::{Serving, World, eventually, finish, header, program, send};

/// A viewer who is erased, and a friend in whose stead somebody else is.
const VIEWER: &str = "augusta-ada-king-1815";
/// A friend of the viewer, who is erased too, and comes back.
const FRIEND: &str = "charles-babbage-1791";
/// A friend of the viewer, who is held.
const HELD: &str = "michael-faraday-1791";
/// A friend of theirs, who stays, and a viewer besides.
const STAYS: &str = "mary-somerville-1780";

/// Longer than an answer that was decided before may take.
const SETTLED: Duration = Duration::from_secs(11);

fn founded() -> World {
    let world = World::founded();
    let person = |account: &str, friends: &[&str]| {
        let name = format!("the name of {account}");
        json!({"account": account, "friends": friends, "profile": {"name": name, "gender": "unlike others"}})
    };
    let others = [FRIEND, HELD, STAYS].map(|account| person(account, &[]));
    let mut people = others.to_vec();
    people.push(person(VIEWER, &[FRIEND, HELD, STAYS]));
    people[2]["friends"] = json!([FRIEND, HELD]);
    world.import_lines(&people);
    // What the platform imported from is the platform's.
    fs::remove_file(world.path().join("people.jsonl")).unwrap();
    world
}

fn admin(serving: &Serving<'_>, method: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(&serving.world.url(), method, &format!("/admin/v1{path}"), &headers, &body)
}

fn told(serving: &Serving<'_>, method: &str, path: &str, body: &Value) -> Value {
    let reply = admin(serving, method, path, body);
    assert!((200..300).contains(&reply.status), "{method} {path}: {:?}", reply.json());
    reply.json().unwrap()
}

fn feed(serving: &Serving<'_>, lines: &str) -> Value {
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/x-ndjson")];
    let fed = send(&serving.world.url(), "POST", "/admin/v1/people/feed", &headers, lines);
    assert_eq!(fed.status, 200);
    fed.json().unwrap()
}

fn erase(serving: &Serving<'_>, account: &str) -> Reply {
    admin(serving, "POST", &format!("/people/{account}/erasure"), &json!({"export": "made"}))
}

/// What holds about somebody, and what is noticed.
fn ledger(serving: &Serving<'_>, account: &str) -> Ledger {
    let path = format!("/admin/v1/people/{account}/ledger");
    let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let key = log_key(&serving.world.directory).parse().unwrap();
    let question = Question::new(&key, clock::now());
    let (verdict, ledger) = check(&reply.body, &question);
    assert_eq!(verdict.failures, [], "{account}");
    ledger.unwrap()
}

/// Every file of the instance.
fn files(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// Which of these stands in which file.
fn found(world: &World, what: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut all = BTreeMap::new();
    files(world.path(), &mut all);
    let stands = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    let found = all.iter().flat_map(|(path, bytes)| {
        let here = what.iter().filter(|(_, what)| stands(bytes, what));
        here.map(move |(name, _)| format!("{name} in {}", path.display()))
    });
    found.collect()
}

/// What an instance knows of a person and of nobody else.
fn traces(world: &World, account: &str) -> Vec<(String, Vec<u8>)> {
    let people = world.people();
    let handle: Handle = people.person_of_account(account).unwrap().unwrap();
    let (view, mut secret) = (people.view(), Secret([0; 32]));
    let number = view.number_of(handle).unwrap();
    view.person(number).unwrap().secret_into(&mut secret);
    let mut traces = vec![
        ("account".to_owned(), account.as_bytes().to_vec()),
        ("handle".to_owned(), handle.0.to_vec()),
        ("secret".to_owned(), secret.0.to_vec()),
        ("own name".to_owned(), own_id(&secret).0.to_vec()),
    ];
    for (id, _) in people.grants_of(handle).unwrap() {
        traces.push(("grant".to_owned(), id.0.to_vec()));
        traces.push(("grant in letters".to_owned(), const_hex::encode(id.0).into_bytes()));
    }
    for (number, _) in people.history(handle, None, 99).unwrap() {
        let receipt = people.consent_receipt(handle, number).unwrap();
        traces.extend(receipt.map(|receipt| (format!("receipt {number}"), receipt.into_bytes())));
    }
    traces
}

/// What is asked of the instance all along.
const QUESTION: &str = "/me?fields=id,name,friends{id,name}";

fn indexes(ledger: &Ledger) -> Vec<u64> {
    ledger.lines.iter().map(|line| line.index).collect()
}

/// People choose and are looked at, in two closed periods and an open one.
fn live(serving: &Serving<'_>, tokens: &[String]) {
    for account in [VIEWER, FRIEND, HELD] {
        told(serving, "PUT", &format!("/people/{account}/settings"), &json!({"my_app": []}));
        serving.open_to_friends_devices(account, &["id", "name"]);
    }
    for _ in 0..2 {
        tokens.iter().for_each(|token| drop(serving.read(QUESTION, token)));
        close(serving);
    }
    tokens.iter().for_each(|token| drop(serving.read(QUESTION, token)));
}

/// Asks for three erasures, the last of somebody who is held.
fn ask(serving: &Serving<'_>) {
    let until = json!({"until": clock::now().plus_seconds(3_600).to_string()});
    told(serving, "PUT", &format!("/people/{HELD}/hold"), &until);
    let export = told(serving, "GET", &format!("/people/{VIEWER}/export"), &Value::Null);
    assert_eq!(export["profile"]["name"], format!("the name of {VIEWER}"));
    assert_eq!(export["friends"].as_array().unwrap().len(), 3);
    assert!(export["ledger"].is_string() && export["grants"].as_array().unwrap().len() == 1);
    assert_eq!(export["receipts"].as_object().unwrap().len(), 3);
    for account in [VIEWER, FRIEND, HELD] {
        let reply = erase(serving, account);
        assert_eq!(reply.status, 202, "{:?}", reply.json());
        assert!(header(&reply, "countersign-consent-receipt").is_some());
        assert_eq!(reply.json().unwrap()["is_due"], false);
    }
    let asked = told(serving, "GET", "/erasures", &Value::Null);
    assert_eq!(asked["erasures"].as_array().unwrap().len(), 3);
}

/// Nothing leaves of who asked; nobody opens or grants anything in their stead, and the platform's feed does not
/// bring them back.
fn assert_gone_at_once(serving: &Serving<'_>, of_viewer: &str, of_stays: &str) {
    assert!(serving.get("/me", of_viewer).status >= 400);
    let open = json!({"preset": "open"});
    let settings = format!("/people/{HELD}/settings");
    assert_eq!(admin(serving, "PUT", &settings, &open).status, 409);
    let token = json!({"account": VIEWER, "build": BUILD, "purpose": PURPOSE});
    let refused = admin(serving, "POST", "/tokens", &token);
    assert_eq!(refused.status, 404, "{:?}", refused.json());
    let again = json!({"sequence": 1, "account": FRIEND, "profile": {"name": "back"}});
    let with = json!({"sequence": 2, "account": STAYS, "friends": [FRIEND, HELD]});
    let fed = feed(serving, &format!("{again}\n{with}\n"));
    let passed = (&fed["applied"], &fed["skipped"], &fed["sequence"]);
    assert_eq!(passed, (&json!(1), &json!(1), &json!(2)));
    let left = serving.read(QUESTION, of_stays);
    let friends = left["friends"]["data"].as_array();
    assert!(friends.is_none_or(Vec::is_empty), "erased people in an answer: {left}");
}

/// A close behind what was asked destroys whom nobody holds; everybody else's ledger is what it was, and more.
fn assert_destroyed(serving: &Serving<'_>, before: &Ledger) {
    sleep(SETTLED);
    close(serving);
    let left = told(serving, "GET", "/erasures", &Value::Null);
    let accounts: Vec<_> =
        left["erasures"].as_array().unwrap().iter().map(|one| &one["account"]).collect();
    assert_eq!((accounts, &left["has_remnants"]), (vec![&json!(HELD)], &json!(false)));
    let erasure = format!("/people/{VIEWER}/erasure");
    assert_eq!(admin(serving, "GET", &erasure, &Value::Null).status, 404);
    let after = indexes(&ledger(serving, STAYS));
    assert_eq!(after[..before.lines.len()], indexes(before), "what stood there stays");
    assert_eq!(ledger(serving, HELD).periods, 3);
}

#[test]
fn who_is_erased_is_in_no_file_and_everybody_elses_ledger_holds() {
    let world = founded();
    let serving = world.serve();
    let tokens = [VIEWER, STAYS].map(|account| serving.token(account));
    live(&serving, &tokens);
    let before = ledger(&serving, STAYS);
    serving.stop();
    let of_erased: Vec<_> = [VIEWER, FRIEND].iter().flat_map(|who| traces(&world, who)).collect();
    let of_held = traces(&world, HELD);
    for trace in of_erased.iter().chain(&of_held) {
        assert!(!found(&world, slice::from_ref(trace)).is_empty(), "{} would be found", trace.0);
    }

    let serving = world.serve();
    ask(&serving);
    assert_gone_at_once(&serving, &tokens[0], &tokens[1]);
    assert_destroyed(&serving, &before);
    assert_eq!(found(&world, &of_erased), [""; 0], "while the server runs");
    let after = indexes(&ledger(&serving, STAYS));
    world.verified(serving.head());
    serving.stop();
    let serving = world.serve();
    assert_eq!(found(&world, &of_erased), [""; 0]);
    assert!(!found(&world, &of_held[..1]).is_empty(), "a hold keeps the account");
    let name_of_held = ("value".to_owned(), format!("the name of {HELD}").into_bytes());
    assert_eq!(found(&world, &[name_of_held]), [""; 0]);

    // The log is as valid as before, and so is everybody else's ledger; the held one's too.
    assert_eq!(indexes(&ledger(&serving, STAYS)), after);
    assert_eq!(ledger(&serving, HELD).periods, 3);
    world.verified(serving.head());

    // The account comes back as somebody else, whose ledger begins anew.
    let back = json!({"sequence": 3, "account": FRIEND, "profile": {"name": "another"}, "friends": [STAYS]});
    assert_eq!(feed(&serving, &back.to_string())["applied"], 1);
    serving.open_to_friends_devices(FRIEND, &["id", "name"]);
    let seen = serving.read(QUESTION, &tokens[1]);
    assert_eq!(seen["friends"]["data"].as_array().unwrap().len(), 1);

    // The hold ends, and with it what it kept.
    told(&serving, "DELETE", &format!("/people/{HELD}/hold"), &Value::Null);
    close(&serving);
    assert_eq!(ledger(&serving, FRIEND).lines.len(), 2, "a choice and an answer");
    let left = told(&serving, "GET", "/erasures", &Value::Null);
    assert_eq!(left, json!({"erasures": [], "has_remnants": false}));
    assert_eq!(found(&world, &of_held), [""; 0]);
    serving.stop();
    let serving = world.serve();
    assert_eq!(found(&world, &of_held), [""; 0]);
    assert_eq!(ledger(&serving, STAYS).periods, 4);
    world.verified(serving.head());
    serving.stop();
    world.assert_checks();
}

#[test]
fn nobody_is_erased_without_a_word_about_the_export_or_by_a_wrong_name() {
    let world = founded();
    let serving = world.serve();
    let path = format!("/people/{VIEWER}/erasure");
    for body in [json!({}), json!({"export": "perhaps"}), json!({"export": "made", "when": "now"})]
    {
        assert_eq!(admin(&serving, "POST", &path, &body).status, 422, "{body}");
    }
    assert_eq!(erase(&serving, "nobody-of-this-name").status, 404);
    let held = format!("/people/{VIEWER}/hold");
    assert_eq!(admin(&serving, "DELETE", &held, &Value::Null).status, 404, "nothing is held");
    assert_eq!(admin(&serving, "GET", &path, &Value::Null).status, 404);
    for until in ["2020-01-01T00:00:00Z", "tomorrow"] {
        let body = json!({"until": until});
        let reply = admin(&serving, "PUT", &format!("/people/{VIEWER}/hold"), &body);
        assert_eq!(reply.status, 422, "{until}");
    }
    assert_eq!(told(&serving, "GET", "/erasures", &Value::Null)["erasures"], json!([]));
}

#[test]
fn commands_do_the_same_with_a_server_and_without() {
    let world = founded();
    let dir = world.path().to_str().unwrap().to_owned();
    let out = |name: &str| world.path().join(name).to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let output = finish(&mut program(arguments));
        let said = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), said, String::from_utf8(output.stderr).unwrap())
    };
    let (done, _, said) = run(&["people", "erase", "--dir", &dir, VIEWER]);
    assert!(!done && said.contains("--export"), "{said}");
    let (done, said, error) =
        run(&["people", "hold", "--dir", &dir, HELD, "--until", "2090-01-01T00:00:00Z"]);
    assert!(done && said.contains("2090-01-01"), "{error}");
    let export = out("ada.json");
    let (done, said, error) = run(&["people", "erase", "--dir", &dir, VIEWER, "--export", &export]);
    assert!(done && said.contains("Nothing of"), "{error}");
    let export: Value = serde_json::from_slice(&fs::read(&export).unwrap()).unwrap();
    assert_eq!(export["account"], VIEWER);
    assert!(export["without_ledger"].as_str().unwrap().contains("next one"));

    let serving = world.serve();
    eventually("the log is told", || serving.metrics().contains("countersign"));
    let (done, _, error) = run(&["people", "erase", "--dir", &dir, HELD, "--no-export"]);
    assert!(done, "{error}");
    let (done, said, error) = run(&["people", "erasures", "--dir", &dir]);
    assert!(done && said.lines().count() == 2 && said.contains("legal hold"), "{said}{error}");
    let (done, _, error) =
        run(&["people", "export", "--dir", &dir, STAYS, "--out", &out("mary.json")]);
    assert!(done, "{error}");
    let (done, said, error) = run(&["people", "hold", "--dir", &dir, HELD, "--lift"]);
    assert!(done && said.contains("ended"), "{error}");
    let (done, said, _) = run(&["people", "history", "--dir", &dir, HELD]);
    assert!(done && said.contains("legal hold until") && said.contains("erased"), "{said}");
    assert!(!run(&["people", "erase", "--dir", &dir, "nobody-of-this-name", "--no-export"]).0);
}
