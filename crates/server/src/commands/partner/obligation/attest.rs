//! `countersign partner obligation attest`: the partner says that it did what was owed.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::obligation::ObligationStep;

use super::About;
use crate::commands::signing::PartnerSigning;
use crate::commands::{Failure, Output};

/// Attest that what was owed was done. The partner signs.
///
/// What is owed at an agreement's end, that the data is deleted, has the agreement's name.
///
/// Example: countersign partner obligation attest aurora delete-4711 --sign partner:aurora=aurora.key
#[derive(Args)]
pub(in crate::commands) struct Attest {
    #[command(flatten)]
    about: About,
    #[command(flatten)]
    signing: PartnerSigning,
}

impl Attest {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let (submission, done) = self.about.submission(ObligationStep::Attested, "Attested");
        self.signing.finish(submission, &done, output)
    }
}
