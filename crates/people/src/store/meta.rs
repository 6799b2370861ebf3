//! What is known of a store as a whole (the table `meta`), and who is not as the image has them (`changed`).

use super::databases::{Txn, WriteTxn, number};
use super::error::StoreError;
use super::image::ImageName;
use super::log_mark::LogMark;

const IMAGE: &str = "image";
const COMMITS: &str = "commits";
const FEED: &str = "feed";
const REMNANTS: &str = "remnants";
const LOG: &str = "log";
const CANARIES: &str = "canaries";

/// The image that belongs to what this transaction sees; of generation zero before the first.
pub(super) fn image(txn: &impl Txn) -> Result<ImageName, StoreError> {
    let name = txn.tables().meta.get(txn, IMAGE)?.and_then(ImageName::from_bytes);
    Ok(name.unwrap_or_default())
}

pub(super) fn put_image_name(txn: &mut WriteTxn<'_>, name: ImageName) -> Result<(), StoreError> {
    txn.tables.meta.put(txn, IMAGE, &name.to_bytes())
}

/// How many commits of changes this transaction sees.
pub(super) fn commits(txn: &impl Txn) -> Result<u64, StoreError> {
    number_of(txn, COMMITS)
}

/// Says that these people are no longer as the image has them; the number of the commit.
pub(super) fn put_changed(
    txn: &mut WriteTxn<'_>,
    people: impl IntoIterator<Item = u32>,
) -> Result<u64, StoreError> {
    let stamp = commits(txn)? + 1;
    put_number(txn, COMMITS, stamp)?;
    for person in people {
        txn.tables.changed.put(txn, &person, &stamp.to_le_bytes())?;
    }
    Ok(stamp)
}

/// Names the image of everything until this commit; whoever changed later stays named as changed.
pub(super) fn put_image(
    txn: &mut WriteTxn<'_>,
    name: ImageName,
    stamp: u64,
) -> Result<(), StoreError> {
    let folded = |entry: Result<(u32, &[u8]), StoreError>| match entry {
        Ok((person, bytes)) => (number(bytes) <= stamp).then_some(Ok(person)),
        Err(error) => Some(Err(error)),
    };
    let entries = txn.tables.changed.iter(txn)?;
    let folded = entries.filter_map(folded).collect::<Result<Vec<_>, _>>()?;
    for person in folded {
        txn.tables.changed.delete(txn, &person)?;
    }
    put_image_name(txn, name)
}

/// Whether bytes of people who were destroyed are still in the file.
pub(super) fn has_remnants(txn: &impl Txn) -> Result<bool, StoreError> {
    Ok(number_of(txn, REMNANTS)? != 0)
}

pub(super) fn put_remnants(txn: &mut WriteTxn<'_>, has: bool) -> Result<(), StoreError> {
    put_number(txn, REMNANTS, u64::from(has))
}

/// How far of the log these people agree with it.
pub(super) fn log_mark(txn: &impl Txn) -> Result<Option<LogMark>, StoreError> {
    let mark = txn.tables().meta.get(txn, LOG)?.map(LogMark::from_bytes);
    mark.map(|mark| mark.ok_or_else(|| txn.damaged("the place in the log"))).transpose()
}

/// Never back: whoever puts one has looked at the log's head before.
pub(super) fn put_log_mark(txn: &mut WriteTxn<'_>, mark: LogMark) -> Result<(), StoreError> {
    let before = txn.tables.meta.get(txn, LOG)?.and_then(LogMark::from_bytes);
    let is_behind =
        |before: LogMark| before.stream == mark.stream && before.entries >= mark.entries;
    if before.is_some_and(is_behind) {
        return Ok(());
    }
    txn.tables.meta.put(txn, LOG, &mark.to_bytes())
}

/// How often canaries were changed, as far as is known here.
pub(super) fn canary_changes(txn: &impl Txn) -> Result<u64, StoreError> {
    number_of(txn, CANARIES)
}

pub(super) fn put_canary_changes(txn: &mut WriteTxn<'_>, count: u64) -> Result<(), StoreError> {
    put_number(txn, CANARIES, count)
}

/// The last sequence of the change feed that was applied; zero before the first.
pub(super) fn feed(txn: &impl Txn) -> Result<u64, StoreError> {
    number_of(txn, FEED)
}

pub(super) fn put_feed(txn: &mut WriteTxn<'_>, sequence: u64) -> Result<(), StoreError> {
    put_number(txn, FEED, sequence)
}

fn number_of(txn: &impl Txn, name: &str) -> Result<u64, StoreError> {
    Ok(txn.tables().meta.get(txn, name)?.map_or(0, number))
}

fn put_number(txn: &mut WriteTxn<'_>, name: &str, number: u64) -> Result<(), StoreError> {
    txn.tables.meta.put(txn, name, &number.to_le_bytes())
}
