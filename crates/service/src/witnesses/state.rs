//! How each witness fares, for whoever looks after the instance.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use countersign_domain::time::Timestamp;

/// How the witnesses fare, by their names.
#[derive(Debug, Default)]
pub(super) struct WitnessStates(Mutex<BTreeMap<String, WitnessState>>);

/// How one fares.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WitnessState {
    /// When it cosigned last since the start.
    pub cosigned: Option<Timestamp>,
    /// Why it did not cosign what it was asked about last; `None` if it did, or was not asked yet.
    pub trouble: Option<String>,
}

impl WitnessStates {
    /// It cosigned at this time.
    pub(super) fn cosigned(&self, witness: &str, at: Timestamp) {
        self.put(witness, WitnessState { cosigned: Some(at), trouble: None });
    }

    /// It did not cosign.
    pub(super) fn troubled(&self, witness: &str, why: String) {
        let cosigned = self.of(witness).cosigned;
        self.put(witness, WitnessState { cosigned, trouble: Some(why) });
    }

    /// How this one fares.
    pub(super) fn of(&self, witness: &str) -> WitnessState {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.get(witness).cloned().unwrap_or_default()
    }

    fn put(&self, witness: &str, state: WitnessState) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(witness.to_owned(), state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_in_trouble_keeps_the_time_of_its_last_cosignature() {
        let states = WitnessStates::default();
        assert_eq!(states.of("w.example"), WitnessState::default());
        let at = Timestamp::from_seconds(7);
        states.cosigned("w.example", at);
        states.troubled("w.example", "it does not answer".to_owned());
        let trouble = Some("it does not answer".to_owned());
        assert_eq!(states.of("w.example"), WitnessState { cosigned: Some(at), trouble });
        states.cosigned("w.example", at);
        assert_eq!(states.of("w.example").trouble, None);
    }
}
