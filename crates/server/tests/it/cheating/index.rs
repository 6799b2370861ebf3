//! Lies in the person index.

use std::sync::Arc;

use countersign_domain::person::{Handle, Secret};
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Periods, Secrets, SecretsError};
use countersign_verifier::entry::DirectoryRoot;
use sha2::{Digest as _, Sha256};

use super::outsider::Asked;
use super::pen::QUESTION;
use crate::support::{World, eventually, finish, program};
use crate::village;

/// Everybody has a secret but one.
struct AllBut(Handle);

impl Secrets for AllBut {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        Ok((person != self.0).then(|| Secret(Sha256::digest(person.0).into())))
    }
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
    let written = finish(program(&["lists"]).arg(world.path()).args(["0", "--out"]).arg(&lists));
    assert!(written.status.success());
    // Log and person see nothing amiss; whoever has the lists does.
    Asked::log(&world, &[]).holds();
    let (lists, url) = (lists.to_string_lossy(), format!("{}/log", world.url()));
    Asked::new(&world, &["index", &lists, &url]).catches("left_out", "index_complete", Some(entry));
    drop(serving);
}
