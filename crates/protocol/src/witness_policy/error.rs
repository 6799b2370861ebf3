//! Why a text is not a witness policy, and on which line.
//!
//! What it is not: that a quorum is not met is no error, and an answer of
//! [`Policy::quorum`](super::Policy::quorum).
//!
//! Spec: C2SP tlog-policy; each reason is a sentence of it that does not hold.

use crate::note::NoteKeyError;

/// The most bytes that a policy may have.
pub const POLICY_BYTES_MAX: usize = 262_144;

/// Why bytes are not a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {reason}")]
pub struct PolicyError {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong there.
    pub reason: PolicyReason,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyReason {
    /// The policy is too long; the line is the one in which it becomes so.
    #[error(
        "the policy may have {POLICY_BYTES_MAX} bytes; leave out what the quorum does not need"
    )]
    TooLong,
    /// The last line has no newline, so that nobody knows whether it is whole.
    #[error("the last line does not end; add a newline if the file is whole")]
    NotEnded,
    /// A control character other than tab and newline.
    #[error("byte {byte:#04x} is not allowed; of control characters take tab and newline only")]
    Control {
        /// The byte.
        byte: u8,
    },
    /// It does not begin with a word that means something.
    #[error("{found:?} means nothing here; begin with log, witness, group, quorum or #")]
    Keyword {
        /// The word.
        found: String,
    },
    /// It has too few or too many items.
    #[error("write `{expected}`")]
    Items {
        /// The form of such a line.
        expected: &'static str,
    },
    /// The key is none of a log, or none of a witness.
    #[error("{0}; copy the key once more from whose it is")]
    Key(#[from] NoteKeyError),
    /// A log or a witness has the same public key as an earlier one, whatever their names.
    #[error("the key is that of line {first} already; take one of the lines away")]
    SameKey {
        /// The earlier line.
        first: usize,
    },
    /// Something else has the name.
    #[error("{name:?} is defined on line {first} already; take another name")]
    SameName {
        /// The name.
        name: String,
        /// The earlier line.
        first: usize,
    },
    /// `none` is defined by the format, and no member of anything.
    #[error("`none` is allowed only after `quorum`; take another name")]
    NoneElsewhere,
    /// No earlier line defines the name.
    #[error("{name:?} is not defined on a line before; define it there")]
    Unknown {
        /// The name.
        name: String,
    },
    /// A witness or group would count in two ways.
    #[error("{name:?} is a member of the group on line {first} already; list it once only")]
    MemberTwice {
        /// The name.
        name: String,
        /// The line of the group that has it.
        first: usize,
    },
    /// The number that a group asks for is none that it can have.
    #[error(
        "{found:?} of {members} members cannot be; write any, all or a number from 1 to {members}"
    )]
    Threshold {
        /// What stands there.
        found: String,
        /// How many members there are.
        members: usize,
    },
    /// There is more than one quorum.
    #[error("the quorum is on line {first} already; take one of the lines away")]
    SecondQuorum {
        /// The earlier line.
        first: usize,
    },
    /// There is no quorum; the line is the last one.
    #[error("no line says the quorum; add `quorum NAME`, or `quorum none` to ask for no witness")]
    NoQuorum,
}
