//! `countersign people export`: everything that is kept about a person.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::error::OperationError;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output, files};

/// Write everything that is kept about a person as one JSON file: profile, friends, settings, history, grants, receipts
/// and their ledger.
///
/// The ledger contains the person's secret, with which a reader finds them in the log: give the file to that
/// person alone.
///
/// Example: countersign people export ada --out ada.json
#[derive(Args)]
pub(in crate::commands) struct Export {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
    /// The file to write; it must not exist, and only you can read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Export {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let bytes = write(&reach, &self.account, &self.out)?;
        let path = self.out.display();
        let document = json!({ "file": path.to_string(), "bytes": bytes });
        output.say(&document, &format!("Wrote {path}, {bytes} bytes."));
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the export of an account into a new file; how many bytes it has.
pub(super) fn write(reach: &Reach, account: &str, out: &Path) -> Result<usize, Failure> {
    let call = Call::get(format!("/people/{}/export", path_part(account)));
    let bytes = reach.call_bytes(&call, async |here| {
        let export = here.export(account).await?;
        serde_json::to_vec(&export).map_err(OperationError::internal)
    })?;
    files::write_secret(out, &bytes)?;
    Ok(bytes.len())
}
