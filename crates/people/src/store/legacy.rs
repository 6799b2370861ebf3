//! Who has the settings of the preset `legacy-2014`: a list beside the records, kept with every change of
//! settings, so that each page can say whether anybody has it without a look at everybody.

use countersign_domain::preset::Preset;
use heed::RwTxn;

use super::databases::Databases;
use super::error::StoreError;
use super::lmdb::People;

impl People {
    /// How many people have the settings of the preset `legacy-2014`, those whom the platform removed
    /// included: they have them when they are back.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn legacy_2014_count(&self) -> Result<u64, StoreError> {
        let txn = self.read()?;
        txn.databases.legacy.len(&txn).map_err(|e| self.failed(e))
    }
}

/// Lists a person, or takes them off the list.
pub(super) fn mark(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    number: u32,
    preset: Option<Preset>,
) -> heed::Result<()> {
    if preset == Some(Preset::Legacy2014) {
        databases.legacy.put(txn, &number, &[])
    } else {
        databases.legacy.delete(txn, &number).map(drop)
    }
}
