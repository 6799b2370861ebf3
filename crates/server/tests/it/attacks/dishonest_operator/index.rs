//! Lies in the person index.

use std::path::Path;
use std::sync::Arc;

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Periods, Secrets, SecretsError};
use countersign_protocol::entry::{DirectoryRoot, Entry};
use countersign_protocol::index_sample::{
    DRAWN_DEFAULT, Draw, OpenedItem, Sample, SampledAccount, SampledItem,
};
use countersign_protocol::ledger_bundle::Bundle;
use countersign_protocol::merkle::leaf_hash;
use sha2::{Digest as _, Sha256};

use super::forged_lists::{ForgedPeriod, invented, opening};
use super::outsider::Asked;
use super::pen::{Pen, QUESTION};
use crate::audit::ledger::close;
use crate::support::village;
use crate::support::{Serving, World, eventually, finish, program};

/// Everybody has a secret but one.
struct AllBut(Handle);

impl Secrets for AllBut {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        Ok((person != self.0).then(|| Secret(Sha256::digest(person.0).into())))
    }
}

/// A log with one closed period, of which the operator is about to make up the next one.
fn one_period(world: &World) -> (Serving<'_>, Vec<u8>) {
    let serving = world.serve();
    serving.read(QUESTION, &serving.token(village::VIEWER));
    close(&serving);
    let path = format!("/admin/v1/people/{}/ledger", village::VIEWER);
    let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
    let history = Bundle::parse(&reply.body).unwrap().history;
    (serving, history)
}

/// What an auditor says of the lists of a period that was made up, with these arguments besides.
fn audited<'a>(world: &'a World, lists: &Path, more: &[&str]) -> Asked<'a> {
    let (lists, url) = (lists.to_string_lossy(), format!("{}/log", world.url()));
    Asked::new(world, &[&["index", &*lists, &*url], more].concat())
}

#[test]
fn cheating_operator_says_of_an_answer_that_it_is_about_people_and_commits_to_none() {
    let world = village::founded();
    let (serving, _) = one_period(&world);
    let mut pen = Pen::take(&serving);
    let mut period = ForgedPeriod::after(&pen);
    let entry = period.disclose(&mut pen, (0, 0, 64));
    let (_, lists) = period.close(&mut pen, world.path());
    audited(&world, &lists, &[]).catches("nobody_indexed", "entry_form", Some(entry));
    Asked::log(&world, &[]).catches("nobody_committed_to", "entry_form", Some(entry));
}

#[test]
fn cheating_operator_leaves_everybody_out_of_the_lists() {
    let world = village::founded();
    let (serving, _) = one_period(&world);
    let mut pen = Pen::take(&serving);
    let mut period = ForgedPeriod::after(&pen);
    let entry = period.disclose(&mut pen, (40, 0, 64));
    let (_, lists) = period.close(&mut pen, world.path());
    Asked::log(&world, &[]).holds();
    let auditor = audited(&world, &lists, &[]);
    auditor.catches("everybody_left_out", "index_complete", Some(entry));
}

#[test]
fn cheating_operator_says_another_number_of_people_than_the_lists_have() {
    let world = village::founded();
    let (serving, _) = one_period(&world);
    let mut pen = Pen::take(&serving);
    let mut period = ForgedPeriod::after(&pen);
    let entry = period.disclose(&mut pen, (2, 2, 64));
    let (_, lists) = period.close(&mut pen, world.path());
    Asked::log(&world, &[]).holds();
    let auditor = audited(&world, &lists, &[]);
    auditor.catches("people_overstated", "index_entry_people", Some(entry));
}

#[test]
fn cheating_operator_fills_the_lists_with_people_whom_nobody_is() {
    let world = village::founded();
    let (serving, history) = one_period(&world);
    let mut pen = Pen::take(&serving);
    let mut period = ForgedPeriod::after(&pen);
    period.disclose(&mut pen, (40, 40, 64));
    let (close, lists) = period.close(&mut pen, world.path());
    // The lists agree with the entry, and nobody sees that there is nobody behind them.
    Asked::log(&world, &[]).holds();
    audited(&world, &lists, &[]).holds();

    let Entry::Close(entry) = pen.entries.last().unwrap() else { panic!("no close") };
    let leaf = Digest(leaf_hash(&Entry::Close(entry.clone()).to_bytes().unwrap()));
    let draw = Draw { close: leaf, challenge: Digest([0; 32]), drawn: DRAWN_DEFAULT };
    let listed = period.items();
    let numbers = draw.numbers(listed.len() as u64);
    let opened = |number: u64| {
        let (opening, salt) = opening(listed[number as usize].position);
        OpenedItem { account: number as u32, salt, opening }
    };
    // An account for each, with a history that the directory gives for somebody else.
    let accounts = listed.iter().map(|item| SampledAccount {
        account: format!("somebody-{}", item.position),
        history: history.clone(),
        version: 1,
        secret: invented(item.position as u8),
    });
    let items = numbers.iter().map(|&number| SampledItem { number, opened: Some(opened(number)) });
    let mut sample = Sample {
        draw,
        directory_close: close,
        accounts: accounts.collect(),
        items: items.collect(),
    };
    let file = world.path().join("period-1.sample");
    std::fs::write(&file, sample.to_bytes()).unwrap();
    let file = file.to_string_lossy();
    let asked = ["--sample", &*file, "--failures-max", "2"];
    audited(&world, &lists, &asked).catches("invented_people", "sample_directory", None);

    // Or as if they had all been erased since.
    sample.accounts.clear();
    sample.items.iter_mut().for_each(|item| item.opened = None);
    std::fs::write(&*file, sample.to_bytes()).unwrap();
    audited(&world, &lists, &asked).catches("invented_people_erased", "sample_erased", None);
}

fn handle(world: &World, account: &str) -> Handle {
    let people = world.people();
    let view = people.view();
    let mut all = (0..view.people_count()).filter_map(|number| view.person(number));
    all.find(|person| person.account() == Some(account)).unwrap().handle()
}

#[test]
fn cheating_operator_leaves_a_person_out_of_the_index() {
    let world = village::founded();
    let serving = world.serve();
    let answer = serving.get(QUESTION, &serving.token(village::VIEWER));
    let entry = world.receipt(&answer).index;
    serving.stop();
    let log = world.log();
    let left_out = AllBut(handle(&world, village::VIEWER));
    let mut periods =
        Periods::open(Arc::new(Posix::new(world.directory.log())), Limits::default()).unwrap();
    let closed = periods.close(&log, log.head(), &left_out, DirectoryRoot::EMPTY).unwrap();
    drop(periods);
    log.shutdown();
    let serving = world.serve();
    eventually("the close is published", || world.checkpoint().size > closed.placed.index);
    let lists = world.path().join("period-0.lists");
    let written = finish(
        program(&["audit", "lists"])
            .arg("--dir")
            .arg(world.path())
            .args(["0", "--out"])
            .arg(&lists),
    );
    assert!(written.status.success());
    // Log and person see nothing amiss; whoever has the lists does.
    Asked::log(&world, &[]).holds();
    let (lists, url) = (lists.to_string_lossy(), format!("{}/log", world.url()));
    Asked::new(&world, &["index", &lists, &url]).catches("left_out", "index_complete", Some(entry));
    drop(serving);
}
