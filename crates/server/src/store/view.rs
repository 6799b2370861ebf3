//! What readers see: one image, and the settings that changed since.

use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;

use super::changed::Changed;
use super::image::{Image, PersonRef};

/// The people as they are now. It stays whole while an import puts another one in its place.
pub struct View {
    image: Image,
    pub(super) changed: Changed,
}

impl View {
    pub(super) fn new(image: Image) -> Self {
        let changed = Changed::none(image.people_count());
        Self { image, changed }
    }

    /// The image.
    #[must_use]
    pub const fn image(&self) -> &Image {
        &self.image
    }

    /// The number of the person of this handle.
    #[must_use]
    pub fn number_of(&self, handle: Handle) -> Option<u32> {
        self.image.find(handle)
    }

    /// The person of this number.
    #[must_use]
    pub fn person(&self, number: u32) -> Option<PersonRef<'_>> {
        self.image.person(number)
    }

    /// What the person chose, this moment.
    #[must_use]
    pub fn settings(&self, number: u32, person: &PersonRef<'_>) -> Settings {
        self.changed.get(number).unwrap_or_else(|| person.settings_in_image())
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("image", &self.image).finish_non_exhaustive()
    }
}
