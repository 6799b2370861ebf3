//! Checkpoints: how large the tree is and what its root is, signed by the log.
//!
//! What it is not: that two checkpoints belong to one tree has to be proved (see
//! [`merkle`](mod@crate::merkle)); witnesses' cosignatures are other lines of the same note.
//!
//! Spec: C2SP tlog-checkpoint. Extension lines are refused: our logs write none, and nobody could
//! check what they say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::key::Signature;

use crate::merkle::Hash;
use crate::note::{self, NoteError, NoteKey, SignedNote};

/// A tree has fewer entries than this, since an entry's index has to be a number that every JSON reader
/// can carry.
pub const SIZE_END: u64 = 1 << 53;

/// The size and root of a log's tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why bytes are not a checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not signed by the log.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A note, and not a checkpoint.
    #[error("not a checkpoint: line {line} should be {expected}")]
    Form {
        /// The line, counted from one.
        line: u8,
        /// What should be there.
        expected: &'static str,
    },
    /// There are lines that a checkpoint of ours does not have.
    #[error("it has lines beyond the third; extension lines are not accepted")]
    Extension,
    /// It is another log's.
    #[error("it is of the log {found:?}, expected {expected:?}")]
    OtherLog {
        /// The origin found.
        found: String,
        /// The origin expected.
        expected: String,
    },
}

impl CheckpointError {
    /// Whether nothing in the bytes is signed by this log: they are no note, one that others signed, or one that was
    /// damaged or forged. Anybody can make such bytes.
    #[must_use]
    pub const fn is_of_another(&self) -> bool {
        matches!(self, Self::Note(_))
    }
}

impl Checkpoint {
    /// Reads and verifies a checkpoint of the log of this origin, signed with this key.
    ///
    /// ```
    /// use countersign_domain::key::{PublicKey, Signature};
    /// use countersign_protocol::checkpoint::Checkpoint;
    /// use countersign_protocol::merkle::{leaf_hash, root_of_leaves};
    /// use countersign_protocol::note::NoteKey;
    /// use ed25519_dalek::{Signer as _, SigningKey};
    ///
    /// let signer = SigningKey::from_bytes(&[7; 32]);
    /// let key = NoteKey::new("log.example/mine", PublicKey(signer.verifying_key().to_bytes()))?;
    /// let root = root_of_leaves([leaf_hash(b"an entry")]);
    /// let checkpoint = Checkpoint { origin: "log.example/mine".to_owned(), size: 1, root };
    /// let note = checkpoint.sign(&key, |text| Signature(signer.sign(text).to_bytes()))?;
    ///
    /// assert_eq!(Checkpoint::open(note.as_bytes(), "log.example/mine", &key)?, checkpoint);
    /// assert!(Checkpoint::open(note.as_bytes(), "log.example/another", &key).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open(bytes: &[u8], origin: &str, key: &NoteKey) -> Result<Self, CheckpointError> {
        let note = SignedNote::parse(bytes)?;
        let checkpoint = Self::parse(note.verify(std::slice::from_ref(key))?)?;
        if checkpoint.origin != origin {
            let (found, expected) = (checkpoint.origin, origin.to_owned());
            return Err(CheckpointError::OtherLog { found, expected });
        }
        Ok(checkpoint)
    }

    /// Reads the text of a checkpoint, whoever signed it.
    ///
    /// # Errors
    /// [`CheckpointError::Form`] or [`CheckpointError::Extension`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let form = |line, expected| CheckpointError::Form { line, expected };
        let ended = text.strip_suffix('\n').ok_or(form(3, "ended by a newline"))?;
        let mut lines = ended.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(form(1, "the origin"))?;
        let size = lines.next().and_then(parse_size);
        let size = size.ok_or(form(
            2,
            "the tree size, below 2^53, in decimal digits without leading zeroes",
        ))?;
        let root = lines.next().and_then(|line| STANDARD.decode(line).ok());
        let root = root.and_then(|root| root.try_into().ok());
        let root = root.ok_or(form(3, "the root, 32 bytes in base64"))?;
        if lines.next().is_some() {
            return Err(CheckpointError::Extension);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Signs it, as a note. `sign` makes the Ed25519 signature that belongs to `key`.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] if the origin cannot stand in a note.
    pub fn sign(
        &self,
        key: &NoteKey,
        sign: impl FnOnce(&[u8]) -> Signature,
    ) -> Result<String, NoteError> {
        note::sign(&self.text(), key, sign)
    }
}

fn parse_size(line: &str) -> Option<u64> {
    line.parse::<u64>().ok().filter(|size| *size < SIZE_END && size.to_string() == line)
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::PublicKey;
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn signed(checkpoint: &Checkpoint) -> (NoteKey, String) {
        let signing = SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey(signing.verifying_key().to_bytes());
        let key = NoteKey::new("log.example/one", public).unwrap();
        let sign = |message: &[u8]| Signature(signing.sign(message).to_bytes());
        let note = checkpoint.sign(&key, sign).unwrap();
        (key, note)
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_signed() {
        for size in [0, 1, SIZE_END - 1] {
            let checkpoint =
                Checkpoint { origin: "log.example/one".to_owned(), size, root: [9; 32] };
            let (key, note) = signed(&checkpoint);
            assert_eq!(Checkpoint::open(note.as_bytes(), "log.example/one", &key), Ok(checkpoint));
            let other = Checkpoint::open(note.as_bytes(), "log.example/two", &key);
            assert!(matches!(other, Err(CheckpointError::OtherLog { .. })));
        }
    }

    #[test]
    fn golden_the_example_of_the_specification_is_read() {
        let text =
            "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.text(), text);
    }

    #[test]
    fn malformed_checkpoints_are_refused() {
        let root = STANDARD.encode([9; 32]);
        for bad in [
            String::new(),
            "\n".to_owned(),
            format!("\n1\n{root}\n"),
            format!("log\n01\n{root}\n"),
            format!("log\n+1\n{root}\n"),
            format!("log\n-1\n{root}\n"),
            format!("log\n\n{root}\n"),
            format!("log\n18446744073709551616\n{root}\n"),
            format!("log\n{SIZE_END}\n{root}\n"),
            format!("log\n{}\n{root}\n", 1_u64 << 63),
            format!("log\n1\n{root}"),
            "log\n1\n".to_owned(),
            "log\n1\nAAAA\n".to_owned(),
            format!("log\n1\n{root}\nextension\n"),
            format!("log\n1\n{root}\n\n"),
        ] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad:?} was read");
        }
    }
}
