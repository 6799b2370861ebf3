//! Where the directory's tree and versions are: an LMDB environment of its own, behind the library's port.
//!
//! ```text
//! nodes     = the library's id → a node of the tree, or the tree's own record      (postcard)
//! histories = HMAC(1 ‖ account) (32) ‖ epoch (8, big-endian) → a version of it, without the account
//! entered   = HMAC(2 ‖ handle) (32) → nothing: this person is in the directory as they are
//! gone      = HMAC(2 ‖ handle) (32) → nothing: the directory says, or is about to say, that they are erased
//! meta      = "format" → the format's version (4, big-endian)
//!           | "people" → how many people there have ever been, when it was brought up to date last (4, big-endian)
//! ```
//!
//! HMAC-SHA256 is under the directory's key. No account and no handle stands here, so that nothing has to be
//! erased: whoever asks for an account names it, and is given its versions.
//!
//! INVARIANT: what the library commits as one transaction is one of LMDB's, so that a crash leaves an epoch or
//! leaves it out. Kept by `batch_set`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use akd::errors::StorageError;
use akd::storage::types::{DbRecord, KeyData, StorageType, ValueState, ValueStateRetrievalFlag};
use akd::storage::{Database, DbSetState, Storable};
use akd::{AkdLabel, AkdValue};
use async_trait::async_trait;
use aws_lc_rs::hmac;
use countersign_domain::person::Handle;
use heed::types::Bytes;
use heed::{CommitOrAbort, Env, RwTxn, WithTls};

use super::AccountDirectoryError;
use crate::file_system::named_cause;

/// How large the database may become: address space, which costs nothing until it is used. A person takes
/// some 1,100 bytes.
const MAP_BYTES: usize = 1 << 40;

/// What a name is of.
const ACCOUNT: u8 = 1;
const HANDLE: u8 = 2;

type Table = heed::Database<'static, Bytes, Bytes>;

/// The version of these tables.
pub(super) const FORMAT_VERSION: u32 = 2;
const FORMAT: &[u8] = b"format";
const PEOPLE: &[u8] = b"people";

struct Tables {
    nodes: Table,
    histories: Table,
    entered: Table,
    gone: Table,
    meta: Table,
}

/// How a person stands in the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// As they are.
    Entered,
    /// As erased; or it is about to say so.
    Gone,
}

/// The directory's database.
#[derive(Clone)]
pub(super) struct Storage {
    folder: PathBuf,
    env: Env<WithTls>,
    nodes: Table,
    histories: Table,
    entered: Table,
    gone: Table,
    meta: Table,
    names: hmac::Key,
    failure: Arc<Mutex<Option<heed::Error>>>,
}

impl Storage {
    pub(super) fn open(folder: &Path, names: hmac::Key) -> Result<Self, AccountDirectoryError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| AccountDirectoryError::Folder { path: folder.to_owned(), error })?;
        let failed = |error| {
            let error = named_cause(error, folder);
            AccountDirectoryError::Database { path: folder.to_owned(), error }
        };
        let env = crate::store::open_environment(folder, MAP_BYTES).map_err(failed)?;
        let tables = tables(&env).map_err(failed)?;
        if let Some(found) = other_format(&env, &tables).map_err(failed)? {
            return Err(AccountDirectoryError::UnknownFormat { path: folder.to_owned(), found });
        }
        let Tables { nodes, histories, entered, gone, meta } = tables;
        let (folder, failure) = (folder.to_owned(), Arc::default());
        Ok(Self { folder, env, nodes, histories, entered, gone, meta, names, failure })
    }

    fn failed(&self, error: heed::Error) -> AccountDirectoryError {
        let error = named_cause(error, &self.folder);
        AccountDirectoryError::Database { path: self.folder.clone(), error }
    }

    /// What LMDB said last under the library, which passes on that something failed and not what.
    pub(super) fn take_failure(&self) -> Option<AccountDirectoryError> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map(|error| self.failed(error))
    }

    fn database(&self, error: heed::Error) -> StorageError {
        let text = error.to_string();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        StorageError::Connection(text)
    }

    /// How the person stands in the directory; `None` if they are not in it.
    pub(super) fn standing(
        &self,
        person: Handle,
    ) -> Result<Option<Standing>, AccountDirectoryError> {
        let look = || -> heed::Result<Option<Standing>> {
            let (txn, key) = (self.env.read_txn()?, self.entry_key(person));
            if self.gone.get(&txn, key.as_ref())?.is_some() {
                return Ok(Some(Standing::Gone));
            }
            Ok(self.entered.get(&txn, key.as_ref())?.map(|_| Standing::Entered))
        };
        look().map_err(|error| self.failed(error))
    }

    /// Notes how these people stand in the directory.
    pub(super) fn put_standing(
        &self,
        people: &[Handle],
        standing: Standing,
    ) -> Result<(), AccountDirectoryError> {
        let (to, from) = match standing {
            Standing::Entered => (self.entered, self.gone),
            Standing::Gone => (self.gone, self.entered),
        };
        let put = || {
            let mut txn = self.env.write_txn()?;
            for person in people {
                let key = self.entry_key(*person);
                to.put(&mut txn, key.as_ref(), &[])?;
                from.delete(&mut txn, key.as_ref())?;
            }
            txn.commit()
        };
        put().map_err(|error| self.failed(error))
    }

    /// How many people there have ever been, as far as the directory knows.
    pub(super) fn people_seen(&self) -> Result<u32, AccountDirectoryError> {
        let look = || {
            let txn = self.env.read_txn()?;
            Ok(self.meta.get(&txn, PEOPLE)?.map(|bytes| bytes.try_into().map(u32::from_be_bytes)))
        };
        let seen = look().map_err(|error| self.failed(error))?.transpose();
        let seen = seen.map_err(|_| AccountDirectoryError::Damaged { what: "the count of people" });
        Ok(seen?.unwrap_or(0))
    }

    pub(super) fn put_people_seen(&self, people: u32) -> Result<(), AccountDirectoryError> {
        let put = || {
            let mut txn = self.env.write_txn()?;
            self.meta.put(&mut txn, PEOPLE, &people.to_be_bytes())?;
            txn.commit()
        };
        put().map_err(|error| self.failed(error))
    }

    #[cfg(test)]
    pub(super) fn put_format(&self, format: Option<u32>) -> heed::Result<()> {
        let mut txn = self.env.write_txn()?;
        match format {
            Some(format) => self.meta.put(&mut txn, FORMAT, &format.to_be_bytes())?,
            None => drop(self.meta.delete(&mut txn, FORMAT)?),
        }
        txn.commit()
    }

    #[cfg(test)]
    pub(super) fn forget_published(&self) -> heed::Result<()> {
        let mut txn = self.env.write_txn()?;
        self.entered.clear(&mut txn)?;
        txn.commit()
    }

    fn put(&self, txn: &mut RwTxn<'_>, record: &DbRecord) -> Result<(), StorageError> {
        let (table, key, stored) = match record {
            DbRecord::ValueState(state) => {
                let key = self.version_key(&state.username, state.epoch);
                let unnamed = ValueState { username: AkdLabel(Vec::new()), ..state.clone() };
                (self.histories, key, &DbRecord::ValueState(unnamed))
            }
            DbRecord::Azks(_) | DbRecord::TreeNode(_) => {
                (self.nodes, record.get_full_binary_id(), record)
            }
        };
        let bytes = postcard::to_allocvec(stored).map_err(unreadable)?;
        table.put(txn, &key, &bytes).map_err(|error| self.database(error))
    }

    fn record<St: Storable>(&self, id: &St::StorageKey) -> Result<Option<DbRecord>, StorageError> {
        let txn = self.env.read_txn().map_err(|error| self.database(error))?;
        let key = St::get_full_binary_key_id(id);
        if St::data_type() == StorageType::ValueState {
            let id = ValueState::key_from_full_binary(&key).map_err(StorageError::Other)?;
            let account = AkdLabel(id.0);
            let found = self.histories.get(&txn, &self.version_key(&account, id.1));
            let found =
                found.map_err(|error| self.database(error))?.map(|bytes| version(bytes, &account));
            return Ok(found.transpose()?.map(DbRecord::ValueState));
        }
        self.nodes.get(&txn, &key).map_err(|error| self.database(error))?.map(read).transpose()
    }

    /// The versions of an account, the first one first.
    fn versions_of(&self, account: &AkdLabel) -> Result<Vec<ValueState>, StorageError> {
        let txn = self.env.read_txn().map_err(|error| self.database(error))?;
        let name = self.name(ACCOUNT, &account.0);
        let found = self
            .histories
            .prefix_iter(&txn, name.as_ref())
            .map_err(|error| self.database(error))?;
        found
            .map(|entry| version(entry.map_err(|error| self.database(error))?.1, account))
            .collect()
    }

    /// The newest version of an account, if it has one.
    pub(super) fn newest(
        &self,
        account: &AkdLabel,
    ) -> Result<Option<ValueState>, AccountDirectoryError> {
        let versions = self.versions_of(account);
        let damaged = |_| AccountDirectoryError::Damaged { what: "an account's versions" };
        Ok(versions.map_err(damaged)?.pop())
    }

    fn version_key(&self, account: &AkdLabel, epoch: u64) -> Vec<u8> {
        [self.name(ACCOUNT, &account.0).as_ref(), &epoch.to_be_bytes()].concat()
    }

    fn entry_key(&self, person: Handle) -> hmac::Tag {
        self.name(HANDLE, &person.0)
    }

    /// What stands for an account or a handle here.
    fn name(&self, kind: u8, of: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.names);
        context.update(&[kind]);
        context.update(of);
        context.sign()
    }
}

#[async_trait]
impl Database for Storage {
    async fn set(&self, record: DbRecord) -> Result<(), StorageError> {
        self.batch_set(vec![record], DbSetState::General).await
    }

    async fn batch_set(
        &self,
        records: Vec<DbRecord>,
        _state: DbSetState,
    ) -> Result<(), StorageError> {
        let mut txn = self.env.write_txn().map_err(|error| self.database(error))?;
        records.iter().try_for_each(|record| self.put(&mut txn, record))?;
        txn.commit().map_err(|error| self.database(error))
    }

    async fn get<St: Storable>(&self, id: &St::StorageKey) -> Result<DbRecord, StorageError> {
        self.record::<St>(id)?.ok_or_else(|| StorageError::NotFound("a record".to_owned()))
    }

    async fn batch_get<St: Storable>(
        &self,
        ids: &[St::StorageKey],
    ) -> Result<Vec<DbRecord>, StorageError> {
        ids.iter().filter_map(|id| self.record::<St>(id).transpose()).collect()
    }

    async fn get_user_data(&self, username: &AkdLabel) -> Result<KeyData, StorageError> {
        let states = self.versions_of(username)?;
        if states.is_empty() {
            return Err(StorageError::NotFound("an account".to_owned()));
        }
        Ok(KeyData { states })
    }

    async fn get_user_state(
        &self,
        username: &AkdLabel,
        flag: ValueStateRetrievalFlag,
    ) -> Result<ValueState, StorageError> {
        let is_wanted = |state: &ValueState| match flag {
            ValueStateRetrievalFlag::SpecificVersion(version) => state.version == version,
            ValueStateRetrievalFlag::SpecificEpoch(epoch) => state.epoch == epoch,
            ValueStateRetrievalFlag::LeqEpoch(epoch) => state.epoch <= epoch,
            ValueStateRetrievalFlag::MaxEpoch | ValueStateRetrievalFlag::MinEpoch => true,
        };
        let mut wanted = self.versions_of(username)?.into_iter().filter(is_wanted);
        let found = match flag {
            ValueStateRetrievalFlag::MinEpoch => wanted.next(),
            _ => wanted.next_back(),
        };
        found.ok_or_else(|| StorageError::NotFound("a version".to_owned()))
    }

    async fn get_user_state_versions(
        &self,
        usernames: &[AkdLabel],
        flag: ValueStateRetrievalFlag,
    ) -> Result<HashMap<AkdLabel, (u64, AkdValue)>, StorageError> {
        let mut found = HashMap::new();
        for username in usernames {
            match self.get_user_state(username, flag).await {
                Ok(state) => drop(found.insert(username.clone(), (state.version, state.value))),
                Err(StorageError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

/// The tables, made if they are not there.
fn tables(env: &Env<WithTls>) -> heed::Result<Tables> {
    let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
        let mut table = |name| opener.create_database::<Bytes, Bytes>(txn, Some(name));
        let tables = [table("nodes")?, table("histories")?, table("entered")?, table("gone")?];
        let tables = (tables, table("meta")?);
        Ok::<_, heed::Error>(CommitOrAbort::Commit::<_, Infallible>(tables))
    })?;
    let ([nodes, histories, entered, gone], meta) = match opened {
        CommitOrAbort::Commit(tables) => tables,
        CommitOrAbort::Abort(never) => match never {},
    };
    Ok(Tables { nodes, histories, entered, gone, meta })
}

/// The format of a directory that another version of the program wrote; one without a version is of the first. A
/// new one is given this version.
fn other_format(env: &Env<WithTls>, tables: &Tables) -> heed::Result<Option<u32>> {
    let mut txn = env.write_txn()?;
    let format = tables.meta.get(&txn, FORMAT)?;
    let format = format.map(|bytes| bytes.try_into().map_or(u32::MAX, u32::from_be_bytes));
    match format {
        Some(FORMAT_VERSION) => Ok(None),
        Some(found) => Ok(Some(found)),
        None if !tables.nodes.is_empty(&txn)? => Ok(Some(1)),
        None => {
            tables.meta.put(&mut txn, FORMAT, &FORMAT_VERSION.to_be_bytes())?;
            txn.commit()?;
            Ok(None)
        }
    }
}

/// A stored version of the account that was asked for.
fn version(bytes: &[u8], account: &AkdLabel) -> Result<ValueState, StorageError> {
    match read(bytes)? {
        DbRecord::ValueState(state) => Ok(ValueState { username: account.clone(), ..state }),
        DbRecord::Azks(_) | DbRecord::TreeNode(_) => Err(unreadable("not a version")),
    }
}

fn read(bytes: &[u8]) -> Result<DbRecord, StorageError> {
    postcard::from_bytes(bytes).map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> StorageError {
    StorageError::Other(format!("a record cannot be read: {error}"))
}
