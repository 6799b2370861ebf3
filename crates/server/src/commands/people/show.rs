//! `countersign people show`: what an operator needs to know of a person.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::roster::Summary;

use super::{grants, history, settings};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Show a person's settings, grants, last change, legal hold and erasure. Nothing of their profile is shown.
///
/// Example: countersign people show ada
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let call = Call::get(format!("/people/{}/summary", path_part(&self.account)));
        let found: Summary = reach.call(&call, async |here| here.summary(&self.account))?;
        let mut lines = vec![
            format!("account         {}", found.account),
            settings::text(&found.settings, &reach.schema()?),
        ];
        lines.extend(
            found.grants.iter().map(|grant| format!("grant           {}", grants::line(grant))),
        );
        let last = found.last_change.as_ref().map(|change| ("last change", history::line(change)));
        let held = found.held_until.clone().map(|until| ("held until", until));
        let erasure = found.erasure_asked.clone().map(|at| ("erasure asked", at));
        let more = [last, held, erasure].into_iter().flatten();
        lines.extend(more.map(|(what, says)| format!("{what:<15} {says}")));
        output.say(&serde_json::to_value(&found)?, &lines.join("\n"));
        Ok(ExitCode::SUCCESS)
    }
}
