//! `countersign check`: whether what an instance has on disk holds together. It changes nothing, and
//! does not disturb a running server.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_domain::screening::Screened;
use countersign_http::ledger_page;
use countersign_log::annex::ANNEX_VERSION;
use countersign_log::backend::Backend as _;
use countersign_log::backend::posix::Posix;
use countersign_log::check::{Report, check};
use countersign_log::clock_watch::{CLOCK_FILE, check_clock};
use countersign_log::stream::STREAM_VERSION;
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_people::store::People;
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::entry::ENTRY_VERSION;
use countersign_protocol::note::{NoteError, NoteKey};
use countersign_protocol::site_path::{DOCUMENT_BYTES_MAX, DOCUMENTS_FOLDER};
use countersign_service::clock::{self, MachineClock};
use countersign_service::people::schema;
use countersign_service::screening::case_files::CaseFiles;
use countersign_service::start_files::StartFiles;
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::site::{FolderSite, Site as _};
use countersign_verifier::verdict::Verdict;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::instance_dir::InstanceDir;
use super::{Failure, Output};
use crate::config::{CONFIG_VERSION, Config};

mod files;
mod people;
mod periods;

/// Check configuration, keys, stored formats and their versions, the log against its annex, and the
/// public log as outsiders would. Exit code 0 only if nothing is wrong; what is marked TO DO works, and is yours to do.
///
/// Example: countersign check --dir platform
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    instance: InstanceDir,
}

/// What was found about one thing.
#[derive(Serialize)]
struct Line {
    check: String,
    ok: bool,
    /// Whether somebody has to do something all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    to_do: bool,
    found: String,
}

/// What was found so far.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, check: &str, found: Result<String, String>) {
        let ok = found.is_ok();
        let (Ok(found) | Err(found)) = found;
        self.0.push(Line { check: check.to_owned(), ok, to_do: false, found });
    }

    /// A secret key that does not belong on this machine: it is to be moved, though everything works.
    fn add_misplaced(&mut self, check: &str, path: &Path, belongs_to: &str) {
        let (ok, found) = match SecretKey::read(path) {
            Ok(_) => {
                let path = path.display();
                (
                    true,
                    format!(
                        "it lies in {path}, where whoever gets into this machine has it: move it to {belongs_to}"
                    ),
                )
            }
            Err(error) => (false, error.to_string()),
        };
        self.0.push(Line { check: check.to_owned(), ok, to_do: ok, found });
    }
}

impl Check {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let directory = DataDir::new(self.instance.path());
        let mut lines = Lines::default();
        let config = Config::read(&directory.config());
        lines.add(
            "configuration",
            match &config {
                Ok(config) => Ok(format!("version {CONFIG_VERSION}, log {}", config.origin())),
                Err(error) => Err(error.to_string()),
            },
        );
        let config = config.ok();
        let files = files::check(&directory, config.as_ref(), &mut lines);
        let people = people::open(&directory);
        let compared = people
            .as_ref()
            .map_err(String::clone)
            .and_then(|people| people::compare(&directory, people.as_deref(), files.as_ref()));
        lines.add("people", compared);
        if let Some(config) = config {
            let people = people.ok().flatten();
            Instance { directory: &directory, config: &config, files, people }.check(&mut lines);
        }
        let all_ok = lines.0.iter().all(|line| line.ok);
        let text = lines.0.iter().map(|line| {
            let mark = match line {
                Line { ok: false, .. } => "WRONG",
                Line { to_do: true, .. } => "TO DO",
                Line { .. } => "ok   ",
            };
            format!("{mark} {}: {}", line.check, line.found)
        });
        let text = text.collect::<Vec<_>>().join("\n");
        output.say(&json!({ "ok": all_ok, "checks": lines.0 }), &text);
        Ok(if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What the log is held against.
struct Instance<'a> {
    directory: &'a DataDir,
    config: &'a Config,
    /// What a start reads; `None` if it would refuse some of it, which was said.
    files: Option<StartFiles>,
    /// The people; `None` if a server has them, or they cannot be opened, which was said.
    people: Option<Arc<People>>,
}

impl Instance<'_> {
    fn check(&self, lines: &mut Lines) {
        let Self { directory, config, people, .. } = self;
        let Ok(key) = SecretKey::read(&directory.key("log")) else {
            return lines.add("log", Err("without the log's key it cannot be checked".to_owned()));
        };
        let key = match NoteKey::new(config.origin(), key.public()) {
            Ok(key) => key,
            Err(error) => return lines.add("log", Err(error.to_string())),
        };
        if let Some(error) = another_log(directory, config, &key) {
            let advice =
                "origin or keys/log.key is not this log's: undo the change in countersign.toml";
            return lines.add("log", Err(format!("{advice} (log/checkpoint: {error})")));
        }
        lines.add("clock", describe_clock(directory, config));
        let report = check(&Posix::new(directory.log()), config.origin(), &key);
        lines.add("log and annex", describe_private(&report));
        lines.add("documents", check_documents(directory));
        lines.add("periods", periods::describe(directory, people.as_deref()));
        let question = Question::new(&key, clock::now());
        match check_log(&FolderSite::new(&directory.site()), &question, |_| ()) {
            Err(error) => lines.add("public log", Err(error.to_string())),
            Ok(checked) => {
                lines.add("public log", describe_public(&checked.verdict, &report));
                // Of a log that could not be read as it should be, the register is not known.
                if checked.verdict.holds() {
                    self.check_register(&checked.register, lines);
                }
            }
        }
    }

    /// What the log says of this instance's files.
    fn check_register(&self, register: &Register, lines: &mut Lines) {
        let Self { directory, config, files, people } = self;
        lines.add("keys in the log", compare_keys(directory, register));
        lines.add("field schema", compare_schema(directory, register));
        lines.add("ledger page", ledger_page::compare(register));
        lines.add("screenings", compare_screenings(directory, register));
        let Some(files) = files else { return };
        let schema = match files.compare(directory, register) {
            Ok(schema) => schema,
            Err(error) => return lines.add("register", Err(error.to_string())),
        };
        if let Some(people) = people {
            lines.add("source", people::open_their_source(directory, config, people, schema));
        }
    }
}

/// Whether the machine's clock was set forward since something was logged last.
fn describe_clock(directory: &DataDir, config: &Config) -> Result<String, String> {
    let backend = Posix::new(directory.log());
    match check_clock(&MachineClock, &backend, config.log.clock_step_max_s) {
        Ok(None) => Ok("it was not set forward since something was logged last".to_owned()),
        Ok(Some(jump)) => Err(jump.to_string()),
        Err(error) => Err(format!("{CLOCK_FILE}: {error}")),
    }
}

/// Whether both checkpoints are another log's, which one that is damaged alone does not show.
fn another_log(directory: &DataDir, config: &Config, key: &NoteKey) -> Option<CheckpointError> {
    let backend = Posix::new(directory.log());
    let another = |file| {
        let bytes = backend.read(file).ok().flatten()?;
        Checkpoint::open(&bytes, config.origin(), key).err().filter(|error| {
            matches!(
                error,
                CheckpointError::OtherLog { .. }
                    | CheckpointError::Note(NoteError::NotSigned { .. })
            )
        })
    };
    another("stream/checkpoint").and_then(|_| another("log/checkpoint"))
}

/// What outsiders see, and how what they see can be mended.
fn describe_public(verdict: &Verdict, report: &Report) -> Result<String, String> {
    if verdict.holds() {
        return Ok(format!("it passes the check of outsiders, {} entries", verdict.size));
    }
    let found = verdict.failures.iter().map(|failure| {
        let file = failure.file.as_ref().map(|file| format!("log/{file}: ")).unwrap_or_default();
        let entry = failure.entry.map(|entry| format!("entry {entry}: ")).unwrap_or_default();
        let says = failure.rule.says();
        let line =
            format!("{file}{entry}{says}; found {}, expected {}", failure.found, failure.expected);
        (failure.rule, line)
    });
    let mut problems = first_of_each(found);
    let is_mended = |file: Option<&str>| file.is_some_and(|file| file != "checkpoint");
    let is_site_alone = report.is_stream_sound()
        && (!report.findings.is_empty()
            || verdict.failures.iter().all(|failure| is_mended(failure.file.as_deref())));
    problems.push(
        if is_site_alone {
            "remove the named file below log/ and restart the server; it is written again"
        } else {
            "restore the instance from its backup and tell those who rely on the log"
        }
        .to_owned(),
    );
    Err(problems.join("\n        "))
}

/// The first finding of each kind, with how many more there are: most follow from the first.
fn first_of_each<K: PartialEq>(findings: impl IntoIterator<Item = (K, String)>) -> Vec<String> {
    let mut kinds: Vec<(K, String, u64)> = Vec::new();
    for (kind, line) in findings {
        match kinds.iter_mut().find(|(known, ..)| *known == kind) {
            Some((.., more)) => *more += 1,
            None => kinds.push((kind, line, 0)),
        }
    }
    let line = |(_, line, more)| match more {
        0 => line,
        more => format!("{line} (and {more} more of this kind)"),
    };
    kinds.into_iter().map(line).collect()
}

/// The stream, entries against annexes, and the static site against both.
fn describe_private(report: &Report) -> Result<String, String> {
    if !report.findings.is_empty() {
        // Of one kind is the same about the same file, whichever entry it is about.
        let found = report.findings.iter().map(|finding| {
            let what = finding.what.replace(|c: char| c.is_ascii_digit(), "");
            ((finding.file.as_str(), what), finding.to_string())
        });
        return Err(first_of_each(found).join("\n        "));
    }
    let mut found = format!(
        "stream version {STREAM_VERSION}, entry version {ENTRY_VERSION}, annex version {ANNEX_VERSION}, {} acts, {} disclosures, {} entries published",
        report.acts, report.disclosures, report.checkpoint_size
    );
    if report.unfinished_bytes > 0 {
        let bytes = report.unfinished_bytes;
        found += &format!(
            ", {bytes} bytes behind them that were never acknowledged (a crash's, or being written); the next start removes them"
        );
    }
    Ok(found)
}

/// Every published document has to be what its name says.
fn check_documents(directory: &DataDir) -> Result<String, String> {
    let site = FolderSite::new(&directory.site());
    let names = site.list(DOCUMENTS_FOLDER).map_err(|error| error.to_string())?.unwrap_or_default();
    for name in &names {
        let path = format!("{DOCUMENTS_FOLDER}/{name}");
        let bytes = site.read(&path, DOCUMENT_BYTES_MAX).map_err(|error| error.to_string())?;
        let digest = Digest(Sha256::digest(bytes.unwrap_or_default()).into());
        if *name != format!("{digest}.json") {
            return Err(format!(
                "log/{path}: its digest is {digest}; remove it, and restart the server, which writes those again that belong here"
            ));
        }
    }
    Ok(format!("{} are what their names say", names.len()))
}

/// The keys on disk have to be those that the log names.
fn compare_keys(directory: &DataDir, register: &Register) -> Result<String, String> {
    let keys =
        register.keys().ok_or("the log names no keys; `countersign init` makes a new instance")?;
    let pairs = [("receipts", keys.receipts), ("root", keys.root)];
    for (name, named) in pairs {
        // Missing ones have been reported, or belong elsewhere.
        let Ok(key) = SecretKey::read(&directory.key(name)) else { continue };
        if key.public() != named {
            return Err(format!(
                "{}: its public half is {}, and the log names {named}; put the right key there",
                directory.key(name).display(),
                key.public()
            ));
        }
    }
    for reviewer in &keys.reviewers {
        let path = directory.key(&format!("reviewers/{}", reviewer.id));
        let Ok(key) = SecretKey::read(&path) else { continue };
        if key.public() != reviewer.key {
            return Err(format!(
                "{}: it is not the key of {} that the log names; nothing that it signs is taken",
                path.display(),
                reviewer.id
            ));
        }
    }
    let reviewers: Vec<_> = keys.reviewers.iter().map(|reviewer| reviewer.id.to_string()).collect();
    Ok(format!("those on disk are those that the log names; reviewers: {}", reviewers.join(", ")))
}

/// The last screening of each partner can be opened.
fn compare_screenings(directory: &DataDir, register: &Register) -> Result<String, String> {
    let files = CaseFiles::new(directory);
    for screened in register.screenings().values() {
        let Screened { partner, report, .. } = screened;
        if !files.opens(*report).map_err(|error| error.to_string())? {
            return Err(format!(
                "screening/concluded/{report}.json: it is missing, so that nobody can open what the log says of the last screening of {partner}; restore screening/ from a backup"
            ));
        }
    }
    Ok(format!("the last ones of {} partners can be opened", register.screenings().len()))
}

fn compare_schema(directory: &DataDir, register: &Register) -> Result<String, String> {
    let in_force = register.schema().map(FieldSchema::fields).unwrap_or_default();
    let file = schema::read(&directory.schema()).map_err(|error| error.to_string())?;
    let fields = in_force.len();
    Ok(if file.fields() == in_force {
        format!("{fields} fields, and fields.toml says the same")
    } else {
        format!(
            "{fields} fields in force; fields.toml says otherwise, which counts once it is published"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::first_of_each;

    #[test]
    fn what_is_of_one_kind_is_told_once_with_its_count() {
        let found = [(1, "a"), (2, "b"), (1, "c"), (1, "d")];
        let told = first_of_each(found.map(|(kind, line)| (kind, line.to_owned())));
        assert_eq!(told, ["a (and 2 more of this kind)", "b"]);
    }
}
