//! A list of parties that are screened for, as published by others.
//!
//! A list with a hole in it would clear the one who stands in the hole. So a row that nobody could be
//! matched against refuses the whole list, and so does a row with more or fewer cells than the header, or
//! with a quote where none may stand: what was read past it is somebody else's.

mod consolidated;
mod opensanctions;
mod quoting;
mod rows;

use countersign_domain::partner::Country;
use serde::{Deserialize, Serialize};

use super::name::Name;

/// A parsed list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScreeningList {
    listings: Vec<Listing>,
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
#[error("row {row}{}: {problem}", in_column(*column))]
pub struct RowFault {
    /// The row, as a spreadsheet counts: the header is row 1. Empty lines are not counted.
    pub row: u64,
    /// The column, by its name in the header, if it is one column's fault.
    pub column: Option<&'static str>,
    /// What is wrong there.
    pub problem: RowProblem,
}

fn in_column(column: Option<&str>) -> String {
    column.map(|column| format!(", column {column:?}")).unwrap_or_default()
}

/// What is wrong in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The row has more or fewer cells than the header.
    #[error("it has {found} cells, and the header has {expected}")]
    Cells {
        /// The cells of the row.
        found: u64,
        /// The cells of the header.
        expected: u64,
    },
    /// A quote stands in a cell that does not begin with one.
    #[error("a quote opens within cell {cell}; a cell is quoted whole, with its quotes doubled")]
    QuoteOpensWithin {
        /// The cell, counted from one.
        cell: u64,
    },
    /// Something stands between the quote that closes a cell and the end of the cell.
    #[error(
        "cell {cell} goes on after its closing quote; a cell is quoted whole, with its quotes doubled"
    )]
    QuoteClosesWithin {
        /// The cell, counted from one.
        cell: u64,
    },
    /// The list ends within a quoted cell.
    #[error("the quote that opens cell {cell} never closes")]
    QuoteNeverCloses {
        /// The cell, counted from one.
        cell: u64,
    },
    /// The values of the cell are not quoted as values of a cell are.
    #[error("its values are not separated and quoted as CSV")]
    NotValues,
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
    /// The header names a column twice: which of the two is meant?
    #[error("the header has the column {column:?} twice; fetch the list again")]
    ColumnTwice {
        /// The column.
        column: &'static str,
    },
    /// The header is of no kind of list that is known.
    #[error(
        "the header is neither that of the US Consolidated Screening List (source, type, name, alt_names, addresses) nor of OpenSanctions' targets.simple.csv (id, schema, name, aliases, countries, dataset)"
    )]
    UnknownKind,
    /// A row that nobody could be matched against, or past which nothing can be read.
    #[error(
        "{0}; the whole list is refused, because parties on it would be cleared: fetch it again, or tell its publisher"
    )]
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

    fn new(listings: Vec<Listing>) -> Result<Self, ListError> {
        if listings.is_empty() { Err(ListError::NoListings) } else { Ok(Self { listings }) }
    }

    /// The parties on it, in its order.
    #[must_use]
    pub fn listings(&self) -> &[Listing] {
        &self.listings
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
    let fault = RowFault { row, column: Some("name"), problem: RowProblem::NoLetters };
    if is_readable { Ok(listing) } else { Err(fault) }
}

/// Puts countries into their one order, each once.
fn sorted(countries: impl Iterator<Item = Country>) -> Vec<Country> {
    std::collections::BTreeSet::from_iter(countries).into_iter().collect()
}
