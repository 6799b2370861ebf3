//! `countersign partner`: who may receive data at all.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::act::Act;
use countersign_domain::partner::Partner as Entity;
use countersign_service::clock;
use countersign_service::governance::Submission;

use super::reach::Reach;
use super::submit::Signing;
use super::{Failure, Output, files};

/// Register partners.
#[derive(Subcommand)]
pub(super) enum Partner {
    Register(Register),
}

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
/// Example: countersign partner register platform aurora.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Register {
    /// The folder of the instance.
    dir: PathBuf,
    /// The partner as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

impl Partner {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Register(command) => command.run(output),
        }
    }
}

impl Register {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let partner: Entity = files::read_toml(&self.file)?;
        let reach = Reach::open(&self.dir)?;
        let done = format!("Registered partner {}", partner.id);
        let submission = Submission::of(Act::Partner(partner), clock::now());
        self.signing.finish(&reach, submission, &done, output)
    }
}
