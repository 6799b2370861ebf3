//! `countersign people import`: people from other people's files.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
#[cfg(feature = "demo")]
use countersign_demo::sample_graph;
use countersign_service::clock;
use countersign_service::people::import::{self, ImportOptions};
use countersign_service::people::import_jsonl;
use countersign_service::people::progress::Progress;

use super::Beginning;
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// What a line of JSON Lines looks like.
const JSONL: &str = r#"JSON Lines have one person a line:

  {"account":"ada","profile":{"name":"Ada"},"friends":["bob"],"minor":false,"settings":{"friends_device":["id","name"]}}

Only the account has to be there. Values of the profile are taken as they are, byte by byte; null
is no value. A friend is somebody of this file or of the store, and friendship is mutual, whoever names
it. A route that settings leaves out is as --settings says."#;

/// Import people: all of them, or none if there is any error. Repeating it changes nothing. If a change feed
/// has been applied, --sequence says up to which sequence the files contain it.
///
/// Example: countersign people import jsonl people.jsonl
#[derive(Args)]
#[command(after_long_help = JSONL)]
pub(in crate::commands) struct Import {
    /// What kind of files they are.
    kind: Kind,
    #[command(flatten)]
    instance: InstanceDir,
    /// A folder (snap, ldbc), or a file or a pipe (jsonl), plain or compressed by gzip or zstd; - is standard input.
    path: PathBuf,
    /// The last sequence of the change feed that is in these files: the feed goes on after it. Needed
    /// where a feed has been applied.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    sequence: Option<u64>,
    #[command(flatten)]
    beginning: Beginning,
}

/// A kind of files.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// SNAP's ego-Facebook networks.
    #[cfg(feature = "demo")]
    Snap,
    /// LDBC Social Network Benchmark, CSV.
    #[cfg(feature = "demo")]
    Ldbc,
    /// JSON Lines, one person each.
    Jsonl,
}

impl Import {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        super::check_source(&reach.config.source)?;
        let people = reach.people()?;
        let options = ImportOptions {
            schema: &reach.schema()?,
            beginning: self.beginning.chosen()?,
            sequence: self.sequence,
            now: clock::now(),
            progress: Progress::Stderr,
        };
        let path = &self.path;
        let report = import::run(&people, &options, |batch| match self.kind {
            #[cfg(feature = "demo")]
            Kind::Snap => sample_graph::Kind::Snap.read(path, batch),
            #[cfg(feature = "demo")]
            Kind::Ldbc => sample_graph::Kind::Ldbc.read(path, batch),
            Kind::Jsonl => import_jsonl::read(path, people.folder(), batch),
        })?;
        super::say(&report, "Imported", &self.beginning, output);
        Ok(ExitCode::SUCCESS)
    }
}
