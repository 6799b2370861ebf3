//! `countersign governance budgets show`: the budgets in force, and what is used of them.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::budget::{Scope, Then};
use countersign_policy::budget::Usage;
use countersign_service::operations::budgets::InForce;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// Show the budgets in force, and how much of each is used.
///
/// Example: countersign governance budgets show
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let call = Call::get("/budgets");
        let in_force: InForce = reach.call(&call, async |here| here.budgets_in_force().await)?;
        output.say(&json!(in_force), &in_words(&in_force));
        Ok(ExitCode::SUCCESS)
    }
}

/// How much is used of what, client by client.
fn in_words(in_force: &InForce) -> String {
    let set = in_force.document.as_ref().map_or(0, |document| document.budgets.len());
    if in_force.used.is_empty() {
        let of_nobody = format!("The platform set {set} budgets, and none applies to any client.");
        return if set == 0 { "There are no budgets.".to_owned() } else { of_nobody };
    }
    let mut lines = Vec::new();
    let mut client = None;
    for used in &in_force.used {
        let Usage { budget, window_days, people, people_max, .. } = used;
        if client != Some(&used.client) {
            client = Some(&used.client);
            lines.push(format!("client {} of partner {}", used.client, used.partner));
        }
        let of = people_max.map_or_else(|| "no limit yet".to_owned(), |max| format!("of {max}"));
        let whom = match used.scope {
            Scope::Client => "the client",
            Scope::Partner => "all clients of the partner",
        };
        let then = match used.then {
            Then::Deny => "beyond it there is no answer",
            Then::Alert => "beyond it there is an alert",
        };
        lines.push(format!(
            "  {budget}: {people} {of}, distinct people reached by {whom} in {window_days} days; {then}"
        ));
    }
    lines.join("\n")
}
