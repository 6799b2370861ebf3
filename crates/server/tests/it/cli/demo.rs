//! The demonstration, as a stranger runs it: every step of its tour is checked against the running
//! server, and the exit code tells.

use std::path::Path;

use serde_json::Value;

use crate::support::people::shared_data;
use crate::support::{finish, program};

/// Runs the tour; what it saw.
fn tour(arguments: &[&str], folder: Option<&Path>) -> Vec<String> {
    let mut command = program(&["demo", "--tour", "--json", "--listen", "127.0.0.1:0"]);
    command.args(arguments);
    if let Some(folder) = folder {
        command.arg("--people").arg(folder);
    }
    let output = finish(&mut command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["tour"], "complete");
    let seen = said["seen"].as_array().unwrap();
    seen.iter().map(|what| what.as_str().unwrap().to_owned()).collect()
}

fn assert_whole(seen: &[String]) {
    for what in [
        "the others keep friends' devices closed",
        "the answer carries a receipt",
        "closed: the very next answer is without that friend",
        "opened: the very next answer has them again",
        "there is no friend-of-friend",
        "the very next request fails",
        "every signature and every disclosure hold",
        "the receipt's promise is kept",
        "is not what the checkpoint signs",
        "complete, and every answer within what they had chosen",
        "the same without its last line is refused",
    ] {
        assert!(seen.iter().any(|seen| seen.contains(what)), "{what}: {seen:#?}");
    }
}

#[test]
fn the_tour_ends_well() {
    assert_whole(&tour(&["--count", "300"], None));
}

#[test]
fn the_tour_ends_well_with_real_networks() {
    let Some(data) = shared_data("the_tour_ends_well_with_real_networks") else { return };
    for folder in ["snap-facebook", "ldbc/sf0.003"] {
        assert_whole(&tour(&[], Some(&data.join(folder))));
    }
}

#[test]
fn a_demonstration_that_cannot_be_made_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let output = finish(program(&["demo", "--tour", "--people"]).arg(folder.path()));
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("facebook_combined.txt (SNAP) or person_0_0.csv (LDBC)"), "{errors}");
}
