//! The archive of cosigned checkpoints: what a log keeps, hour by hour, of the times at which witnesses
//! have seen its tree, so that the times of its entries can be bounded from both sides.
//!
//! ```text
//! witnessed/2026-11-26T14      a file per hour of UTC: notes in order of their size, each after the
//!                              other and followed by one empty line
//! ```
//!
//! What it is not: a promise that nothing was left out. A log that archives less bounds itself less.
//!
//! Spec: docs/protocol.md, section 2.2; notes are those of C2SP tlog-checkpoint.

use countersign_domain::time::Timestamp;

use crate::cosigned::{Cosigned, CosignedError};
use crate::note::{NoteKey, SignedNote};
use crate::witness_policy::Policy;

/// The folder of the archive, on the log's public site.
pub const ARCHIVE_FOLDER: &str = "witnessed";

/// The most bytes that the file of an hour may have.
pub const ARCHIVE_BYTES_MAX: u64 = 8 << 20;

/// The letters of `2026-11-26T14` that begin every time within that hour.
const HOUR_LETTERS: usize = 13;

/// Why bytes are not the archive of an hour of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("note {number} of the archive: {reason}")]
pub struct ArchiveError {
    /// Which note, counted from one.
    pub number: usize,
    /// What is wrong with it.
    pub reason: ArchiveReason,
}

/// What is wrong with a note of an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveReason {
    /// It does not end as notes of an archive do.
    #[error("it is not a note followed by one empty line; fetch the file anew")]
    Form,
    /// It is not a checkpoint of this log, or a cosignature does not hold.
    #[error(transparent)]
    Cosigned(#[from] CosignedError),
    /// It is of a smaller tree than the one before it.
    #[error("it is of {found} entries, after one of {before}; keep both, and ask the log")]
    Order {
        /// Its size.
        found: u64,
        /// The size of the one before.
        before: u64,
    },
    /// It is of the same size as the one before it, and of another root.
    #[error(
        "it has another root for {size} entries than the one before it; keep both: the log lies"
    )]
    TwoRoots {
        /// The size.
        size: u64,
    },
}

/// Where the file of this time's hour is, under the log's root.
#[must_use]
pub fn path(time: Timestamp) -> String {
    let time = time.to_string();
    format!("{ARCHIVE_FOLDER}/{}", time.get(..HOUR_LETTERS).unwrap_or(&time))
}

/// Adds a note to the file of an hour.
pub fn push(file: &mut Vec<u8>, note: &[u8]) {
    file.extend_from_slice(note);
    file.push(b'\n');
}

/// The notes in the file of an hour, as they stand there; nothing of them is believed yet.
///
/// # Errors
/// [`ArchiveReason::Form`], with the first note that is none.
pub fn notes(file: &[u8]) -> Result<Vec<&[u8]>, ArchiveError> {
    let mut notes = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let malformed = ArchiveError { number: notes.len() + 1, reason: ArchiveReason::Form };
        // The first empty line is before the signatures, the second one behind them.
        let end = empty_line(rest, 0).and_then(|text_end| empty_line(rest, text_end));
        let split = end.and_then(|end| rest.split_at_checked(end));
        let Some((note, after)) =
            split.and_then(|(whole, after)| Some((whole.strip_suffix(b"\n")?, after)))
        else {
            return Err(malformed);
        };
        if SignedNote::parse(note).is_err() {
            return Err(malformed);
        }
        notes.push(note);
        rest = after;
    }
    Ok(notes)
}

/// Reads the file of an hour: every checkpoint in it, with the cosignatures of the policy's witnesses.
///
/// # Errors
/// [`ArchiveError`], with the first note that is wrong.
pub fn parse(file: &[u8], key: &NoteKey, policy: &Policy) -> Result<Vec<Cosigned>, ArchiveError> {
    let mut read: Vec<Cosigned> = Vec::new();
    for note in notes(file)? {
        let number = read.len() + 1;
        let wrong = |reason| ArchiveError { number, reason };
        let opened = Cosigned::open(note, key, policy);
        let cosigned = opened.map_err(|error| wrong(error.into()))?;
        if let Some(before) = read.last().map(|before| &before.checkpoint) {
            let (found, size) = (&cosigned.checkpoint, before.size);
            if found.size < size {
                return Err(wrong(ArchiveReason::Order { found: found.size, before: size }));
            }
            if found.size == size && found.root != before.root {
                return Err(wrong(ArchiveReason::TwoRoots { size }));
            }
        }
        read.push(cosigned);
    }
    Ok(read)
}

/// Behind the first empty line that begins at `from` or later, which is not at the very beginning.
fn empty_line(bytes: &[u8], from: usize) -> Option<usize> {
    let found = bytes.get(from..)?.windows(2).position(|pair| pair == b"\n\n")?;
    Some(from + found + 2)
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::{PublicKey, Signature};
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::cosignature::{WitnessKey, cosign};
    use crate::witness_policy::{Quorum, QuorumTimes};

    fn signing(seed: u8) -> (SigningKey, PublicKey) {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey(signing.verifying_key().to_bytes());
        (signing, public)
    }

    fn key() -> NoteKey {
        NoteKey::new("log.example", signing(99).1).unwrap()
    }

    fn policy() -> Policy {
        let witness = WitnessKey::new("w.example", signing(1).1).unwrap();
        Policy::parse(format!("witness w {witness}\nquorum w\n").as_bytes()).unwrap()
    }

    fn note(size: u64, root: u8, time_s: u64) -> String {
        let checkpoint = Checkpoint { origin: "log.example".to_owned(), size, root: [root; 32] };
        let signed =
            |seed: u8| move |message: &[u8]| Signature(signing(seed).0.sign(message).to_bytes());
        let witness = WitnessKey::new("w.example", signing(1).1).unwrap();
        let line = cosign(&checkpoint, time_s, &witness, signed(1)).unwrap();
        format!("{}{line}", checkpoint.sign(&key(), signed(99)).unwrap())
    }

    fn file(notes: &[String]) -> Vec<u8> {
        let mut file = Vec::new();
        for note in notes {
            push(&mut file, note.as_bytes());
        }
        file
    }

    #[test]
    fn what_was_archived_is_read_back_in_order() {
        let kept = [note(7, 7, 100), note(7, 7, 160), note(9, 9, 220)];
        let file = file(&kept);
        assert!(notes(&file).unwrap().iter().eq(&kept.each_ref().map(|note| note.as_bytes())));
        let read = parse(&file, &key(), &policy()).unwrap();
        let found: Vec<_> = read.iter().map(|one| (one.checkpoint.size, one.quorum)).collect();
        let met = |seconds| {
            let time = Timestamp::from_seconds(seconds);
            Quorum::Met(QuorumTimes { earliest: time, latest: time })
        };
        assert_eq!(found, [(7, met(100)), (7, met(160)), (9, met(220))]);
        assert_eq!(parse(b"", &key(), &policy()), Ok(Vec::new()));
    }

    #[test]
    fn files_are_named_after_the_hour_of_utc() {
        let at = |seconds| path(Timestamp::from_seconds(seconds));
        assert_eq!(at(1_795_701_600), "witnessed/2026-11-26T14");
        assert_eq!(at(1_795_701_599), "witnessed/2026-11-26T13");
    }

    #[test]
    fn wrong_archives_are_refused_at_the_note_that_is_wrong() {
        let good = note(7, 7, 100);
        let wrong = |bytes: &[u8]| parse(bytes, &key(), &policy()).unwrap_err();
        let order = wrong(&file(&[good.clone(), note(6, 6, 160)]));
        let reason = ArchiveReason::Order { found: 6, before: 7 };
        assert_eq!(order, ArchiveError { number: 2, reason });
        let two = wrong(&file(&[good.clone(), note(7, 8, 160)]));
        assert_eq!(two, ArchiveError { number: 2, reason: ArchiveReason::TwoRoots { size: 7 } });
        let forged = wrong(&file(&[good.clone(), note(8, 8, 160).replace("8\n", "9\n")]));
        assert!(matches!(forged.reason, ArchiveReason::Cosigned(_)), "{forged:?}");
        let whole = file(&[good.clone(), note(9, 9, 160)]);
        for cut in good.len() + 2..whole.len() {
            assert_eq!(wrong(&whole[..cut]).number, 2, "cut to {cut} bytes");
        }
        for malformed in [b"\n".to_vec(), [&file(&[good])[..], b"\n"].concat()] {
            assert_eq!(wrong(&malformed).reason, ArchiveReason::Form);
        }
    }
}
