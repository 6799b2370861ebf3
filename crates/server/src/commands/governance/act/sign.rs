//! `countersign governance act sign`: the next signatures under an act.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::acts::Posted;

use crate::commands::signing::{self, LogName, SignWith};
use crate::commands::{Failure, Output, files};

/// Add signatures to an act. Read it first: `countersign governance act show FILE`.
///
/// A signer who signs again replaces their own signature.
///
/// Example: countersign governance act sign approve.json --origin log.example.org/2026 --sign reviewer:ann=ann.key
#[derive(Args)]
pub(in crate::commands) struct Sign {
    /// The file of the act.
    file: PathBuf,
    #[command(flatten)]
    log: LogName,
    /// Sign with this key file, as root, partner:NAME or reviewer:NAME. Can be given again.
    #[arg(long = "sign", value_name = "SIGNER=KEYFILE", required = true)]
    sign: Vec<SignWith>,
}

impl Sign {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let posted: Posted = files::read_json(&self.file)?;
        let origin = self.log.origin()?;
        signing::sign_into(posted.submission_for(&origin)?, &origin, &self.sign, &self.file, output)
    }
}
