//! The field schema as a TOML file, and the one that a new installation begins with.

use std::path::Path;

use countersign_domain::schema::{FieldSchema, SchemaDocument, SchemaError};
use countersign_source::settings::text_file;
use countersign_toml::{Fault, Place, Spanned, TomlError, TomlFileError};
use serde::Deserialize;

/// The schema that `countersign init` writes out, with an explanation of every key.
pub const DEFAULT_SCHEMA: &str = include_str!("../../schema/fields.toml");

/// Reads a schema file.
///
/// # Errors
/// [`TomlFileError`], with file, line, column and key.
pub fn read(path: &Path) -> Result<FieldSchema, TomlFileError> {
    let text = text_file::read(path)?;
    parse(&text).map_err(|error| error.in_file(path))
}

/// Reads a schema from its text.
///
/// # Errors
/// [`TomlError`].
pub fn parse(text: &str) -> Result<FieldSchema, TomlError> {
    countersign_toml::parse_checked(text, |document: SchemaDocument| {
        FieldSchema::from_document(document)
            .map_err(|error| Fault::at(place_of(text, &error), error.to_string()))
    })
}

/// The names of the fields alone, with their places.
#[derive(Deserialize)]
struct Names {
    fields: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Spanned<String>,
    #[serde(default)]
    aliases: Vec<String>,
}

/// The field that a schema error is about; the whole when it is about none.
fn place_of(text: &str, error: &SchemaError) -> Place {
    let names = countersign_toml::parse::<Names>(text).map(|names| names.fields);
    let names = names.unwrap_or_default();
    let calls = |field: &Named, wanted: &str| {
        field.name.get_ref() == wanted || field.aliases.iter().any(|alias| alias == wanted)
    };
    let is_called = |wanted: &str| names.iter().rposition(|field| calls(field, wanted));
    let position = match error {
        SchemaError::Misplaced { number, .. } => Some(*number),
        SchemaError::NotAName { found } => is_called(found),
        SchemaError::Twice { name } | SchemaError::NoAliases { name } => is_called(name),
        _ => None,
    };
    let field = position.and_then(|position| names.get(position));
    field.map_or(Place::Whole, |field| field.name.span().into())
}
