//! `countersign governance budgets`: how many people clients and partners may reach.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::act::{Act, Published};
use countersign_domain::budget::{BudgetsDocument, Scope, Then};
use countersign_policy::budget::Usage;
use countersign_policy::budget::preset::Preset;
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::operations::budgets::InForce;
use countersign_toml::Fault;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::signing::Signing;
use crate::commands::{Failure, Output, files};

/// What a budgets file looks like.
const FORMAT: &str = r#"The file is TOML. It takes the place of the budgets that the platform set before;
those of agreements stand in the agreements and stay.

  version = 1

  [[budgets]]                           # once for each budget
  applies_to = "everybody"              # or "country_of_concern", { partner = "aurora" },
                                        # { client = "aurora-home" }
  [budgets.budget]
  budget = "names-a-week"               # its name in alerts and refusals
  scope = "client"                      # or "partner": all clients of the partner together
  categories = ["pd:Name"]              # of the field schema; left out, any field counts
  window_days = 7                       # 1 to 366, today included; days are UTC
  then = "deny"                         # or "alert"
  limit = { people = 1000 }             # at most so many distinct people, or
        # { harvest = { people_per_grant = 100, people_free = 10000 } }
        # { lowest_present = [{ categories = ["pd:Name"], people_max = 100 }] }"#;

/// What stands above a preset.
const HEADING: &str = "# Look at this, change it, and put it in force: countersign governance budgets set FILE.\n\
                       # What it counts, and where it is stricter than the law: docs/budgets.md.\n\n";

/// Budgets from a preset to their use.
const EXAMPLES: &str = "\
Examples:

  countersign governance budgets preset us-bulk-2025 --out budgets.toml
  countersign governance budgets set budgets.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
  countersign governance budgets show";

/// Limit how many people clients and partners reach.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Budgets {
    Preset(PresetOf),
    Set(Set),
    Show(Show),
}

/// Write budgets to begin with: us-bulk-2025 (28 CFR 202.205) or harvest.
///
/// Nothing is put in force.
///
/// Example: countersign governance budgets preset us-bulk-2025 --out budgets.toml
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(in crate::commands) struct PresetOf {
    /// us-bulk-2025 or harvest.
    name: Preset,
    #[command(flatten)]
    instance: InstanceDir,
    /// Write to this file.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Put the platform's budgets in force. Two reviewers sign.
///
/// They replace the earlier budgets, and also count what was released before them.
///
/// Example: countersign governance budgets set budgets.toml --sign reviewer:ann=ann.key --sign reviewer:ben=ben.key
#[derive(Args)]
#[command(after_long_help = FORMAT)]
pub(in crate::commands) struct Set {
    #[command(flatten)]
    instance: InstanceDir,
    /// The budgets as a TOML file.
    file: PathBuf,
    #[command(flatten)]
    signing: Signing,
}

/// Show the budgets in force, and how much of each is used.
///
/// Example: countersign governance budgets show
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Budgets {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Preset(command) => command.run(output),
            Self::Set(command) => command.run(output),
            Self::Show(command) => command.run(output),
        }
    }
}

impl PresetOf {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let document = self.name.document(&self.instance.reach()?.schema()?)?;
        let text = format!("{HEADING}{}", toml::to_string(&document)?);
        match &self.out {
            Some(file) => {
                files::replace(file, &text)?;
                let count = document.budgets.len();
                let done = format!("Wrote {count} budgets to {}", file.display());
                output.say(&json!({ "file": file.display().to_string(), "budgets": count }), &done);
            }
            None => output.say(&json!(document), text.trim_end()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Set {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let schema = reach.schema()?;
        let document = files::read_toml_checked(&self.file, |document: BudgetsDocument| {
            let checked = document.check(&schema);
            checked.map_err(|error| Fault::at("budgets", error.to_string()))?;
            Ok(document)
        })?;
        let done = match document.budgets.len() {
            0 => "No budget of the platform's is in force any more".to_owned(),
            1 => "One budget of the platform's is in force".to_owned(),
            count => format!("{count} budgets of the platform's are in force"),
        };
        let act = |digest| Act::Budgets(Published { digest });
        let submission = Submission::publishing(&document, act, clock::now())?;
        self.signing.finish(&reach, submission, &done, output)
    }
}

impl Show {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
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
