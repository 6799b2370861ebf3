//! The pages, in a real browser.

pub(crate) mod api_reference;
pub(crate) mod ledger;
pub(crate) mod register;
mod stray_paths;
