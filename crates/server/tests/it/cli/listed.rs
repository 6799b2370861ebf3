//! One sees what one has made: `status`, and `list` and `show` of everything, the same with and without a server.

use std::fs;

use serde_json::{Value, json};

use super::commands::{ANN, AURORA, BEN, Desk};

/// What is listed and shown, with a word of each.
const SEEN: [(&[&str], &str); 16] = [
    (&["partner", "list"], "aurora"),
    (&["partner", "show", "aurora"], "Aurora Holding plc"),
    (&["partner", "client", "list"], "aurora-home"),
    (&["partner", "build", "list"], "approved"),
    (&["partner", "build", "show", "aurora-home@1"], "com.example.aurora.home"),
    (&["partner", "obligation", "list"], "2999-01-31"),
    (&["agreement", "list"], "in force"),
    (&["agreement", "show", "aurora-2026"], "of each friend   id, name"),
    (&["governance", "keys", "show"], "reviewer:ben"),
    (&["governance", "schema", "show"], "pd:Name"),
    (&["people", "list"], "ada"),
    (&["people", "show", "ada"], "friends_device"),
    (&["people", "grants", "ada"], "aurora-home@1"),
    (&["log", "list"], "approve build aurora-home@1"),
    (&["log", "show", "4"], "put agreement aurora-2026"),
    (&["log", "periods"], "PERIOD"),
];

fn made() -> Desk {
    let desk = Desk::with_build();
    desk.write("people.jsonl", "{\"account\":\"ada\",\"profile\":{\"name\":\"Ada L.\"}}\n");
    desk.done(&["people", "import", "--dir", "p", "jsonl", "people.jsonl"]);
    let token = ["--build", "aurora-home@1", "--purpose", "address-book", "--account", "ada"];
    desk.done(&[&["people", "token", "--dir", "p"], &token[..]].concat());
    desk.done(&["log", "close", "--dir", "p"]);
    desk
}

#[test]
fn what_was_made_is_listed_and_shown_with_and_without_a_server() {
    let desk = made();
    let seen = |command: &[&str]| {
        let command = [command, &["--dir", "p"]].concat();
        (desk.done(&command), desk.json(&command))
    };
    let stopped = SEEN.map(|(command, _)| seen(command));
    let server = desk.serve();
    for ((command, word), (text, document)) in SEEN.into_iter().zip(stopped) {
        assert!(text.contains(word), "{command:?}: {text}");
        assert!(!text.contains("Ada L."), "{command:?}: a profile: {text}");
        assert!(document.is_object(), "{command:?}: {document}");
        let (served, told) = seen(command);
        if command[0] != "log" {
            assert_eq!((served, told), (text, document), "{command:?}");
        }
    }
    drop(server);
}

#[test]
fn what_is_not_there_is_said_with_where_to_look() {
    let desk = made();
    for (command, expected) in [
        (&["partner", "show", "borealis"][..], "those that there are: countersign partner list"),
        (&["partner", "build", "show", "x@1"], "countersign partner build list"),
        (&["agreement", "show", "x"], "countersign agreement list"),
        (&["people", "show", "eve"], "there is no such account here"),
        (&["log", "show", "4711"], "entry 4711 is not published: the log has "),
    ] {
        let said = desk.refused(&[command, &["--dir", "p"]].concat());
        assert!(said.contains(expected), "{command:?}: {said}");
    }
    let by_entry = desk.json(&["agreement", "show", "--dir", "p", "4"]);
    assert_eq!(by_entry["agreement"]["agreement"], "aurora-2026");
}

#[test]
fn a_witness_shows_its_key_and_what_it_watches() {
    let desk = Desk::new();
    let dir = ["--dir", "watching"];
    let new = [&["log", "witness", "new", "--name", "w.example/1"], &dir[..]].concat();
    let key = desk.json(&new)["witness_key"].clone();
    let show = [&["log", "witness", "show"], &dir[..]].concat();
    assert_eq!(desk.json(&show), json!({ "witness_key": key, "logs": [] }));
    let watched = desk.json(&["status", "--dir", "p"])["log"]["key"].as_str().unwrap().to_owned();
    desk.write("watching/logs", &format!("{watched}\n"));
    let text = desk.done(&show);
    assert!(text.contains(&format!("watches  {watched}")), "{text}");
}

#[test]
fn people_are_listed_a_page_at_a_time() {
    let desk = Desk::new();
    desk.done(&["people", "generate", "--dir", "p", "--people", "250"]);
    let page = |from: &str| desk.json(&["people", "list", "--dir", "p", "--from", from]);
    let first = page("0");
    assert_eq!((&first["people"], &first["next"]), (&json!(250), &json!(100)));
    let last = page("200");
    assert_eq!(last["accounts"].as_array().unwrap().len(), 50);
    assert_eq!(last["next"], Value::Null);
}

#[test]
fn status_tells_what_has_to_be_looked_after() {
    let desk = made();
    let status = || desk.json(&["status", "--dir", "p"]);
    let told = |status: &Value| {
        let all = status["attention"].as_array().unwrap().clone();
        all.into_iter()
            .map(|one| (one["kind"].clone(), one["says"].to_string()))
            .collect::<Vec<_>>()
    };
    let before = status();
    assert_eq!(before["running"], false);
    assert!(told(&before).is_empty(), "{before}");
    assert_eq!(before["log"]["last_close"]["period"], 0);

    let build = fs::read_to_string(desk.path("build.toml")).unwrap();
    desk.write("build-2.toml", &build.replace("aurora-home@1", "aurora-home@2"));
    desk.done(&["partner", "build", "submit", "--dir", "p", "build-2.toml", AURORA]);
    let soon = countersign_service::clock::now().plus_seconds(86_400).to_string();
    let of = ["aurora", "delete-1", "--agreement", "aurora-2026", "--what", "deletion"];
    let when = ["--due", &soon, "--reason", "test", "--dir", "p", ANN];
    desk.done(&[&["partner", "obligation", "demand"], &of[..], &when].concat());
    let ends = ["--at", &soon, "--ends", "friends", "--reason", "test", "--dir", "p", ANN];
    desk.done(&[&["agreement", "wind-down", "aurora-2026"], &ends[..]].concat());
    let suspend =
        ["partner", "suspend", "client:aurora-home", "--reason", "test", "--dir", "p", ANN];
    desk.done(&suspend);
    let kinds = ["build_waits", "suspended", "obligation_due", "wind_down"];
    let stopped = status();
    let found: Vec<_> = told(&stopped).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(found, kinds, "{stopped}");

    let server = desk.serve();
    let running = status();
    assert_eq!(running["running"], true);
    assert_eq!(told(&running), told(&stopped));
    let text = desk.done(&["status", "--dir", "p"]);
    for word in ["running and ready", "build aurora-home@2 waits for two reviewers", "1 known here"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    drop(server);
}

#[test]
fn the_same_partner_or_agreement_once_more_adds_nothing() {
    let desk = Desk::with_build();
    let register = ["partner", "register", "--dir", "p", "aurora.toml", ANN, BEN];
    let conclude = ["agreement", "conclude", "--dir", "p", "agreement.toml", AURORA, ANN, BEN];
    let entries = || desk.json(&["status", "--dir", "p"])["log"]["entries"].clone();
    let before = entries();
    for (command, entry) in [(&register[..], 3), (&conclude[..], 4)] {
        let said = desk.json(command);
        assert_eq!((&said["is_new"], &said["index"]), (&json!(false), &json!(entry)), "{said}");
        let text = desk.done(command);
        let expected = format!("Nothing was added: the log says this already, in entry {entry}\n");
        assert_eq!(text, expected);
    }
    assert_eq!(entries(), before);
    let server = desk.serve();
    assert_eq!(desk.json(&register)["is_new"], false);
    drop(server);
    // Concluding it again means something once the platform has scheduled an end.
    let ends = ["--at", "2998-01-01T00:00:00Z", "--ends", "friends", "--reason", "test", ANN];
    desk.done(&[&["agreement", "wind-down", "--dir", "p", "aurora-2026"], &ends[..]].concat());
    // Acts are dated by the second, and the very same act counts once.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    assert_eq!(desk.json(&conclude)["is_new"], true);
    let shown = desk.json(&["agreement", "show", "--dir", "p", "aurora-2026"]);
    assert_eq!(shown["in_log"]["wind_down"], json!([]));
}

#[test]
fn people_are_not_put_into_the_store_of_another_source() {
    for kind in ["postgres", "http"] {
        let desk = Desk::new();
        let path = desk.path("p/countersign.toml");
        let text = fs::read_to_string(&path).unwrap();
        let source = match kind {
            "postgres" => {
                "[source.postgres]\nurl = \"postgresql://db.example/x\"\nmapping = \"m.toml\"\n"
            }
            _ => "[source.http]\nmapping = \"m.toml\"\n",
        };
        let text = text.replacen("kind = \"image\"", &format!("kind = \"{kind}\""), 1);
        fs::write(&path, text.replacen("\n[graph]", &format!("\n{source}\n[graph]"), 1)).unwrap();
        desk.write("people.jsonl", "{\"account\":\"ada\"}\n");
        for command in [
            &["people", "import", "--dir", "p", "jsonl", "people.jsonl"][..],
            &["people", "generate", "--dir", "p", "--people", "10"],
        ] {
            let said = desk.refused(command);
            assert!(said.contains(&format!("is \"{kind}\", so people are read from")), "{said}");
            assert!(said.contains("countersign source check"), "{said}");
        }
        // Other software may have the same people.
        let jsonl = ["people", "generate", "--dir", "p", "--people", "10", "--jsonl", "ten.jsonl"];
        desk.done(&jsonl);
        let people = desk.json(&["people", "list", "--dir", "p"]);
        assert_eq!(people["people"], 0, "{people}");
    }
}

#[test]
fn check_says_to_move_keys_that_do_not_belong_beside_the_instance() {
    let desk = Desk::new();
    let text = desk.done(&["check", "--dir", "p"]);
    for line in ["TO DO key root: ", "TO DO key of reviewer ann: "] {
        let found = text.lines().find(|found| found.starts_with(line));
        assert!(found.is_some_and(|found| found.contains("move it to ")), "{text}");
    }
    fs::remove_file(desk.path("p/keys/root.key")).unwrap();
    let text = desk.done(&["check", "--dir", "p"]);
    assert!(text.contains("ok    key root: it is not here"), "{text}");
}

#[test]
fn a_partner_drafts_and_signs_its_acts_without_the_instance() {
    let desk = Desk::with_build();
    let away = tempfile::tempdir().unwrap();
    for name in ["aurora.key", "agreement.toml"] {
        fs::copy(desk.path(name), away.path().join(name)).unwrap();
    }
    let build = fs::read_to_string(desk.path("build.toml")).unwrap();
    fs::write(away.path().join("build.toml"), build.replace("@1", "@2")).unwrap();
    let of = ["aurora", "delete-1"];
    let demand = ["--agreement", "aurora-2026", "--what", "deletion", "--reason", "test"];
    let due = ["--due", "2998-01-01T00:00:00Z", "--dir", "p", ANN];
    desk.done(&[&["partner", "obligation", "demand"], &of[..], &demand, &due].concat());
    for command in [
        &["partner", "build", "submit", "build.toml"][..],
        &["agreement", "certify", "agreement.toml", "--all"],
        &["partner", "obligation", "attest", "aurora", "delete-1"],
    ] {
        let signed = [AURORA, "--origin", "localhost/countersign", "--out", "act.json"];
        let output =
            desk.command(&[command, &signed[..]].concat()).current_dir(away.path()).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            said.starts_with("Signed in act.json: ") && said.contains("It has all signatures"),
            "{said}"
        );
        let act = away.path().join("act.json");
        let done = desk.done(&["governance", "act", "submit", "--dir", "p", act.to_str().unwrap()]);
        assert!(done.starts_with("Done: "), "{done}");
        // Without a log's name the error says what to give.
        let output = desk.command(&[command, &[AURORA]].concat()).current_dir(away.path()).output();
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(
            said.contains("name its log with --origin, and a file for the act with --out"),
            "{said}"
        );
    }
}
