//! A file layer in memory that forgets at a crash what was not synced, and lets any call go wrong when it
//! is told to: for tests of everything that has to survive a crash or a disk that fails.
//!
//! What it is not: ordered. Between two syncs any of the writes and renames may have reached the disk,
//! in any order, which is more than a real file system allows itself, and that is what the tests want.

mod disk;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::disk::{Begun, Change, Contents, Disk};
use super::{Access, Backend, File, Lock};

/// Files in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    disk: Arc<Mutex<Disk>>,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The machine stops before the call, and every later call fails.
    Crash,
    /// The machine stops in the middle of the call: a write is half done.
    CrashWithin,
    /// The call fails and does nothing. What a sync was to make durable is taken for durable from then
    /// on and is not: readers see it, no later sync writes it, as with Linux.
    Fail(io::ErrorKind),
    /// A write fails half done; a read gives half of what there is, and no error. Any other call that
    /// changes something fails and does nothing.
    Short(io::ErrorKind),
    /// The call does all that it should, and is reported as failed. One that changes nothing fails.
    Done(io::ErrorKind),
}

/// What a crash leaves of what was not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// Some of it, chosen by this seed: names, whole writes, and parts of writes, each as it was at any
    /// moment since it was last synced.
    Torn(u64),
    /// All of it, as when only the process ends. It can still be lost when the machine stops next.
    Everything,
}

/// A call, as [`Memory::calls`] and [`Memory::reads`] list them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// What was called.
    pub what: &'static str,
    /// The file or folder.
    pub path: String,
}

impl Memory {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the call that is the `at`th to change something, counted from zero, go wrong.
    pub fn plan(&self, at: usize, fault: Fault) {
        self.disk().changes.faults.insert(at, fault);
    }

    /// Lets the call that is the `at`th to change nothing, counted from zero, go wrong: one that opens
    /// a file that is there, reads, measures, asks whether a file exists, or locks.
    pub fn plan_read(&self, at: usize, fault: Fault) {
        self.disk().reads.faults.insert(at, fault);
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
        self.disk().changes.done.clone()
    }

    /// The calls so far that changed nothing.
    #[must_use]
    pub fn reads(&self) -> Vec<Call> {
        self.disk().reads.done.clone()
    }

    /// The machine stops and starts again: the disk as it is found then. Whoever still uses this one
    /// gets errors.
    #[must_use]
    pub fn crash(&self, keep: Keep) -> Self {
        let mut before = self.disk();
        before.is_down = true;
        Self { disk: Arc::new(Mutex::new(before.after_crash(keep))) }
    }

    /// Changes the bytes of a file behind everybody's back.
    pub fn tamper(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        let id = disk.names.get(path).copied();
        if let Some(contents) = id.and_then(|id| disk.contents.get_mut(&id)) {
            let mut bytes = contents.now.clone();
            change(&mut bytes);
            contents.set(bytes);
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
        self.disk().forget(|name| name != path && !name.starts_with(&below));
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
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
        let begun = disk.begin("create_folders", path)?;
        let mut folder = path;
        while !folder.is_empty() {
            disk.folders.insert(folder.to_owned());
            folder = folder_of(folder);
        }
        begun.told()
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn File>> {
        let mut disk = self.disk();
        disk.check_up()?;
        let id = match disk.names.get(path) {
            Some(id) => {
                let id = *id;
                disk.begin_read("open", path)?.told()?;
                id
            }
            None if !folder_of(path).is_empty() && !disk.folders.contains(folder_of(path)) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            None => {
                let begun = disk.begin("create", path)?;
                let id = disk.contents.keys().next_back().map_or(0, |last| last + 1);
                disk.contents.insert(id, Contents::default());
                disk.name(path, Some(id));
                begun.told()?;
                id
            }
        };
        Ok(Box::new(MemoryFile { memory: self.clone(), id, path: path.to_owned() }))
    }

    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let mut disk = self.disk();
        let begun = disk.begin_read("read", path)?;
        let contents = disk.names.get(path).and_then(|id| disk.contents.get(id));
        let read = |contents: &Contents| {
            let whole = &contents.now;
            let bytes = if begun == Begun::Whole { whole.len() } else { whole.len() / 2 };
            whole.iter().take(bytes).copied().collect()
        };
        Ok(contents.map(read))
    }

    fn exists(&self, path: &str) -> io::Result<bool> {
        let mut disk = self.disk();
        disk.begin_read("exists", path)?.told()?;
        Ok(disk.names.contains_key(path))
    }

    fn length_bytes(&self, path: &str) -> io::Result<Option<u64>> {
        let mut disk = self.disk();
        disk.begin_read("length", path)?.told()?;
        let contents = disk.names.get(path).and_then(|id| disk.contents.get(id));
        Ok(contents.map(|contents| contents.now.len() as u64))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let begun = disk.begin("rename", to)?;
        let id = disk.names.get(from).copied().ok_or(io::ErrorKind::NotFound)?;
        disk.name(from, None);
        disk.name(to, Some(id));
        begun.told()
    }

    fn sync_folder(&self, path: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let begun = disk.begin("sync_folder", path)?;
        disk.sync_names(path);
        begun.told()
    }

    fn remove_folder(&self, path: &str) -> io::Result<()> {
        let mut disk = self.disk();
        let begun = disk.begin("remove_folder", path)?;
        let below = format!("{path}/");
        let inside: Vec<_> =
            disk.names.keys().filter(|name| name.starts_with(&below)).cloned().collect();
        for name in inside {
            disk.name(&name, None);
        }
        disk.folders.retain(|name| name != path && !name.starts_with(&below));
        begun.told()
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let mut disk = self.disk();
        disk.begin_read("lock", path)?.told()?;
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
        disk.begin_read("length", &self.path)?.told()?;
        self.with(&mut disk, |contents| contents.now.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut disk = self.memory.disk();
        let begun = disk.begin_read("read", &self.path)?;
        self.with(&mut disk, |contents| {
            let rest = contents.now.get(offset as usize..).unwrap_or_default();
            let whole = rest.len().min(buffer.len());
            let read = if begun == Begun::Whole { whole } else { whole / 2 };
            for (byte, from) in buffer.iter_mut().zip(rest.iter().take(read)) {
                *byte = *from;
            }
            read
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.memory.disk();
        let begun = disk.begin("write", &self.path)?;
        let half = matches!(begun, Begun::Half(_));
        let written = if half { bytes.len() / 2 } else { bytes.len() };
        let bytes = bytes.iter().take(written).copied().collect();
        let change = Change::Write { offset: offset as usize, bytes };
        self.with(&mut disk, |contents| contents.change(change))?;
        begun.told()
    }

    fn truncate(&self, length_bytes: u64) -> io::Result<()> {
        let mut disk = self.memory.disk();
        let begun = disk.begin("truncate", &self.path)?;
        let change = Change::Truncate(length_bytes as usize);
        self.with(&mut disk, |contents| contents.change(change))?;
        begun.told()
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.memory.disk();
        match disk.begin("sync", &self.path) {
            Ok(begun) => {
                self.with(&mut disk, Contents::sync)?;
                begun.told()
            }
            Err(error) => {
                if !disk.is_down {
                    self.with(&mut disk, Contents::lose_waiting)?;
                }
                Err(error)
            }
        }
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
