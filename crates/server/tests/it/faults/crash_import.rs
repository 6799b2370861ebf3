//! `kill -9` of `countersign people import` at random instants: the old people or the new ones, whole, and
//! never some of both; settings that people chose stay as they chose them.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_people::store::StoreError;
use serde_json::{Value, json};

use crate::faults::crash::{next, seed};
use crate::support::people::{Kind, MADE};
use crate::support::village;
use crate::support::{World, program};

const PEOPLE: usize = 3_000;
const READ: &str = "/v3.0/me?fields=name,friends.limit(5000){name}";

/// Everybody of a year, named after it, each a friend of the viewer; later years have more people.
fn year(world: &World, year: usize) -> PathBuf {
    let account = |n: usize| format!("p{n}");
    let count = PEOPLE + 5 * year;
    let mut lines: Vec<Value> = (0..count)
        .map(|n| json!({"account": account(n), "profile": {"name": format!("year {year}")}}))
        .collect();
    let friends: Vec<_> = (0..count).map(account).collect();
    lines.push(json!({
        "account": village::VIEWER, "profile": {"name": format!("year {year}")}, "friends": friends,
    }));
    let path = world.path().join(format!("{year}.jsonl"));
    fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    path
}

/// The year that everybody is of, as a partner sees it.
fn year_of(world: &World, token: &str) -> usize {
    let serving = world.serve();
    let answer = serving.read(READ, token);
    let name = |person: &Value| person["name"].as_str().unwrap().to_owned();
    let friends = answer["friends"]["data"].as_array().unwrap();
    let found = name(&answer);
    assert!(friends.iter().all(|friend| name(friend) == found), "a mixture of {found} and others");
    let year: usize = found.strip_prefix("year ").unwrap().parse().unwrap();
    // One of them has closed everything.
    assert_eq!(friends.len(), PEOPLE + 5 * year - 1, "some of {found} are missing");
    assert!(serving.stop().success());
    year
}

/// Begins to import a year.
fn import(world: &World, wanted: usize) -> Child {
    let mut command = program(&["people", "import", "jsonl"]);
    command.arg("--dir").arg(world.path()).arg(year(world, wanted)).args(["--settings", "open"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn crash_import_by_kill_9_leaves_the_old_people_or_the_new_ones() {
    let kills = if std::env::var_os("COUNTERSIGN_FULL").is_some() { 200 } else { 12 };
    let world = World::founded();
    world.import(Kind::Jsonl, &year(&world, 0), Preset::Open);
    let closed = {
        let people = world.people();
        let person = people.person_of_account("p7").unwrap().unwrap();
        let close =
            |now: Settings| Ok::<_, StoreError>(now.with(Route::FriendsDevice, FieldSet::EMPTY));
        people.choose_settings(person, MADE, close).unwrap();
        person
    };
    let token = world.token(village::VIEWER);
    assert_eq!(year_of(&world, &token), 0);
    // How long one takes here, so that kills come before, while and after it is made durable.
    let begun = Instant::now();
    assert!(import(&world, 1).wait().unwrap().success());
    let window_us = begun.elapsed().as_micros() as u64 * 5 / 4;
    assert_eq!(year_of(&world, &token), 1);
    let (mut random, mut newest) = (seed(), 1);
    for kill in 0..kills {
        let wanted = newest + 1;
        let mut child = import(&world, wanted);
        std::thread::sleep(Duration::from_micros(next(&mut random) % window_us));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = year_of(&world, &token);
        println!("kill {kill}: year {wanted} was imported, and it is year {found}");
        assert!(found == newest || found == wanted, "year {found} came from nowhere");
        newest = found;
        assert!(world.people().settings(closed).unwrap().open(Route::FriendsDevice).is_empty());
        world.assert_checks();
    }
    assert!(newest <= kills, "no import was killed before it was done");
}
