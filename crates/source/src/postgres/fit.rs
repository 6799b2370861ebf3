//! Whether a mapping fits a database, table by table: what was found, what is missing, what is odd.

use std::collections::BTreeMap;

use countersign_domain::nearest::did_you_mean;
use serde::Serialize;

use super::catalogue::{Catalogue, Column, Kind, Table};
use super::mapping::{
    ColumnAt, ColumnShape, DateFormat, Filter, Mapping, Minor, Related, Scope, SettingsRule, Shape,
    Stored, TableName, TakenAs, Test,
};
use super::remedies::{Access, Remedies};

/// What was found about one table.
#[derive(Clone, Default, Debug, Serialize)]
pub struct TableReport {
    /// The table.
    pub table: String,
    /// About how many rows it has, if that is known.
    pub rows_estimate: Option<u64>,
    /// The columns that are there and can be used.
    pub columns: Vec<ColumnReport>,
    /// What is missing, or cannot be used.
    pub missing: Vec<String>,
    /// What will work and should be looked at.
    pub warnings: Vec<String>,
    /// What the owner of the table can run to mend it, to be pasted: rights and indexes.
    pub statements: Vec<String>,
}

/// A column that is there and can be used.
#[derive(Clone, Debug, Serialize)]
pub struct ColumnReport {
    /// The column.
    pub column: String,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What it is used for.
    pub used_for: Vec<String>,
}

/// For what a column is used.
#[derive(Clone, Debug)]
enum Use<'a> {
    Account,
    Key,
    Minor,
    Born,
    Edge { is_looked_up: bool },
    JoinFrom,
    JoinTo { like: Kind },
    RelatedKey,
    Filter(&'a Test),
    Settings(&'a SettingsRule),
    Order,
    Value { field: &'a str, shape: &'a ColumnShape },
}

/// The uses of a mapping, by table and column.
#[derive(Default)]
struct Uses<'a>(BTreeMap<&'a TableName, BTreeMap<&'a str, Vec<Use<'a>>>>);

/// The tables that a mapping names.
#[must_use]
pub fn tables(mapping: &Mapping) -> Vec<&TableName> {
    Uses::of(mapping, &Catalogue::default()).0.into_keys().collect()
}

/// Compares.
#[must_use]
pub fn compare(mapping: &Mapping, catalogue: &Catalogue) -> Vec<TableReport> {
    let people = &mapping.people;
    let key_kind = catalogue.kind(&people.scope.table, &people.key);
    let uses = Uses::of(mapping, catalogue);
    let report = |(name, columns): (&&TableName, &BTreeMap<&str, Vec<Use<'_>>>)| {
        let mut report = TableReport { table: name.to_string(), ..TableReport::default() };
        match catalogue.tables.get(*name) {
            None => report.missing.push(missing_table(name, catalogue)),
            Some(table) => {
                look_at(table, columns, key_kind, &mut report);
                report.statements = remedies(table, name, columns, &catalogue.role);
            }
        }
        report
    };
    uses.0.iter().map(report).collect()
}

/// What the owner of the tables can run, each statement once: tables have schemas in common.
#[must_use]
pub fn statements(reports: &[TableReport]) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for statement in reports.iter().flat_map(|report| &report.statements) {
        if !statements.contains(statement) {
            statements.push(statement.clone());
        }
    }
    statements
}

/// What the owner of a table can run, so that the role may read what is needed and finds it by indexes.
fn remedies(
    table: &Table,
    name: &TableName,
    columns: &BTreeMap<&str, Vec<Use<'_>>>,
    role: &str,
) -> Vec<String> {
    let found = |name: &&str| table.columns.get(*name);
    let is_hidden = |name: &&&str| found(name).is_some_and(|column| !column.is_readable);
    let is_slow = |(name, uses): &(&&str, &Vec<Use<'_>>)| {
        let column = found(name);
        column.is_some_and(|column| !column.leads_index) && uses.iter().any(Use::is_looked_up)
    };
    let slow = columns.iter().filter(is_slow).map(|(name, _)| *name);
    Remedies {
        table: name,
        role,
        access: Access {
            is_reachable: table.is_reachable,
            hidden: columns.keys().filter(is_hidden).copied().collect(),
        },
        slow: if table.is_stored { slow.collect() } else { Vec::new() },
        is_partitioned: table.is_partitioned,
    }
    .statements()
}

fn missing_table(name: &TableName, catalogue: &Catalogue) -> String {
    if catalogue.schemas.contains(&name.schema) {
        format!("there is no table or view {:?} in schema {:?}", name.name, name.schema)
    } else {
        format!("there is no schema {:?}", name.schema)
    }
}

fn look_at(
    table: &Table,
    columns: &BTreeMap<&str, Vec<Use<'_>>>,
    key_kind: Kind,
    report: &mut TableReport,
) {
    report.rows_estimate = table.rows_estimate;
    if !table.is_reachable {
        report.missing.push("the role may not look into the schema: GRANT USAGE".to_owned());
    }
    if table.is_writable {
        report.warnings.push(
            "the role could write here; sessions are read-only, yet SELECT alone is enough"
                .to_owned(),
        );
    }
    if table.hides_rows {
        report.warnings.push(
            "row-level security holds for this role: people whom it hides are not served"
                .to_owned(),
        );
    }
    for (name, uses) in columns {
        let Some(column) = table.columns.get(*name) else {
            let hint = did_you_mean(name, table.columns.keys().map(String::as_str));
            report.missing.push(format!("there is no column {name:?}{hint}"));
            continue;
        };
        if !column.is_readable {
            report.missing.push(format!("the role may not read column {name:?}: GRANT SELECT"));
            continue;
        }
        let wrong: Vec<_> = uses.iter().filter_map(|used| used.fault(column, key_kind)).collect();
        for (used, expected) in &wrong {
            report.missing.push(format!(
                "column {name:?} has type {}, and {used} {expected}",
                column.type_name
            ));
        }
        if table.is_stored {
            let warnings = uses.iter().filter_map(|used| used.warning(name, column));
            report.warnings.extend(warnings);
        }
        if wrong.is_empty() {
            report.columns.push(ColumnReport {
                column: (*name).to_owned(),
                type_name: column.type_name.clone(),
                used_for: uses.iter().map(|used| used.with_what_is_none(column.kind)).collect(),
            });
        }
    }
}

impl Use<'_> {
    fn name(&self) -> String {
        match self {
            Self::Account => "the account".to_owned(),
            Self::Key => "the key".to_owned(),
            Self::Minor => "whether a minor".to_owned(),
            Self::Born => "the date of birth".to_owned(),
            Self::Edge { .. } => "a friend".to_owned(),
            Self::JoinFrom | Self::JoinTo { .. } => "a join".to_owned(),
            Self::RelatedKey => "the person".to_owned(),
            Self::Filter(_) => "a condition".to_owned(),
            Self::Settings(_) => "what people chose".to_owned(),
            Self::Order => "an order".to_owned(),
            Self::Value { field, .. } => format!("field {field}"),
        }
    }

    /// The name, and which values of a type are none.
    fn with_what_is_none(&self, kind: Kind) -> String {
        let name = self.name();
        let Self::Value { shape, .. } = self else { return name };
        if shape.taken_as == Some(TakenAs::Text) {
            return name;
        }
        match kind {
            Kind::Date | Kind::Instant | Kind::LocalTime => {
                name + " (absent before year 1, after 9999 and where infinite)"
            }
            Kind::Decimal | Kind::Decimals => name + " (absent where NaN or infinite)",
            _ => name,
        }
    }

    /// The use that a column cannot serve, and what it would have to be.
    fn fault(&self, column: &Column, key_kind: Kind) -> Option<(String, String)> {
        let names = [Kind::Integer, Kind::Text, Kind::Uuid];
        let kind = column.kind;
        let expected = match self {
            Self::Account if !names.contains(&kind) => "needs a whole number, text or a uuid",
            Self::Key if !names.contains(&kind) => "needs a whole number, text or a uuid",
            Self::Edge { .. } | Self::RelatedKey if kind != key_kind => {
                "needs the type of the people's key"
            }
            Self::JoinTo { like } if kind != *like => "needs the type of the column that it joins",
            Self::Minor if kind != Kind::Boolean => "needs a boolean",
            Self::Born if !matches!(kind, Kind::Date | Kind::Instant | Kind::LocalTime) => {
                "needs a date"
            }
            Self::Order if matches!(kind, Kind::Json | Kind::Other) => "needs what has an order",
            Self::Filter(Test::Is(value)) => {
                return label_fault(column, std::slice::from_ref(value))
                    .map(|fault| (self.name(), fault));
            }
            Self::Settings(rule) => {
                return label_fault(column, &rule.open_at).map(|fault| (self.name(), fault));
            }
            Self::Value { shape, .. } => value_fault(shape, kind)?,
            _ => return None,
        };
        Some((self.name(), expected.to_owned()))
    }

    /// Whether every question looks up rows by it.
    const fn is_looked_up(&self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::Key
                | Self::RelatedKey
                | Self::JoinTo { .. }
                | Self::Edge { is_looked_up: true }
        )
    }

    fn warning(&self, name: &str, column: &Column) -> Option<String> {
        if self.is_looked_up() && !column.leads_index {
            return Some(format!(
                "no index begins with column {name:?}, which is looked up in every question"
            ));
        }
        let is_one = matches!(self, Self::Account | Self::Key | Self::JoinTo { .. });
        (is_one && !column.is_unique).then(|| {
            format!(
                "column {name:?} is not unique: where two rows have one value, the question fails"
            )
        })
    }
}

/// Why a column never has these values, as text.
fn label_fault(column: &Column, values: &[String]) -> Option<String> {
    let labels: Vec<&str> = match column.kind {
        Kind::Other => return Some("needs a type that can be written as text".to_owned()),
        Kind::Boolean => vec!["true", "false"],
        Kind::Integer => {
            let wrong = values.iter().find(|value| value.parse::<i64>().is_err())?;
            return Some(format!("is compared with {wrong:?}, which is no whole number"));
        }
        Kind::Uuid | Kind::Date | Kind::Text => return None,
        _ if column.labels.is_empty() => return None,
        _ => column.labels.iter().map(String::as_str).collect(),
    };
    let wrong = values.iter().find(|value| !labels.contains(&value.as_str()))?;
    let hint = did_you_mean(wrong, labels.iter().copied());
    let allowed = labels.iter().map(|label| format!("{label:?}")).collect::<Vec<_>>().join(", ");
    Some(format!("is compared with {wrong:?}, which it never is; allowed: {allowed}{hint}"))
}

fn value_fault(shape: &ColumnShape, kind: Kind) -> Option<&'static str> {
    let is_text = matches!(kind, Kind::Text | Kind::Word);
    if shape.date.is_some() && !matches!(kind, Kind::Date | Kind::Instant | Kind::LocalTime) {
        return Some("has the format of a date");
    }
    let is_instant = matches!(shape.date, None | Some(DateFormat::Instant));
    if kind == Kind::LocalTime && is_instant && shape.taken_as != Some(TakenAs::Text) {
        return Some(
            "says no time zone, and would be told as UTC: take it as = \"text\" or with the format of a date, or make a view \
             that says AT TIME ZONE",
        );
    }
    if shape.date.is_some() {
        return None;
    }
    if shape.taken_as == Some(TakenAs::Json) && !is_text && kind != Kind::Json {
        return Some("is taken as JSON, which needs text");
    }
    let is_json = kind == Kind::Json || shape.taken_as == Some(TakenAs::Json);
    if !shape.path.is_empty() && !is_json {
        return Some("has a path, which needs json, jsonb, or text with as = \"json\"");
    }
    if shape.replace.is_some() && !is_text && shape.taken_as != Some(TakenAs::Text) {
        return Some("replaces text, which needs text");
    }
    (kind == Kind::Other).then_some("cannot be made of it: make a view that gives text or jsonb")
}

impl<'a> Uses<'a> {
    fn of(mapping: &'a Mapping, catalogue: &Catalogue) -> Self {
        let mut uses = Self::default();
        let people = &mapping.people;
        uses.scope(&people.scope, catalogue);
        uses.add(&people.scope.table, &people.account, Use::Account);
        uses.add(&people.scope.table, &people.key, Use::Key);
        match &people.minor {
            None => {}
            Some(Minor::Column(column)) => uses.at(&people.scope, column, Use::Minor),
            Some(Minor::Born { column, .. }) => uses.at(&people.scope, column, Use::Born),
        }
        let friendships = &mapping.friendships;
        uses.scope(&friendships.scope, catalogue);
        let [first, second] = &friendships.columns;
        let table = &friendships.scope.table;
        uses.add(table, first, Use::Edge { is_looked_up: true });
        let is_looked_up = friendships.stored == Stored::Once;
        uses.add(table, second, Use::Edge { is_looked_up });
        for rule in &mapping.settings {
            uses.at(&people.scope, &rule.column, Use::Settings(rule));
        }
        for (field, shape) in mapping.fields.values() {
            uses.shape(field, shape, &people.scope, catalogue);
        }
        uses
    }

    fn add(&mut self, table: &'a TableName, column: &'a str, used: Use<'a>) {
        self.0.entry(table).or_default().entry(column).or_default().push(used);
    }

    fn at(&mut self, scope: &'a Scope, column: &'a ColumnAt, used: Use<'a>) {
        if let Some(table) = scope.table_at(column.place) {
            self.add(table, &column.name, used);
        }
    }

    fn scope(&mut self, scope: &'a Scope, catalogue: &Catalogue) {
        self.0.entry(&scope.table).or_default();
        for join in &scope.joins {
            self.at(scope, &join.from, Use::JoinFrom);
            let from = scope.table_at(join.from.place);
            let like = from.map_or(Kind::Other, |t| catalogue.kind(t, &join.from.name));
            self.add(&join.table, &join.to, Use::JoinTo { like });
        }
        for Filter { column, test } in &scope.filters {
            self.at(scope, column, Use::Filter(test));
        }
    }

    fn shape(&mut self, field: &'a str, shape: &'a Shape, scope: &'a Scope, catalogue: &Catalogue) {
        match shape {
            Shape::Column(shape) => self.at(scope, &shape.column, Use::Value { field, shape }),
            Shape::Constant(_) => {}
            Shape::Joined { parts, .. } => {
                for part in parts {
                    self.shape(field, part, scope, catalogue);
                }
            }
            Shape::Object(members) => {
                for (_, member) in members {
                    self.shape(field, member, scope, catalogue);
                }
            }
            Shape::List(related) | Shape::First(related) => {
                let Related { scope, key, order, value } = &**related;
                self.scope(scope, catalogue);
                self.add(&scope.table, key, Use::RelatedKey);
                for by in order {
                    self.at(scope, &by.column, Use::Order);
                }
                self.shape(field, value, scope, catalogue);
            }
        }
    }
}
