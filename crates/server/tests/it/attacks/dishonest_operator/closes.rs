//! Lies about periods: closes that are late, left out, or do not tile the log.

use countersign_domain::digest::Digest;
use countersign_protocol::entry::{Close, Entry, PreviousClose};
use countersign_protocol::merkle::leaf_hash;

use super::outsider::Asked;
use super::pen::Pen;
use crate::audit::directory::write_growth;
use crate::audit::ledger::close;
use crate::support::village;

/// The close after the log's last one, as it should be.
pub(super) fn next_close(pen: &Pen<'_>) -> Close {
    let mut closes = pen.entries.iter().enumerate().filter_map(|(index, entry)| match entry {
        Entry::Close(close) => Some((index as u64, close, entry)),
        _ => None,
    });
    let (index, last, entry) = closes.next_back().unwrap();
    let leaf = Digest(leaf_hash(&entry.to_bytes().unwrap()));
    Close {
        from: last.until,
        period: last.period + 1,
        previous: Some(PreviousClose { index, leaf }),
        time: pen.time(),
        until: pen.size(),
        ..last.clone()
    }
}

/// A second close that is right but for this change is caught by this rule.
fn caught(lie: &str, rule: &str, change: impl FnOnce(&mut Close)) {
    let world = village::founded();
    let serving = world.serve();
    Pen::after_an_answer(&serving);
    close(&serving);
    let mut pen = Pen::after_an_answer(&serving);
    let outsider = Asked::log(&world, &[]).holds();
    let mut next = next_close(&pen);
    change(&mut next);
    let entry = pen.push(Entry::Close(next));
    pen.publish();
    outsider.catches(lie, rule, Some(entry));
}

#[test]
fn cheating_operator_skips_a_close() {
    caught("close_skipped", "close_order", |close| close.period += 1);
}

#[test]
fn cheating_operator_leaves_entries_between_two_periods() {
    caught("gap", "close_range", |close| close.from += 1);
}

#[test]
fn cheating_operator_has_an_entry_in_two_periods() {
    caught("overlap", "close_range", |close| close.from -= 1);
}

#[test]
fn cheating_operator_builds_a_close_on_another_one() {
    caught("close_conflicts", "close_order", |close| {
        close.previous.as_mut().unwrap().leaf = Digest([7; 32]);
    });
}

#[test]
fn cheating_operator_gives_an_account_another_secret_for_a_while() {
    let world = village::founded();
    let serving = world.serve();
    close(&serving);
    let growth = world.path().join("directory.growth");
    write_growth(&world, 0, &growth).unwrap();
    let mut pen = Pen::after_an_answer(&serving);
    // The directory of this close has another secret for somebody; that of the next one, and of the auditor, has not.
    let [mut other, mut back] = [1, 2].map(|later| {
        let mut close = next_close(&pen);
        close.directory.epoch += later;
        close
    });
    let real = other.directory.root;
    other.directory.root = Digest([7; 32]);
    let entry = pen.push(Entry::Close(other));
    let next = next_close(&pen);
    back.directory.root = real;
    back = Close { directory: back.directory, ..next };
    pen.push(Entry::Close(back));
    pen.publish();
    let url = format!("{}/log", world.url());
    let asked = Asked::new(&world, &["directory", growth.to_str().unwrap(), &url]);
    asked.catches("secret_for_a_while", "directory_closes", Some(entry));
}

#[test]
fn cheating_operator_closes_no_period_for_days() {
    let world = village::founded();
    let serving = world.serve();
    let closed = close(&serving)["index"].as_u64().unwrap();
    let mut pen = Pen::after_an_answer(&serving);
    // What is up to the close was three days ago.
    pen.move_back(closed + 1, 3 * 86_400);
    pen.publish();
    Asked::log(&world, &[]).catches("close_late", "close_late", Some(closed + 1));
}
