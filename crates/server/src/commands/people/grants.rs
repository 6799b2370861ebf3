//! `countersign people grants`: what one person granted, and the end of a grant.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::grants::{self, EndedGrant, ShownGrant};
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::reach::Reach;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Show what a person granted to clients, or end one of their grants.
///
/// The tokens of a grant that is ended are refused from the next request on.
///
/// Example: countersign people grants ada --end 5633de5edda9f55a05e423f3bc96dfe4
#[derive(Args)]
pub(in crate::commands) struct Grants {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
    /// End the grant of this id.
    #[arg(long, value_name = "ID")]
    end: Option<String>,
}

impl Grants {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
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
        let call = Call::get(format!("/people/{}/grants", path_part(&self.account)));
        reach.call(&call, async |here| here.grants(&self.account).await)
    }

    fn ended(&self, reach: &Reach, id: &str) -> Result<EndedGrant, Failure> {
        let path = format!("/people/{}/grants/{}", path_part(&self.account), path_part(id));
        reach.call(&Call::bodiless("DELETE", path), async |here| {
            Ok(here.end_grant(&self.account, id).await?.now)
        })
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
