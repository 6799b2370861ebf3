//! The ordered stream of entries and annexes.
pub mod guarded;
