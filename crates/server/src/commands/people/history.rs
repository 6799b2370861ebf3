//! `countersign people history`: what one person changed.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::history::{
    self, LIMIT_DEFAULT, LIMIT_MAX, ShownChange, ShownEvent, ShownSettings,
};
use countersign_service::operations::settings::OpenFields;

use super::grants;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Show what a person changed of their settings and grants, newest first.
///
/// Example: countersign people history ada --limit 20
#[derive(Args)]
pub(in crate::commands) struct History {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
    /// The most changes (1 to 1000).
    #[arg(long, value_name = "N", default_value_t = LIMIT_DEFAULT, value_parser = limit)]
    limit: usize,
    /// Those before the change of this number.
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

impl History {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let found = self.found(&reach)?;
        let mut lines: Vec<String> = found.history.iter().map(line).collect();
        if let Some(before) = found.before {
            lines.push(format!("There is more: --before {before}"));
        }
        let text = if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") };
        output.say(&serde_json::to_value(&found)?, &text);
        Ok(ExitCode::SUCCESS)
    }

    fn found(&self, reach: &Reach) -> Result<history::History, Failure> {
        let Self { account, limit, before, .. } = self;
        let before_part = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let path = format!("/people/{}/history?limit={limit}{before_part}", path_part(account));
        reach.call(&Call::get(path), async |here| here.history(account, *before, *limit).await)
    }
}

fn limit(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| format!("1 to {LIMIT_MAX} is expected"))
}

/// A change on a line.
pub(super) fn line(change: &ShownChange) -> String {
    let ShownChange { number, time, by, what } = change;
    let what = match what {
        ShownEvent::Settings(settings) => of_settings(settings),
        ShownEvent::GrantGiven { grant, sec_gpc } => {
            let under = if *sec_gpc { " under Sec-GPC" } else { "" };
            format!("granted{under}  {}", grants::line(grant))
        }
        ShownEvent::GrantEnded(grant) => format!("ended  {}", grants::line(grant)),
        ShownEvent::Erased {} => "erased".to_owned(),
        ShownEvent::Hold { until } => format!("legal hold until {until}"),
    };
    format!("{number}  {time}  {by}  {what}")
}

fn of_settings(settings: &ShownSettings) -> String {
    let ShownSettings { preset, opened, closed } = settings;
    let routes = |word: &str, fields: &OpenFields| {
        let routes = fields.iter().map(|(route, fields)| format!("{route} {}", fields.join(", ")));
        let routes: Vec<String> = routes.collect();
        (!routes.is_empty()).then(|| format!("{word} {}", routes.join("; ")))
    };
    let preset = preset.as_ref().map(|name| format!("preset {name}"));
    let parts = [preset, routes("opened", opened), routes("closed", closed)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
}
