//! Acts and the documents that they name: whoever is shown one is shown the very one that they sign.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_domain::act::{Act, AgreementAct, Published, Subject, Suspension};
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use serde_json::{Value, json};

use crate::support::{World, program};

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

fn document(fields_of_friends: &[&str]) -> Value {
    json!({
        "version": 1, "agreement": "aurora-2", "partner": "aurora", "client": "aurora-home",
        "kind": "device", "not_before": "2020-01-01T00:00:00Z", "not_after": "2999-01-01T00:00:00Z",
        "delivery": "clear", "query_token": false, "wind_down": [],
        "purposes": [{
            "purpose": "address-book", "dpv": "dpv:ServiceProvision",
            "self": ["id", "friends", "name"], "friend": fields_of_friends,
        }],
    })
}

fn agreement(document: &Value) -> Value {
    let act = |digest| {
        let (agreement, partner, client) = (name("aurora-2"), name("aurora"), name("aurora-home"));
        Act::Agreement(AgreementAct { agreement, partner, client, digest })
    };
    let submission = Submission::publishing(document, act, clock::now()).unwrap();
    serde_json::to_value(Posted::of(submission).unwrap()).unwrap()
}

fn suspension(reason: &str) -> Value {
    let subject = Subject::Client(name("aurora-home"));
    let act = Act::Suspension(Suspension { subject, reason: reason.to_owned() });
    serde_json::to_value(Posted::of(Submission::of(act, clock::now())).unwrap()).unwrap()
}

/// Acts that are not what they show, and why each is refused.
fn forged() -> Vec<(Value, &'static str)> {
    let (bad, harmless) = (document(&["id", "name", "political"]), document(&["id", "name"]));
    let mut swapped = agreement(&bad);
    swapped["document"] = harmless.clone();
    let mut bare = agreement(&bad);
    bare.as_object_mut().unwrap().remove("document");
    let mut decorated = suspension("audit");
    decorated["document"] = harmless;
    vec![
        (swapped, "another one: its digest is"),
        (bare, "is missing"),
        (decorated, "publishes nothing"),
        (suspension("audit\u{1b}[2K\rreinstate"), "the reason is not plain text"),
    ]
}

fn write(world: &World, posted: &Value) -> PathBuf {
    let file = world.path().with_file_name("act.json");
    fs::write(&file, posted.to_string()).unwrap();
    file
}

/// What a command says to people about a file, which it took or refused.
fn said(command: &[&str], file: &Path, more: &[String]) -> Result<String, String> {
    let output = program(command).arg(file).args(more).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn unauthorised_no_command_shows_signs_or_submits_an_act_with_another_document() {
    let world = World::founded();
    let dir = world.path().display().to_string();
    let key = world.directory.key("reviewers/ines").display().to_string();
    for (posted, expected) in forged() {
        let file = write(&world, &posted);
        let sign = vec!["--dir".to_owned(), dir.clone(), format!("--sign=reviewer:ines={key}")];
        let shown = said(&["governance", "act", "show"], &file, &[]).unwrap_err();
        assert!(shown.contains(expected), "{expected}: {shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
        let signed = said(&["governance", "act", "sign"], &file, &sign).unwrap_err();
        assert!(signed.contains(expected), "{expected}: {signed}");
        assert_eq!(fs::read_to_string(&file).unwrap(), posted.to_string(), "it was signed");
        let submit =
            program(&["governance", "act", "submit", "--dir", &dir]).arg(&file).output().unwrap();
        let refused = String::from_utf8(submit.stderr).unwrap();
        assert!(!submit.status.success() && refused.contains(expected), "{expected}: {refused}");
    }
}

#[test]
fn unauthorised_the_admin_api_takes_no_act_with_another_document() {
    let world = World::founded();
    let serving = world.serve();
    let head = serving.head();
    for (posted, expected) in forged() {
        let reply = serving.client.post("/admin/v1/acts", &serving.admin_token(), &posted).unwrap();
        let body = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 422, "{body}");
        assert!(body.contains(expected), "{expected}: {body}");
    }
    assert_eq!(serving.head(), head);
}

#[test]
fn an_act_is_shown_with_the_digest_of_its_document() {
    let world = World::founded();
    let mut agreement = agreement(&document(&["id", "name"]));
    let show =
        |posted: &Value| said(&["governance", "act", "show"], &write(&world, posted), &[]).unwrap();
    let shown = show(&agreement);
    let digest = agreement["act"]["digest"].as_str().unwrap();
    assert_eq!(digest.len(), 64);
    assert!(shown.lines().next().unwrap().contains(digest), "{shown}");
    let rules = json!({ "version": 1 });
    for act in [Act::Rules, Act::FieldSchema] {
        let act = |digest| act(Published { digest });
        let published = Submission::publishing(&rules, act, clock::now()).unwrap();
        let digest = published.act.act.document().unwrap().to_string();
        let shown = show(&serde_json::to_value(Posted::of(published).unwrap()).unwrap());
        assert!(shown.lines().next().unwrap().contains(&digest), "{shown}");
    }
    // What a document says is shown, not done.
    let mut document = document(&["id", "name"]);
    document["purposes"][0]["dpv"] = json!("dpv:A\u{9b}2K\u{1b}[2K\u{202e}");
    agreement = self::agreement(&document);
    let shown = show(&agreement);
    assert!(shown.contains("dpv:A\\u009b2K\\u001b[2K\\u202e"), "{shown}");
}
