//! `cargo xtask bench flood`: what those who ask as they should notice of a client that floods the server, phase by
//! phase of a request, and how much more memory the server has then.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::bench::deployment::{Asking, Deployment, Profile, Programs, World};
use crate::bench::flooder::{Flood, Phase};
use crate::bench::load::Measured;
use crate::bench::process::Running;
use crate::bench::table::{Table, mebibytes, milliseconds, whole};
use crate::failure::{Failure, Outcome};

/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How long a flood has until it is measured.
const BEFORE: Duration = Duration::from_secs(2);

/// What is aimed at: the p99 of others, as a multiple of that without a flood, and the memory more, in bytes.
const P99_TIMES_MAX: f64 = 2.0;
const MEMORY_MORE_MAX: u64 = 64 << 20;

/// The arguments of the benchmark.
#[derive(clap::Args)]
pub(crate) struct FloodBench {
    /// How many people are held.
    #[arg(long, default_value_t = 10_000)]
    people: usize,
    /// How long each phase is measured.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How many connections ask as they should.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How many connections the flooding client tries to hold.
    #[arg(long, default_value_t = 400)]
    flood: usize,
    /// Measure a build that is not optimised, as tests use it.
    #[arg(long)]
    pub(crate) unoptimised: bool,
    /// Take server and load generator as they were built before.
    #[arg(long)]
    built: bool,
}

/// One row of the table.
struct Row {
    name: &'static str,
    opened: u64,
    measured: Measured,
    resident: u64,
}

impl FloodBench {
    /// Runs it and prints the table; fails if it is not what is aimed at.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let profile = if self.unoptimised { Profile::Dev } else { Profile::Dist };
        let programs =
            if self.built { Programs::built(profile) } else { Programs::build(profile)? };
        let world = World { bench: "flood", people: self.people, settings: "open" };
        let deployment = Deployment::generate(&programs, &world)?;
        let requests = deployment.requests(&deployment.viewers(&programs)?, 100)?;
        let (server, address) = deployment.serve(&programs)?;
        let asked = |name, flood: Option<&Flood>| {
            self.row(&programs, &server, address, &requests, name, flood)
        };
        // Once unmeasured, so that the pages that are asked for lie in memory.
        asked("warm", None)?;
        let mut rows = vec![asked("no flood", None)?];
        for phase in Phase::ALL {
            let flood = Flood::start(address, phase, self.flood);
            thread::sleep(BEFORE);
            rows.push(asked(phase.name(), Some(&flood))?);
        }
        rows.push(asked("no flood, again", None)?);
        print(&rows);
        Ok(if is_aimed_at(&rows) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn row(
        &self,
        programs: &Programs,
        server: &Running,
        address: SocketAddr,
        requests: &Path,
        name: &'static str,
        flood: Option<&Flood>,
    ) -> Outcome<Row> {
        let (seconds, connections) = (self.seconds, self.connections);
        let is_over = AtomicBool::new(false);
        let (measured, resident) = thread::scope(|scope| {
            let looking = scope.spawn(|| most_memory(server, &is_over));
            let measured = programs.load(&Asking { address, requests, connections, seconds });
            is_over.store(true, Ordering::Relaxed);
            let resident = looking.join().map_err(|_| Failure::new("a thread stopped"))?;
            Ok::<_, Failure>((measured?, resident?))
        })?;
        let opened = flood.map_or(0, Flood::opened);
        Ok(Row { name, opened, measured, resident })
    }
}

/// The most memory that the server has until it is over.
fn most_memory(server: &Running, is_over: &AtomicBool) -> Outcome<u64> {
    let mut most = 0;
    while !is_over.load(Ordering::Relaxed) {
        most = most.max(server.memory_bytes()?.resident);
        thread::sleep(LOOK);
    }
    Ok(most)
}

/// How a row compares with the first one: the times of p99, and the bytes more.
fn compared(row: &Row, first: &Row) -> (f64, u64) {
    let times = row.measured.p99_us as f64 / first.measured.p99_us.max(1) as f64;
    (times, row.resident.saturating_sub(first.resident))
}

fn is_aimed_at(rows: &[Row]) -> bool {
    let Some(first) = rows.first() else { return false };
    rows.iter()
        .map(|row| compared(row, first))
        .all(|(times, more)| times <= P99_TIMES_MAX && more <= MEMORY_MORE_MAX)
}

fn print(rows: &[Row]) {
    let Some(first) = rows.first() else { return };
    let mut table = Table::new([
        "flood",
        "connections opened",
        "answers/s of others",
        "p50 ms",
        "p99 ms",
        "× p99 without",
        "RSS MiB",
        "more MiB",
    ]);
    for row in rows {
        let (times, more) = compared(row, first);
        table.row([
            row.name.to_owned(),
            whole(row.opened as f64),
            whole(row.measured.answers_per_s),
            milliseconds(row.measured.p50_us),
            milliseconds(row.measured.p99_us),
            format!("{times:.2}"),
            mebibytes(row.resident),
            mebibytes(more),
        ]);
    }
    table.print();
}
