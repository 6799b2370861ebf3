//! Grants in the store: given, found by their viewer, ended. An index by viewer is kept with them, so that
//! neither a person's grants nor the end of all of them needs a look at everybody's.

use countersign_domain::person::Handle;

use super::databases::{Txn, WriteTxn};
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord};
use super::history::{self, Event, HistoryRecord};
use super::provenance::{Given, Holds, Made};

/// The grant of this id, if it is in force.
pub(super) fn find(txn: &impl Txn, id: GrantId) -> Result<Option<GrantRecord>, StoreError> {
    let bytes = txn.tables().grants.get(txn, &id.0)?;
    bytes
        .map(|bytes| GrantRecord::from_bytes(bytes).ok_or_else(|| txn.damaged("a grant")))
        .transpose()
}

/// Whether the grant of this id has not ended.
pub(super) fn is_in_force(txn: &impl Txn, id: GrantId) -> Result<bool, StoreError> {
    Ok(txn.tables().grants.get(txn, &id.0)?.is_some())
}

/// The grants of a person, the newest first.
pub(super) fn of(
    txn: &impl Txn,
    viewer: Handle,
) -> Result<Vec<(GrantId, GrantRecord)>, StoreError> {
    let mut grants = Vec::new();
    for id in ids_of(txn, viewer)? {
        grants.push((id, find(txn, id)?.ok_or_else(|| txn.damaged("a grant"))?));
    }
    grants.sort_by_key(|(id, grant)| (std::cmp::Reverse(grant.created), id.0));
    Ok(grants)
}

/// Lets a grant be used, in the place of an earlier one of its id.
pub(super) fn put_in_force(
    txn: &mut WriteTxn<'_>,
    id: GrantId,
    grant: &GrantRecord,
) -> Result<(), StoreError> {
    let earlier = txn.tables.grants.get(txn, &id.0)?.and_then(GrantRecord::from_bytes);
    if let Some(earlier) = earlier {
        txn.tables.viewer_grants.delete(txn, &index_key(earlier.viewer, id))?;
    }
    txn.tables.grants.put(txn, &id.0, &grant.to_bytes())?;
    txn.tables.viewer_grants.put(txn, &index_key(grant.viewer, id), &[])
}

/// Ends a grant of a person; as it was, if it was in force.
pub(super) fn end(
    txn: &mut WriteTxn<'_>,
    viewer: Handle,
    id: GrantId,
) -> Result<Option<GrantRecord>, StoreError> {
    let grant = txn.tables.grants.get(txn, &id.0)?.and_then(GrantRecord::from_bytes);
    txn.tables.grants.delete(txn, &id.0)?;
    txn.tables.viewer_grants.delete(txn, &index_key(viewer, id))?;
    Ok(grant)
}

/// Ends a grant, if it is this person's and in force: the number that its end has in their history.
pub(super) fn end_and_remember(
    txn: &mut WriteTxn<'_>,
    viewer: Handle,
    id: GrantId,
    made: Made,
) -> Result<Option<u64>, StoreError> {
    let Some(grant) = find(txn, id)?.filter(|grant| grant.viewer == viewer) else {
        return Ok(None);
    };
    end(txn, viewer, id)?;
    let record = HistoryRecord { made, event: Event::GrantEnded { id, grant } };
    history::append(txn, viewer, &record, Holds::AtOnce).map(Some)
}

/// Puts a grant that was given into its viewer's history: it can be used once the log has that.
pub(super) fn remember(
    txn: &mut WriteTxn<'_>,
    id: GrantId,
    grant: &GrantRecord,
    given: Given,
) -> Result<(), StoreError> {
    let made = Made { at: grant.created, by: given.by };
    let event = Event::GrantGiven { id, grant: grant.clone(), sec_gpc: given.sec_gpc };
    let record = HistoryRecord { made, event };
    history::append(txn, grant.viewer, &record, Holds::OnceLogged).map(drop)
}

/// Removes all grants of a person. Their history keeps that they were given.
pub(super) fn end_all(txn: &mut WriteTxn<'_>, viewer: Handle) -> Result<(), StoreError> {
    for id in ids_of(txn, viewer)? {
        txn.tables.grants.delete(txn, &id.0)?;
    }
    txn.tables.viewer_grants.delete_prefixed(txn, &viewer.0)
}

/// Removes all grants of a person, and their history with what comes of it.
pub(super) fn forget(txn: &mut WriteTxn<'_>, viewer: Handle) -> Result<(), StoreError> {
    end_all(txn, viewer)?;
    let tables = txn.tables;
    for of_person in [tables.history, tables.outbox, tables.consent_receipts] {
        of_person.delete_prefixed(txn, &viewer.0)?;
    }
    Ok(())
}

/// A viewer and one of their grants.
fn index_key(viewer: Handle, id: GrantId) -> [u8; 32] {
    let mut key = [0; 32];
    let (handle, grant) = key.split_at_mut(16);
    handle.copy_from_slice(&viewer.0);
    grant.copy_from_slice(&id.0);
    key
}

fn ids_of(txn: &impl Txn, viewer: Handle) -> Result<Vec<GrantId>, StoreError> {
    let entries = txn.tables().viewer_grants.prefixed(txn, &viewer.0)?;
    let id = |(key, _): (&[u8], &[u8])| GrantId(key.last_chunk().copied().unwrap_or_default());
    entries.map(|entry| entry.map(id)).collect()
}
