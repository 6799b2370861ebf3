//! What it costs to leave nothing of erased people behind in a large store: the commit, the new image, and the copy of
//! the database, beside a plain copy of the same bytes in the same run; and how long readers and a writer wait
//! meanwhile. `cargo xtask bench erasure` runs it optimised.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use countersign_demo::choices::mixed;
use countersign_demo::generate::{GenerateOptions, run};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_people::store::{Made, People, StoreError, StoreOptions, Way};
use countersign_service::people::progress::Progress;
use countersign_service::people::schema::{DEFAULT_SCHEMA, parse};

const PEOPLE: u32 = 1_000_000;
const ERASED: u32 = 100;
const MADE: Made = Made { at: Timestamp::from_seconds(1_000), by: Way::AdminApi };

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

/// The longest of the same short work, done again and again until `is_done`.
fn longest(is_done: &AtomicBool, mut work: impl FnMut()) -> Duration {
    let mut longest = Duration::ZERO;
    while !is_done.load(Ordering::Relaxed) {
        longest = longest.max(timed(&mut work).1);
        thread::sleep(Duration::from_millis(1));
    }
    longest
}

/// Copies a file's bytes durably, as plainly as can be.
fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
    File::open(to).unwrap().sync_all().unwrap();
    fs::remove_file(to).unwrap();
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(&folder.path().join("people"), StoreOptions::default()).unwrap();
    let schema = parse(DEFAULT_SCHEMA).unwrap();
    let options = GenerateOptions {
        people: PEOPLE,
        seed: 1,
        beginning: mixed(1),
        schema: &schema,
        now: MADE.at,
        progress: Progress::Stderr,
    };
    let made = run(&people, &options).unwrap();
    let account = |number: u32| {
        let view = people.view();
        view.person(number).unwrap().account().unwrap().to_owned()
    };
    let erased: Vec<String> = (0..ERASED).map(|n| account(n * (PEOPLE / ERASED))).collect();
    let (reader, writer) = (account(1), account(2));
    let handles: Vec<_> =
        erased.iter().map(|one| people.erase(one, MADE).unwrap().handle).collect();
    let data = folder.path().join("people/data.mdb");
    let before_bytes = fs::metadata(&data).unwrap().len();

    let ((), destroying) = timed(|| people.destroy(&handles).unwrap());
    let is_done = AtomicBool::new(false);
    let person = people.person_of_account(&writer).unwrap().unwrap();
    let mut settings = [Settings::CLOSED, Settings::DEFAULT].into_iter().cycle();
    let change = || {
        let next = |_| Ok::<_, StoreError>(settings.next().unwrap());
        people.choose_settings(person, MADE, next).unwrap();
    };
    let (compacting, read, written) = thread::scope(|scope| {
        let read = scope.spawn(|| {
            longest(&is_done, || assert!(people.person_of_account(&reader).unwrap().is_some()))
        });
        let written = scope.spawn(|| longest(&is_done, change));
        thread::sleep(Duration::from_millis(200));
        let (is_copied, compacting) = timed(|| people.compact().unwrap());
        assert!(is_copied);
        is_done.store(true, Ordering::Relaxed);
        (compacting, read.join().unwrap(), written.join().unwrap())
    });
    let after_bytes = fs::metadata(&data).unwrap().len();
    let ((), plain) = timed(|| copy(&data, &folder.path().join("plain")));

    let mib = |bytes: u64| bytes >> 20;
    println!("{ERASED} of {} people, {} friendships, are destroyed", made.people, made.friendships);
    println!("commit and a new image: {:.1} s", destroying.as_secs_f64());
    println!(
        "the database without them: {:.1} s, {} MiB from {} MiB; a plain copy of that {:.1} s; ratio {:.1}",
        compacting.as_secs_f64(),
        mib(after_bytes),
        mib(before_bytes),
        plain.as_secs_f64(),
        compacting.as_secs_f64() / plain.as_secs_f64()
    );
    println!(
        "meanwhile the slowest look-up took {:.2} ms, the slowest change of settings {:.1} s",
        read.as_secs_f64() * 1e3,
        written.as_secs_f64()
    );
}
