//! The scenario of 2018 as people would look at it: `agreement explain` at several instants, `agreement prove`
//! on what was agreed and on what breaks its pledges, and the same agreements in a running instance.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{finish_within, program};

/// How long one of these commands may take, in seconds.
const PATIENCE_S: u64 = 300;

fn files(folder: &str) -> Vec<PathBuf> {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/scenarios/2018");
    let listed = std::fs::read_dir(PathBuf::from(scenario).join(folder)).unwrap();
    let paths = listed.map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        paths.filter(|path| path.to_string_lossy().ends_with(".agreement.toml")).collect();
    files.sort();
    files
}

/// What a command says with `--json`, and its exit code.
fn say(command: &[&str], files: &[PathBuf], more: &[&str]) -> (Value, i32) {
    let mut program = program(command);
    program.args(files).args(more).arg("--json");
    let output = finish_within(&mut program, std::time::Duration::from_secs(PATIENCE_S));
    let errors = String::from_utf8(output.stderr).unwrap();
    let said = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    (said, output.status.code().unwrap())
}

fn explain(at: &str) -> Vec<Value> {
    let more = ["--at", at, "--concluded", "2018-04-01T00:00:00Z"];
    let (said, code) = say(&["agreement", "explain"], &files("agreements"), &more);
    assert_eq!(code, 0);
    said["clients"].as_array().unwrap().clone()
}

/// The released fields of a client for its first purpose, of the viewer and of friends.
fn released(clients: &[Value], client: &str) -> [Vec<String>; 2] {
    let found = clients.iter().find(|one| one["client"] == client).unwrap();
    ["self", "friend"].map(|relation| {
        let fields = found["purposes"][0][relation].as_array().unwrap();
        let released = fields.iter().filter(|field| field["released"] == true);
        released.map(|field| field["field"].as_str().unwrap().to_owned()).collect()
    })
}

fn is_open(client: &Value) -> bool {
    let fields = client["purposes"].as_array().unwrap().iter().flat_map(|purpose| {
        ["self", "friend"].into_iter().flat_map(|relation| purpose[relation].as_array().unwrap())
    });
    fields.into_iter().any(|field| field["released"] == true)
}

#[test]
fn explain_tells_at_every_instant_who_of_the_sixty_still_gets_what() {
    let open = |at: &str| explain(at).iter().filter(|client| is_open(client)).count();
    assert_eq!(files("agreements").len(), 60);
    assert_eq!(open("2018-04-01T00:00:00Z"), 60);
    // "22 of the partnerships have ended": said on 3 June.
    assert_eq!(open("2018-06-03T00:00:00Z"), 38);

    let huawei = |at: &str| released(&explain(at), "huawei-device");
    let [viewer, friend] = huawei("2018-06-05T12:00:00Z");
    assert!(viewer.contains(&"friends".to_owned()) && friend.contains(&"work".to_owned()));
    let [viewer, friend] = huawei("2018-06-08T06:59:59Z");
    assert!(viewer.contains(&"friends".to_owned()) && !friend.is_empty());
    let [viewer, friend] = huawei("2018-06-08T07:00:00Z");
    assert!(viewer.contains(&"religion".to_owned()) && !viewer.contains(&"friends".to_owned()));
    assert!(friend.is_empty());
    let [viewer, _] = huawei("2018-06-09T06:59:59Z");
    assert!(!viewer.is_empty());
    assert_eq!(huawei("2018-06-09T07:00:00Z"), [Vec::<String>::new(), Vec::new()]);
    assert_eq!(open("2018-06-09T07:00:00Z"), 37);

    let clients = explain("2018-06-08T07:00:00Z");
    let winding = clients.iter().find(|one| one["client"] == "huawei-device").unwrap();
    let friends = &winding["purposes"][0]["friend"];
    let work = friends.as_array().unwrap().iter().find(|field| field["field"] == "work").unwrap();
    assert_eq!(work["reason"], "wind_down");
    assert_eq!(
        work["clause"],
        "agreement huawei-device is winding down: everything of friends ended at 2018-06-08T07:00:00Z"
    );
}

#[cfg(feature = "prove")]
mod proofs {
    use super::{files, say};

    #[test]
    fn interop_cvc5_proves_all_pledges_of_the_scenario() {
        let (said, code) = say(&["agreement", "prove"], &files("agreements"), &[]);
        let unproved = said["agreements"].as_array().unwrap().iter().flat_map(|one| {
            let pledges = one["pledges"].as_array().unwrap().iter();
            pledges.filter(|pledge| pledge["proved"] == false).map(|pledge| (&one["file"], pledge))
        });
        assert_eq!((unproved.collect::<Vec<_>>(), code), (Vec::new(), 0));
        let agreements = said["agreements"].as_array().unwrap();
        assert_eq!(agreements.len(), 60);
        for pledge in agreements.iter().flat_map(|one| one["pledges"].as_array().unwrap()) {
            assert!(
                pledge["witness"]["field"].is_string() && pledge["mutant"]["field"].is_string()
            );
        }
        assert!(said["assumed"].as_array().unwrap().len() > 5);
    }

    #[test]
    fn interop_cvc5_finds_what_breaks_each_broken_agreement() {
        let broken = files("broken");
        assert!(broken.len() >= 10);
        for file in broken {
            let (said, code) = say(&["agreement", "prove"], std::slice::from_ref(&file), &[]);
            assert_eq!((&said["proved"], code), (&false.into(), 1), "{}", file.display());
            let pledges = said["agreements"][0]["pledges"].as_array().unwrap();
            let unproved: Vec<_> =
                pledges.iter().filter(|pledge| pledge["proved"] == false).collect();
            assert_eq!(unproved.len(), 1, "{}: {unproved:?}", file.display());
            assert!(unproved[0]["counterexample"]["field"].is_string(), "{said}");
            assert_eq!(unproved[0]["own"], true);
        }
    }
}
