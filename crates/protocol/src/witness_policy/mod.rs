//! The witness policy: which logs and witnesses are trusted, and how many cosignatures are enough.
//!
//! What it is not: it verifies no signature and fetches nothing. It is its reader's own file; a log does
//! not get to say which witnesses are to be believed about it.
//!
//! Spec: C2SP tlog-policy. Keys are of the types that this crate verifies: 0x01 of logs, 0x04 of
//! witnesses. Others are refused and not passed over, since nobody could tell a quorum that counts them.

mod error;
mod read;
mod times;

use countersign_domain::time::Timestamp;

pub use self::error::{POLICY_BYTES_MAX, PolicyError, PolicyReason};
pub use self::times::QuorumTimes;
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
    /// There are enough, which cosigned then.
    Met(QuorumTimes),
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

    /// Whether these cosignatures, all of one checkpoint, are enough, and when they are from.
    #[must_use]
    pub fn quorum(&self, cosignatures: &[Cosignature]) -> Quorum {
        let Some(quorum) = self.quorum else { return Quorum::NotAsked };
        // For each component when it had witnessed first and last, if it has.
        let mut times: Vec<Option<QuorumTimes>> = Vec::with_capacity(self.components.len());
        for component in &self.components {
            let of_component = match component {
                Component::Witness(witness) => of_witness(&witness.key, cosignatures),
                Component::Group { threshold, members } => {
                    of_group(*threshold, members.iter().filter_map(|m| *times.get(*m)?))
                }
            };
            times.push(of_component);
        }
        times.get(quorum).copied().flatten().map_or(Quorum::NotMet, Quorum::Met)
    }
}

impl Quorum {
    /// Whether the policy is content.
    #[must_use]
    pub const fn is_met(self) -> bool {
        matches!(self, Self::NotAsked | Self::Met(_))
    }

    /// When enough had cosigned, if they have.
    #[must_use]
    pub const fn times(self) -> Option<QuorumTimes> {
        match self {
            Self::Met(times) => Some(times),
            Self::NotAsked | Self::NotMet => None,
        }
    }
}

/// A witness may have cosigned one checkpoint often: it first did at its earliest time, and last at its newest.
fn of_witness(key: &WitnessKey, cosignatures: &[Cosignature]) -> Option<QuorumTimes> {
    let of_witness = cosignatures.iter().filter(|one| one.witness() == key);
    let times = of_witness.map(|one| Timestamp::from_seconds(one.time_s()));
    let (earliest, latest) = (times.clone().min()?, times.max()?);
    Some(QuorumTimes { earliest, latest })
}

/// A group has witnessed once as many members have as it asks for: first at the threshold's earliest time, and
/// last at the threshold's newest, counted from the end.
fn of_group(threshold: usize, members: impl Iterator<Item = QuorumTimes>) -> Option<QuorumTimes> {
    let (mut earliest, mut latest): (Vec<_>, Vec<_>) =
        members.map(|times| (times.earliest, times.latest)).unzip();
    earliest.sort_unstable();
    latest.sort_unstable_by(|a, b| b.cmp(a));
    let place = threshold.checked_sub(1)?;
    Some(QuorumTimes { earliest: *earliest.get(place)?, latest: *latest.get(place)? })
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

    fn met(earliest_s: u64, latest_s: u64) -> Quorum {
        let [earliest, latest] = [earliest_s, latest_s].map(Timestamp::from_seconds);
        Quorum::Met(QuorumTimes { earliest, latest })
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
            (&[(1, 10), (3, 30), (4, 20)], met(30, 10)),
            (&[(1, 10), (3, 30), (4, 40)], met(40, 10)),
            (&[(3, 30), (2, 20), (1, 10), (6, 9), (5, 99)], met(20, 20)),
            (&[(1, 50), (1, 10), (2, 20), (4, 5)], met(20, 5)),
            // All cosigned anew: first as before, last when the slowest of the needed ones did.
            (&[(1, 10), (2, 20), (4, 5), (1, 110), (2, 120), (4, 105)], met(20, 105)),
            // One that did not is enough to hold the quorum back, unless another can take its place.
            (&[(1, 10), (2, 20), (4, 5), (1, 110), (4, 105)], met(20, 20)),
            (&[(1, 10), (2, 20), (3, 30), (4, 5), (1, 110), (3, 130), (4, 105)], met(20, 105)),
        ] {
            let found = policy.quorum(&cosigned(by));
            assert_eq!(found, expected, "{by:?}");
            assert_eq!(found.is_met(), expected != Quorum::NotMet);
        }
    }

    #[test]
    fn a_quorum_of_one_witness_and_one_of_none() {
        let one = policy("quorum X2\n");
        assert_eq!(one.quorum(&cosigned(&[(1, 10), (2, 20)])), met(20, 20));
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
            if let Some(before) = before.times() {
                let after = after.times().unwrap();
                let still = after.earliest <= before.earliest && after.latest >= before.latest;
                prop_assert!(still, "{:?} became {:?}", before, after);
            }
            // The one time is the earliest: those until then are enough, and those before it are not. The other
            // is the latest: those from then on are enough, and those behind it are not.
            if let Some(times) = after.times() {
                let of = |range: std::ops::Range<u64>| {
                    let all = all.iter().copied().filter(|(_, s)| range.contains(s));
                    policy.quorum(&cosigned(&all.collect::<Vec<_>>()))
                };
                let (earliest_s, latest_s) = (times.earliest.seconds(), times.latest.seconds());
                prop_assert_eq!(of(0..earliest_s + 1).times().unwrap().earliest, times.earliest);
                prop_assert_eq!(of(0..earliest_s), Quorum::NotMet);
                prop_assert_eq!(of(latest_s..u64::MAX).times().unwrap().latest, times.latest);
                prop_assert_eq!(of(latest_s + 1..u64::MAX), Quorum::NotMet);
            }
        }
    }
}
