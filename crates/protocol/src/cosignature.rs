//! Cosignatures: a witness's word that, at a time, this was the largest tree of the log that it had seen.
//!
//! What it is not: how many witnesses are enough is a policy's to say (see
//! [`witness_policy`](mod@crate::witness_policy)); the log's own signature is
//! [`Checkpoint::open`]'s to verify. No clock is read here, so a time that has not come yet is the
//! caller's to refuse.
//!
//! Spec: C2SP tlog-cosignature, version 1 with Ed25519 (type 0x04). Its ML-DSA-44 (type 0x06) is not
//! read; lines by such keys are ignored, as are all by keys that the caller does not name.

use std::fmt;

use countersign_domain::key::{PublicKey, Signature};

use crate::checkpoint::Checkpoint;
use crate::note::{self, NoteKey, NoteKeyError, SignatureLine, SignedNote};

/// The latest time that a cosignature may have, in seconds since 1970.
pub const TIME_MAX_S: u64 = i64::MAX.unsigned_abs();

const ED25519_COSIGNATURE: u8 = 0x04;

/// A witness's key under its name. It is a type of its own so that no log's key, which signs texts as
/// they are, can stand in for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WitnessKey(NoteKey);

/// A cosignature that holds; only [`verify`] makes one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosignature {
    witness: WitnessKey,
    time_s: u64,
}

/// Why a cosignature is not to be believed, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// It has not 8 bytes of time and 64 of signature.
    #[error(
        "the cosignature by {witness:?} has {found} bytes, expected 72; fetch the checkpoint anew"
    )]
    Length {
        /// The witness's name.
        witness: String,
        /// How long it is.
        found: usize,
    },
    /// It says a time that cannot be.
    #[error(
        "the cosignature by {witness:?} is of the time {time_s} s, which cannot be; ask the witness"
    )]
    Time {
        /// The witness's name.
        witness: String,
        /// The time.
        time_s: u64,
    },
    /// The signature is not by this key, over this text and this time.
    #[error(
        "the cosignature by {witness:?} does not hold; keep the checkpoint, and ask log and witness"
    )]
    BadSignature {
        /// The witness's name.
        witness: String,
    },
    /// What was to be cosigned is not a checkpoint that anybody could read.
    #[error("the checkpoint of {origin:?} could not be read back; cosign only what was read")]
    NotCheckpoint {
        /// Its origin.
        origin: String,
    },
}

impl WitnessKey {
    /// The key under this name.
    ///
    /// # Errors
    /// [`NoteKeyError::Name`].
    pub fn new(name: &str, key: PublicKey) -> Result<Self, NoteKeyError> {
        NoteKey::of_kind(ED25519_COSIGNATURE, name, key).map(Self)
    }

    /// Reads a vkey of type 0x04.
    ///
    /// # Errors
    /// [`NoteKeyError`].
    pub fn parse(text: &str) -> Result<Self, NoteKeyError> {
        NoteKey::parse_kind(ED25519_COSIGNATURE, text).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The key itself.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        self.0.key()
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for WitnessKey {
    type Err = NoteKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Cosignature {
    /// Whose it is.
    #[must_use]
    pub const fn witness(&self) -> &WitnessKey {
        &self.witness
    }

    /// When it was made, in seconds since 1970, by the witness's clock.
    #[must_use]
    pub const fn time_s(&self) -> u64 {
        self.time_s
    }
}

/// Verifies the cosignatures by these witnesses and ignores all other lines. A witness may have cosigned
/// one checkpoint more than once, at different times; each of its lines is held to.
///
/// # Errors
/// The first line by one of these witnesses that does not hold.
pub fn verify(
    note: &SignedNote,
    witnesses: &[WitnessKey],
) -> Result<Vec<Cosignature>, CosignatureError> {
    let mut held = Vec::new();
    for line in note.lines() {
        for witness in witnesses.iter().filter(|witness| line.is_by(&witness.0)) {
            let time_s = verify_line(note.text(), line, witness)?;
            held.push(Cosignature { witness: witness.clone(), time_s });
        }
    }
    Ok(held)
}

/// Makes a witness's line for a checkpoint, its newline included. `sign` makes the Ed25519 signature that
/// belongs to `witness`; that the tree only grew is for the caller to have checked.
///
/// # Errors
/// [`CosignatureError::Time`] for 0, with which no time would be stated, and beyond [`TIME_MAX_S`];
/// [`CosignatureError::NotCheckpoint`].
pub fn cosign(
    checkpoint: &Checkpoint,
    time_s: u64,
    witness: &WitnessKey,
    sign: impl FnOnce(&[u8]) -> Signature,
) -> Result<String, CosignatureError> {
    if time_s == 0 || time_s > TIME_MAX_S {
        return Err(CosignatureError::Time { witness: witness.name().to_owned(), time_s });
    }
    let text = checkpoint.text();
    // An origin with a line break would have the witness sign another checkpoint than it checked.
    let reads_back = Checkpoint::parse(&text).is_ok_and(|read| read == *checkpoint);
    if !reads_back || note::check_text(&text).is_err() {
        return Err(CosignatureError::NotCheckpoint { origin: checkpoint.origin.clone() });
    }
    let signature = sign(&message(&text, time_s));
    let timed: Vec<u8> = time_s.to_be_bytes().into_iter().chain(signature.0).collect();
    Ok(note::signature_line(&witness.0, &timed))
}

fn verify_line(
    text: &str,
    line: &SignatureLine,
    witness: &WitnessKey,
) -> Result<u64, CosignatureError> {
    let name = || witness.name().to_owned();
    let split = line.signature.split_first_chunk::<8>();
    let split = split.and_then(|(time, rest)| Some((*time, <[u8; 64]>::try_from(rest).ok()?)));
    let Some((time, signature)) = split else {
        return Err(CosignatureError::Length { witness: name(), found: line.signature.len() });
    };
    let time_s = u64::from_be_bytes(time);
    if time_s > TIME_MAX_S {
        return Err(CosignatureError::Time { witness: name(), time_s });
    }
    if !crate::replay::verify(witness.key(), &message(text, time_s), &Signature(signature)) {
        return Err(CosignatureError::BadSignature { witness: name() });
    }
    Ok(time_s)
}

fn message(text: &str, time_s: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {time_s}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use ed25519_dalek::{Signer as _, SigningKey};
    use proptest::prelude::*;

    use super::*;

    /// The checkpoint and the time of the specification's example.
    const TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const TIME_S: u64 = 1_679_315_147;

    /// Computed outside of this project, with SHA-256 and Ed25519 alone, from the secret key 00 01 … 1f.
    const VKEY: &str =
        "witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    const LINE: &str = "\u{2014} witness.example.com/w1 oAWfEQAAAABkGFDLBuRDazBLVac2NE+Y+IjbjQOcXLfF9CSDZVUIoS83rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==\n";

    fn witness(seed: u8) -> (WitnessKey, SigningKey) {
        let signing = SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey(signing.verifying_key().to_bytes());
        (WitnessKey::new(&format!("witness.example/{seed}"), public).unwrap(), signing)
    }

    fn line(seed: u8, time_s: u64) -> (WitnessKey, String) {
        let (key, signing) = witness(seed);
        let sign = |message: &[u8]| Signature(signing.sign(message).to_bytes());
        let line = cosign(&Checkpoint::parse(TEXT).unwrap(), time_s, &key, sign).unwrap();
        (key, line)
    }

    fn note(lines: &str) -> SignedNote {
        SignedNote::parse(format!("{TEXT}\n{lines}").as_bytes()).unwrap()
    }

    fn names_and_times(held: &[Cosignature]) -> Vec<(&str, u64)> {
        held.iter().map(|one| (one.witness().name(), one.time_s())).collect()
    }

    #[test]
    fn golden_a_cosignature_made_elsewhere_is_read_and_made_again() {
        let key = WitnessKey::parse(VKEY).unwrap();
        assert_eq!(key.to_string(), VKEY);
        let held = verify(&note(LINE), std::slice::from_ref(&key)).unwrap();
        assert_eq!(names_and_times(&held), [("witness.example.com/w1", TIME_S)]);
        let seed: Vec<u8> = (0..32).collect();
        let signing = SigningKey::from_bytes(&seed.try_into().unwrap());
        let sign = |message: &[u8]| Signature(signing.sign(message).to_bytes());
        let made = cosign(&Checkpoint::parse(TEXT).unwrap(), TIME_S, &key, sign);
        assert_eq!(made.as_deref(), Ok(LINE));
    }

    #[test]
    fn golden_the_time_in_the_example_of_the_specification_is_where_it_is_read() {
        let line = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
        let bytes = STANDARD.decode(line).unwrap();
        assert_eq!(bytes.len(), 4 + 72);
        assert_eq!(bytes[4..12], TIME_S.to_be_bytes());
    }

    #[test]
    fn cosignatures_are_read_as_they_were_made_and_unknown_ones_ignored() {
        let ((one, line_one), (two, line_two)) = (line(1, 7), line(2, TIME_MAX_S));
        let (_, unknown) = line(3, 9);
        let (_, again) = line(1, 5);
        let note = note(&format!("{line_one}{unknown}{line_two}{again}"));
        let held = verify(&note, &[two.clone(), one.clone()]).unwrap();
        let (first, second) = (one.name(), two.name());
        assert_eq!(names_and_times(&held), [(first, 7), (second, TIME_MAX_S), (first, 5)]);
        assert_eq!(verify(&note, &[]), Ok(Vec::new()));
    }

    #[test]
    fn a_witnesss_name_over_another_key_is_an_unknown_key() {
        let (one, line_one) = line(1, 7);
        let (_, signing) = witness(2);
        let public = PublicKey(signing.verifying_key().to_bytes());
        let other = WitnessKey::new(one.name(), public).unwrap();
        assert_eq!(verify(&note(&line_one), &[other]), Ok(Vec::new()));
    }

    #[test]
    fn one_flipped_bit_is_refused() {
        let (key, whole) = line(1, 7);
        let (start, encoded) = whole.trim_end().rsplit_once(' ').unwrap();
        let bytes = STANDARD.decode(encoded).unwrap();
        for bit in 32..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let flipped = format!("{start} {}\n", STANDARD.encode(flipped));
            let found = verify(&note(&flipped), std::slice::from_ref(&key));
            let time = matches!(found, Err(CosignatureError::Time { .. }));
            let signature = matches!(found, Err(CosignatureError::BadSignature { .. }));
            assert_eq!((time, signature), (bit == 39, bit != 39), "bit {bit}: {found:?}");
        }
        let other = format!("{}\n{whole}", TEXT.replace("20852163", "20852162"));
        let other = SignedNote::parse(other.as_bytes()).unwrap();
        let bad = CosignatureError::BadSignature { witness: key.name().to_owned() };
        assert_eq!(verify(&other, &[key]), Err(bad));
    }

    #[test]
    fn a_cosignature_of_another_length_is_refused() {
        let (key, whole) = line(1, 7);
        let (start, encoded) = whole.trim_end().rsplit_once(' ').unwrap();
        let bytes = STANDARD.decode(encoded).unwrap();
        for length in [5, 11, 12, 75, 77] {
            let mut other = bytes.clone();
            other.resize(length, 0);
            let other = format!("{start} {}\n", STANDARD.encode(other));
            let error =
                CosignatureError::Length { witness: key.name().to_owned(), found: length - 4 };
            assert_eq!(verify(&note(&other), std::slice::from_ref(&key)), Err(error));
        }
    }

    #[test]
    fn keys_of_logs_and_of_witnesses_do_not_pass_for_each_other() {
        let (witness, signing) = witness(1);
        let public = PublicKey(signing.verifying_key().to_bytes());
        let log = NoteKey::new(witness.name(), public).unwrap();
        let error = |expected| NoteKeyError::NotEd25519 { name: log.name().to_owned(), expected };
        assert_eq!(WitnessKey::parse(&log.to_string()), Err(error(0x04)));
        assert_eq!(NoteKey::parse(&witness.to_string()), Err(error(0x01)));
        assert!(error(0x04).to_string().contains("type 0x04"));
        // The log's own signature is no cosignature, even of the same name and public key.
        let sign = |message: &[u8]| Signature(signing.sign(message).to_bytes());
        let signed = note::sign(TEXT, &log, sign).unwrap();
        let signed = SignedNote::parse(signed.as_bytes()).unwrap();
        assert_eq!(verify(&signed, &[witness]), Ok(Vec::new()));
    }

    #[test]
    fn nothing_is_cosigned_that_nobody_could_read() {
        let (key, _) = witness(1);
        let unsigned = |_: &[u8]| -> Signature { panic!("it was signed") };
        let checkpoint = Checkpoint::parse(TEXT).unwrap();
        for time_s in [0, TIME_MAX_S + 1, u64::MAX] {
            let error = CosignatureError::Time { witness: key.name().to_owned(), time_s };
            assert_eq!(cosign(&checkpoint, time_s, &key, unsigned), Err(error));
        }
        for origin in ["", "a\nb", "a\tb", "log\n1\nAAAA"] {
            let bad = Checkpoint { origin: origin.to_owned(), ..checkpoint.clone() };
            let error = CosignatureError::NotCheckpoint { origin: origin.to_owned() };
            assert_eq!(cosign(&bad, 7, &key, unsigned), Err(error));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reading(key in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 1..90)) {
            let _ = WitnessKey::parse(&key);
            let (known, whole) = line(1, 7);
            let id = whole.trim_end().rsplit_once(' ').unwrap().1;
            let id = STANDARD.decode(id).unwrap();
            let signature = STANDARD.encode([&id[..4], &bytes].concat());
            let forged = note(&format!("\u{2014} {} {signature}\n", known.name()));
            prop_assert!(verify(&forged, &[known]).is_err());
        }
    }
}
