//! A file layer in memory that forgets at a crash what was not synced, and fails when it is told to:
//! for tests of everything that has to survive a crash or a full disk.
//!
//! What it is not: ordered. Between two syncs any of the writes and renames may have reached the disk,
//! which is more than a real file system allows itself, and that is what the tests want.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Access, Backend, File, Lock};

/// Files in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    disk: Arc<Mutex<Disk>>,
}

/// What goes wrong with a call that changes something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The machine stops before the call, and every later call fails.
    Crash,
    /// The machine stops in the middle of the call: a write is half done.
    CrashWithin,
    /// The call fails and does nothing.
    Fail(io::ErrorKind),
    /// A write fails half done; any other call fails and does nothing.
    Short(io::ErrorKind),
}

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// Some of it, chosen by this seed: names, whole writes, and parts of writes.
    Torn(u64),
    /// All of it, as when only the process ends.
    Everything,
}

/// A call that changed something, as [`Memory::calls`] lists them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What was called.
    pub what: &'static str,
    /// The file or folder.
    pub path: String,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    contents: BTreeMap<u64, Contents>,
    names: BTreeMap<String, u64>,
    synced_names: BTreeMap<String, u64>,
    folders: BTreeSet<String>,
    locked: BTreeSet<String>,
    calls: Vec<Call>,
    faults: BTreeMap<usize, Fault>,
    full: Option<io::ErrorKind>,
    broken: Option<String>,
    is_down: bool,
}

#[derive(Clone, Debug, Default)]
struct Contents {
    now: Vec<u8>,
    synced: Vec<u8>,
}

impl Memory {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the call that is the `at`th to change something, counted from zero, go wrong.
    pub fn plan(&self, at: usize, fault: Fault) {
        self.disk().faults.insert(at, fault);
    }

    /// From now on every write fails half done with this error; `None` ends it.
    pub fn set_full(&self, error: Option<io::ErrorKind>) {
        self.disk().full = error;
    }

    /// From now on every change below this path fails; `None` ends it.
    pub fn set_broken(&self, path: Option<&str>) {
        self.disk().broken = path.map(|path| format!("{path}/"));
    }

    /// The calls so far that changed something.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.disk().calls.clone()
    }

    /// The machine stops and starts again: the disk as it is found then. Whoever still uses this one
    /// gets errors.
    #[must_use]
    pub fn crash(&self, keep: Keep) -> Self {
        let mut before = self.disk();
        before.is_down = true;
        let mut chance = Chance(match keep {
            Keep::Torn(seed) => seed.wrapping_mul(2).wrapping_add(1),
            Keep::Nothing | Keep::Everything => 1,
        });
        let mut after = Disk { folders: before.folders.clone(), ..Disk::default() };
        for path in before.names.keys().chain(before.synced_names.keys()) {
            let (now, synced) = (before.names.get(path), before.synced_names.get(path));
            let kept = match keep {
                Keep::Nothing => synced,
                Keep::Everything => now,
                Keep::Torn(_) => chance.pick(now, synced),
            };
            if let Some(id) = kept {
                after.names.insert(path.clone(), *id);
            }
        }
        after.synced_names = after.names.clone();
        for (id, contents) in &before.contents {
            let kept = match keep {
                Keep::Nothing => contents.synced.clone(),
                Keep::Everything => contents.now.clone(),
                Keep::Torn(_) => chance.tear(contents),
            };
            after.contents.insert(*id, Contents { now: kept.clone(), synced: kept });
        }
        Self { disk: Arc::new(Mutex::new(after)) }
    }

    /// Changes the bytes of a file behind everybody's back.
    pub fn tamper(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        let id = disk.names.get(path).copied();
        if let Some(contents) = id.and_then(|id| disk.contents.get_mut(&id)) {
            change(&mut contents.now);
            contents.synced = contents.now.clone();
        }
    }

    /// The paths of all files.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.disk().names.keys().cloned().collect()
    }

    /// Removes a file, or every file and folder below a path, behind everybody's back.
    pub fn forget(&self, path: &str) {
        let below = format!("{path}/");
        let mut disk = self.disk();
        disk.names.retain(|name, _| name != path && !name.starts_with(&below));
        disk.synced_names.retain(|name, _| name != path && !name.starts_with(&below));
        disk.folders.retain(|name| name != path && !name.starts_with(&below));
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn pick<T>(&mut self, a: T, b: T) -> T {
        if self.next() & 1 == 0 { a } else { b }
    }

    /// What reached the disk of changes since the last sync: sector by sector, and any length between.
    fn tear(&mut self, contents: &Contents) -> Vec<u8> {
        const SECTOR_BYTES: usize = 512;
        let (now, synced) = (&contents.now, &contents.synced);
        if now == synced {
            return now.clone();
        }
        let (shorter, longer) = (now.len().min(synced.len()), now.len().max(synced.len()));
        let length = shorter + (self.next() as usize) % (longer - shorter + 1);
        let mut torn = vec![0; length];
        for (number, sector) in torn.chunks_mut(SECTOR_BYTES).enumerate() {
            let start = number * SECTOR_BYTES;
            let source = self.pick(now, synced);
            for (byte, from) in sector.iter_mut().zip(source.iter().skip(start)) {
                *byte = *from;
            }
        }
        torn
    }
}

impl Disk {
    /// Counts a call that changes something, and lets it go wrong if that was planned. `Some` says that
    /// a write is to be done by half before this error is returned.
    fn begin(&mut self, what: &'static str, path: &str) -> io::Result<Option<io::ErrorKind>> {
        self.check_up()?;
        if self.broken.as_ref().is_some_and(|broken| path.starts_with(broken)) {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        let number = self.calls.len();
        self.calls.push(Call { what, path: path.to_owned() });
        let writes = what == "write";
        match self.faults.get(&number) {
            Some(Fault::Crash) => {
                self.is_down = true;
                self.check_up().map(|()| None)
            }
            Some(Fault::CrashWithin) => {
                self.is_down = true;
                if writes {
                    Ok(Some(io::ErrorKind::NotConnected))
                } else {
                    self.check_up().map(|()| None)
                }
            }
            Some(Fault::Fail(kind)) => Err((*kind).into()),
            Some(Fault::Short(kind)) if !writes => Err((*kind).into()),
            Some(Fault::Short(kind)) => Ok(Some(*kind)),
            None => Ok(self.full.filter(|_| writes)),
        }
    }

    fn check_up(&self) -> io::Result<()> {
        if self.is_down {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the machine is down"));
        }
        Ok(())
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Backend for Memory {
    fn create_folders(&self, path: &str, _access: Access) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.folders.contains(path) {
            return disk.check_up();
        }
        disk.begin("create_folders", path)?;
        let mut folder = path;
        while !folder.is_empty() {
            disk.folders.insert(folder.to_owned());
            folder = folder_of(folder);
        }
        Ok(())
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        let mut disk = self.disk();
        disk.check_up()?;
        let id = match disk.names.get(path) {
            Some(id) => *id,
            None if !folder_of(path).is_empty() && !disk.folders.contains(folder_of(path)) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            None => {
                disk.begin("create", path)?;
                let id = disk.contents.keys().next_back().map_or(0, |last| last + 1);
                disk.contents.insert(id, Contents::default());
                disk.names.insert(path.to_owned(), id);
                id
            }
        };
        Ok(Box::new(MemoryFile { memory: self.clone(), id, path: path.to_owned() }))
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let disk = self.disk();
        disk.check_up()?;
        let contents = disk.names.get(path).and_then(|id| disk.contents.get(id));
        Ok(contents.map(|contents| contents.now.clone()))
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        let disk = self.disk();
        disk.check_up().map(|()| disk.names.contains_key(path))
    }

    fn length_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        Ok(self.read(path)?.map(|bytes| bytes.len() as u64))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin("rename", to)?;
        let id = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin("sync_folder", path)?;
        let of_folder = |names: &BTreeMap<String, u64>| {
            let inside = names.iter().filter(|(name, _)| folder_of(name) == path);
            inside.map(|(name, id)| (name.clone(), *id)).collect::<Vec<_>>()
        };
        let now = of_folder(&disk.names);
        disk.synced_names.retain(|name, _| folder_of(name) != path);
        disk.synced_names.extend(now);
        Ok(())
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        let mut disk = self.disk();
        disk.begin("remove_folder", path)?;
        let below = format!("{path}/");
        disk.names.retain(|name, _| !name.starts_with(&below));
        disk.folders.retain(|name| name != path && !name.starts_with(&below));
        Ok(())
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let mut disk = self.disk();
        disk.check_up()?;
        if !disk.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(MemoryLock { memory: self.clone(), path: path.to_owned() })))
    }
}

struct MemoryFile {
    memory: Memory,
    id: u64,
    path: String,
}

impl MemoryFile {
    fn with<T>(&self, disk: &mut Disk, act: impl FnOnce(&mut Contents) -> T) -> io::Result<T> {
        disk.contents.get_mut(&self.id).map(act).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl File for MemoryFile {
    fn length_bytes(&self) -> io::Result<u64> {
        let mut disk = self.memory.disk();
        disk.check_up()?;
        self.with(&mut disk, |contents| contents.now.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut disk = self.memory.disk();
        disk.check_up()?;
        self.with(&mut disk, |contents| {
            let rest = contents.now.get(offset as usize..).unwrap_or_default();
            let read = rest.len().min(buffer.len());
            for (byte, from) in buffer.iter_mut().zip(rest) {
                *byte = *from;
            }
            read
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.memory.disk();
        let failure = disk.begin("write", &self.path)?;
        let written = if failure.is_some() { bytes.len() / 2 } else { bytes.len() };
        self.with(&mut disk, |contents| {
            let end = offset as usize + written;
            if contents.now.len() < end {
                contents.now.resize(end, 0);
            }
            for (byte, from) in
                contents.now.iter_mut().skip(offset as usize).zip(bytes).take(written)
            {
                *byte = *from;
            }
        })?;
        failure.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn truncate(&self, length_bytes: u64) -> io::Result<()> {
        let mut disk = self.memory.disk();
        disk.begin("truncate", &self.path)?;
        self.with(&mut disk, |contents| contents.now.resize(length_bytes as usize, 0))
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.memory.disk();
        disk.begin("sync", &self.path)?;
        self.with(&mut disk, |contents| contents.synced = contents.now.clone())
    }
}

struct MemoryLock {
    memory: Memory,
    path: String,
}

impl Lock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.memory.disk().locked.remove(&self.path);
    }
}
