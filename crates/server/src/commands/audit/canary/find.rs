//! `countersign audit canary find`: from a value that turned up to the answers that it left in.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::schema::FieldSchema;
use countersign_log::backend::posix::Posix;
use countersign_log::disclosures::{DisclosureOf, Wanted, disclosures_of};
use countersign_service::canaries::{Canaries, Match};
use countersign_service::operations::canaries::ShownGeneration;
use countersign_service::people::progress::Progress;
use serde::Serialize;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::{Failure, Output};

/// Find the partner that received a value, and the answers that contained it. Exit code 1 if no canary has had it.
///
/// The value is one whole text as it was in an answer: a name, an e-mail address, the address of a page, a school,
/// an employer, a sentence. A name is short and may be of several canaries; every other text is of one.
///
/// Example: countersign audit canary find robin.ashwell0317264@post.example
#[derive(Args)]
pub(in crate::commands) struct Find {
    #[command(flatten)]
    instance: InstanceDir,
    /// The value.
    value: String,
    /// The most answers that are named for each partner; all are counted.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

/// For whom a value was made, and what it left in.
#[derive(Serialize)]
struct Found {
    partner: String,
    account: String,
    field: &'static str,
    generation: u32,
    #[serde(flatten)]
    times: ShownGeneration,
    answers_count: u64,
    answers: Vec<Answer>,
}

/// An answer that had the value in it.
#[derive(Serialize)]
struct Answer {
    index: u64,
    time: String,
    client: String,
    build: String,
}

impl Find {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let email_domain = reach.config.canary.email_domain.clone();
        let canaries = Canaries::open(&reach.directory, email_domain)?;
        let schema = reach.schema()?;
        let (search, partners) = (canaries.search(&self.value), reach.register()?.partners);
        let bar = Progress::Stderr.step("making values again", partners.len() as u64);
        let mut matches = Vec::new();
        for (partner, done) in partners.iter().zip(1..) {
            matches.extend(search.toward(&partner.id));
            bar.at(done);
        }
        drop(bar);
        let found = matches.into_iter().map(|found| self.answers(&reach, &schema, found));
        let mut found = found.collect::<Result<Vec<_>, _>>()?;
        // A name may be of several; most likely it is of those that it was given as.
        found.sort_by_key(|found| std::cmp::Reverse(found.answers_count));
        let text = found.iter().map(Found::text).collect::<Vec<_>>().join("\n");
        if found.is_empty() {
            output.say(&json!({ "found": found }), "no canary of this instance has had this value");
            return Ok(ExitCode::FAILURE);
        }
        output.say(&json!({ "found": found }), &text);
        Ok(ExitCode::SUCCESS)
    }

    /// The answers to that partner with that field of that canary, in the times of that generation.
    fn answers(&self, reach: &Reach, schema: &FieldSchema, found: Match) -> Result<Found, Failure> {
        let Match { account, handle, partner, field, number, generation } = found;
        let (from, until) = (generation.began, generation.ended);
        let id = schema.by_name(field);
        let (mut answers, mut answers_count) = (Vec::new(), 0);
        let show = |DisclosureOf { index, entry, fields }: DisclosureOf| {
            if entry.partner == partner && id.is_some_and(|id| fields.contains(id)) {
                answers_count += 1;
                if answers.len() < self.limit {
                    let (client, build) = (entry.client.to_string(), entry.build.to_string());
                    answers.push(Answer { index, time: entry.time.to_string(), client, build });
                }
            }
        };
        let bar = Progress::Stderr.step("reading the log", 0);
        let progress = |done, total| {
            bar.total(total);
            bar.at(done);
        };
        let log = Posix::new(reach.directory.log());
        disclosures_of(&log, &Wanted { handle, from, until }, progress, show)?;
        let partner = partner.to_string();
        Ok(Found {
            partner,
            account,
            field,
            generation: number,
            times: generation.into(),
            answers_count,
            answers,
        })
    }
}

impl Found {
    fn text(&self) -> String {
        let Self { partner, account, field, generation, times, answers_count, answers } = self;
        let until = times.ended.as_deref().unwrap_or("now");
        let mut lines = vec![format!(
            "{partner} was given this as {field} of the canary {account}: generation {generation}, from {} until {until}; {answers_count} answers",
            times.began
        )];
        lines.extend(answers.iter().map(|Answer { index, time, client, build }| {
            format!("  entry {index}  {time}  {client}  {build}")
        }));
        let more = answers_count - answers.len() as u64;
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        lines.join("\n")
    }
}
