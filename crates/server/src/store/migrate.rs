//! Stores that earlier versions wrote, brought to this one when they are opened.

use std::path::Path;

use heed::{Env, WithTls};

use super::databases::Databases;
use super::error::StoreError;
use super::lmdb::{FORMAT_VERSION, StoreOptions};
use super::opening::database_error;
use super::record;

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
    databases.put_format(&mut txn, FORMAT_VERSION).map_err(failed)?;
    txn.commit().map_err(failed)
}

#[cfg(test)]
mod tests {
    use countersign_domain::settings::Settings;

    use super::*;
    use crate::store::{NewPerson, People, Profile};

    #[test]
    fn a_store_of_format_1_goes_on_with_the_settings_that_had_changed() {
        let dir = tempfile::tempdir().unwrap();
        let open = || People::open(dir.path(), StoreOptions::default()).unwrap();
        let people = open();
        let mut import = people.import().unwrap();
        for account in ["ada", "bob"] {
            let (minor, settings, profile) = (false, Settings::DEFAULT, &mut Profile::default());
            import.person(NewPerson { account, minor, settings, profile }).unwrap();
        }
        import.commit(&mut |_, _| ()).unwrap();
        let [ada, bob] =
            ["ada", "bob"].map(|account| people.person_of_account(account).unwrap().unwrap());
        // As format 1 had it: beside the records.
        let changed_settings = Databases::changed_settings_of_1(&people.env).unwrap();
        let closed = record::settings_to_bytes(Settings::CLOSED);
        people
            .write(|txn| {
                changed_settings.put(txn, &1, &closed)?;
                people.databases.put_format(txn, 1)
            })
            .unwrap();
        drop(people);
        for _ in 0..2 {
            let people = open();
            assert_eq!(people.settings(ada).unwrap(), Settings::DEFAULT);
            assert_eq!(people.settings(bob).unwrap(), Settings::CLOSED);
            people.fold(&mut |_, _| ()).unwrap();
            assert_eq!(people.settings(bob).unwrap(), Settings::CLOSED);
            assert_eq!(Databases::format(&people.env).unwrap(), Some(FORMAT_VERSION));
        }
    }
}
