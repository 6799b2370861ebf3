//! A checkpoint under a policy: its note with the log's signature and those of the policy's witnesses.
//!
//! What it is not: that the quorum is met. [`Cosigned::quorum`] says that, and since when; nor does a
//! checkpoint that many have cosigned say anything about a tree that nobody has looked at.
//!
//! Spec: C2SP tlog-checkpoint, tlog-cosignature, tlog-policy; of an answer to `add-checkpoint`, C2SP
//! tlog-witness.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{self, Cosignature, CosignatureError, WitnessKey};
use crate::note::{NoteError, NoteKey, SignedNote};
use crate::witness_policy::{Policy, Quorum};

/// A checkpoint whose log signed it, with the cosignatures of a policy's witnesses, all of which hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosigned {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The cosignatures by the policy's witnesses.
    pub cosignatures: Vec<Cosignature>,
    /// Whether they are enough, and when they are from.
    pub quorum: Quorum,
}

/// Why bytes are not a checkpoint of this log under this policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignedError {
    /// The policy names logs, and not this one.
    #[error("the policy does not name the log {log:?} under this key; add a line `log VKEY`")]
    OtherLogs {
        /// The log's origin.
        log: String,
    },
    /// It is not a checkpoint that this log signed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A cosignature by one of the policy's witnesses does not hold.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
}

impl CosignedError {
    /// Whether it says nothing about this log: the policy is of others, or a line of the note, which anybody can add,
    /// is not a witness's.
    #[must_use]
    pub const fn is_of_another(&self) -> bool {
        matches!(self, Self::OtherLogs { .. } | Self::Cosignature(_))
    }
}

impl Cosigned {
    /// Reads a note: signed by the log of this key, and cosigned by whichever of the policy's witnesses.
    ///
    /// # Errors
    /// [`CosignedError`]. That too few witnesses cosigned is none.
    pub fn open(bytes: &[u8], key: &NoteKey, policy: &Policy) -> Result<Self, CosignedError> {
        if !policy.trusts(key) {
            return Err(CosignedError::OtherLogs { log: key.name().to_owned() });
        }
        let checkpoint = Checkpoint::open(bytes, key.name(), key)?;
        let note = SignedNote::parse(bytes).map_err(CheckpointError::from)?;
        let witnesses: Vec<_> = policy.witnesses().map(|witness| witness.key.clone()).collect();
        let cosignatures = cosignature::verify(&note, &witnesses)?;
        let quorum = policy.quorum(&cosignatures);
        Ok(Self { checkpoint, cosignatures, quorum })
    }
}

/// Why a witness's answer is no cosignature of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It is not made of signature lines.
    #[error("the answer is not made of signature lines: {0}")]
    Form(#[from] NoteError),
    /// There is no line by this witness.
    #[error("the answer has no line by {witness:?}; is it another witness's address, or key?")]
    NotCosigned {
        /// The witness's name.
        witness: String,
    },
    /// A line by this witness does not hold for this checkpoint.
    #[error(transparent)]
    Cosignature(#[from] CosignatureError),
}

/// Reads what a witness answered about a checkpoint: the newest cosignature by this very key over this
/// very checkpoint, and its line, newline included, to be added to the checkpoint's note. Lines by others
/// are ignored.
///
/// # Errors
/// [`AnswerError`]; every line by this witness has to hold.
pub fn read_answer(
    checkpoint: &Checkpoint,
    answer: &[u8],
    witness: &WitnessKey,
) -> Result<(Cosignature, String), AnswerError> {
    let mut note = checkpoint.text().into_bytes();
    note.push(b'\n');
    note.extend_from_slice(answer);
    let note = SignedNote::parse(&note)?;
    let text = checkpoint.text();
    let mut newest: Option<(Cosignature, String)> = None;
    for line in note.lines() {
        let alone = SignedNote::parse(format!("{text}\n{line}\n").as_bytes())?;
        let found = cosignature::verify(&alone, std::slice::from_ref(witness))?;
        for cosignature in found {
            let is_newer =
                newest.as_ref().is_none_or(|(before, _)| before.time_s() < cosignature.time_s());
            if is_newer {
                newest = Some((cosignature, format!("{line}\n")));
            }
        }
    }
    // An answer with an empty line in it would have made another text of the note.
    newest
        .filter(|_| note.text() == text)
        .ok_or_else(|| AnswerError::NotCosigned { witness: witness.name().to_owned() })
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::{PublicKey, Signature};
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn key(seed: u8) -> (SigningKey, PublicKey) {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey(signing.verifying_key().to_bytes());
        (signing, public)
    }

    fn signed(signing: &SigningKey) -> impl Fn(&[u8]) -> Signature {
        |message| Signature(signing.sign(message).to_bytes())
    }

    fn witness(seed: u8) -> WitnessKey {
        WitnessKey::new(&format!("w.example/{seed}"), key(seed).1).unwrap()
    }

    fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint { origin: "log.example".to_owned(), size, root: [9; 32] }
    }

    fn line(seed: u8, size: u64, time_s: u64) -> String {
        let (signing, _) = key(seed);
        cosignature::cosign(&checkpoint(size), time_s, &witness(seed), signed(&signing)).unwrap()
    }

    fn log() -> (NoteKey, String) {
        let (signing, public) = key(99);
        let key = NoteKey::new("log.example", public).unwrap();
        let note = checkpoint(7).sign(&key, signed(&signing)).unwrap();
        (key, note)
    }

    #[test]
    fn a_checkpoint_is_opened_under_the_policy_that_its_reader_brings() {
        let (log, note) = log();
        let lines = format!("witness a {}\nwitness b {}\n", witness(1), witness(2));
        let policy = |rest: &str| Policy::parse(format!("{lines}{rest}").as_bytes()).unwrap();
        let both = policy("group all2 all a b\nquorum all2\n");
        let opened = Cosigned::open(note.as_bytes(), &log, &both).unwrap();
        assert_eq!((opened.quorum, opened.cosignatures.len()), (Quorum::NotMet, 0));
        let note = format!("{note}{}{}{}", line(1, 7, 50), line(2, 7, 60), line(3, 7, 70));
        let opened = Cosigned::open(note.as_bytes(), &log, &both).unwrap();
        assert_eq!(opened.checkpoint, checkpoint(7));
        let times = opened.quorum.times().unwrap();
        assert_eq!((times.earliest.seconds(), times.latest.seconds()), (60, 50));
        assert_eq!(opened.cosignatures.len(), 2);
        let named = policy(&format!("log {log}\nquorum a\n"));
        assert!(Cosigned::open(note.as_bytes(), &log, &named).unwrap().quorum.is_met());
        let other = NoteKey::new("log.example", key(98).1).unwrap();
        let others = policy(&format!("log {other}\nquorum a\n"));
        let refused = Cosigned::open(note.as_bytes(), &log, &others);
        assert!(matches!(refused, Err(CosignedError::OtherLogs { .. })), "{refused:?}");
        let forged = note.replace(&line(2, 7, 60), &line(2, 8, 60));
        let refused = Cosigned::open(forged.as_bytes(), &log, &both);
        assert!(matches!(refused, Err(CosignedError::Cosignature(_))), "{refused:?}");
        let unsigned = note.replace("log.example", "log.example/2");
        let refused = Cosigned::open(unsigned.as_bytes(), &log, &both);
        assert!(matches!(refused, Err(CosignedError::Checkpoint(_))), "{refused:?}");
    }

    #[test]
    fn of_an_answer_the_newest_line_by_the_witness_is_taken_and_nothing_else() {
        let answer = format!("{}{}{}", line(2, 7, 90), line(1, 7, 50), line(1, 7, 60));
        let (cosignature, taken) =
            read_answer(&checkpoint(7), answer.as_bytes(), &witness(1)).unwrap();
        assert_eq!((cosignature.time_s(), taken), (60, line(1, 7, 60)));
        for (answer, is_expected) in [
            (line(2, 7, 90), (|e| matches!(e, AnswerError::NotCosigned { .. })) as fn(&_) -> bool),
            (line(1, 8, 50), |e| matches!(e, AnswerError::Cosignature(_))),
            // One that does not hold spoils the others, in whatever order.
            (format!("{}{}", line(1, 7, 50), line(1, 8, 40)), |e| {
                matches!(e, AnswerError::Cosignature(_))
            }),
            (String::new(), |e| matches!(e, AnswerError::Form(_))),
            ("a text\n".to_owned(), |e| matches!(e, AnswerError::Form(_))),
            (line(1, 7, 50).trim_end().to_owned(), |e| matches!(e, AnswerError::Form(_))),
            (format!("more\n\n{}", line(1, 7, 50)), |e| {
                matches!(e, AnswerError::NotCosigned { .. })
            }),
        ] {
            let error = read_answer(&checkpoint(7), answer.as_bytes(), &witness(1)).unwrap_err();
            assert!(is_expected(&error), "{answer:?}: {error:?}");
        }
    }
}
