//! A list of parties that are screened for, as published by others.
//!
//! A list with a hole in it would clear the one who stands in the hole. So a row that nobody could be
//! matched against refuses the whole list; a row that is cut short behind its name is kept and reported.

mod consolidated;
mod opensanctions;
mod rows;

use countersign_domain::partner::Country;
use serde::{Deserialize, Serialize};

use super::name::Name;

/// A parsed list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScreeningList {
    listings: Vec<Listing>,
    faults: Vec<RowFault>,
}

/// One party on a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The publisher's own id; where it gives none, one derived from the listing's contents.
    pub id: String,
    /// The list that it is on, as the publisher calls it.
    pub source: String,
    /// What it is.
    pub kind: ListingKind,
    /// The name that the list leads with.
    pub name: String,
    /// Its other names, weak ones included.
    pub alternative_names: Vec<String>,
    /// The countries that the list connects it with, sorted.
    pub countries: Vec<Country>,
    /// The sanctions programmes that it is listed under.
    pub programs: Vec<String>,
}

/// What a listed party is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingKind {
    /// A company, authority, university, group.
    Organisation,
    /// A natural person.
    Person,
    /// A ship.
    Vessel,
    /// An aircraft.
    Aircraft,
    /// The list does not say.
    Unknown,
}

/// What is wrong with a row: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}, column {column:?}: {problem}")]
pub struct RowFault {
    /// The row, as a spreadsheet counts: the header is row 1.
    pub row: u64,
    /// The column, by its name in the header.
    pub column: &'static str,
    /// What is wrong there.
    pub problem: RowProblem,
}

/// What is wrong in one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The row ends before this column.
    #[error("the row ends before it")]
    CutShort,
    /// The cell is empty and may not be.
    #[error("it is empty")]
    Empty,
    /// The cell holds no letter or digit that could be compared.
    #[error("none of the listing's names holds a letter that can be read")]
    NoLetters,
    /// The cell is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
}

/// Why a list cannot be screened against.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The header lacks a column; probably this is another kind of file.
    #[error("the header has no column {column:?}: is this the right kind of list?")]
    NoColumn {
        /// The column that was expected.
        column: &'static str,
    },
    /// The header is of no kind of list that is known.
    #[error(
        "the header is neither that of the US Consolidated Screening List (source, type, name, alt_names, addresses) nor of OpenSanctions' targets.simple.csv (id, schema, name, aliases, countries, dataset)"
    )]
    UnknownKind,
    /// A row that nobody could be matched against.
    #[error("a listing could not be screened against, so the list is refused: {0}")]
    Row(#[from] RowFault),
    /// The list has no listing at all: it would clear everybody.
    #[error("the list has no listings; it would clear everybody")]
    NoListings,
}

impl ScreeningList {
    /// Reads the US Consolidated Screening List, as its CSV is published since 2019, with or without
    /// the column `_id`.
    ///
    /// # Errors
    /// [`ListError`], naming the column or the row.
    pub fn from_consolidated_csv(bytes: &[u8]) -> Result<Self, ListError> {
        consolidated::parse(bytes)
    }

    /// Reads OpenSanctions' `targets.simple.csv`.
    ///
    /// # Errors
    /// [`ListError`], naming the column or the row.
    pub fn from_opensanctions_csv(bytes: &[u8]) -> Result<Self, ListError> {
        opensanctions::parse(bytes)
    }

    /// Reads either kind of list, told apart by the header.
    ///
    /// # Errors
    /// [`ListError`]: of neither kind, or as the readers of each say.
    pub fn from_csv(bytes: &[u8]) -> Result<Self, ListError> {
        for parse in [consolidated::parse, opensanctions::parse] {
            match parse(bytes) {
                Err(ListError::NoColumn { .. }) => {}
                parsed => return parsed,
            }
        }
        Err(ListError::UnknownKind)
    }

    fn new(listings: Vec<Listing>, faults: Vec<RowFault>) -> Result<Self, ListError> {
        if listings.is_empty() { Err(ListError::NoListings) } else { Ok(Self { listings, faults }) }
    }

    /// The parties on it, in its order.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// What was missing from rows that were kept all the same. Whoever loads the list should see it.
    #[must_use]
    pub fn faults(&self) -> &[RowFault] {
        &self.faults
    }
}

impl Listing {
    /// Every name: the leading one first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.alternative_names).map(String::as_str)
    }
}

/// Refuses a listing that has no name to be compared with.
fn readable(listing: Listing, row: u64) -> Result<Listing, RowFault> {
    let is_readable = listing.names().any(|name| !Name::new(name).is_empty());
    let fault = RowFault { row, column: "name", problem: RowProblem::NoLetters };
    if is_readable { Ok(listing) } else { Err(fault) }
}

/// Puts countries into their one order, each once.
fn sorted(countries: impl Iterator<Item = Country>) -> Vec<Country> {
    std::collections::BTreeSet::from_iter(countries).into_iter().collect()
}
