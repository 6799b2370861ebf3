//! The directory: which secret each account has, as an authenticated key directory of the crate `akd`, whose
//! root every close carries. See [`countersign_protocol::directory`] for what it proves.
//!
//! It is brought up to date before each close, in epochs of `EPOCH_ACCOUNTS_MAX` accounts, so that memory
//! does not grow with the people. Whoever came after the last close is not in it yet.
//!
//! What it is not: it is not on the request path, and it decides nothing. It has neither accounts nor secrets
//! in it: only commitments to them, under names that come of accounts and its key.

use std::path::Path;

use akd::directory::Directory;
use akd::errors::{AkdError, StorageError};
use akd::storage::StorageManager;
use akd::{AkdLabel, AkdValue, AzksParallelismConfig, EpochHash, HistoryParams};
use akd_core::configuration::WhatsAppV1Configuration;
use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_protocol::directory::{GONE, Growth, Step, history_bytes, secret_commitment};
use countersign_protocol::entry::DirectoryRoot;
use futures_executor::block_on;

use crate::keys::SecretKey;
use crate::store::{Erasure, View};

mod error;
mod key;
mod storage;

pub use self::error::AccountDirectoryError;

use self::key::VrfKey;
use self::storage::{Standing, Storage};

/// The most accounts of one epoch.
const EPOCH_ACCOUNTS_MAX: usize = 20_000;

/// The directory of a platform's accounts. The library is asynchronous and this storage is not: what is waited
/// for here is always done, so that no runtime is needed.
pub struct AccountDirectory {
    accounts: Directory<WhatsAppV1Configuration, Storage, VrfKey>,
    storage: Storage,
}

/// What the directory proves of an account.
pub struct History {
    /// The proof, as a ledger bundle has it.
    pub proof: Vec<u8>,
    /// The account's newest version.
    pub version: u64,
    /// What it commits to.
    pub value: Digest,
}

impl AccountDirectory {
    /// Opens the directory in this folder, which is made if there is none, under this key.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn open(folder: &Path, key: &SecretKey) -> Result<Self, AccountDirectoryError> {
        let key = VrfKey::of(key);
        let storage = Storage::open(folder, key.names())?;
        let manager = StorageManager::new_no_cache(storage.clone());
        let made = Directory::new(manager, key, AzksParallelismConfig::disabled());
        let accounts = block_on(made)
            .map_err(|error| storage.take_failure().unwrap_or_else(|| error.into()))?;
        Ok(Self { accounts, storage })
    }

    /// Waits for the library.
    fn wait<T>(
        &self,
        asked: impl Future<Output = Result<T, AkdError>>,
    ) -> Result<T, AccountDirectoryError> {
        block_on(asked).map_err(|error| self.failed(error))
    }

    /// Why the library failed: its database knows better, if it was that.
    fn failed(&self, error: AkdError) -> AccountDirectoryError {
        self.storage.take_failure().unwrap_or_else(|| error.into())
    }

    /// Opens the directory that the log's newest close binds, if there is a close; it is made if none ever bound one.
    ///
    /// # Errors
    /// [`AccountDirectoryError`]: it is missing, older, or another one.
    pub fn open_bound(
        folder: &Path,
        key: &SecretKey,
        bound: Option<DirectoryRoot>,
    ) -> Result<Self, AccountDirectoryError> {
        let path = folder.to_owned();
        let bound = bound.filter(|bound| bound.epoch > 0);
        if let Some(DirectoryRoot { epoch, .. }) = bound
            && !folder.join("data.mdb").exists()
        {
            return Err(AccountDirectoryError::Missing { path, epoch });
        }
        let directory = Self::open(folder, key)?;
        let Some(bound) = bound else { return Ok(directory) };
        let root = directory.root()?;
        if root.epoch < bound.epoch {
            let (found, expected) = (root.epoch, bound.epoch);
            return Err(AccountDirectoryError::Older { path, found, expected });
        }
        if root.vrf != bound.vrf {
            return Err(AccountDirectoryError::Other { path, what: "the key" });
        }
        // What a crash left between directory and close is newer, and was bound by nothing yet.
        if root.epoch == bound.epoch && root.root != bound.root {
            return Err(AccountDirectoryError::Other { path, what: "the root" });
        }
        Ok(directory)
    }

    /// Whether these people are as new as the directory.
    ///
    /// # Errors
    /// [`AccountDirectoryError::PeopleOlder`].
    pub fn check_people(&self, view: &View) -> Result<(), AccountDirectoryError> {
        let (found, expected) = (view.people_count(), self.storage.people_seen()?);
        if found < expected {
            return Err(AccountDirectoryError::PeopleOlder { found, expected });
        }
        Ok(())
    }

    /// Takes these people for all that there have ever been, since those who are missing are lost.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn accept_people(&self, view: &View) -> Result<(), AccountDirectoryError> {
        self.storage.put_people_seen(view.people_count())
    }

    /// Puts everybody of this view into the directory who is not in it as they are; what has no account stays
    /// outside, and so does whoever it says to be erased already: they are destroyed behind the close that a crash came
    /// before. Of an account whose last secret nobody in the view has any more it says that this is gone, and brings
    /// the next one once a close has bound that; `bound` is the epoch of the newest close. It blocks, for long where
    /// many came. What a crash cuts short is done by the next call.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn publish(&self, view: &View, bound: u64) -> Result<DirectoryRoot, AccountDirectoryError> {
        if view.people_count() > self.storage.people_seen()? {
            self.storage.put_people_seen(view.people_count())?;
        }
        let mut updates = Vec::new();
        let mut handles = Vec::new();
        for number in 0..view.people_count() {
            let Some(person) = view.person(number) else { continue };
            let Some(account) = person.account() else { continue };
            if self.storage.standing(person.handle())?.is_some() {
                continue;
            }
            let mut secret = Secret([0; 32]);
            person.secret_into(&mut secret);
            let value = secret_commitment(&secret);
            match self.newest(account)? {
                // Their secret was lost with an older backup of the people.
                Some((_, before)) if before != value && before != GONE => {
                    updates.push((AkdLabel::from(account), AkdValue(GONE.0.to_vec())));
                }
                // No close has said yet that the one before is gone.
                Some((epoch, GONE)) if epoch > bound => continue,
                _ => {
                    updates.push((AkdLabel::from(account), AkdValue(value.0.to_vec())));
                    handles.push(person.handle());
                }
            }
            if updates.len() == EPOCH_ACCOUNTS_MAX {
                self.publish_these(std::mem::take(&mut updates), &std::mem::take(&mut handles))?;
            }
        }
        if !updates.is_empty() {
            self.publish_these(updates, &handles)?;
        }
        self.root()
    }

    /// The newest version of an account: the epoch that brought it, and what it commits to.
    fn newest(&self, account: &str) -> Result<Option<(u64, Digest)>, AccountDirectoryError> {
        let Some(newest) = self.storage.newest(&AkdLabel::from(account))? else { return Ok(None) };
        Ok(Some((newest.epoch, digest(&newest.value)?)))
    }

    /// How many of these people, whom the log knows and nobody in the view is, it has, and how many accounts it has
    /// seen more than the view.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn lost<'a>(
        &self,
        view: &View,
        people: impl Iterator<Item = &'a Handle>,
    ) -> Result<u64, AccountDirectoryError> {
        let seen = self.storage.people_seen()?.saturating_sub(view.people_count());
        let mut lost = u64::from(seen);
        for person in people {
            // Who is in it was seen.
            lost += u64::from(self.storage.standing(*person)?.is_none());
        }
        Ok(lost)
    }

    /// Whether the directory says, or is about to say, that this person is erased.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn is_gone(&self, person: Handle) -> Result<bool, AccountDirectoryError> {
        Ok(self.storage.standing(person)? == Some(Standing::Gone))
    }

    /// Puts into the directory that the secrets of these people were erased, in epochs behind those of
    /// [`AccountDirectory::publish`]. Of whom it has that already, it says nothing new.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn erase(&self, erased: &[Erasure]) -> Result<DirectoryRoot, AccountDirectoryError> {
        let gone = AkdValue(GONE.0.to_vec());
        for erased in erased.chunks(EPOCH_ACCOUNTS_MAX) {
            let handles: Vec<Handle> = erased.iter().map(|erasure| erasure.handle).collect();
            // Noted before it is said, so that nobody is taken to be in it as they are who is not.
            self.storage.put_standing(&handles, Standing::Gone)?;
            let update = |one: &Erasure| (AkdLabel::from(one.account.as_str()), gone.clone());
            self.wait(self.accounts.publish(erased.iter().map(update).collect()))?;
        }
        self.root()
    }

    fn publish_these(
        &self,
        updates: Vec<(AkdLabel, AkdValue)>,
        handles: &[Handle],
    ) -> Result<(), AccountDirectoryError> {
        // What stands there already in the same words, a crash came after, and is passed over.
        self.wait(self.accounts.publish(updates))?;
        self.storage.put_standing(handles, Standing::Entered)
    }

    /// The directory as it is.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn root(&self) -> Result<DirectoryRoot, AccountDirectoryError> {
        let EpochHash(epoch, root) = self.wait(self.accounts.get_epoch_hash())?;
        if epoch == 0 {
            return Ok(DirectoryRoot::EMPTY);
        }
        let vrf = self.wait(self.accounts.get_public_key())?;
        Ok(DirectoryRoot { epoch, root: Digest(root), vrf: Digest(*vrf.as_bytes()) })
    }

    /// How it grew from this epoch to the one that it is of; `None` if that is this one or an earlier one. It blocks:
    /// the older the epoch, the longer.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn growth(&self, since: u64) -> Result<Option<Growth>, AccountDirectoryError> {
        let EpochHash(epoch, _) = self.wait(self.accounts.get_epoch_hash())?;
        if since >= epoch {
            return Ok(None);
        }
        let proved = self.wait(self.accounts.audit(since, epoch))?;
        Ok(Some(Growth {
            first: since,
            steps: proved.proofs.into_iter().map(Step::from).collect(),
        }))
    }

    /// Proves the whole history of an account; `None` of one that is not in the directory.
    ///
    /// # Errors
    /// [`AccountDirectoryError`].
    pub fn history(&self, account: &str) -> Result<Option<History>, AccountDirectoryError> {
        let label = AkdLabel::from(account);
        let made = self.accounts.key_history(&label, HistoryParams::Complete);
        let proof = match block_on(made) {
            Ok((proof, _)) => proof,
            Err(AkdError::Storage(StorageError::NotFound(_))) => return Ok(None),
            Err(error) => return Err(self.failed(error)),
        };
        let Some(newest) = proof.update_proofs.first() else { return Ok(None) };
        let value = digest(&newest.value)?;
        let version = newest.version;
        Ok(Some(History { proof: history_bytes(&proof)?, version, value }))
    }
}

fn digest(value: &AkdValue) -> Result<Digest, AccountDirectoryError> {
    let value = <[u8; 32]>::try_from(&value.0[..]).map(Digest);
    value.map_err(|_| AccountDirectoryError::Damaged { what: "a value" })
}

#[cfg(test)]
mod tests {
    use countersign_domain::settings::Settings;
    use countersign_domain::time::Timestamp;
    use countersign_protocol::directory::{DirectoryError, verify_history};

    use super::*;
    use crate::store::{Made, People, StoreOptions, Way};

    struct Platform {
        dir: tempfile::TempDir,
        people: People,
        key: SecretKey,
    }

    impl Platform {
        fn with(accounts: &[&str]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let people = People::open(&dir.path().join("people"), StoreOptions::default()).unwrap();
            people.enrol(accounts.iter().copied(), Settings::DEFAULT).unwrap();
            Self { dir, people, key: SecretKey::generate().unwrap() }
        }

        fn erased(&self, account: &str) -> Erasure {
            let made = Made { at: Timestamp::from_seconds(1), by: Way::Command };
            self.people.erase(account, made).unwrap()
        }

        fn directory(&self) -> AccountDirectory {
            AccountDirectory::open(&self.dir.path().join("directory"), &self.key).unwrap()
        }
    }

    #[test]
    fn everybody_is_proved_to_have_one_secret_and_nobody_else_is_there() {
        let platform = Platform::with(&["ada", "bob"]);
        let directory = platform.directory();
        assert_eq!(directory.root().unwrap(), DirectoryRoot::EMPTY);
        let root = directory.publish(&platform.people.view(), 0).unwrap();
        assert_eq!(root.epoch, 1);
        for account in ["ada", "bob"] {
            let history = directory.history(account).unwrap().unwrap();
            let versions = verify_history(account, &history.proof, &root).unwrap();
            let [version] = versions.as_slice() else { panic!("{versions:?}") };
            assert_eq!((version.version, version.epoch, version.value), (1, 1, history.value));
            let other = verify_history("eve", &history.proof, &root);
            assert!(matches!(other, Err(DirectoryError::Proof)), "{other:?}");
        }
        assert!(directory.history("eve").unwrap().is_none());
    }

    #[test]
    fn whoever_came_later_comes_with_the_next_epoch_and_nothing_is_published_twice() {
        let platform = Platform::with(&["ada"]);
        let first = platform.directory().publish(&platform.people.view(), 0).unwrap();
        // Opened anew, as after a restart.
        let directory = platform.directory();
        assert_eq!(directory.publish(&platform.people.view(), 0).unwrap(), first);
        platform.people.enrol(["bob"], Settings::DEFAULT).unwrap();
        let second = directory.publish(&platform.people.view(), 0).unwrap();
        assert_eq!((second.epoch, second.vrf), (2, first.vrf));
        let ada = directory.history("ada").unwrap().unwrap();
        assert_eq!(verify_history("ada", &ada.proof, &second).unwrap().len(), 1);
        assert!(verify_history("ada", &ada.proof, &first).is_err());
    }

    #[test]
    fn whose_secret_was_erased_has_a_version_that_says_so_once_and_the_next_secret_behind_it() {
        let platform = Platform::with(&["ada", "bob"]);
        let directory = platform.directory();
        let first = directory.publish(&platform.people.view(), 0).unwrap();
        let erased_people = [platform.erased("ada")];
        let erased = directory.erase(&erased_people).unwrap();
        assert_eq!(erased.epoch, first.epoch + 1);
        // As after a crash before the close.
        assert_eq!(directory.erase(&erased_people).unwrap(), erased);
        assert_eq!(directory.publish(&platform.people.view(), 0).unwrap(), erased);
        let ada = directory.history("ada").unwrap().unwrap();
        let versions = verify_history("ada", &ada.proof, &erased).unwrap();
        let values: Vec<_> = versions.iter().map(|one| (one.version, one.value)).collect();
        assert_eq!(values.len(), 2);
        assert_eq!(values.iter().max().unwrap(), &(2, GONE));

        // The account comes back: another person, with another secret.
        let other = Platform::with(&["ada"]);
        let back = directory.publish(&other.people.view(), erased.epoch).unwrap();
        let ada = directory.history("ada").unwrap().unwrap();
        assert_eq!((ada.version, back.epoch), (3, erased.epoch + 1));
        assert_eq!(verify_history("ada", &ada.proof, &back).unwrap().len(), 3);
        assert!(directory.history("bob").unwrap().is_some());
    }

    #[test]
    fn account_whose_secret_was_lost_gets_the_next_one_behind_a_close_that_says_so() {
        let platform = Platform::with(&["ada", "bob"]);
        let directory = platform.directory();
        let first = directory.publish(&platform.people.view(), 0).unwrap();
        // The people are restored from before ada came, and she comes again.
        let restored = Platform::with(&["bob", "ada"]);
        let values = |root: &DirectoryRoot| {
            let history = directory.history("ada").unwrap().unwrap();
            let mut versions = verify_history("ada", &history.proof, root).unwrap();
            versions.sort_by_key(|version| version.version);
            versions.iter().map(|one| (one.epoch, one.value)).collect::<Vec<_>>()
        };
        let lost = directory.publish(&restored.people.view(), first.epoch).unwrap();
        assert_eq!(lost.epoch, first.epoch + 1);
        assert_eq!(values(&lost)[1..], [(lost.epoch, GONE)]);
        // As after a crash before the close: no close has said so yet.
        assert_eq!(directory.publish(&restored.people.view(), first.epoch).unwrap(), lost);
        let back = directory.publish(&restored.people.view(), lost.epoch).unwrap();
        let values = values(&back);
        assert_eq!((back.epoch, values.len()), (lost.epoch + 1, 3));
        let view = restored.people.view();
        let mut secret = Secret([0; 32]);
        view.person(1).unwrap().secret_into(&mut secret);
        assert_eq!(values[2], (back.epoch, secret_commitment(&secret)));
        assert_eq!(directory.publish(&restored.people.view(), back.epoch).unwrap(), back);
    }

    #[test]
    fn a_directory_of_another_format_is_refused() {
        for (format, expected) in [(None, 1), (Some(3_u32), 3)] {
            let platform = Platform::with(&["ada"]);
            let directory = platform.directory();
            directory.publish(&platform.people.view(), 0).unwrap();
            directory.storage.put_format(format).unwrap();
            drop(directory);
            let folder = platform.dir.path().join("directory");
            let refused = AccountDirectory::open(&folder, &platform.key).err();
            let Some(AccountDirectoryError::UnknownFormat { found, .. }) = refused else {
                panic!("{refused:?}");
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn neither_accounts_nor_handles_stand_in_its_files() {
        let account = "ada.lovelace@example.org";
        let platform = Platform::with(&[account, "bob"]);
        let directory = platform.directory();
        directory.publish(&platform.people.view(), 0).unwrap();
        directory.erase(&[platform.erased(account)]).unwrap();
        let handle = platform.people.person_of_account(account).unwrap().unwrap();
        let files = std::fs::read_dir(platform.dir.path().join("directory")).unwrap();
        for file in files {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for what in [account.as_bytes(), &handle.0] {
                assert!(!bytes.windows(what.len()).any(|window| window == what));
            }
        }
    }

    #[test]
    fn what_was_published_before_a_crash_and_not_noted_stays_as_it_is() {
        let platform = Platform::with(&["ada"]);
        let directory = platform.directory();
        let first = directory.publish(&platform.people.view(), 0).unwrap();
        directory.storage.forget_published().unwrap();
        assert_eq!(directory.publish(&platform.people.view(), 0).unwrap(), first);
    }
}
