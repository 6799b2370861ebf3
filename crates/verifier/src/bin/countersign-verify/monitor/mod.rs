//! `countersign-verify monitor`: checks a log again and again, reading only what is new.

mod age;
mod alert;
mod round;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::log_check::Question;
use countersign_verifier::state::State;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::place::LogPlace;
use crate::source::Source;
use crate::trust::PolicyFile;
use crate::{CANNOT_SAY, CannotSay, DOES_NOT_HOLD, log, report};
use age::{AgeClock, Watch};
use round::{Finding, Round};

/// How long a round may take, unless its caller says otherwise.
const ROUND_S: u64 = 600;
/// How long it may take until an end that was asked for is noticed between two rounds.
const NOTICE: Duration = Duration::from_millis(100);
/// The exit code of who was interrupted, as shells have it.
const INTERRUPTED: i32 = 130;

/// Monitor a log: check what is new on a timer, and raise an alarm at the first violation.
///
/// Each round reads the checkpoint and only the files that are new, checks them as `log` does, and prints one line.
/// What was checked is stored in a file, so that the next start continues from there and remembers violations. The
/// first violation ends it, with the verdict and exit code 1. A log that lacks files or cosignatures raises the alarm
/// and is watched on. A log that cannot be read is asked again in the next round. A round that takes too long is cut
/// off, and the next one continues after what it proved. A separate clock raises the alarm about age, also during a
/// round.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    log: LogPlace,
    /// The file in which to keep what was checked. The first round without it reads the whole log.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// Seconds from the end of one round to the beginning of the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every_s: u64,
    /// Raise an alarm if the newest verified entry is older than this many seconds; while a round hangs, at most
    /// --every-s later. With --once also if none was verified. Under a policy the log must be cosigned again within
    /// that time.
    #[arg(long, value_name = "SECONDS")]
    max_age_s: Option<u64>,
    #[command(flatten)]
    policy: PolicyFile,
    /// Run this with `sh -c` for each alarm; it gets the verdict as JSON on its standard input.
    #[arg(long, value_name = "COMMAND")]
    on_alert: Option<String>,
    /// Continue after a violation; the alarm is raised again only for another one.
    #[arg(long)]
    keep_going: bool,
    /// Run one round and exit, for timers and cron.
    #[arg(long)]
    once: bool,
    /// Print a line of JSON for each round instead, and the verdict as another.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  Monitor a log, every minute, and send a mail at the first violation or after ten minutes of silence:
    countersign-verify monitor https://log.example/log --key @log.vkey --state log.state \\
      --max-age-s 600 --on-alert 'mail -s \"the log does not hold\" you@example.org'
  From a timer, one round each time:
    countersign-verify monitor https://log.example/log --key @log.vkey --state log.state --once
  What the alarm command gets, and how to read it:
    --on-alert \"jq -r '.error // (.failures + [.remembered[].failure])[] | tostring' | logger -t countersign\"

Exit codes: 0 it was ended (Ctrl-C, SIGTERM), or with --once everything holds; 1 a violation; 2 it cannot go on, or
with --once the log is too old, lacks files or cosignatures, cannot be read, is another one's or an old copy. The alarm
is raised for a violation, for what is missing or not cosigned, and if what was verified is too old or nothing was.
Without --max-age-s a log that falls silent, or cannot be read, raises no alarm. Without --policy it is the log that this host shows to you. Two
monitors do not share one state file.
To begin again from the first entry, move the state file away.";

/// Watches until it is told to end, or for one round.
pub(crate) fn run(arguments: &Arguments, clock: fn() -> Timestamp) -> Result<u8, CannotSay> {
    let stop = stop_flag()?;
    let state = log::kept(&arguments.state, &arguments.log.of.key)?;
    let policy = arguments.policy.read()?;
    let source = arguments.log.open()?;
    let watch = Watch::new(clock(), state.newest());
    // Between two rounds nothing can be verified, so they are not held against the log.
    let start = |age_s: u64| {
        let age_s = age_s.saturating_add(arguments.every_s);
        AgeClock::start(watch.clone(), age_s, arguments.on_alert.clone(), clock)
    };
    let _age_clock = arguments.max_age_s.map(start).transpose()?;
    let mut monitor = Monitor { arguments, policy, source, state, watch, clock };
    loop {
        let finding = monitor.round()?;
        let ends = arguments.once || (finding == Finding::Lie && !arguments.keep_going);
        if ends {
            return Ok(match finding {
                Finding::Holds => 0,
                Finding::Lie => DOES_NOT_HOLD,
                Finding::Stale | Finding::Doubt | Finding::Cut | Finding::Unread => CANNOT_SAY,
            });
        }
        if wait(Duration::from_secs(arguments.every_s), &stop) {
            return Ok(0);
        }
    }
}

/// What goes on from round to round.
struct Monitor<'a> {
    arguments: &'a Arguments,
    policy: Option<Policy>,
    source: Source,
    state: State,
    watch: Watch,
    clock: fn() -> Timestamp,
}

impl Monitor<'_> {
    /// One round: check, keep, say, and raise the alarm if there is a new reason.
    fn round(&mut self) -> Result<Finding, CannotSay> {
        let Arguments { log: place, max_age_s, once, json, .. } = self.arguments;
        let (now, policy) = ((self.clock)(), self.policy.as_ref());
        let key = &place.of.key;
        let question = Question { policy, max_age_s: *max_age_s, ..Question::new(key, now) };
        let question = Question { state: Some(&self.state), ..question };
        let round = Round::check(&self.source, &question, place.limits.whole(ROUND_S));
        if let Some(state) = round.state() {
            // Before anything is said: who ends now must not forget.
            log::keep(&self.arguments.state, state, &self.state)?;
        }
        report::line(&round.line(&self.state, now, *json)?, *json)?;
        self.watch.verified(round.state().and_then(State::newest));
        let finding = round.finding();
        // There is no other round in which something could be verified.
        let is_last = *once;
        let is_too_old =
            max_age_s.is_some_and(|age_s| self.watch.is_too_old((self.clock)(), age_s, is_last));
        let subject = round.subject(is_too_old);
        if subject.is_some_and(|subject| self.watch.is_new(&subject)) {
            let newest = self.watch.newest();
            round.show(newest, *json)?;
            if let Some(command) = &self.arguments.on_alert {
                alert::run(command, &round.alert(newest)?);
            }
        } else if finding == Finding::Holds {
            self.watch.all_is_well();
        }
        if let Some(state) = round.into_state() {
            self.state = state;
        }
        Ok(finding)
    }
}

/// A flag that Ctrl-C and SIGTERM set. A second Ctrl-C does not wait for the round to end.
fn stop_flag() -> Result<Arc<AtomicBool>, CannotSay> {
    let stop = Arc::new(AtomicBool::new(false));
    let failed = |error: std::io::Error| CannotSay(format!("signals cannot be caught: {error}"));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&stop))
            .map_err(failed)?;
        flag::register(signal, Arc::clone(&stop)).map_err(failed)?;
    }
    Ok(stop)
}

/// Waits for the next round; `true` if it is to end.
fn wait(every: Duration, stop: &AtomicBool) -> bool {
    let began = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        match every.checked_sub(began.elapsed()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(NOTICE)),
            _ => return false,
        }
    }
    true
}
