//! The sample of a period's items that an operator opens to an auditor: whose each is, and what it commits to.
//!
//! ```text
//! sample   = "cs1samp\n" ‖ version (4) ‖ leaf hash of the period's close (32) ‖ challenge (32) ‖ drawn (4)
//!          ‖ index of the directory's close (8) ‖ many account ‖ many item
//! account  = account: blob ‖ history: blob ‖ version (8) ‖ secret (32)
//! item     = number (8) ‖ opened
//! opened   = 0 (1) ‖ place of an account (4) ‖ salt (32) ‖ opening        as in a ledger bundle
//!          | 1 (1)                                                        of a person who was erased
//! number_i = SHA-256("cs1:samp" ‖ leaf hash ‖ challenge ‖ i (8))[..16] mod how many items the lists have
//! ```
//!
//! Items are numbered from 0 in the order of the blinded lists. Drawn are the first different `number_i`, i = 0, 1, …,
//! as many as were asked for, or all items if there are not as many.
//!
//! Lists can be filled with invented people, which nothing else shows: a hash looks like any other. Who has to open
//! items that they did not choose has to name accounts for them, which the directory had before the draw.
//!
//! What it is not: to be published. It has people's secrets in it, with which everything about them is found.
//!
//! Spec: docs/protocol.md, section 4.1.

use std::collections::BTreeSet;

use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use sha2::{Digest as _, Sha256};

use crate::ledger_bundle::Opening;
use crate::merkle::Hash;
use crate::packed::{Kind, PackedError, Reader, begin, put_blob, put_many};

/// The version of the format.
pub const SAMPLE_VERSION: u32 = 1;

/// The longest sample: some thousand items of different people.
pub const SAMPLE_BYTES_MAX: usize = 256 << 20;

/// The most items that are drawn at once.
pub const DRAWN_MAX: u32 = 10_000;

/// How many items an auditor asks for who says nothing else: if one in a hundred is invented, 300 of them miss that
/// once in twenty times.
pub const DRAWN_DEFAULT: u32 = 300;

const KIND: Kind = Kind {
    name: "sample of an index",
    magic: *b"cs1samp\n",
    version: SAMPLE_VERSION,
    bytes_max: SAMPLE_BYTES_MAX,
};

const DRAW_TAG: &[u8; 8] = b"cs1:samp";

/// Which items are opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    /// The leaf hash of the period's close, which nobody knew before the index was made.
    pub close: Digest,
    /// What the auditor adds once the lists are in their hands; zeros if nothing.
    pub challenge: Digest,
    /// How many are asked for.
    pub drawn: u32,
}

/// What an operator opens.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Which items these are.
    pub draw: Draw,
    /// Where the close stands under whose directory the histories are proved: the period's, or a later one.
    pub directory_close: u64,
    /// The accounts, each secret once.
    pub accounts: Vec<SampledAccount>,
    /// The items by their numbers.
    pub items: Vec<SampledItem>,
}

/// An account with one of its secrets.
#[derive(Clone)]
pub struct SampledAccount {
    /// The account, as the platform names it.
    pub account: String,
    /// Its history in the directory.
    pub history: Vec<u8>,
    /// Which of its versions the secret is.
    pub version: u64,
    /// The secret.
    pub secret: Secret,
}

/// One of the items that were drawn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SampledItem {
    /// Its number among the items of all lists.
    pub number: u64,
    /// What it is; `None` of a person who was erased.
    pub opened: Option<OpenedItem>,
}

/// What an item is, and whose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenedItem {
    /// The account's place in the sample.
    pub account: u32,
    /// The salt of the commitment.
    pub salt: Hash,
    /// What the commitment is to.
    pub opening: Opening,
}

impl std::fmt::Debug for SampledAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SampledAccount(…)")
    }
}

impl Draw {
    /// The numbers that are drawn among so many items.
    #[must_use]
    pub fn numbers(&self, items: u64) -> BTreeSet<u64> {
        if u64::from(self.drawn) >= items {
            return (0..items).collect();
        }
        let mut numbers = BTreeSet::new();
        let mut hashes = (0_u64..).map(|at| self.number(at, items));
        while numbers.len() < self.drawn as usize {
            numbers.extend(hashes.next());
        }
        numbers
    }

    /// The number at this place of the draw. Among 2^53 items at most none is likelier than another by 2^-75.
    fn number(&self, at: u64, items: u64) -> u64 {
        let hash: Hash = Sha256::new()
            .chain_update(DRAW_TAG)
            .chain_update(self.close.0)
            .chain_update(self.challenge.0)
            .chain_update(at.to_be_bytes())
            .finalize()
            .into();
        let wide = hash.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        // Below `items`, which is a u64 and not 0 here.
        (wide % u128::from(items)) as u64
    }
}

impl Sample {
    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = begin(&KIND);
        bytes.extend(self.draw.close.0.iter().chain(&self.draw.challenge.0));
        bytes.extend(self.draw.drawn.to_be_bytes());
        bytes.extend(self.directory_close.to_be_bytes());
        put_many(&mut bytes, &self.accounts, |out, account| {
            put_blob(out, account.account.as_bytes());
            put_blob(out, &account.history);
            out.extend(account.version.to_be_bytes());
            out.extend(account.secret.0);
        });
        put_many(&mut bytes, &self.items, |out, item| {
            out.extend(item.number.to_be_bytes());
            match &item.opened {
                Some(OpenedItem { account, salt, opening }) => {
                    out.push(0);
                    out.extend(account.to_be_bytes());
                    out.extend(salt);
                    Opening::put(out, opening);
                }
                None => out.push(1),
            }
        });
        bytes
    }

    /// Reads a sample, in its one spelling.
    ///
    /// # Errors
    /// [`PackedError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut input = Reader::begin(bytes, &KIND)?;
        let draw = Draw {
            close: input.digest("the close")?,
            challenge: input.digest("the challenge")?,
            drawn: input.u32("how many are drawn")?,
        };
        if draw.drawn > DRAWN_MAX {
            return Err(input.unknown("a number of items beyond the most"));
        }
        let directory_close = input.u64("the directory's close")?;
        let accounts = input.many("the accounts", 48, account)?;
        let items = input.many("the items", 9, item)?;
        input.end()?;
        Ok(Self { draw, directory_close, accounts, items })
    }
}

fn account(input: &mut Reader<'_>) -> Result<SampledAccount, PackedError> {
    Ok(SampledAccount {
        account: input.text("an account")?,
        history: input.blob("an account's history")?,
        version: input.u64("a secret's version")?,
        secret: Secret(input.array("a secret")?),
    })
}

fn item(input: &mut Reader<'_>) -> Result<SampledItem, PackedError> {
    let number = input.u64("an item's number")?;
    let opened = match input.u8("what an item is")? {
        0 => Some(OpenedItem {
            account: input.u32("an item's account")?,
            salt: input.array("an item's salt")?,
            opening: Opening::read(input)?,
        }),
        1 => None,
        _ => return Err(input.unknown("what an item is")),
    };
    Ok(SampledItem { number, opened })
}

#[cfg(test)]
mod tests {
    use countersign_domain::field::FieldSet;
    use countersign_domain::relation::Relation;

    use super::*;

    fn draw(drawn: u32) -> Draw {
        Draw { close: Digest([7; 32]), challenge: Digest([0; 32]), drawn }
    }

    #[test]
    fn a_draw_is_of_different_items_and_of_all_where_there_are_not_as_many() {
        for (drawn, items, expected) in [(0, 9, 0), (3, 9, 3), (8, 9, 8), (9, 9, 9), (10, 9, 9)] {
            let numbers = draw(drawn).numbers(items);
            assert_eq!(numbers.len(), expected, "{drawn} of {items}");
            assert!(numbers.iter().all(|number| *number < items));
        }
        assert!(draw(3).numbers(0).is_empty());
        // More items only add to a draw of fewer.
        assert!(draw(300).numbers(1 << 40).is_superset(&draw(299).numbers(1 << 40)));
        let other = Draw { challenge: Digest([1; 32]), ..draw(300) };
        assert_ne!(other.numbers(1 << 40), draw(300).numbers(1 << 40));
        let other = Draw { close: Digest([8; 32]), ..draw(300) };
        assert_ne!(other.numbers(1 << 40), draw(300).numbers(1 << 40));
    }

    #[test]
    fn a_draw_favours_no_item() {
        let mut counts = [0_u32; 10];
        for number in draw(5_000).numbers(100_000) {
            counts[(number / 10_000) as usize] += 1;
        }
        // 500 each, and 21 is the standard deviation.
        assert!(counts.iter().all(|count| (400..600).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_sample_is_the_bytes_that_it_is_read_from() {
        let account = SampledAccount {
            account: "ada".to_owned(),
            history: vec![1, 2, 3],
            version: 1,
            secret: Secret([5; 32]),
        };
        let opening =
            Opening::Record { relation: Relation::Viewer, fields: FieldSet::from_bits(5) };
        let opened = OpenedItem { account: 0, salt: [9; 32], opening };
        let sample = Sample {
            draw: draw(2),
            directory_close: 12,
            accounts: vec![account],
            items: vec![
                SampledItem { number: 3, opened: Some(opened) },
                SampledItem { number: 4, opened: None },
            ],
        };
        let bytes = sample.to_bytes();
        assert_eq!(Sample::parse(&bytes).map(|sample| sample.to_bytes()), Ok(bytes.clone()));
        for length in 0..bytes.len() {
            let part = bytes.get(..length).unwrap_or_default();
            assert!(Sample::parse(part).is_err(), "{length} bytes");
        }
        assert!(Sample::parse(&[&bytes[..], &[0]].concat()).is_err());
        assert!(!format!("{:?}", Sample::parse(&bytes)).contains("ada"));
    }
}
