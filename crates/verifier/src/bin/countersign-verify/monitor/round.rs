//! One round of a monitor: what it found, and how that is told.

use std::collections::BTreeSet;

use countersign_domain::time::Timestamp;
use countersign_verifier::log_check::{LogCheck, Question, check_log};
use countersign_verifier::note::NoteKey;
use countersign_verifier::state::State;
use countersign_verifier::verdict::{Rule, Verdict};
use serde::Serialize;

use crate::source::Source;
use crate::{CannotSay, report};

/// What a round came to.
pub(super) enum Round {
    /// The log was read.
    Read(Box<LogCheck>),
    /// It could not be read, for this reason.
    Unread(String),
}

/// What a round came to, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Finding {
    Holds,
    /// Everything holds, but the newest entry is too old.
    Stale,
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
    /// How many of them are new since the last round that could be read to the end.
    new_entries: Option<u64>,
    newest: Option<Timestamp>,
    /// How many failures there are, those that are remembered included.
    failures: u64,
    error: Option<&'a str>,
}

impl Round {
    /// Reads what is new behind this state, and checks it.
    pub(super) fn check(
        source: &Source,
        key: &NoteKey,
        state: &State,
        now: Timestamp,
        max_age_s: Option<u64>,
    ) -> Self {
        let question = Question { state: Some(state), max_age_s, ..Question::new(key, now) };
        let mut progress = source.progress();
        let checked =
            check_log(&*source.site, &question, |seen| progress(seen.index + 1, seen.size));
        match checked {
            Ok(check) => Self::Read(Box::new(check)),
            Err(error) => Self::Unread(error.to_string()),
        }
    }

    pub(super) const fn state(&self) -> Option<&State> {
        match self {
            Self::Read(check) => Some(&check.state),
            Self::Unread(_) => None,
        }
    }

    pub(super) fn into_state(self) -> Option<State> {
        match self {
            Self::Read(check) => Some(check.state),
            Self::Unread(_) => None,
        }
    }

    pub(super) fn finding(&self) -> Finding {
        match self {
            Self::Unread(_) => Finding::Unread,
            Self::Read(check) if check.verdict.holds() => Finding::Holds,
            Self::Read(check) if is_stale_only(&check.verdict) => Finding::Stale,
            Self::Read(_) => Finding::Lie,
        }
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
        let Verdict { size, newest, .. } = match self {
            Self::Unread(error) => return Ok(format!("{now}  unread  {error}")),
            Self::Read(check) => &check.verdict,
        };
        let new = size.saturating_sub(before.size());
        let newest = newest.map_or("none".to_owned(), |newest| newest.to_string());
        let word = match self.finding() {
            Finding::Holds => "holds ",
            Finding::Stale => "stale ",
            Finding::Lie => "LIE   ",
            Finding::Unread => "unread",
        };
        Ok(format!("{now}  {word}  {size} entries, {new} new, newest {newest}"))
    }

    fn json(&self, before: &State, time: Timestamp) -> Line<'_> {
        let round = self.finding();
        let verdict = match self {
            Self::Unread(error) => {
                let (size, new_entries, newest, error) = (None, None, None, Some(error.as_str()));
                return Line { time, round, size, new_entries, newest, failures: 0, error };
            }
            Self::Read(check) => &check.verdict,
        };
        Line {
            time,
            round,
            size: Some(verdict.size),
            new_entries: Some(verdict.size.saturating_sub(before.size())),
            newest: verdict.newest,
            failures: verdict.failure_count + verdict.remembered.len() as u64,
            error: None,
        }
    }

    /// What there is to raise an alarm about, if anything; the same text means the same thing.
    pub(super) fn subject(
        &self,
        now: Timestamp,
        read_last: Timestamp,
        max_age_s: Option<u64>,
    ) -> Option<String> {
        match self {
            Self::Unread(_) => {
                let too_long = max_age_s.is_some_and(|age_s| read_last.plus_seconds(age_s) < now);
                too_long.then(|| "unread".to_owned())
            }
            Self::Read(check) => match self.finding() {
                Finding::Holds | Finding::Unread => None,
                Finding::Stale => Some("stale".to_owned()),
                Finding::Lie => Some(lies(&check.verdict)),
            },
        }
    }

    /// Shows what the alarm is about: the verdict, where there is one.
    pub(super) fn show(&self, read_last: Timestamp, json: bool) -> Result<(), CannotSay> {
        match self {
            Self::Read(check) if json => report::line(&report::json_line(&check.verdict)?, true),
            Self::Read(check) => report::log(&check.verdict, false),
            Self::Unread(_) => {
                report::aside(&format!("the log could not be read since {read_last}"));
                Ok(())
            }
        }
    }

    /// What the command of an alarm gets.
    pub(super) fn alert(&self, read_last: Timestamp) -> Result<String, CannotSay> {
        match self {
            Self::Read(check) => report::json_line(&check.verdict),
            Self::Unread(error) => {
                let alert =
                    serde_json::json!({"holds": null, "error": error, "read_last": read_last});
                Ok(alert.to_string())
            }
        }
    }
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
