//! Reading a bundle's bytes from front to back, with the name of the part that cannot be read.

use countersign_domain::digest::Digest;

use super::bundle::{BUNDLE_BYTES_MAX, BUNDLE_VERSION};

/// Bytes that are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// They begin otherwise.
    #[error("this is no ledger bundle: it does not begin with \"cs1ledg\"")]
    Other,
    /// They are of another version.
    #[error(
        "ledger bundle version {found} is not known; this program reads version {BUNDLE_VERSION}"
    )]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// There are too many of them.
    #[error("a ledger bundle has at most {BUNDLE_BYTES_MAX} bytes, and this has {found}")]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// They end too early.
    #[error("the ledger bundle is cut off in {part}: fetch it again")]
    CutOff {
        /// In what.
        part: &'static str,
    },
    /// Something in them is nothing that this version has.
    #[error("{part} in the ledger bundle is nothing that its version knows")]
    Part {
        /// What.
        part: &'static str,
    },
    /// Something follows their end.
    #[error("{found} bytes follow the end of the ledger bundle")]
    Trailing {
        /// How many bytes.
        found: usize,
    },
}

/// What is left to be read.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn array<const N: usize>(
        &mut self,
        part: &'static str,
    ) -> Result<[u8; N], BundleError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(BundleError::CutOff { part })?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u16(&mut self, part: &'static str) -> Result<u16, BundleError> {
        self.array(part).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, part: &'static str) -> Result<u32, BundleError> {
        self.array(part).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self, part: &'static str) -> Result<u64, BundleError> {
        self.array(part).map(u64::from_be_bytes)
    }

    pub(super) fn digest(&mut self, part: &'static str) -> Result<Digest, BundleError> {
        self.array(part).map(Digest)
    }

    pub(super) fn blob(&mut self, part: &'static str) -> Result<Vec<u8>, BundleError> {
        let length = self.u32(part)? as usize;
        let taken = self.rest.split_at_checked(length).ok_or(BundleError::CutOff { part })?;
        self.rest = taken.1;
        Ok(taken.0.to_vec())
    }

    pub(super) fn text(&mut self, part: &'static str) -> Result<String, BundleError> {
        String::from_utf8(self.blob(part)?).map_err(|_| BundleError::Part { part })
    }

    /// Reads as many as a count says, each of at least so many bytes: a count takes no memory that the
    /// bytes after it do not account for.
    pub(super) fn many<T>(
        &mut self,
        part: &'static str,
        bytes_min: usize,
        read: impl Fn(&mut Self) -> Result<T, BundleError>,
    ) -> Result<Vec<T>, BundleError> {
        let count = self.u32(part)? as usize;
        if count > self.rest.len() / bytes_min {
            return Err(BundleError::CutOff { part });
        }
        (0..count).map(|_| read(self)).collect()
    }

    pub(super) const fn end(&self) -> Result<(), BundleError> {
        match self.rest.len() {
            0 => Ok(()),
            found => Err(BundleError::Trailing { found }),
        }
    }
}
