//! What a session is to be: asked for when a connection is made, and asked back before it is used. A pooler
//! may pass over what was asked for, and then a session could write, look names up elsewhere, show dates and
//! numbers otherwise, or go on for ever.

use tokio_postgres::{Client, SimpleQueryMessage};

/// What every session is asked for, beside its time limit: to write nothing, to look names up nowhere but where
/// the statement says, to show every value in the one way that loses nothing, and to send rows in the order of the
/// statement.
const SETTINGS: [(&str, &str); 9] = [
    ("default_transaction_read_only", "on"),
    ("search_path", "pg_catalog"),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO,MDY"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
];

/// What a session is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// After how long the server ends a statement by itself, in milliseconds.
    pub(super) statement_timeout_ms: u64,
}

impl Session {
    fn settings(self) -> impl Iterator<Item = (&'static str, String)> {
        let own = [("statement_timeout", self.statement_timeout_ms.to_string())];
        SETTINGS.into_iter().map(|(name, value)| (name, value.to_owned())).chain(own)
    }

    /// What is asked for when a connection is made.
    pub(super) fn options(self) -> String {
        let options = self.settings().map(|(name, value)| format!("-c {name}={value}"));
        options.collect::<Vec<_>>().join(" ")
    }

    /// Asks the server what the session is; what is otherwise than it was asked for, in words.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn differences(
        self,
        client: &Client,
    ) -> Result<Option<String>, tokio_postgres::Error> {
        // A simple query, since poolers may not keep a prepared one.
        let names: Vec<_> = self.settings().map(|(name, _)| format!("'{name}'")).collect();
        let names = names.join(", ");
        let sql =
            format!("SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ({names})");
        let said = client.simple_query(&sql).await?;
        let found = said.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((row.get(0)?, row.get(1)?)),
            _ => None,
        });
        Ok(self.compared(&found.collect::<Vec<_>>()))
    }

    fn compared(self, found: &[(&str, &str)]) -> Option<String> {
        let without_spaces = |text: &str| text.replace(' ', "");
        let differs = |(name, asked): (&str, String)| {
            let is = found.iter().find(|(found, _)| *found == name).map(|(_, is)| *is);
            match is {
                Some(is) if without_spaces(is) == asked => None,
                Some(is) => Some(format!("{name} is {is:?}, and {asked:?} was asked for")),
                None => Some(format!("{name} cannot be seen, and {asked:?} was asked for")),
            }
        };
        let differences: Vec<_> = self.settings().filter_map(differs).collect();
        if differences.is_empty() {
            return None;
        }
        Some(format!(
            "the session is not what it was asked to be: {}. A pooler that ignores the startup parameter `options` does this: connect to the database itself, or have the pooler pass `options` on, or set each of these for the role with ALTER ROLE … SET",
            differences.join("; ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_that_is_otherwise_is_told_setting_by_setting() {
        let session = Session { statement_timeout_ms: 3_000 };
        let mut found = vec![
            ("DateStyle", "ISO, MDY"),
            ("IntervalStyle", "postgres"),
            ("TimeZone", "UTC"),
            ("bytea_output", "hex"),
            ("default_transaction_read_only", "on"),
            ("extra_float_digits", "1"),
            ("jit", "off"),
            ("max_parallel_workers_per_gather", "0"),
            ("search_path", "pg_catalog"),
            ("statement_timeout", "3000"),
        ];
        assert_eq!(session.compared(&found), None);
        found[9].1 = "0";
        found.remove(4);
        let said = session.compared(&found).unwrap();
        for expected in [
            "statement_timeout is \"0\", and \"3000\" was asked for",
            "default_transaction_read_only cannot be seen",
        ] {
            assert!(said.contains(expected), "{said}");
        }
        assert!(!said.contains("search_path"), "{said}");
    }
}
