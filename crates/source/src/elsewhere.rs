//! People whose data the platform serves itself: it tells who they are and of which fields they have a
//! value, and no value comes here. What is decided about them is the same.

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_log::guarded::Guarded;

use super::SourceError;
use super::circle::{Circle, Values};
use super::naming::{Named, Naming, Told};

/// A person whose values are elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonElsewhere {
    /// The platform's name for them.
    pub account: String,
    /// Whether they are a minor.
    pub minor: bool,
    /// The fields for which the platform has a value.
    pub present: FieldSet,
}

/// People whose values are elsewhere, ready to be decided about.
pub struct Elsewhere {
    /// The people, under the guard that lets nobody but the log answer about them.
    pub people: Guarded<Circle>,
    /// Of each candidate, where among those whom the platform named they stand.
    pub places: Vec<usize>,
}

/// The circle of these people, the viewer first.
///
/// # Errors
/// [`SourceError`]: nobody, somebody twice, or another than the viewer first.
pub async fn circle(
    naming: &Naming,
    viewer: Handle,
    partner: &Identifier,
    people: &[PersonElsewhere],
) -> Result<Elsewhere, SourceError> {
    let told = people.iter().map(|person| Told {
        account: &person.account,
        minor: person.minor,
        present: person.present,
        chosen: None,
    });
    let told: Vec<_> = told.collect();
    let Named { candidates, places } = naming.name(viewer, partner, &told).await?;
    let people = Guarded::new(Circle { candidates, values: Values::Elsewhere });
    Ok(Elsewhere { people, places })
}
