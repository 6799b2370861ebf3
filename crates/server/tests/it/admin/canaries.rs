//! Canaries: what two partners are told of one, that nobody else is any different for it, and that a value leads
//! back to the answers that it left in.

use std::time::Duration;

use countersign_demo::client::Reply;
use countersign_domain::act::ReviewOutcome;
use countersign_service::clock;
use serde_json::{Value, json};

use crate::support::checked::{Recipient, body};
use crate::support::partners;
use crate::support::village::{self, VIEWER};
use crate::support::{Serving, World, finish, ids, program};

/// Another partner's client, which gets what the first one gets and more.
const CLOVER: &str = r#"version = 2
platform = "Example Platform"
agreement = "clover-1"
partner = "clover"
client = "clover-app"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2999-01-01T00:00:00Z
delivery = "clear"

[[purpose]]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name", "work", "education", "email", "link", "about", "birthday"]
"#;

const BOTH: &str = "/me/friends?fields=id,name,work,education,birthday&limit=50";
const MORE: &str = "/me/friends?fields=id,name,email,link,about,birthday&limit=50";

/// The village with a second partner; tokens of the viewer for both.
fn two_partners() -> (World, String, String) {
    let world = village::founded();
    world.configure("# email_domain = ", "email_domain = ");
    partners::register(&world, "clover");
    let agreement = partners::conclude(&world, CLOVER);
    partners::submit(&world, &agreement, "clover-app@1", "address-book", &[]);
    partners::review(&world, "clover-app@1", ReviewOutcome::Approve);
    let aurora = world.token(VIEWER);
    let clover = world.token_of("clover-app@1", "address-book", VIEWER, clock::now());
    (world, aurora, clover)
}

/// `countersign audit canary` with these arguments after the folder; what it says, and its exit code.
fn canary(world: &World, command: &str, arguments: &[&str]) -> (Value, i32) {
    let mut program = program(&["--json", "audit", "canary", command]);
    let output = finish(program.arg("--dir").arg(world.path()).args(arguments));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{command}: {said}{errors}"));
    (json, output.status.code().unwrap())
}

/// Until values that a command has just begun are given out.
fn wait_for_new_values() {
    std::thread::sleep(Duration::from_millis(3_100));
}

/// The canary in a list, and everybody else.
fn apart(list: &Value, id: &str) -> (Value, Vec<Value>) {
    let people = list["data"].as_array().unwrap().iter();
    let (mut canaries, others): (Vec<_>, Vec<_>) =
        people.cloned().partition(|person| person["id"] == id);
    (canaries.pop().unwrap(), others)
}

fn text(person: &Value, field: &str) -> String {
    person[field].as_str().unwrap_or_else(|| panic!("no {field}: {person}")).to_owned()
}

#[test]
fn a_canary_has_values_of_its_own_toward_each_partner_and_a_value_names_its_answers() {
    let (world, aurora, clover) = two_partners();
    let planted = village::open(3);
    let (to_aurora, to_clover) = (world.id(&planted), world.id_toward("clover", &planted));
    let serving = world.serve();
    let (aurora, clover) = (Recipient::new(&serving, &aurora), Recipient::new(&serving, &clover));
    let before = aurora.read(BOTH);
    assert_eq!(canary(&world, "create", &[&planted]).1, 0);
    wait_for_new_values();

    let reply = aurora.get(BOTH);
    let index = world.receipt(&reply).index;
    let after = reply.json().unwrap();
    let (plain, others) = apart(&before, &to_aurora);
    let (one, same_others) = apart(&after, &to_aurora);
    assert_eq!(others, same_others, "nobody else is any different for it");
    assert_eq!(aurora.read(BOTH), after, "who asks again sees the same person");
    let batched = aurora.batch(&json!([{ "relative_url": &BOTH[1..] }]));
    assert_eq!(body(&batched[0])["data"], after["data"]);
    assert_eq!(
        (&plain["birthday"], &plain["name"]),
        (&one["birthday"], &json!("the name of open-03"))
    );
    let (another, _) = apart(&clover.read(BOTH), &to_clover);
    for field in ["name", "work", "education"] {
        assert_ne!(text(&one, field), text(&plain, field));
        assert_ne!(text(&one, field), text(&another, field), "partners share a value");
    }
    let alone = clover.read(&format!("/{to_clover}?fields=work"));
    assert_eq!(alone["work"], another["work"], "a person alone is the same person");

    let (found, code) = canary(&world, "find", &[&text(&one, "work").to_uppercase()]);
    assert_eq!((code, found["found"].as_array().unwrap().len()), (0, 1), "{found}");
    let found = &found["found"][0];
    assert_eq!(
        (&found["partner"], &found["field"], &found["account"]),
        (&json!("aurora"), &json!("work"), &json!(planted))
    );
    // Asked once, again, and in a batch; the first answer, from before, and the other partner's are none of them.
    let answers = found["answers"].as_array().unwrap();
    assert_eq!((answers.len(), &found["answers_count"]), (3, &json!(3)), "{found}");
    assert_eq!(answers[0]["index"], index, "{found}");
    assert_eq!(
        (&found["answers"][0]["client"], &found["answers"][0]["build"]),
        (&json!("aurora-home"), &json!("aurora-home@41"))
    );
    assert_eq!((aurora.check(), clover.check()), (4, 2));
}

#[test]
fn every_kind_of_value_leads_to_its_answer_and_nothing_beside_values_tells_of_a_canary() {
    let (world, _, clover) = two_partners();
    let planted = village::open(3);
    let id = world.id_toward("clover", &planted);
    let serving = world.serve();
    let clover = Recipient::new(&serving, &clover);
    let before = clover.get(MORE);
    assert_eq!(canary(&world, "create", &[&planted]).1, 0);
    wait_for_new_values();
    let reply = clover.get(MORE);
    let (one, _) = apart(&reply.json().unwrap(), &id);
    assert!(text(&one, "email").ends_with("@post.example"), "{one}");
    for field in ["name", "email", "link", "about"] {
        let (found, _) = canary(&world, "find", &[&text(&one, field)]);
        let found = &found["found"][0];
        assert_eq!((&found["partner"], &found["field"]), (&json!("clover"), &json!(field)));
        assert_eq!(found["answers"][0]["index"], world.receipt(&reply).index);
    }
    let form = |reply: &Reply| {
        let list = reply.json().unwrap();
        let people = list["data"].as_array().unwrap().iter();
        let keys = people.map(|one| one.as_object().unwrap().keys().cloned().collect::<Vec<_>>());
        let headers = reply.headers.lines().filter_map(|line| line.split(": ").next());
        let headers: Vec<_> = headers.map(str::to_owned).collect();
        (headers, ids(&list), keys.collect::<Vec<_>>())
    };
    assert_eq!(form(&before), form(&reply), "headers, order, ids or fields tell of a canary");
    let seen = serving.said() + &serving.metrics();
    assert!(!seen.contains(&planted) && !seen.to_lowercase().contains("canar"), "{seen}");
    assert_eq!(clover.check(), 2);
    world.assert_checks();
}

#[test]
fn values_change_with_every_refresh_and_end_with_the_canary() {
    let (world, aurora, _) = two_partners();
    let planted = village::open(5);
    let id = world.id(&planted);
    // No server runs.
    assert_eq!(canary(&world, "create", &[&planted]).1, 0);
    let serving = world.serve();
    let work = |serving: &Serving<'_>| text(&apart(&serving.read(BOTH, &aurora), &id).0, "work");
    wait_for_new_values();
    let first = work(&serving);
    let (refreshed, _) = canary(&world, "refresh", &["--all"]);
    let generations = &refreshed["canaries"][0]["generations"];
    assert_eq!(generations[0]["ended"], generations[1]["began"], "{refreshed}");
    wait_for_new_values();
    // A search begins behind the last close that it may.
    assert!(finish(program(&["log", "close"]).arg("--dir").arg(world.path())).status.success());
    let second = work(&serving);
    assert_ne!(first, second);
    for (value, generation) in [(&first, 0), (&second, 1)] {
        let (found, _) = canary(&world, "find", &[value]);
        let found = &found["found"][0];
        assert_eq!(
            (&found["generation"], &found["answers_count"]),
            (&json!(generation), &json!(1)),
            "{found}"
        );
        assert_eq!(found["began"], generations[generation]["began"]);
    }
    // What a server knows is on the disk.
    serving.stop();
    let serving = world.serve();
    assert_eq!(work(&serving), second);
    assert_eq!(canary(&world, "remove", &[&planted]).0["planted"], false);
    wait_for_new_values();
    assert_eq!(work(&serving), village::value("work", &planted));
    let (list, _) = canary(&world, "list", &[]);
    assert_eq!(
        (&list["canaries"][0]["account"], &list["canaries"][0]["planted"]),
        (&json!(planted), &json!(false))
    );
    let (found, code) = canary(&world, "find", &[&first]);
    assert_eq!(
        (code, &found["found"][0]["account"]),
        (0, &json!(planted)),
        "what went out is found"
    );
    // Once more: the numbers of generations go on.
    canary(&world, "create", &[&planted]);
    wait_for_new_values();
    assert!(![first, second].contains(&work(&serving)));
}

#[test]
fn what_was_never_made_is_of_no_canary_and_what_cannot_be_says_so() {
    let (world, ..) = two_partners();
    let command = |command: &str, argument: &str| {
        let output = finish(
            program(&["audit", "canary", command]).arg("--dir").arg(world.path()).arg(argument),
        );
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8_lossy(&said).into_owned(), output.status.code())
    };
    let nobody = "no canary of this instance has had this value\n";
    assert_eq!(command("find", "Robin Ashford"), (nobody.to_owned(), Some(1)));
    for serves in [false, true] {
        let _serving = serves.then(|| world.serve());
        let (canary, other) = if serves { ("open-02", "open-04") } else { ("open-01", "open-03") };
        assert_eq!(command("create", canary).1, Some(0));
        assert_eq!(command("find", &village::value("work", canary)), (nobody.to_owned(), Some(1)));
        for (what, argument, says) in [
            ("create", "nobody", "there is no such account"),
            ("create", canary, "is a canary already"),
            ("refresh", other, "is no canary"),
            ("remove", other, "is no canary"),
        ] {
            let (said, code) = command(what, argument);
            assert!(said.contains(says) && code == Some(1), "{what} {argument}: {said}");
        }
    }
    let key = world.directory.key("canary");
    let mode =
        |path| std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path).unwrap()) & 0o777;
    assert_eq!((mode(key.clone()), mode(world.directory.canaries())), (0o600, 0o600));
    std::fs::remove_file(&key).unwrap();
    let output = finish(program(&["audit", "canary", "list"]).arg("--dir").arg(world.path()));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("canary.key"),
        "values could not be made again"
    );
}
