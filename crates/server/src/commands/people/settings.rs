//! `countersign people settings`: one person's own choices.

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use countersign_domain::preset::Preset;
use countersign_domain::schema::FieldSchema;
use countersign_service::operations::settings::{OpenFields, OpenSettings};
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::{Call, path_part};
use crate::commands::{Failure, Output};

/// Show or change what a person has opened, by route: my_device, friends_device, my_app, friends_app.
///
/// A running server applies it at once: its very next read obeys. On a route that is named, exactly the
/// named fields are open; other routes stay as they are. A preset is applied first.
///
/// Example: countersign people settings ada --preset closed --open my_device=id,name,friends
#[derive(Args)]
pub(in crate::commands) struct Settings {
    #[command(flatten)]
    instance: InstanceDir,
    /// The platform's own name for the person.
    account: String,
    /// Apply a preset to all routes: closed, default, friends-basics, open, or legacy-2014 (for replays).
    #[arg(long, value_name = "NAME", value_parser = preset_name)]
    preset: Option<String>,
    /// Open these fields on a route, and no others there; * opens all that there are. Can be given again.
    #[arg(long, value_name = "ROUTE=FIELD,…")]
    open: Vec<Opening>,
    /// Close a route. Can be given again.
    #[arg(long, value_name = "ROUTE")]
    close: Vec<String>,
}

/// A route with the fields to open on it.
#[derive(Clone)]
struct Opening {
    route: String,
    fields: Vec<String>,
}

impl FromStr for Opening {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (route, fields) =
            text.split_once('=').ok_or("ROUTE=FIELD,FIELD is expected, or ROUTE=*")?;
        let fields = fields.split(',').map(|field| field.trim().to_owned()).collect();
        Ok(Self { route: route.to_owned(), fields })
    }
}

impl Settings {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let mut open = OpenFields::new();
        open.extend(self.close.into_iter().map(|route| (route, Vec::new())));
        for Opening { route, fields } in self.open {
            if open.insert(route.clone(), fields).is_some() {
                return Err(format!("{route} is named twice; say once what is open there").into());
            }
        }
        let wanted = OpenSettings { preset: self.preset, open };
        let reach = self.instance.reach()?;
        let schema = reach.schema()?;
        let path = format!("/people/{}/settings", path_part(&self.account));
        let now: OpenSettings = if wanted.is_empty() {
            reach.call(&Call::get(path), async |here| here.settings(&self.account).await)?
        } else {
            reach.call(&Call::send("PUT", path, &wanted)?, async |here| {
                Ok(here.change_settings(&self.account, wanted).await?.now)
            })?
        };
        let document = json!({ "account": self.account, "preset": now.preset, "open": now.open });
        output.say(&document, &text(&now, &schema));
        Ok(ExitCode::SUCCESS)
    }
}

fn preset_name(name: &str) -> Result<String, String> {
    let known = Preset::parse(name).map(|preset| preset.name().to_owned());
    known.ok_or_else(|| format!("{name:?} is none of {}", Preset::names()))
}

/// What is open, a line for each route.
pub(super) fn text(now: &OpenSettings, schema: &FieldSchema) -> String {
    let line = |(route, fields): (&String, &Vec<String>)| {
        let fields = match fields.len() {
            0 => "nothing".to_owned(),
            all if all == schema.fields().len() => "every field".to_owned(),
            _ => fields.join(", "),
        };
        format!("{route:<15} {fields}")
    };
    let preset = now.preset.as_ref().map(|name| format!("{:<15} {name}", "preset"));
    preset.into_iter().chain(now.open.iter().map(line)).collect::<Vec<_>>().join("\n")
}
