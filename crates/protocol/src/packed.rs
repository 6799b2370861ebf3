//! Files of parts behind one another, as the ledger bundle and the evidence pack are: read from front to back,
//! with the name of the part that cannot be read, and written.
//!
//! ```text
//! file   = magic (8) ‖ version (4) ‖ parts                     integers big-endian
//! blob   = length (4) ‖ bytes
//! many x = count (4) ‖ count × x
//! ```
//!
//! INVARIANT: what is read takes at most `MEMORY_TIMES` times the memory of the file, and `MEMORY_BYTES` more. Few
//! bytes can name many parts without anything in them. Kept by `Reader`, which counts a part before it is read.

use countersign_domain::digest::Digest;

use crate::merkle::Hash;

/// How much memory a file's parts may take for each of its bytes. Those of real files take less than twice as much.
const MEMORY_TIMES: usize = 4;
/// What they may take besides, so that a short file is not refused for one part.
const MEMORY_BYTES: usize = 1 << 20;
/// What a part takes besides its bytes, for finding its memory again.
const ALLOCATED_BYTES: usize = 16;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its name, for people.
    pub name: &'static str,
    /// What it begins with.
    pub magic: [u8; 8],
    /// The version of its form.
    pub version: u32,
    /// How long it is at most.
    pub bytes_max: usize,
}

/// Bytes that are no such file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// They begin otherwise.
    #[error("this is no {of}: it does not begin with {magic:?}")]
    Other {
        /// What it should be.
        of: &'static str,
        /// How that begins.
        magic: String,
    },
    /// They are of another version.
    #[error("{of} version {found} is not known; this program reads version {known}")]
    UnknownVersion {
        /// What it is.
        of: &'static str,
        /// The version found.
        found: u32,
        /// The version that is known.
        known: u32,
    },
    /// There are too many of them.
    #[error("the {of} has {found} bytes, and at most {max} are read")]
    TooLong {
        /// What it is.
        of: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// They end too early.
    #[error("the {of} is cut off in {part}: fetch it again")]
    CutOff {
        /// What it is.
        of: &'static str,
        /// In what.
        part: &'static str,
    },
    /// Something in them is nothing that this version has.
    #[error("{part} in the {of} is nothing that its version knows")]
    Part {
        /// What it is.
        of: &'static str,
        /// What.
        part: &'static str,
    },
    /// Their parts would take too much memory.
    #[error(
        "the {of} has so many of {part} that they would take more memory than a file of {bytes} bytes has a reason to"
    )]
    TooMany {
        /// What it is.
        of: &'static str,
        /// Of what.
        part: &'static str,
        /// How many bytes the file has.
        bytes: usize,
    },
    /// Something follows their end.
    #[error("{found} bytes follow the end of the {of}")]
    Trailing {
        /// What it is.
        of: &'static str,
        /// How many bytes.
        found: usize,
    },
}

/// What is left to be read.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    of: &'static str,
    /// How many bytes the file has.
    bytes: usize,
    /// How much memory its parts may still take.
    memory_left: usize,
}

impl<'a> Reader<'a> {
    /// Begins to read a file of this kind.
    pub(crate) fn begin(bytes: &'a [u8], kind: &Kind) -> Result<Self, PackedError> {
        let (of, max, found) = (kind.name, kind.bytes_max, bytes.len());
        if found > max {
            return Err(PackedError::TooLong { of, found, max });
        }
        let memory_left = found.saturating_mul(MEMORY_TIMES).saturating_add(MEMORY_BYTES);
        let mut reader = Self { rest: bytes, of, bytes: found, memory_left };
        if reader.array("the beginning")? != kind.magic {
            let magic = String::from_utf8_lossy(&kind.magic).trim_end().to_owned();
            return Err(PackedError::Other { of, magic });
        }
        let (found, known) = (reader.u32("the version")?, kind.version);
        if found != known {
            return Err(PackedError::UnknownVersion { of, found, known });
        }
        Ok(reader)
    }

    const fn cut_off(&self, part: &'static str) -> PackedError {
        PackedError::CutOff { of: self.of, part }
    }

    /// What says that a part is nothing that is known.
    pub(crate) const fn unknown(&self, part: &'static str) -> PackedError {
        PackedError::Part { of: self.of, part }
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        part: &'static str,
    ) -> Result<[u8; N], PackedError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.cut_off(part))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self, part: &'static str) -> Result<u8, PackedError> {
        self.array(part).map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self, part: &'static str) -> Result<u16, PackedError> {
        self.array(part).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, part: &'static str) -> Result<u32, PackedError> {
        self.array(part).map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self, part: &'static str) -> Result<u64, PackedError> {
        self.array(part).map(u64::from_be_bytes)
    }

    pub(crate) fn u128(&mut self, part: &'static str) -> Result<u128, PackedError> {
        self.array(part).map(u128::from_be_bytes)
    }

    pub(crate) fn digest(&mut self, part: &'static str) -> Result<Digest, PackedError> {
        self.array(part).map(Digest)
    }

    pub(crate) fn blob(&mut self, part: &'static str) -> Result<Vec<u8>, PackedError> {
        let length = self.u32(part)? as usize;
        let taken = self.rest.split_at_checked(length).ok_or(self.cut_off(part))?;
        self.rest = taken.1;
        self.count(part, length.saturating_add(ALLOCATED_BYTES))?;
        Ok(taken.0.to_vec())
    }

    /// Counts memory that a part is about to take.
    fn count(&mut self, part: &'static str, memory_bytes: usize) -> Result<(), PackedError> {
        let left = self.memory_left.checked_sub(memory_bytes);
        let (of, bytes) = (self.of, self.bytes);
        self.memory_left = left.ok_or(PackedError::TooMany { of, part, bytes })?;
        Ok(())
    }

    pub(crate) fn text(&mut self, part: &'static str) -> Result<String, PackedError> {
        String::from_utf8(self.blob(part)?).map_err(|_| self.unknown(part))
    }

    /// Reads as many as a count says, each of at least so many bytes: a count takes no memory that the
    /// bytes after it do not account for.
    pub(crate) fn many<T>(
        &mut self,
        part: &'static str,
        bytes_min: usize,
        read: impl Fn(&mut Self) -> Result<T, PackedError>,
    ) -> Result<Vec<T>, PackedError> {
        let count = self.u32(part)? as usize;
        if count > self.rest.len() / bytes_min {
            return Err(self.cut_off(part));
        }
        let memory_bytes = count.saturating_mul(size_of::<T>()).saturating_add(ALLOCATED_BYTES);
        self.count(part, memory_bytes)?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(read(self)?);
        }
        Ok(all)
    }

    pub(crate) fn hashes(&mut self) -> Result<Vec<Hash>, PackedError> {
        self.many("hashes", 32, |input| input.array("a hash"))
    }

    pub(crate) const fn end(&self) -> Result<(), PackedError> {
        match self.rest.len() {
            0 => Ok(()),
            found => Err(PackedError::Trailing { of: self.of, found }),
        }
    }
}

/// The beginning of a file of this kind.
pub(crate) fn begin(kind: &Kind) -> Vec<u8> {
    [&kind.magic[..], &kind.version.to_be_bytes()].concat()
}

pub(crate) fn put_hashes(out: &mut Vec<u8>, hashes: &[Hash]) {
    put_many(out, hashes, |out, hash| out.extend_from_slice(hash));
}

pub(crate) fn put_many<T>(out: &mut Vec<u8>, things: &[T], put: impl Fn(&mut Vec<u8>, &T)) {
    put_length(out, things.len());
    things.iter().for_each(|thing| put(out, thing));
}

pub(crate) fn put_blob(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Nothing in such a file is as long as 4 GiB; if it were, its reader would say that it is too long.
fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}
