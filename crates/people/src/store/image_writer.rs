//! Writing an image from what a transaction sees.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use countersign_domain::person::Handle;

use super::databases::Txn;
use super::error::{StoreError, file_error};
use super::image::{
    ALIGNMENT, HEADER_BYTES, Header, ImageName, SLOT_EMPTY, first_slot, slots_count,
};
use super::layout::image_path;
use super::meta;
use super::options::Counts;
use super::record::{self, Record};

/// Called with people done and people in all.
pub(super) type Done<'a> = &'a mut dyn FnMut(u64, u64);

const BUFFER_BYTES: usize = 1 << 20;

/// A file that grows section by section, each with its checksum.
struct Sections {
    file: BufWriter<File>,
    at: u64,
    crc: crc32fast::Hasher,
}

impl Sections {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.crc.update(bytes);
        self.at += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Fills up to a multiple of a cache line.
    fn align(&mut self) -> std::io::Result<()> {
        let missing = self.at.next_multiple_of(ALIGNMENT) - self.at;
        let zeros = [0; ALIGNMENT as usize];
        self.put(zeros.get(..missing as usize).unwrap_or_default())
    }

    /// The checksum of the section that ends here; the next one begins.
    fn end_section(&mut self) -> u32 {
        std::mem::take(&mut self.crc).finalize()
    }
}

/// What the first pass, over the records, leaves for the other sections.
struct Layout {
    offsets: Vec<u64>,
    slots: Vec<u32>,
    friends_count: u64,
}

/// Writes the image of the next generation and syncs it. The caller puts its name into a commit: until then nothing
/// knows of the file.
pub(super) fn write_next(
    txn: &impl Txn,
    done: Done<'_>,
) -> Result<(Counts, ImageName), StoreError> {
    let generation = meta::image(txn)?.generation + 1;
    let path = image_path(&txn.dir().path, generation);
    let written = write(txn, generation, &path, done);
    if written.is_err() {
        // A part of an image takes room that its end did not find; what stays is overwritten later.
        let _ = std::fs::remove_file(&path);
    }
    written
}

fn write(
    txn: &impl Txn,
    generation: u64,
    path: &Path,
    done: Done<'_>,
) -> Result<(Counts, ImageName), StoreError> {
    let failed = || file_error(path, "writing");
    let mut file = create(path).map_err(failed())?;
    file.write_all(&[0; HEADER_BYTES]).map_err(failed())?;
    let file = BufWriter::with_capacity(BUFFER_BYTES, file);
    let mut out = Sections { file, at: HEADER_BYTES as u64, crc: crc32fast::Hasher::new() };

    let layout = write_records(txn, &mut out, path, done)?;
    let records_crc = out.end_section();
    let friends_start = out.at;
    write_friends(txn, &mut out, path)?;
    let friends_crc = out.end_section();
    let offsets_start = out.at;
    for offset in &layout.offsets {
        out.put(&offset.to_le_bytes()).map_err(failed())?;
    }
    let offsets_crc = out.end_section();
    let index_start = out.at;
    for slot in &layout.slots {
        out.put(&slot.to_le_bytes()).map_err(failed())?;
    }
    let people = (layout.offsets.len() - 1) as u32;
    let header = Header {
        people,
        generation,
        friendships: layout.friends_count / 2,
        starts: [HEADER_BYTES as u64, friends_start, offsets_start, index_start],
        total_bytes: out.at,
        crcs: [records_crc, friends_crc, offsets_crc, out.end_section()],
    };
    finish(out.file, header).map_err(failed())?;
    let dir = &txn.dir().path;
    let synced = File::open(dir).and_then(|dir| dir.sync_all());
    synced.map_err(file_error(dir, "syncing the folder"))?;
    let counts = Counts { people: people.into(), friendships: header.friendships };
    Ok((counts, header.name()))
}

fn write_records(
    txn: &impl Txn,
    out: &mut Sections,
    path: &Path,
    done: Done<'_>,
) -> Result<Layout, StoreError> {
    let people = txn.tables().people.len(txn)?;
    let people_u32 = u32::try_from(people).map_err(|_| StoreError::TooManyPeople)?;
    let mut layout = Layout {
        offsets: Vec::with_capacity(people as usize + 1),
        slots: vec![SLOT_EMPTY; slots_count(people_u32)],
        friends_count: 0,
    };
    let mut friends = txn.tables().friends.iter(txn)?.peekable();
    let mut patched = Vec::new();
    for (entry, expected) in txn.tables().people.iter(txn)?.zip(0_u32..) {
        let (number, bytes) = entry?;
        let record = Record::parse(bytes).filter(|_| number == expected);
        let record = record.ok_or_else(|| txn.damaged("a person"))?;
        layout.offsets.push(out.at - HEADER_BYTES as u64);
        insert(&mut layout.slots, record.handle(), number);
        let own = friends.next_if(|entry| !matches!(entry, Ok((other, _)) if *other != number));
        let count = own.transpose()?.map_or(0, |(_, numbers)| numbers.len() / 4);
        patched.clear();
        patched.extend_from_slice(bytes);
        record::put_friends(&mut patched, layout.friends_count, count as u32);
        layout.friends_count += count as u64;
        out.put(&patched).and_then(|()| out.align()).map_err(file_error(path, "writing"))?;
        if number % 1_024 == 0 {
            done(number.into(), people);
        }
    }
    layout.offsets.push(out.at - HEADER_BYTES as u64);
    Ok(layout)
}

fn write_friends(txn: &impl Txn, out: &mut Sections, path: &Path) -> Result<(), StoreError> {
    for entry in txn.tables().friends.iter(txn)? {
        let (_, numbers) = entry?;
        out.put(numbers).map_err(file_error(path, "writing"))?;
    }
    out.align().map_err(file_error(path, "writing"))
}

/// A new file that nobody else may read: it holds what LMDB's files hold.
fn create(path: &Path) -> std::io::Result<File> {
    File::options().create(true).truncate(true).write(true).mode(0o600).open(path)
}

/// Puts a person into the index, which has room for twice as many.
fn insert(slots: &mut [u32], handle: Handle, number: u32) {
    let mask = slots.len() - 1;
    let mut slot = first_slot(handle, slots.len());
    while slots.get(slot).is_some_and(|taken| *taken != SLOT_EMPTY) {
        slot = (slot + 1) & mask;
    }
    if let Some(free) = slots.get_mut(slot) {
        *free = number;
    }
}

/// The header comes last, so that a file without one is not an image.
fn finish(file: BufWriter<File>, header: Header) -> std::io::Result<()> {
    let mut file = file.into_inner()?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header.to_bytes())?;
    file.sync_all()
}
