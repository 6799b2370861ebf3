//! Screening: whether a partner, its parent or an owner may be somebody on an official list.
//!
//! Lists are parsed ([`list`]), indexed ([`index`]), and a [`subject`] is screened against them
//! ([`mod@matches`]). What scores at least [`matches::POSSIBLE_MATCH_SCORE_MIN`] is a *possible* match,
//! which a person decides about; [`outcome`] says what their decisions come to. [`ownership`] says
//! whether shares add up to control.
//!
//! What it is not: it fetches no list and reads no clock, it decides nothing that a person has to decide,
//! and it does not write the log's entry. `docs/screening.md` says how well it finds, as measured.

pub mod index;
pub mod list;
pub mod matches;
mod name;
pub mod outcome;
pub mod ownership;
pub mod subject;
