//! `countersign ledger`: writes a person's ledger bundle.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::files;
use super::reach::Reach;
use super::running::{Call, path_part};
use super::{Failure, Output};

/// Write a person's ledger bundle: everything that the log holds about them, with the proof that it is complete.
///
/// The file contains the person's secret, with which a reader finds them in the log: give it to that person
/// alone. They check it with `countersign-verify ledger`, or on the page `/ledger`.
///
/// Example: countersign ledger platform person-17 --out person-17.ledger
#[derive(Args)]
pub(super) struct Ledger {
    /// The folder of the instance.
    dir: PathBuf,
    /// The account, as the platform names it.
    account: String,
    /// The file to write; it must not exist, and only you can read it.
    #[arg(long)]
    out: PathBuf,
}

impl Ledger {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let bundle = bundle(&self.dir, &self.account)?;
        files::write_secret(&self.out, &bundle)?;
        let (path, bytes) = (self.out.display(), bundle.len());
        let told = format!(
            "Wrote {path}, {bytes} bytes; check it with `countersign-verify ledger {path} --key VKEY`"
        );
        output.say(&json!({ "file": path.to_string(), "bytes": bytes }), &told);
        Ok(ExitCode::SUCCESS)
    }
}

/// The bundle of an account, from the server if one runs.
pub(super) fn bundle(dir: &Path, account: &str) -> Result<Vec<u8>, Failure> {
    let call = Call::get(format!("/people/{}/ledger", path_part(account)));
    Reach::open(dir)?.call_bytes(&call, async |here| here.ledger(account).await)
}
