//! `countersign people erasures`: who is being erased.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::erasure::{self, ShownErasure};

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// List who asked for erasure and is not destroyed yet, with the legal holds that keep them.
///
/// Example: countersign people erasures
#[derive(Args)]
pub(in crate::commands) struct Erasures {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Erasures {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let found: erasure::Erasures =
            reach.call(&Call::get("/erasures"), async |here| here.erasures())?;
        let mut lines: Vec<String> = found.erasures.iter().map(line).collect();
        if lines.is_empty() {
            lines.push("nobody".to_owned());
        }
        if found.has_remnants {
            let remnants = "The people store's file still has bytes of somebody who was erased; the next close, or start of the server, leaves them behind.";
            lines.push(remnants.to_owned());
        }
        output.say(&serde_json::to_value(&found)?, &lines.join("\n"));
        Ok(ExitCode::SUCCESS)
    }
}

/// An erasure on a line.
pub(super) fn line(erasure: &ShownErasure) -> String {
    let ShownErasure { account, asked_at, held_until, is_due } = erasure;
    let what = match held_until {
        _ if *is_due => "the next close destroys what is left".to_owned(),
        None => "the next close behind what the log is still to be told destroys what is left"
            .to_owned(),
        Some(until) => {
            format!("the first close behind the legal hold, until {until}, destroys what is left")
        }
    };
    format!("{account}  asked for at {asked_at}; {what}")
}
