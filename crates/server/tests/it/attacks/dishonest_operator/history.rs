//! Lies about the past: a log that was rewritten, shown in two forms, or stopped.

use std::fs;

use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::Entry;

use super::outsider::Asked;
use super::pen::Pen;
use crate::support::village;
use crate::support::{Serving, World};

/// The file in which an outsider keeps what they saw.
fn kept(world: &World) -> String {
    world.path().with_file_name("outsider.state").to_string_lossy().into_owned()
}

/// A log of two answers that an outsider has seen.
fn seen<'a>(world: &'a World, serving: &Serving<'a>) -> (Pen<'a>, Asked<'a>) {
    Pen::after_an_answer(serving);
    let pen = Pen::after_an_answer(serving);
    let state = kept(world);
    (pen, Asked::log(world, &["--state", &state]).holds())
}

#[test]
fn cheating_operator_rewrites_an_entry() {
    let world = village::founded();
    let serving = world.serve();
    let (mut pen, outsider) = seen(&world, &serving);
    let Some(Entry::Disclosure(last)) = pen.entries.last_mut() else { panic!("it is an answer") };
    assert!(last.viewer.contains(&"name".to_owned()));
    last.viewer.retain(|field| field != "name");
    pen.publish();
    // By itself the new history is as good as the old one.
    Asked::log(&world, &[]).holds();
    outsider.catches("entry_rewritten", "consistency", None);
}

#[test]
fn cheating_operator_takes_an_answer_out_of_the_log() {
    let world = village::founded();
    let serving = world.serve();
    let (mut pen, outsider) = seen(&world, &serving);
    pen.entries.pop();
    pen.publish();
    // An honest copy of yesterday looks the same. But the log has to go on.
    Asked::log(&world, &[]).holds();
    outsider.is_told("Out of date: proves nothing after its ");
    for _ in 0..2 {
        pen.disclose(|disclosure| disclosure.people *= 2);
    }
    pen.publish();
    Asked::log(&world, &[]).holds();
    outsider.catches("answer_taken_out", "consistency", None);
}

#[test]
fn cheating_operator_shows_one_log_to_one_and_another_to_another() {
    let world = village::founded();
    let serving = world.serve();
    let (mut pen, _) = seen(&world, &serving);
    let mine = fs::read(world.directory.site().join("checkpoint")).unwrap();
    let kept = world.path().with_file_name("mine.checkpoint");
    fs::write(&kept, mine).unwrap();
    let Some(Entry::Disclosure(last)) = pen.entries.last_mut() else { panic!("it is an answer") };
    last.people *= 2;
    pen.publish();
    // The other one sees nothing amiss, until somebody brings what they were shown.
    Asked::log(&world, &[]).holds();
    let since = kept.to_string_lossy().into_owned();
    Asked::log(&world, &["--since", &since]).catches("two_views", "consistency", None);
}

#[test]
fn cheating_operator_signs_a_root_that_is_not_the_entries() {
    let world = village::founded();
    let serving = world.serve();
    let pen = Pen::after_an_answer(&serving);
    let origin = world.key.name().to_owned();
    pen.sign(&Checkpoint { origin, size: pen.size(), root: [7; 32] });
    Asked::log(&world, &[]).catches("false_root", "root", None);
}

#[test]
fn cheating_operator_changes_a_tile_and_signs_nothing() {
    let world = village::founded();
    let serving = world.serve();
    let mut pen = Pen::after_an_answer(&serving);
    let before = fs::read(world.directory.site().join("checkpoint")).unwrap();
    let Some(Entry::Disclosure(last)) = pen.entries.last_mut() else { panic!("it is an answer") };
    last.people *= 2;
    pen.publish();
    pen.write("checkpoint", &before);
    Asked::log(&world, &[]).catches("tile_changed", "root", None);
}

#[test]
fn cheating_operator_lets_the_log_stall() {
    let world = village::founded();
    let serving = world.serve();
    seen(&world, &serving);
    std::thread::sleep(std::time::Duration::from_secs(3));
    Asked::log(&world, &["--max-age-s", "2"]).does_not_accept("stalled", "fresh", None);
}
