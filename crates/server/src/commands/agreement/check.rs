//! `countersign agreement check`: whether a file is an agreement, what it means, and what is odd about it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::agreement::Agreement;
use countersign_policy::agreement::odd;
use countersign_service::clock;
use serde_json::json;

use super::{FORMAT, shipped, words};
use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::{Failure, Output, files};

/// Check an agreement file, print everything that it means, and warn of what is odd.
///
/// Example: countersign agreement check aurora-2026.toml
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(crate) struct Check {
    /// The agreement as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    instance: OptionalInstanceDir,
}

impl Check {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let schema = shipped::schema(self.instance.found())?;
        let document = files::read_agreement(&self.file, &schema)?;
        let agreement = Agreement::from_document(document, &schema)?;
        let mut text = words::in_words(&agreement);
        let mut odd = odd::oddities(&agreement, &schema);
        odd.extend(odd::untimely(&agreement, clock::now()));
        for oddity in &odd {
            text = format!("{text}\nODD {oddity}");
        }
        let odd: Vec<_> = odd
            .iter()
            .map(|oddity| json!({ "clause": oddity.clause, "says": oddity.says }))
            .collect();
        output.say(&json!({ "ok": true, "agreement": agreement.document, "odd": odd }), &text);
        Ok(ExitCode::SUCCESS)
    }
}
