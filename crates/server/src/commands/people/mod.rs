//! `countersign people`: the embedded people store.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::preset::Preset;
use countersign_service::people::beginning;
use countersign_service::people::import::ImportReport;
use countersign_source::settings::{Source, SourceKind};
use serde_json::json;

use super::{Failure, Output};

/// What there is beside the presets.
#[cfg(feature = "demo")]
const MIXED: &str = " and mixed";
#[cfg(not(feature = "demo"))]
const MIXED: &str = "";

mod erase;
mod erasures;
mod export;
#[cfg(feature = "demo")]
mod generate;
mod grants;
mod history;
mod hold;
mod image;
mod import;
pub(super) mod ledger;
mod list;
mod recover;
mod settings;
mod show;
mod token;
mod upsert;

/// People from their import to an erasure.
const EXAMPLES: &str = "\
Examples:

  countersign people import jsonl people.jsonl --settings friends-basics
  countersign people upsert changes.jsonl
  countersign people settings ada --open my_device=id,name,friends
  countersign people show ada
  countersign people token --account ada --build aurora-home@1 --purpose address-book
  countersign people ledger ada --out ada.ledger
  countersign people erase ada --export ada.json";

/// Import, generate, list and look after people.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(super) enum People {
    Import(import::Import),
    Erase(erase::Erase),
    Erasures(erasures::Erasures),
    Export(export::Export),
    #[cfg(feature = "demo")]
    Generate(generate::Generate),
    Grants(grants::Grants),
    History(history::History),
    Hold(hold::Hold),
    Image(image::Image),
    Ledger(ledger::Ledger),
    List(list::List),
    Recover(recover::Recover),
    Settings(settings::Settings),
    Show(show::Show),
    Token(token::Token),
    Upsert(upsert::Upsert),
}

/// The settings that people begin with.
#[derive(Args)]
struct Beginning {
    /// The settings that people begin with: default (closed to friends' devices and apps), friends-basics
    /// (these get id and name), open, closed, legacy-2014 (what friends' apps could see then, for replays)
    /// or mixed.
    #[arg(long, default_value = "default", value_parser = preset_name)]
    settings: String,
    /// The same seed gives the same choices, and the same people where they are generated.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl People {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Import(command) => command.run(output),
            Self::Erase(command) => command.run(output),
            Self::Erasures(command) => command.run(output),
            Self::Export(command) => command.run(output),
            #[cfg(feature = "demo")]
            Self::Generate(command) => command.run(output),
            Self::Grants(command) => command.run(output),
            Self::History(command) => command.run(output),
            Self::Hold(command) => command.run(output),
            Self::Image(command) => command.run(output),
            Self::Ledger(command) => command.run(output),
            Self::List(command) => command.run(output),
            Self::Recover(command) => command.run(output),
            Self::Settings(command) => command.run(output),
            Self::Show(command) => command.run(output),
            Self::Token(command) => command.run(output),
            Self::Upsert(command) => command.run(output),
        }
    }
}

impl Beginning {
    fn chosen(&self) -> Result<beginning::Beginning, Failure> {
        Ok(beginning(&self.settings, self.seed)?)
    }
}

/// The beginning of this name.
#[cfg_attr(not(feature = "demo"), expect(unused_variables, reason = "a preset has no seed"))]
fn beginning(name: &str, seed: u64) -> Result<beginning::Beginning, String> {
    match name {
        #[cfg(feature = "demo")]
        "mixed" => Ok(countersign_demo::choices::mixed(seed)),
        name => Preset::parse(name)
            .map(beginning::Beginning::from)
            .ok_or_else(|| format!("{name:?} is none of {}{MIXED}", Preset::names())),
    }
}

fn preset_name(name: &str) -> Result<String, String> {
    beginning(name, 0).map(|_| name.to_owned())
}

/// People come from the embedded store alone. Into another one's store nobody is put: they would never be asked about,
/// and stay for ever in the directory of accounts.
fn check_source(source: &Source) -> Result<(), Failure> {
    let (kind, next) = match source.kind {
        SourceKind::Image => return Ok(()),
        SourceKind::Postgres => {
            ("postgres", "people are read from the database as its mapping says")
        }
        SourceKind::Http => ("http", "people are read from the platform's API"),
    };
    Err(format!(
        "source.kind in countersign.toml is {kind:?}, so {next}, and become known here when somebody asks about them; nothing was changed: look at the source with `countersign source check`, or set kind = \"image\" for people that are imported"
    )
    .into())
}

/// Says what has come into the store.
fn say(report: &ImportReport, done: &str, beginning: &Beginning, output: Output) {
    let ImportReport { people, people_new, friendships, store } = report;
    let document = json!({
        "people": people,
        "people_new": people_new,
        "friendships": friendships,
        "settings": beginning.settings,
        "store": { "people": store.people, "friendships": store.friendships },
    });
    let text = format!(
        "{done} {people} people ({people_new} of them new) and {friendships} friendships. \
         New people begin with the settings {:?}.\nThe store has {} people and {} friendships.",
        beginning.settings, store.people, store.friendships
    );
    output.say(&document, &text);
}
