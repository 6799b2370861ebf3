//! `countersign people upsert`: the change feed, from a file or a pipe.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_people::store::Folder;
use countersign_service::operations::error::OperationError;
use countersign_service::operations::feed::{FeedPart, Sequence};
use countersign_service::people::feed::{Applied, Batches};
use countersign_service::people::input;
use countersign_service::people::progress::Progress;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// What the lines look like.
const LINES: &str = r#"The feed has one change a line, and each has a sequence:

  {"sequence":17,"account":"ada","minor":false,"profile":{"name":"Ada"},"friends":["bob"]}
  {"sequence":18,"account":"ada","set":{"work":[],"religion":null}}
  {"sequence":21,"friendship":["ada","bob"]}
  {"sequence":22,"friendship_ended":["ada","bob"]}
  {"sequence":30,"account":"ada","removed":true}

profile and friends replace what was there; set changes the fields that it names, and null removes a
value; what a line does not name stays as it is. Friendship is mutual. An unknown account that a line
names is created without a profile. Lines are applied in batches: a line that cannot be read stops the
feed, and the message says up to which sequence it is applied.

Sequences rise from line to line and may have gaps. A line at or below the last sequence that was applied
is skipped, so a feed can be sent again; nothing checks whether that very line was applied. Sequences
must therefore be in the order in which changes were committed: a change whose number was drawn early
and committed after a higher one was sent is lost. docs/operations/people.md says how to get such numbers."#;

/// Apply a feed of changes to people, through the running server if there is one: its very next read shows them.
///
/// Example: countersign people upsert changes.jsonl
#[derive(Args)]
#[command(after_long_help = LINES)]
pub(in crate::commands) struct Upsert {
    #[command(flatten)]
    instance: InstanceDir,
    /// JSON Lines: a file or a pipe, plain or compressed by gzip or zstd; - is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
}

impl Upsert {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let from = input::open(&self.file);
        let from = from.map_err(|error| format!("{}: {error}", self.file.display()))?;
        let bar = Progress::Stderr.step("applying changes", 0);
        let done = |so_far: &Applied| bar.at(so_far.applied + so_far.skipped);
        let batches = Batches::new(from, 1);
        let applied = apply(&reach, batches, done)?;
        drop(bar);
        let Applied { applied, skipped, sequence } = applied;
        let document = json!({ "applied": applied, "skipped": skipped, "sequence": sequence });
        let text = format!(
            "Applied {applied} changes. Skipped {skipped}, at or below the last sequence that had been applied. It is {sequence} now."
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// Has them applied, a batch after the other.
fn apply(
    reach: &Reach,
    batches: Batches<impl Read>,
    mut done: impl FnMut(&Applied),
) -> Result<Applied, Failure> {
    let Sequence { sequence } =
        reach.call(&Call::get("/people/feed"), async |here| here.feed_sequence())?;
    // A server folds what was applied into a new image by itself.
    let _folder = match reach.has_server() {
        true => None,
        false => Some(reach.here(async |here| {
            Folder::start(Arc::clone(&here.people)).map_err(OperationError::internal)
        })?),
    };
    let mut all = Applied { sequence, ..Applied::default() };
    let mut after = 0;
    for batch in batches {
        let batch = batch?;
        let part = FeedPart { lines: batch.text.clone(), first_line: batch.first_line, after };
        let path = format!("/people/feed?first_line={}&after={after}", batch.first_line);
        after = batch.last_sequence().unwrap_or(after);
        let applied = reach.call(&Call::lines(path, batch.text), async |here| {
            here.people.wait_for_fold();
            here.apply_feed(part).await
        })?;
        all.add(applied);
        done(&all);
    }
    Ok(all)
}
