//! The work that one answer cannot do without, each part timed alone in one thread: what has to be
//! hashed and signed for every person in it, what has to be read and copied, and its share of an
//! `fdatasync`. Serialising, deciding, parsing, scheduling are not in it: they are what is judged.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

use crate::bench::table::{Table, whole};
use crate::failure::{Outcome, While};
use crate::shell;

/// What is hashed for one person, by `countersign_protocol::record`: tag, secret and partner; tag, seed
/// and position; tag, salt and record; and in the tree over them prefix and commitment, prefix and children.
const HASHED_BYTES: [(&str, usize); 5] = [
    ("pairwise id, SHA-256", 8 + 32 + 8),
    ("salt, SHA-256", 8 + 32 + 4),
    ("commitment, SHA-256", 8 + 32 + 33),
    ("leaf of the records' tree, SHA-256", 1 + 32),
    ("node of the records' tree, SHA-256", 1 + 64),
];

/// What an image of people keeps where a person is looked up: settings, flags, where the record lies.
const SLOT_BYTES: usize = 64;

/// The memory that random reads wander through is no larger than this.
const MEMORY_BYTES_MAX: usize = 2 << 30;

/// How often each part is timed; the fastest round counts, since nothing can be faster than it is.
const ROUNDS: usize = 5;

/// The arguments of the arithmetic, which also describe the answer.
#[derive(clap::Args, Clone)]
pub(crate) struct FloorWork {
    /// People in the answer.
    #[arg(long, default_value_t = 340)]
    pub(crate) people: usize,
    /// The answer's body.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) body_bytes: usize,
    /// People held, among whom reads are random.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) people_held: usize,
    /// Bytes that one answer adds to the stream.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) log_bytes: usize,
    /// Answers that share one `fdatasync`.
    #[arg(long, default_value_t = 32)]
    pub(crate) answers_per_sync: usize,
}

/// The floor's arithmetic for one answer.
pub(crate) struct Work {
    /// Each part, in microseconds an answer.
    parts: Vec<(String, f64)>,
    /// The share of an `fdatasync`, in which no core is busy.
    pub(crate) sync_us: f64,
}

impl Work {
    /// What keeps a core busy, in microseconds an answer.
    pub(crate) fn cpu_us(&self) -> f64 {
        self.parts.iter().map(|(_, us)| us).sum()
    }

    /// Prints the parts and their sum.
    pub(crate) fn print(&self) {
        let mut table = Table::new(["unavoidable work of one answer, timed alone", "µs"]);
        for (what, us) in &self.parts {
            table.row([what.clone(), format!("{us:.1}")]);
        }
        table.row(["sum, on one core".to_owned(), format!("{:.1}", self.cpu_us())]);
        table.row(["share of append and fdatasync".to_owned(), format!("{:.1}", self.sync_us)]);
        table.print();
    }
}

impl FloorWork {
    /// Times it and prints the table.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        self.time()?.print();
        Ok(ExitCode::SUCCESS)
    }

    /// Times each part.
    pub(crate) fn time(&self) -> Outcome<Work> {
        let mut parts = Vec::new();
        for (what, bytes) in HASHED_BYTES {
            let input = vec![0x5a; bytes];
            let us = fastest_us(self.people, || Sha256::digest(black_box(&input)));
            parts.push((format!("{} × {what} of {bytes} bytes", self.people), us));
        }
        let key = SigningKey::from_bytes(&[7; 32]);
        let receipt = [0x5a; 400];
        let sign_us = fastest_us(1, || key.sign(black_box(&receipt)));
        parts.push(("receipt, Ed25519 signature".to_owned(), sign_us));
        let body = vec![0x5a; self.body_bytes];
        let digest_us = fastest_us(1, || Sha256::digest(black_box(&body)));
        parts
            .push((format!("body, SHA-256 of {} bytes", whole(self.body_bytes as f64)), digest_us));
        parts.extend(self.time_memory());
        Ok(Work { parts, sync_us: self.time_sync_us()? })
    }

    /// One look into a random slot and one copy of a record from a random place, for each person.
    fn time_memory(&self) -> [(String, f64); 2] {
        let record_bytes = (self.body_bytes / self.people.max(1)).max(1);
        let stride = SLOT_BYTES + record_bytes;
        let held = self.people_held.min(MEMORY_BYTES_MAX / stride).max(1);
        let slots = vec![1_u8; held * SLOT_BYTES];
        let records = vec![1_u8; held * record_bytes];
        let mut places = Places::new(held);
        let read_us = fastest_us(self.people, || slots[places.next() * SLOT_BYTES]);
        let mut answer = vec![0_u8; record_bytes];
        let copy_us = fastest_us(self.people, || {
            let from = places.next() * record_bytes;
            answer.copy_from_slice(&records[from..from + record_bytes]);
            black_box(&answer);
        });
        [
            (format!("{} × read of a random slot", self.people), read_us),
            (
                format!("{} × copy of {record_bytes} bytes from a random place", self.people),
                copy_us,
            ),
        ]
    }

    /// Append and `fdatasync` of what the answers of one batch log, divided by their number.
    fn time_sync_us(&self) -> Outcome<f64> {
        let path = sync_file()?;
        let syncing = || format!("timing fdatasync on {}", path.display());
        let mut file = File::create(&path).during(syncing)?;
        let batch = vec![0x5a; self.log_bytes * self.answers_per_sync];
        let mut times = Vec::new();
        for _ in 0..20 {
            let begun = Instant::now();
            file.write_all(&batch).and_then(|()| file.sync_data()).during(syncing)?;
            times.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        std::fs::remove_file(&path).during(syncing)?;
        times.sort_by(f64::total_cmp);
        Ok(times[times.len() / 2] / self.answers_per_sync.max(1) as f64)
    }
}

fn sync_file() -> Outcome<PathBuf> {
    let folder = shell::target_dir().join("bench");
    std::fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
    Ok(folder.join("fdatasync"))
}

/// Microseconds for `times` calls in a row, in the fastest round.
fn fastest_us<T>(times: usize, mut call: impl FnMut() -> T) -> f64 {
    // Rounds of a few milliseconds: long against the clock, short against the scheduler.
    let repeats = (20_000 / times.max(1)).max(20);
    let round = |call: &mut dyn FnMut() -> T| {
        let begun = Instant::now();
        for _ in 0..repeats * times {
            black_box(call());
        }
        begun.elapsed().as_secs_f64() * 1e6 / repeats as f64
    };
    (0..ROUNDS).map(|_| round(&mut call)).fold(f64::INFINITY, f64::min)
}

/// Places below a bound in an order that no prefetcher follows (xorshift).
struct Places {
    state: u64,
    bound: usize,
}

impl Places {
    const fn new(bound: usize) -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, bound }
    }

    const fn next(&mut self) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % self.bound as u64) as usize
    }
}
