//! Names and values as the file has them. What a database says is quoted wherever it stands, in comments too: a name
//! may have a line break in it.

use super::super::mapping::{TableName, Test};

/// A text in quotation marks.
pub(super) fn text(text: &str) -> String {
    // Strings of JSON are strings of TOML as well.
    serde_json::Value::from(text).to_string()
}

/// A table as the file names it.
pub(super) fn table(name: &TableName) -> String {
    if name.schema.contains('.') || name.name.contains('.') {
        format!("[{}, {}]", text(&name.schema), text(&name.name))
    } else {
        text(&name.to_string())
    }
}

/// Conditions of rows, as a list; nothing where there are none.
pub(super) fn conditions(tests: &[(String, Test)]) -> String {
    let condition = |(column, test): &(String, Test)| {
        let column = text(column);
        match test {
            Test::Is(value) if ["true", "false"].contains(&value.as_str()) => {
                format!("{{ column = {column}, is = {value} }}")
            }
            Test::Is(value) => format!("{{ column = {column}, is = {} }}", text(value)),
            Test::IsNull(is_null) => format!("{{ column = {column}, is_null = {is_null} }}"),
        }
    };
    let conditions: Vec<_> = tests.iter().map(condition).collect();
    if conditions.is_empty() {
        String::new()
    } else {
        format!("where = [{}]\n", conditions.join(", "))
    }
}

/// A column of the table of people, or of one that is joined to it.
#[derive(Clone, Copy)]
pub(super) struct ColumnRef<'a> {
    pub(super) name: &'a str,
    pub(super) alias: Option<&'a str>,
}

impl ColumnRef<'_> {
    /// The column, and nothing more about it.
    pub(super) fn alone(self) -> String {
        self.with(&[])
    }

    /// The column with more keys beside it.
    pub(super) fn with(self, more: &[(&str, &str)]) -> String {
        if self.alias.is_none() && more.is_empty() {
            return text(self.name);
        }
        let mut keys = vec![format!("column = {}", text(self.name))];
        keys.extend(self.alias.map(|alias| format!("of = {}", text(alias))));
        keys.extend(more.iter().map(|(key, value)| format!("{key} = {value}")));
        format!("{{ {} }}", keys.join(", "))
    }
}

/// Lines as a comment.
pub(super) fn commented(lines: &str) -> String {
    lines.lines().map(|line| format!("# {line}\n")).collect()
}
