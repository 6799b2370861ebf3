//! The people of an instance: imports, feeds, generated worlds, the schema of their fields, and the store.

pub(crate) mod feed;
pub(crate) mod feed_again;
pub(crate) mod feed_parsers;
pub(crate) mod generate;
pub(crate) mod import;
pub(crate) mod new_accounts;
pub(crate) mod pipes;
pub(crate) mod schema;
pub(crate) mod store;
