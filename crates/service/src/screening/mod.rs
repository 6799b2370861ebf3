//! Screening as the platform's reviewers do it: lists from files ([`list_file`]), a partner with the owners
//! that were told privately ([`subject`]), what was found and decided ([`report`]), kept in case files
//! ([`case_files`]), and how all of it stands against log and lists ([`standing`]).
//!
//! What it is not: the matching and what decisions come to (`countersign_policy::screening`), nor the gate,
//! which is the register's. Reports are private; the log has the commitment to them (docs/protocol.md,
//! section 3.1).

pub mod case_files;
pub mod list_file;
pub mod report;
pub mod run;
pub mod standing;
pub mod subject;
