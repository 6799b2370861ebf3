//! `countersign agreement new`: the first draft of an agreement, with what every key means.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use countersign_domain::identifier::Identifier;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_service::clock;
use serde_json::json;

use crate::commands::{Failure, Output, files};

/// Write the first draft of an agreement: a file with every key and what it means, which `check` takes as it
/// is.
///
/// Example: countersign agreement new --partner aurora --client aurora-home --kind device --out aurora-2026.toml
#[derive(Args)]
pub(crate) struct New {
    /// The partner's name in the register.
    #[arg(long, default_value = "partner")]
    partner: Identifier,
    /// The client's name; the partner's and -app, or -device, where it is left out.
    #[arg(long)]
    client: Option<Identifier>,
    /// Whether the client is a device integration or an app.
    #[arg(long, default_value = "app")]
    kind: Kind,
    /// The agreement's name; the client's and -1 where it is left out.
    #[arg(long)]
    agreement: Option<Identifier>,
    /// The legal name of the platform.
    #[arg(long, default_value = "Example Platform")]
    platform: String,
    /// For how many days it is in force, from the beginning of today (UTC) on.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_525))]
    days: u32,
    /// Write it to this file, which must not be there yet, instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The kind of a client.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// A device integration.
    Device,
    /// An app.
    App,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::App => "app",
        }
    }
}

impl New {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let text = self.draft(clock::now())?;
        let Some(out) = &self.out else {
            output.say(&json!({ "file": text }), text.trim_end());
            return Ok(ExitCode::SUCCESS);
        };
        files::write_new(out, &text)?;
        let file = out.display();
        let next = format!("Wrote {file}. Next: countersign agreement check {file}");
        output.say(&json!({ "out": file.to_string(), "file": text }), &next);
        Ok(ExitCode::SUCCESS)
    }

    fn draft(&self, now: Timestamp) -> Result<String, Failure> {
        let kind = self.kind.name();
        let client = match &self.client {
            Some(client) => client.clone(),
            None => Identifier::parse(&format!("{}-{kind}", self.partner))?,
        };
        let agreement = match &self.agreement {
            Some(agreement) => agreement.clone(),
            None => Identifier::parse(&format!("{client}-1"))?,
        };
        let days_since_1970 = now.seconds() / SECONDS_PER_DAY;
        let day = |days: u64| Timestamp::from_seconds(days * SECONDS_PER_DAY);
        let platform = toml::Value::String(self.platform.clone()).to_string();
        Ok(DRAFT
            .replace("{agreement}", agreement.as_str())
            .replace("{partner}", self.partner.as_str())
            .replace("{client}", client.as_str())
            .replace("{kind}", kind)
            .replace("{not_before}", &day(days_since_1970).to_string())
            .replace("{not_after}", &day(days_since_1970 + u64::from(self.days)).to_string())
            // The last one, since it is the only one that anything may stand in.
            .replace("{platform}", &platform))
    }
}

/// The draft. What is commented out has no effect until somebody wants it.
const DRAFT: &str = r#"# An agreement between a platform and a partner, about one client. docs/agreements.md describes it whole;
# `countersign agreement check` says what it means, and warns of what is odd.

version = 2
agreement = "{agreement}"         # its own name, under which entries speak of it
platform = {platform}             # the legal name of who holds the people's data
partner = "{partner}"             # who receives data, by the name in the register
client = "{client}"               # the partner's product that asks for it
kind = "{kind}"                   # "device" or "app": by which route people's settings are asked

not_before = {not_before}         # the first second in which it is in force
not_after = {not_after}           # the first in which it no longer is
# renewal = { days = 365, times = 2 }   # it goes on by itself, so often, by so many days
# territory = ["NL"]                    # where the seats of partner and ultimate parent have to be; any, if left out

delivery = "clear"                # or { sealed = "hardware" }, "vouched", "software"
wait = "durable"                  # how long an answer waits: "durable", "published", "witnessed"
query_token = false               # true lets old clients send their token in the query
certification = { every_days = 180, cure_days = 30 }   # how often the partner certifies, and how late it may be

# What is promised to everybody, to be proved by `countersign agreement prove`.
pledges = [
  "approved_builds",
  "validity",
  "consent",
  # { no_special_categories = "service" },
  # { minors = ["id", "name"] },
  # { never = ["religion", "political"] },
]

[obligations]
retention_days = 365              # for how long data may be kept after release
deletion_days = 30                # how fast it is deleted after a withdrawal, an erasure, and the end
onward_transfer = []              # to whom it may be passed on, by legal names

[[purpose]]                       # once for each purpose
purpose = "service"               # the name that requests give
dpv = "dpv:ServiceProvision"      # what it is, in the W3C Data Privacy Vocabulary 2.0
self = ["id", "friends", "name"]  # fields of the person who signed in
friend = ["id", "name"]           # fields of each of their friends, as far as their own settings allow

[[budget]]                        # how many people may be reached
budget = "harvest"
scope = "client"                  # or "partner": all of its clients together
window_days = 30
limit = { harvest = { people_per_grant = 1000, people_free = 10000 } }   # or { people = 100000 }
then = "deny"                     # or "alert"

# [[wind_down]]                   # what ends before not_after
# at = {not_after}
# ends = "friends"                # or "new_grants", "renewal", "fields" with fields = ["name"], "all"
"#;

#[cfg(test)]
mod tests {

    use countersign_domain::agreement::Agreement;
    use countersign_policy::agreement::{odd, read};

    use super::*;
    use countersign_service::people::schema;

    #[test]
    fn every_draft_is_an_agreement_that_nothing_is_odd_about() {
        let schema = schema::parse(schema::DEFAULT_SCHEMA).unwrap();
        for (kind, platform) in
            [(Kind::Device, "Example"), (Kind::App, "\"Quoted\" {partner} \\ & Söhne\u{1}")]
        {
            let name = |text: &str| Identifier::parse(text).unwrap();
            let new = New {
                partner: name("aurora"),
                client: None,
                kind,
                agreement: None,
                platform: platform.to_owned(),
                days: 365,
                out: None,
            };
            let text = new.draft(Timestamp::from_seconds(1_528_070_401)).unwrap();
            if platform.ends_with('\u{1}') {
                let error = read(&text, &schema).unwrap_err().to_string();
                assert!(error.contains("the platform's name is not plain text"), "{error}");
                continue;
            }
            let document = read(&text, &schema).unwrap();
            assert_eq!(document.platform, platform);
            assert_eq!(document.client.as_str(), "aurora-device");
            assert_eq!(document.not_before.to_string(), "2018-06-04T00:00:00Z");
            assert_eq!(document.not_after.to_string(), "2019-06-04T00:00:00Z");
            let odd = odd::oddities(&Agreement::from_document(document, &schema).unwrap(), &schema);
            assert_eq!(odd, []);
        }
    }

    #[test]
    fn what_is_commented_out_can_be_taken_in() {
        let schema = schema::parse(schema::DEFAULT_SCHEMA).unwrap();
        let mut taken = 0;
        let lines = DRAFT.lines().map(|line| {
            let uncommented = line.trim_start().strip_prefix("# ").filter(|rest| {
                rest.contains(" = ") || rest.starts_with("[[") || rest.starts_with("{ ")
            });
            taken += usize::from(uncommented.is_some());
            uncommented.unwrap_or(line)
        });
        let draft = lines.collect::<Vec<_>>().join("\n");
        let draft = draft.replace("{not_before}", "2026-01-01T00:00:00Z");
        let draft = draft.replace("{not_after}", "2027-03-01T00:00:00Z");
        let draft = draft.replace("{platform}", "\"Example\"").replace("{kind}", "app");
        let draft = ["agreement", "partner", "client"]
            .into_iter()
            .fold(draft, |draft, key| draft.replace(&format!("{{{key}}}"), key));
        let document = read(&draft, &schema).unwrap_or_else(|error| panic!("{error}\n{draft}"));
        assert_eq!((taken, document.pledges.len(), document.wind_down.len()), (8, 6, 1));
        assert!(document.renewal.is_some() && !document.territory.is_empty());
    }
}
