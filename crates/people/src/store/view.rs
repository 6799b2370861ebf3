//! What readers see: one image, and over it the people who changed since.

use std::sync::Arc;

use countersign_domain::person::Handle;

use super::image::{Image, Span};
use super::options::Counts;
use super::overlay::{Changed, Overlay};
use super::person_ref::PersonRef;

/// The people as they were after one commit. It stays whole and as it is while others come after it.
pub struct View {
    image: Arc<Image>,
    overlay: Overlay,
}

/// Where somebody lies in a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the image.
    Imaged(Span),
    /// Over it, under this number.
    Changed(u32),
}

impl View {
    /// The view of an image, with nobody changed.
    pub(super) fn new(image: Image) -> Self {
        let overlay = Overlay::over(image.people_count());
        Self { image: Arc::new(image), overlay }
    }

    /// This view with these people as they are now.
    pub(super) fn with(&self, people: impl IntoIterator<Item = (u32, Arc<Changed>)>) -> Self {
        let mut overlay = self.overlay.clone();
        for (number, changed) in people {
            let imaged = self.image.person(number).map_or(0, |person| person.friends_count());
            overlay.put(number, changed, imaged);
        }
        Self { image: Arc::clone(&self.image), overlay }
    }

    /// The view of an image that holds everything until this commit, with those who changed after it.
    pub(super) fn folded(&self, image: Image, stamp: u64) -> Self {
        let later = self.overlay.after(stamp);
        Self::new(image).with(later.map(|(number, changed)| (number, Arc::clone(changed))))
    }

    /// The image.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// How many people there are. Their numbers go from zero to one less.
    #[must_use]
    pub fn people_count(&self) -> u32 {
        self.image.people_count() + self.overlay.newcomers_count()
    }

    /// How many people are not as the image has them.
    #[must_use]
    pub fn changed_count(&self) -> u32 {
        self.overlay.entries_count()
    }

    /// How much memory they take, about, in bytes.
    pub(super) const fn changed_bytes(&self) -> u64 {
        self.overlay.bytes_count()
    }

    /// How many people and friendships there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let more = self.overlay.friendships_more();
        let friendships = self.image.friendships_count().saturating_add_signed(more);
        Counts { people: self.people_count().into(), friendships }
    }

    /// The number of the person of this handle.
    #[must_use]
    pub fn number_of(&self, handle: Handle) -> Option<u32> {
        self.image.find(handle).or_else(|| self.overlay.find(handle))
    }

    /// The person of this number.
    #[must_use]
    pub fn person(&self, number: u32) -> Option<PersonRef<'_>> {
        match self.overlay.get(number) {
            None => self.image.person(number),
            Some(changed) => changed.person(),
        }
    }

    /// Where the person of this number lies.
    pub fn place(&self, number: u32) -> Option<Place> {
        match self.overlay.get(number) {
            None => self.image.span(number).map(Place::Imaged),
            Some(_) => Some(Place::Changed(number)),
        }
    }

    /// The person who lies there.
    pub fn person_at(&self, place: Place) -> Option<PersonRef<'_>> {
        match place {
            Place::Imaged(span) => self.image.person_at(span),
            Place::Changed(number) => self.person(number),
        }
    }

    /// Fetches the beginnings of many records at once.
    pub fn touch(&self, places: impl Iterator<Item = Place>) {
        self.image.touch(places.filter_map(|place| match place {
            Place::Imaged(span) => Some(span),
            Place::Changed(_) => None,
        }));
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let changed = self.changed_count();
        f.debug_struct("View").field("image", &self.image).field("changed", &changed).finish()
    }
}
