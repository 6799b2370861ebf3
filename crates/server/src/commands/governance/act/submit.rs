//! `countersign governance act submit`: an act goes into the log.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::acts::Posted;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output, describe, files, signing};

/// Hand in an act that has all of its signatures.
///
/// Example: countersign governance act submit approve.json
#[derive(Args)]
pub(in crate::commands) struct Submit {
    #[command(flatten)]
    instance: InstanceDir,
    /// The file of the act.
    file: PathBuf,
}

impl Submit {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let posted: Posted = files::read_json(&self.file)?;
        let reach = self.instance.reach()?;
        let submission = posted.submission_for(reach.config.origin())?;
        let what = describe::act(&submission.act.act);
        let taken = signing::hand_in(&reach, submission, "take the file there", output)?;
        signing::say_taken(&taken, &format!("Done: {what}"), output);
        Ok(ExitCode::SUCCESS)
    }
}
