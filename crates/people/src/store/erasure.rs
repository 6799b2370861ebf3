//! Erasure: asked for at once, done once the log has closed what it holds about the person.
//!
//! ```text
//! erase      profile, friendships, grants and settings go; the log is told
//! a close    the directory and the index say what there is to say (see `countersign-service`'s closes)
//! destroy    account, handle, secret and history go; nobody stands in the person's place
//! compact    so do the bytes that LMDB leaves behind
//! ```
//!
//! A legal hold keeps account, handle, secret and history until its end, and with them what the log's annexes say;
//! profile and settings it does not keep.
//!
//! What LMDB leaves of them in its file goes with [`compaction`](super::compaction). The image is written anew at once.
//!
//! What it is not: it knows nothing of the log, and does not say when a person may be destroyed.

use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;

use super::changes::Changes;
use super::databases::Txn;
use super::erasure_table::{self, ErasureRow};
use super::error::StoreError;
use super::kept::Writer;
use super::provenance::Made;
use super::storage::Storage;
use super::view::View;
use super::{fold, outbox};

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

/// Erases the person of this account, as far as that is done at once: nothing of theirs is released from now
/// on. Asked for again, it changes nothing.
pub(super) fn erase(storage: &Storage, account: &str, made: Made) -> Result<Erasure, StoreError> {
    let writer = Writer::wait(storage);
    let mut changes = Changes::begin(&writer, Settings::CLOSED)?;
    let number = changes.number_of(account)?.ok_or(StoreError::UnknownPerson)?;
    if !erasure_table::is_asked(changes.txn(), number)? {
        changes.erase(number, made)?;
    }
    changes.commit()?;
    erasure(&storage.read()?, &storage.view(), number)
}

/// Holds what is kept of the person of this account until then, in place of any hold before. The number of that among
/// their choices.
pub(super) fn hold(
    storage: &Storage,
    account: &str,
    made: Made,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let writer = Writer::wait(storage);
    let mut changes = Changes::begin(&writer, Settings::CLOSED)?;
    let number = changes.number_of(account)?.ok_or(StoreError::UnknownPerson)?;
    let chosen = changes.hold(number, until, made)?;
    changes.commit()?;
    Ok(chosen)
}

/// Everybody who asked for erasure and is not destroyed yet.
pub(super) fn everybody(storage: &Storage) -> Result<Vec<Erasure>, StoreError> {
    let (txn, view) = (storage.read()?, storage.view());
    let numbers = erasure_table::everybody(&txn)?;
    numbers.into_iter().map(|number| erasure(&txn, &view, number)).collect()
}

/// Destroys what is left of these people: their rows, and the image in which they were. Whoever of them did
/// not ask for erasure, or is not there, is left as they are.
pub(super) fn destroy(storage: &Storage, people: &[Handle]) -> Result<(), StoreError> {
    let writer = Writer::wait(storage);
    let mut changes = Changes::begin(&writer, Settings::CLOSED)?;
    let view = storage.view();
    for number in people.iter().filter_map(|person| view.number_of(*person)) {
        if erasure_table::is_asked(changes.txn(), number)? {
            changes.destroy(number)?;
        }
    }
    changes.commit()?;
    drop(writer);
    fold::fold(storage, &mut |_, _| ()).map(drop)
}

/// How far the erasure of the person of this number is.
pub(super) fn erasure(txn: &impl Txn, view: &View, number: u32) -> Result<Erasure, StoreError> {
    let damaged = || txn.damaged("an erasure");
    let ErasureRow { at: asked_at, chosen, logged_at } = erasure_table::get(txn, number)?;
    let person = view.person(number).ok_or_else(damaged)?;
    let (handle, account) = (person.handle(), person.account().ok_or_else(damaged)?);
    Ok(Erasure {
        handle,
        account: account.to_owned(),
        asked_at,
        chosen,
        held_until: erasure_table::held_until(txn, number)?,
        is_logged: !outbox::is_waiting(txn, handle, number)?,
        logged_at,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{fs, thread};

    use countersign_domain::field::{FieldId, FieldSet};
    use countersign_domain::grant::Grant;
    use countersign_domain::identifier::Identifier;
    use countersign_domain::person::Secret;
    use countersign_protocol::consent::Choice;

    use super::*;
    use crate::store::databases::ReadTxn;
    use crate::store::layout::{COPIES, DATA};
    use crate::store::told::tell;
    use crate::store::{
        GrantId, GrantRecord, LogMark, People, Profile, ProfileUpdate, StoreOptions, Update, Way,
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
            let mut changes = Changes::begin(&writer, Settings::DEFAULT).unwrap();
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
        people.put_grants(&[(GRANT, record)], Way::Login).unwrap();
        close(&people, viewer);
        people.fold(&mut |_, _| ()).unwrap();
        people
    }

    /// Somebody closes everything, which holds at once.
    fn close(people: &People, person: Handle) {
        let close = |_| Ok::<_, StoreError>(Settings::CLOSED);
        people.choose_settings(person, MADE, close).unwrap();
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
        tell(&people, MADE);
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
        tell(&people, MADE);
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
        tell(&people, MADE);
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
        let mut changes = Changes::begin(&writer, Settings::CLOSED).unwrap();
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
            let before = people.storage.read().unwrap();
            // A thread reads one thing at a time.
            thread::scope(|scope| {
                assert!(scope.spawn(|| people.compact().unwrap()).join().unwrap())
            });
            // Whoever began before reads on in what they began in, and nobody else has it open.
            let accounts = |txn: &ReadTxn| txn.tables().accounts.len(txn).unwrap();
            assert_eq!(accounts(&before), 199);
            assert!(removed_and_open(dir.path()) > 0);
            drop(before);
            assert_eq!(removed_and_open(dir.path()), 0, "the old database is closed");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4, "two of LMDB, lock and image");
            people.enrol([ACCOUNT], Settings::DEFAULT).unwrap();
            assert_eq!(accounts(&people.storage.read().unwrap()), 200);
            close(&people, person(&people).0);
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
