//! Signed notes: a text with signatures by named keys.
//!
//! What it is not: a note says nothing until [`SignedNote::verify`] has found a signature by a key that
//! the caller trusts. Ed25519 (type 0x01) is the only type that is verified here; lines by other keys
//! are kept and ignored, those of witnesses for [`cosignature`](mod@crate::cosignature).
//!
//! Spec: C2SP signed-note; decisions agree with Go's golang.org/x/mod/sumdb/note.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::key::{PublicKey, Signature};
use sha2::{Digest as _, Sha256};

/// The most bytes that a note may have; the specification asks for some limit.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// The most signature lines that a note may have.
pub const SIGNATURES_MAX: usize = 100;

/// The type of keys that sign a note's text as it is.
const ED25519: u8 = 0x01;
const LINE_START: &str = "\u{2014} ";

/// A key under the name with which it signs notes, written `name+id+key` (a *vkey*).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteKey {
    name: String,
    kind: u8,
    id: [u8; 4],
    key: PublicKey,
}

/// A note as it was received. Its text is to be believed only after [`SignedNote::verify`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedNote {
    text: String,
    lines: Vec<SignatureLine>,
}

/// One signature line, of whatever type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignatureLine {
    /// The name of the key.
    pub name: String,
    /// The id of the key.
    pub id: [u8; 4],
    /// The signature, whose form depends on the type of the key.
    pub signature: Vec<u8>,
}

/// A text that is not a [`NoteKey`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteKeyError {
    /// Not of the form.
    #[error("not a key for notes: NAME+8 hexadecimal digits+base64 is expected")]
    Form,
    /// A name that signature lines could not carry.
    #[error("{name:?} cannot name a key: no spaces and no '+' are allowed, and not nothing")]
    Name {
        /// The name.
        name: String,
    },
    /// Not an Ed25519 key, or one for another purpose.
    #[error("the key of {name:?} is not an Ed25519 key of type {expected:#04x} with 32 bytes")]
    NotEd25519 {
        /// The name.
        name: String,
        /// The type that is expected: 0x01 of logs, 0x04 of witnesses.
        expected: u8,
    },
    /// The id does not belong to name and key: something was mistyped.
    #[error("the id of the key of {name:?} is {found}, expected {expected}")]
    WrongId {
        /// The name.
        name: String,
        /// The id in the text.
        found: String,
        /// The id of name and key.
        expected: String,
    },
}

/// Why a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a signed note.
    #[error("not a signed note: {reason}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// A signature by a known key does not hold.
    #[error("the signature by {name:?} does not hold")]
    BadSignature {
        /// The name of the key.
        name: String,
    },
    /// No signature is by a known key.
    #[error("no signature is by a known key; it is signed by {found:?}")]
    NotSigned {
        /// The names that it has signatures by.
        found: Vec<String>,
    },
}

impl NoteKey {
    /// The key under this name.
    ///
    /// # Errors
    /// [`NoteKeyError::Name`].
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NoteKeyError> {
        Self::of_kind(ED25519, name, key)
    }

    /// The key under this name, of this type. What has another type than 0x01 is for its own module only.
    pub(crate) fn of_kind(kind: u8, name: &str, key: PublicKey) -> Result<Self, NoteKeyError> {
        if !is_key_name(name) {
            return Err(NoteKeyError::Name { name: name.to_owned() });
        }
        let hash: [u8; 32] = Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', kind])
            .chain_update(key.0)
            .finalize()
            .into();
        let [a, b, c, d, ..] = hash;
        Ok(Self { name: name.to_owned(), kind, id: [a, b, c, d], key })
    }

    /// Reads a vkey.
    ///
    /// # Errors
    /// [`NoteKeyError`].
    pub fn parse(text: &str) -> Result<Self, NoteKeyError> {
        Self::parse_kind(ED25519, text)
    }

    pub(crate) fn parse_kind(kind: u8, text: &str) -> Result<Self, NoteKeyError> {
        let (name, rest) = text.split_once('+').ok_or(NoteKeyError::Form)?;
        let (id, key) = rest.split_once('+').ok_or(NoteKeyError::Form)?;
        if id.len() != 8 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoteKeyError::Form);
        }
        let key = STANDARD.decode(key).map_err(|_| NoteKeyError::Form)?;
        let key = match key.split_first() {
            Some((found, key)) if *found == kind => <[u8; 32]>::try_from(key).ok(),
            _ => None,
        };
        let key =
            key.ok_or_else(|| NoteKeyError::NotEd25519 { name: name.to_owned(), expected: kind })?;
        let key = Self::of_kind(kind, name, PublicKey(key))?;
        let expected = key.id_text();
        if !id.eq_ignore_ascii_case(&expected) {
            let (name, found) = (name.to_owned(), id.to_owned());
            return Err(NoteKeyError::WrongId { name, found, expected });
        }
        Ok(key)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key itself.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    fn id_text(&self) -> String {
        const_hex::encode(self.id)
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, rest @ ..] = &self.key.0;
        let typed: Vec<u8> = [self.kind, *a].into_iter().chain(rest.iter().copied()).collect();
        write!(f, "{}+{}+{}", self.name, self.id_text(), STANDARD.encode(typed))
    }
}

impl std::str::FromStr for NoteKey {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl SignedNote {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::Malformed`], with what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let malformed = |reason| Err(NoteError::Malformed { reason });
        if bytes.len() > NOTE_BYTES_MAX {
            return malformed("it is too long");
        }
        let Ok(note) = std::str::from_utf8(bytes) else {
            return malformed("it is not UTF-8");
        };
        check_text(note)?;
        let Some((before, signatures)) = note.rsplit_once("\n\n") else {
            return malformed("it has no empty line before its signatures");
        };
        let Some(signatures) = signatures.strip_suffix('\n') else {
            return malformed("it has no signature line, or the last one does not end");
        };
        let lines: Vec<_> =
            signatures.split('\n').take(SIGNATURES_MAX + 1).map(SignatureLine::parse).collect();
        if lines.len() > SIGNATURES_MAX {
            return malformed("it has too many signature lines");
        }
        let lines = lines.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { text: format!("{before}\n"), lines })
    }

    /// The text, its last newline included. Not to be believed before [`SignedNote::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, verified or not.
    #[must_use]
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
    }

    /// Verifies the signatures by these keys and ignores all others. Returns the text.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if one does not hold; [`NoteError::NotSigned`] if there is none.
    pub fn verify(&self, keys: &[NoteKey]) -> Result<&str, NoteError> {
        let mut verified = false;
        for key in keys {
            let mut by_key = self.lines.iter().filter(|line| line.is_by(key));
            // As everywhere else, the first line by a key counts; repetitions are passed over.
            let Some(line) = by_key.next() else { continue };
            let signature = <[u8; 64]>::try_from(line.signature.as_slice()).ok().map(Signature);
            if !signature.is_some_and(|s| crate::replay::verify(&key.key, self.text.as_bytes(), &s))
            {
                return Err(NoteError::BadSignature { name: key.name.clone() });
            }
            verified = true;
        }
        if verified {
            return Ok(&self.text);
        }
        let found = self.lines.iter().map(|line| line.name.clone()).collect();
        Err(NoteError::NotSigned { found })
    }
}

impl SignatureLine {
    fn parse(line: &str) -> Result<Self, NoteError> {
        let malformed = NoteError::Malformed { reason: "a signature line is not of the form" };
        let parts = line.strip_prefix(LINE_START).and_then(|line| line.split_once(' '));
        let Some((name, signature)) = parts.filter(|(name, _)| is_key_name(name)) else {
            return Err(malformed);
        };
        let Ok(bytes) = STANDARD.decode(signature) else { return Err(malformed) };
        match bytes.split_first_chunk::<4>() {
            Some((id, signature)) if !signature.is_empty() => {
                Ok(Self { name: name.to_owned(), id: *id, signature: signature.to_vec() })
            }
            _ => Err(malformed),
        }
    }

    pub(crate) fn is_by(&self, key: &NoteKey) -> bool {
        self.name == key.name && self.id == key.id
    }
}

/// The line as it stands in a note, without its newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.id.iter().chain(&self.signature).copied().collect();
        write!(f, "{LINE_START}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// Signs a text, which ends in a newline. `sign` makes the Ed25519 signature that belongs to `key`.
///
/// ```
/// use countersign_domain::key::{PublicKey, Signature};
/// use countersign_protocol::note::{NoteKey, SignedNote, sign};
/// use ed25519_dalek::{Signer as _, SigningKey};
///
/// let signer = SigningKey::from_bytes(&[7; 32]);
/// let key = NoteKey::new("log.example/mine", PublicKey(signer.verifying_key().to_bytes()))?;
/// let note = sign("a text\n", &key, |text| Signature(signer.sign(text).to_bytes()))?;
///
/// // The text is to be believed only under a key that the reader trusts.
/// let received = SignedNote::parse(note.as_bytes())?;
/// assert_eq!(received.verify(&[key.clone()])?, "a text\n");
/// let changed = note.replace("a text", "another text");
/// assert!(SignedNote::parse(changed.as_bytes())?.verify(&[key]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`NoteError::Malformed`] if the text cannot be that of a note.
pub fn sign(
    text: &str,
    key: &NoteKey,
    sign: impl FnOnce(&[u8]) -> Signature,
) -> Result<String, NoteError> {
    check_text(text)?;
    if !text.ends_with('\n') {
        return Err(NoteError::Malformed { reason: "its text does not end in a newline" });
    }
    let signature = sign(text.as_bytes());
    Ok(format!("{text}\n{}", signature_line(key, &signature.0)))
}

/// The line that holds a signature by this key, its newline included.
pub(crate) fn signature_line(key: &NoteKey, signature: &[u8]) -> String {
    let line: Vec<u8> = key.id.iter().chain(signature).copied().collect();
    format!("{LINE_START}{} {}\n", key.name, STANDARD.encode(line))
}

pub(crate) fn check_text(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::Malformed { reason: "it has a control character" });
    }
    Ok(())
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Go's package note, and of the specification before it.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PETERS_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key() -> (NoteKey, ed25519_dalek::SigningKey) {
        let signing = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey(signing.verifying_key().to_bytes());
        (NoteKey::new("log.example/one", public).unwrap(), signing)
    }

    fn signed(text: &str) -> (NoteKey, String) {
        let (key, signing) = key();
        let note = sign(text, &key, |message| {
            use ed25519_dalek::Signer as _;
            Signature(signing.sign(message).to_bytes())
        });
        (key, note.unwrap())
    }

    #[test]
    fn golden_gos_own_example_verifies() {
        let key = NoteKey::parse(PETER).unwrap();
        assert_eq!(key.to_string(), PETER);
        let note = SignedNote::parse(PETERS_NOTE.as_bytes()).unwrap();
        assert!(note.verify(std::slice::from_ref(&key)).unwrap().starts_with("If you think"));
        let changed = PETERS_NOTE.replace("don't", "do");
        let note = SignedNote::parse(changed.as_bytes()).unwrap();
        let bad = NoteError::BadSignature { name: "PeterNeumann".to_owned() };
        assert_eq!(note.verify(&[key]), Err(bad));
    }

    #[test]
    fn unknown_signatures_are_kept_and_ignored() {
        let (key, note) = signed("a text\n\nwith an empty line\n");
        let mine = note.lines().last().unwrap();
        let witness = format!("\u{2014} witness.example {}", STANDARD.encode([9; 76]));
        let same_name = format!("\u{2014} log.example/one {}", STANDARD.encode([9; 68]));
        let note = note.replace(mine, &format!("{witness}\n{same_name}\n{mine}\n{mine}"));
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        assert_eq!(note.lines().len(), 4);
        assert_eq!(note.verify(&[key]), Ok("a text\n\nwith an empty line\n"));
        let unknown = NoteKey::parse(PETER).unwrap();
        assert!(matches!(note.verify(&[unknown]), Err(NoteError::NotSigned { .. })));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let (_, note) = signed("a text\n");
        let line = note.lines().last().unwrap();
        let many = format!("{line}\n").repeat(SIGNATURES_MAX);
        assert!(SignedNote::parse(format!("a text\n\n{many}").as_bytes()).is_ok());
        for bad in [
            String::new(),
            "a text\n".to_owned(),
            "a text\n\n".to_owned(),
            "a text\n{line}\n".to_owned(),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            note.replace("\u{2014} ", "- "),
            note.replace("\u{2014} ", "\u{2014}"),
            note.replace("log.example/one", "log+example"),
            note.replace("log.example/one", "log\u{a0}example"),
            note.replace("log.example/one", ""),
            note.replace("a text", "a\ttext"),
            "a text\n\n\u{2014} log.example/one AAAAAA==\n".to_owned(),
            "a text\n\n\u{2014} log.example/one !\n".to_owned(),
            "a text\n\n{many}{line}\n".to_owned(),
        ] {
            assert!(SignedNote::parse(bad.as_bytes()).is_err(), "{bad:?} was read");
        }
        assert!(SignedNote::parse(b"\xff\n\n\n").is_err());
    }

    #[test]
    fn mistyped_keys_are_refused() {
        for bad in [
            "",
            "PeterNeumann",
            "PeterNeumann+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert!(NoteKey::parse(bad).is_err(), "{bad:?} was read");
        }
    }
}
