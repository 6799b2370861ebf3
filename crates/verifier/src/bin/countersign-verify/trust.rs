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

use crate::CannotSay;
use crate::log::{keep, kept, read_policy};
use crate::source::read_file;

/// What was kept of a log, and who is trusted about it.
#[derive(Args)]
pub(crate) struct Trust {
    /// A checkpoint of this log that you kept earlier: fails if the log is not a continuation of it.
    #[arg(long, value_name = "CHECKPOINT-FILE")]
    since: Option<PathBuf>,
    /// Keep in this file what was checked, and go on from there the next time: only what is new is then read.
    #[arg(long, value_name = "FILE", conflicts_with = "since")]
    state: Option<PathBuf>,
    /// A policy, in the C2SP format, of the witnesses that you trust: fails unless its quorum has cosigned. The
    /// log is then checked as far as they have.
    #[arg(long, value_name = "POLICY-FILE")]
    policy: Option<PathBuf>,
}

/// The same, read.
pub(crate) struct Brought {
    since: Option<Vec<u8>>,
    state: Option<State>,
    policy: Option<Policy>,
}

impl Trust {
    /// Reads the files.
    pub(crate) fn read(&self, key: &NoteKey) -> Result<Brought, CannotSay> {
        Ok(Brought {
            since: self.since.as_deref().map(read_file).transpose()?,
            state: self.state.as_deref().map(|path| kept(path, key)).transpose()?,
            policy: self.policy.as_deref().map(read_policy).transpose()?,
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
