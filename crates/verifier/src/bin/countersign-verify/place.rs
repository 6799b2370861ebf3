//! Which log a command is about: its key, where its public files are, and how long they may take.

use clap::Args;
use countersign_protocol::note::NoteKey;

use crate::limits::Limits;
use crate::source::Source;
use crate::{CannotSay, vkey};

/// The log's key.
#[derive(Args)]
pub(crate) struct LogKey {
    /// The log's key, as `name+id+key`, or @FILE for a file with it, as `countersign log key` writes it. Get it from
    /// somewhere other than the log itself or its platform.
    #[arg(long, value_name = "VKEY", value_parser = vkey::parse)]
    pub(crate) key: NoteKey,
}

/// A log that a command is given behind everything else.
#[derive(Args)]
pub(crate) struct LogPlace {
    /// The folder or the URL of the log's public files.
    #[arg(value_name = "PATH-OR-URL")]
    log: String,
    #[command(flatten)]
    pub(crate) of: LogKey,
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// A log that something else is held against.
#[derive(Args)]
pub(crate) struct LogOption {
    /// The folder or the URL of the log's public files.
    #[arg(long, value_name = "PATH-OR-URL")]
    log: String,
    #[command(flatten)]
    pub(crate) of: LogKey,
    #[command(flatten)]
    limits: Limits,
}

impl LogPlace {
    /// Its files.
    pub(crate) fn open(&self) -> Result<Source, CannotSay> {
        Source::open(&self.log, &self.limits)
    }
}

impl LogOption {
    /// Its files.
    pub(crate) fn open(&self) -> Result<Source, CannotSay> {
        Source::open(&self.log, &self.limits)
    }
}
