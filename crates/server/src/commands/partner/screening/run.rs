//! `countersign partner screening run`: partners against lists.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_policy::screening::matches::Match;
use countersign_policy::screening::ownership::OwnershipRule;
use countersign_policy::screening::subject::Owner;
use countersign_service::clock;
use countersign_service::people::progress::Progress;
use countersign_service::screening::case_files::{CaseFiles, LockedCaseFiles};
use countersign_service::screening::list_file::{ListFile, LoadedList};
use countersign_service::screening::report::Report;
use countersign_service::screening::run::{new_matches, run};
use countersign_service::screening::subject::SubjectFile;
use serde_json::{Value, json};

use super::{WAITS, matches, open, outcome_in_words, shown};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::partner::NoPartner;
use crate::commands::{Failure, Output, files};

/// What a subject file looks like, and how the command ends.
const FORMAT: &str = r#"Lists are the US Consolidated Screening List as CSV and OpenSanctions' targets.simple.csv; which one a file is,
its header says. Nothing is fetched.

A subject file is TOML. It names owners whom the register does not, and owners of owners. Names of natural
persons belong here: they stay in the instance's folder, in screening/, and are kept for later runs.

  partner = "aurora"

  [[owners]]
  name = "Aurora Holding plc"           # whom the register names too is one owner
  country = "IE"
  percent = 100

  [[owners.owners]]
  name = "Jo Example"
  country = "IE"
  percent = 60

Decisions stay with matches whose party and listing say of their identity what they said. Exit code 0: no match
waits for a decision; 3: some do; 1: failure;
the partners before the one that the error names are screened then."#;

/// Screen partners against lists, and say which matches are new. Nothing goes into the log.
///
/// Example: countersign partner screening run --all --list us-csl=consolidated.csv --list eu=targets.simple.csv
#[derive(Args)]
#[command(after_long_help = FORMAT)]
#[command(group(ArgGroup::new("which").required(true)))]
pub(in crate::commands) struct Run {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partners, by their names in the register.
    #[arg(group = "which")]
    partners: Vec<Identifier>,
    /// Every partner of the register.
    #[arg(long, group = "which")]
    all: bool,
    /// A list: the name that the log gives it, and its file. Can be given again.
    #[arg(long = "list", value_name = "NAME=FILE", required = true)]
    lists: Vec<ListFile>,
    /// Owners whom the register does not name. Can be given again, once for each partner.
    #[arg(long = "subject", value_name = "FILE")]
    subjects: Vec<PathBuf>,
}

/// A subject file about a partner that is not screened, or was given one already.
#[derive(Debug, thiserror::Error)]
#[error("{}: it is about partner {partner}, which {why}", path.display())]
struct Misplaced {
    path: PathBuf,
    partner: Identifier,
    why: &'static str,
}

/// What came of one partner.
struct Done {
    report: Report,
    new: Vec<Match>,
}

impl Run {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        ListFile::check_names(&self.lists)?;
        let (reach, register) = open(&self.instance)?;
        let partners = if self.all {
            register.partners.iter().collect()
        } else {
            let named = self.partners.iter().map(|name| NoPartner::or(&register, name));
            named.collect::<Result<Vec<&Partner>, _>>()?
        };
        let mut told = self.told(&partners)?;
        let files = CaseFiles::new(&reach.directory).lock()?;
        let lists = load(&self.lists)?;
        let rule = reach.config.screening.rule();
        let bar = Progress::Stderr.step("screening partners", partners.len() as u64);
        let mut done = Vec::new();
        for (at, partner) in partners.into_iter().enumerate() {
            let of_partner = told.iter().position(|(name, _)| *name == partner.id);
            let told = of_partner.map(|at| told.swap_remove(at).1);
            done.push(screen_one(partner, told, &files, &lists, rule)?);
            bar.at(at as u64 + 1);
        }
        drop(bar);
        output.say(&as_json(&done, &lists), &in_words(&done, &lists));
        let waits = done.iter().any(|done| done.report.undecided().next().is_some());
        Ok(if waits { ExitCode::from(WAITS) } else { ExitCode::SUCCESS })
    }

    /// The owners in the subject files, by partner.
    fn told(&self, partners: &[&Partner]) -> Result<Vec<(Identifier, Vec<Owner>)>, Failure> {
        let mut told: Vec<(Identifier, Vec<Owner>)> = Vec::new();
        for path in &self.subjects {
            let SubjectFile { partner, owners } = files::read_toml(path)?;
            let why = if told.iter().any(|(name, _)| *name == partner) {
                "another subject file is about already"
            } else if partners.iter().all(|screened| screened.id != partner) {
                "is not screened here"
            } else {
                told.push((partner, owners));
                continue;
            };
            return Err(Misplaced { path: path.clone(), partner, why }.into());
        }
        Ok(told)
    }
}

fn load(files: &[ListFile]) -> Result<Vec<LoadedList>, Failure> {
    let bar = Progress::Stderr.step("reading lists", files.len() as u64);
    let mut lists = Vec::new();
    for file in files {
        lists.push(file.load()?);
        bar.at(lists.len() as u64);
    }
    Ok(lists)
}

fn screen_one(
    partner: &Partner,
    told: Option<Vec<Owner>>,
    files: &LockedCaseFiles,
    lists: &[LoadedList],
    rule: OwnershipRule,
) -> Result<Done, Failure> {
    let before = files.read(&partner.id)?.map(|case| case.report);
    let report = run(partner, told, before.as_ref(), lists, rule, clock::now())?;
    if before.as_ref() != Some(&report) {
        files.write(report.clone())?;
    }
    let new = new_matches(&report, before.as_ref()).into_iter().cloned().collect();
    Ok(Done { report, new })
}

fn as_json(done: &[Done], lists: &[LoadedList]) -> Value {
    let lists = lists.iter().map(|list| {
        json!({
            "list": list.public.list,
            "digest": list.public.digest,
            "entries": list.public.entries,
        })
    });
    let partners = done.iter().map(|Done { report, new }| {
        json!({
            "partner": report.partner,
            "outcome": report.outcome(),
            "matches": report.matches.len(),
            "undecided": report.undecided().count(),
            "new": new,
        })
    });
    json!({ "lists": lists.collect::<Vec<_>>(), "partners": partners.collect::<Vec<_>>() })
}

fn in_words(done: &[Done], lists: &[LoadedList]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for LoadedList { public, .. } in lists {
        let _ =
            writeln!(text, "List {} {} ({} entries)", public.list, public.digest, public.entries);
    }
    for Done { report, new } in done {
        let (undecided, outcome) = (report.undecided().count(), outcome_in_words(report.outcome()));
        let _ = write!(text, "{}: {outcome}; {}", report.partner, matches(report.matches.len()));
        if undecided > 0 {
            let _ = write!(text, ", {undecided} without a decision, {} of them new", new.len());
        }
        text.push('\n');
        for found in new {
            let (role, name, score) = (found.role.as_str(), shown(&found.name), found.score);
            let (listed, source) = (shown(&found.listed_name), shown(&found.listing.source));
            let _ = writeln!(text, "  new: {role} {name} ~ {listed} ({source}), score {score}");
        }
    }
    let waits = done.iter().any(|done| done.report.undecided().next().is_some());
    let next = if waits {
        "Next: countersign partner screening show PARTNER, and decide; or conclude as undecided, which stops all data"
    } else {
        "Next: countersign partner screening status"
    };
    text + next
}
