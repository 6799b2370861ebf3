//! Files that are none, or whose few bytes would take much memory: refused at once.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_protocol::directory::Growth;
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::packed::PackedError;

use crate::verify_world::{World, log_key};

/// What the program says, which has to end within seconds.
fn asked(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("timeout");
    command.arg("20").arg(env!("CARGO_BIN_EXE_countersign-verify")).args(arguments);
    let output = command.args(["--key", &log_key().to_string()]).current_dir(folder).output();
    let output = output.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn pipes_in_the_place_of_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    World::governed().publish(&folder.path().join("log"));
    let pipe = |path: &str| {
        let path = folder.path().join(path);
        // Where a file was, as somebody would put a pipe there.
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    pipe("pipe");
    let runs: [&[&str]; 7] = [
        &["ledger", "pipe"],
        &["evidence", "pipe"],
        &["directory", "pipe", "log"],
        &["index", "pipe", "log"],
        &["index-audit", "pipe"],
        &["log", "log", "--policy", "pipe"],
        &["log", "log", "--state", "pipe"],
    ];
    for run in runs {
        let (code, said) = asked(folder.path(), run);
        assert_eq!(code, Some(2), "{run:?}: {said}");
        assert!(said.contains("no regular file"), "{run:?}: {said}");
    }
    pipe("log/checkpoint");
    let (code, said) = asked(folder.path(), &["log", "log"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("checkpoint") && said.contains("no regular file"), "{said}");
}

/// 96 MB that would take 576 MB of memory before anything in them is looked at.
#[test]
fn parts_without_anything_in_them_are_refused_before_they_take_memory() {
    let empty = |parts: u32, bytes: usize, before: &[u8]| {
        let mut file = before.to_vec();
        file.extend(parts.to_be_bytes());
        file.resize(file.len() + parts as usize * bytes, 0);
        file
    };
    let version = 1_u32.to_be_bytes();
    let growth = empty(12_000_000, 8, &[&b"cs1grow\n"[..], &version, &[0; 8]].concat());
    let found = Growth::parse(&growth);
    assert!(matches!(found, Err(PackedError::TooMany { part: "steps", .. })), "{found:?}");
    // Checkpoint, account, history, key, secrets, closes and the end of the search, all without anything in them.
    let before = [&b"cs1ledg\n"[..], &version, &[0; 12], &[0; 32], &[0; 8], &[0; 8]].concat();
    let found = Bundle::parse(&empty(24_000_000, 4, &before)).err();
    assert!(matches!(found, Some(PackedError::TooMany { part: "the documents", .. })), "{found:?}");
}
