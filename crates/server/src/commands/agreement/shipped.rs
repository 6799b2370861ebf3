//! What agreements are held against where no instance is named: the field schema that is shipped, and the
//! rules that a new instance begins with.

use std::path::Path;

#[cfg(feature = "prove")]
use countersign_domain::rules::PlatformRules;
use countersign_domain::schema::FieldSchema;
#[cfg(feature = "prove")]
use countersign_http::ledger_page;
#[cfg(feature = "prove")]
use countersign_service::instance::create::default_rules;
use countersign_service::people::schema::{self, DEFAULT_SCHEMA};

use crate::commands::Failure;
use crate::commands::reach::Reach;

/// The field schema of the instance in this folder, or the shipped one.
pub(super) fn schema(dir: Option<&Path>) -> Result<FieldSchema, Failure> {
    match dir {
        Some(dir) => Reach::open(dir)?.schema(),
        None => Ok(schema::parse(DEFAULT_SCHEMA)?),
    }
}

/// Schema and rules of the instance in this folder, or the shipped ones.
#[cfg(feature = "prove")]
pub(super) fn schema_and_rules(
    dir: Option<&Path>,
) -> Result<(FieldSchema, PlatformRules), Failure> {
    match dir {
        Some(dir) => {
            let reach = Reach::open(dir)?;
            Ok((reach.schema()?, reach.rules()?))
        }
        None => {
            let schema = schema(None)?;
            let rules =
                PlatformRules::from_document(&default_rules(ledger_page::digest()), &schema)?;
            Ok((schema, rules))
        }
    }
}
