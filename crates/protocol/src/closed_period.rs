//! A closed period in words, as blinded lists and auditors' statements begin with it: which log, and which close.
//!
//! ```text
//! the first line: what follows, with its version
//! the log's origin
//! period NUMBER
//! from INDEX
//! until INDEX
//! close INDEX LEAF-HASH
//! ```
//!
//! Every line ends in a newline. Numbers are decimal, without leading zeros, hashes 64 lower-case digits.
//!
//! What it is not: it proves nothing. Whether there is such a close in the log is for
//! a verifier to say.

use std::fmt::Write as _;
use std::str::Lines;

use countersign_domain::digest::Digest;

use crate::entry::PreviousClose;

/// A closed period, as somebody names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClosedPeriod {
    /// The log.
    pub origin: String,
    /// The period's number.
    pub number: u64,
    /// Its first entry.
    pub from: u64,
    /// The first entry after it.
    pub until: u64,
    /// Where its close stands.
    pub close: PreviousClose,
}

impl ClosedPeriod {
    /// The lines, under this first one.
    #[must_use]
    pub fn text(&self, first: &str) -> String {
        let Self { origin, number, from, until, close } = self;
        let PreviousClose { index, leaf } = close;
        format!(
            "{first}\n{origin}\nperiod {number}\nfrom {from}\nuntil {until}\nclose {index} {leaf}\n"
        )
    }

    /// Takes the lines behind the first one. They may be in another spelling than [`Self::text`] gives them;
    /// whoever reads a whole text compares it with what it would be.
    pub(crate) fn take(lines: &mut Lines<'_>) -> Option<Self> {
        let origin = lines.next()?.to_owned();
        let mut number = |name| field(lines.next()?, name)?.parse().ok();
        let (period, from, until) = (number("period")?, number("from")?, number("until")?);
        let (index, leaf) = field(lines.next()?, "close")?.split_once(' ')?;
        let close = PreviousClose { index: index.parse().ok()?, leaf: Digest::parse(leaf).ok()? };
        Some(Self { origin, number: period, from, until, close })
    }
}

/// The value in a line that begins with this name.
pub(crate) fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.strip_prefix(' ')
}

/// Adds a line with a name and a value.
pub(crate) fn push_field(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{name} {value}");
}
