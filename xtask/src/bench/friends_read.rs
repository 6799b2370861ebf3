//! `cargo xtask bench friends_read`: a viewer and up to 400 friends, seven fields each, everything on,
//! asked for over loopback by another process, with so and so many people held; and in the same run
//! the floor: a bare handler that returns as many bytes, and the unavoidable work.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::thread;

use crate::bench::deployment::{Asking, Deployment, Profile, Programs, WARM_UP_SECONDS, World};
use crate::bench::floor_work::{FloorWork, Work};
use crate::bench::load::Measured;
use crate::bench::process::{Memory, Running};
use crate::bench::table::{Table, mebibytes, milliseconds, whole};
use crate::failure::Outcome;

/// The most friends in an answer.
const FRIENDS_MAX: usize = 400;

/// The length of the headers that carry receipt and seed, which the floor sends too.
const RECEIPT_HEADER_BYTES: usize = 900;

/// The arguments of the benchmark.
#[derive(clap::Args)]
pub(crate) struct FriendsRead {
    /// How many people are held; several numbers, several runs.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    people: Vec<usize>,
    /// How long each server is measured.
    #[arg(long, default_value_t = 15.0)]
    seconds: f64,
    /// How many connections ask at once.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

/// One row of the table.
struct Run {
    people: usize,
    measured: Measured,
    server_cores: f64,
    memory: Memory,
    log_bytes_per_answer: f64,
    floor_answers_per_s: f64,
}

impl FriendsRead {
    /// Runs it and prints the tables.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let programs = Programs::build(Profile::Dist)?;
        let mut runs = Vec::new();
        for &people in &self.people {
            let run = self.one(&programs, people)?;
            print(std::slice::from_ref(&run));
            runs.push(run);
        }
        println!();
        print(&runs);
        print_growth(&runs);
        Ok(ExitCode::SUCCESS)
    }

    fn one(&self, programs: &Programs, people: usize) -> Outcome<Run> {
        let world = World { bench: "friends_read", people, settings: "open" };
        let deployment = Deployment::generate(programs, &world)?;
        let requests = deployment.requests(&deployment.viewers(programs)?, FRIENDS_MAX)?;
        let (server, address) = deployment.serve(programs)?;
        // Once unmeasured, so that the pages that are asked for lie in memory.
        self.load(programs, address, &requests, 2.0)?;
        let (bytes, cpu_s) = (deployment.bytes()?, server.cpu_s()?);
        let measured = self.load(programs, address, &requests, self.seconds)?;
        let log_bytes = deployment.bytes()? - bytes;
        let server_cores = (server.cpu_s()? - cpu_s) / (self.seconds + WARM_UP_SECONDS);
        let memory = server.memory_bytes()?;
        drop(server);
        // The load generator counts after its warm-up only; what is logged has no such border.
        let answers = measured.answers_per_s * (self.seconds + WARM_UP_SECONDS);
        let log_bytes_per_answer = log_bytes as f64 / answers;
        let floor_answers_per_s =
            self.floor(programs, &requests, people, &measured, log_bytes_per_answer)?;
        Ok(Run {
            people,
            measured,
            server_cores,
            memory,
            log_bytes_per_answer,
            floor_answers_per_s,
        })
    }

    /// Answers a second that nothing built on the same libraries can exceed on this machine: a bare
    /// handler's, each made longer by the unavoidable work spread over all cores.
    fn floor(
        &self,
        programs: &Programs,
        requests: &Path,
        people_held: usize,
        measured: &Measured,
        log_bytes_per_answer: f64,
    ) -> Outcome<f64> {
        let bare = self.bare_handler(programs, requests, measured)?;
        let work = FloorWork {
            people: measured.people_per_answer.round() as usize,
            body_bytes: measured.body_bytes_mean.round() as usize,
            people_held,
            log_bytes: log_bytes_per_answer.round() as usize,
            answers_per_sync: self.connections,
        };
        let work = work.time()?;
        work.print();
        let floor = floor_answers_per_s(bare.answers_per_s, &work);
        println!(
            "bare axum handler: {} answers/s, p50 {} ms; with the work above: {} answers/s",
            whole(bare.answers_per_s),
            milliseconds(bare.p50_us),
            whole(floor)
        );
        Ok(floor)
    }

    fn bare_handler(
        &self,
        programs: &Programs,
        requests: &Path,
        measured: &Measured,
    ) -> Outcome<Measured> {
        let mut floor = programs.xtask();
        floor.args(["floor", "--body-bytes", &format!("{:.0}", measured.body_bytes_mean)]);
        floor.args(["--header-bytes", &RECEIPT_HEADER_BYTES.to_string()]);
        let (_server, address) = Running::start(&mut floor, |line| line.parse().ok())?;
        self.load(programs, address, requests, self.seconds)
    }

    fn load(
        &self,
        programs: &Programs,
        address: SocketAddr,
        requests: &Path,
        seconds: f64,
    ) -> Outcome<Measured> {
        programs.load(&Asking { address, requests, connections: self.connections, seconds })
    }
}

/// A bare handler keeps all cores busy for 1/bare seconds an answer; the work adds to that.
fn floor_answers_per_s(bare_answers_per_s: f64, work: &Work) -> f64 {
    let cores = thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let work_s = (work.cpu_us() / cores + work.sync_us) / 1e6;
    1.0 / (1.0 / bare_answers_per_s + work_s)
}

fn print(runs: &[Run]) {
    let mut table = Table::new([
        "people",
        "answers/s",
        "records/s",
        "people/answer",
        "KiB/answer",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "max ms",
        "cores: server",
        "load",
        "RSS MiB",
        "of it anonymous",
        "log bytes/answer",
        "floor answers/s",
        "floor/ours",
    ]);
    for run in runs {
        let measured = &run.measured;
        table.row([
            whole(run.people as f64),
            whole(measured.answers_per_s),
            whole(measured.answers_per_s * measured.people_per_answer),
            format!("{:.1}", measured.people_per_answer),
            format!("{:.1}", measured.body_bytes_mean / 1024.0),
            milliseconds(measured.p50_us),
            milliseconds(measured.p90_us),
            milliseconds(measured.p99_us),
            milliseconds(measured.max_us),
            format!("{:.2}", run.server_cores),
            format!("{:.2}", measured.load_cores),
            mebibytes(run.memory.resident),
            mebibytes(run.memory.anonymous),
            whole(run.log_bytes_per_answer),
            whole(run.floor_answers_per_s),
            format!("{:.2}", run.floor_answers_per_s / measured.answers_per_s),
        ]);
    }
    table.print();
}

/// How much longer a person's record takes with the most people than with the fewest.
fn print_growth(runs: &[Run]) {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
        return;
    };
    if runs.len() < 2 {
        return;
    }
    let records = |run: &Run| run.measured.answers_per_s * run.measured.people_per_answer;
    println!(
        "growth from {} to {} people: {:.2} in time per record, {:.2} in time per answer, {:.2} in p99",
        whole(first.people as f64),
        whole(last.people as f64),
        records(first) / records(last),
        first.measured.answers_per_s / last.measured.answers_per_s,
        last.measured.p99_us as f64 / first.measured.p99_us.max(1) as f64,
    );
}
