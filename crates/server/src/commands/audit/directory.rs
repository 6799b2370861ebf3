//! `countersign audit directory`: writes how the directory of accounts grew, for an auditor.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::commands::files;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// Write how the directory of accounts grew, epoch by epoch, for an auditor.
///
/// It shows that no account had another secret in between; it names no account. The auditor
/// checks it with `countersign-verify directory`, and says next time with --since where that ended: all of a large
/// directory takes long to prove.
///
/// Example: countersign audit directory --since 120 --out directory.growth
#[derive(Args)]
pub(in crate::commands) struct Directory {
    #[command(flatten)]
    instance: InstanceDir,
    /// The epoch where the last audit ended; 0 from the beginning.
    #[arg(long, value_name = "EPOCH", default_value_t = 0)]
    since: u64,
    /// The file to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Directory {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let call = Call::get(format!("/directory?since={}", self.since));
        let growth =
            reach.call_bytes(&call, async |here| here.directory_growth(self.since).await)?;
        files::write_new(&self.out, &growth)?;
        let (path, bytes) = (self.out.display(), growth.len());
        let told = format!(
            "Wrote {path}, {bytes} bytes; an auditor checks it with `countersign-verify directory {path} LOG --key VKEY`"
        );
        output.say(&json!({ "file": path.to_string(), "bytes": bytes }), &told);
        Ok(ExitCode::SUCCESS)
    }
}
