//! `countersign check`: whether what an instance has on disk holds together. It changes nothing, and
//! does not disturb a running server.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_log::annex::ANNEX_VERSION;
use countersign_log::backend::posix::Posix;
use countersign_log::check::{Report, check};
use countersign_log::stream::STREAM_VERSION;
use countersign_verifier::entry::ENTRY_VERSION;
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::note::NoteKey;
use countersign_verifier::site::{DOCUMENT_BYTES_MAX, DOCUMENTS_FOLDER, FolderSite, Site as _};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Failure, Output};
use crate::clock;
use crate::config::{CONFIG_VERSION, Config};
use crate::directory::Directory;
use crate::gateway::bearer::BearerToken;
use crate::keys::SecretKey;
use crate::people::schema;
use crate::store::{FORMAT_VERSION, IMAGE_VERSION, People, StoreError, StoreOptions};

/// Check configuration, keys, stored formats and their versions, the log against its annex, and the
/// public log as outsiders would. Exit code 0 only if all is well.
///
/// Example: countersign check platform
#[derive(Args)]
pub(super) struct Check {
    /// The folder of the instance.
    dir: PathBuf,
}

/// What was found about one thing.
#[derive(Serialize)]
struct Line {
    check: String,
    ok: bool,
    found: String,
}

/// What was found so far.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn add(&mut self, check: &str, found: Result<String, String>) {
        let ok = found.is_ok();
        let (Ok(found) | Err(found)) = found;
        self.0.push(Line { check: check.to_owned(), ok, found });
    }
}

impl Check {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let directory = Directory::new(&self.dir);
        let mut lines = Lines::default();
        let config = Config::read(&directory.config());
        lines.add(
            "configuration",
            match &config {
                Ok(config) => Ok(format!("version {CONFIG_VERSION}, log {}", config.origin())),
                Err(error) => Err(error.to_string()),
            },
        );
        check_keys(&directory, &mut lines);
        lines.add("people", check_people(&directory));
        if let Ok(config) = &config {
            check_logs(&directory, config, &mut lines);
        }
        let all_ok = lines.0.iter().all(|line| line.ok);
        let mark = |ok| if ok { "ok   " } else { "WRONG" };
        let text =
            lines.0.iter().map(|line| format!("{} {}: {}", mark(line.ok), line.check, line.found));
        let text = text.collect::<Vec<_>>().join("\n");
        output.say(&json!({ "ok": all_ok, "checks": lines.0 }), &text);
        Ok(if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn check_keys(directory: &Directory, lines: &mut Lines) {
    for name in ["log", "receipts", "tokens"] {
        let key = SecretKey::read(&directory.key(name));
        lines.add(
            &format!("key {name}"),
            match key {
                Ok(key) => Ok(key.public().to_string()),
                Err(error) => Err(error.to_string()),
            },
        );
    }
    let root = directory.key("root");
    lines.add(
        "key root",
        if root.exists() {
            SecretKey::read(&root)
                .map(|_| "it lies here; it belongs in a safe".to_owned())
                .map_err(|error| error.to_string())
        } else {
            Ok("it is not here, as it should be".to_owned())
        },
    );
    for path in reviewers_keys(directory) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let found = SecretKey::read(&path)
            .map(|_| "it lies here; it belongs to its reviewer alone".to_owned())
            .map_err(|error| error.to_string());
        lines.add(&format!("key of reviewer {name}"), found);
    }
    for (check, path) in
        [("admin token", directory.admin_token()), ("metrics token", directory.metrics_token())]
    {
        let token = BearerToken::read(&path);
        lines.add(check, token.map(|_| "present".to_owned()).map_err(|error| error.to_string()));
    }
}

fn reviewers_keys(directory: &Directory) -> Vec<PathBuf> {
    // The folder may be gone with the last key in it.
    let Ok(listed) = fs::read_dir(directory.keys().join("reviewers")) else { return Vec::new() };
    let mut paths: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "key"));
    paths.sort_unstable();
    paths
}

fn check_people(directory: &Directory) -> Result<String, String> {
    let path = directory.people();
    if !path.is_dir() {
        return Err(format!(
            "{}: there is no such folder; restore it from its backup",
            path.display()
        ));
    }
    match People::open(&path, StoreOptions::default()) {
        Ok(people) => {
            let counts = people.counts();
            Ok(format!(
                "format {FORMAT_VERSION}, image version {IMAGE_VERSION}, {} people, {} friendships",
                counts.people, counts.friendships
            ))
        }
        // Whoever has it open has checked the image when they opened it.
        Err(StoreError::InUse { .. }) => {
            Ok("in use by a running server, which has checked it".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn check_logs(directory: &Directory, config: &Config, lines: &mut Lines) {
    let Ok(key) = SecretKey::read(&directory.key("log")) else {
        return lines.add("log", Err("without the log's key it cannot be checked".to_owned()));
    };
    let key = match NoteKey::new(config.origin(), key.public()) {
        Ok(key) => key,
        Err(error) => return lines.add("log", Err(error.to_string())),
    };
    let report = check(&Posix::new(directory.log()), config.origin(), &key);
    lines.add("log and annex", describe_private(&report));
    lines.add("documents", check_documents(directory));
    let question = Question::new(&key, clock::now());
    match check_log(&FolderSite::new(&directory.site()), &question, |_| ()) {
        Err(error) => lines.add("public log", Err(error.to_string())),
        Ok(checked) => {
            let verdict = &checked.verdict;
            lines.add(
                "public log",
                if verdict.holds() {
                    Ok(format!("it passes the check of outsiders, {} entries", verdict.size))
                } else {
                    let mut problems: Vec<_> = verdict
                        .failures
                        .iter()
                        .map(|failure| {
                            let file = failure.file.as_deref().unwrap_or_default();
                            let entry = failure
                                .entry
                                .map(|entry| format!("entry {entry}"))
                                .unwrap_or_default();
                            format!(
                                "{file}{entry}: {}; found {}, expected {}",
                                failure.rule.says(),
                                failure.found,
                                failure.expected
                            )
                        })
                        .collect();
                    let advice = if report.is_stream_sound() && !report.findings.is_empty() {
                        "the stream itself is sound, and the site can be written again from it: see log and annex"
                    } else {
                        "restore the instance from its backup and tell those who rely on the log"
                    };
                    problems.push(advice.to_owned());
                    Err(problems.join("\n        "))
                },
            );
            // Of a log that could not be read as it should be, the register is not known.
            if verdict.holds() {
                lines.add("keys in the log", compare_keys(directory, &checked.register));
                lines.add("field schema", compare_schema(directory, &checked.register));
            }
        }
    }
}

/// The stream, entries against annexes, and the static site against both.
fn describe_private(report: &Report) -> Result<String, String> {
    if !report.findings.is_empty() {
        let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        return Err(findings.join("\n        "));
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
fn check_documents(directory: &Directory) -> Result<String, String> {
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
fn compare_keys(directory: &Directory, register: &Register) -> Result<String, String> {
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
    let reviewers: Vec<_> = keys.reviewers.iter().map(|reviewer| reviewer.id.to_string()).collect();
    Ok(format!("those on disk are those that the log names; reviewers: {}", reviewers.join(", ")))
}

fn compare_schema(directory: &Directory, register: &Register) -> Result<String, String> {
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
