//! Who has the settings of the preset `legacy-2014`: a list beside the records, kept with every change of
//! settings, so that each page can say whether anybody has it without a look at everybody.

use countersign_domain::preset::Preset;

use super::databases::{Txn, WriteTxn};
use super::error::StoreError;

/// How many are on the list.
pub(super) fn count(txn: &impl Txn) -> Result<u64, StoreError> {
    txn.tables().legacy.len(txn)
}

/// Lists a person, or takes them off the list.
pub(super) fn mark(
    txn: &mut WriteTxn<'_>,
    number: u32,
    preset: Option<Preset>,
) -> Result<(), StoreError> {
    let legacy = txn.tables.legacy;
    if preset == Some(Preset::Legacy2014) {
        legacy.put(txn, &number, &[])
    } else {
        legacy.delete(txn, &number).map(drop)
    }
}
