//! Erasure: asked for at once, done once the log has closed what it holds about the person.
//!
//! ```text
//! erase      profile, friendships, grants and settings go; the log is told
//! a close    the directory and the index say what there is to say (see `crate::closes`)
//! destroy    account, handle, secret and history go; nobody stands in the person's place
//! compact    so do the bytes that LMDB leaves behind
//! ```
//!
//! A legal hold keeps account, handle, secret and history until its end, and with them what the log's annexes say;
//! profile and settings it does not keep.
//!
//! LMDB leaves old bytes in pages that are free and between the rows of pages that are not. Nothing but a copy of
//! what is alive is sure to be without them: [`People::compact`] makes one, and lets everybody go on in that. The
//! image is written anew at once.
//!
//! What it is not: it knows nothing of the log, and does not say when a person may be destroyed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use heed::CompactionOption;

use super::databases::number as number_of;
use super::error::StoreError;
use super::history::Made;
use super::kept::{Kept, Reading};
use super::lmdb::{People, StoreOptions};
use super::opening::{database_error, file_error};

/// Where copies are made that take the database's place.
const COPIES: &str = "copies";

/// LMDB's own files.
const DATA: &str = "data.mdb";
const LOCK: &str = "lock.mdb";

/// Somebody who asked for erasure and is not destroyed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The person.
    pub handle: Handle,
    /// The platform's own name for them.
    pub account: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The number of that among their choices.
    pub chosen: u64,
    /// Until when a legal hold keeps what is kept; it may be past.
    pub held_until: Option<Timestamp>,
    /// Whether the log has everything that they ever chose, the erasure included.
    pub is_logged: bool,
    /// The time of the erasure's entry in the log.
    pub logged_at: Option<Timestamp>,
}

/// What is stored of an erasure.
pub(super) struct Asked {
    pub(super) at: Timestamp,
    pub(super) chosen: u64,
    pub(super) logged_at: Option<Timestamp>,
}

impl Asked {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let logged_at = self.logged_at.map_or(0, Timestamp::seconds);
        [self.at.seconds(), self.chosen, logged_at].map(u64::to_le_bytes).concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let [at, chosen, logged_at] = numbers else { return None };
        let [at, chosen, logged_at] =
            [at, chosen, logged_at].map(|bytes| u64::from_le_bytes(*bytes));
        let logged_at = (logged_at > 0).then_some(Timestamp::from_seconds(logged_at));
        Some(Self { at: Timestamp::from_seconds(at), chosen, logged_at })
    }
}

impl People {
    /// Erases the person of this account, as far as that is done at once: nothing of theirs is released from now
    /// on. Asked for again, it changes nothing.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`], …; then nothing has changed.
    pub fn erase(&self, account: &str, made: Made) -> Result<Erasure, StoreError> {
        let writer = self.writer();
        let mut changes = writer.changes(Settings::CLOSED)?;
        let number = changes.number_of(account)?.ok_or(StoreError::UnknownPerson)?;
        let asked = changes.databases().erasures.get(changes.txn(), &number);
        if asked.map_err(|e| self.failed(e))?.is_none() {
            changes.erase(number, made)?;
        }
        changes.commit()?;
        let txn = self.read()?;
        self.erasure(&txn, number)
    }

    /// How far the erasure of the person of this account is; `None` if nobody asked for one.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn erasure_of(&self, account: &str) -> Result<Option<Erasure>, StoreError> {
        let person = self.person_of_account(account)?.ok_or(StoreError::UnknownPerson)?;
        let number = self.view().number_of(person).ok_or(StoreError::UnknownPerson)?;
        let txn = self.read()?;
        self.is_erased(person).then(|| self.erasure(&txn, number)).transpose()
    }

    /// Holds what is kept of the person of this account until then, in place of any hold before; one that is past
    /// ends it. The number of that among their choices.
    ///
    /// # Errors
    /// As [`People::erase`].
    pub fn hold(&self, account: &str, made: Made, until: Timestamp) -> Result<u64, StoreError> {
        let writer = self.writer();
        let mut changes = writer.changes(Settings::CLOSED)?;
        let number = changes.number_of(account)?.ok_or(StoreError::UnknownPerson)?;
        let chosen = changes.hold(number, until, made)?;
        changes.commit()?;
        Ok(chosen)
    }

    /// Until when a legal hold keeps what is kept of this person, if one was ever set; it may be past.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`].
    pub fn held_until(&self, person: Handle) -> Result<Option<Timestamp>, StoreError> {
        let number = self.view().number_of(person).ok_or(StoreError::UnknownPerson)?;
        let txn = self.read()?;
        self.hold_of(&txn, number)
    }

    /// Whether this person asked for erasure.
    #[must_use]
    pub fn is_erased(&self, person: Handle) -> bool {
        let view = self.view();
        let number = view.number_of(person);
        number.and_then(|number| view.person(number)).is_some_and(|person| person.is_erased())
    }

    /// Everybody who asked for erasure and is not destroyed yet.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let txn = self.read()?;
        let entries = txn.databases.erasures.iter(&txn).map_err(|e| self.failed(e))?;
        let numbers = entries.map(|entry| Ok(entry?.0)).collect::<heed::Result<Vec<u32>>>();
        let numbers = numbers.map_err(|e| self.failed(e))?;
        numbers.into_iter().map(|number| self.erasure(&txn, number)).collect()
    }

    /// Destroys what is left of these people: their rows, and the image in which they were. Whoever of them did
    /// not ask for erasure, or is not there, is left as they are.
    ///
    /// # Errors
    /// [`StoreError`]; before the commit nothing has changed then, and behind it the next start does the rest.
    pub fn destroy(&self, people: &[Handle]) -> Result<(), StoreError> {
        let writer = self.writer();
        let mut changes = writer.changes(Settings::CLOSED)?;
        for person in people {
            let Some(number) = self.view().number_of(*person) else { continue };
            let asked = changes.databases().erasures.get(changes.txn(), &number);
            if asked.map_err(|e| self.failed(e))?.is_some() {
                changes.destroy(number)?;
            }
        }
        changes.commit()?;
        drop(writer);
        self.fold(&mut |_, _| ()).map(drop)
    }

    /// Leaves behind what people who were destroyed left in the database's file: writers wait while what is alive is
    /// copied into a new one, readers do not. Whether there was anything.
    ///
    /// # Errors
    /// [`StoreError`]; then the database is as it was.
    pub fn compact(&self) -> Result<bool, StoreError> {
        let writer = self.writer();
        if !self.has_remnants()? {
            return Ok(false);
        }
        // A folder is opened once in the life of a program.
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        let files = self.dir.join(COPIES).join(number.to_string());
        self.kept.store(Arc::new(copied(&self.dir, &files, &writer.kept, self.options)?));
        drop(writer);
        self.writer().write(|databases, txn| databases.put_remnants(txn, false))?;
        Ok(true)
    }

    /// Whether bytes of people who were destroyed are still in the database's file, which [`People::compact`] ends.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn has_remnants(&self) -> Result<bool, StoreError> {
        let txn = self.read()?;
        txn.databases.has_remnants(&txn).map_err(|e| self.failed(e))
    }

    fn erasure(&self, txn: &Reading, number: u32) -> Result<Erasure, StoreError> {
        let damaged = || self.damaged("an erasure");
        let asked = txn.databases.erasures.get(txn, &number).map_err(|e| self.failed(e))?;
        let Asked { at: asked_at, chosen, logged_at } =
            asked.and_then(Asked::from_bytes).ok_or_else(damaged)?;
        let view = self.view();
        let person = view.person(number).ok_or_else(damaged)?;
        let (handle, account) = (person.handle(), person.account().ok_or_else(damaged)?);
        let waiting = txn.databases.outbox.prefix_iter(txn, &handle.0).and_then(|mut waiting| {
            let begins = txn.databases.beginnings.get(txn, &number)?.is_some();
            Ok(begins || waiting.next().transpose()?.is_some())
        });
        Ok(Erasure {
            handle,
            account: account.to_owned(),
            asked_at,
            chosen,
            held_until: self.hold_of(txn, number)?,
            is_logged: !waiting.map_err(|e| self.failed(e))?,
            logged_at,
        })
    }

    fn hold_of(&self, txn: &Reading, number: u32) -> Result<Option<Timestamp>, StoreError> {
        let hold = txn.databases.holds.get(txn, &number).map_err(|e| self.failed(e))?;
        Ok(hold.map(number_of).map(Timestamp::from_seconds))
    }
}

/// Puts a copy of what is alive in the place of a database in which people were destroyed, and opens it. It lies in
/// `files` while it is made and opened; `of` is complete, and nobody writes there meanwhile or ever again.
fn copied(dir: &Path, files: &Path, of: &Kept, options: StoreOptions) -> Result<Kept, StoreError> {
    fs::create_dir_all(files).map_err(file_error(files, "making the folder"))?;
    let data = files.join(DATA);
    let written = of.env.copy_to_path(&data, CompactionOption::Enabled);
    let written = written.map_err(|source| database_error(dir, options, source))?;
    written.sync_all().map_err(file_error(&data, "syncing"))?;
    let kept = Kept::open(dir, files, options)?;
    // The lock goes first: a tool that copies the database sees the old one, which stays as it is, or registers
    // with whoever writes the new one.
    for name in [LOCK, DATA] {
        let path = dir.join(name);
        fs::rename(files.join(name), &path).map_err(file_error(&path, "replacing"))?;
    }
    let folder = File::open(dir).and_then(|folder| folder.sync_all());
    folder.map_err(file_error(dir, "syncing"))?;
    // Empty now; what stays is removed at the next start.
    let _ = fs::remove_dir(files).and_then(|()| fs::remove_dir(dir.join(COPIES)));
    Ok(kept)
}

/// Removes what a crash or an end left of copies.
pub(super) fn remove_copies(dir: &Path) -> Result<(), StoreError> {
    let copies = dir.join(COPIES);
    match fs::remove_dir_all(&copies) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(file_error(&copies, "removing")(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use countersign_domain::field::{FieldId, FieldSet};
    use countersign_domain::grant::Grant;
    use countersign_domain::identifier::Identifier;
    use countersign_domain::person::Secret;
    use countersign_protocol::consent::Choice;

    use super::*;
    use crate::store::{
        GrantId, GrantRecord, Holds, LogMark, Logged, Profile, ProfileUpdate, SettledConsent,
        Update, Way,
    };

    const MADE: Made = Made { at: Timestamp::from_seconds(1_000), by: Way::AdminApi };
    const GRANT: GrantId = GrantId([0x5b; 16]);

    /// Nothing else in a store has these bytes.
    const ACCOUNT: &str = "augusta-ada-king-noel";
    const VALUE: &[u8] = b"\"countess of lovelace\"";

    fn open(dir: &Path) -> People {
        People::open(dir, StoreOptions::default()).unwrap()
    }

    /// Some hundred people whose rows share pages, changed again and again, and one in their midst.
    fn crowded(dir: &Path) -> People {
        let people = open(dir);
        for round in 0..4 {
            let writer = people.writer();
            let mut changes = writer.changes(Settings::DEFAULT).unwrap();
            for number in 0..200 {
                let account = if number == 100 { ACCOUNT.to_owned() } else { format!("p{number}") };
                let number = changes.living(&account).unwrap();
                let mut profile = Profile::default();
                let value =
                    if account == ACCOUNT { VALUE.to_vec() } else { vec![b'7'; 40 * round + 1] };
                profile.set(FieldId::new(7).unwrap(), &value);
                let profile = Some(ProfileUpdate::Whole(&mut profile));
                changes.update(number, Update { minor: None, profile }).unwrap();
                changes.befriend(number, 0).unwrap();
            }
            changes.commit().unwrap();
        }
        let viewer = people.person_of_account(ACCOUNT).unwrap().unwrap();
        let name = |text| Identifier::parse(text).unwrap();
        let grant = Grant {
            client: name("aurora-home"),
            purpose: name("contacts"),
            viewer: FieldSet::ALL,
            friend: FieldSet::ALL,
            until: Timestamp::from_seconds(9_000),
        };
        let record = GrantRecord { viewer, grant, build: None, created: MADE.at };
        people.put_grants(&[(GRANT, record)], Way::Login, Holds::AtOnce).unwrap();
        people.set_settings(viewer, MADE, Settings::CLOSED).unwrap();
        people.fold(&mut |_, _| ()).unwrap();
        people
    }

    /// The log was told of everything.
    fn tell(people: &People) {
        let pending = people.pending(MADE.at, 1_000).unwrap();
        let settled = pending.iter().map(|pending| SettledConsent {
            handle: pending.handle,
            number: pending.record.number,
            receipt: Some("receipt of a choice".to_owned()),
        });
        let logged = Logged { mark: LogMark { stream: [1; 16], entries: 1 }, time: MADE.at };
        people.settled(&settled.collect::<Vec<_>>(), logged).unwrap();
    }

    fn person(people: &People) -> (Handle, Secret) {
        let handle = people.person_of_account(ACCOUNT).unwrap().unwrap();
        let (view, mut secret) = (people.view(), Secret([0; 32]));
        let number = view.number_of(handle).unwrap();
        view.person(number).unwrap().secret_into(&mut secret);
        (handle, secret)
    }

    /// The files of a folder in which these bytes stand.
    fn files_with(dir: &Path, what: &[u8]) -> Vec<String> {
        let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
        let (folders, files): (Vec<_>, Vec<_>) = files.partition(|path| path.is_dir());
        let has = |path: &std::path::PathBuf| {
            fs::read(path).unwrap().windows(what.len()).any(|window| window == what)
        };
        let name =
            |path: std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let below = folders.iter().flat_map(|folder| files_with(folder, what));
        files.into_iter().filter(has).map(name).chain(below).collect()
    }

    #[test]
    fn who_is_destroyed_is_in_no_file_once_the_store_is_compact() {
        let dir = tempfile::tempdir().unwrap();
        let people = crowded(dir.path());
        let (handle, secret) = person(&people);
        let erased = [ACCOUNT.as_bytes(), VALUE, &handle.0, &secret.0, &GRANT.0];
        for what in erased {
            assert!(!files_with(dir.path(), what).is_empty(), "it would be found");
        }
        let neighbour = people.person_of_account("p99").unwrap();
        assert!(!people.erase(ACCOUNT, MADE).unwrap().is_logged);
        tell(&people);
        let logged = people.erasures().unwrap().remove(0);
        assert!(logged.is_logged && logged.logged_at == Some(MADE.at));
        assert_eq!(people.log_mark().unwrap(), Some(LogMark { stream: [1; 16], entries: 1 }));
        people.destroy(&[handle]).unwrap();
        assert!(people.erasures().unwrap().is_empty());
        assert_eq!(people.person_of_account(ACCOUNT).unwrap(), None);
        // What a running server reads says nothing any more; what LMDB leaves behind is another matter.
        assert!(people.has_remnants().unwrap());
        assert_eq!(files_with(dir.path(), ACCOUNT.as_bytes()), ["data.mdb"]);
        assert!(people.compact().unwrap());
        for what in erased {
            assert_eq!(files_with(dir.path(), what), [""; 0]);
        }
        assert!(!people.has_remnants().unwrap() && !people.compact().unwrap());
        assert_eq!(people.person_of_account("p99").unwrap(), neighbour);
        assert_eq!(people.counts().friendships, 198);

        // The account comes back as somebody else.
        people.enrol([ACCOUNT], Settings::DEFAULT).unwrap();
        let back = person(&people);
        assert!(back.0 != handle && back.1.0 != secret.0);
        assert!(people.history(back.0, None, 9).unwrap().is_empty());
    }

    #[test]
    fn erasure_closes_everything_at_once_and_is_a_choice_that_the_log_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let people = crowded(dir.path());
        let (handle, _) = person(&people);
        tell(&people);
        // Something that would be opened once the log has it.
        people.choose_settings(handle, MADE, |_| Ok::<_, StoreError>(Settings::DEFAULT)).unwrap();
        let first = people.erase(ACCOUNT, MADE).unwrap();
        assert!(people.erase(ACCOUNT, MADE).unwrap() == first, "asked for once more");
        assert_eq!(people.settings(handle).unwrap(), Settings::CLOSED);
        assert!(
            people.grants_of(handle).unwrap().is_empty() && people.grant(GRANT).unwrap().is_none()
        );
        let view = people.view();
        let seen = view.person(view.number_of(handle).unwrap()).unwrap();
        assert!(seen.is_erased() && seen.is_removed());
        let nothing = FieldSet::of(FieldId::ID).with(FieldId::FRIENDS);
        assert_eq!((seen.present(), seen.friends_count()), (nothing, 0));
        let pending = people.pending(MADE.at, 9).unwrap();
        let choices: Vec<_> =
            pending.iter().map(|one| (one.record.number, &one.record.choice)).collect();
        assert!(
            matches!(choices[..], [(3, Choice::Settings(_)), (4, Choice::Erased {})]),
            "{choices:?}"
        );
        tell(&people);
        assert_eq!(people.settings(handle).unwrap(), Settings::CLOSED, "opened behind the erasure");
        assert!(matches!(people.erase("nobody", MADE), Err(StoreError::UnknownPerson)));
    }

    #[test]
    fn a_hold_is_a_choice_and_the_last_one_counts() {
        let dir = tempfile::tempdir().unwrap();
        let people = crowded(dir.path());
        let (handle, _) = person(&people);
        assert_eq!(people.held_until(handle).unwrap(), None);
        let until = |seconds| Timestamp::from_seconds(seconds);
        assert_eq!(people.hold(ACCOUNT, MADE, until(5_000)).unwrap(), 3);
        people.erase(ACCOUNT, MADE).unwrap();
        assert_eq!(people.erasures().unwrap()[0].held_until, Some(until(5_000)));
        assert_eq!(people.hold(ACCOUNT, MADE, until(6_000)).unwrap(), 5);
        assert_eq!(people.held_until(handle).unwrap(), Some(until(6_000)));
        let pending = people.pending(MADE.at, 9).unwrap();
        assert_eq!(pending.last().unwrap().record.choice, Choice::Hold { until: until(6_000) });
        drop(people);
        let people = open(dir.path());
        assert_eq!(people.erasures().unwrap()[0].held_until, Some(until(6_000)));
    }

    #[test]
    fn who_did_not_ask_is_not_destroyed() {
        let dir = tempfile::tempdir().unwrap();
        let people = crowded(dir.path());
        let (handle, secret) = person(&people);
        people.destroy(&[handle]).unwrap();
        let found = person(&people);
        assert!(found.0 == handle && found.1.0 == secret.0);
        assert!(!people.has_remnants().unwrap());
    }

    #[test]
    fn crash_between_destruction_and_image_or_within_the_copy_is_made_whole_at_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let people = crowded(dir.path());
        let (handle, _) = person(&people);
        people.erase(ACCOUNT, MADE).unwrap();
        people.fold(&mut |_, _| ()).unwrap();
        let writer = people.writer();
        let mut changes = writer.changes(Settings::CLOSED).unwrap();
        let number = changes.number_of(ACCOUNT).unwrap().unwrap();
        changes.destroy(number).unwrap();
        changes.commit().unwrap();
        drop(writer);
        // The power goes before the image is written; and once more, within a copy.
        drop(people);
        fs::create_dir_all(dir.path().join(COPIES).join("0")).unwrap();
        fs::write(dir.path().join(COPIES).join("0").join(DATA), b"half a copy").unwrap();
        assert!(!files_with(dir.path(), &handle.0).is_empty());
        let people = open(dir.path());
        assert_eq!(files_with(dir.path(), &handle.0), [""; 0]);
        assert!(!dir.path().join(COPIES).exists());
        assert_eq!(people.counts().people, 200);
        assert_eq!(people.view().changed_count(), 0);
    }

    /// The files of a folder that are open, though they are in no folder any more.
    fn removed_and_open(dir: &Path) -> usize {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        let open = open.filter_map(|file| fs::read_link(file.unwrap().path()).ok());
        let removed = open.map(|path| path.display().to_string());
        removed
            .filter(|path| path.starts_with(dir.to_str().unwrap()) && path.ends_with(" (deleted)"))
            .count()
    }

    #[test]
    fn readers_and_writers_go_on_while_the_database_is_exchanged() {
        let dir = tempfile::tempdir().unwrap();
        let people = crowded(dir.path());
        let (handle, _) = person(&people);
        for round in 1..4_u64 {
            people.erase(ACCOUNT, MADE).unwrap();
            people.destroy(&[person(&people).0]).unwrap();
            let before = people.read().unwrap();
            // A thread reads one thing at a time.
            thread::scope(|scope| {
                assert!(scope.spawn(|| people.compact().unwrap()).join().unwrap())
            });
            // Whoever began before reads on in what they began in, and nobody else has it open.
            let accounts = |txn: &Reading| txn.databases.accounts.len(txn).unwrap();
            assert_eq!(accounts(&before), 199);
            assert!(removed_and_open(dir.path()) > 0);
            drop(before);
            assert_eq!(removed_and_open(dir.path()), 0, "the old database is closed");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "two of LMDB, lock and image");
            people.enrol([ACCOUNT], Settings::DEFAULT).unwrap();
            assert_eq!(accounts(&people.read().unwrap()), 200);
            people.set_settings(person(&people).0, MADE, Settings::CLOSED).unwrap();
            assert_eq!(people.counts().people, 200 + round);
        }
        let last = person(&people).0;
        assert!(last != handle);
        drop(people);
        let people = open(dir.path());
        assert!(person(&people).0 == last);
        assert_eq!(people.settings(last).unwrap(), Settings::CLOSED);
    }
}
