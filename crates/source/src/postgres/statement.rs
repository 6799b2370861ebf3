//! The statement that a question becomes: one for viewer and friends, its text a function of mapping,
//! types and fields alone.
//!
//! INVARIANT: what a mapping file says comes into the text only through [`quoted`]; everything else
//! from it is a parameter. Kept by `Writer`, whose other texts are constants of this file.

use std::fmt::Write as _;

use countersign_domain::field::{FieldId, FieldSet};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::catalogue::{Catalogue, Kind};
use super::mapping::{
    ColumnAt, ColumnShape, DateFormat, Filter, Friendships, Mapping, Minor, Related, Scope, Shape,
    Stored, TableName, TakenAs, Test,
};

/// A statement, its parameters after the first, which is the account, and how its columns are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The text.
    pub text: String,
    /// The parameters from the second on.
    pub parameters: Vec<Parameter>,
    /// The columns after [`COLUMNS_BEFORE`].
    pub columns: Vec<(FieldId, Rendering)>,
    /// Whether the last column says which rules of the mapping are open, a bit for each.
    pub has_settings: bool,
}

/// Whether it is the viewer, the account, whether it is a minor: then come the fields.
pub const COLUMNS_BEFORE: usize = 3;

/// How a column of text becomes JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rendering {
    /// It is text, to be escaped.
    Text,
    /// It is JSON as it stands: a whole number, true or false.
    Bare,
    /// It is JSON as the server spells it, with spaces.
    Json,
}

/// A parameter. What it says is nobody's to print.
#[derive(Clone, PartialEq, Eq)]
pub enum Parameter {
    /// Text.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

impl std::fmt::Debug for Parameter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a parameter")
    }
}

impl ToSql for Parameter {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Text(text) => text.to_sql(ty, out),
            Self::Texts(texts) => texts.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TEXT || *ty == Type::TEXT_ARRAY
    }

    to_sql_checked!();
}

/// A name as SQL writes it.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(super) fn quoted_table(table: &TableName) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.name))
}

/// The statement of a question.
///
/// `people_max` is the most friends that are fetched; so many and one more are, to tell.
#[must_use]
pub fn question(
    mapping: &Mapping,
    catalogue: &Catalogue,
    viewer_fields: FieldSet,
    friend_fields: Option<FieldSet>,
    people_max: usize,
) -> Statement {
    let mut writer = Writer { mapping, catalogue, parameters: Vec::new() };
    let asked = viewer_fields.or(friend_fields.unwrap_or_default());
    let fields = mapping.fields.iter().filter(|(field, _)| asked.contains(**field));
    let fields: Vec<(FieldId, Expression)> =
        fields.map(|(field, (_, shape))| (*field, writer.top(shape))).collect();
    let viewer = Selection { is_viewer: true, fields: &fields, asked: viewer_fields };
    let account = writer.account();
    let of_viewer = format!("{} = {account}", writer.own(&mapping.people.account));
    let mut text = writer.select(&viewer, ("", ""), &of_viewer);
    if let Some(asked) = friend_fields {
        let key = writer.own(&mapping.people.key);
        let viewer_key = writer.viewer_key(&account);
        let friends = writer.friends(&mapping.friendships, &viewer_key);
        let from = format!("({friends}) AS \"f\" (\"key\")\n  JOIN ");
        let on = format!(" ON {key} = \"f\".\"key\"");
        let selection = Selection { is_viewer: false, fields: &fields, asked };
        let others = format!("{key} <> {viewer_key}");
        let friends = writer.select(&selection, (&from, &on), &others);
        let limit = people_max + 1;
        let _ = write!(text, "\nUNION ALL\n({friends}\nLIMIT {limit})");
    }
    let columns = fields.into_iter().map(|(field, made)| (field, made.rendering)).collect();
    let has_settings = !mapping.settings.is_empty();
    Statement { text, parameters: writer.parameters, columns, has_settings }
}

/// The statement that tells whether there is a person of an account: it returns the account, once.
#[must_use]
pub fn knows(mapping: &Mapping, catalogue: &Catalogue) -> Statement {
    let mut writer = Writer { mapping, catalogue, parameters: Vec::new() };
    let own = writer.own(&mapping.people.account);
    let of_account = format!("{own} = {}", writer.account());
    let selection = Selection { is_viewer: true, fields: &[], asked: FieldSet::EMPTY };
    let text = writer.select(&selection, ("", ""), &of_account);
    let has_settings = !mapping.settings.is_empty();
    Statement { text, parameters: writer.parameters, columns: Vec::new(), has_settings }
}

/// The statement that finds somebody to try a question with: somebody with a friend, if anybody has.
#[must_use]
pub fn example(mapping: &Mapping, catalogue: &Catalogue) -> Statement {
    let mut writer = Writer { mapping, catalogue, parameters: Vec::new() };
    let people = writer.people();
    let mut needed = Places::default();
    let filters = writer.filters(people, &mut needed);
    let (base, joins) = (people.base(), people.joins(needed));
    let (account, key) = (writer.own(&mapping.people.account), writer.own(&mapping.people.key));
    let (edges, counted) = writer.edges();
    let [first, _] = mapping.friendships.columns.each_ref().map(|column| quoted(column));
    // The first parameter is the account in every statement; here it is anybody's.
    let text = format!(
        "SELECT {account}::text FROM {base}{joins} WHERE $1::text IS NOT NULL \
         AND {key} = (SELECT \"e\".{first} FROM {edges} WHERE {counted} LIMIT 1){filters} \
         UNION ALL (SELECT {account}::text FROM {base}{joins} WHERE true{filters} LIMIT 1) LIMIT 1"
    );
    Statement { text, parameters: writer.parameters, columns: Vec::new(), has_settings: false }
}

/// The statement that tells of how many of the first people it is known that they have friends, and what
/// friendships there are at all: people, those with a friend, whether there is a row, whether one counts.
#[must_use]
pub fn sample(mapping: &Mapping, catalogue: &Catalogue, people_max: usize) -> Statement {
    let mut writer = Writer { mapping, catalogue, parameters: Vec::new() };
    let people = writer.people();
    let mut needed = Places::default();
    let filters = writer.filters(people, &mut needed);
    let (base, joins) = (people.base(), people.joins(needed));
    let key = writer.own(&mapping.people.key);
    let friends = writer.friends(&mapping.friendships, "\"s\".\"key\"");
    let (edges, counted) = writer.edges();
    let text = format!(
        "SELECT count(*), count(\"f\".\"one\"), EXISTS (SELECT FROM {edges}), \
         EXISTS (SELECT FROM {edges} WHERE {counted}) \
         FROM (SELECT {key} AS \"key\" FROM {base}{joins} WHERE $1::text IS NOT NULL{filters} LIMIT {people_max}) AS \"s\" \
         LEFT JOIN LATERAL (SELECT 1 AS \"one\" FROM ({friends}) AS \"g\" LIMIT 1) AS \"f\" ON true"
    );
    Statement { text, parameters: writer.parameters, columns: Vec::new(), has_settings: false }
}

/// A part of a statement: some people with their fields.
struct Selection<'a> {
    is_viewer: bool,
    fields: &'a [(FieldId, Expression)],
    asked: FieldSet,
}

/// How a value is written, the tables that it needs, and how its text is read.
#[derive(Clone)]
struct Expression {
    /// Of the type that it has.
    native: String,
    rendering: Rendering,
    /// Whether the server has to make JSON of it.
    converts: bool,
    /// The joins of the scope that it reads.
    places: Places,
    /// The parts that come from columns, none of them for a constant.
    leaves: Vec<String>,
}

impl Expression {
    fn text(&self) -> String {
        let Self { native, .. } = self;
        match (self.rendering, self.converts) {
            (_, true) => format!("to_json({native})::text"),
            (Rendering::Text, false) => native.clone(),
            (Rendering::Bare | Rendering::Json, false) => format!("({native})::text"),
        }
    }
}

/// Which places of a scope are needed: bit n for its n-th join.
#[derive(Clone, Copy, Default)]
struct Places(u128);

impl Places {
    fn add(&mut self, place: usize) {
        self.0 |= 1 << place.min(127);
    }

    fn contains(self, place: usize) -> bool {
        self.0 >> place.min(127) & 1 == 1
    }

    fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

struct Writer<'a> {
    mapping: &'a Mapping,
    catalogue: &'a Catalogue,
    parameters: Vec<Parameter>,
}

/// A scope with what its tables are called in the statement.
#[derive(Clone, Copy)]
struct Named<'a> {
    scope: &'a Scope,
    alias: char,
}

impl Named<'_> {
    /// `"p"` for the table itself, `"p1"` for its first join.
    fn table(&self, place: usize) -> String {
        match place {
            0 => format!("\"{}\"", self.alias),
            join => format!("\"{}{join}\"", self.alias),
        }
    }

    fn column(&self, column: &ColumnAt) -> String {
        format!("{}.{}", self.table(column.place), quoted(&column.name))
    }

    /// The table itself.
    fn base(&self) -> String {
        format!("{} AS {}", quoted_table(&self.scope.table), self.table(0))
    }

    /// Those of its joins that are needed.
    fn joins(&self, mut needed: Places) -> String {
        for (place, join) in self.scope.joins.iter().enumerate().rev() {
            if needed.contains(place + 1) {
                needed.add(join.from.place);
            }
        }
        let mut joins = String::new();
        for (join, place) in self.scope.joins.iter().zip(1..) {
            if needed.contains(place) {
                let (table, alias) = (quoted_table(&join.table), self.table(place));
                let (to, named) = (quoted(&join.to), self.column(&join.from));
                let _ = write!(joins, "\n  LEFT JOIN {table} AS {alias} ON {alias}.{to} = {named}");
            }
        }
        joins
    }
}

impl<'a> Writer<'a> {
    fn people(&self) -> Named<'a> {
        Named { scope: &self.mapping.people.scope, alias: 'p' }
    }

    /// A column of the table of people.
    fn own(&self, column: &str) -> String {
        format!("\"p\".{}", quoted(column))
    }

    fn parameter(&mut self, parameter: Parameter) -> usize {
        let found = self.parameters.iter().position(|known| *known == parameter);
        let place = found.unwrap_or_else(|| {
            self.parameters.push(parameter);
            self.parameters.len() - 1
        });
        // Parameters are counted from 1, and the first is the account.
        place + 2
    }

    fn text_parameter(&mut self, text: &str) -> String {
        format!("${}::text", self.parameter(Parameter::Text(text.to_owned())))
    }

    /// The account that is asked about, as the type of its column.
    fn account(&self) -> String {
        let people = &self.mapping.people;
        match self.catalogue.kind(&people.scope.table, &people.account) {
            Kind::Integer => "$1::text::bigint".to_owned(),
            Kind::Uuid => "$1::text::uuid".to_owned(),
            _ => "$1::text".to_owned(),
        }
    }

    /// The key of the viewer by their account.
    fn viewer_key(&self, account: &str) -> String {
        let people = &self.mapping.people;
        if people.key == people.account {
            return account.to_owned();
        }
        let (key, own) = (self.own(&people.key), self.own(&people.account));
        let table = quoted_table(&people.scope.table);
        format!("(SELECT {key} FROM {table} AS \"p\" WHERE {own} = {account})")
    }

    /// The keys of the friends of somebody, each once.
    fn friends(&mut self, friendships: &Friendships, viewer_key: &str) -> String {
        let named = Named { scope: &friendships.scope, alias: 'e' };
        let filters = self.filters(named, &mut Places::default());
        let table = quoted_table(&friendships.scope.table);
        let [first, second] = friendships.columns.each_ref().map(|column| quoted(column));
        let opposite = self.opposite(friendships);
        let side = |told: &str, asked: &str| {
            format!(
                "SELECT \"e\".{told} FROM {table} AS \"e\" WHERE \"e\".{asked} = {viewer_key}{filters}{opposite}"
            )
        };
        match friendships.stored {
            Stored::Once => {
                format!("{}\n   UNION {}", side(&second, &first), side(&first, &second))
            }
            Stored::Twice | Stored::Mutual => {
                side(&second, &first).replacen("SELECT", "SELECT DISTINCT", 1)
            }
        }
    }

    /// Where a friendship takes two rows: that the row has its opposite.
    fn opposite(&mut self, friendships: &Friendships) -> String {
        if friendships.stored != Stored::Mutual {
            return String::new();
        }
        let named = Named { scope: &friendships.scope, alias: 'r' };
        let filters = self.filters(named, &mut Places::default());
        let table = named.base();
        let [first, second] = friendships.columns.each_ref().map(|column| quoted(column));
        format!(
            "\n  AND EXISTS (SELECT FROM {table} WHERE \"r\".{first} = \"e\".{second} AND \"r\".{second} = \"e\".{first}{filters})"
        )
    }

    /// The table of friendships, and what makes a row of it count.
    fn edges(&mut self) -> (String, String) {
        let friendships = &self.mapping.friendships;
        let named = Named { scope: &friendships.scope, alias: 'e' };
        let filters = self.filters(named, &mut Places::default());
        let opposite = self.opposite(friendships);
        (named.base(), format!("true{filters}{opposite}"))
    }

    /// Selects some people: `before` and `on` join the table of people to what tells which.
    fn select(
        &mut self,
        selection: &Selection<'_>,
        (before, on): (&str, &str),
        which: &str,
    ) -> String {
        let people = self.people();
        let mut needed = Places::default();
        let filters = self.filters(people, &mut needed);
        let minor = self.minor(&mut needed);
        let account = self.own(&self.mapping.people.account);
        let mut text = format!("SELECT {}, {account}::text, {minor}", selection.is_viewer);
        for (field, made) in selection.fields {
            if selection.asked.contains(*field) {
                needed.join(made.places);
                let _ = write!(text, ",\n  {}", made.text());
            } else {
                text.push_str(",\n  NULL::text");
            }
        }
        let settings = self.settings(&mut needed);
        text.push_str(&settings);
        let (base, joins) = (people.base(), people.joins(needed));
        let _ = write!(text, "\nFROM {before}{base}{on}{joins}\nWHERE {which}{filters}");
        text
    }

    /// Which rules of the mapping are open for a person, a bit for each; nothing where there are none.
    fn settings(&mut self, needed: &mut Places) -> String {
        let (people, mapping) = (self.people(), self.mapping);
        let mut bits = Vec::new();
        for (rule, bit) in mapping.settings.iter().zip(0..) {
            needed.add(rule.column.place);
            let column = people.column(&rule.column);
            let values = self.parameter(Parameter::Texts(rule.open_at.clone()));
            bits.push(format!(
                "CASE WHEN {column}::text = ANY (${values}::text[]) THEN {} ELSE 0 END",
                1_u64 << bit
            ));
        }
        if bits.is_empty() { String::new() } else { format!(",\n  ({})::bigint", bits.join(" + ")) }
    }

    fn minor(&self, needed: &mut Places) -> String {
        let people = self.people();
        match &self.mapping.people.minor {
            None => "false".to_owned(),
            Some(Minor::Column(column)) => {
                needed.add(column.place);
                format!("coalesce({}, true)", people.column(column))
            }
            Some(Minor::Born { column, younger_than_years }) => {
                needed.add(column.place);
                let born = people.column(column);
                format!(
                    "coalesce(NOT isfinite({born}) OR {born} + make_interval(years => {younger_than_years}) > CURRENT_DATE, true)"
                )
            }
        }
    }

    fn filters(&mut self, named: Named<'_>, needed: &mut Places) -> String {
        let mut text = String::new();
        for Filter { column, test } in &named.scope.filters {
            needed.add(column.place);
            let column = named.column(column);
            let _ = match test {
                Test::Is(value) => {
                    let value = self.text_parameter(value);
                    write!(text, "\n  AND {column}::text = {value}")
                }
                Test::IsNull(true) => write!(text, "\n  AND {column} IS NULL"),
                Test::IsNull(false) => write!(text, "\n  AND {column} IS NOT NULL"),
            };
        }
        text
    }

    /// A field.
    fn top(&mut self, shape: &Shape) -> Expression {
        self.shape(shape, self.people())
    }

    fn shape(&mut self, shape: &Shape, named: Named<'_>) -> Expression {
        match shape {
            Shape::Column(column) => self.column(column, named),
            Shape::Joined { parts, separator } => self.joined(parts, separator, named),
            Shape::Constant(value) => self.constant(value),
            Shape::Object(members) => self.object(members, named),
            Shape::List(related) => {
                let (rows, _) = self.related(related);
                json(format!(
                    "(SELECT json_agg(\"s\".\"v\") FROM ({rows}) AS \"s\" WHERE \"s\".\"v\" IS NOT NULL)"
                ))
            }
            Shape::First(related) => {
                let (rows, made) = self.related(related);
                let native = format!(
                    "(SELECT \"s\".\"v\" FROM ({rows}) AS \"s\" WHERE \"s\".\"v\" IS NOT NULL LIMIT 1)"
                );
                let leaves = vec![native.clone()];
                Expression { native, places: Places::default(), leaves, ..made }
            }
        }
    }

    fn column(&mut self, shape: &ColumnShape, named: Named<'_>) -> Expression {
        let table = named.scope.table_at(shape.column.place);
        let kind = table.map_or(Kind::Other, |t| self.catalogue.kind(t, &shape.column.name));
        let column = named.column(&shape.column);
        let mut places = Places::default();
        places.add(shape.column.place);
        let is_text = shape.taken_as == Some(TakenAs::Text);
        let made = |native: String, rendering, converts| Expression {
            leaves: vec![native.clone()],
            native,
            rendering,
            converts,
            places,
        };
        let kind = if shape.taken_as == Some(TakenAs::Json) { Kind::Json } else { kind };
        if let Some(date) = shape.date {
            return made(dated(&column, date.template()), Rendering::Text, false);
        }
        let mut made = match kind {
            Kind::Json => {
                let mut native = column;
                if shape.taken_as == Some(TakenAs::Json) {
                    native = format!("{native}::text::json");
                }
                if !shape.path.is_empty() {
                    let steps = self.parameter(Parameter::Texts(shape.path.clone()));
                    let operator = if is_text { "#>>" } else { "#>" };
                    native = format!("({native} {operator} ${steps}::text[])");
                }
                let native = if is_text && shape.path.is_empty() {
                    // The text of a JSON string is not its spelling.
                    format!("({native} #>> '{{}}')")
                } else {
                    native
                };
                made(native, if is_text { Rendering::Text } else { Rendering::Json }, false)
            }
            _ if is_text => made(format!("{column}::text"), Rendering::Text, false),
            Kind::Integer | Kind::Boolean => made(column, Rendering::Bare, false),
            Kind::Decimal => made(finite(&column), Rendering::Json, true),
            Kind::Decimals => made(all_finite(&column), Rendering::Json, true),
            Kind::Array => made(column, Rendering::Json, true),
            Kind::Date => {
                made(dated(&column, DateFormat::YearMonthDay.template()), Rendering::Text, false)
            }
            // A local time is refused when the mapping is compared with the database.
            Kind::Instant | Kind::LocalTime => {
                made(dated(&column, DateFormat::Instant.template()), Rendering::Text, false)
            }
            Kind::Text | Kind::Word | Kind::Uuid | Kind::Other => {
                made(format!("{column}::text"), Rendering::Text, false)
            }
        };
        if let Some((from, to)) = &shape.replace {
            let (from, to) = (self.text_parameter(from), self.text_parameter(to));
            made.native = format!("replace({}, {from}, {to})", made.native);
        }
        made
    }

    fn joined(&mut self, parts: &[Shape], separator: &str, named: Named<'_>) -> Expression {
        let mut text = format!("concat_ws({}", self.text_parameter(separator));
        let (mut places, mut leaves) = (Places::default(), Vec::new());
        for part in parts {
            let part = self.shape(part, named);
            places.join(part.places);
            leaves.extend(part.leaves);
            let _ = write!(text, ", {}", part.native);
        }
        let native = format!("nullif({text}), '')");
        Expression { native, rendering: Rendering::Text, converts: false, places, leaves }
    }

    fn constant(&mut self, value: &serde_json::Value) -> Expression {
        let (native, rendering) = match value {
            serde_json::Value::String(text) => (self.text_parameter(text), Rendering::Text),
            other => {
                let text = self.text_parameter(&other.to_string());
                (format!("{text}::json"), Rendering::Json)
            }
        };
        let (places, leaves) = (Places::default(), Vec::new());
        Expression { native, rendering, converts: false, places, leaves }
    }

    fn object(&mut self, members: &[(String, Shape)], named: Named<'_>) -> Expression {
        let (mut places, mut leaves) = (Places::default(), Vec::new());
        let mut parts = Vec::with_capacity(members.len());
        for (key, shape) in members {
            let key = self.text_parameter(key);
            let member = self.shape(shape, named);
            places.join(member.places);
            leaves.extend(member.leaves);
            parts.push(format!("{key}, {}", member.native));
        }
        let built = format!("json_strip_nulls(json_build_object({}))", parts.join(", "));
        let native = if leaves.is_empty() {
            built
        } else {
            let leaves = leaves.join(", ");
            format!("CASE WHEN num_nonnulls({leaves}) > 0 THEN {built} END")
        };
        Expression { native, rendering: Rendering::Json, converts: false, places, leaves }
    }

    /// The values of related rows, as column `v`.
    fn related(&mut self, related: &Related) -> (String, Expression) {
        let named = Named { scope: &related.scope, alias: 'l' };
        let made = self.shape(&related.value, named);
        let mut needed = made.places;
        let filters = self.filters(named, &mut needed);
        let mut order = Vec::new();
        for by in &related.order {
            needed.add(by.column.place);
            let direction = if by.descending { " DESC" } else { "" };
            order.push(format!("{}{direction}", named.column(&by.column)));
        }
        let order = match order.is_empty() {
            true => String::new(),
            false => format!(" ORDER BY {}", order.join(", ")),
        };
        let (base, joins, key) = (named.base(), named.joins(needed), quoted(&related.key));
        let person = self.own(&self.mapping.people.key);
        let value = &made.native;
        let rows = format!(
            "SELECT {value} AS \"v\" FROM {base}{joins} WHERE \"l\".{key} = {person}{filters}{order}"
        );
        (rows, made)
    }
}

/// A date or an instant by a template. The template has no era and four digits for the year: what is before
/// year 1, after 9999 or without end is no value.
fn dated(column: &str, template: &str) -> String {
    format!(
        "CASE WHEN {column} >= '0001-01-01' AND {column} < '10000-01-01' THEN to_char({column}, '{template}') END"
    )
}

/// What is no number to JSON.
const NOT_FINITE: [&str; 3] = ["'NaN'", "'Infinity'", "'-Infinity'"];

/// A number, where it is one to JSON as well.
fn finite(column: &str) -> String {
    NOT_FINITE.iter().fold(column.to_owned(), |number, other| format!("nullif({number}, {other})"))
}

/// Numbers, where all of them are numbers to JSON as well.
fn all_finite(column: &str) -> String {
    let others = NOT_FINITE.map(|other| format!("{other} = ANY ({column})")).join(" OR ");
    format!("CASE WHEN NOT coalesce({others}, false) THEN {column} END")
}

/// JSON from a subquery.
fn json(native: String) -> Expression {
    let (places, leaves) = (Places::default(), vec![native.clone()]);
    Expression { native, rendering: Rendering::Json, converts: false, places, leaves }
}
