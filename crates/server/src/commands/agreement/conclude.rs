//! `countersign agreement conclude`: signs an agreement and hands it in.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::clock;

use super::{FORMAT, note_untimely, submission};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output, files};

/// Put an agreement in force. The partner and two reviewers sign.
///
/// It replaces an earlier agreement of its name. Of several agreements about one client, the strictest
/// applies.
///
/// Example: countersign agreement conclude aurora-2026.toml --sign partner:aurora=aurora.key
/// --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(crate) struct Conclude {
    #[command(flatten)]
    instance: InstanceDir,
    /// The agreement as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Conclude {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let schema = reach.schema()?;
        let document = files::read_agreement(&self.file, &schema)?;
        note_untimely(&document, &schema, output)?;
        let done = format!(
            "Agreement {} with partner {} about client {} is in the log",
            document.agreement, document.partner, document.client
        );
        self.signing.finish(&reach, submission(&document, clock::now())?, &done, output)
    }
}
