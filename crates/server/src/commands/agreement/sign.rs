//! `countersign agreement sign`: an agreement becomes an act, signed by who is here, in a file for the next
//! signer.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::clock;
use countersign_service::operations::acts::Posted;

use super::{note_untimely, shipped, submission};
use crate::commands::signing::{self, LogName, SignWith};
use crate::commands::{Failure, Output, files};

/// Sign an agreement where the instance is not, and write the act for the next signer.
///
/// FILE is the agreement as a TOML file, or the act that an earlier signer wrote. Read it first:
/// `countersign agreement check FILE`, `countersign governance act show FILE`. All sign within 15 minutes; then
/// `countersign governance act submit FILE` hands it in.
///
/// Example: countersign agreement sign aurora-2026.toml --origin log.example.org/2026
/// --sign partner:aurora=aurora.key --out aurora-2026.json
#[derive(Args)]
pub(crate) struct Sign {
    /// The agreement, or an act with it.
    file: PathBuf,
    #[command(flatten)]
    log: LogName,
    /// Sign with this key file, as partner:NAME or reviewer:NAME. Can be given again.
    #[arg(long = "sign", value_name = "SIGNER=KEYFILE", required = true)]
    sign: Vec<SignWith>,
    /// Where to write the act; an act in FILE stays there, unless this is given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Sign {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let origin = self.log.origin()?;
        // No TOML file begins so, and every act does.
        let text = files::read_text(&self.file)?;
        if text.trim_start().starts_with('{') {
            let posted: Posted = files::parse_json(&self.file, &text)?;
            let out = self.out.as_ref().unwrap_or(&self.file);
            return signing::sign_into(
                posted.submission_for(&origin)?,
                &origin,
                &self.sign,
                out,
                output,
            );
        }
        let out = self.out.ok_or("an agreement becomes an act when it is signed: say with --out FILE where to write that")?;
        let schema = shipped::schema(self.log.dir())?;
        let document = files::parse_agreement(&self.file, &text, &schema)?;
        note_untimely(&document, &schema, output)?;
        let submission = submission(&document, clock::now())?;
        signing::sign_into(submission, &origin, &self.sign, &out, output)
    }
}
