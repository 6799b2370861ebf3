//! People whose data the platform serves itself: it tells who they are and of which fields they have a
//! value, and no value comes here. What is decided about them is the same.

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_log::guarded::Guarded;
use countersign_people::store::ACCOUNT_BYTES_MAX;
use futures_util::future::try_join_all;

use super::circle::{Circle, Values};
use super::naming::{Named, Naming, Told};
use super::{Source, SourceError};

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

/// Whether a text can be an account at all.
fn is_account(text: &str) -> bool {
    (1..=ACCOUNT_BYTES_MAX).contains(&text.len())
}

/// How many accounts the source is asked about at once for one question.
const ASKED_AT_ONCE: usize = 16;

impl Source {
    /// Where among these people those stand whom nobody knows: the store has never seen them, and the source, which is
    /// asked, has no such account. Of the image nobody can be asked: the platform's word is all that there is.
    ///
    /// # Errors
    /// [`SourceError`] if the source cannot tell; then nobody may be enrolled.
    pub async fn strangers(
        &self,
        naming: &Naming,
        people: &[PersonElsewhere],
    ) -> Result<Vec<usize>, SourceError> {
        if matches!(self, Self::Image(_)) {
            return Ok(Vec::new());
        }
        let mut new = Vec::new();
        for (place, PersonElsewhere { account, .. }) in people.iter().enumerate() {
            if !is_account(account) || naming.person(account)?.is_none() {
                new.push((place, account.as_str()));
            }
        }
        let mut strangers = Vec::new();
        for some in new.chunks(ASKED_AT_ONCE) {
            let mut asking = Vec::with_capacity(some.len());
            for (_, account) in some {
                asking.push(self.has(account));
            }
            let known = try_join_all(asking).await?;
            let unknown = some.iter().zip(known).filter(|(_, is_known)| !is_known);
            strangers.extend(unknown.map(|((place, _), _)| *place));
        }
        Ok(strangers)
    }

    /// Whether the source has this account, if it can be one.
    async fn has(&self, account: &str) -> Result<bool, SourceError> {
        Ok(is_account(account) && self.knows(account).await?)
    }
}

/// The circle of these people, the viewer first, but for the strangers, who stand at these places, in their order.
///
/// # Errors
/// [`SourceError`]: nobody, somebody twice, or another than the viewer first.
pub async fn circle(
    naming: &Naming,
    viewer: Handle,
    partner: &Identifier,
    people: &[PersonElsewhere],
    strangers: &[usize],
) -> Result<Elsewhere, SourceError> {
    let known = people.iter().enumerate();
    let known = known.filter(|(place, _)| strangers.binary_search(place).is_err());
    let (known, told): (Vec<usize>, Vec<Told<'_>>) = known.map(told).unzip();
    let Named { candidates, places } = naming.name(viewer, partner, &told).await?;
    let places = places.into_iter().filter_map(|place| known.get(place).copied()).collect();
    let people = Guarded::new(Circle { candidates, values: Values::Elsewhere });
    Ok(Elsewhere { people, places })
}

fn told((place, person): (usize, &PersonElsewhere)) -> (usize, Told<'_>) {
    let PersonElsewhere { account, minor, present } = person;
    (place, Told { account, minor: *minor, present: *present, chosen: None })
}
