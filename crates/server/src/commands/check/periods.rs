//! Whether what the closes of a log bind is all here, and whether one is late. What closed periods hold is
//! recomputed by whoever has their lists (`countersign audit lists`, `countersign-verify index`), and not here, but for
//! what is missing: whether the next start can make it again.

use std::path::Path;
use std::sync::Arc;

use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, PeriodError, Periods};
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_people::store::People;
use countersign_service::clock;
use countersign_service::closes::{self, SecretsOf};
use countersign_verifier::periods::CLOSE_EVERY_S_MAX;

/// The closed periods, in words; with these people, unless a server has them open and has looked at all this.
pub(super) fn describe(directory: &DataDir, people: Option<&People>) -> Result<String, String> {
    let periods = Periods::open(Arc::new(Posix::new(directory.log())), Limits::default());
    let mut periods = periods.map_err(|error| error.to_string())?;
    let missing = periods.missing().map_err(|error| error.to_string())?;
    let (made, note) = match (missing, people) {
        (None, _) => (Vec::new(), String::new()),
        (Some(close), None) => {
            let index = close.index;
            let note = format!(
                "; the files of the close at entry {index} are missing, and the next start makes them again, if nobody in them was erased"
            );
            (Vec::new(), note)
        }
        (Some(close), Some(people)) => {
            let made = rehearse(&mut periods, people)?;
            let (index, count) = (close.index, made.len());
            let note = format!(
                "; the files of {count} closes are missing, from that at entry {index} on, and the next start makes them again"
            );
            (made, if count == 0 { String::new() } else { note })
        }
    };
    read_all(&periods, &made).map_err(|error| error.to_string())?;
    if let Some(people) = people {
        compare(directory, &periods, people)?;
    }
    let Some(last) = periods.last() else {
        let none = if note.is_empty() { "none is closed yet" } else { "no files of any are here" };
        return Ok(format!("{none}{note}"));
    };
    let (number, people, time) = (last.number, last.people, last.time);
    if clock::now() > time.plus_seconds(CLOSE_EVERY_S_MAX) {
        return Err(format!(
            "the last of {} was closed at {time}, more than 24 hours ago, and outsiders expect one: start the server, or run `countersign log close`",
            number + 1
        ));
    }
    Ok(format!("{} closed, the last at {time}, with lists of {people} people{note}", number + 1))
}

/// Computes what is missing in a folder of its own, as the start does before it puts it into its place.
fn rehearse(periods: &mut Periods, people: &People) -> Result<Vec<u64>, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let files = Posix::new(scratch.path().to_owned());
    periods.rehearse(&files, &SecretsOf(people.view())).map_err(|error| error.to_string())
}

/// The directory of accounts against the newest close and these people.
fn compare(directory: &DataDir, periods: &Periods, people: &People) -> Result<(), String> {
    let key: &Path = &directory.key("vrf");
    if closes::has_directory(directory, periods) {
        let compared = closes::compared(directory, periods, &people.view());
        return compared.map(drop).map_err(|error| error.to_string());
    }
    // The first start makes both; a key that is there has to be one.
    if key.exists() {
        SecretKey::read(key).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Opens every period but those that were made elsewhere.
fn read_all(periods: &Periods, made: &[u64]) -> Result<(), PeriodError> {
    for number in 0..periods.last().map_or(0, |last| last.number + 1) {
        if !made.contains(&number) {
            periods.period(number)?;
        }
    }
    Ok(())
}
