//! Grants in the store: given, found by their viewer, ended. An index by viewer is kept with them, so that
//! neither a person's grants nor the end of all of them needs a look at everybody's.

use countersign_domain::person::Handle;
use heed::types::Bytes;
use heed::{Database, RoTxn, RwTxn};

use super::databases::Databases;
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord};
use super::history::{self, Event, HistoryRecord, Made, Way};
use super::kept::Reading;
use super::lmdb::People;
use super::outbox::Holds;

/// How a grant was given. When, the grant says itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Given {
    /// By which way.
    pub by: Way,
    /// Whether the viewer's user agent said then that data be neither sold nor shared.
    pub sec_gpc: bool,
}

impl From<Way> for Given {
    /// By this way, and nothing was said about selling or sharing.
    fn from(by: Way) -> Self {
        Self { by, sec_gpc: false }
    }
}

impl People {
    /// Keeps a grant under this id, in the place of an earlier one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn put_grant(
        &self,
        id: GrantId,
        grant: &GrantRecord,
        given: impl Into<Given>,
    ) -> Result<(), StoreError> {
        self.put_grants(&[(id, grant.clone())], given, Holds::AtOnce)
    }

    /// Keeps many grants, all of them or on an error none: they can be used at once, or once
    /// [`People::settled`] says so.
    ///
    /// # Errors
    /// [`StoreError::Database`]; [`StoreError::BeingErased`] if a viewer is.
    pub fn put_grants(
        &self,
        grants: &[(GrantId, GrantRecord)],
        given: impl Into<Given>,
        holds: Holds,
    ) -> Result<(), StoreError> {
        let given = given.into();
        let writer = self.writer();
        if grants.iter().any(|(_, grant)| self.is_erased(grant.viewer)) {
            return Err(StoreError::BeingErased);
        }
        writer.write(|databases, txn| {
            grants.iter().try_for_each(|(id, grant)| {
                if holds == Holds::AtOnce {
                    put_in_force(databases, txn, *id, grant)?;
                }
                remember(databases, txn, *id, grant, given, holds).map(drop)
            })
        })
    }

    /// The grant of this id.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>, StoreError> {
        let txn = self.read()?;
        self.grant_in(&txn, id)
    }

    /// Whether the grant of this id has not ended.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn is_granted(&self, id: GrantId) -> Result<bool, StoreError> {
        let txn = self.read()?;
        let found = txn.databases.grants.get(&txn, &id.0).map_err(|e| self.failed(e))?;
        Ok(found.is_some())
    }

    /// The grants of a person, the newest first; those whose time is over are among them until they end.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn grants_of(&self, viewer: Handle) -> Result<Vec<(GrantId, GrantRecord)>, StoreError> {
        let txn = self.read()?;
        let ids = ids_of(&txn.databases, &txn, viewer).map_err(|e| self.failed(e))?;
        let mut grants = Vec::with_capacity(ids.len());
        for id in ids {
            let grant = self.grant_in(&txn, id)?.ok_or_else(|| self.damaged("a grant"))?;
            grants.push((id, grant));
        }
        grants.sort_by_key(|(id, grant)| (std::cmp::Reverse(grant.created), id.0));
        Ok(grants)
    }

    /// Ends the grant of this id, if it is this person's: the number that its end has in their history. Its tokens
    /// are refused from the next request on.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn end_grant(
        &self,
        viewer: Handle,
        id: GrantId,
        made: Made,
    ) -> Result<Option<u64>, StoreError> {
        let writer = self.writer();
        // Nobody else writes between the look and the end.
        let Some(grant) = self.grant(id)?.filter(|grant| grant.viewer == viewer) else {
            return Ok(None);
        };
        let record = HistoryRecord { made, event: Event::GrantEnded { id, grant } };
        let number = writer.write(|databases, txn| {
            end(databases, txn, viewer, id)?;
            history::append(databases, txn, viewer, &record, Holds::AtOnce)
        })?;
        Ok(Some(number))
    }

    fn grant_in(&self, txn: &Reading, id: GrantId) -> Result<Option<GrantRecord>, StoreError> {
        let bytes = txn.databases.grants.get(txn, &id.0).map_err(|e| self.failed(e))?;
        bytes
            .map(|bytes| GrantRecord::from_bytes(bytes).ok_or_else(|| self.damaged("a grant")))
            .transpose()
    }
}

/// Lets a grant be used.
pub(super) fn put_in_force(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    id: GrantId,
    grant: &GrantRecord,
) -> heed::Result<()> {
    let earlier = databases.grants.get(txn, &id.0)?.and_then(GrantRecord::from_bytes);
    if let Some(earlier) = earlier {
        databases.viewer_grants.delete(txn, &index_key(earlier.viewer, id))?;
    }
    databases.grants.put(txn, &id.0, &grant.to_bytes())?;
    databases.viewer_grants.put(txn, &index_key(grant.viewer, id), &[])
}

/// Ends a grant of a person; as it was, if it was in force.
pub(super) fn end(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    viewer: Handle,
    id: GrantId,
) -> heed::Result<Option<GrantRecord>> {
    let grant = databases.grants.get(txn, &id.0)?.and_then(GrantRecord::from_bytes);
    databases.grants.delete(txn, &id.0)?;
    databases.viewer_grants.delete(txn, &index_key(viewer, id))?;
    Ok(grant)
}

/// Puts a grant that was given into its viewer's history; the number that it has there.
pub(super) fn remember(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    id: GrantId,
    grant: &GrantRecord,
    given: Given,
    holds: Holds,
) -> heed::Result<u64> {
    let made = Made { at: grant.created, by: given.by };
    let event = Event::GrantGiven { id, grant: grant.clone(), sec_gpc: given.sec_gpc };
    history::append(databases, txn, grant.viewer, &HistoryRecord { made, event }, holds)
}

/// Removes all grants of a person. Their history keeps that they were given.
pub(super) fn end_all(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    viewer: Handle,
) -> heed::Result<()> {
    for id in ids_of(databases, txn, viewer)? {
        databases.grants.delete(txn, &id.0)?;
    }
    delete_prefix(databases.viewer_grants, txn, viewer)
}

/// Removes all grants of a person, and their history with what comes of it.
pub(super) fn forget(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    viewer: Handle,
) -> heed::Result<()> {
    end_all(databases, txn, viewer)?;
    delete_prefix(databases.history, txn, viewer)?;
    delete_prefix(databases.outbox, txn, viewer)?;
    delete_prefix(databases.consent_receipts, txn, viewer)
}

/// A viewer and one of their grants.
pub(super) fn index_key(viewer: Handle, id: GrantId) -> [u8; 32] {
    let mut key = [0; 32];
    let (handle, grant) = key.split_at_mut(16);
    handle.copy_from_slice(&viewer.0);
    grant.copy_from_slice(&id.0);
    key
}

fn ids_of(databases: &Databases, txn: &RoTxn<'_>, viewer: Handle) -> heed::Result<Vec<GrantId>> {
    let entries = databases.viewer_grants.prefix_iter(txn, &viewer.0)?;
    let id = |entry: heed::Result<(&[u8], &[u8])>| {
        let (key, _) = entry?;
        Ok(GrantId(key.last_chunk().copied().unwrap_or_default()))
    };
    entries.map(id).collect()
}

fn delete_prefix(
    database: Database<Bytes, Bytes>,
    txn: &mut RwTxn<'_>,
    person: Handle,
) -> heed::Result<()> {
    let keys = database.prefix_iter(txn, &person.0)?;
    let keys = keys.map(|entry| Ok(entry?.0.to_vec())).collect::<heed::Result<Vec<_>>>()?;
    for key in keys {
        database.delete(txn, &key)?;
    }
    Ok(())
}
