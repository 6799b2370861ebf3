//! Who asked for erasure and is not destroyed yet (the table `erasures`), and legal holds (`holds`).

use countersign_domain::time::Timestamp;

use super::databases::{Txn, WriteTxn, number as number_of};
use super::error::StoreError;

/// What is stored of an erasure.
pub(super) struct ErasureRow {
    pub(super) at: Timestamp,
    pub(super) chosen: u64,
    pub(super) logged_at: Option<Timestamp>,
}

impl ErasureRow {
    fn to_bytes(&self) -> Vec<u8> {
        let logged_at = self.logged_at.map_or(0, Timestamp::seconds);
        [self.at.seconds(), self.chosen, logged_at].map(u64::to_le_bytes).concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let [at, chosen, logged_at] = numbers else { return None };
        let [at, chosen, logged_at] =
            [at, chosen, logged_at].map(|bytes| u64::from_le_bytes(*bytes));
        let logged_at = (logged_at > 0).then_some(Timestamp::from_seconds(logged_at));
        Some(Self { at: Timestamp::from_seconds(at), chosen, logged_at })
    }
}

/// Whether the person of this number asked for erasure.
pub(super) fn is_asked(txn: &impl Txn, person: u32) -> Result<bool, StoreError> {
    Ok(txn.tables().erasures.get(txn, &person)?.is_some())
}

/// The erasure of the person of this number, which has to be there.
pub(super) fn get(txn: &impl Txn, person: u32) -> Result<ErasureRow, StoreError> {
    let row = txn.tables().erasures.get(txn, &person)?.and_then(ErasureRow::from_bytes);
    row.ok_or_else(|| txn.damaged("an erasure"))
}

pub(super) fn put(
    txn: &mut WriteTxn<'_>,
    person: u32,
    erasure: &ErasureRow,
) -> Result<(), StoreError> {
    txn.tables.erasures.put(txn, &person, &erasure.to_bytes())
}

/// Everybody who asked for erasure, by number.
pub(super) fn everybody(txn: &impl Txn) -> Result<Vec<u32>, StoreError> {
    txn.tables().erasures.iter(txn)?.map(|entry| Ok(entry?.0)).collect()
}

/// Until when a legal hold keeps what is kept of the person of this number; it may be past.
pub(super) fn held_until(txn: &impl Txn, person: u32) -> Result<Option<Timestamp>, StoreError> {
    let hold = txn.tables().holds.get(txn, &person)?;
    Ok(hold.map(number_of).map(Timestamp::from_seconds))
}

pub(super) fn put_hold(
    txn: &mut WriteTxn<'_>,
    person: u32,
    until: Timestamp,
) -> Result<(), StoreError> {
    txn.tables.holds.put(txn, &person, &until.seconds().to_le_bytes())
}
