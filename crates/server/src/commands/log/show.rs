//! `countersign log show`: one entry of the log.

use std::process::ExitCode;

use clap::Args;
use countersign_protocol::entry::Entry;
use serde_json::json;

use super::entries::Entries;
use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Show a published entry of the log: in words, and as it is in the log.
///
/// Example: countersign log show 17
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
    /// The entry's index, from 0.
    index: u64,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let entry = Entries::open(&self.instance)?.entry(self.index)?;
        let says = describe::entry(&entry);
        let written: serde_json::Value = serde_json::from_slice(&Entry::to_bytes(&entry)?)?;
        let (kind, time) = (entry.kind(), entry.time().to_string());
        let document = json!({ "index": self.index, "kind": kind, "time": time, "says": says, "entry": written });
        let text = format!(
            "entry {}, {kind}, at {time}\n{says}\n\n{}",
            self.index,
            serde_json::to_string_pretty(&written)?
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}
