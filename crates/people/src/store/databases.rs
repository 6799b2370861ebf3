//! LMDB's named databases.
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

use heed::byteorder::BE;
use heed::types::{Bytes, Str, U32};
use heed::{CommitOrAbort, Env, RoTxn, RwTxn, WithTls};

use super::image::ImageName;
use super::log_mark::LogMark;

pub(super) type Number = U32<BE>;
type Database<K, V> = heed::Database<'static, K, V>;

const META: &str = "meta";
const FORMAT: &str = "format";
const IMAGE: &str = "image";
const COMMITS: &str = "commits";
const FEED: &str = "feed";
const REMNANTS: &str = "remnants";
const LOG: &str = "log";
const CANARIES: &str = "canaries";

/// The databases, open.
#[derive(Clone, Copy)]
pub(super) struct Databases {
    meta: Database<Str, Bytes>,
    pub(super) accounts: Database<Str, Number>,
    pub(super) people: Database<Number, Bytes>,
    pub(super) friends: Database<Number, Bytes>,
    pub(super) grants: Database<Bytes, Bytes>,
    pub(super) changed: Database<Number, Bytes>,
    pub(super) client_secrets: Database<Str, Bytes>,
    pub(super) viewer_grants: Database<Bytes, Bytes>,
    pub(super) history: Database<Bytes, Bytes>,
    pub(super) legacy: Database<Number, Bytes>,
    pub(super) outbox: Database<Bytes, Bytes>,
    pub(super) beginnings: Database<Number, Bytes>,
    pub(super) consent_receipts: Database<Bytes, Bytes>,
    pub(super) erasures: Database<Number, Bytes>,
    pub(super) holds: Database<Number, Bytes>,
}

impl Databases {
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
            CommitOrAbort::Commit(databases) => databases,
            CommitOrAbort::Abort(never) => match never {},
        };
        let (meta, accounts, people, friends, changed, legacy) = kept;
        let (grants, viewer_grants, history, client_secrets) = given;
        let (outbox, beginnings, consent_receipts) = untold;
        let (erasures, holds) = going;
        Ok(Self {
            meta,
            accounts,
            people,
            friends,
            grants,
            changed,
            client_secrets,
            viewer_grants,
            history,
            legacy,
            outbox,
            beginnings,
            consent_receipts,
            erasures,
            holds,
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

    pub(super) fn put_format(&self, txn: &mut RwTxn<'_>, format: u32) -> heed::Result<()> {
        self.meta.put(txn, FORMAT, &u64::from(format).to_le_bytes())
    }

    /// The image that belongs to what this transaction sees; of generation zero before the first.
    pub(super) fn image(&self, txn: &RoTxn<'_>) -> heed::Result<ImageName> {
        let name = self.meta.get(txn, IMAGE)?.and_then(ImageName::from_bytes);
        Ok(name.unwrap_or_default())
    }

    pub(super) fn put_image_name(&self, txn: &mut RwTxn<'_>, name: ImageName) -> heed::Result<()> {
        self.meta.put(txn, IMAGE, &name.to_bytes())
    }

    /// How many commits of changes this transaction sees.
    pub(super) fn commits(&self, txn: &RoTxn<'_>) -> heed::Result<u64> {
        Ok(self.meta.get(txn, COMMITS)?.map_or(0, number))
    }

    /// Says that these people are no longer as the image has them; the number of the commit.
    pub(super) fn put_changed(
        &self,
        txn: &mut RwTxn<'_>,
        numbers: impl IntoIterator<Item = u32>,
    ) -> heed::Result<u64> {
        let stamp = self.commits(txn)? + 1;
        self.meta.put(txn, COMMITS, &stamp.to_le_bytes())?;
        for number in numbers {
            self.changed.put(txn, &number, &stamp.to_le_bytes())?;
        }
        Ok(stamp)
    }

    /// Names the image of everything until this commit; whoever changed later stays named as changed.
    pub(super) fn put_image(
        &self,
        txn: &mut RwTxn<'_>,
        name: ImageName,
        stamp: u64,
    ) -> heed::Result<()> {
        let folded = |entry: heed::Result<(u32, &[u8])>| match entry {
            Ok((person, bytes)) => (number(bytes) <= stamp).then_some(Ok(person)),
            Err(error) => Some(Err(error)),
        };
        let folded =
            self.changed.iter(txn)?.filter_map(folded).collect::<heed::Result<Vec<_>>>()?;
        for person in folded {
            self.changed.delete(txn, &person)?;
        }
        self.put_image_name(txn, name)
    }

    /// Whether bytes of people who were destroyed are still in the file.
    pub(super) fn has_remnants(&self, txn: &RoTxn<'_>) -> heed::Result<bool> {
        Ok(self.meta.get(txn, REMNANTS)?.is_some_and(|bytes| number(bytes) != 0))
    }

    pub(super) fn put_remnants(&self, txn: &mut RwTxn<'_>, has: bool) -> heed::Result<()> {
        self.meta.put(txn, REMNANTS, &u64::from(has).to_le_bytes())
    }

    /// How far of the log these people agree with it, as bytes of a [`LogMark`].
    pub(super) fn log_mark<'t>(&self, txn: &'t RoTxn<'_>) -> heed::Result<Option<&'t [u8]>> {
        self.meta.get(txn, LOG)
    }

    /// Never back: whoever puts one has looked at the log's head before.
    pub(super) fn put_log_mark(&self, txn: &mut RwTxn<'_>, mark: LogMark) -> heed::Result<()> {
        let before = self.meta.get(txn, LOG)?.and_then(LogMark::from_bytes);
        let is_behind =
            |before: LogMark| before.stream == mark.stream && before.entries >= mark.entries;
        if before.is_some_and(is_behind) {
            return Ok(());
        }
        self.meta.put(txn, LOG, &mark.to_bytes())
    }

    /// How often canaries were changed, as far as is known here.
    pub(super) fn canary_changes(&self, txn: &RoTxn<'_>) -> heed::Result<u64> {
        Ok(self.meta.get(txn, CANARIES)?.map_or(0, number))
    }

    pub(super) fn put_canary_changes(&self, txn: &mut RwTxn<'_>, count: u64) -> heed::Result<()> {
        self.meta.put(txn, CANARIES, &count.to_le_bytes())
    }

    /// The last sequence of the change feed that was applied; zero before the first.
    pub(super) fn feed(&self, txn: &RoTxn<'_>) -> heed::Result<u64> {
        Ok(self.meta.get(txn, FEED)?.map_or(0, number))
    }

    pub(super) fn put_feed(&self, txn: &mut RwTxn<'_>, sequence: u64) -> heed::Result<()> {
        self.meta.put(txn, FEED, &sequence.to_le_bytes())
    }
}

/// A number of `meta` or `changed`. Bytes that are none read as a number that nothing accepts.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(u64::MAX, u64::from_le_bytes)
}
