//! `countersign people grants`: what one person granted, and the end of a grant.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::clock;
use crate::commands::reach::Reach;
use crate::commands::running::path_part;
use crate::commands::{Failure, Output};
use crate::gateway::admin::grants::{self, EndedGrant, ShownGrant};
use crate::store::{Made, Way};

/// Show what a person granted to clients, or end one of their grants.
///
/// The tokens of a grant that is ended are refused from the next request on.
///
/// Example: countersign people grants platform ada --end 5633de5edda9f55a05e423f3bc96dfe4
#[derive(Args)]
pub(in crate::commands) struct Grants {
    /// The folder of the instance.
    dir: PathBuf,
    /// The platform's own name for the person.
    account: String,
    /// End the grant of this id.
    #[arg(long, value_name = "ID")]
    end: Option<String>,
}

impl Grants {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        if let Some(id) = &self.end {
            let EndedGrant { id, ended } = self.ended(&reach, id)?;
            output.say(&json!({ "id": id, "ended": ended }), &format!("Ended {id}."));
            return Ok(ExitCode::SUCCESS);
        }
        let found = self.found(&reach)?;
        let text: Vec<String> = found.grants.iter().map(line).collect();
        let text = if text.is_empty() { "nothing".to_owned() } else { text.join("\n") };
        output.say(&serde_json::to_value(&found)?, &text);
        Ok(ExitCode::SUCCESS)
    }

    fn found(&self, reach: &Reach) -> Result<grants::Grants, Failure> {
        if let Some(server) = reach.server() {
            return Ok(server.get(&format!("/people/{}/grants", path_part(&self.account)))?);
        }
        let people = reach.people()?;
        let person = people.person_of_account(&self.account)?.ok_or("there is no such account")?;
        Ok(grants::Grants::of(&people.grants_of(person)?, &reach.schema()?))
    }

    fn ended(&self, reach: &Reach, id: &str) -> Result<EndedGrant, Failure> {
        if let Some(server) = reach.server() {
            let path = format!("/people/{}/grants/{}", path_part(&self.account), path_part(id));
            return Ok(server.send("DELETE", &path, &())?);
        }
        let people = reach.people()?;
        let person = people.person_of_account(&self.account)?.ok_or("there is no such account")?;
        let made = Made { at: clock::now(), by: Way::Command };
        Ok(grants::end(&people, person, id, made)?.0)
    }
}

/// A grant on a line.
pub(super) fn line(grant: &ShownGrant) -> String {
    let ShownGrant { id, client, build, purpose, viewer, friend, created, until } = grant;
    let build = build.as_deref().unwrap_or(client);
    let fields = |fields: &[String]| match fields {
        [] => "nothing".to_owned(),
        fields => fields.join(", "),
    };
    format!(
        "{id}  {build} for {purpose}, {created} to {until}; of their own {}; of friends {}",
        fields(viewer),
        fields(friend)
    )
}
