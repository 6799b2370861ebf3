//! An import: one transaction over everything, then the image, then the commit.

use countersign_domain::time::Timestamp;

use super::choice::Choice;
use super::error::StoreError;
use super::history;
use super::image::ImageName;
use super::image_writer::{Done, write_next};
use super::kept::Importer;
use super::opening::open_image;
use super::options::Counts;
use super::provenance::{Holds, Made, Way};
use super::record::Profile;
use super::storage::Storage;
use super::writing::{Known, Writing};
use super::{legacy, meta};

/// A person as an import has them.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// The platform's own name for the person, which finds them again in the next import.
    pub account: &'a str,
    /// Whether they are a minor.
    pub minor: bool,
    /// What they start with. What a person has chosen since, here or on the platform's pages, stays.
    pub settings: Choice,
    /// Their profile, which takes the place of an earlier one.
    pub profile: &'a mut Profile,
}

/// Where a person was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Their number, the same in every import.
    pub number: u32,
    /// Whether they were not there before.
    pub is_new: bool,
}

/// An import that has begun. Dropped, it leaves no trace.
pub struct Import<'w> {
    storage: &'w Storage,
    writing: Writing<'w>,
    now: Timestamp,
}

impl<'w> Import<'w> {
    /// Begins an import at this time. Nothing of it is there before it is committed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn begin(importer: &'w Importer<'_>, now: Timestamp) -> Result<Self, StoreError> {
        let writer = &importer.writer;
        let writing = Writing::begin(writer.database.write()?)?;
        Ok(Self { storage: writer.storage, writing, now })
    }

    /// How many people there are, those of this import included.
    #[must_use]
    pub const fn people_count(&self) -> u32 {
        self.writing.people_count()
    }

    /// The number of the person of this account.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn number_of(&self, account: &str) -> Result<Option<u32>, StoreError> {
        self.writing.number_of(account)
    }

    /// Puts a person: a new one, or a new profile of one who is there. Handle and secret stay.
    ///
    /// # Errors
    /// [`StoreError::AccountLength`], [`StoreError::ProfileTooLarge`], [`StoreError::Full`], …
    pub fn person(&mut self, person: NewPerson<'_>) -> Result<Placed, StoreError> {
        let NewPerson { account, minor, settings, profile } = person;
        let (placed, known) = match self.number_of(account)? {
            Some(number) => {
                let known = self.writing.known(number)?;
                if known.erased {
                    return Err(StoreError::BeingErased);
                }
                let has_chosen =
                    known.own_settings || history::platform_chose(&self.writing.txn, known.handle)?;
                let known =
                    if has_chosen { known } else { self.begin_again(number, known, settings)? };
                (Placed { number, is_new: false }, known)
            }
            None => {
                let number = self.writing.place(account)?;
                self.writing.mark_new(number, settings)?;
                (Placed { number, is_new: true }, self.writing.fresh(settings.settings)?)
            }
        };
        let known = Known { minor, removed: false, ..known };
        self.writing.put(placed.number, account, &known, profile, placed.is_new)?;
        Ok(placed)
    }

    /// Lets somebody who chose nothing begin with these settings instead: a change, and so in their history.
    fn begin_again(
        &mut self,
        number: u32,
        known: Known,
        choice: Choice,
    ) -> Result<Known, StoreError> {
        let txn = &mut self.writing.txn;
        let made = Made { at: self.now, by: Way::Import };
        let changed = history::of_settings(known.settings, choice.settings, choice.preset, made);
        legacy::mark(txn, number, choice.preset)?;
        if let Some(record) = changed {
            history::append(txn, known.handle, &record, Holds::AtOnce)?;
        }
        Ok(Known { settings: choice.settings, ..known })
    }

    /// The friends of a person, ascending.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn friends_of(&self, number: u32) -> Result<Vec<u32>, StoreError> {
        self.writing.friends_of(number)
    }

    /// Sets the friends of a person, ascending. The caller keeps friendship mutual.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn set_friends(&mut self, number: u32, friends: &[u32]) -> Result<(), StoreError> {
        self.writing.set_friends(number, friends)
    }

    /// The last sequence of the change feed that was applied; zero before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn sequence(&self) -> Result<u64, StoreError> {
        meta::feed(&self.writing.txn)
    }

    /// Says up to which sequence of the change feed people are now what it says.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn set_sequence(&mut self, sequence: u64) -> Result<(), StoreError> {
        meta::put_feed(&mut self.writing.txn, sequence)
    }

    /// Writes the image, commits, and lets readers see it. `done` is told of people written and
    /// people in all.
    ///
    /// # Errors
    /// [`StoreError`]; before the commit nothing has changed then.
    pub fn commit(mut self, done: &mut dyn FnMut(u64, u64)) -> Result<Counts, StoreError> {
        let (counts, name) = self.write_image(done)?;
        let Self { storage, writing, .. } = self;
        // What was written is read back and checked before a commit names it.
        let image = open_image(&storage.dir.path, name)?;
        writing.txn.commit()?;
        storage.replica.show(image, u64::MAX);
        Ok(counts)
    }

    fn write_image(&mut self, done: Done<'_>) -> Result<(Counts, ImageName), StoreError> {
        let (counts, name) = write_next(&self.writing.txn, done)?;
        meta::put_image(&mut self.writing.txn, name, u64::MAX)?;
        Ok((counts, name))
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::settings::Settings;

    use super::*;
    use crate::store::People;
    use crate::store::StoreOptions;
    use crate::store::layout::image_path;

    #[test]
    fn crash_an_image_without_its_commit_is_removed_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let importer = people.importer();
        let mut import = Import::begin(&importer, Timestamp::from_seconds(1_000)).unwrap();
        let (settings, minor) = (Settings::DEFAULT.into(), false);
        let mut profile = Profile::default();
        let person = NewPerson { account: "ada", minor, settings, profile: &mut profile };
        import.person(person).unwrap();
        let (counts, name) = import.write_image(&mut |_, _| ()).unwrap();
        let generation = name.generation;
        assert_eq!((counts.people, generation), (1, 2));
        // This is where the power goes: the image is on disk, and its generation is not committed.
        drop(import);
        drop(importer);
        drop(people);
        assert!(image_path(dir.path(), generation).exists());
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        assert_eq!(people.counts().people, 0);
        assert_eq!(people.person_of_account("ada").unwrap(), None);
        assert!(!image_path(dir.path(), generation).exists());
        assert!(image_path(dir.path(), 1).exists());
    }
}
