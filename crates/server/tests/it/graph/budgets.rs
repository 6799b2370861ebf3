//! Budgets from outside: what clients get until one is used up and from then on, and what the operator
//! sees of it. The counts themselves are tested in `countersign-policy`.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_demo::client::{Client, Reply};
use countersign_demo::world::{CLIENT, PARTNER, PURPOSE};
use countersign_domain::act::{Act, Published, ReviewOutcome};
use countersign_domain::budget::{
    AppliesTo, BUDGETS_VERSION, BudgetDocument, BudgetsDocument, Limit, Scope, SetBudget, Then,
};
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_http::decide::Answers;
use countersign_http::decide::Outcome;
use countersign_log::annex::Annex;
use countersign_log::backend::posix::Posix;
use countersign_log::stream::{Found, Position, Stream};
use countersign_policy::budget::Usage;
use countersign_protocol::entry::Entry;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::operations::budgets::InForce;
use serde_json::{Value, json};

use crate::support::{Serving, World, eventually, finish, ids, program, send};
use crate::support::{partners, village};

const REVIEWERS: [&str; 2] = ["reviewer:ines", "reviewer:omar"];

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

/// A budget of so many people a week.
fn budget(scope: Scope, people_max: u64, then: Then) -> SetBudget {
    let applies_to = match scope {
        Scope::Client => AppliesTo::Client(name(CLIENT)),
        Scope::Partner => AppliesTo::Partner(name(PARTNER)),
    };
    let limit = Limit::People(people_max);
    let (budget, categories) = (name("few"), Vec::new());
    let budget = BudgetDocument { budget, scope, categories, window_days: 7, limit, then };
    SetBudget { applies_to, budget }
}

/// Puts budgets in force while no server runs.
fn set(world: &World, budgets: Vec<SetBudget>) -> u64 {
    let document = BudgetsDocument { version: BUDGETS_VERSION, budgets };
    let act = |digest| Act::Budgets(Published { digest });
    world.act(Submission::publishing(&document, act, clock::now()).unwrap(), &REVIEWERS)
}

impl Serving<'_> {
    /// How much of the budget that the tests set is used by a client.
    fn used(&self, client: &str) -> Usage {
        let reply = self.get("/admin/v1/budgets", &self.admin_token());
        assert_eq!(reply.status, 200);
        let in_force: InForce = serde_json::from_slice(&reply.body).unwrap();
        let is_it =
            |used: &Usage| used.client.as_str() == client && used.budget.agreement.is_none();
        in_force.used.into_iter().find(is_it).unwrap()
    }

    /// A counter of the budget that the tests set, about a client: 0 before there is anything to count.
    fn counter(&self, name: &str) -> u64 {
        let name = format!("{name}_total{{budget=\"few of the platform\",client=\"{CLIENT}\"}} ");
        let metrics = self.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        line.map_or(0, |count| count.parse().unwrap())
    }
}

/// The error that partners get when there is no room. It names no budget and no number.
fn assert_used_up(reply: &Reply) {
    let said = String::from_utf8_lossy(&reply.body);
    assert_eq!((reply.status, reply.error_code()), (403, Some(10)), "{said}");
    assert!(said.contains("(#10) The agreement does not allow this now."), "{said}");
}

/// The distinct people in everything that is durable in the log of a world.
fn people_in_stream(world: &World) -> usize {
    let stream = Stream::open(&Posix::new(world.directory.log()), "stream/stream").unwrap();
    // Behind the head of the stream.
    let (mut at, mut people) = (Position { index: 0, offset: 32 }, BTreeSet::new());
    while let Found::Batch { batch, end } = stream.read(at).unwrap() {
        for (_, annex) in batch.pairs().flatten() {
            if let Annex::Disclosure(annex) = Annex::parse(annex).unwrap() {
                people.extend(annex.records.iter().map(|record| record.handle));
            }
        }
        at = end;
    }
    people.len()
}

#[test]
fn a_client_gets_answers_until_its_budget_is_used_up_and_then_none() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    // The viewer and four friends, before there is a budget.
    let first = serving.read("/me/friends?limit=4", &token);
    assert_eq!(ids(&first).len(), 4);
    assert!(serving.stop().success());
    set(&world, vec![budget(Scope::Client, 10, Then::Deny)]);

    let serving = world.serve();
    let used = serving.used(CLIENT);
    assert_eq!((used.people, used.people_max), (5, Some(10)), "the past counts");
    let second = serving.read(&after(&first, 4), &token);
    assert_eq!(serving.used(CLIENT).people, 9);
    let head = serving.head();
    for _ in 0..3 {
        assert_used_up(&serving.get(&after(&second, 4), &token));
    }
    assert_eq!((serving.head(), serving.used(CLIENT).people), (head, 9), "no entry, no trace");
    // One more has room, and whoever was reached before may be reached again.
    let third = serving.read(&after(&second, 1), &token);
    assert_eq!(serving.used(CLIENT).people, 10);
    for path in ["/me", "/me/friends?limit=8", &format!("/{}", ids(&first)[2])] {
        assert_eq!(serving.get(path, &token).status, 200, "{path}");
    }
    assert_used_up(&serving.get(&after(&third, 1), &token));
    assert_eq!(serving.counter("countersign_budget_refusals"), 4);
    assert_eq!(serving.counter("countersign_budget_alerts"), 0);
    let told = serving.said().matches("budget=few of the platform client=aurora-home").count();
    assert_eq!(told, 1, "{}", serving.said());
    let batch = json!({ "batch": [
        { "method": "GET", "relative_url": "me/friends?limit=8" },
        { "method": "GET", "relative_url": "me/friends?limit=400" },
    ]});
    let reply = serving.client.post("/v3.0/", &token, &batch).unwrap();
    let codes: Vec<_> =
        reply.json().unwrap().as_array().unwrap().iter().map(|part| part["code"].clone()).collect();
    assert_eq!(codes, [json!(200), json!(403)]);
    assert!(serving.stop().success());

    // What was counted is still counted, with budgets or without.
    set(&world, Vec::new());
    let serving = world.serve();
    assert_eq!(serving.get("/me/friends?limit=400", &token).status, 200);
    world.verified(serving.head());
    assert!(serving.stop().success());
    world.assert_checks();
}

#[test]
fn an_alert_goes_on_answering_and_says_so_once() {
    let world = village::founded();
    set(&world, vec![budget(Scope::Client, 3, Then::Alert)]);
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    assert_eq!(serving.get("/me/friends?limit=2", &token).status, 200);
    assert_eq!(serving.counter("countersign_budget_alerts"), 0);
    for count in 1..=5 {
        assert_eq!(serving.get("/me/friends?limit=16", &token).status, 200);
        assert_eq!(serving.counter("countersign_budget_alerts"), count);
    }
    let used = serving.used(CLIENT);
    assert_eq!((used.people, used.people_max, used.then), (17, Some(3), Then::Alert));
    let told = serving.said().matches("budget=few of the platform client=aurora-home").count();
    assert_eq!(told, 1, "{}", serving.said());
    assert_eq!(serving.counter("countersign_budget_refusals"), 0);
}

/// The path of the friends who follow after a page.
fn after(page: &Value, limit: usize) -> String {
    let after = page["paging"]["cursors"]["after"].as_str().unwrap();
    format!("/me/friends?limit={limit}&after={after}")
}

/// Another client of the demonstration's partner, with a budget in its own agreement.
const WATCH: &str = r#"version = 2
platform = "Example Platform"
agreement = "aurora-watch-1"
partner = "aurora"
client = "aurora-watch"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]

[[budget]]
budget = "watch"
scope = "client"
window_days = 30
limit = { people = 6 }
then = "deny"
"#;

#[test]
fn two_clients_share_the_budget_of_their_partner() {
    let world = village::founded();
    let watch = partners::conclude(&world, WATCH);
    partners::submit(&world, &watch, "aurora-watch@1", PURPOSE, &[]);
    partners::review(&world, "aurora-watch@1", ReviewOutcome::Approve);
    set(&world, vec![budget(Scope::Partner, 10, Then::Deny)]);
    let home = world.token(village::VIEWER);
    let watch = world.token_of("aurora-watch@1", PURPOSE, village::VIEWER, clock::now());
    let serving = world.serve();
    let first = serving.read("/me/friends?limit=4", &home);
    // The same people are nobody new for the partner; the next two are, whoever of its clients asks.
    let same = serving.read("/me/friends?limit=4", &watch);
    assert_eq!(ids(&same), ids(&first));
    assert_eq!((serving.used(CLIENT).people, serving.used("aurora-watch").people), (5, 5));
    let second = serving.read(&after(&first, 1), &watch);
    assert_eq!((serving.used(CLIENT).people, serving.used("aurora-watch").people), (6, 6));
    // That was the last one for which the agreement of the watch has room.
    assert_used_up(&serving.get(&after(&second, 1), &watch));
    assert!(serving.said().contains("budget=watch of agreement aurora-watch-1"));
    let third = serving.read(&after(&second, 4), &home);
    assert_eq!(serving.used(CLIENT).people, 10);
    // Home has reached nine people, and the partner ten.
    assert_used_up(&serving.get(&after(&third, 1), &home));
    assert!(serving.said().contains("budget=few of the platform client=aurora-home"));
}

#[test]
fn decide_is_stopped_by_the_same_budget_and_told_which() {
    let world = village::founded();
    set(&world, vec![budget(Scope::Client, 2, Then::Deny)]);
    let token = world.token(village::VIEWER);
    let _serving = world.serve();
    let authorization = fs::read_to_string(world.directory.decide_token()).unwrap();
    let authorization = format!("Bearer {authorization}");
    let decide = |friends: &[u32]| {
        let people: Vec<_> = friends
            .iter()
            .map(|number| json!({ "account": village::open(*number), "minor": false }))
            .collect();
        let question = json!({
            "token": token, "purpose": PURPOSE,
            "request": { "method": "GET", "uri": "/friends" },
            "viewer": { "account": village::VIEWER },
            "fields": ["name"], "friends": { "fields": ["name"], "people": people },
        });
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        let body = json!({ "questions": [question] }).to_string();
        let reply = send(&world.url(), "POST", "/decide", &headers, &body);
        serde_json::from_slice::<Answers>(&reply.body).unwrap().answers.remove(0)
    };
    let Outcome::Masks(_) = decide(&[1]) else { panic!("there is room for two") };
    let Outcome::Error(refusal) = decide(&[1, 2]) else { panic!("there is no room for three") };
    assert_eq!(refusal.reason, Some(Reason::Budget));
    assert!(refusal.message.contains("few of the platform"), "{}", refusal.message);
    assert_eq!((refusal.partner.status, refusal.partner.code), (403, 10));
    assert_eq!(refusal.partner.message, "(#10) The agreement does not allow this now.");
    let Outcome::Masks(_) = decide(&[1]) else { panic!("nobody new is in it") };
}

/// How many friends the viewer of a crowd has.
const CROWD: u64 = 300;
/// How many people may be reached of it, the viewer included.
const ROOM: u64 = 150;

/// A world of a viewer and many friends, and what its partner calls them.
fn crowd() -> (World, String, Vec<String>) {
    let world = World::founded();
    let friends: Vec<_> = (0..CROWD).map(|number| format!("friend-{number}")).collect();
    let person = |account: &String| json!({ "account": account, "profile": { "name": account } });
    let mut people: Vec<_> = friends.iter().map(person).collect();
    people.push(json!({ "account": "ada", "profile": { "name": "Ada" }, "friends": friends }));
    world.import_lines(&people);
    set(&world, vec![budget(Scope::Client, ROOM, Then::Deny)]);
    let token = world.token("ada");
    let accounts: Vec<_> = friends.iter().map(String::as_str).collect();
    let ids = world.ids_toward(PARTNER, &accounts);
    (world, token, ids)
}

/// Reads one person after another, in an order of one's own. Those who were answered; somebody who is not
/// there any more answers nobody.
fn read_each(
    url: &str,
    token: &str,
    people: &[String],
    first: usize,
    done: &AtomicU64,
) -> BTreeSet<String> {
    let client = Client::new(url);
    let mut answered = BTreeSet::new();
    for step in 0..people.len() {
        let person = &people[(first + step * 7) % people.len()];
        match client.get(&format!("/{person}?fields=name"), token) {
            Ok(reply) if reply.status == 200 => {
                answered.insert(person.clone());
            }
            Ok(reply) => assert_used_up(&reply),
            Err(_) => return answered,
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    answered
}

#[test]
fn many_at_once_fill_a_budget_exactly_and_never_exceed_it() {
    let (world, token, people) = crowd();
    let serving = world.serve();
    let (url, done) = (world.url(), AtomicU64::new(0));
    let answered: BTreeSet<String> = std::thread::scope(|scope| {
        let read = |first| {
            let (url, token, people, done) = (&url, &token, &people, &done);
            scope.spawn(move || read_each(url, token, people, first, done))
        };
        let readers: Vec<_> = (0..8).map(|reader| read(reader * 37)).collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect()
    });
    // The viewer takes one place.
    assert_eq!(answered.len() as u64, ROOM - 1);
    assert_eq!(serving.used(CLIENT).people, ROOM);
    assert!(serving.stop().success());
    assert_eq!(people_in_stream(&world) as u64, ROOM);
    let serving = world.serve();
    assert_eq!(serving.used(CLIENT).people, ROOM, "counted again from the stream");
    for person in &people {
        let expected = if answered.contains(person) { 200 } else { 403 };
        assert_eq!(serving.get(&format!("/{person}"), &token).status, expected);
    }
}

#[test]
fn crash_a_killed_server_finds_its_counts_in_the_stream() {
    let (world, token, people) = crowd();
    let (url, done) = (world.url(), AtomicU64::new(0));
    let mut answered = BTreeSet::new();
    for round in 0..3 {
        let serving = world.serve();
        let before = done.load(Ordering::Relaxed);
        answered.extend(std::thread::scope(|scope| {
            let read = |first| {
                let (url, token, people, done) = (&url, &token, &people, &done);
                scope.spawn(move || read_each(url, token, people, first, done))
            };
            let readers: Vec<_> = (0..4).map(|reader| read(round * 90 + reader * 20)).collect();
            eventually("some answers", || done.load(Ordering::Relaxed) > before + 25);
            serving.kill();
            let answered = readers.into_iter().flat_map(|reader| reader.join().unwrap());
            answered.collect::<Vec<_>>()
        }));
        let durable = people_in_stream(&world);
        assert!(answered.len() < durable, "the viewer, and perhaps some whom nobody was answered");
        let serving = world.serve();
        assert_eq!(serving.used(CLIENT).people, durable as u64, "round {round}");
        assert!(serving.stop().success());
    }
    let serving = world.serve();
    answered.extend(read_each(&url, &token, &people, 0, &done));
    assert_eq!(serving.used(CLIENT).people, ROOM);
    assert!(serving.stop().success());
    assert_eq!(people_in_stream(&world) as u64, ROOM);
    world.assert_checks();
}

/// A command about the budgets of this instance, run in the folder beside it.
fn budgets(world: &World, arguments: &[&str]) -> Command {
    let mut command = program(&["governance", "budgets"]);
    command.args(arguments).arg("--dir").arg(world.path());
    command.current_dir(world.path().parent().unwrap());
    command
}

/// Runs a command that has to succeed, and says what it said.
fn done(world: &World, arguments: &[&str]) -> String {
    let output = finish(&mut budgets(world, arguments));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_preset_is_written_set_and_shown_with_a_server_and_without() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let preset = done(&world, &["preset", "us-bulk-2025", "--out", "b.toml"]);
    assert_eq!(preset, "Wrote 1 budgets to b.toml\n");
    let file = world.path().parent().unwrap().join("b.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("us-bulk-identifiers") && text.contains("100000"), "{text}");
    assert!(text.contains("country_of_concern") && text.contains("window_days = 366"), "{text}");
    let harvest = done(&world, &["preset", "harvest"]);
    assert!(harvest.starts_with("# Look at this") && harvest.contains("people_per_grant = 100"));
    let shown = done(&world, &["show"]);
    assert!(shown.starts_with("client aurora-home of partner aurora\n  harvest of agreement aurora-home-1: 0 of 10000, distinct people reached by the client in 90 days"), "{shown}");

    // A reviewer looks at it and makes it about everybody.
    fs::write(&file, text.replace("country_of_concern", "everybody")).unwrap();
    let ines = format!("--sign=reviewer:ines={}", world.directory.key("reviewers/ines").display());
    let omar = format!("--sign=reviewer:omar={}", world.directory.key("reviewers/omar").display());
    let output = finish(&mut budgets(&world, &["set", "b.toml", &ines]));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && errors.contains("missing: one reviewer"), "{errors}");
    let serving = world.serve();
    serving.read("/me/friends?limit=4", &token);
    let said = done(&world, &["set", "b.toml", &ines, &omar]);
    assert!(said.starts_with("One budget of the platform's is in force (entry "), "{said}");
    let line = "  us-bulk-identifiers of the platform: 5 of 100000, distinct people reached by all clients of the partner in 366 days; beyond it there is no answer";
    let shown = done(&world, &["show"]);
    assert!(shown.lines().any(|shown| shown == line), "{shown}");
    let document = &world.verified(serving.head());
    let is_act =
        |entry: &Entry| matches!(entry, Entry::Act(act) if matches!(act.act, Act::Budgets(_)));
    assert!(document.iter().any(|leaf| is_act(&leaf.entry)));
    assert!(serving.stop().success());
    assert_eq!(done(&world, &["show"]), shown);
    let json: Value = serde_json::from_str(&done(&world, &["show", "--json"])).unwrap();
    assert_eq!(json["document"]["budgets"][0]["applies_to"], "everybody");

    for (wrong, said) in [
        (text.replace("window_days = 366", "window_days = 367"), "1 to 366 are possible"),
        (text.replace("pd:Name", "pd:Nome"), "\"pd:Nome\", which no field of the schema has"),
        (text.replace("version = 1", "version = 9"), "budgets version 9 is not known"),
        (text.replace("then =", "than ="), "b.toml:"),
    ] {
        fs::write(&file, wrong).unwrap();
        let output = finish(&mut budgets(&world, &["set", "b.toml", &ines, &omar]));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && errors.contains(said), "{errors}");
    }
}
