//! What a close costs over a million people with four items each, on a disk: time, beside the hashes that it
//! cannot do without, timed alone in the same run; memory; and what it takes to show one person's list.
//! `cargo xtask bench close` runs it optimised.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_domain::person::{Handle, Secret};
use countersign_domain::time::Timestamp;
use countersign_log::annex::{AnnexConsent, CONSENTS_MAX, ConsentsAnnex};
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Period, Periods, Secrets, SecretsError};
use countersign_log::signer::SoftwareSigner;
use countersign_log::{Log, LogConfig};
use countersign_protocol::entry::DirectoryRoot;
use countersign_protocol::person_index::Label;
use countersign_protocol::record::{Seed, own_id};
use sha2::{Digest as _, Sha256};

const PEOPLE: u32 = 1_000_000;
const ITEMS_EACH: u32 = 4;
const SHOWN: u32 = 1_000;
const RECORD: [u8; 120] = [b'r'; 120];

/// Secrets at no cost: what is measured is the close.
struct Derived;

impl Secrets for Derived {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        Ok(Some(secret_of(person)))
    }
}

fn secret_of(person: Handle) -> Secret {
    let mut secret = Secret([7; 32]);
    secret.0[..16].copy_from_slice(&person.0);
    secret
}

fn person(number: u32) -> Handle {
    Handle(u128::from(number).to_be_bytes())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

/// So many messages of so many bytes, hashed and nothing else.
fn floor(count: u32, message_bytes: usize) -> Duration {
    let mut message = vec![0; message_bytes];
    let hash_all = || {
        for number in 0..count {
            message[..4].copy_from_slice(&number.to_be_bytes());
            black_box(Sha256::digest(&message));
        }
    };
    timed(hash_all).1
}

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

/// Appends the choices of everybody, round by round.
async fn fill(log: &Log) {
    let people: Vec<_> = (0..PEOPLE).collect();
    for round in 0..ITEMS_EACH {
        for some in people.chunks(CONSENTS_MAX) {
            let consent = |number: &u32| AnnexConsent {
                handle: person(*number),
                person: own_id(&secret_of(person(*number))),
                record: RECORD.to_vec(),
            };
            let seed = Seed([u8::try_from(round).unwrap(); 32]);
            let records = some.iter().map(consent).collect();
            log.append_consents(ConsentsAnnex { seed, records }).await.unwrap();
        }
    }
}

/// How long it takes on average to show somebody their list.
fn show(period: &Period) -> Duration {
    let step = (PEOPLE / SHOWN) as usize;
    let labels: Vec<_> =
        (0..PEOPLE).step_by(step).map(|number| Label::of(&secret_of(person(number)), 0)).collect();
    let show_all = || {
        for label in &labels {
            let shown = period.show(label).unwrap();
            assert_eq!(shown.items.unwrap().len(), ITEMS_EACH as usize);
        }
    };
    timed(show_all).1 / SHOWN
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Arc::new(Posix::new(folder.path()));
    let clock = Arc::new(|| Timestamp::from_seconds(1_600_000_000));
    let signer = Arc::new(SoftwareSigner::from_seed(&[1; 32]));
    let config = LogConfig::new("log.example/bench");
    let (log, _) = Log::open(&config, backend.clone(), signer, clock).unwrap();
    fill(&log).await;
    let before_mib = peak_mib();
    let closing = std::thread::spawn(move || {
        let mut periods = Periods::open(backend, Limits::default()).unwrap();
        let directory = DirectoryRoot::EMPTY;
        let (closed, took) =
            timed(|| periods.close(&log, log.head(), &Derived, directory).unwrap());
        (periods.period(0).unwrap(), closed, took)
    });
    let (period, closed, took) = closing.join().unwrap();
    let after_mib = peak_mib();
    let items = PEOPLE * ITEMS_EACH;
    assert_eq!((closed.head.people, closed.head.items), (PEOPLE.into(), items.into()));
    // Tags included. Of each item salt 44, commitment 144 and label 48; of each person list 204, leaf 72, node 105.
    let of_items = [44, 144, 48].map(|bytes| floor(items, bytes));
    let of_people = [204, 72, 105].map(|bytes| floor(PEOPLE, bytes));
    let hashes: Duration = of_items.iter().chain(&of_people).sum();

    println!("A close over {PEOPLE} people with {ITEMS_EACH} items each");
    println!(
        "{:.1} s; its hashes alone {:.1} s; ratio {:.2}",
        took.as_secs_f64(),
        hashes.as_secs_f64(),
        took.as_secs_f64() / hashes.as_secs_f64()
    );
    println!("memory at most: {before_mib} MiB before the close, {after_mib} MiB with it");
    println!(
        "one person's list with its proof, from the files: {:.0} µs",
        show(&period).as_secs_f64() * 1e6
    );
}
