//! What a database has of the tables that a mapping names: columns, types, indexes, rights.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Row};

use super::mapping::TableName;

/// What was found.
#[derive(Clone, Default, Debug)]
pub struct Catalogue {
    /// The version of the server, as it says it.
    pub version: String,
    /// The role that asks.
    pub role: String,
    /// Whether the role is a superuser.
    pub is_superuser: bool,
    /// The tables that are there.
    pub tables: BTreeMap<TableName, Table>,
    /// The schemas that are there.
    pub schemas: Vec<String>,
}

/// A table, view or foreign table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its number in the catalogue.
    pub oid: u32,
    /// Whether indexes and an estimate of its rows can be expected.
    pub is_stored: bool,
    /// Whether it is made of partitions.
    pub is_partitioned: bool,
    /// About how many rows it has, if that is known.
    pub rows_estimate: Option<u64>,
    /// Whether the role may look into its schema.
    pub is_reachable: bool,
    /// Whether the role could change it.
    pub is_writable: bool,
    /// Whether row-level security hides rows from the role.
    pub hides_rows: bool,
    /// Its columns.
    pub columns: BTreeMap<String, Column>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its type as people write it.
    pub type_name: String,
    /// What can be made of it.
    pub kind: Kind,
    /// Whether the role may read it.
    pub is_readable: bool,
    /// Whether an index begins with it.
    pub leads_index: bool,
    /// Whether it alone is unique.
    pub is_unique: bool,
    /// The labels of an enum, in its order; none of any other type.
    pub labels: Vec<String>,
}

impl Column {
    /// The column of a row of [`COLUMNS`].
    pub(super) fn of(row: &Row) -> Result<Self, tokio_postgres::Error> {
        let (base, element): (String, Option<String>) = (row.try_get(3)?, row.try_get(5)?);
        Ok(Self {
            type_name: row.try_get(2)?,
            kind: Kind::of(&base, row.try_get(4)?, element.as_deref()),
            is_readable: row.try_get(6)?,
            leads_index: row.try_get(7)?,
            is_unique: row.try_get(8)?,
            labels: row.try_get(9)?,
        })
    }
}

/// What can be made of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Another number.
    Decimal,
    /// Text that is equal only to itself.
    Text,
    /// What is written as text, and may be equal to other text.
    Word,
    /// A UUID.
    Uuid,
    /// A date.
    Date,
    /// An instant.
    Instant,
    /// A date and a time of day somewhere, which is an instant only where that is known.
    LocalTime,
    /// JSON, either type.
    Json,
    /// An array of other numbers.
    Decimals,
    /// An array of anything else that is above.
    Array,
    /// Anything else, of which nothing can be made.
    Other,
}

impl Kind {
    fn of(name: &str, is_enum: bool, element: Option<&str>) -> Self {
        match name {
            "bool" => Self::Boolean,
            "int2" | "int4" | "int8" => Self::Integer,
            "numeric" | "float4" | "float8" => Self::Decimal,
            "text" | "varchar" => Self::Text,
            "bpchar" | "name" | "citext" | "inet" | "cidr" | "macaddr" | "time" | "timetz" => {
                Self::Word
            }
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "timestamptz" => Self::Instant,
            "timestamp" => Self::LocalTime,
            "json" | "jsonb" => Self::Json,
            _ if is_enum => Self::Word,
            _ => match element.map(|element| Self::of(element, false, None)) {
                Some(Self::Other) | None => Self::Other,
                Some(Self::Decimal) => Self::Decimals,
                Some(_) => Self::Array,
            },
        }
    }
}

const SERVER: &str = "SELECT current_setting('server_version'), current_user::text, \
    coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false)";

const TABLES: &str = "SELECT w.schema, w.name, n.oid IS NOT NULL, c.oid, \
    c.relkind IN ('r', 'p', 'm'), \
    CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END, \
    has_schema_privilege(n.oid, 'USAGE'), \
    has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') \
        OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'), \
    row_security_active(c.oid), c.relkind = 'p' \
    FROM unnest($1::text[], $2::text[]) AS w (schema, name) \
    LEFT JOIN pg_namespace AS n ON n.nspname = w.schema \
    LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = w.name \
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";

pub(super) const COLUMNS: &str = "SELECT a.attrelid, a.attname::text, \
    format_type(a.atttypid, a.atttypmod), b.typname::text, b.typtype = 'e', e.typname::text, \
    has_column_privilege(a.attrelid, a.attnum, 'SELECT'), \
    EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisvalid \
        AND i.indkey[0] = a.attnum), \
    EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisvalid \
        AND i.indkey[0] = a.attnum AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL), \
    ARRAY(SELECT l.enumlabel::text FROM pg_enum AS l WHERE l.enumtypid = b.oid \
        ORDER BY l.enumsortorder) \
    FROM pg_attribute AS a \
    JOIN pg_type AS t ON t.oid = a.atttypid \
    JOIN pg_type AS b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END \
    LEFT JOIN pg_type AS e ON e.oid = b.typelem AND b.typcategory = 'A' \
    WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped \
    ORDER BY a.attrelid, a.attnum";

impl Catalogue {
    /// Reads what is there of these tables.
    pub(super) async fn read(
        client: &Client,
        tables: &[&TableName],
    ) -> Result<Self, tokio_postgres::Error> {
        let row = client.query_one(SERVER, &[]).await?;
        let mut found = Self {
            version: row.try_get(0)?,
            role: row.try_get(1)?,
            is_superuser: row.try_get(2)?,
            ..Self::default()
        };
        let schemas: Vec<&str> = tables.iter().map(|table| table.schema.as_str()).collect();
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        for row in client.query(TABLES, &[&schemas, &names]).await? {
            let name = TableName { schema: row.try_get(0)?, name: row.try_get(1)? };
            if row.try_get(2)? {
                found.schemas.push(name.schema.clone());
            }
            let Some(oid) = row.try_get(3)? else { continue };
            let table = Table {
                oid,
                is_stored: row.try_get(4)?,
                is_partitioned: row.try_get::<_, Option<bool>>(9)?.unwrap_or_default(),
                rows_estimate: row.try_get::<_, Option<i64>>(5)?.and_then(|n| n.try_into().ok()),
                is_reachable: row.try_get(6)?,
                is_writable: row.try_get(7)?,
                hides_rows: row.try_get(8)?,
                columns: BTreeMap::new(),
            };
            found.tables.insert(name, table);
        }
        let oids: Vec<u32> = found.tables.values().map(|table| table.oid).collect();
        for row in client.query(COLUMNS, &[&oids]).await? {
            let oid: u32 = row.try_get(0)?;
            let column = Column::of(&row)?;
            let name: String = row.try_get(1)?;
            // The same table may be named twice, by a join.
            if let Some(table) = found.tables.values_mut().find(|table| table.oid == oid) {
                table.columns.insert(name, column);
            }
        }
        Ok(found)
    }

    /// What can be made of a column; of one that is not there, nothing.
    #[must_use]
    pub fn kind(&self, table: &TableName, column: &str) -> Kind {
        let found = self.tables.get(table).and_then(|table| table.columns.get(column));
        found.map_or(Kind::Other, |column| column.kind)
    }
}
