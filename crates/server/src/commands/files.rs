//! Files that people write and hand to a command. Their errors say file, line and column.

use std::path::{Path, PathBuf};

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::schema::FieldSchema;
use countersign_domain::text::{after_byte_order_mark, line_and_column};
use countersign_people::durable_file;
use countersign_policy::agreement;
use countersign_protocol::json_check::{self, JsonFault};
use serde::de::DeserializeOwned;

/// A file that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// A file of this name is there, and is not written over.
    #[error("{}: a file of this name exists; give another name, or move it away first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
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
        let (line, column) = line_and_column(&text, error.span().unwrap_or_default().start);
        let message = error.message().to_owned();
        FileError::Wrong { path: path.to_owned(), line, column, message }
    })
}

/// Reads an agreement file against the field schema in force.
pub(super) fn read_agreement(
    path: &Path,
    schema: &FieldSchema,
) -> Result<AgreementDocument, FileError> {
    parse_agreement(path, &read_text(path)?, schema)
}

/// Reads an agreement from the text of `path`, which may be a pipe and is read once.
pub(super) fn parse_agreement(
    path: &Path,
    text: &str,
    schema: &FieldSchema,
) -> Result<AgreementDocument, FileError> {
    agreement::read(text, schema).map_err(|error| FileError::Wrong {
        path: path.to_owned(),
        line: error.line,
        column: error.column,
        message: error.message,
    })
}

/// Reads a JSON file.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    parse_json(path, &read_text(path)?)
}

/// Reads JSON from the text of `path`, which may be a pipe and is read once.
pub(super) fn parse_json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, FileError> {
    json_check::read(text.as_bytes()).map_err(|JsonFault { line, column, problem }| {
        FileError::Wrong { path: path.to_owned(), line, column, message: problem.to_string() }
    })
}

/// Reads a file of text, without the byte order mark that it may begin with.
pub(super) fn read_text(path: &Path) -> Result<String, FileError> {
    let mut text = std::fs::read_to_string(path)
        .map_err(|error| FileError::System { path: path.to_owned(), error })?;
    let mark = text.len() - after_byte_order_mark(text.as_bytes()).len();
    text.drain(..mark);
    Ok(text)
}

/// Writes a file that must not be there yet.
pub(super) fn write_new(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), FileError> {
    durable_file::create_new(path, bytes.as_ref(), durable_file::PUBLIC)
        .map_err(|error| not_created(path, error))
}

/// Writes a file that must not be there yet, and that its owner alone may read.
pub(super) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    durable_file::create_new(path, bytes, durable_file::PRIVATE)
        .map_err(|error| not_created(path, error))
}

/// Why a new file is not there.
pub(super) fn not_created(path: &Path, error: std::io::Error) -> FileError {
    let path = path.to_owned();
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => FileError::Exists { path },
        _ => FileError::System { path, error },
    }
}

/// Writes a file in the place of an earlier one, whole or not at all.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), FileError> {
    durable_file::replace(path, text.as_bytes(), durable_file::PUBLIC)
        .map_err(|error| FileError::System { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_file_and_a_doubled_key_no_part_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write("\u{feff}ada\nbob\n");
        assert_eq!(read_text(&path).unwrap(), "ada\nbob\n");
        write("\u{feff}{\"a\": 1}");
        let read = || read_json::<std::collections::BTreeMap<String, u8>>(&path);
        assert_eq!(read().unwrap().len(), 1);
        write("{\"a\": 1,\n \"a\": 2}");
        let error = read().unwrap_err().to_string();
        let told = ":2:4: the key \"a\" stands twice in one object; every key is expected once";
        assert!(error.ends_with(told), "{error}");
        write("{\"a\": \"x\"}");
        let error = read().unwrap_err().to_string();
        assert!(error.contains(":1:9: invalid type") && !error.contains(" at line "), "{error}");
    }
}
