//! Leaving behind what people who were destroyed left in the database's file.
//!
//! LMDB leaves old bytes in pages that are free and between the rows of pages that are not. Nothing but a copy of
//! what is alive is sure to be without them: it takes the database's place, and everybody goes on in that.

use super::database_copy::copied;
use super::error::StoreError;
use super::kept::Writer;
use super::meta;
use super::storage::Storage;

/// Writers wait while what is alive is copied into a new database, readers do not. Whether there was anything to leave
/// behind.
pub(super) fn compact(storage: &Storage) -> Result<bool, StoreError> {
    let writer = Writer::wait(storage);
    if !meta::has_remnants(&storage.read()?)? {
        return Ok(false);
    }
    storage.exchange(copied(&writer.database, storage.next_copy())?);
    drop(writer);
    Writer::wait(storage).write(|txn| meta::put_remnants(txn, false))?;
    Ok(true)
}
