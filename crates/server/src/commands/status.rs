//! `countersign status`: how an instance is, at a glance.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use countersign_service::clock;
use countersign_service::operations::status::{
    LogStatus, RegisterStatus, ShownWitness, SourceStatus, Status as InstanceStatus,
};
use countersign_service::server_address::ServerAddress;
use serde_json::{Value, json};

use super::instance_dir::InstanceDir;
use super::running::Call;
use super::{Failure, Output};
use crate::config::Config;

/// Show how an instance is: whether a server runs, its log, closes, witnesses, source, people and disk, and what
/// has to be looked after.
///
/// That is: agreements that end within 30 days, steps of wind-downs and obligations that are due, certifications
/// that lapse, builds that wait for approval, screenings that wait for a decision.
///
/// Example: countersign status
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Status {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let found: InstanceStatus =
            reach.call(&Call::get("/status"), async |here| here.status(clock::now()).await)?;
        let is_running = reach.has_server();
        // An option or the environment may have had it listen elsewhere than the file says.
        let address = if is_running { ServerAddress::read(&reach.directory)? } else { None };
        let listen = address.unwrap_or_else(|| reach.config.listen.to_string());
        let text = in_words(&found, is_running, &reach.config, &listen);
        output.say(&document(&found, is_running, &reach.config, &listen)?, &text);
        Ok(ExitCode::SUCCESS)
    }
}

fn document(
    found: &InstanceStatus,
    is_running: bool,
    config: &Config,
    listen: &str,
) -> Result<Value, serde_json::Error> {
    let mut document = serde_json::to_value(found)?;
    document["running"] = json!(is_running);
    document["listen"] = json!(listen);
    document["public_url"] = json!(config.public_url());
    Ok(document)
}

fn in_words(found: &InstanceStatus, is_running: bool, config: &Config, listen: &str) -> String {
    let state = match (is_running, &found.not_ready) {
        (true, None) => format!("running and ready, at {listen} as {}", config.public_url()),
        (true, Some(why)) => format!("running and not ready, at {listen}: {why}"),
        (false, None) => format!("not running; `countersign serve` would listen on {listen}"),
        (false, Some(why)) => format!("not running, and would not be ready: {why}"),
    };
    let mut lines = Lines(String::new());
    lines.add("server", &format!("{state}; version {}", found.version));
    log(&mut lines, &found.log);
    witnesses(&mut lines, found, is_running, config);
    let SourceStatus { kind, trouble } = &found.source;
    let answers = trouble.as_ref().map_or("it can be asked", String::as_str);
    lines.add("source", &format!("{kind}; {answers}"));
    people(&mut lines, found);
    let RegisterStatus { partners, clients, agreements, builds, canaries } = &found.register;
    let counts = format!(
        "partners {partners}, clients {clients}, agreements in force {agreements}, builds {builds}, canaries {canaries}"
    );
    lines.add("register", &counts);
    let free = found.disk.free_bytes.map_or_else(|| "unknown".to_owned(), mebibytes);
    let kept = mebibytes(found.disk.reserve_bytes);
    lines.add(
        "disk",
        &format!("{free} free, of which {kept} are kept for acts, choices and erasures"),
    );
    match found.attention.as_slice() {
        [] => lines.add("attention", "nothing has to be looked after"),
        all => all.iter().for_each(|one| lines.add("attention", &one.says)),
    }
    lines.0
}

fn log(lines: &mut Lines, log: &LogStatus) {
    let LogStatus { origin, key, entries, published, last_close, next_close } = log;
    lines.add("log", &format!("{origin}, {entries} entries, {published} of them published"));
    lines.add("log key", key);
    let last = last_close.as_ref().map_or_else(
        || "none yet".to_owned(),
        |last| format!("period {} at {} (entry {})", last.period, last.time, last.index),
    );
    let next = next_close.as_ref().map(|at| format!("; the next one is due at {at}"));
    lines.add("last close", &format!("{last}{}", next.unwrap_or_default()));
}

fn witnesses(lines: &mut Lines, found: &InstanceStatus, is_running: bool, config: &Config) {
    let Some(of_log) = &found.witnesses else {
        let none = if config.witnesses.is_none() {
            "none are configured"
        } else if is_running {
            "they are not asked"
        } else {
            "they are asked while the server runs"
        };
        return lines.add("witnesses", none);
    };
    let witnessed = of_log.witnessed;
    lines.add("witnesses", &format!("a quorum cosigned up to {witnessed} entries since the start"));
    for ShownWitness { witness, cosigned, trouble } in &of_log.witnesses {
        let cosigned = cosigned.as_ref().map_or_else(
            || "has not cosigned since the start".to_owned(),
            |at| format!("cosigned at {at}"),
        );
        let trouble = trouble.as_ref().map(|why| format!("; now: {why}")).unwrap_or_default();
        lines.add("", &format!("{witness} {cosigned}{trouble}"));
    }
}

fn people(lines: &mut Lines, found: &InstanceStatus) {
    let people = &found.people;
    let mut said = format!("{} known here, {} friendships", people.people, people.friendships);
    // Writing to a String cannot fail.
    if people.erasures > 0 {
        let _ = write!(said, ", {} being erased", people.erasures);
    }
    if people.legacy_2014 {
        said.push_str("; the settings legacy-2014 are on");
    }
    lines.add("people", &said);
}

/// Lines with what they are about before them.
struct Lines(String);

impl Lines {
    fn add(&mut self, what: &str, says: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{what:<11} {says}");
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
