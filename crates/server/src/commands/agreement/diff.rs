//! `countersign agreement diff`: what changes from one agreement to another.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::text::controls;
use countersign_policy::agreement::diff;
use serde_json::json;

use super::origin::{Origin, schema};
use crate::commands::instance_dir::OptionalInstanceDir;
use crate::commands::{Failure, Output};

/// List the changes from agreement A to agreement B, clause by clause: wider, narrower, or otherwise
/// different.
///
/// A and B are files, or NAME@DIR for an agreement in the log of an instance, whose field schema is used unless
/// --dir says otherwise. Order means nothing. The exit code is 0 if both mean the same, 1 if they do not, and 2 if
/// one cannot be read.
///
/// Example: countersign agreement diff aurora-2026@platform aurora-2027.toml
#[derive(Args)]
pub(crate) struct Diff {
    /// The agreement before.
    a: Origin,
    /// The agreement after.
    b: Origin,
    #[command(flatten)]
    instance: OptionalInstanceDir,
}

/// The exit code for trouble, as diff has it.
const TROUBLE: u8 = 2;

impl Diff {
    pub(super) fn run(self, output: Output) -> ExitCode {
        self.compare(output).unwrap_or_else(|failure| {
            output.failed(&*failure);
            ExitCode::from(TROUBLE)
        })
    }

    fn compare(self, output: Output) -> Result<ExitCode, Failure> {
        let schema = schema(&self.instance, [&self.a, &self.b])?;
        let (before, after) = (self.a.read(&schema)?, self.b.read(&schema)?);
        let changes = diff::diff(&before, &after, &schema);
        let is_same_document = before.document == after.document;
        let text = match (changes.is_empty(), is_same_document) {
            (true, true) => "They are the same.".to_owned(),
            (true, false) => {
                "They mean the same, and are written in another way, so that their digests differ."
                    .to_owned()
            }
            (false, _) => changes
                .iter()
                .map(|change| plain(&change.to_string()))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        let same = changes.is_empty();
        output.say(
            &json!({ "same": same, "same_document": is_same_document, "changes": changes }),
            &text,
        );
        Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A text without what controls terminals. In a log whatever both parties signed stands as it is.
fn plain(text: &str) -> String {
    text.chars().map(|c| if controls(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
