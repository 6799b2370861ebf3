//! The body of `add-checkpoint`: an old size, a proof that the tree only grew since, and the checkpoint.
//!
//! ```text
//! old 20852014
//! PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=       a hash of the proof a line, in base64
//!                                                     an empty line
//! example.com/behind-the-sofa                         the note of the checkpoint
//! …
//! ```
//!
//! What it is not: a judgement. Neither proof nor signature is looked at here.
//!
//! Spec: C2SP tlog-witness; base64 and numbers in their one spelling.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_protocol::merkle::Hash;
use countersign_protocol::note::NOTE_BYTES_MAX;

/// The most hashes that a proof may have.
pub const PROOF_HASHES_MAX: usize = 63;

/// The most bytes that a request may have.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4_096;

/// What a witness is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddCheckpoint {
    /// The size that the witness has cosigned last, as far as the log knows.
    pub old_size: u64,
    /// The consistency proof from there.
    pub proof: Vec<Hash>,
    /// The checkpoint's note.
    pub note: Vec<u8>,
}

/// Bytes that are no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a request to add a checkpoint: {reason}")]
pub struct NotARequest {
    /// What is wrong.
    pub reason: &'static str,
}

impl AddCheckpoint {
    /// Reads a request.
    ///
    /// # Errors
    /// [`NotARequest`], with what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotARequest> {
        let wrong = |reason| NotARequest { reason };
        if bytes.len() > REQUEST_BYTES_MAX {
            return Err(wrong("it is too long"));
        }
        let end = bytes.windows(2).position(|pair| pair == b"\n\n");
        let split = end.and_then(|end| bytes.split_at_checked(end));
        let (head, rest) = split.ok_or(wrong("no empty line ends the proof"))?;
        let head = std::str::from_utf8(head).map_err(|_| wrong("it is not UTF-8"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old "));
        let old_size = old_size
            .and_then(|text| text.parse::<u64>().ok().filter(|size| size.to_string() == text));
        let old_size = old_size.ok_or(wrong("the first line is not `old SIZE`"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_HASHES_MAX {
                return Err(wrong("the proof has more than 63 hashes"));
            }
            let hash = STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok());
            proof.push(hash.ok_or(wrong("a line of the proof is not 32 bytes in base64"))?);
        }
        let note = rest.get(2..).unwrap_or_default().to_vec();
        Ok(Self { old_size, proof, note })
    }

    /// The body.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            text.push_str(&STANDARD.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        [text.as_bytes(), &self.note].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification, as it stands there.
    const EXAMPLE: &str = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn golden_the_example_of_the_specification_is_read_and_written_again() {
        let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!((request.old_size, request.proof.len()), (20_852_014, 4));
        assert!(request.note.starts_with(b"example.com/behind-the-sofa\n20852163\n"));
        assert_eq!(request.to_bytes(), EXAMPLE.as_bytes());
    }

    #[test]
    fn malformed_requests_are_refused() {
        let hash = STANDARD.encode([1; 32]);
        let many = |count| format!("old 1\n{}\nnote", format!("{hash}\n").repeat(count));
        assert!(AddCheckpoint::parse(many(63).as_bytes()).is_ok());
        assert_eq!(AddCheckpoint::parse(b"old 0\n\n").map(|read| read.note), Ok(Vec::new()));
        for bad in [
            String::new(),
            "old 1\nnote".to_owned(),
            "old 01\n\nnote".to_owned(),
            "old -1\n\nnote".to_owned(),
            "old\n\nnote".to_owned(),
            "old 18446744073709551616\n\nnote".to_owned(),
            "size 1\n\nnote".to_owned(),
            "old 1\nAAAA\n\nnote".to_owned(),
            format!("old 1\n{hash}=\n\nnote"),
            format!("old 1\r\n{hash}\n\nnote"),
            many(64),
        ] {
            assert!(AddCheckpoint::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again_in_the_same_bytes(
            old_size in any::<u64>(),
            proof in prop::collection::vec(any::<Hash>(), 0..64),
            note in prop::collection::vec(any::<u8>(), 0..80),
            change in any::<(prop::sample::Index, u8)>(),
        ) {
            let request = AddCheckpoint { old_size, proof, note };
            let mut bytes = request.to_bytes();
            prop_assert_eq!(AddCheckpoint::parse(&bytes), Ok(request));
            let place = change.0.index(bytes.len());
            bytes[place] = change.1;
            if let Ok(read) = AddCheckpoint::parse(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}
