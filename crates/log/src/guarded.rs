//! People's data under guard: any code may pass it on, and none can read it before the disclosure that
//! covers it is durable. Only [`Released`](crate::released::Released) opens it.

use countersign_domain::decide::{Candidate, People};
use countersign_domain::field::{FieldId, FieldSet};

/// The data of the people of one question, as a source has it.
pub trait Profiles: Send {
    /// The viewer, then the friends in the order in which an answer lists them.
    fn candidates(&self) -> &[Candidate];

    /// Shows the values of these fields of the person at `position` among the candidates, lowest number
    /// first, as bytes that are already JSON. A field without a value is passed over. All of a person's
    /// fields are asked for at once, so that a source finds the person once.
    fn values(&self, position: usize, fields: FieldSet, show: impl FnMut(FieldId, &[u8]));

    /// Whether the values are here at all. Where they are not, the platform sends the answer, and the entry
    /// says so.
    fn are_values_here(&self) -> bool;
}

/// Data under guard. There is no way to look inside from outside this crate.
pub struct Guarded<T>(T);

impl<T> Guarded<T> {
    /// Puts data under guard, which is the last thing that a source does with it.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self(data)
    }

    pub(crate) fn open(self) -> T {
        self.0
    }
}

impl<T: Profiles> Guarded<T> {
    pub(crate) fn are_values_here(&self) -> bool {
        self.0.are_values_here()
    }
}

impl<T: Profiles> People for Guarded<T> {
    fn candidates(&self) -> &[Candidate] {
        self.0.candidates()
    }
}
