//! The field schema as a TOML file, and the one that a new installation begins with.

use std::path::{Path, PathBuf};

use countersign_domain::schema::{FieldSchema, SchemaDocument, SchemaError};
use countersign_domain::text::line_and_column;
use serde::Deserialize;
use toml::Spanned;

/// The schema that `countersign init` writes out, with an explanation of every key.
pub const DEFAULT_SCHEMA: &str = include_str!("../../schema/fields.toml");

/// What is wrong with a schema file, and where.
#[derive(Debug, thiserror::Error)]
pub enum SchemaFileError {
    /// It cannot be read.
    #[error("{}: reading failed: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not TOML, or a key is missing, unknown or of the wrong type.
    #[error("{}:{line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong, with the key.
        message: String,
    },
    /// The fields are not a schema.
    #[error("{}:{line}: fields: {source}", path.display())]
    NotASchema {
        /// The file.
        path: PathBuf,
        /// The line of the field that is wrong, counted from one.
        line: usize,
        /// What is wrong.
        source: SchemaError,
    },
}

/// Reads a schema file.
///
/// # Errors
/// [`SchemaFileError`], with file, line and key.
pub fn read(path: &Path) -> Result<FieldSchema, SchemaFileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SchemaFileError::File { path: path.to_owned(), source })?;
    parse(path, &text)
}

/// Reads a schema from the text of `path`, which is only named in errors.
///
/// # Errors
/// [`SchemaFileError`], with file, line and key.
pub fn parse(path: &Path, text: &str) -> Result<FieldSchema, SchemaFileError> {
    let document: SchemaDocument = toml::from_str(text).map_err(|error| {
        let line = line_and_column(text, error.span().map_or(0, |span| span.start)).0;
        let message = match key_at(text, line) {
            Some(key) => format!("{key}: {}", error.message()),
            None => error.message().to_owned(),
        };
        SchemaFileError::Malformed { path: path.to_owned(), line, message }
    })?;
    FieldSchema::from_document(document).map_err(|source| {
        let line = line_of_fault(text, &source);
        SchemaFileError::NotASchema { path: path.to_owned(), line, source }
    })
}

/// The key that stands on a line.
fn key_at(text: &str, line: usize) -> Option<&str> {
    let (key, _) = text.lines().nth(line - 1)?.split_once('=')?;
    Some(key.trim())
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

/// The line of the field that a schema error is about; the first line when it is about none.
fn line_of_fault(text: &str, fault: &SchemaError) -> usize {
    let names = toml::from_str::<Names>(text).map(|names| names.fields).unwrap_or_default();
    let calls = |field: &Named, wanted: &str| {
        field.name.get_ref() == wanted || field.aliases.iter().any(|alias| alias == wanted)
    };
    let is_called = |wanted: &str| names.iter().rposition(|field| calls(field, wanted));
    let position = match fault {
        SchemaError::Misplaced { number, .. } => Some(*number),
        SchemaError::NotAName { found } => is_called(found),
        SchemaError::Twice { name } | SchemaError::NoAliases { name } => is_called(name),
        _ => None,
    };
    let field = position.and_then(|position| names.get(position));
    field.map_or(1, |field| line_and_column(text, field.name.span().start).0)
}
