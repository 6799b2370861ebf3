//! `countersign log list`: the newest entries of the log.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::entries::Entries;
use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::Table;
use crate::commands::{Failure, Output};

/// List the newest published entries of the log, in words.
///
/// Example: countersign log list --kind agreement
#[derive(Args)]
pub(in crate::commands) struct List {
    #[command(flatten)]
    instance: InstanceDir,
    /// Only entries of this kind, as agreement, build, review, disclosure or close. Can be given again.
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// The most entries.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Those before the entry of this index.
    #[arg(long, value_name = "INDEX", default_value_t = u64::MAX, hide_default_value = true)]
    before: u64,
}

impl List {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let entries = Entries::open(&self.instance)?;
        let mut table = Table::new(["entry", "time", "kind", "what"]);
        let mut documents = Vec::new();
        entries.newest_first(self.before, |index, entry| {
            if self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == entry.kind()) {
                let (time, what) = (entry.time().to_string(), describe::entry(&entry));
                let kind = entry.kind();
                documents.push(json!({ "index": index, "time": time, "kind": kind, "says": what }));
                table.row([index.to_string(), time, kind.to_owned(), what]);
            }
            documents.len() < self.limit
        })?;
        let document = json!({ "published": entries.size, "entries": documents });
        output.say(&document, &table.text("such entry"));
        Ok(ExitCode::SUCCESS)
    }
}
