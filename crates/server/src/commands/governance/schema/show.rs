//! `countersign governance schema show`: the fields in force.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::{Table, listed};
use crate::commands::{Failure, Output};

/// Show the fields in force, with their categories, and which are special categories of data.
///
/// Example: countersign governance schema show
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Show {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let fields = self.instance.reach()?.register()?.fields;
        let mut table = Table::new(["field", "category", "sensitivity", "special", "aliases"]);
        for field in &fields {
            table.row([
                field.name.clone(),
                field.category.clone(),
                format!("{:?}", field.sensitivity).to_lowercase(),
                if field.special { "yes" } else { "no" }.to_owned(),
                listed(&field.aliases),
            ]);
        }
        output.say(&json!({ "fields": fields }), &table.text("field"));
        Ok(ExitCode::SUCCESS)
    }
}
