//! The canaries of one answer, with what stands in the place of their values.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::decide::Decided;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::time::Timestamp;

use super::InForce;
use super::substitute::substitute;
use super::values::{Kind, Origin};

/// The canaries of one answer, by their names toward the partner.
pub struct Planted {
    in_force: Arc<InForce>,
    partner: Identifier,
    people: HashMap<PairwiseId, Place>,
}

/// A canary, and which of their generations it is.
struct Place {
    canary: usize,
    generation: u32,
}

impl Planted {
    pub(super) fn among(
        in_force: &Arc<InForce>,
        decided: &Decided,
        time: Timestamp,
    ) -> Option<Self> {
        let people: HashMap<_, _> = decided
            .records
            .iter()
            .filter_map(|record| {
                let canary = *in_force.by_handle.get(&record.handle)?;
                let (generation, _) = in_force.kept.canaries.get(canary)?.at(time)?;
                Some((record.pairwise, Place { canary, generation }))
            })
            .collect();
        let (in_force, partner) = (Arc::clone(in_force), decided.basis.partner.clone());
        (!people.is_empty()).then_some(Self { in_force, partner, people })
    }

    /// What stands in the place of this stored value of this person's field, if they are a canary and the field
    /// can carry something.
    #[must_use]
    pub fn value(&self, person: PairwiseId, field: &str, stored: &[u8]) -> Option<Vec<u8>> {
        let place = self.people.get(&person)?;
        let canary = self.in_force.kept.canaries.get(place.canary)?;
        let generation = canary.generations.get(place.generation as usize)?;
        let origin = Origin {
            handle: canary.handle,
            partner: &self.partner,
            generation: place.generation,
            email_domain: generation.email_domain.as_deref(),
        };
        substitute(self.in_force.key.as_ref()?, &origin, Kind::of(field)?, stored)
    }
}

impl std::fmt::Debug for Planted {
    /// Says nothing: who they are is private.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Planted(…)")
    }
}
