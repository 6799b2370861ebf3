//! The people of one question, from whichever source: what the decision asks of them, and their values,
//! which only the log opens.

use std::sync::Arc;

use countersign_domain::decide::Candidate;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_log::guarded::Profiles;
use countersign_people::store::{Place, View};

use super::fetched::FetchedValues;

/// The viewer and friends of one question.
pub struct Circle {
    pub(super) candidates: Vec<Candidate>,
    pub(super) values: Values,
}

/// Where the values of each candidate lie.
pub(super) enum Values {
    /// In the store's own image, or over it.
    Image {
        /// The people as they were when it was asked.
        view: Arc<View>,
        /// The place of each candidate.
        places: Vec<Place>,
    },
    /// In memory, as they were fetched.
    Fetched(FetchedValues),
    /// With the platform, which answers by itself.
    Elsewhere,
}

impl Profiles for Circle {
    fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    fn values(&self, position: usize, fields: FieldSet, show: impl FnMut(FieldId, &[u8])) {
        match &self.values {
            Values::Image { view, places } => {
                let place = places.get(position);
                if let Some(person) = place.and_then(|place| view.person_at(*place)) {
                    person.values(fields, show);
                }
            }
            Values::Fetched(fetched) => fetched.values(position, fields, show),
            Values::Elsewhere => {}
        }
    }

    fn are_values_here(&self) -> bool {
        !matches!(self.values, Values::Elsewhere)
    }
}

impl std::fmt::Debug for Circle {
    /// How many, not who.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circle").field("people", &self.candidates.len()).finish_non_exhaustive()
    }
}
