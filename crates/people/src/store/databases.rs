//! LMDB's named databases, as tables, and the transactions that read and write them. What LMDB says goes through here,
//! and leaves as an error that names the store's folder.
//!
//! | name | key | value |
//! | --- | --- | --- |
//! | meta | `format`, `image` (its generation and the checksum of its header), `commits`, `feed` (the last sequence of the change feed), `remnants` (1: bytes of erased people are still in the file, see `erasure`); `log` (see `log_mark`); `canaries` (how often canaries were changed) | 8 bytes, little-endian; of `log` 24, of `image` 12 |
//! | accounts | the platform's own name for a person | person number |
//! | people | person number | record (see `record`), which holds account, handle and secret too |
//! | friends | person number | their friends' numbers, ascending, 4 bytes each, little-endian |
//! | grants | grant id | grant (see `grant`) |
//! | changed | person number | the commit that last changed the person, since the image was written |
//! | client_secrets | client | secret (32) |
//! | viewer_grants | a person's handle, a grant id | nothing: the index of `grants` by viewer |
//! | history | a person's handle, a rising number (8, big-endian) | what they changed (see `history`) |
//! | outbox | as of `history` | 0, or 1 if it holds only once the log has it: changes that the log does not have yet (see `outbox`) |
//! | beginnings | person number | nothing: people of whose first settings the log does not know |
//! | consent_receipts | as of `history` | the receipt of a change that the log has, as text |
//! | erasures | person number | of who asked for erasure and is not destroyed yet: when (8), its number among their choices (8), and the time of its entry in the log (8, 0 before there is one), little-endian |
//! | holds | person number | until when a legal hold keeps what is kept of the person (8, little-endian) |
//! | legacy_2014 | person number | nothing: who has the settings of the preset `legacy-2014` |
//!
//! `people` and `friends` are how things are now; `changed` names those of them whom the image has
//! otherwise or not at all. Stores of other formats are refused.
//!
//! Person numbers are big-endian keys, so that people lie in the order of their numbers. There is no
//! database from handles: the image's index answers that, and it is made again from `people`.

use std::convert::Infallible;
use std::ops::Bound;
use std::sync::Arc;

use heed::byteorder::BE;
use heed::types::{Bytes, Str, U32};
use heed::{
    BytesDecode, BytesEncode, CommitOrAbort, Database, Env, PutFlags, RoTxn, RwTxn, WithTls,
};

use super::error::StoreError;
use super::store_dir::StoreDir;

pub(super) type Number = U32<BE>;

const META: &str = "meta";
const FORMAT: &str = "format";

/// A transaction, of whichever kind it is.
pub(super) trait Txn {
    /// As LMDB knows it.
    fn raw(&self) -> &RoTxn<'_>;

    /// The tables that it sees.
    fn tables(&self) -> &Tables;

    /// The folder that its errors name.
    fn dir(&self) -> &StoreDir;

    /// A record that cannot be read.
    fn damaged(&self, what: &'static str) -> StoreError {
        self.dir().damaged(what)
    }
}

/// A transaction that reads.
pub(super) struct ReadTxn {
    txn: RoTxn<'static, WithTls>,
    tables: Tables,
    dir: Arc<StoreDir>,
}

impl ReadTxn {
    pub(super) fn begin(
        env: &Env<WithTls>,
        tables: Tables,
        dir: &Arc<StoreDir>,
    ) -> Result<Self, StoreError> {
        let txn = env.clone().static_read_txn().map_err(|e| dir.failed(e))?;
        Ok(Self { txn, tables, dir: Arc::clone(dir) })
    }
}

impl Txn for ReadTxn {
    fn raw(&self) -> &RoTxn<'_> {
        &self.txn
    }

    fn tables(&self) -> &Tables {
        &self.tables
    }

    fn dir(&self) -> &StoreDir {
        &self.dir
    }
}

/// A transaction that writes too. Dropped before it is committed, it leaves no trace.
pub(super) struct WriteTxn<'e> {
    txn: RwTxn<'e>,
    pub(super) tables: Tables,
    dir: Arc<StoreDir>,
}

impl<'e> WriteTxn<'e> {
    pub(super) fn begin(
        env: &'e Env<WithTls>,
        tables: Tables,
        dir: &Arc<StoreDir>,
    ) -> Result<Self, StoreError> {
        let txn = env.write_txn().map_err(|e| dir.failed(e))?;
        Ok(Self { txn, tables, dir: Arc::clone(dir) })
    }

    /// Makes it durable.
    pub(super) fn commit(self) -> Result<(), StoreError> {
        let Self { txn, dir, .. } = self;
        txn.commit().map_err(|e| dir.failed(e))
    }
}

impl Txn for WriteTxn<'_> {
    fn raw(&self) -> &RoTxn<'_> {
        &self.txn
    }

    fn tables(&self) -> &Tables {
        &self.tables
    }

    fn dir(&self) -> &StoreDir {
        &self.dir
    }
}

/// One of LMDB's databases.
pub(super) struct Table<K: 'static, V: 'static>(Database<'static, K, V>);

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Table<K, V> {}

impl<K, V> Table<K, V> {
    pub(super) fn get<'k, 't>(
        self,
        txn: &'t impl Txn,
        key: &'k K::EItem,
    ) -> Result<Option<V::DItem>, StoreError>
    where
        K: BytesEncode<'k>,
        V: BytesDecode<'t>,
    {
        self.0.get(txn.raw(), key).map_err(|e| txn.dir().failed(e))
    }

    pub(super) fn len(self, txn: &impl Txn) -> Result<u64, StoreError> {
        self.0.len(txn.raw()).map_err(|e| txn.dir().failed(e))
    }

    /// Everything in it, in the order of the keys.
    #[expect(clippy::type_complexity, reason = "it is what LMDB gives, with our error")]
    pub(super) fn iter<'t, T: Txn>(
        self,
        txn: &'t T,
    ) -> Result<impl Iterator<Item = Result<(K::DItem, V::DItem), StoreError>>, StoreError>
    where
        K: BytesDecode<'t>,
        V: BytesDecode<'t>,
    {
        let entries = self.0.iter(txn.raw()).map_err(|e| txn.dir().failed(e))?;
        Ok(entries.map(|entry| entry.map_err(|e| txn.dir().failed(e))))
    }

    pub(super) fn put<'k>(
        self,
        txn: &mut WriteTxn<'_>,
        key: &'k K::EItem,
        value: &'k V::EItem,
    ) -> Result<(), StoreError>
    where
        K: BytesEncode<'k>,
        V: BytesEncode<'k>,
    {
        self.0.put(&mut txn.txn, key, value).map_err(|e| txn.dir.failed(e))
    }

    /// Puts what comes behind every key that there is.
    pub(super) fn append<'k>(
        self,
        txn: &mut WriteTxn<'_>,
        key: &'k K::EItem,
        value: &'k V::EItem,
    ) -> Result<(), StoreError>
    where
        K: BytesEncode<'k>,
        V: BytesEncode<'k>,
    {
        let put = self.0.put_with_flags(&mut txn.txn, PutFlags::APPEND, key, value);
        put.map_err(|e| txn.dir.failed(e))
    }

    /// Whether there was anything.
    pub(super) fn delete<'k>(
        self,
        txn: &mut WriteTxn<'_>,
        key: &'k K::EItem,
    ) -> Result<bool, StoreError>
    where
        K: BytesEncode<'k>,
    {
        self.0.delete(&mut txn.txn, key).map_err(|e| txn.dir.failed(e))
    }
}

/// A key and a value where they lie.
pub(super) type Entry<'t> = Result<(&'t [u8], &'t [u8]), StoreError>;

impl Table<Bytes, Bytes> {
    /// What has keys that begin so, in their order.
    pub(super) fn prefixed<'t, T: Txn>(
        self,
        txn: &'t T,
        prefix: &[u8],
    ) -> Result<impl Iterator<Item = Entry<'t>> + use<'t, T>, StoreError> {
        let entries = self.0.prefix_iter(txn.raw(), prefix).map_err(|e| txn.dir().failed(e))?;
        Ok(entries.map(|entry| entry.map_err(|e| txn.dir().failed(e))))
    }

    /// What has keys from the first on and before the end, the last of them first.
    pub(super) fn backwards<'t, T: Txn>(
        self,
        txn: &'t T,
        [first, end]: [&[u8]; 2],
    ) -> Result<impl Iterator<Item = Entry<'t>> + use<'t, T>, StoreError> {
        let range = (Bound::Included(first), Bound::Excluded(end));
        let entries = self.0.rev_range(txn.raw(), &range).map_err(|e| txn.dir().failed(e))?;
        Ok(entries.map(|entry| entry.map_err(|e| txn.dir().failed(e))))
    }

    /// Removes everything whose key begins so.
    pub(super) fn delete_prefixed(
        self,
        txn: &mut WriteTxn<'_>,
        prefix: &[u8],
    ) -> Result<(), StoreError> {
        let keys = self.prefixed(txn, prefix)?;
        let keys =
            keys.map(|entry| Ok(entry?.0.to_vec())).collect::<Result<Vec<_>, StoreError>>()?;
        keys.iter().try_for_each(|key| self.delete(txn, key).map(drop))
    }
}

/// The tables, open.
#[derive(Clone, Copy)]
pub(super) struct Tables {
    pub(super) meta: Table<Str, Bytes>,
    pub(super) accounts: Table<Str, Number>,
    pub(super) people: Table<Number, Bytes>,
    pub(super) friends: Table<Number, Bytes>,
    pub(super) grants: Table<Bytes, Bytes>,
    pub(super) changed: Table<Number, Bytes>,
    pub(super) client_secrets: Table<Str, Bytes>,
    pub(super) viewer_grants: Table<Bytes, Bytes>,
    pub(super) history: Table<Bytes, Bytes>,
    pub(super) legacy: Table<Number, Bytes>,
    pub(super) outbox: Table<Bytes, Bytes>,
    pub(super) beginnings: Table<Number, Bytes>,
    pub(super) consent_receipts: Table<Bytes, Bytes>,
    pub(super) erasures: Table<Number, Bytes>,
    pub(super) holds: Table<Number, Bytes>,
}

impl Tables {
    /// Opens them all; in a new store they are made.
    pub(super) fn open(env: &Env<WithTls>) -> heed::Result<Self> {
        let opened = env.create_databases_and_commit(env.write_txn()?, |opener, txn| {
            let kept = (
                opener.create_database::<Str, Bytes>(txn, Some(META))?,
                opener.create_database::<Str, Number>(txn, Some("accounts"))?,
                opener.create_database::<Number, Bytes>(txn, Some("people"))?,
                opener.create_database::<Number, Bytes>(txn, Some("friends"))?,
                opener.create_database::<Number, Bytes>(txn, Some("changed"))?,
                opener.create_database::<Number, Bytes>(txn, Some("legacy_2014"))?,
            );
            let given = (
                opener.create_database::<Bytes, Bytes>(txn, Some("grants"))?,
                opener.create_database::<Bytes, Bytes>(txn, Some("viewer_grants"))?,
                opener.create_database::<Bytes, Bytes>(txn, Some("history"))?,
                opener.create_database::<Str, Bytes>(txn, Some("client_secrets"))?,
            );
            let untold = (
                opener.create_database::<Bytes, Bytes>(txn, Some("outbox"))?,
                opener.create_database::<Number, Bytes>(txn, Some("beginnings"))?,
                opener.create_database::<Bytes, Bytes>(txn, Some("consent_receipts"))?,
            );
            let going = (
                opener.create_database::<Number, Bytes>(txn, Some("erasures"))?,
                opener.create_database::<Number, Bytes>(txn, Some("holds"))?,
            );
            let opened = (kept, given, untold, going);
            Ok::<_, heed::Error>(CommitOrAbort::Commit::<_, Infallible>(opened))
        })?;
        let (kept, given, untold, going) = match opened {
            CommitOrAbort::Commit(tables) => tables,
            CommitOrAbort::Abort(never) => match never {},
        };
        let (meta, accounts, people, friends, changed, legacy) = kept;
        let (grants, viewer_grants, history, client_secrets) = given;
        let (outbox, beginnings, consent_receipts) = untold;
        let (erasures, holds) = going;
        Ok(Self {
            meta: Table(meta),
            accounts: Table(accounts),
            people: Table(people),
            friends: Table(friends),
            grants: Table(grants),
            changed: Table(changed),
            client_secrets: Table(client_secrets),
            viewer_grants: Table(viewer_grants),
            history: Table(history),
            legacy: Table(legacy),
            outbox: Table(outbox),
            beginnings: Table(beginnings),
            consent_receipts: Table(consent_receipts),
            erasures: Table(erasures),
            holds: Table(holds),
        })
    }

    /// The stored format's version, `None` in a new store. Asked before anything else is touched.
    pub(super) fn format(env: &Env<WithTls>) -> heed::Result<Option<u32>> {
        let mut format = None;
        env.open_databases_and_commit(env.read_txn()?, |opener, txn| {
            if let Some(meta) = opener.open_database::<Str, Bytes>(txn, Some(META))? {
                format = meta.get(txn, FORMAT)?.map(number);
            }
            Ok::<_, heed::Error>(CommitOrAbort::Abort::<(), ()>(()))
        })?;
        Ok(format.map(|format| u32::try_from(format).unwrap_or(u32::MAX)))
    }

    pub(super) fn put_format(self, txn: &mut WriteTxn<'_>, format: u32) -> Result<(), StoreError> {
        self.meta.put(txn, FORMAT, &u64::from(format).to_le_bytes())
    }
}

/// A number as tables have it. Bytes that are none read as a number that nothing accepts.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(u64::MAX, u64::from_le_bytes)
}
