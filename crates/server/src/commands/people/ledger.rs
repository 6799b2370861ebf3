//! `countersign people ledger`: writes a person's ledger bundle.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::commands::files;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Write a person's ledger bundle: everything that the log holds about them, with the proof that it is complete.
///
/// The file contains the person's secret, with which a reader finds them in the log: give it to that person
/// alone. They check it with `countersign-verify ledger`, or on the page `/ledger`.
///
/// Example: countersign people ledger person-17 --out person-17.ledger
#[derive(Args)]
pub(in crate::commands) struct Ledger {
    #[command(flatten)]
    instance: InstanceDir,
    /// The account, as the platform names it.
    account: String,
    /// The file to write; it must not exist, and only you can read it.
    #[arg(long)]
    out: PathBuf,
}

impl Ledger {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let bundle = bundle(&self.instance, &self.account)?;
        files::write_secret(&self.out, &bundle)?;
        let (path, bytes) = (self.out.display(), bundle.len());
        let told = format!(
            "Wrote {path}, {bytes} bytes; check it with `countersign-verify ledger {path} --key @log.vkey`"
        );
        output.say(&json!({ "file": path.to_string(), "bytes": bytes }), &told);
        Ok(ExitCode::SUCCESS)
    }
}

/// The bundle of an account, from the server if one runs.
pub(in crate::commands) fn bundle(
    instance: &InstanceDir,
    account: &str,
) -> Result<Vec<u8>, Failure> {
    let call = Call::get(format!("/people/{}/ledger", path_part(account)));
    instance.reach()?.call_bytes(&call, async |here| here.ledger(account).await)
}
