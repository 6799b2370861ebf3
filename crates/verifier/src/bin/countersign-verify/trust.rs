//! What an outsider brings to the check of a log: what they kept of it earlier, and the witnesses whom they trust.
//!
//! Without any of it a check is of one checkpoint, which may have been made for this outsider alone.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::log_check::Question;
use countersign_verifier::state::State;

use crate::log::{keep, kept};
use crate::source::read_file;
use crate::{CannotSay, instant};

/// What was kept of a log, and who is trusted about it.
#[derive(Args)]
pub(crate) struct Trust {
    /// A checkpoint of this log that you kept earlier: fails if the log is not a continuation of it.
    #[arg(long, value_name = "CHECKPOINT-FILE")]
    since: Option<PathBuf>,
    /// Store in this file what was checked, and continue from there the next time: only new files are then read.
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    state: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyFile,
}

/// Witnesses who are trusted.
#[derive(Args)]
pub(crate) struct PolicyFile {
    /// A policy, in the C2SP format, of the witnesses that you trust: fails unless its quorum has cosigned. The log
    /// is then checked up to that point. Without one the platform could show different logs to different readers.
    #[arg(long, value_name = "POLICY-FILE")]
    policy: Option<PathBuf>,
}

/// When something was handed over.
#[derive(Args)]
pub(crate) struct GivenAt {
    /// When you were given the ledger, as 2027-01-31T08:00:00Z or in seconds since 1970: its newest close is to be of
    /// the last 24 hours before. Without it that is now, and of evidence when it says that it was made.
    #[arg(long, value_name = "DATE", value_parser = instant::parse)]
    at: Option<Timestamp>,
}

/// The same, read.
pub(crate) struct Brought {
    since: Option<Vec<u8>>,
    state: Option<State>,
    policy: Option<Policy>,
}

impl PolicyFile {
    /// Reads the policy, if there is one.
    pub(crate) fn read(&self) -> Result<Option<Policy>, CannotSay> {
        let Some(path) = &self.policy else { return Ok(None) };
        let policy = Policy::parse(&read_file(path)?);
        policy.map(Some).map_err(|error| CannotSay(format!("{}: {error}", path.display())))
    }
}

impl GivenAt {
    /// When that was, if it is said.
    pub(crate) const fn time(&self) -> Option<Timestamp> {
        self.at
    }
}

impl Trust {
    /// Reads the files.
    pub(crate) fn read(&self, key: &NoteKey) -> Result<Brought, CannotSay> {
        Ok(Brought {
            since: self.since.as_deref().map(read_file).transpose()?,
            state: self.state.as_deref().map(|path| kept(path, key)).transpose()?,
            policy: self.policy.read()?,
        })
    }

    /// Keeps the state, if it is to be kept and there is anything new in it.
    pub(crate) fn keep(&self, brought: &Brought, state: &State) -> Result<(), CannotSay> {
        match (&self.state, &brought.state) {
            (Some(path), Some(before)) => keep(path, state, before),
            _ => Ok(()),
        }
    }
}

impl Brought {
    /// The question about the log of this key.
    pub(crate) fn question<'a>(&'a self, key: &'a NoteKey, now: Timestamp) -> Question<'a> {
        Question {
            policy: self.policy.as_ref(),
            since: self.since.as_deref(),
            state: self.state.as_ref(),
            ..Question::new(key, now)
        }
    }
}
