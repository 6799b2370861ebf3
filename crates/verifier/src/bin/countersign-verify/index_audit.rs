//! `countersign-verify index-audit`: what an auditor signed about a person index, read under their key.

use std::path::PathBuf;

use clap::Args;
use countersign_protocol::index_audit::IndexAudit;
use countersign_protocol::note::NoteKey;

use crate::source::read_file;
use crate::{CANNOT_SAY, CannotSay, report, vkey};

/// Check what an auditor signed about the person index of a period.
///
/// Checks that this auditor signed it, and prints what was signed. `countersign-verify log` checks whether the close
/// that it names is in the log.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file that `countersign-verify index --cosign` wrote.
    file: PathBuf,
    /// The auditor's key, as `name+id+key`, or @FILE for a file with it. Get it from the auditor.
    #[arg(long, value_name = "VKEY", value_parser = vkey::parse)]
    key: NoteKey,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Example:
  countersign-verify index-audit period-3.audit --key 'auditor.example/1+0c86045d+AQ…'";

pub(crate) fn run(arguments: &Arguments) -> Result<u8, CannotSay> {
    let opened = IndexAudit::open(&read_file(&arguments.file)?, &arguments.key);
    report::index_audit(&opened, arguments.key.name(), arguments.json)?;
    Ok(if opened.is_ok() { 0 } else { CANNOT_SAY })
}
