//! Files that people write and hand to a command. Their errors say file, line and column.

use std::path::{Path, PathBuf};

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::schema::FieldSchema;
use countersign_domain::text::after_byte_order_mark;
use countersign_people::durable_file;
use countersign_policy::agreement;
use countersign_protocol::json_check::{self, JsonFault};
use countersign_source::settings::text_file;
use countersign_toml::{Fault, TomlFileError};
use serde::de::DeserializeOwned;

/// A line for each key of the files of partners, builds, rules and budgets that has to be there.
const SAMPLES: &str = r#"id = "aurora"
name = "Aurora Devices B.V."
country = "NL"
parent_country = "NL"
owners = []
key = "…"
build = "aurora-home@41"
client = "aurora-home"
package = "nl.aurora.home"
signer = "…"
version_code = 41
artifact = "…"
purposes = ["address-book"]
self = ["id", "friends", "name"]
friend = ["id", "name"]
special_categories_of_friends = false
minor_friend_fields = []
version = 1
"#;

/// A line for each key that an agreement has to have.
const AGREEMENT: &str = r#"version = 2
agreement = "aurora-home-1"
platform = "Example Platform"
partner = "aurora"
client = "aurora-home"
kind = "device"
not_before = 2026-01-01T00:00:00Z
not_after = 2027-01-01T00:00:00Z
delivery = "clear"
[purpose]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name"]
friend = ["id", "name"]
"#;

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
    /// Something in a file of JSON is wrong.
    #[error("{}:{}:{}: {}", path.display(), fault.line, fault.column, fault.problem)]
    Json {
        /// The file.
        path: PathBuf,
        /// What it is, and where.
        fault: JsonFault,
    },
    /// A file of TOML.
    #[error(transparent)]
    Toml(#[from] TomlFileError),
}

/// Reads a TOML file.
pub(super) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    read_toml_checked(path, Ok)
}

/// Reads a TOML file and checks what was read.
pub(super) fn read_toml_checked<T: DeserializeOwned, V>(
    path: &Path,
    check: impl FnOnce(T) -> Result<V, Fault>,
) -> Result<V, FileError> {
    let text = text_file::read(path)?;
    let read = countersign_toml::parse_checked(&text, check);
    Ok(read.map_err(|error| error.with_sample(SAMPLES).in_file(path))?)
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
    let read = agreement::read(text, schema);
    Ok(read.map_err(|error| error.with_sample(AGREEMENT).in_file(path))?)
}

/// Reads a JSON file.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    parse_json(path, &read_text(path)?)
}

/// Reads JSON from the text of `path`, which may be a pipe and is read once.
pub(super) fn parse_json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, FileError> {
    json_check::read(text.as_bytes())
        .map_err(|fault| FileError::Json { path: path.to_owned(), fault })
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
