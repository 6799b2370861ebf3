//! The commands, as people run them: the program itself, on files.

pub(crate) mod agreement;
pub(crate) mod commands;
pub(crate) mod demo;
pub(crate) mod first_day;
pub(crate) mod listed;
pub(crate) mod mistakes;
pub(crate) mod scenario_2018;
pub(crate) mod transcript;
pub(crate) mod walkthrough;
