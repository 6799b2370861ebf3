//! `countersign partner build`: the released versions of clients, each of which is reviewed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::act::{Act, Review, ReviewOutcome};
use countersign_domain::build::Build as Version;
use countersign_domain::identifier::Identifier;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output, files};

/// A build from its submission to its end.
const EXAMPLES: &str = "\
Examples:

  countersign partner build submit build-1.toml --sign partner:aurora=aurora.key
  countersign partner build approve aurora-home@1 --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign partner build revoke aurora-home@1 --sign reviewer:ann=ann.key";

/// Submit, approve and revoke builds.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Build {
    Submit(Submit),
    Approve(Approve),
    Revoke(Revoke),
}

/// Submit a build, signed by its partner. It may declare only what its client's agreement allows.
///
/// The file:
///
///   build = "aurora-home@1"
///   client = "aurora-home"
///   package = "com.example.aurora.home"
///   signer = "…"      # SHA-256 of the certificate that signed the package, 64 hexadecimal digits
///   version_code = 1
///   artifact = "…"    # SHA-256 of the artifact, 64 hexadecimal digits
///   purposes = ["address-book"]
///   self = ["id", "friends", "name"]
///   friend = ["id", "name"]
///
/// Example: countersign partner build submit build-1.toml --sign partner:aurora=aurora.key
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(in crate::commands) struct Submit {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Approve a build, which may then receive what it declared. Two reviewers sign.
///
/// Example: countersign partner build approve aurora-home@1 --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
pub(in crate::commands) struct Approve {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build's name.
    build: Identifier,
    #[command(flatten)]
    signing: Signing,
}

/// Revoke a build, which gets nothing any more, for good. One reviewer signs.
///
/// Example: countersign partner build revoke aurora-home@1 --sign reviewer:ann=ann.key
#[derive(Args)]
pub(in crate::commands) struct Revoke {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build's name.
    build: Identifier,
    #[command(flatten)]
    signing: Signing,
}

impl Build {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Submit(command) => command.run(output),
            Self::Approve(command) => command.run(output),
            Self::Revoke(command) => command.run(output),
        }
    }
}

impl Submit {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let build: Version = files::read_toml(&self.file)?;
        let reach = self.instance.reach()?;
        let done = format!("Submitted build {} of client {}", build.build, build.client);
        let submission = Submission::of(Act::Build(build), clock::now());
        self.signing.finish(&reach, submission, &done, output)
    }
}

impl Approve {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let done = format!("Approved build {}", self.build);
        let review = Review { build: self.build, outcome: ReviewOutcome::Approve };
        let submission = Submission::of(Act::Review(review), clock::now());
        self.signing.finish(&self.instance.reach()?, submission, &done, output)
    }
}

impl Revoke {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let done = format!("Revoked build {}", self.build);
        let review = Review { build: self.build, outcome: ReviewOutcome::Revoke };
        let submission = Submission::of(Act::Review(review), clock::now());
        self.signing.finish(&self.instance.reach()?, submission, &done, output)
    }
}
