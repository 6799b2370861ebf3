//! Files that people write and hand to a command. Their errors say file, line and column.

use std::path::{Path, PathBuf};

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::schema::FieldSchema;
use countersign_policy::agreement;
use serde::de::DeserializeOwned;

use crate::durable_file;

/// A file that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// It cannot be read or written.
    #[error("{}: {error}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
        /// What is wrong there, and what is allowed.
        message: String,
    },
}

/// Reads a TOML file.
pub(super) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let text = read_text(path)?;
    toml::from_str(&text).map_err(|error| {
        let at = error.span().unwrap_or_default().start;
        let before = text.get(..at).unwrap_or(&text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        FileError::Wrong {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: error.message().to_owned(),
        }
    })
}

/// Reads an agreement file against the field schema in force.
pub(super) fn read_agreement(
    path: &Path,
    schema: &FieldSchema,
) -> Result<AgreementDocument, FileError> {
    agreement::read(&read_text(path)?, schema).map_err(|error| FileError::Wrong {
        path: path.to_owned(),
        line: error.line,
        column: error.column,
        message: error.message,
    })
}

/// Reads a JSON file.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    serde_json::from_str(&read_text(path)?).map_err(|error| {
        let said = error.to_string();
        // The place stands before the message already.
        let message = said.split(" at line ").next().unwrap_or(&said).to_owned();
        let (line, column) = (error.line(), error.column());
        FileError::Wrong { path: path.to_owned(), line, column, message }
    })
}

/// Reads a file of text.
pub(super) fn read_text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path)
        .map_err(|error| FileError::System { path: path.to_owned(), error })
}

/// Writes a file that must not be there yet.
pub(super) fn write_new(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), FileError> {
    durable_file::create_new(path, bytes.as_ref(), durable_file::PUBLIC)
        .map_err(|error| FileError::System { path: path.to_owned(), error })
}

/// Writes a file that must not be there yet, and that its owner alone may read.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    durable_file::create_new(path, bytes, durable_file::PRIVATE)
        .map_err(|error| FileError::System { path: path.to_owned(), error })
}

/// Writes a file in the place of an earlier one, whole or not at all.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    durable_file::replace(path, text.as_bytes(), durable_file::PUBLIC)
        .map_err(|error| FileError::System { path: path.to_owned(), error })
}
