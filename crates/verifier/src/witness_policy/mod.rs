//! The witness policy: which logs and witnesses are trusted, and how many cosignatures are enough.
//!
//! What it is not: it verifies no signature and fetches nothing. It is its reader's own file; a log does
//! not get to say which witnesses are to be believed about it.
//!
//! Spec: C2SP tlog-policy. Keys are of the types that this crate verifies: 0x01 of logs, 0x04 of
//! witnesses. Others are refused and not passed over, since nobody could tell a quorum that counts them.

mod error;
mod read;

pub use self::error::{POLICY_BYTES_MAX, PolicyError, PolicyReason};
use crate::cosignature::{Cosignature, WitnessKey};
use crate::note::NoteKey;

/// A policy that was read whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    /// Witnesses and groups as they were defined, so that a group's members come before it.
    components: Vec<Component>,
    /// The place of the component that has to have witnessed; nothing for `quorum none`.
    quorum: Option<usize>,
}

/// A log of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyLog {
    /// Its key, whose name is its origin.
    pub key: NoteKey,
    /// Where it is, if the policy says so; of no encoding.
    pub url: Option<Vec<u8>>,
}

/// A witness of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyWitness {
    /// Its key. The name that the policy has for it means nothing outside of the policy.
    pub key: WitnessKey,
    /// Where it is, if the policy says so; of no encoding.
    pub url: Option<Vec<u8>>,
}

/// What a policy says of cosignatures of one checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quorum {
    /// It asks for no cosignature, so that there is no time either.
    NotAsked,
    /// There are enough.
    Met {
        /// The earliest time by which there were, in seconds since 1970.
        by_s: u64,
    },
    /// There are not enough.
    NotMet,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Component {
    Witness(PolicyWitness),
    Group { threshold: usize, members: Vec<usize> },
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`], for the first line that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        read::policy(bytes)
    }

    /// The logs. A checkpoint has to be signed by one of them, whose key's name is its origin.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// Whether a checkpoint by this key may be believed: it is a log's of the policy, or the policy names
    /// no log at all, so that whoever asks says which one is meant.
    #[must_use]
    pub fn trusts(&self, key: &NoteKey) -> bool {
        self.logs.is_empty() || self.logs.iter().any(|log| log.key == *key)
    }

    /// The witnesses, in the order of their lines, whether the quorum needs them or not.
    pub fn witnesses(&self) -> impl Iterator<Item = &PolicyWitness> {
        self.components.iter().filter_map(|component| match component {
            Component::Witness(witness) => Some(witness),
            Component::Group { .. } => None,
        })
    }

    /// Whether these cosignatures, all of one checkpoint, are enough, and since when they are.
    #[must_use]
    pub fn quorum(&self, cosignatures: &[Cosignature]) -> Quorum {
        let Some(quorum) = self.quorum else { return Quorum::NotAsked };
        // For each component the earliest time by which it had witnessed, if it has.
        let mut times_s: Vec<Option<u64>> = Vec::with_capacity(self.components.len());
        for component in &self.components {
            let time_s = match component {
                Component::Witness(witness) => earliest_s(&witness.key, cosignatures),
                Component::Group { threshold, members } => {
                    group_s(*threshold, members.iter().filter_map(|m| *times_s.get(*m)?))
                }
            };
            times_s.push(time_s);
        }
        match times_s.get(quorum).copied().flatten() {
            Some(by_s) => Quorum::Met { by_s },
            None => Quorum::NotMet,
        }
    }
}

impl Quorum {
    /// Whether the policy is content.
    #[must_use]
    pub const fn is_met(self) -> bool {
        matches!(self, Self::NotAsked | Self::Met { .. })
    }
}

fn earliest_s(key: &WitnessKey, cosignatures: &[Cosignature]) -> Option<u64> {
    cosignatures.iter().filter(|one| one.witness() == key).map(Cosignature::time_s).min()
}

/// A group has witnessed once as many members have as it asks for: at the threshold's time in order.
fn group_s(threshold: usize, members_s: impl Iterator<Item = u64>) -> Option<u64> {
    let mut members_s: Vec<u64> = members_s.collect();
    members_s.sort_unstable();
    members_s.get(threshold.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::{PublicKey, Signature};
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::cosignature::{cosign, verify};
    use crate::note::SignedNote;

    fn witness(seed: u8) -> (WitnessKey, SigningKey) {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey(signing.verifying_key().to_bytes());
        (WitnessKey::new(&format!("w.example/{seed}"), public).unwrap(), signing)
    }

    /// Cosignatures by these witnesses at these times, made and verified.
    fn cosigned(by: &[(u8, u64)]) -> Vec<Cosignature> {
        let checkpoint = Checkpoint { origin: "log".to_owned(), size: 1, root: [9; 32] };
        let mut note = format!("{}\n\u{2014} other AAAAAAA=\n", checkpoint.text());
        for (seed, time_s) in by {
            let (key, signing) = witness(*seed);
            let sign = |message: &[u8]| Signature(signing.sign(message).to_bytes());
            note.push_str(&cosign(&checkpoint, *time_s, &key, sign).unwrap());
        }
        let keys: Vec<_> = (0..10).map(|seed| witness(seed).0).collect();
        verify(&SignedNote::parse(note.as_bytes()).unwrap(), &keys).unwrap()
    }

    /// The witnesses X1 to X3 are of the seeds 1 to 3, and Y1 to Y3 of 4 to 6.
    fn policy(rest: &str) -> Policy {
        let name = |seed: u8| format!("{}{}", if seed < 4 { "X" } else { "Y" }, (seed - 1) % 3 + 1);
        let lines = (1..7).map(|seed| format!("witness {} {}\n", name(seed), witness(seed).0));
        let lines: String = lines.collect();
        Policy::parse(format!("{lines}{rest}").as_bytes()).unwrap()
    }

    const NESTED: &str = "group X 2 X1 X2 X3\ngroup Y any Y1 Y2 Y3\ngroup XY all X Y\nquorum XY\n";

    #[test]
    fn golden_the_nested_groups_of_the_specification() {
        let policy = policy(NESTED);
        for (by, expected) in [
            (&[][..], Quorum::NotMet),
            (&[(1, 10), (2, 20), (3, 30)], Quorum::NotMet),
            (&[(4, 10), (5, 20), (6, 30), (1, 40)], Quorum::NotMet),
            // One witness that cosigned twice is still one witness.
            (&[(1, 10), (1, 20), (4, 30)], Quorum::NotMet),
            (&[(1, 10), (3, 30), (4, 20)], Quorum::Met { by_s: 30 }),
            (&[(1, 10), (3, 30), (4, 40)], Quorum::Met { by_s: 40 }),
            (&[(3, 30), (2, 20), (1, 10), (6, 9), (5, 99)], Quorum::Met { by_s: 20 }),
            (&[(1, 50), (1, 10), (2, 20), (4, 5)], Quorum::Met { by_s: 20 }),
        ] {
            let found = policy.quorum(&cosigned(by));
            assert_eq!(found, expected, "{by:?}");
            assert_eq!(found.is_met(), expected != Quorum::NotMet);
        }
    }

    #[test]
    fn a_quorum_of_one_witness_and_one_of_none() {
        let one = policy("quorum X2\n");
        assert_eq!(one.quorum(&cosigned(&[(1, 10), (2, 20)])), Quorum::Met { by_s: 20 });
        // Seed 7 is a witness whose signature holds, and none of the policy.
        assert_eq!(one.quorum(&cosigned(&[(1, 10), (7, 20)])), Quorum::NotMet);
        let none = policy("quorum none\n");
        assert_eq!(none.quorum(&[]), Quorum::NotAsked);
        assert!(none.quorum(&[]).is_met());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn more_cosignatures_never_unmeet_a_quorum(
            by in prop::collection::vec((0_u8..8, 1_u64..50), 0..14),
            more in prop::collection::vec((0_u8..8, 1_u64..50), 0..8),
            thresholds in (1_usize..4, 1_usize..4, 1_usize..3),
        ) {
            let (x, y, xy) = thresholds;
            let policy = policy(&format!(
                "group X {x} X1 X2 X3\ngroup Y {y} Y1 Y2 Y3\ngroup XY {xy} X Y\nquorum XY\n"
            ));
            let before = policy.quorum(&cosigned(&by));
            let all: Vec<_> = by.iter().chain(&more).copied().collect();
            let after = policy.quorum(&cosigned(&all));
            if let Quorum::Met { by_s } = before {
                let still = matches!(after, Quorum::Met { by_s: now_s } if now_s <= by_s);
                prop_assert!(still, "{:?} became {:?}", before, after);
            }
            // The time is the earliest: those until then are enough, and those before it are not.
            if let Quorum::Met { by_s } = after {
                let until = |end_s| all.iter().copied().filter(move |(_, s)| *s < end_s).collect::<Vec<_>>();
                prop_assert_eq!(policy.quorum(&cosigned(&until(by_s + 1))), after);
                prop_assert_eq!(policy.quorum(&cosigned(&until(by_s))), Quorum::NotMet);
            }
        }
    }
}
