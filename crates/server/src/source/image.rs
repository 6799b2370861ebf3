//! The embedded source: answers from the image of the people store.
//!
//! Friends come in the order of their pairwise ids. That order is another one for every partner, so
//! that two partners cannot lay their lists side by side, and a cursor is the last id of a page.

use std::sync::Arc;

use countersign_domain::decide::Candidate;
use countersign_domain::field::FieldId;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{PairwiseId, Secret};
use countersign_log::guarded::{Guarded, Profiles};
use countersign_verifier::record::pairwise_id;

use super::{About, Question, SourceError};
use crate::store::{People, PersonRef, Span, View};

/// The source over a store.
#[derive(Clone, Debug)]
pub struct ImageSource {
    people: Arc<People>,
}

impl ImageSource {
    /// The source over this store.
    #[must_use]
    pub const fn new(people: Arc<People>) -> Self {
        Self { people }
    }

    /// The people that a question is about, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError::UnknownPerson`] when the viewer is nobody; [`SourceError::Damaged`].
    pub fn ask(&self, question: &Question<'_>) -> Result<Guarded<Circle>, SourceError> {
        Circle::of(self.people.view(), question).map(Guarded::new)
    }
}

/// The viewer and friends of one question.
pub struct Circle {
    view: Arc<View>,
    candidates: Vec<Candidate>,
    /// Where the data of each candidate lies.
    spans: Vec<Span>,
}

/// A friend who is in the answer, before they are put in order.
type Chosen = (PairwiseId, u32);

impl Circle {
    fn of(view: Arc<View>, question: &Question<'_>) -> Result<Self, SourceError> {
        let viewer = view.number_of(question.viewer).ok_or(SourceError::UnknownPerson)?;
        let mut secret = Secret([0; 32]);
        let person = view.person(viewer).ok_or(SourceError::Damaged)?;
        person.secret_into(&mut secret);
        let itself = (pairwise_id(&secret, question.partner), viewer);
        let mut friends = choose(&view, &person, question, &mut secret)?;
        friends.sort_unstable();

        let mut candidates = Vec::with_capacity(friends.len() + 1);
        let mut spans = Vec::with_capacity(friends.len() + 1);
        for (pairwise, number) in std::iter::once(itself).chain(friends) {
            let span = view.image().span(number).ok_or(SourceError::Damaged)?;
            let person = view.image().person_at(span).ok_or(SourceError::Damaged)?;
            candidates.push(Candidate {
                handle: person.handle(),
                pairwise,
                settings: view.settings(number, &person),
                present: person.present(),
                minor: person.is_minor(),
            });
            spans.push(span);
        }
        Ok(Self { view, candidates, spans })
    }
}

/// The friends that the question is about. A cache miss or two each, so nothing else is done here.
fn choose(
    view: &View,
    viewer: &PersonRef<'_>,
    question: &Question<'_>,
    secret: &mut Secret,
) -> Result<Vec<Chosen>, SourceError> {
    let numbers = || viewer.friends().ok_or(SourceError::Damaged);
    match question.about {
        About::Viewer => Ok(Vec::new()),
        About::Friends { after } => {
            let numbers = numbers()?;
            let mut chosen = Vec::with_capacity(numbers.len());
            for number in numbers {
                let pairwise = name(view, number, question.partner, secret)?;
                if after.is_none_or(|after| pairwise > after) {
                    chosen.push((pairwise, number));
                }
            }
            Ok(chosen)
        }
        About::Friend(wanted) => {
            for number in numbers()? {
                if name(view, number, question.partner, secret)? == wanted {
                    return Ok(vec![(wanted, number)]);
                }
            }
            Ok(Vec::new())
        }
    }
}

fn name(
    view: &View,
    number: u32,
    partner: &Identifier,
    secret: &mut Secret,
) -> Result<PairwiseId, SourceError> {
    view.person(number).ok_or(SourceError::Damaged)?.secret_into(secret);
    Ok(pairwise_id(secret, partner))
}

impl Profiles for Circle {
    fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    fn value(&self, position: usize, field: FieldId) -> Option<&[u8]> {
        let span = *self.spans.get(position)?;
        self.view.image().person_at(span)?.value(field)
    }
}

impl std::fmt::Debug for Circle {
    /// How many, not who.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circle").field("people", &self.candidates.len()).finish_non_exhaustive()
    }
}
