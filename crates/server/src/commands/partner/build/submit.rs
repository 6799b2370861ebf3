//! `countersign partner build submit`: a new version of a client, which reviewers look at.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::act::Act;
use countersign_domain::build::Build as Version;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::signing::PartnerSigning;
use crate::commands::{Failure, Output, files};

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
    /// The build as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: PartnerSigning,
}

impl Submit {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let build: Version = files::read_toml(&self.file)?;
        let done = format!("Submitted build {} of client {}", build.build, build.client);
        self.signing.finish(Submission::of(Act::Build(build), clock::now()), &done, output)
    }
}
