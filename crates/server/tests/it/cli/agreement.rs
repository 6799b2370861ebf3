//! An agreement as people handle it, with the program itself: drafted, checked, compared, signed in two
//! places, concluded, certified, wound down; and what a partner owes.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::cli::commands::{AGREEMENT, ANN, AURORA, BEN, Desk};

const WHOLE: &str = include_str!("../../../../../testdata/agreements/whole.agreement.toml");

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs a command that ends with this code; what it said, and what it said besides.
fn ended(desk: &Desk, code: i32, arguments: &[&str]) -> (String, String) {
    let Output { status, stdout, stderr } = desk.run(arguments);
    let (out, errors) = (text(&stdout), text(&stderr));
    assert_eq!(status.code(), Some(code), "{arguments:?}: {out}{errors}");
    (out, errors)
}

#[test]
fn a_draft_is_taken_as_it_is_and_never_written_over_another_file() {
    let desk = Desk::new();
    let draft = desk.done(&["agreement", "new"]);
    desk.write("draft.toml", &draft);
    // No instance is needed to look at a file.
    let checked = desk.json(&["agreement", "check", "draft.toml"]);
    assert_eq!(
        (&checked["odd"], &checked["agreement"]["client"]),
        (&json!([]), &json!("partner-app"))
    );
    let new = [
        "agreement",
        "new",
        "--partner",
        "aurora",
        "--client",
        "aurora-home",
        "--kind",
        "device",
        "--agreement",
        "aurora-2",
        "--platform",
        "Söhne \"& Co\"",
        "--days",
        "10",
        "--out",
        "new.toml",
    ];
    desk.done(&new);
    let checked = desk.json(&["agreement", "check", "new.toml", "--dir", "p"]);
    let document = &checked["agreement"];
    assert_eq!(document["platform"], "Söhne \"& Co\"");
    assert_eq!((&document["agreement"], &document["kind"]), (&json!("aurora-2"), &json!("device")));
    let seconds = |key: &str| document[key].as_u64().unwrap();
    assert_eq!(seconds("not_after") - seconds("not_before"), 10 * 86_400);
    assert!(
        desk.refused(&new).contains("new.toml: a file of this name exists"),
        "it is somebody's work"
    );
}

#[test]
fn a_check_says_everything_that_an_agreement_means_and_what_is_odd() {
    let desk = Desk::new();
    desk.write("whole.toml", WHOLE);
    let said = desk.done(&["agreement", "check", "whole.toml"]);
    for expected in [
        "Agreement aurora-home-2026: Example Social Inc. and partner aurora, through its device integration aurora-home",
        "in force from 2026-01-01T00:00:00Z until 2028-01-01T00:00:00Z",
        "renews itself 3 times by 365 days, until 2030-12-31T00:00:00Z at the latest",
        "only while the seats of the partner and its ultimate parent are in DE, NL",
        "delivered in the clear, and wait until their entry is in a published checkpoint",
        "certifies every 180 days, and has 14 days to make it good; what is not certified is cut: pd:EmailAddress, pd:Identifier, pd:Name, pd:SocialNetwork, pd:WorkHistory",
        "for address-book (dpv:ServiceProvision)",
        "  of each friend   id, name, work, as far as that friend's settings allow",
        "from 2027-06-01T00:00:00Z no more work",
        "from 2027-09-01T00:00:00Z no new grants",
        "from 2027-11-01T00:00:00Z nothing of friends any more",
        "kept for 180 days at most, and deleted within 14 days",
        "data may be passed on to Aurora Cloud GmbH",
        "budget reach: the client may reach within 30 days at most 100000 people; then there are no more answers",
        "at most 400 people for each who granted, beyond 1000, counting pd:Name, pd:WorkHistory; then",
        "100000 of pd:Name, pd:EmailAddress; 10000 of pd:WorkHistory; then there is an alert",
        "  never released: religion, political, interested_in",
        "ODD purpose: purpose sign-in gives nothing of friends",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    assert_eq!(said.matches("ODD").count(), 1, "{said}");
    desk.write("odd.toml", &WHOLE.replace("wait = \"published\"", "wait = \"witnessed\""));
    let checked = desk.json(&["agreement", "check", "odd.toml"]);
    let clauses: Vec<_> =
        checked["odd"].as_array().unwrap().iter().map(|odd| &odd["clause"]).collect();
    assert_eq!(clauses, ["wait", "purpose"]);
    desk.write("wrong.toml", &WHOLE.replace("dpv:AccountManagement", "dpv:AcountManagement"));
    let said = desk.refused(&["agreement", "check", "wrong.toml"]);
    assert!(said.contains("wrong.toml:41:7: "), "{said}");
    assert!(said.contains("did you mean \"dpv:AccountManagement\"?"), "{said}");
}

#[test]
fn agreements_are_compared_as_files_and_as_the_log_has_them() {
    let desk = Desk::with_build();
    desk.write("again.toml", &AGREEMENT.replace("[\"id\", \"name\"]", "[\"name\", \"id\"]"));
    let (said, _) = ended(&desk, 0, &["agreement", "diff", "agreement.toml", "agreement.toml"]);
    assert_eq!(said, "They are the same.\n");
    let (said, _) =
        ended(&desk, 0, &["agreement", "diff", "agreement.toml", "again.toml", "--dir", "p"]);
    assert!(said.starts_with("They mean the same, and are written in another way"), "{said}");
    let wider =
        AGREEMENT.replace("friend = [\"id\", \"name\"]", "friend = [\"id\", \"name\", \"work\"]");
    desk.write("wider.toml", &wider.replace("not_after = 2999", "not_after = 2998"));
    let from_log = ["agreement", "diff", "aurora-2026@p", "wider.toml"];
    let expected = "narrower not_after: 2999-01-01T00:00:00Z becomes 2998-01-01T00:00:00Z\n\
                    wider    purpose: address-book, of friend: work added\n";
    assert_eq!(ended(&desk, 1, &from_log).0, expected);
    let server = desk.serve();
    assert_eq!(ended(&desk, 1, &from_log).0, expected, "the same while a server runs");
    drop(server);
    let (said, _) = ended(&desk, 1, &[&from_log[..], &["--json"]].concat());
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["same"], &said["changes"][1]["way"]), (&json!(false), &json!("wider")));
    for (other, expected) in [
        ("nothing.toml", "nothing.toml: No such file"),
        ("other@p", "there is no agreement other in the log \"localhost/countersign\""),
    ] {
        let (_, said) = ended(&desk, 2, &["agreement", "diff", "agreement.toml", other]);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_agreement_is_signed_where_the_instance_is_not_and_concluded_where_it_is() {
    let desk = Desk::new();
    desk.done(&["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN]);
    let origin = ["--origin", "localhost/countersign"];
    let first = [&["agreement", "sign", "agreement.toml", AURORA][..], &origin].concat();
    let said = desk.refused(&first);
    assert!(said.contains("say with --out FILE where to write that"), "{said}");
    let signed = desk.json(&[&first[..], &["--out", "act.json"]].concat());
    assert_eq!(signed["missing"], json!(["2 different reviewers"]));
    // The act of an earlier signer is signed in its place.
    let signed = desk.json(&[&["agreement", "sign", "act.json", ANN][..], &origin].concat());
    assert_eq!(signed["signed_by"], json!(["partner:aurora", "reviewer:ann"]));
    let elsewhere = ["agreement", "sign", "act.json", BEN, "--origin", "elsewhere.example/log"];
    let said = desk.refused(&elsewhere);
    assert!(said.contains("the act is for the log \"localhost/countersign\", not for"), "{said}");
    let last =
        desk.done(&["agreement", "sign", "act.json", "--dir", "p", BEN, "--out", "full.json"]);
    assert!(
        last.contains("It has all signatures. Next: countersign governance act submit full.json"),
        "{last}"
    );
    let said = desk.refused(&["governance", "act", "submit", "--dir", "p", "act.json"]);
    assert!(said.contains("missing: one reviewer"), "the file before is as it was: {said}");
    assert_eq!(desk.json(&["governance", "act", "submit", "--dir", "p", "full.json"])["index"], 4);
}

#[test]
fn a_partner_certifies_what_the_agreement_gives_and_nobody_else_does() {
    let desk = Desk::with_build();
    let certify = ["agreement", "certify", "--dir", "p", "aurora-2026"];
    for (more, expected) in [
        (
            &["--category", "pd:Religion", AURORA][..],
            "gives nothing of category \"pd:Religion\"; it gives pd:Identifier, pd:Name, pd:SocialNetwork",
        ),
        (&["--all"], "missing: partner:aurora"),
        (&["--all", ANN], "missing: partner:aurora"),
        (&["--all", AURORA, ANN], "reviewer:ann"),
    ] {
        let said = desk.refused(&[&certify[..], more].concat());
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let other = ["agreement", "certify", "--dir", "p", "aurora-2027", "--all", AURORA];
    assert!(desk.refused(&other).contains("there is no agreement aurora-2027"));
    let one = desk.json(&[&certify[..], &["--category", "pd:Name", AURORA]].concat());
    assert_eq!(one["done"], "Certified pd:Name under agreement aurora-2026");
    let _server = desk.serve();
    let all = desk.json(&[&certify[..], &["--all", AURORA]].concat());
    assert_eq!(
        all["done"],
        "Certified pd:Identifier, pd:Name, pd:SocialNetwork under agreement aurora-2026"
    );
    assert_eq!(all["index"], one["index"].as_u64().unwrap() + 1);
}

#[test]
fn one_reviewer_winds_an_agreement_down_from_an_instant_that_is_still_to_come() {
    let desk = Desk::with_build();
    fn step<'a>(at: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let first =
            ["agreement", "wind-down", "--dir", "p", "aurora-2026", "--reason", "news", "--at", at];
        [&first[..], more].concat()
    }
    let later = "2998-06-01T02:00:00+02:00";
    for (at, more, expected) in [
        (later, &["--ends", "friends"][..], "missing: one reviewer"),
        ("2020-06-01T00:00:00Z", &["--ends", "all", ANN], "lies before the act itself"),
        (later, &["--ends", "fields", "--fields", "id,nane", ANN], "did you mean \"name\"?"),
        (
            later,
            &["--ends", "friends", "--fields", "name", ANN],
            "anything else ends more than these",
        ),
    ] {
        let said = desk.refused(&step(at, more));
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // What is no instant, and fields that are not named, clap refuses.
    for wrong in
        [step("2998-06-01", &["--ends", "all", ANN]), step(later, &["--ends", "fields", ANN])]
    {
        assert_eq!(desk.run(&wrong).status.code(), Some(2), "{wrong:?}");
    }
    let said = desk.json(&step(later, &["--ends", "fields", "--fields", "name", ANN]));
    assert_eq!(said["done"], "Agreement aurora-2026: from 2998-06-01T00:00:00Z no more name");
    let said = desk.json(&step(later, &["--ends", "new_grants", BEN]));
    assert_eq!(said["done"], "Agreement aurora-2026: from 2998-06-01T00:00:00Z no new grants");
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);
}

#[test]
fn what_a_partner_owes_is_demanded_attested_and_lifted() {
    let desk = Desk::with_build();
    let demand = |name: &str, signer: &[&str]| {
        let what = ["partner", "obligation", "demand", "--dir", "p", "aurora", name];
        let why = ["--agreement", "aurora-2026", "--what", "deletion", "--reason", "erasure"];
        let command = [&what[..], &why, &["--due", "2998-01-01T00:00:00Z"]].concat();
        [&command[..], signer].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run =
        |command: &[String]| desk.run(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let unsigned = text(&run(&demand("delete-1", &[])).stderr);
    assert!(unsigned.contains("missing: one reviewer"), "{unsigned}");
    assert!(run(&demand("delete-1", &[ANN])).status.success());
    let again = text(&run(&demand("delete-1", &[BEN])).stderr);
    assert!(again.contains("obligation delete-1 of partner aurora is owed already"), "{again}");
    let attest = ["partner", "obligation", "attest", "--dir", "p", "aurora", "delete-1"];
    let said = desk.refused(&[&attest[..], &[ANN]].concat());
    assert!(said.contains("partner:aurora"), "a reviewer attests nothing for a partner: {said}");
    let said = desk.json(&[&attest[..], &[AURORA]].concat());
    assert_eq!(said["done"], "Attested: delete-1 of partner aurora");
    let lift = ["partner", "obligation", "lift", "--dir", "p", "aurora"];
    let said = desk.refused(&[&lift[..], &["delete-1", "--reason", "done", ANN, BEN]].concat());
    assert!(said.contains("obligation delete-1 of partner aurora is not owed"), "{said}");

    assert!(run(&demand("delete-2", &[ANN, "--out", "act.json"])).status.success());
    let shown = desk.done(&["governance", "act", "show", "act.json"]);
    let expected = "demand delete-2 of partner aurora by 2998-01-01T00:00:00Z, that data is deleted, as agreement";
    assert!(shown.contains(expected), "{shown}");
    desk.done(&["governance", "act", "submit", "--dir", "p", "act.json"]);
    let lift = [&lift[..], &["delete-2", "--reason", "by mistake", ANN]].concat();
    assert!(desk.refused(&lift).contains("missing: one reviewer"));
    desk.done(&[&lift[..], &[BEN]].concat());
    assert_eq!(desk.json(&["check", "--dir", "p"])["ok"], true);
}

#[test]
fn an_agreement_goes_to_odrl_and_back_and_what_is_lost_is_told_beside_it() {
    let desk = Desk::with_build();
    desk.write("whole.toml", WHOLE);
    let (policy, beside) = ended(&desk, 0, &["agreement", "export", "--odrl", "whole.toml"]);
    assert!(beside.contains("not expressed: certification: "), "{beside}");
    assert!(beside.contains("not expressed: settings: "), "{beside}");
    desk.write("policy.json", &policy);
    let (file, beside) =
        ended(&desk, 0, &["agreement", "import", "--odrl", "policy.json", "--dir", "p"]);
    assert!(beside.contains("assumed: certification: every 365 days"), "{beside}");
    desk.write("back.toml", &file);
    desk.done(&["agreement", "check", "back.toml", "--dir", "p"]);
    let changed = ended(&desk, 1, &["agreement", "diff", "whole.toml", "back.toml", "--json"]).0;
    let changed: Value = serde_json::from_str(&changed).unwrap();
    let clauses: std::collections::BTreeSet<_> = changed["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["clause"].as_str().unwrap())
        .collect();
    let lost = ["budget", "certification", "pledges", "renewal", "wait", "wind_down"];
    assert!(clauses.iter().copied().eq(lost), "{clauses:?}");
    let lost =
        changed["changes"].as_array().unwrap().iter().filter(|one| one["clause"] == "wind_down");
    let lost: Vec<_> = lost.map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(lost, ["new grants no longer ends at 2027-09-01T00:00:00Z"]);

    let exported = desk.json(&["agreement", "export", "--odrl", "aurora-2026@p"]);
    assert_eq!(exported["policy"]["uid"], "urn:countersign:agreement:aurora-2026");
    assert!(exported["not_expressed"].as_array().unwrap().len() > 8, "{exported}");
    desk.write("foreign.json", &policy.replace("\"action\": \"read\"", "\"action\": \"sell\""));
    let said = desk.refused(&["agreement", "import", "--odrl", "foreign.json"]);
    assert!(
        said.contains("foreign.json: /permission/0/action: the action \"sell\" is not one"),
        "{said}"
    );
    // One of two prohibitions would be lost; a byte order mark is no part of the text.
    let twice = policy.replacen("\"@type\"", "\"permission\": [], \"@type\"", 1);
    desk.write("twice.json", &twice);
    let said = desk.refused(&["agreement", "import", "--odrl", "twice.json"]);
    let told = "the key \"permission\" stands twice in one object; every key is expected once";
    assert!(said.contains("twice.json:") && said.contains(told), "{said}");
    desk.write("marked.json", &format!("\u{feff}{policy}"));
    assert_eq!(
        ended(&desk, 0, &["agreement", "import", "--odrl", "marked.json", "--dir", "p"]).0,
        file
    );
    assert_eq!(desk.run(&["agreement", "import", "policy.json"]).status.code(), Some(2));
    assert!(fs::metadata(desk.path("policy.json")).is_ok());
}
