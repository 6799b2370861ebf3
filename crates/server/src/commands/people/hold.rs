//! `countersign people hold`: a legal hold on what is kept of a person.

use std::process::ExitCode;

use clap::{ArgGroup, Args};
use countersign_domain::time::Timestamp;
use countersign_policy::instant;
use countersign_service::operations::hold::ShownHold;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Set a legal hold on what the log needs to say what was released of a person, or end one.
///
/// Erasure waits for its end. It keeps account, secret, history and what the log's private part says; profile and
/// settings it does not keep. The person sees it in their ledger.
///
/// Example: countersign people hold ada --until 2030-01-01T00:00:00Z
#[derive(Args)]
#[command(group(ArgGroup::new("end").required(true)))]
pub(in crate::commands) struct Hold {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
    /// When it ends; in place of any hold before.
    #[arg(long, value_name = "INSTANT", value_parser = instant::parse, group = "end")]
    until: Option<Timestamp>,
    /// End the hold now.
    #[arg(long, group = "end")]
    lift: bool,
}

impl Hold {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let path = format!("/people/{}/hold", path_part(&self.account));
        let call = match self.until {
            Some(until) => Call::send("PUT", path, &ShownHold { until: until.to_string() })?,
            None => Call::bodiless("DELETE", path),
        };
        let held: ShownHold = reach.call(&call, async |here| {
            let chosen = match self.until {
                Some(until) => here.hold(&self.account, until).await?,
                None => here.lift_hold(&self.account).await?,
            };
            Ok(chosen.now)
        })?;
        let text = match self.lift {
            true => format!("The hold on {} ended.", self.account),
            false => format!("What is kept of {} is held until {}.", self.account, held.until),
        };
        output.say(&serde_json::to_value(&held)?, &text);
        Ok(ExitCode::SUCCESS)
    }
}
