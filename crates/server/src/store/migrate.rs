//! Stores that earlier versions wrote, brought to this one when they are opened.

use std::path::Path;

use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;
use heed::{Env, RoTxn, WithTls};

use super::databases::Databases;
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord};
use super::lmdb::StoreOptions;
use super::opening::database_error;
use super::outbox::Holds;
use super::record::{self, Record};
use super::{grants, legacy, outbox};

/// Format 1 kept settings that changed since the image beside the records. They go into the records,
/// whose people then count as changed; all in one commit.
pub(super) fn from_1(
    dir: &Path,
    env: &Env<WithTls>,
    databases: Databases,
    options: StoreOptions,
) -> Result<(), StoreError> {
    let failed = |source| database_error(dir, options, source);
    let damaged = |what| StoreError::Damaged { dir: dir.to_owned(), what };
    let changed_settings = Databases::changed_settings_of_1(env).map_err(failed)?;
    let mut txn = env.write_txn().map_err(failed)?;
    let mut changed: Vec<(u32, [u8; 64])> = Vec::new();
    for entry in changed_settings.iter(&txn).map_err(failed)? {
        let (number, bytes) = entry.map_err(failed)?;
        changed.push((number, bytes.try_into().map_err(|_| damaged("somebody's settings"))?));
    }
    for (number, settings) in &changed {
        let record = databases.people.get(&txn, number).map_err(failed)?;
        let mut record = record.ok_or_else(|| damaged("a person"))?.to_vec();
        record::put_own_settings(&mut record, record::settings_from_bytes(settings));
        databases.people.put(&mut txn, number, &record).map_err(failed)?;
    }
    changed_settings.clear(&mut txn).map_err(failed)?;
    databases.put_changed(&mut txn, changed.iter().map(|(number, _)| *number)).map_err(failed)?;
    databases.put_format(&mut txn, 2).map_err(failed)?;
    txn.commit().map_err(failed)
}

/// Format 2 had no index of grants by viewer, no history, and no list of those with the settings of 2014.
/// Grants are indexed, and people listed whose settings look like it; their history begins now. One commit.
pub(super) fn from_2(
    dir: &Path,
    env: &Env<WithTls>,
    databases: Databases,
    options: StoreOptions,
) -> Result<(), StoreError> {
    let failed = |source| database_error(dir, options, source);
    let damaged = |what| StoreError::Damaged { dir: dir.to_owned(), what };
    let mut txn = env.write_txn().map_err(failed)?;
    let mut index = Vec::new();
    for entry in databases.grants.iter(&txn).map_err(failed)? {
        let (id, bytes) = entry.map_err(failed)?;
        let id = GrantId(id.try_into().map_err(|_| damaged("a grant"))?);
        let grant = GrantRecord::from_bytes(bytes).ok_or_else(|| damaged("a grant"))?;
        index.push(grants::index_key(grant.viewer, id));
    }
    let listed = settings_of_all(databases, &txn).map_err(failed)?;
    let listed = listed.ok_or_else(|| damaged("a person"))?.into_iter();
    let listed = listed.filter(|(_, settings)| legacy::looks_like_it(*settings));
    for key in &index {
        databases.viewer_grants.put(&mut txn, key, &[]).map_err(failed)?;
    }
    for (number, _) in listed {
        let preset = Some(Preset::Legacy2014);
        legacy::mark(&databases, &mut txn, number, preset).map_err(failed)?;
    }
    databases.put_format(&mut txn, 3).map_err(failed)?;
    txn.commit().map_err(failed)
}

/// Format 3 told the log nothing of what people chose. Everything in their histories, and what people have
/// open from the beginning that not everybody has, is there to be told. One commit.
pub(super) fn from_3(
    dir: &Path,
    env: &Env<WithTls>,
    databases: Databases,
    options: StoreOptions,
) -> Result<(), StoreError> {
    let failed = |source| database_error(dir, options, source);
    let damaged = |what| StoreError::Damaged { dir: dir.to_owned(), what };
    let mut txn = env.write_txn().map_err(failed)?;
    let mut changes = Vec::new();
    for entry in databases.history.iter(&txn).map_err(failed)? {
        changes.push(entry.map_err(failed)?.0.to_vec());
    }
    let begun = settings_of_all(databases, &txn).map_err(failed)?;
    let begun = begun.ok_or_else(|| damaged("a person"))?;
    for key in &changes {
        databases.outbox.put(&mut txn, key, &[Holds::AtOnce.code()]).map_err(failed)?;
    }
    for (number, settings) in begun {
        outbox::begun(&databases, &mut txn, number, settings).map_err(failed)?;
    }
    databases.put_format(&mut txn, 4).map_err(failed)?;
    txn.commit().map_err(failed)
}

/// What everybody has open, by number; `None` if somebody's record cannot be read.
fn settings_of_all(
    databases: Databases,
    txn: &RoTxn<'_>,
) -> heed::Result<Option<Vec<(u32, Settings)>>> {
    let people = databases.people.iter(txn)?.map(|entry| {
        let (number, bytes) = entry?;
        Ok(Record::parse(bytes).map(|record| (number, record.settings())))
    });
    people.collect()
}

#[cfg(test)]
mod tests {
    use countersign_domain::field::FieldSet;
    use countersign_domain::grant::Grant;
    use countersign_domain::identifier::Identifier;
    use countersign_domain::route::Route;
    use countersign_domain::time::Timestamp;

    use super::*;
    use crate::store::{FORMAT_VERSION, NewPerson, People, Profile, Way};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn a_store_of_format_1_goes_on_with_the_settings_that_had_changed() {
        let dir = tempfile::tempdir().unwrap();
        let open = || People::open(dir.path(), StoreOptions::default()).unwrap();
        let people = open();
        let importer = people.importer();
        let mut import = importer.import(NOW).unwrap();
        for account in ["ada", "bob"] {
            let (minor, settings, profile) =
                (false, Settings::DEFAULT.into(), &mut Profile::default());
            import.person(NewPerson { account, minor, settings, profile }).unwrap();
        }
        import.commit(&mut |_, _| ()).unwrap();
        drop(importer);
        let [ada, bob] =
            ["ada", "bob"].map(|account| people.person_of_account(account).unwrap().unwrap());
        // As format 1 had it: beside the records.
        let changed_settings = Databases::changed_settings_of_1(&people.kept.load().env).unwrap();
        let closed = record::settings_to_bytes(Settings::CLOSED);
        people
            .writer()
            .write(|databases, txn| {
                changed_settings.put(txn, &1, &closed)?;
                databases.put_format(txn, 1)
            })
            .unwrap();
        drop(people);
        for _ in 0..2 {
            let people = open();
            assert_eq!(people.settings(ada).unwrap(), Settings::DEFAULT);
            assert_eq!(people.settings(bob).unwrap(), Settings::CLOSED);
            people.fold(&mut |_, _| ()).unwrap();
            assert_eq!(people.settings(bob).unwrap(), Settings::CLOSED);
            assert_eq!(Databases::format(&people.kept.load().env).unwrap(), Some(FORMAT_VERSION));
        }
    }
    #[test]
    fn a_store_of_format_2_finds_grants_by_their_viewer_and_who_has_the_settings_of_2014() {
        let dir = tempfile::tempdir().unwrap();
        let open = || People::open(dir.path(), StoreOptions::default()).unwrap();
        let people = open();
        let app = |bits| Settings::DEFAULT.with(Route::FriendsApp, FieldSet::from_bits(bits));
        let settings =
            [Settings::DEFAULT, app(0b1111_0001_1111), app(0b1_1111_1111), Settings::CLOSED];
        let accounts = ["ada", "bob", "cy", "dee"];
        let mut handles = Vec::new();
        for (account, settings) in accounts.into_iter().zip(settings) {
            handles.push(people.enrol([account], settings).unwrap()[0].handle);
        }
        let name = |text| Identifier::parse(text).unwrap();
        let record = |viewer, created| GrantRecord {
            viewer,
            grant: Grant {
                client: name("aurora-home"),
                purpose: name("contacts"),
                viewer: FieldSet::ALL,
                friend: FieldSet::ALL,
                until: NOW.plus_seconds(9),
            },
            build: None,
            created: Timestamp::from_seconds(created),
        };
        let ids: Vec<_> = (1..=3).map(|number| GrantId([number; 16])).collect();
        let given = [
            (ids[0], record(handles[0], 5)),
            (ids[1], record(handles[1], 6)),
            (ids[2], record(handles[0], 7)),
        ];
        people.put_grants(&given, Way::Login, Holds::AtOnce).unwrap();
        // As format 2 had it.
        people
            .writer()
            .write(|databases, txn| {
                databases.viewer_grants.clear(txn)?;
                databases.history.clear(txn)?;
                databases.legacy.clear(txn)?;
                databases.put_format(txn, 2)
            })
            .unwrap();
        drop(people);
        for _ in 0..2 {
            let people = open();
            let found = |handle| -> Vec<GrantId> {
                people.grants_of(handle).unwrap().into_iter().map(|(id, _)| id).collect()
            };
            assert!(found(handles[0]) == [ids[2], ids[0]] && found(handles[1]) == [ids[1]]);
            assert!(found(handles[2]).is_empty());
            assert_eq!(people.legacy_2014_count().unwrap(), 1, "bob, and nobody else");
            assert_eq!(Databases::format(&people.kept.load().env).unwrap(), Some(FORMAT_VERSION));
        }
    }
}
