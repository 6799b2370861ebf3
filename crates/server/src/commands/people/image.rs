//! `countersign people image`: the image that requests read, made again from the store.

use std::process::ExitCode;

use clap::Args;
use countersign_people::store::{self, StoreOptions};
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Make the image of the people again, where it is missing or damaged.
///
/// Example: countersign people image
#[derive(Args)]
pub(in crate::commands) struct Image {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Image {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let directory = self.instance.data_dir()?;
        let counts = store::rebuild_image(&directory.people(), StoreOptions::default())?;
        let document = json!({ "people": counts.people, "friendships": counts.friendships });
        let text = format!(
            "Made the image again: {} people, {} friendships.",
            counts.people, counts.friendships
        );
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}
