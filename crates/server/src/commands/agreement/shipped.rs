//! What agreements are held against where no instance is named: the field schema that is shipped, and the
//! rules that a new instance begins with.

use std::path::Path;

#[cfg(feature = "prove")]
use countersign_domain::rules::PlatformRules;
use countersign_domain::schema::FieldSchema;

use crate::commands::Failure;
use crate::commands::reach::Reach;
#[cfg(feature = "prove")]
use crate::instance;
use crate::people::schema::{self, DEFAULT_SCHEMA};

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
            let rules = PlatformRules::from_document(&instance::default_rules(), &schema)?;
            Ok((schema, rules))
        }
    }
}
