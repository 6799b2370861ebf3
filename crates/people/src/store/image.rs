//! The image of the people that requests read: one mapped file, written once.
//!
//! ```text
//! header   128 bytes: magic, version, people, generation, friendships, where the sections begin,
//!          total length, a CRC-32 of each section and one of the header
//! records  a record per person (see `record`), each beginning at a multiple of 64
//! friends  numbers of people, 4 bytes each, ascending for each person
//! offsets  per person where the record begins, 8 bytes each, and one more for the end
//! index    handle to number: an open-addressing table of 4-byte slots, at most half full
//! ```
//!
//! A friend costs two cache misses, one for the offset and one for the record. A handle is looked up
//! here and not in LMDB, since it costs one more miss instead of a microsecond.
//!
//! All checksums are compared when it is opened; after that, reads are still checked for bounds, and
//! an image that lies gives `None`, never a panic.

use countersign_domain::person::Handle;

use super::error::ImageFault;
use super::layout::IMAGE_VERSION;
use super::map::Mapped;
use super::person_ref::PersonRef;
use super::record::{HEAD_BYTES, Record};

pub(super) const MAGIC: &[u8; 8] = b"CSPEOPLE";
pub(super) const HEADER_BYTES: usize = 128;
pub(super) const HEADER_CRC_AT: usize = HEADER_BYTES - 4;
/// Records begin at multiples of a cache line.
pub(super) const ALIGNMENT: u64 = 64;
/// A slot of the index that holds nobody.
pub(super) const SLOT_EMPTY: u32 = u32::MAX;

/// The numbers of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) people: u32,
    pub(super) generation: u64,
    pub(super) friendships: u64,
    /// Where records, friends, offsets and index begin.
    pub(super) starts: [u64; 4],
    pub(super) total_bytes: u64,
    /// The checksums of the sections.
    pub(super) crcs: [u32; 4],
}

const SECTIONS: [&str; 4] = ["records", "friends", "offsets", "index slots"];

/// Which image belongs to a state of the database: another one of the same generation, of another instance or of
/// another past, is not it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct ImageName {
    pub(super) generation: u64,
    /// The checksum of its header, which has those of all sections.
    pub(super) checksum: u32,
}

impl ImageName {
    pub(super) fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (generation, checksum) = bytes.split_at_mut(8);
        generation.copy_from_slice(&self.generation.to_le_bytes());
        checksum.copy_from_slice(&self.checksum.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (generation, checksum) = bytes.split_first_chunk()?;
        let checksum = u32::from_le_bytes(checksum.try_into().ok()?);
        Some(Self { generation: u64::from_le_bytes(*generation), checksum })
    }
}

/// How many slots the index over so many people has.
pub(super) fn slots_count(people: u32) -> usize {
    (people as usize).saturating_mul(2).next_power_of_two().max(2)
}

/// The slot at which the search for a handle begins. Handles are random, so eight bytes are a hash.
pub(super) fn first_slot(handle: Handle, slots: usize) -> usize {
    let [a, b, c, d, e, f, g, h, ..] = handle.0;
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize & (slots - 1)
}

impl Header {
    /// The name of the image with this header.
    pub(super) fn name(self) -> ImageName {
        let bytes = self.to_bytes();
        let checksum = u32_at(&bytes, HEADER_CRC_AT).unwrap_or_default();
        ImageName { generation: self.generation, checksum }
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&IMAGE_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.people.to_le_bytes());
        let [records, friends, offsets, index] = self.starts;
        for number in
            [self.generation, self.friendships, records, friends, offsets, index, self.total_bytes]
        {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for crc in self.crcs {
            bytes.extend_from_slice(&crc.to_le_bytes());
        }
        bytes.resize(HEADER_CRC_AT, 0);
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        std::array::from_fn(|i| bytes.get(i).copied().unwrap_or_default())
    }

    fn parse(bytes: &[u8]) -> Result<Self, ImageFault> {
        let header: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(ImageFault::NotAnImage)?;
        if !header.starts_with(MAGIC) {
            return Err(ImageFault::NotAnImage);
        }
        let u32_at = |at| u32_at(header, at).ok_or(ImageFault::NotAnImage);
        let u64_at = |at| u64_at(header, at).ok_or(ImageFault::NotAnImage);
        let version = u32_at(8)?;
        if version != IMAGE_VERSION {
            return Err(ImageFault::UnknownVersion { found: version });
        }
        if crc32fast::hash(&header[..HEADER_CRC_AT]) != u32_at(HEADER_CRC_AT)? {
            return Err(ImageFault::Checksum { section: "header's bytes" });
        }
        Ok(Self {
            people: u32_at(12)?,
            generation: u64_at(16)?,
            friendships: u64_at(24)?,
            starts: [u64_at(32)?, u64_at(40)?, u64_at(48)?, u64_at(56)?],
            total_bytes: u64_at(64)?,
            crcs: [u32_at(72)?, u32_at(76)?, u32_at(80)?, u32_at(84)?],
        })
    }

    /// The sections' places, if they follow each other and have the sizes that they must have.
    fn sections(&self, found: u64) -> Result<[std::ops::Range<usize>; 4], ImageFault> {
        if found != self.total_bytes {
            return Err(ImageFault::Length { found, expected: self.total_bytes });
        }
        let [records, friends, offsets, index] = self.starts;
        let bounds = [records, friends, offsets, index, self.total_bytes];
        let ordered = records == HEADER_BYTES as u64 && bounds.is_sorted();
        let offsets_fit = index.wrapping_sub(offsets) == (u64::from(self.people) + 1) * 8;
        let index_bytes = slots_count(self.people) as u64 * 4;
        let index_fits = self.total_bytes.wrapping_sub(index) == index_bytes;
        if !(ordered && offsets_fit && index_fits) {
            return Err(ImageFault::Inconsistent { section: "sections" });
        }
        let range = |from: u64, to: u64| from as usize..to as usize;
        Ok([
            range(records, friends),
            range(friends, offsets),
            range(offsets, index),
            range(index, self.total_bytes),
        ])
    }
}

/// An open image.
pub struct Image {
    bytes: Mapped,
    header: Header,
    records: std::ops::Range<usize>,
    friends: std::ops::Range<usize>,
    offsets: std::ops::Range<usize>,
    index: std::ops::Range<usize>,
}

/// Where a record lies among the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u64,
    bytes: u32,
}

impl Image {
    /// Checks an image, all of it: this reads the file once, which is what a cold start needs anyway.
    pub(super) fn open(bytes: Mapped) -> Result<Self, ImageFault> {
        let image = Self::open_unchecked(bytes)?;
        let ranges = [&image.records, &image.friends, &image.offsets, &image.index];
        for ((range, crc), section) in ranges.into_iter().zip(image.header.crcs).zip(SECTIONS) {
            let section_bytes = image.bytes.get(range.clone()).unwrap_or_default();
            if crc32fast::hash(section_bytes) != crc {
                return Err(ImageFault::Checksum { section });
            }
        }
        Ok(image)
    }

    /// Checks the header alone.
    pub(super) fn open_unchecked(bytes: Mapped) -> Result<Self, ImageFault> {
        let header = Header::parse(&bytes)?;
        let [records, friends, offsets, index] = header.sections(bytes.len() as u64)?;
        Ok(Self { bytes, header, records, friends, offsets, index })
    }

    /// How many people there are. Their numbers go from zero to one less.
    #[must_use]
    pub const fn people_count(&self) -> u32 {
        self.header.people
    }

    /// How many friendships there are, each counted once.
    #[must_use]
    pub const fn friendships_count(&self) -> u64 {
        self.header.friendships
    }

    /// The state of the database that it is of.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.header.generation
    }

    /// Its name.
    pub(super) fn name(&self) -> ImageName {
        self.header.name()
    }

    /// Its size.
    #[must_use]
    pub fn bytes_count(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The number of the person of this handle.
    #[must_use]
    pub fn find(&self, handle: Handle) -> Option<u32> {
        let index = self.bytes.get(self.index.clone())?;
        let slots = index.len() / 4;
        let mut slot = first_slot(handle, slots);
        for _ in 0..slots {
            let number = u32_at(index, slot * 4)?;
            if number == SLOT_EMPTY {
                return None;
            }
            if self.person(number)?.handle() == handle {
                return Some(number);
            }
            slot = (slot + 1) & (slots - 1);
        }
        None
    }

    /// The person of this number.
    #[must_use]
    pub fn person(&self, number: u32) -> Option<PersonRef<'_>> {
        self.person_at(self.span(number)?)
    }

    pub(super) fn span(&self, number: u32) -> Option<Span> {
        if number >= self.header.people {
            return None;
        }
        let at = self.offsets.start + number as usize * 8;
        let (start, end) = (u64_at(&self.bytes, at)?, u64_at(&self.bytes, at + 8)?);
        let bytes = u32::try_from(end.checked_sub(start)?).ok()?;
        Some(Span { start, bytes })
    }

    pub(super) fn person_at(&self, span: Span) -> Option<PersonRef<'_>> {
        let start = self.records.start.checked_add(usize::try_from(span.start).ok()?)?;
        let end = start.checked_add(span.bytes as usize)?;
        if end > self.records.end {
            return None;
        }
        let record = Record::parse(self.bytes.get(start..end)?)?;
        Some(PersonRef::imaged(record, self.bytes.get(self.friends.clone())?))
    }
}

impl Image {
    /// Fetches the beginnings of many records at once. One after the other, with hashing in between,
    /// each would be waited for; loads that depend on nothing overlap.
    pub(super) fn touch(&self, spans: impl Iterator<Item = Span>) {
        let mut touched = 0_u8;
        for span in spans {
            let start = self.records.start.wrapping_add(span.start as usize);
            for line in 0..HEAD_BYTES.div_ceil(ALIGNMENT as usize) {
                let at = start.wrapping_add(line * ALIGNMENT as usize);
                touched ^= self.bytes.get(at).copied().unwrap_or_default();
            }
        }
        std::hint::black_box(touched);
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("header", &self.header).finish_non_exhaustive()
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use countersign_domain::field::{FieldId, FieldSet};
    use countersign_domain::settings::Settings;
    use countersign_domain::time::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::store::layout::image_path;
    use crate::store::{Import, NewPerson, People, Profile, StoreOptions};

    const FIELDS: [u8; 4] = [2, 20, 21, 127];

    /// The bytes of an image of five people, all friends of the first.
    fn image_bytes(dir: &Path) -> Vec<u8> {
        let people = People::open(dir, StoreOptions::default()).unwrap();
        let importer = people.importer();
        let mut import = Import::begin(&importer, Timestamp::from_seconds(1_000)).unwrap();
        for number in 0..5_u8 {
            let mut profile = Profile::default();
            for field in FIELDS.into_iter().filter_map(FieldId::new).skip(number.into()) {
                profile.set_value(field, &format!("value {number}"));
            }
            let account = format!("account {number}");
            let (settings, minor) = (Settings::DEFAULT.into(), number == 3);
            let profile = &mut profile;
            import.person(NewPerson { account: &account, minor, settings, profile }).unwrap();
        }
        import.set_friends(0, &[1, 2, 3, 4]).unwrap();
        for number in 1..5 {
            import.set_friends(number, &[0]).unwrap();
        }
        import.commit(&mut |_, _| ()).unwrap();
        std::fs::read(image_path(dir, 2)).unwrap()
    }

    fn mapped(dir: &Path, bytes: &[u8]) -> Mapped {
        let path = dir.join("another");
        std::fs::write(&path, bytes).unwrap();
        Mapped::open(&path).unwrap()
    }

    /// Reads whatever can be read.
    fn walk(image: &Image) -> usize {
        let mut found = 0;
        for number in 0..image.people_count().min(100) {
            let Some(person) = image.person(number) else { continue };
            found += image.find(person.handle()).map_or(0, |number| number as usize);
            found += person.account().map_or(0, str::len);
            found += person.friends().map_or(0, |friends| friends.map(|f| f as usize % 7).sum());
            person.values(FieldSet::ALL, |_, value| found += value.len());
        }
        found
    }

    #[test]
    fn an_image_that_is_cut_short_or_of_another_kind_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = image_bytes(dir.path());
        let open = |bytes: &[u8]| Image::open(mapped(dir.path(), bytes)).map(|_| ());
        assert_eq!(open(&bytes), Ok(()));
        assert_eq!(open(b"not an image at all"), Err(ImageFault::NotAnImage));
        let (found, expected) = (bytes.len() as u64 - 1, bytes.len() as u64);
        assert_eq!(open(&bytes[..bytes.len() - 1]), Err(ImageFault::Length { found, expected }));
        let mut newer = bytes;
        newer[8] = 9;
        assert_eq!(open(&newer), Err(ImageFault::UnknownVersion { found: 9 }));
    }

    #[test]
    fn property_no_changed_byte_goes_unnoticed_and_none_makes_a_reader_panic() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = image_bytes(dir.path());
        let whole = Image::open(mapped(dir.path(), &bytes)).unwrap();
        assert!(walk(&whole) > 0);
        proptest!(ProptestConfig::with_cases(1_500), |(at in 0..bytes.len(), value: u8)| {
            let mut changed = bytes.clone();
            changed[at] = value;
            let is_same = changed == bytes;
            let image = Image::open(mapped(dir.path(), &changed));
            prop_assert_eq!(image.is_ok(), is_same);
            // Were a checksum to collide: the sections changed, the header as it should be.
            if let Ok(image) = Image::open_unchecked(mapped(dir.path(), &changed)) {
                walk(&image);
            }
        });
    }
}
