//! What the owner of a table can run so that the role may read it and finds its rows by indexes: SQL to be pasted.

use super::mapping::TableName;
use super::statement::{quoted, quoted_table};

/// What a table lacks.
pub(super) struct Remedies<'a> {
    pub(super) table: &'a TableName,
    /// The role that reads.
    pub(super) role: &'a str,
    pub(super) access: Access<'a>,
    /// The columns that are looked up, and that no index begins with.
    pub(super) slow: Vec<&'a str>,
    /// Whether it is made of partitions, whose indexes cannot be made beside writers.
    pub(super) is_partitioned: bool,
}

/// What the role may see of a table.
pub(super) struct Access<'a> {
    /// Whether it may look into the schema.
    pub(super) is_reachable: bool,
    /// The columns that it needs and may not read.
    pub(super) hidden: Vec<&'a str>,
}

impl Remedies<'_> {
    /// The statements, in the order in which they are run.
    pub(super) fn statements(&self) -> Vec<String> {
        let (table, role) = (quoted_table(self.table), quoted(self.role));
        let mut statements = Vec::new();
        if !self.access.is_reachable {
            statements
                .push(format!("GRANT USAGE ON SCHEMA {} TO {role};", quoted(&self.table.schema)));
        }
        if !self.access.hidden.is_empty() {
            let columns = self.access.hidden.iter().map(|column| quoted(column));
            let columns = columns.collect::<Vec<_>>().join(", ");
            statements.push(format!("GRANT SELECT ({columns}) ON {table} TO {role};"));
        }
        let concurrently = if self.is_partitioned { "" } else { "CONCURRENTLY " };
        let index =
            |column: &&str| format!("CREATE INDEX {concurrently}ON {table} ({});", quoted(column));
        statements.extend(self.slow.iter().map(index));
        statements
    }
}
