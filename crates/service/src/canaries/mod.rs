//! Canaries: people in the platform's data whom nobody is, with values of their own toward each partner and in
//! each generation. A value that turns up elsewhere names the answers that it left in.
//!
//! Values take the place of stored ones when an answer's body is written: after the decision, and after its
//! entry, whose time says which generation it is. What it is not: nothing here decides, and no record, receipt
//! or entry is any different for it.

mod find;
mod kept;
mod planted;
mod substitute;
mod values;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use countersign_domain::decide::Decided;
use countersign_domain::person::Handle;
use countersign_domain::time::Timestamp;
use countersign_log::about_people::stream_id;
use countersign_log::backend::posix::Posix;
use countersign_log::period::PeriodError;

pub use find::{Match, Search};
pub use kept::{Canary, Generation};
pub use planted::Planted;

use countersign_domain::remedy::{Remediable, Remedy};
use countersign_people::data_dir::DataDir;
use countersign_people::keys::KeyError;
use countersign_people::store::{People, StoreError};
use kept::{Kept, MadeWith};
use values::CanaryKey;

/// A generation begins so long after the command: by then it is on the disk and in force, so that the time of an
/// entry tells exactly which values went out. It counts from the earliest time that the next entry can have.
const BEGINS_AFTER_S: u64 = 2;

/// The canaries of an instance.
pub struct Canaries {
    path: PathBuf,
    key: PathBuf,
    /// Where the stream is.
    log: PathBuf,
    email_domain: Option<String>,
    in_force: ArcSwap<InForce>,
    changing: Mutex<()>,
}

/// What answers look at, as one.
struct InForce {
    kept: Kept,
    by_handle: HashMap<Handle, usize>,
    /// There is none until there is a canary.
    key: Option<CanaryKey>,
}

/// What is wrong with canaries.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file holds something else.
    #[error("{}: this is no file of canaries: {reason}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key, without which no value can be made again.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Their key is another one.
    #[error(
        "{}: this is not the key that the canaries in {} have their values of, so that no value that went out would be found: put the right key there. If it is lost, remove {} as well and go on without these canaries, with `countersign people recover --accept-loss`",
        key.display(), path.display(), path.display()
    )]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The file of canaries.
        path: PathBuf,
    },
    /// They are another instance's.
    #[error(
        "{}: these canaries belong to another log than stream/: they are of two instances; restore both from backups of this one",
        path.display()
    )]
    OtherLog {
        /// The file.
        path: PathBuf,
    },
    /// The stream, whose id says whose canaries they are.
    #[error(transparent)]
    Stream(#[from] PeriodError),
    /// The file is older than the people.
    #[error(
        "{}: canaries were changed {expected} times, and the file has {found} of these changes: it is missing, or from an older backup than people/, so that canaries would be answered about as if they were people. Restore a newer one; if there is none, `countersign people recover --accept-loss` goes on with this one",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// How many changes it has.
        found: u64,
        /// How many there were.
        expected: u64,
    },
    /// The people, who know how often canaries were changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They are one already.
    #[error(
        "this account is a canary already; `countersign audit canary refresh` gives it new values"
    )]
    Planted,
    /// They are none.
    #[error(
        "this account is no canary; `countersign audit canary list` names those that there are"
    )]
    NotPlanted,
}

impl Remediable for CanaryError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::File { error, .. } => Remedy::of_io(error.kind()),
            Self::Key(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            _ => Remedy::Mend,
        }
    }
}

impl Canaries {
    /// Reads the canaries of an instance.
    ///
    /// # Errors
    /// [`CanaryError`], also when there are some and their key is gone or another, or they are another log's.
    pub fn open(directory: &DataDir, email_domain: Option<String>) -> Result<Self, CanaryError> {
        let (path, key, log) = (directory.canaries(), directory.key("canary"), directory.log());
        let kept = Kept::read(&path)?;
        let held = match &kept.made_with {
            None => None,
            Some(made_with) => {
                if made_with.log != log_name(&log)? {
                    return Err(CanaryError::OtherLog { path });
                }
                let held = CanaryKey::read(&key)?;
                if made_with.key != held.name() {
                    return Err(CanaryError::OtherKey { key, path });
                }
                Some(held)
            }
        };
        let in_force = ArcSwap::from_pointee(InForce::of(kept, held));
        Ok(Self { path, key, log, email_domain, in_force, changing: Mutex::new(()) })
    }

    /// How often they were changed.
    #[must_use]
    pub fn changes_count(&self) -> u64 {
        self.in_force.load().kept.changes_count()
    }

    /// How many changes these people know of that the file lacks.
    ///
    /// # Errors
    /// [`CanaryError::Store`].
    pub fn lacking(&self, people: &People) -> Result<u64, CanaryError> {
        Ok(people.canary_changes()?.saturating_sub(self.changes_count()))
    }

    /// Whether the file is as new as these people.
    ///
    /// # Errors
    /// [`CanaryError::Older`], [`CanaryError::Store`].
    pub fn check(&self, people: &People) -> Result<(), CanaryError> {
        let (found, expected) = (self.changes_count(), people.canary_changes()?);
        if found < expected {
            return Err(CanaryError::Older { path: self.path.clone(), found, expected });
        }
        Ok(())
    }

    /// All that there are or were, in the order in which they came.
    #[must_use]
    pub fn list(&self) -> Vec<Canary> {
        self.in_force.load().kept.canaries.clone()
    }

    /// Makes a person a canary, or makes them one again.
    ///
    /// # Errors
    /// [`CanaryError::Planted`], or what the system says.
    pub fn create(
        &self,
        account: &str,
        handle: Handle,
        now: Timestamp,
    ) -> Result<Canary, CanaryError> {
        self.change(
            |kept, generation| {
                let canary =
                    match kept.canaries.iter_mut().position(|canary| canary.handle == handle) {
                        Some(place) => kept.canaries.get_mut(place),
                        None => {
                            let account = account.to_owned();
                            kept.canaries.push(Canary { account, handle, generations: Vec::new() });
                            kept.canaries.last_mut()
                        }
                    };
                let canary =
                    canary.filter(|canary| !canary.is_planted()).ok_or(CanaryError::Planted)?;
                canary.generations.push(generation);
                Ok(canary.clone())
            },
            now,
        )
    }

    /// Begins a new generation of a canary's values.
    ///
    /// # Errors
    /// [`CanaryError::NotPlanted`], or what the system says.
    pub fn refresh(&self, account: &str, now: Timestamp) -> Result<Canary, CanaryError> {
        self.change(
            |kept, generation| {
                let canary = planted(kept, account)?;
                canary.end(generation.began);
                canary.generations.push(generation);
                Ok(canary.clone())
            },
            now,
        )
    }

    /// Makes a canary a person like others again. What they were is kept, to be found.
    ///
    /// # Errors
    /// [`CanaryError::NotPlanted`], or what the system says.
    pub fn remove(&self, account: &str, now: Timestamp) -> Result<Canary, CanaryError> {
        self.change(
            |kept, generation| {
                let canary = planted(kept, account)?;
                canary.end(generation.began);
                Ok(canary.clone())
            },
            now,
        )
    }

    /// The canaries in an answer whose entry is of this second; mostly there are none, and that costs a look.
    #[must_use]
    pub fn among(&self, decided: &Decided, time: Timestamp) -> Option<Planted> {
        let in_force = self.in_force.load();
        if in_force.by_handle.is_empty() {
            return None;
        }
        Planted::among(&in_force, decided, time)
    }

    /// Looks for whom a value was made.
    #[must_use]
    pub fn search<'a>(&self, value: &'a str) -> Search<'a> {
        Search::new(self.in_force.load_full(), value)
    }

    /// Makes a change durable, then lets answers see it.
    fn change(
        &self,
        change: impl FnOnce(&mut Kept, Generation) -> Result<Canary, CanaryError>,
        now: Timestamp,
    ) -> Result<Canary, CanaryError> {
        let _one_by_one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let began = now.plus_seconds(BEGINS_AFTER_S);
        let generation = Generation { began, ended: None, email_domain: self.email_domain.clone() };
        let in_force = self.in_force.load_full();
        let mut kept = in_force.kept.clone();
        let changed = change(&mut kept, generation)?;
        // None is made beside canaries that have one, whatever became of its file.
        let key = match &in_force.key {
            Some(key) => key.clone(),
            None => CanaryKey::read_or_make(&self.key)?,
        };
        if kept.made_with.is_none() {
            kept.made_with = Some(MadeWith { log: log_name(&self.log)?, key: key.name() });
        }
        kept.write(&self.path)?;
        self.in_force.store(Arc::new(InForce::of(kept, Some(key))));
        Ok(changed)
    }
}

impl InForce {
    fn of(kept: Kept, key: Option<CanaryKey>) -> Self {
        let by_handle = kept.canaries.iter().zip(0..).map(|(canary, place)| (canary.handle, place));
        Self { by_handle: by_handle.collect(), kept, key }
    }
}

/// The id of the stream in this folder, in hex.
fn log_name(folder: &Path) -> Result<String, PeriodError> {
    Ok(const_hex::encode(stream_id(&Posix::new(folder.to_owned()))?))
}

fn planted<'a>(kept: &'a mut Kept, account: &str) -> Result<&'a mut Canary, CanaryError> {
    let mut canaries = kept.canaries.iter_mut();
    let found = canaries.find(|canary| canary.account == account && canary.is_planted());
    found.ok_or(CanaryError::NotPlanted)
}

impl std::fmt::Debug for Canaries {
    /// Says nothing: who they are is private.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canaries(…)")
    }
}
