//! For whom a value was made: all values that ever were are made again and compared. That takes a moment for each
//! partner, canary and generation, and no memory.

use std::sync::Arc;

use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;

use super::InForce;
use super::kept::Generation;
use super::values::{Kind, Origin};

/// A search for one value.
pub struct Search<'a> {
    in_force: Arc<InForce>,
    value: &'a str,
    /// Its last part, by which an address is known.
    page: &'a str,
}

/// A canary whose value it is.
#[derive(Debug)]
pub struct Match {
    /// The platform's name for the canary.
    pub account: String,
    /// The canary.
    pub handle: Handle,
    /// The partner toward which it is theirs.
    pub partner: Identifier,
    /// The name of the field.
    pub field: &'static str,
    /// The number of the generation, from 0.
    pub number: u32,
    /// When that began and ended.
    pub generation: Generation,
}

impl<'a> Search<'a> {
    pub(super) fn new(in_force: Arc<InForce>, value: &'a str) -> Self {
        let value = value.trim();
        let page = value.trim_end_matches('/').rsplit('/').next().unwrap_or(value);
        Self { in_force, value, page }
    }

    /// The canaries whose value it is toward this partner.
    pub fn toward(&self, partner: &Identifier) -> Vec<Match> {
        let canaries = &self.in_force.kept.canaries;
        let generations = canaries.iter().flat_map(|canary| {
            (0..)
                .zip(&canary.generations)
                .map(move |(number, generation)| (canary, number, generation))
        });
        let found = generations.flat_map(|(canary, number, generation)| {
            let origin = Origin {
                handle: canary.handle,
                partner,
                generation: number,
                email_domain: generation.email_domain.as_deref(),
            };
            self.fields(&origin)
                .map(|field| Match {
                    account: canary.account.clone(),
                    handle: canary.handle,
                    partner: partner.clone(),
                    field,
                    number,
                    generation: generation.clone(),
                })
                .collect::<Vec<_>>()
        });
        found.collect()
    }

    /// The fields of which it is a value.
    fn fields(&self, origin: &Origin<'_>) -> impl Iterator<Item = &'static str> {
        let key = self.in_force.key.as_ref();
        Kind::ALL
            .into_iter()
            .filter(move |(_, kind)| {
                let is_it = |number| {
                    let text = key.and_then(|key| key.text(origin, *kind, number));
                    text.is_some_and(|text| {
                        [self.value, self.page].iter().any(|it| text.eq_ignore_ascii_case(it))
                    })
                };
                (0..kind.texts_max()).any(is_it)
            })
            .map(|(field, _)| field)
    }
}

impl std::fmt::Debug for Search<'_> {
    /// Says nothing: what is looked for may be somebody's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Search(…)")
    }
}
