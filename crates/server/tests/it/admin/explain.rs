//! `explain`, by API and by command: what a request would be answered, with the clause and its entry, and
//! never anything beyond what the decision then does.

use countersign_demo::world::{BUILD, PURPOSE};
use serde_json::{Value, json};

use crate::support::village;
use crate::support::{Serving, finish, program};

fn ask(serving: &Serving<'_>, wanted: &Value) -> (u16, Value) {
    let reply = serving.client.post("/admin/v1/explain", &serving.admin_token(), wanted).unwrap();
    (reply.status, serde_json::from_slice(&reply.body).unwrap())
}

/// Field by field: released, or the reason.
fn said(explained: &Value) -> Vec<(String, String)> {
    let field = |one: &Value| {
        let said = if one["released"] == true {
            "released"
        } else {
            one["reason"].as_str().unwrap_or("no value")
        };
        (one["field"].as_str().unwrap().to_owned(), said.to_owned())
    };
    explained.as_array().unwrap().iter().map(field).collect()
}

fn of(explained: &Value, field: &str) -> String {
    said(explained).into_iter().find(|(name, _)| name == field).unwrap().1
}

#[test]
fn explain_says_of_the_very_people_what_the_next_answer_does() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let head = serving.head();
    let about = |friend: &str| json!({ "token": token, "friend": friend });
    let (status, open) = ask(&serving, &about(&village::open(1)));
    assert_eq!((status, &open["assumed"]), (200, &json!([])));
    assert_eq!(
        (of(&open["friend"], "name"), of(&open["friend"], "religion")),
        ("released".into(), "agreement".into())
    );
    let (_, closed) = ask(&serving, &about(&village::closed(1)));
    assert_eq!(of(&closed["friend"], "name"), "settings");
    assert_eq!(of(&closed["friend"], "religion"), "agreement", "the register goes before people");
    let (_, partly) = ask(&serving, &about(village::PARTLY));
    assert_eq!(
        (of(&partly["friend"], "name"), of(&partly["friend"], "work")),
        ("released".into(), "settings".into())
    );
    let (_, minor) = ask(&serving, &about(village::MINOR));
    assert_eq!(
        (of(&minor["friend"], "name"), of(&minor["friend"], "work")),
        ("released".into(), "minor".into())
    );
    assert_eq!(serving.head(), head, "nothing is logged");

    let every: Vec<_> = said(&open["self"]).into_iter().map(|(field, _)| field).collect();
    let fields =
        every.iter().filter(|field| *field != "friends").cloned().collect::<Vec<_>>().join(",");
    let answer = serving.read(&format!("/v3.0/me?fields={fields},friends{{id}}"), &token);
    let released = said(&open["self"]).into_iter().filter(|(_, said)| said == "released");
    let mut expected: Vec<_> = released.map(|(field, _)| field).collect();
    let mut found: Vec<_> = answer.as_object().unwrap().keys().cloned().collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn explain_names_the_entry_that_says_so() {
    let world = village::founded();
    let serving = world.serve();
    let suspension = serving.suspend();
    let (_, stopped) = ask(&serving, &json!({ "build": BUILD, "purpose": PURPOSE }));
    assert_eq!(stopped["assumed"], json!(["grant", "settings"]));
    for field in stopped["self"].as_array().unwrap() {
        assert_eq!((&field["reason"], &field["entry"]), (&json!("suspended"), &json!(suspension)));
        assert_eq!(field["clause"], "partner aurora is suspended");
    }
}

#[test]
fn explain_says_what_is_missing() {
    let world = village::founded();
    let serving = world.serve();
    for (wanted, status, expected) in [
        (json!({}), 422, "name a build, or give a token"),
        (
            json!({ "build": "nobody@1", "purpose": PURPOSE }),
            404,
            "there is no such build: nobody@1",
        ),
        (json!({ "build": BUILD, "purpose": "ads" }), 404, "purpose of build"),
        (
            json!({ "build": BUILD, "purpose": PURPOSE, "account": "nobody" }),
            404,
            "there is no such account",
        ),
        (
            json!({ "build": BUILD, "purpose": PURPOSE, "account": village::VIEWER, "friend": village::STRANGER }),
            404,
            "friend of this account",
        ),
        (
            json!({ "build": BUILD, "purpose": PURPOSE, "fields": ["nane"] }),
            422,
            "did you mean \"name\"?",
        ),
        (json!({ "token": "x" }), 404, "not issued by this instance"),
    ] {
        let (found, said) = ask(&serving, &wanted);
        assert_eq!(found, status, "{wanted}");
        assert!(said["error"].as_str().unwrap().contains(expected), "{wanted}: {said}");
    }
}

#[test]
fn the_command_says_the_same_with_a_server_and_without() {
    let world = village::founded();
    let folder = world.path().to_str().unwrap();
    let run = |more: &[&str]| {
        let all =
            [&["audit", "explain", "--dir", folder, "--build", BUILD, "--purpose", PURPOSE], more]
                .concat();
        let output = finish(&mut program(&all));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    let alone = run(&[]);
    assert!(alone.contains("of a friend who is a minor\n  released  id, name\n"), "{alone}");
    let closed = village::closed(1);
    let of_people =
        ["--account", village::VIEWER, "--friend", &closed, "--fields", "name,religion"];
    let about_alone = run(&of_people);
    let serving = world.serve();
    let strip =
        |text: &str| text.split_once(" at ").unwrap().1.split_once('\n').unwrap().1.to_owned();
    assert_eq!(strip(&run(&[])), strip(&alone));
    let about = run(&of_people);
    assert_eq!(strip(&about), strip(&about_alone));
    assert!(about.contains("the person keeps it closed on friends_device"), "{about}");
    assert!(about.contains("(entry "), "{about}");
    drop(serving);
}
