//! What a sample of a file knows of a key that the file gets wrong: a line to paste, and the table that it belongs in.

use crate::TomlError;
use crate::message::{MISSING, UNKNOWN};

impl TomlError {
    /// The error with what a sample of such a file says of the key: where it is missing or of another type, a line to
    /// paste; where it is in the wrong table, the right one. Keys of the sample that are comments count.
    #[must_use]
    pub fn with_sample(mut self, sample: &str) -> Self {
        let (table, name) = self.key.rsplit_once('.').unwrap_or(("", &self.key));
        let lines = || lines(sample).filter(|line| line.name == name);
        let has_line = self.message.contains(" = ") || self.message.contains("did you mean");
        if self.message == MISSING || (self.message.starts_with("found ") && !has_line) {
            let found = lines().find(|line| line.table == table);
            if let Some(line) = found {
                self.message = format!("{}; for example: {}", self.message, line.text);
            }
        } else if self.message.starts_with(UNKNOWN)
            && let Some(line) = lines().find(|line| line.table != table)
        {
            let place = match line.table.as_str() {
                "" => "before the first table".to_owned(),
                table => format!("in [{table}]"),
            };
            self.message = format!("unknown key here; it belongs {place}: {}", line.text);
        }
        self
    }
}

/// A line of a sample that gives a key a value.
struct Line {
    table: String,
    name: String,
    text: String,
}

fn lines(sample: &str) -> impl Iterator<Item = Line> {
    let mut table = String::new();
    sample.lines().filter_map(move |line| {
        let line = line.trim_start_matches(['#', ' ']).trim_end();
        let header = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let is_end =
            |rest: &str| rest.trim_start_matches(']').trim_start().is_empty() || rest.contains('#');
        if let Some((name, _)) = header.filter(|(_, rest)| is_end(rest)) {
            table = name.trim_start_matches('[').to_owned();
            return None;
        }
        let (name, value) = line.split_once(" = ")?;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let value = value.split("  #").next().unwrap_or(value).trim_end();
        name.chars().all(is_name).then(|| Line {
            table: table.clone(),
            name: name.to_owned(),
            text: format!("{name} = {value}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# what it is\norigin = \"log.example/2026\"  # a comment\n[log]\n# how long\nwait_ms = 1\n# [tls]\n# key = \"tls/key.pem\"\n";

    fn said(key: &str, message: &str) -> String {
        let error =
            TomlError { line: 1, column: 1, key: key.to_owned(), message: message.to_owned() };
        error.with_sample(SAMPLE).message
    }

    #[test]
    fn a_missing_key_has_a_line_to_paste_and_a_misplaced_one_its_table() {
        let missing = "this key is missing";
        assert_eq!(
            said("origin", missing),
            format!("{missing}; for example: origin = \"log.example/2026\"")
        );
        assert_eq!(said("log.wait_ms", missing), format!("{missing}; for example: wait_ms = 1"));
        assert_eq!(
            said("tls.key", missing),
            format!("{missing}; for example: key = \"tls/key.pem\"")
        );
        assert_eq!(said("log.other", missing), missing);
        let found = "found a text; allowed: a whole number from 0";
        assert_eq!(said("log.wait_ms", found), format!("{found}; for example: wait_ms = 1"));
        let unknown = "unknown key; allowed: a, b";
        assert_eq!(said("wait_ms", unknown), "unknown key here; it belongs in [log]: wait_ms = 1");
        assert_eq!(
            said("log.origin", unknown),
            "unknown key here; it belongs before the first table: origin = \"log.example/2026\""
        );
        assert_eq!(said("log.other", unknown), unknown);
    }
}
