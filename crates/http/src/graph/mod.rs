//! The read API, in the conventions of the Graph API, as a straight line of values:
//!
//! ```text
//! bytes → Request (`request`, `path`, `query`, `body`) → principal (`call`) → Asking (`asked`, `fields`, `named`)
//! → disclosure (`inquiry`) → body (`render`, `link`) → reply
//! ```
//!
//! What it is not: it decides nothing. That is the application's, `operations::disclosure`.

mod asked;
mod asker;
mod batch;
mod body;
mod call;
mod fields;
mod handler;
mod inquiry;
mod link;
mod named;
mod outcome;
mod own;
mod path;
mod people;
mod query;
mod render;
mod request;
mod version;

pub use handler::{asks, has_valid_token, read};
