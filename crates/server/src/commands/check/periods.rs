//! Whether what the closes of a log bind is all here, and whether one is late. What closed periods hold is
//! recomputed by whoever has their lists (`countersign lists`, `countersign-verify index`), and not here.

use std::sync::Arc;

use countersign_log::backend::Backend as _;
use countersign_log::backend::posix::Posix;
use countersign_log::open::LOCK;
use countersign_log::period::{Limits, PeriodError, PeriodHead, Periods};
use countersign_verifier::periods::CLOSE_EVERY_S_MAX;

use crate::clock;
use crate::closes::open_directory;
use crate::data_dir::DataDir;
use crate::store::People;

/// The closed periods, in words.
pub(super) fn describe(directory: &DataDir) -> Result<String, String> {
    let periods = Periods::open(Arc::new(Posix::new(directory.log())), Limits::default());
    let periods = periods.map_err(|error| error.to_string())?;
    let missing = periods.missing().map_err(|error| error.to_string())?;
    let missing = missing.map_or(String::new(), |close| {
        format!(
            "; the files of the close at entry {} are missing, and the next start makes them again",
            close.index
        )
    });
    let Some(last) = read_all(&periods).map_err(|error| error.to_string())? else {
        return Ok(format!("none is closed yet{missing}"));
    };
    if last.directory.epoch > 0 && !is_served(directory) {
        open_directory(directory, &periods).map_err(|error| error.to_string())?;
    }
    let (number, people, time) = (last.number, last.people, last.time);
    if clock::now() > time.plus_seconds(CLOSE_EVERY_S_MAX) {
        return Err(format!(
            "the last of {} was closed at {time}, more than 24 hours ago, and outsiders expect one: start the server, or run `countersign close`",
            number + 1
        ));
    }
    Ok(format!("{} closed, the last at {time}, with lists of {people} people{missing}", number + 1))
}

/// Whether these people are as new as the directory of accounts. One that cannot be opened is reported with the
/// periods.
pub(super) fn check_people(directory: &DataDir, people: &People) -> Result<(), String> {
    if !directory.account_directory().exists() {
        return Ok(());
    }
    let periods = Periods::open(Arc::new(Posix::new(directory.log())), Limits::default());
    let accounts = periods.ok().and_then(|periods| open_directory(directory, &periods).ok());
    let Some(accounts) = accounts else { return Ok(()) };
    accounts.check_people(&people.view()).map_err(|error| error.to_string())
}

/// Whether a program has the log open, which has held the directory against it.
fn is_served(directory: &DataDir) -> bool {
    // What cannot be locked is reported elsewhere.
    !matches!(Posix::new(directory.log()).lock(LOCK), Ok(Some(_)))
}

/// Opens every period; the head of the last.
fn read_all(periods: &Periods) -> Result<Option<PeriodHead>, PeriodError> {
    let last = periods.last().cloned();
    for number in 0..last.as_ref().map_or(0, |last| last.number + 1) {
        periods.period(number)?;
    }
    Ok(last)
}
