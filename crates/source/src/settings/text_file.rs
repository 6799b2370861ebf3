//! A file as text: why one cannot be read, in the words of whoever wrote it.

use std::io::ErrorKind;
use std::path::Path;

use countersign_domain::nearest::did_you_mean;
use countersign_toml::{TomlError, TomlFileError};

/// How texts in UTF-16 begin, as some editors call "Unicode".
const UTF_16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

/// Reads a file of text.
///
/// # Errors
/// [`TomlFileError`], with the nearest name where there is no such file.
pub fn read(path: &Path) -> Result<String, TomlFileError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
    if UTF_16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(encoding(path, 1, 1, "found text in UTF-16"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        encoding(path, line, column, "found a byte that is no UTF-8")
    })
}

fn unreadable(path: &Path, error: std::io::Error) -> TomlFileError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::NotFound => TomlFileError::Missing { hint: nearest_file(&path), path },
        ErrorKind::IsADirectory => TomlFileError::IsFolder { path },
        _ if path.is_dir() => TomlFileError::IsFolder { path },
        _ => TomlFileError::Unreadable { path, error },
    }
}

fn encoding(path: &Path, line: usize, column: usize, found: &str) -> TomlFileError {
    let message = format!("{found}; allowed: UTF-8: save the file in this encoding");
    TomlError { line, column, key: String::new(), message }.in_file(path)
}

/// The name of a file in the same folder that may have been meant.
fn nearest_file(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let files = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let names: Vec<String> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
    let found = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    did_you_mean(found, names.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_text_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mapping.toml");
        let said = |path: &Path| {
            let said = read(path).unwrap_err().to_string();
            said.replace(&folder.path().display().to_string(), "DIR")
        };
        std::fs::write(&path, "a = 1\nb = \"é").unwrap();
        assert_eq!(read(&path).unwrap(), "a = 1\nb = \"é");
        let missing = said(&folder.path().join("maping.toml"));
        assert_eq!(
            missing,
            "DIR/maping.toml: there is no such file; did you mean \"mapping.toml\"?"
        );
        assert_eq!(said(folder.path()), "DIR: it is a folder; name a file in it");
        std::fs::write(&path, b"a = 1\nb = \"\xe9\"").unwrap();
        let expected = "DIR/mapping.toml:2:6: found a byte that is no UTF-8; allowed: UTF-8: save the file in this encoding";
        assert_eq!(said(&path), expected);
        std::fs::write(&path, b"\xff\xfea\0").unwrap();
        assert!(said(&path).contains(":1:1: found text in UTF-16; allowed: UTF-8"));
    }
}
