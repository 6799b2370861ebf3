//! Whoever reads the public files tries to tell which answers went to one device. They know everything that
//! is public, and for this test also which device each answer really went to, to see whether they could have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use countersign_protocol::receipt::{RECEIPT_HEADER, SEED_HEADER};
use serde_json::{Value, json};

use crate::audit::ledger::close;
use crate::support::{Serving, World, header};

const VIEWERS: [&str; 2] = ["viewer-a", "viewer-b"];
const ANSWERS: usize = 12;

/// Two people alike, with friends of their own.
fn alike() -> World {
    let world = World::founded();
    let mut people = Vec::new();
    for viewer in VIEWERS {
        let friends: Vec<_> = (1..=5).map(|number| format!("{viewer}-friend-{number}")).collect();
        let person = |account: &String| json!({"account": account, "profile": {"name": account}});
        people.extend(friends.iter().map(person));
        people.push(json!({"account": viewer, "profile": {"name": viewer}, "friends": friends}));
    }
    world.import_lines(&people);
    world
}

/// Everything that an entry says, by where it says it. When it says that it was is left out: to the second
/// that is public, and the devices ask in turn.
fn said(entry: &Value) -> BTreeSet<(String, String)> {
    let entry = entry.as_object().unwrap();
    let told = entry.iter().filter(|(key, _)| !matches!(&***key, "time" | "as_of"));
    told.map(|(key, value)| (key.clone(), value.to_string())).collect()
}

/// What is said of two answers to one device, and of none to the other.
fn links(answers: &[(usize, Value)]) -> Vec<(String, String)> {
    let mut seen: BTreeMap<_, [usize; 2]> = BTreeMap::new();
    for (device, entry) in answers {
        for what in said(entry) {
            seen.entry(what).or_default()[*device] += 1;
        }
    }
    let links = seen.into_iter().filter(|(_, [a, b])| *a.max(b) > 1 && *a.min(b) == 0);
    links.map(|(what, _)| what).collect()
}

/// The public files, by path.
fn files(folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.insert(path.to_string_lossy().into_owned(), fs::read(&path).unwrap());
        }
    }
}

/// Asks for each device in turn; which device each entry is an answer to, and everything that a device has or
/// gets which is always the same, or is its own.
fn ask(serving: &Serving<'_>) -> (BTreeMap<u64, usize>, Vec<String>) {
    let tokens = VIEWERS.map(|viewer| serving.token(viewer));
    let mut devices = BTreeMap::new();
    let mut own: Vec<_> = VIEWERS.iter().map(|&viewer| viewer.to_owned()).collect();
    own.extend(tokens.iter().cloned());
    for number in 0..ANSWERS {
        // In turn, and the turn changes: a, b, b, a, …
        let device = usize::from(matches!(number % 4, 1 | 2));
        let answer = serving.get("/me?fields=id,name,friends{id,name}", &tokens[device]);
        devices.insert(serving.world.receipt(&answer).index, device);
        let body = answer.json().unwrap();
        own.push(body["id"].as_str().unwrap().to_owned());
        for name in [RECEIPT_HEADER, SEED_HEADER] {
            own.push(header(&answer, name).unwrap().to_owned());
        }
    }
    (devices, own)
}

#[test]
fn nothing_public_links_two_answers_to_one_device() {
    let world = alike();
    let serving = world.serve();
    let (devices, own) = ask(&serving);
    close(&serving);
    let leaves = world.verified(serving.head());
    let answers: Vec<(usize, Value)> = devices
        .iter()
        .map(|(&index, &device)| {
            let bytes = leaves[usize::try_from(index).unwrap()].entry.to_bytes().unwrap();
            (device, serde_json::from_slice(&bytes).unwrap())
        })
        .collect();
    assert_eq!(answers.len(), ANSWERS);
    assert_eq!(links(&answers), []);
    let mut public = BTreeMap::new();
    files(&world.directory.site(), &mut public);
    assert!(public.len() > 4, "{:?}", public.keys());
    for (path, bytes) in &public {
        for text in &own {
            let is_there = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!is_there, "{path} has {text}");
        }
    }
}

#[test]
fn what_is_stable_per_device_would_be_found() {
    let world = alike();
    let serving = world.serve();
    let (devices, _) = ask(&serving);
    let leaves = world.verified(serving.head());
    let with_thumbprint = |(&index, &device): (&u64, &usize)| {
        let bytes = leaves[usize::try_from(index).unwrap()].entry.to_bytes().unwrap();
        let mut entry: Value = serde_json::from_slice(&bytes).unwrap();
        entry["device"] = json!(format!("thumbprint {device}"));
        (device, entry)
    };
    let answers: Vec<_> = devices.iter().map(with_thumbprint).collect();
    let found = links(&answers);
    assert_eq!(found.iter().map(|(key, _)| &**key).collect::<Vec<_>>(), ["device", "device"]);
}
