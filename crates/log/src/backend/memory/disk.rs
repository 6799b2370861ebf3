//! What is on the disk of [`Memory`](super::Memory), what is only in its cache, and what a crash leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Call, Fault, Keep, folder_of};

/// Files and folders, and what is to go wrong with them.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) contents: BTreeMap<u64, Contents>,
    pub(super) names: BTreeMap<String, u64>,
    pub(super) folders: BTreeSet<String>,
    pub(super) locked: BTreeSet<String>,
    pub(super) changes: Calls,
    pub(super) reads: Calls,
    pub(super) full: Option<io::ErrorKind>,
    pub(super) broken: Option<String>,
    pub(super) is_down: bool,
    synced_names: BTreeMap<String, u64>,
    /// What each name stood for since its folder was last made durable; any of it may be on the disk.
    renamed: BTreeMap<String, Vec<Option<u64>>>,
}

/// Calls of one sort, in their order, and those that are to go wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) done: Vec<Call>,
    pub(super) faults: BTreeMap<usize, Fault>,
}

/// How much of a call is to be done, and what is reported then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// All of it, and well.
    Whole,
    /// Half of it, and this.
    Half(io::ErrorKind),
    /// All of it, and this.
    Reported(io::ErrorKind),
}

/// A file: as it is read, as it is on the disk, and what of it waits to get there.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) now: Vec<u8>,
    synced: Vec<u8>,
    waiting: Vec<Change>,
}

/// One change of a file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate(usize),
}

impl Begun {
    /// What the caller is told once the call is done as far as it is.
    pub(super) fn told(self) -> io::Result<()> {
        match self {
            Self::Whole => Ok(()),
            Self::Half(kind) | Self::Reported(kind) => Err(kind.into()),
        }
    }
}

impl Calls {
    fn next(&mut self, what: &'static str, path: &str) -> Option<Fault> {
        let number = self.done.len();
        self.done.push(Call { what, path: path.to_owned() });
        self.faults.get(&number).copied()
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Truncate(length) => file.resize(*length, 0),
            Self::Write { offset, bytes } => {
                if file.len() < offset + bytes.len() {
                    file.resize(offset + bytes.len(), 0);
                }
                for (byte, from) in file.iter_mut().skip(*offset).zip(bytes) {
                    *byte = *from;
                }
            }
        }
    }
}

impl Contents {
    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.waiting.push(change);
    }

    /// All that waits gets to the disk.
    pub(super) fn sync(&mut self) {
        for change in self.waiting.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    /// All that waits is taken for done and is not: what a failed fdatasync leaves on Linux.
    pub(super) fn lose_waiting(&mut self) {
        self.waiting.clear();
    }

    /// These bytes, on the disk too.
    pub(super) fn set(&mut self, bytes: Vec<u8>) {
        self.synced.clone_from(&bytes);
        self.now = bytes;
        self.waiting.clear();
    }

    /// What reached the disk of what waits: each sector as it was at any moment since the last sync,
    /// and any length between.
    fn torn(&self, chance: &mut Chance) -> Vec<u8> {
        const SECTOR_BYTES: usize = 512;
        let mut moments = vec![self.synced.clone()];
        for change in &self.waiting {
            let mut moment = moments.last().cloned().unwrap_or_default();
            change.apply(&mut moment);
            moments.push(moment);
        }
        let lengths = || moments.iter().map(Vec::len);
        let (shortest, longest) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
        let any = shortest + chance.below(longest - shortest + 1);
        let one = chance.one_of(&moments).map_or(any, Vec::len);
        let mut torn = vec![0; if chance.below(2) == 0 { any } else { one }];
        for (number, sector) in torn.chunks_mut(SECTOR_BYTES).enumerate() {
            let Some(moment) = chance.one_of(&moments) else { continue };
            for (byte, from) in sector.iter_mut().zip(moment.iter().skip(number * SECTOR_BYTES)) {
                *byte = *from;
            }
        }
        torn
    }
}

/// A small generator of choices (splitmix64): tests repeat what a seed did.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn one_of<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.get(self.below(among.len()))
    }
}

impl Disk {
    /// Counts a call that changes something, and says how much of it is to be done.
    pub(super) fn begin(&mut self, what: &'static str, path: &str) -> io::Result<Begun> {
        self.check_up()?;
        if self.broken.as_ref().is_some_and(|broken| path.starts_with(broken)) {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let writes = what == "write";
        match self.changes.next(what, path) {
            Some(Fault::Crash) => Err(self.go_down()),
            Some(Fault::CrashWithin) if !writes => Err(self.go_down()),
            Some(Fault::CrashWithin) => Ok(Begun::Half(self.go_down().kind())),
            Some(Fault::Short(kind)) if writes => Ok(Begun::Half(kind)),
            Some(Fault::Fail(kind) | Fault::Short(kind)) => Err(kind.into()),
            Some(Fault::Done(kind)) => Ok(Begun::Reported(kind)),
            None => Ok(self.full.filter(|_| writes).map_or(Begun::Whole, Begun::Half)),
        }
    }

    /// Counts a call that changes nothing. Whatever is not whole is to give half of what there is.
    pub(super) fn begin_read(&mut self, what: &'static str, path: &str) -> io::Result<Begun> {
        self.check_up()?;
        match self.reads.next(what, path) {
            Some(Fault::Crash | Fault::CrashWithin) => Err(self.go_down()),
            Some(Fault::Fail(kind) | Fault::Done(kind)) => Err(kind.into()),
            Some(Fault::Short(kind)) => Ok(Begun::Half(kind)),
            None => Ok(Begun::Whole),
        }
    }

    pub(super) fn check_up(&self) -> io::Result<()> {
        if self.is_down { Err(down()) } else { Ok(()) }
    }

    fn go_down(&mut self) -> io::Error {
        self.is_down = true;
        down()
    }

    /// Gives a name to a file, or to none.
    pub(super) fn name(&mut self, path: &str, id: Option<u64>) {
        match id {
            Some(id) => self.names.insert(path.to_owned(), id),
            None => self.names.remove(path),
        };
        self.renamed.entry(path.to_owned()).or_default().push(id);
    }

    /// The names in a folder get to the disk.
    pub(super) fn sync_names(&mut self, folder: &str) {
        self.synced_names.retain(|name, _| folder_of(name) != folder);
        let inside = self.names.iter().filter(|(name, _)| folder_of(name) == folder);
        self.synced_names.extend(inside.map(|(name, id)| (name.clone(), *id)));
        self.renamed.retain(|name, _| folder_of(name) != folder);
    }

    /// Forgets the names that are not to be kept, on the disk too.
    pub(super) fn forget(&mut self, keep: impl Fn(&str) -> bool) {
        self.names.retain(|name, _| keep(name));
        self.synced_names.retain(|name, _| keep(name));
        self.renamed.retain(|name, _| keep(name));
        self.folders.retain(|name| keep(name));
    }

    /// The disk as it is found after a crash.
    pub(super) fn after_crash(&self, keep: Keep) -> Self {
        let mut after = Self { folders: self.folders.clone(), ..Self::default() };
        let seed = match keep {
            // The kernel lives on, and with it what waits to be written.
            Keep::Everything => {
                after.contents.clone_from(&self.contents);
                after.names.clone_from(&self.names);
                after.synced_names.clone_from(&self.synced_names);
                after.renamed.clone_from(&self.renamed);
                return after;
            }
            Keep::Nothing => None,
            Keep::Torn(seed) => Some(seed),
        };
        let mut chance = Chance(seed.unwrap_or_default());
        after.names.clone_from(&self.synced_names);
        for (path, moments) in self.renamed.iter().filter(|_| seed.is_some()) {
            let synced = self.synced_names.get(path).copied();
            let moments: Vec<_> = [synced].into_iter().chain(moments.iter().copied()).collect();
            match chance.one_of(&moments).copied().flatten() {
                Some(id) => after.names.insert(path.clone(), id),
                None => after.names.remove(path),
            };
        }
        for path in after.names.keys() {
            let mut folder = folder_of(path);
            while !folder.is_empty() && after.folders.insert(folder.to_owned()) {
                folder = folder_of(folder);
            }
        }
        after.synced_names.clone_from(&after.names);
        for (id, contents) in &self.contents {
            let is_torn = seed.is_some() && !contents.waiting.is_empty();
            let kept = if is_torn { contents.torn(&mut chance) } else { contents.synced.clone() };
            let mut file = Contents::default();
            file.set(kept);
            after.contents.insert(*id, file);
        }
        after
    }
}

fn down() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the machine is down")
}
