//! A person as readers see them, wherever they lie.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::{Handle, Secret};
use countersign_domain::settings::Settings;

use super::record::Record;

/// A person in the image or over it. Values of fields are for `source` alone, which puts them under
/// guard.
#[derive(Clone, Copy)]
pub struct PersonRef<'a> {
    record: Record<'a>,
    friends: Friends<'a>,
}

/// Where the list of friends is.
#[derive(Clone, Copy)]
enum Friends<'a> {
    /// Where the record says, among everybody's in the image.
    Imaged(&'a [u8]),
    Listed(&'a [u8]),
}

impl<'a> PersonRef<'a> {
    pub(super) const fn imaged(record: Record<'a>, section: &'a [u8]) -> Self {
        Self { record, friends: Friends::Imaged(section) }
    }

    pub(super) const fn listed(record: Record<'a>, friends: &'a [u8]) -> Self {
        Self { record, friends: Friends::Listed(friends) }
    }

    /// The person's handle.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.record.handle()
    }

    /// The platform's own name for the person.
    #[must_use]
    pub fn account(&self) -> Option<&'a str> {
        self.record.account()
    }

    /// What the person chose, or began with.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.record.settings()
    }

    /// Whether the person is a minor.
    #[must_use]
    pub const fn is_minor(&self) -> bool {
        self.record.is_minor()
    }

    /// Whether the person asked for erasure, or was destroyed.
    #[must_use]
    pub const fn is_erased(&self) -> bool {
        self.record.is_erased()
    }

    /// Whether the platform has removed the person. Handle, secret and settings stay until erasure.
    #[must_use]
    pub const fn is_removed(&self) -> bool {
        self.record.is_removed()
    }

    /// The fields for which there is a value. Everybody has an id and a list of friends.
    #[must_use]
    pub fn present(&self) -> FieldSet {
        self.record.present().with(FieldId::ID).with(FieldId::FRIENDS)
    }

    /// How many friends the person has.
    #[must_use]
    pub fn friends_count(&self) -> u32 {
        self.record.friends_count()
    }

    /// The numbers of the friends, ascending; `None` when the image is damaged there.
    #[must_use]
    pub fn friends(&self) -> Option<impl ExactSizeIterator<Item = u32> + use<'a>> {
        let bytes = match self.friends {
            Friends::Imaged(section) => {
                let start = usize::try_from(self.record.friends_start()).ok()?.checked_mul(4)?;
                section.get(start..start.checked_add(self.friends_count() as usize * 4)?)?
            }
            Friends::Listed(bytes) => bytes,
        };
        let (numbers, _) = bytes.as_chunks();
        Some(numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)))
    }

    /// Copies the secret into one that the caller keeps, so that one copy serves many people.
    pub fn secret_into(&self, secret: &mut Secret) {
        self.record.secret_into(secret);
    }

    /// Shows the value of each of these fields that has one, as JSON.
    pub fn values(&self, fields: FieldSet, show: impl FnMut(FieldId, &[u8])) {
        self.record.values(fields, show);
    }
}
