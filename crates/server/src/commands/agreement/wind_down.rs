//! `countersign agreement wind-down`: the platform ends something, from an instant on.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign_domain::act::{Act, WindDown as Schedule};
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_policy::instant;
use countersign_service::clock;
use countersign_service::governance::Submission;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output, describe};

/// Schedule the end of an agreement, or of a part of it. One reviewer signs.
///
/// It is added to what the agreement itself and earlier acts end. Nothing takes it back but a new agreement
/// of the same name, which the partner and two reviewers sign.
///
/// Example: countersign agreement wind-down aurora-2026 --at 2026-12-01T00:00:00Z --ends friends
/// --reason "friends' data is no longer shared" --sign reviewer:ann=ann.key
#[derive(Args)]
pub(crate) struct WindDown {
    #[command(flatten)]
    instance: InstanceDir,
    /// The agreement's name.
    agreement: Identifier,
    /// The first second in which it has ended, with its offset. Not in the past.
    #[arg(long, value_name = "INSTANT", value_parser = instant::parse)]
    at: Timestamp,
    /// What ends.
    #[arg(long)]
    ends: What,
    /// The fields that end, with commas between them.
    #[arg(long, value_delimiter = ',', required_if_eq("ends", "fields"))]
    fields: Vec<String>,
    /// Why, for everybody to read in the log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    signing: Signing,
}

/// What a step can end.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum What {
    /// New grants; those that there are run on.
    NewGrants,
    /// Renewal; the term in which that is runs on.
    Renewal,
    /// Everything of friends, the list of them included.
    Friends,
    /// The fields of --fields, of anybody.
    Fields,
    /// Everything.
    All,
}

impl WindDown {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let document = reach.agreement(&self.agreement)?;
        reach.schema()?.resolve(&self.fields)?;
        if self.ends != What::Fields && !self.fields.is_empty() {
            return Err(
                "--fields names what ends with --ends fields; anything else ends more than these"
                    .into(),
            );
        }
        let ends = match self.ends {
            What::NewGrants => EndsDocument::NewGrants,
            What::Renewal => EndsDocument::Renewal,
            What::Friends => EndsDocument::Friends,
            What::Fields => EndsDocument::Fields(self.fields),
            What::All => EndsDocument::All,
        };
        let step = WindDownDocument { at: self.at, ends };
        let said = describe::end(&step);
        let done = format!("Agreement {}: from {} {said}", self.agreement, self.at);
        let (client, steps, reason) = (document.client, vec![step], self.reason);
        let act = Act::WindDown(Schedule { agreement: self.agreement, client, steps, reason });
        self.signing.finish(&reach, Submission::of(act, clock::now()), &done, output)
    }
}
