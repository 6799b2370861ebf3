//! `cargo xtask bench sources`: the same question about the same people, asked of Countersign and of what
//! one would use instead, one after the other, over and over in one run. `bench/README.md` says what each
//! of them is and what was done to be fair.

mod chart;
mod contender;
mod facts;
mod report;
mod results;
mod same_answers;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::bench::deployment::{
    Asking, Deployment, Profile, Programs, Viewer, WARM_UP_SECONDS, World,
};
use crate::bench::load::{self, Measured};
use crate::bench::process;
use crate::bench::sources::contender::{Kind, Stage, Tuning};
use crate::bench::sources::results::{Best, Results, Round};
use crate::bench::sources::same_answers::Answer;
use crate::bench::table::whole;
use crate::failure::{Failure, Outcome};
use crate::postgres::Postgres;
use crate::shell;
use crate::test::apt::apt_install;

/// With how many connections each contender is tried.
const CONNECTIONS: [usize; 5] = [4, 8, 16, 32, 64];
/// With how many while its settings are chosen.
const CONNECTIONS_TUNING: usize = 32;
/// One viewer in so many is looked at when answers are compared.
const COMPARED_EVERY: usize = 10;

/// The arguments of the benchmark.
#[derive(clap::Args)]
pub(crate) struct Sources {
    /// How many people there are.
    #[arg(long, default_value_t = 10_000)]
    people: usize,
    /// How often each contender is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each time.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How long each choice of settings and connections is tried.
    #[arg(long, default_value_t = 3.0)]
    try_seconds: f64,
    /// Write table and chart into docs/performance.md and docs/performance/.
    #[arg(long)]
    write: bool,
}

/// A contender that is ready to be measured.
struct Entrant {
    kind: Kind,
    requests: PathBuf,
}

impl Sources {
    /// Runs it and prints the table.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let programs = Programs::build(Profile::Dist)?;
        let baseline = contender::build_baseline()?;
        let postgraphile = contender::install_postgraphile()?;
        let world = World { bench: "sources", people: self.people, settings: "mixed" };
        let image = Deployment::generate(&programs, &world)?;
        let jsonl = image.people_jsonl(&programs, &world)?;
        let viewers = image.viewers(&programs)?;
        let postgres = start_postgres()?;
        world::load(&postgres, &jsonl, &viewers)?;
        let over_postgres = self.over_postgres(&programs, &postgres)?;
        let stage = Stage {
            programs: &programs,
            postgres: &postgres,
            image: &image,
            over_postgres: over_postgres.as_ref(),
            baseline: &baseline,
            postgraphile: &postgraphile,
        };
        let entrants = entrants(&stage, &viewers)?;
        let compared = compare(&stage, &entrants)?;
        println!("{compared}");
        let results = self.measure(&stage, &entrants)?;
        results.print();
        let facts = facts::Facts::collect(&postgres, &postgraphile, self.people, &compared);
        println!("\n{facts}");
        if self.write {
            report::write(&results, &facts)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// An instance whose people stay in PostgreSQL, if this version of `countersign` has that source.
    fn over_postgres(
        &self,
        programs: &Programs,
        postgres: &Postgres,
    ) -> Outcome<Option<Deployment>> {
        let mapping = shell::root().join("bench/mapping.toml");
        if !programs.has_command("source") || !mapping.exists() {
            println!("skipped: {}: this program has no such source", Kind::Postgres.name());
            return Ok(None);
        }
        let world = World { bench: "sources_postgres", people: self.people, settings: "mixed" };
        let deployment = Deployment::generate(programs, &world)?;
        let url = postgres.connection_string(world::DATABASE, "countersign");
        let mapping = mapping.display();
        // Unix sockets need no TLS.
        let settings = format!(
            "url = \"{url}\"\nmapping = \"{mapping}\"\ntls = \"disable\"\npool_size = 16\n"
        );
        deployment.set_source("postgres", &settings)?;
        Ok(Some(deployment))
    }

    /// Finds each contender's best settings, then measures all of them in turn.
    fn measure(&self, stage: &Stage<'_>, entrants: &[Entrant]) -> Outcome<Results> {
        let mut results = Results::default();
        for entrant in entrants {
            results.begin(self.best(stage, entrant)?);
        }
        for round in 1..=self.rounds {
            for (entrant, best) in entrants.iter().zip(&mut results.0) {
                world::settle(stage.postgres, entrant.kind)?;
                let measured = self.once(stage, entrant, best)?;
                let records = whole(measured.records_per_s());
                println!("round {round}: {}: {records} person-records/s", entrant.kind.name());
                best.rounds.push(measured);
            }
        }
        Ok(results)
    }

    /// Tries settings, then numbers of connections, by person-records a second.
    fn best(&self, stage: &Stage<'_>, entrant: &Entrant) -> Outcome<Best> {
        let kind = entrant.kind;
        let mut tunings = Vec::new();
        for tuning in kind.tunings() {
            let tried = self.try_out(stage, entrant, &tuning, &[CONNECTIONS_TUNING])?;
            tunings.extend(tried.into_iter().map(|(_, speed)| (tuning.clone(), speed)));
        }
        tunings.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let tuning = tunings.into_iter().map(|(tuning, _)| tuning).next();
        let tuning = tuning.ok_or_else(|| Failure::new("a contender has no settings to try"))?;
        let tried = self.try_out(stage, entrant, &tuning, &CONNECTIONS)?;
        let fastest = tried.into_iter().max_by(|(_, one), (_, other)| one.total_cmp(other));
        let connections = fastest.map_or(CONNECTIONS_TUNING, |(connections, _)| connections);
        println!("best: {}: {:?}, {connections} connections", kind.name(), tuning.0);
        Ok(Best { kind, tuning, connections, rounds: Vec::new() })
    }

    /// Person-records a second with each of these numbers of connections.
    fn try_out(
        &self,
        stage: &Stage<'_>,
        entrant: &Entrant,
        tuning: &Tuning,
        connections: &[usize],
    ) -> Outcome<Vec<(usize, f64)>> {
        let (_server, address) = stage.start(entrant.kind, tuning)?;
        let mut tried = Vec::new();
        for &connections in connections {
            // Nobody asks at this moment; else the audit of the tries before would slow the later ones down.
            world::settle(stage.postgres, entrant.kind)?;
            let requests = &entrant.requests;
            let asking = Asking { address, requests, connections, seconds: self.try_seconds };
            let speed = results::records_per_s(&stage.programs.load(&asking)?);
            let name = entrant.kind.name();
            println!("tried: {name}: {:?}, {connections} connections: {}", tuning.0, whole(speed));
            tried.push((connections, speed));
        }
        Ok(tried)
    }

    /// One measurement, after as long a warm-up as a try.
    fn once(&self, stage: &Stage<'_>, entrant: &Entrant, best: &Best) -> Outcome<Round> {
        let (server, address) = stage.start(entrant.kind, &best.tuning)?;
        let ask = |seconds: f64| -> Outcome<Measured> {
            let (requests, connections) = (entrant.requests.as_path(), best.connections);
            stage.programs.load(&Asking { address, requests, connections, seconds })
        };
        ask(self.try_seconds)?;
        let cpu_s =
            || Ok::<_, Failure>((server.tree_cpu_s()?, process::tree_cpu_s(stage.postgres.pid())?));
        let (server_before_s, postgres_before_s) = cpu_s()?;
        let measured = ask(self.seconds)?;
        let (server_after_s, postgres_after_s) = cpu_s()?;
        // What was answered while it warmed up cost as much.
        let answers = measured.answers_per_s * (self.seconds + WARM_UP_SECONDS);
        let per_answer_ms = |cpu_s: f64| cpu_s * 1e3 / answers.max(1.0);
        Ok(Round {
            server_cpu_ms: per_answer_ms(server_after_s - server_before_s),
            postgres_cpu_ms: per_answer_ms(postgres_after_s - postgres_before_s),
            measured,
        })
    }
}

/// A PostgreSQL with settings fit for this load; the extension that (b) is audited by among them.
fn start_postgres() -> Outcome<Postgres> {
    let folder = shell::target_dir().join("bench/postgres");
    let settings = [
        ("shared_preload_libraries", "pgaudit"),
        // An answer is durable when it is sent.
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("shared_buffers", "1GB"),
        ("effective_cache_size", "2GB"),
        ("work_mem", "32MB"),
        ("random_page_cost", "1.1"),
        ("jit", "off"),
        ("max_connections", "200"),
        ("wal_buffers", "64MB"),
        // No checkpoint and no vacuum in the middle of a measurement.
        ("max_wal_size", "16GB"),
        ("checkpoint_timeout", "1h"),
        ("autovacuum", "off"),
        ("logging_collector", "on"),
    ];
    if !pgaudit_is_there() {
        let major = Postgres::major_version()?;
        apt_install(&[&format!("postgresql-{major}-pgaudit")])?;
    }
    Postgres::start(&folder, &settings.map(|(name, value)| (name, value.to_owned())))
}

fn pgaudit_is_there() -> bool {
    let major = Postgres::major_version().unwrap_or_default();
    PathBuf::from(format!("/usr/lib/postgresql/{major}/lib/pgaudit.so")).exists()
}

/// All who can be measured, with their requests.
fn entrants(stage: &Stage<'_>, viewers: &[Viewer]) -> Outcome<Vec<Entrant>> {
    let mut entrants = Vec::new();
    for kind in Kind::ALL {
        let requests = match (kind, stage.over_postgres) {
            (Kind::Postgres, None) => continue,
            // Another instance gives other tokens to the same people.
            (Kind::Postgres, Some(deployment)) => {
                let own = deployment.viewers(stage.programs)?;
                if !own.iter().map(|v| &v.account).eq(viewers.iter().map(|v| &v.account)) {
                    return Err(Failure::new("two instances of the same people differ"));
                }
                contender::requests(kind, deployment, &own)?
            }
            _ => contender::requests(kind, stage.image, viewers)?,
        };
        entrants.push(Entrant { kind, requests });
    }
    Ok(entrants)
}

/// Compares everybody's answers to a sample of viewers, and says what was compared.
fn compare(stage: &Stage<'_>, entrants: &[Entrant]) -> Outcome<String> {
    let mut expected: Option<Vec<Answer>> = None;
    for Entrant { kind, requests } in entrants {
        let tuning = kind.tunings().into_iter().next();
        let tuning = tuning.ok_or_else(|| Failure::new("a contender has no settings to try"))?;
        let (_server, address) = stage.start(*kind, &tuning)?;
        let bodies = load::bodies(address, requests, COMPARED_EVERY)?;
        let answers: Outcome<Vec<Answer>> =
            bodies.iter().map(|body| Answer::read(*kind, body)).collect();
        let answers = answers?;
        let expected = expected.get_or_insert_with(Vec::new);
        if expected.is_empty() {
            *expected = answers;
        } else if let Some(at) =
            (0..expected.len()).find(|at| expected.get(*at) != answers.get(*at))
        {
            return Err(Failure::new(format!(
                "{} answers question {} of its file otherwise than the first contender",
                kind.name(),
                at * COMPARED_EVERY
            )));
        }
    }
    let answers = expected.unwrap_or_default();
    let people: usize = answers.iter().map(Answer::people).sum();
    let fields: usize = answers.iter().map(Answer::fields).sum();
    Ok(format!(
        "All contenders gave the same answers to {} viewers: {} people, {} values",
        answers.len(),
        whole(people as f64),
        whole(fields as f64)
    ))
}
