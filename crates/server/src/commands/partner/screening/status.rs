//! `countersign partner screening status`: what waits for a person.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use countersign_service::screening::case_files::CaseFiles;
use countersign_service::screening::list_file::ListFile;
use countersign_service::screening::standing::{Stage, Standing};
use serde_json::json;

use super::{WAITS, matches, open, outcome_in_words};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// List which partners are screened, against which lists, and what waits for a person, undecided matches first.
///
/// With --list it also names the partners that were screened with another version of a list. Exit code 0:
/// nothing waits; 3: something waits for a person; 1: failure.
///
/// Example: countersign partner screening status --list us-csl=consolidated.csv
#[derive(Args)]
pub(in crate::commands) struct Status {
    #[command(flatten)]
    instance: InstanceDir,
    /// A list as it is now: its name and its file. Can be given again.
    #[arg(long = "list", value_name = "NAME=FILE")]
    lists: Vec<ListFile>,
}

impl Status {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        ListFile::check_names(&self.lists)?;
        let (reach, register) = open(&self.instance)?;
        let files = CaseFiles::new(&reach.directory);
        let mut lists = Vec::new();
        for list in &self.lists {
            lists.push((list.name.clone(), list.digest()?));
        }
        let today = (lists.as_slice(), reach.config.screening.rule());
        let mut standings = Vec::new();
        for partner in &register.partners {
            let case = files.read(&partner.id)?;
            let in_log = register.screened(&partner.id);
            standings.push(Standing::new(partner, case.as_ref(), in_log, today)?);
        }
        // The register has partners in the order of their names, which stays within a stage.
        standings.sort_by_key(|standing| standing.stage);
        let lines = standings.iter().map(in_words).collect::<Vec<_>>().join("\n");
        let text = if lines.is_empty() { "There is no partner yet".to_owned() } else { lines };
        output.say(&json!({ "partners": standings }), &text);
        let waits = standings.iter().any(|standing| standing.stage != Stage::Done);
        Ok(if waits { ExitCode::from(WAITS) } else { ExitCode::SUCCESS })
    }
}

fn in_words(standing: &Standing) -> String {
    let Standing { partner, stage, undecided, concluded, outdated, in_log, lists } = standing;
    let mut text = match in_log {
        Some(screened) => {
            let outcome = outcome_in_words(screened.outcome);
            format!("{partner}: {outcome} in the log (entry {})", screened.entry)
        }
        None => format!("{partner}: the log has no screening"),
    };
    // Writing to a String cannot fail.
    let mut line = |words: &str| {
        let _ = write!(text, "\n  {words}");
    };
    for list in lists {
        line(&format!("screened against {} {} ({} entries)", list.list, list.digest, list.entries));
    }
    if *undecided > 0 {
        line(&format!("{} without a decision", matches(*undecided)));
    }
    for outdated in outdated {
        line(&outdated.to_string());
    }
    match stage {
        Stage::Undecided if !concluded => {
            line(
                "next: conclude as undecided, since the log does not say so yet; then show and decide",
            );
        }
        Stage::Undecided => line("next: show and decide"),
        Stage::Screen => line("next: run"),
        Stage::Conclude => line("next: conclude"),
        Stage::Done => {}
    }
    text
}
