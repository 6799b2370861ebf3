//! One round of a monitor: what it found, and how that is told.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_domain::time::Timestamp;
use countersign_verifier::cut_check::PrefixCheck;
use countersign_verifier::log_check::{Checked, LogCheck, Question, check_log_in_part};
use countersign_verifier::outcome::Outcome;
use countersign_verifier::state::State;
use countersign_verifier::verdict::{Rule, Verdict};
use serde::Serialize;

use super::age::{AGE, alert_text};
use crate::source::Source;
use crate::{CannotSay, report};

/// What a round came to.
pub(super) enum Round {
    /// The log was read.
    Read(Box<LogCheck>),
    /// It was cut off for this reason, and what it had read is proved.
    Cut(Box<PrefixCheck>, String),
    /// The log could not be read, for this reason, or nothing that is proved.
    Unread(String),
}

/// What a round came to, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Finding {
    Holds,
    /// Everything holds, but the newest entry is too old.
    Stale,
    /// What was read holds, and it is not everything.
    Cut,
    /// It was read, and cannot be relied on: no quorum has cosigned it, files are missing, or it is dated ahead.
    Doubt,
    Lie,
    Unread,
}

/// The line of a round in JSON.
#[derive(Serialize)]
struct Line<'a> {
    time: Timestamp,
    round: Finding,
    /// The entries that the checkpoint covers.
    size: Option<u64>,
    /// How many entries were verified by now.
    verified: u64,
    /// How many of the log's are new since the last round that could be read to the end; of a round that was cut
    /// off, how many it verified.
    new_entries: Option<u64>,
    newest: Option<Timestamp>,
    /// How many failures there are, those that are remembered included.
    failures: u64,
    error: Option<&'a str>,
}

impl Round {
    /// Reads what is new behind the question's state, and checks it. It takes no longer than `whole`, of which a
    /// quarter is left for proving what was read when the rest is over.
    pub(super) fn check(source: &Source, question: &Question<'_>, whole: Duration) -> Self {
        let mut progress = source.progress();
        source.restart(whole * 3 / 4);
        let checked = check_log_in_part(&*source.site, question, |seen| {
            progress(seen.index + 1, seen.size);
        });
        match checked {
            // What is another log's, or an old copy, is no more than a log that could not be read.
            Ok(Checked::Whole(check)) => match check.verdict.outcome() {
                Outcome::Unsaid(unsaid) if is_nothing_read(&check) => {
                    Self::Unread(unsaid.to_string())
                }
                _ => Self::Read(check),
            },
            Ok(Checked::Cut(cut)) => {
                let error = cut.error.to_string();
                source.restart(whole / 4);
                match cut.prove(&*source.site) {
                    Some(prefix) => Self::Cut(Box::new(prefix), error),
                    None => Self::Unread(error),
                }
            }
            Err(error) => Self::Unread(error.to_string()),
        }
    }

    pub(super) fn state(&self) -> Option<&State> {
        match self {
            Self::Read(check) => Some(&check.state),
            Self::Cut(prefix, _) => Some(&prefix.state),
            Self::Unread(_) => None,
        }
    }

    pub(super) fn into_state(self) -> Option<State> {
        match self {
            Self::Read(check) => Some(check.state),
            Self::Cut(prefix, _) => Some(prefix.state),
            Self::Unread(_) => None,
        }
    }

    fn verdict(&self) -> Option<&Verdict> {
        match self {
            Self::Read(check) => Some(&check.verdict),
            Self::Cut(prefix, _) => Some(&prefix.verdict),
            Self::Unread(_) => None,
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Read(_) => None,
            Self::Cut(_, error) | Self::Unread(error) => Some(error),
        }
    }

    pub(super) fn finding(&self) -> Finding {
        match self {
            Self::Unread(_) => Finding::Unread,
            Self::Cut(prefix, _) if prefix.verdict.holds() => Finding::Cut,
            Self::Read(check) if check.verdict.holds() => Finding::Holds,
            Self::Read(check) if is_stale_only(&check.verdict) => Finding::Stale,
            Self::Read(check) if check.verdict.outcome() != Outcome::Fails => Finding::Doubt,
            Self::Cut(..) | Self::Read(_) => Finding::Lie,
        }
    }

    /// How many entries were new to this round.
    fn new_entries(&self, before: &State) -> Option<u64> {
        let until = match self {
            Self::Read(check) => check.verdict.size,
            Self::Cut(prefix, _) => prefix.state.size(),
            Self::Unread(_) => return None,
        };
        Some(until.saturating_sub(before.size()))
    }

    /// The line of this round; `before` is the state that it began with.
    pub(super) fn line(
        &self,
        before: &State,
        now: Timestamp,
        json: bool,
    ) -> Result<String, CannotSay> {
        if json {
            let line = serde_json::to_string(&self.json(before, now));
            return line.map_err(|error| CannotSay(error.to_string()));
        }
        let Some(Verdict { size, newest, .. }) = self.verdict() else {
            return Ok(format!("{now}  unread  {}", self.error().unwrap_or_default()));
        };
        let new = self.new_entries(before).unwrap_or_default();
        let newest = newest.map_or("none".to_owned(), |newest| newest.to_string());
        let word = match self.finding() {
            Finding::Holds => "holds ",
            Finding::Stale => "stale ",
            Finding::Cut => "cut   ",
            Finding::Doubt => "doubt ",
            Finding::Lie => "LIE   ",
            Finding::Unread => "unread",
        };
        let read = match self {
            Self::Cut(prefix, error) => format!(", {} verified: {error}", prefix.state.size()),
            _ => String::new(),
        };
        Ok(format!("{now}  {word}  {size} entries, {new} new, newest {newest}{read}"))
    }

    fn json(&self, before: &State, time: Timestamp) -> Line<'_> {
        let verdict = self.verdict();
        let failures = |verdict: &Verdict| verdict.failure_count + verdict.remembered.len() as u64;
        Line {
            time,
            round: self.finding(),
            size: verdict.map(|verdict| verdict.size),
            verified: self.state().map_or(before.size(), State::size),
            new_entries: self.new_entries(before),
            newest: verdict.and_then(|verdict| verdict.newest),
            failures: verdict.map_or(0, failures),
            error: self.error(),
        }
    }

    /// What there is to raise an alarm about, if anything; the same text means the same thing. `is_too_old` says
    /// whether the newest entry that was verified is.
    pub(super) fn subject(&self, is_too_old: bool) -> Option<String> {
        match (self.finding(), self.verdict()) {
            (Finding::Lie | Finding::Doubt, Some(verdict)) => Some(lies(verdict)),
            (Finding::Stale, _) => Some(AGE.to_owned()),
            (Finding::Cut | Finding::Unread, _) if is_too_old => Some(AGE.to_owned()),
            _ => None,
        }
    }

    /// Shows what the alarm is about: the verdict, where there is one of the whole log or a lie in what was read.
    pub(super) fn show(&self, newest: Option<Timestamp>, json: bool) -> Result<(), CannotSay> {
        match self.verdict() {
            Some(verdict) if json => report::line(&report::json_line(verdict)?, true),
            Some(verdict) => report::log(verdict, false),
            None => {
                let newest = newest.map_or_else(
                    || "nothing".to_owned(),
                    |newest| format!("nothing after {newest}"),
                );
                report::aside(&format!("the log could not be read: {newest} was verified"));
                Ok(())
            }
        }
    }

    /// What the command of an alarm gets.
    pub(super) fn alert(&self, newest: Option<Timestamp>) -> Result<String, CannotSay> {
        match (self.finding(), self.verdict(), self.error()) {
            (Finding::Cut | Finding::Unread, _, Some(error)) => Ok(alert_text(newest, error)),
            (_, Some(verdict), _) => report::json_line(verdict),
            (_, None, _) => Ok(alert_text(newest, "the log could not be read")),
        }
    }
}

/// Whether nothing was read of a log: its checkpoint is nobody's, or an old one.
fn is_nothing_read(check: &LogCheck) -> bool {
    check.checkpoint.is_none() || check.verdict.failed(Rule::NotShrunk) > 0
}

fn is_stale_only(verdict: &Verdict) -> bool {
    verdict.remembered.is_empty() && verdict.failure_count == verdict.failed(Rule::Fresh)
}

/// What does not hold, age left out: that changes from round to round. What was found in one round is remembered in
/// the next, and is the same.
fn lies(verdict: &Verdict) -> String {
    let lies = verdict.failures.iter().filter(|failure| failure.rule != Rule::Fresh);
    let lies = lies.chain(verdict.remembered.iter().map(|lie| &lie.failure));
    let told: BTreeSet<_> =
        lies.map(|lie| format!("{} {:?} {:?}", lie.rule, lie.entry, lie.file)).collect();
    // Beyond the failures that are kept, their number tells that there are new ones.
    let of_log = verdict.failures.iter().filter(|failure| failure.entry.is_none()).count() as u64;
    format!("{} {told:?}", verdict.failure_count - of_log)
}
