//! The key of a log or an auditor as it is given to a command: the key itself, or `@` and a file that has it.

use std::path::Path;

use countersign_protocol::note::NoteKey;
use countersign_verifier::regular_file;

/// The most bytes of a file with a key.
const KEY_BYTES_MAX: u64 = 4_096;

/// Reads a key. What is meant as a file, and does not say so, gets a hint.
pub(crate) fn parse(text: &str) -> Result<NoteKey, String> {
    if let Some(path) = text.strip_prefix('@') {
        return read(Path::new(path));
    }
    NoteKey::parse(text.trim()).map_err(|error| match Path::new(text).is_file() {
        true => format!("this is a file: give its content by --key @{text}"),
        false => format!(
            "{error}; expected name+id+key, as `countersign log key` prints it, or @FILE for a file with it"
        ),
    })
}

fn read(path: &Path) -> Result<NoteKey, String> {
    let shown = path.display();
    let bytes = regular_file::read(path, KEY_BYTES_MAX);
    let bytes = bytes.map_err(|error| format!("{shown}: {error}"))?;
    let text = String::from_utf8_lossy(&bytes);
    NoteKey::parse(text.trim()).map_err(|error| {
        format!(
            "{shown}: {error}; expected one line, name+id+key, as `countersign log key` prints it"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "log.example/1+2a0cd0a0+Ad9IoQMF5EVmc5DCAO9TbnNYmQsGBONmmdhPAyTW4hwO";

    #[test]
    fn a_file_is_read_only_where_it_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.vkey");
        let path = path.to_str().unwrap();
        std::fs::write(path, "log.example/1+2a0cd0a0+short\n").unwrap();
        assert!(parse(&format!("@{path}")).unwrap_err().contains("expected one line"));
        assert!(parse(path).unwrap_err().contains(&format!("--key @{path}")));
        assert!(parse(KEY).unwrap_err().contains("@FILE"), "its id is not its own");
        let missing = parse("@/nowhere/log.vkey").unwrap_err();
        assert!(missing.starts_with("/nowhere/log.vkey: "), "{missing}");
    }
}
