//! `countersign partner build show`: what a build declares, for those who review it.

use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use serde_json::json;

use crate::commands::describe;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::listed;
use crate::commands::{Failure, Output};

/// Show what a build declares and what became of it.
///
/// Example: countersign partner build show aurora-home@1
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
    /// The build's name.
    build: Identifier,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let register = self.instance.reach()?.register()?;
        let build = register.builds.iter().find(|build| build.build == self.build);
        let build = build.ok_or_else(|| {
            let name = &self.build;
            format!(
                "there is no build {name}; those that there are: countersign partner build list"
            )
        })?;
        let text = format!(
            "build     {} of client {}\nstate     {} (entry {})\npackage   {}, version code {}\nsigner    {}\nartifact  {}\npurposes  {}\nself      {}\nfriend    {}",
            build.build,
            build.client,
            describe::build_state(build.state),
            build.entry,
            build.package,
            build.version_code,
            build.signer,
            build.artifact,
            listed(&build.purposes),
            listed(&build.viewer),
            listed(&build.friend),
        );
        output.say(&json!({ "build": build }), &text);
        Ok(ExitCode::SUCCESS)
    }
}
