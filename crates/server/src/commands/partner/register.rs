//! `countersign partner register`: who may receive data at all.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::Act;
use countersign_domain::partner::Partner as Entity;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output, files};

/// Register a partner, or change what is registered of it. Two reviewers sign.
///
/// The file:
///
///   id = "aurora"
///   name = "Aurora Devices Ltd"
///   country = "IE"
///   parent_country = "IE"
///   owners = [{ name = "Aurora Holding plc", country = "IE", percent = 100 }]
///   key = "…"     # what `countersign key new` or `key show` printed to the partner
///
/// Example: countersign partner register aurora.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(in crate::commands) struct Register {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partner as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Register {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let partner: Entity = files::read_toml(&self.file)?;
        let reach = self.instance.reach()?;
        let done = format!("Registered partner {}", partner.id);
        let submission = Submission::of(Act::Partner(partner), clock::now());
        self.signing.finish(&reach, submission, &done, output)
    }
}
