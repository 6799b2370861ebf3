//! Whether what the closes of a log bind is all here, and whether one is late. What closed periods hold is
//! recomputed by whoever has their lists (`countersign lists`, `countersign-verify index`), and not here.

use std::sync::Arc;

use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, PeriodError, PeriodHead, Periods};
use countersign_verifier::periods::CLOSE_EVERY_S_MAX;

use crate::clock;
use crate::data_dir::DataDir;
use crate::keys::SecretKey;

/// The closed periods, in words.
pub(super) fn describe(directory: &DataDir) -> Result<String, String> {
    let periods = Periods::open(Arc::new(Posix::new(directory.log())), Limits::default());
    let last = periods.and_then(|periods| read_all(&periods));
    let Some(last) = last.map_err(|error| error.to_string())? else {
        return Ok("none is closed yet".to_owned());
    };
    if last.directory.epoch > 0 {
        // Without this key no close can follow: the log has one for good.
        SecretKey::read(&directory.key("vrf")).map_err(|error| error.to_string())?;
        if !directory.account_directory().is_dir() {
            let path = directory.account_directory();
            return Err(format!(
                "{}: there is no such folder; restore it from its backup",
                path.display()
            ));
        }
    }
    let (number, people, time) = (last.number, last.people, last.time);
    if clock::now() > time.plus_seconds(CLOSE_EVERY_S_MAX) {
        return Err(format!(
            "the last of {} was closed at {time}, more than 24 hours ago, and outsiders expect one: start the server, or run `countersign close`",
            number + 1
        ));
    }
    Ok(format!("{} closed, the last at {time}, with lists of {people} people", number + 1))
}

/// Opens every period; the head of the last.
fn read_all(periods: &Periods) -> Result<Option<PeriodHead>, PeriodError> {
    let last = periods.last().cloned();
    for number in 0..last.as_ref().map_or(0, |last| last.number + 1) {
        periods.period(number)?;
    }
    Ok(last)
}
