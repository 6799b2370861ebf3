//! The mapping as a TOML file (docs/sources.md). Every error says file, line, column, key and what is
//! allowed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::nearest::did_you_mean;
use countersign_domain::schema::FieldSchema;
use countersign_toml::{Fault, Spanned, TomlError, TomlFileError, Value};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};

use self::settings::RawSettings;
use super::mapping::{
    ColumnAt, ColumnShape, DateFormat, Filter, Friendships, Join, Mapping, Minor, Order, People,
    Related, Scope, Shape, Stored, TableName, TakenAs, Test,
};
use crate::settings::text_file;

mod settings;

/// The version of the file that this program reads.
pub const MAPPING_VERSION: u32 = 1;

/// A line for each key that a mapping cannot do without.
const SAMPLE: &str = r#"version = 1
[people]
table = "public.users"
account = "id"
[people.joins]
table = "public.profiles"
as = "profile"
from = "id"
to = "user_id"
[friendships]
table = "public.friendships"
columns = ["user_id", "friend_id"]
stored = "once"
[settings]
column = "profile_visibility"
open_at = ["public", "friends"]
fields = ["*"]
routes = ["friends_device", "friends_app"]
"#;

/// PostgreSQL cuts longer names off, so that they would be other names.
const NAME_BYTES_MAX: usize = 63;

/// How deep a value may be nested.
const DEPTH_MAX: usize = 6;

/// How many tables are joined to one.
const JOINS_MAX: usize = 32;

/// Reads a mapping file.
///
/// # Errors
/// [`TomlFileError`].
pub fn read(path: &Path, schema: &FieldSchema) -> Result<Mapping, TomlFileError> {
    let text = text_file::read(path)?;
    parse(&text, schema).map_err(|error| error.in_file(path))
}

/// Reads a mapping from its text.
///
/// # Errors
/// [`TomlError`].
pub fn parse(text: &str, schema: &FieldSchema) -> Result<Mapping, TomlError> {
    countersign_toml::parse_checked(text, |raw: RawMapping| raw.checked(schema))
        .map_err(|error| error.with_sample(SAMPLE))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    version: Spanned<u32>,
    people: RawPeople,
    friendships: RawFriendships,
    fields: BTreeMap<Spanned<String>, Spanned<RawShape>>,
    #[serde(default)]
    settings: Vec<RawSettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPeople {
    table: Spanned<RawTable>,
    account: Spanned<String>,
    key: Option<Spanned<String>>,
    minor: Option<Spanned<RawMinor>>,
    #[serde(default)]
    joins: Vec<RawJoin>,
    #[serde(default, rename = "where")]
    filters: Vec<RawFilter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMinor {
    column: Option<Spanned<RawColumn>>,
    born: Option<Spanned<RawColumn>>,
    younger_than_years: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFriendships {
    table: Spanned<RawTable>,
    columns: Spanned<Vec<Spanned<String>>>,
    stored: Spanned<String>,
    #[serde(default, rename = "where")]
    filters: Vec<RawFilter>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJoin {
    table: Spanned<RawTable>,
    #[serde(rename = "as")]
    alias: Spanned<String>,
    from: Spanned<RawColumn>,
    to: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFilter {
    column: Spanned<String>,
    of: Option<Spanned<String>>,
    is: Option<Spanned<Value>>,
    is_null: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelated {
    table: Spanned<RawTable>,
    key: Spanned<String>,
    #[serde(default)]
    joins: Vec<RawJoin>,
    #[serde(default, rename = "where")]
    filters: Vec<RawFilter>,
    #[serde(default)]
    order: Vec<Spanned<RawColumn>>,
    value: Spanned<RawShape>,
}

/// `"schema.name"`, or `["schema", "name"]` where a name has a dot.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "give \"schema.name\", or [\"schema\", \"name\"] where a name has a dot"
)]
enum RawTable {
    Text(String),
    Parts(Vec<String>),
}

/// What can be a column's name alone, or a table that says more.
struct OrName<T>(T);

/// A column's name, or `{ column, of, descending }`.
type RawColumn = OrName<RawColumnTable>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumnTable {
    column: Spanned<String>,
    of: Option<Spanned<String>>,
    #[serde(default)]
    descending: bool,
}

/// A column's name, or how a value is made.
type RawShape = OrName<RawShapeTable>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawShapeTable {
    column: Option<Spanned<String>>,
    of: Option<Spanned<String>>,
    path: Option<Spanned<String>>,
    format: Option<Spanned<String>>,
    #[serde(rename = "as")]
    taken_as: Option<Spanned<String>>,
    replace: Option<Spanned<Vec<String>>>,
    join: Option<Vec<Spanned<RawShape>>>,
    separator: Option<Spanned<String>>,
    constant: Option<Spanned<Value>>,
    object: Option<BTreeMap<Spanned<String>, Spanned<RawShape>>>,
    list: Option<Spanned<Box<RawRelated>>>,
    first: Option<Spanned<Box<RawRelated>>>,
}

/// What a name alone stands for.
trait OfName {
    fn of_name(name: String) -> Self;
}

impl OfName for RawColumnTable {
    fn of_name(name: String) -> Self {
        Self { column: Spanned::new(0..0, name), of: None, descending: false }
    }
}

impl OfName for RawShapeTable {
    fn of_name(name: String) -> Self {
        Self { column: Some(Spanned::new(0..0, name)), ..Self::default() }
    }
}

impl<'de, T: Deserialize<'de> + OfName> Deserialize<'de> for OrName<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de> + OfName> Visitor<'de> for Seen<T> {
            type Value = OrName<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name or a table")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(OrName(T::of_name(name.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(OrName)
            }
        }
        deserializer.deserialize_any(Seen(std::marker::PhantomData))
    }
}

impl RawMapping {
    fn checked(self, schema: &FieldSchema) -> Result<Mapping, Fault> {
        let found = *self.version.get_ref();
        if found != MAPPING_VERSION {
            let message = format!("{found} is not known; this program reads {MAPPING_VERSION}");
            return refuse(self.version.span().start, message);
        }
        let (people, names) = self.people.checked()?;
        let friendships = self.friendships.checked()?;
        let mut fields = BTreeMap::new();
        for (name, shape) in self.fields {
            let at = name.span().start;
            let field = field_of(&name, schema)?;
            let at_shape = shape.span().start;
            let shape = Shaper { names: &names, in_list: false }.shape(shape, 0)?;
            if matches!(shape, Shape::Constant(_)) {
                return refuse(at_shape, "a constant alone would be the same value for everybody");
            }
            if fields.insert(field, (name.into_inner(), shape)).is_some() {
                return refuse(at, "this field is given twice; allowed: each once");
            }
        }
        let settings = settings::rules(self.settings, &names, schema)?;
        Ok(Mapping { people, friendships, fields, settings })
    }
}

fn refuse<V>(at: usize, message: impl Into<String>) -> Result<V, Fault> {
    Err(Fault::at(at, message))
}

fn field_of(name: &Spanned<String>, schema: &FieldSchema) -> Result<FieldId, Fault> {
    let at = name.span().start;
    let found = schema.resolve(&[name.get_ref()]);
    let set: FieldSet = found.map_err(|error| Fault::at(at, error.to_string()))?;
    let field = set.iter().next().filter(|field| ![FieldId::ID, FieldId::FRIENDS].contains(field));
    field.ok_or_else(|| Fault::at(at, "it is made by Countersign and has no column"))
}

impl RawPeople {
    fn checked(self) -> Result<(People, Names), Fault> {
        let (scope, names) = scope(self.table, self.joins, self.filters)?;
        let account = identifier(self.account)?;
        let key = self.key.map_or_else(|| Ok(account.clone()), identifier)?;
        let minor = self.minor.map(|minor| {
            let at = minor.span().start;
            let minor = minor.into_inner();
            match (minor.column, minor.born, minor.younger_than_years) {
                (Some(column), None, None) => Ok(Minor::Column(names.column(column)?.0)),
                (None, Some(born), Some(younger_than_years)) => {
                    Ok(Minor::Born { column: names.column(born)?.0, younger_than_years })
                }
                _ => refuse(at, "give column alone, or born and younger_than_years"),
            }
        });
        Ok((People { scope, account, key, minor: minor.transpose()? }, names))
    }
}

impl RawFriendships {
    fn checked(self) -> Result<Friendships, Fault> {
        let at = self.columns.span().start;
        let columns = self.columns.into_inner().into_iter().map(identifier);
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let Ok(columns) = <[String; 2]>::try_from(columns) else {
            return refuse(at, "two are needed, one for each of the two people");
        };
        let stored = match self.stored.get_ref().as_str() {
            "once" => Stored::Once,
            "twice" => Stored::Twice,
            "mutual" => Stored::Mutual,
            other => {
                let message = format!(
                    "{other:?} is none of \"once\" (either way round), \"twice\" (from either side) and \"mutual\" (who follows whom: both rows make a friendship)"
                );
                return refuse(self.stored.span().start, message);
            }
        };
        let (scope, _) = scope(self.table, Vec::new(), self.filters)?;
        Ok(Friendships { scope, columns, stored })
    }
}

/// The names by which a scope's joins are called in the file, in their order.
struct Names(Vec<String>);

impl Names {
    fn place(&self, of: Option<Spanned<String>>) -> Result<usize, Fault> {
        let Some(of) = of else { return Ok(0) };
        let found = self.0.iter().position(|name| name == of.get_ref());
        found.map(|join| join + 1).ok_or_else(|| {
            let names = self.0.iter().map(String::as_str);
            let hint = did_you_mean(of.get_ref(), names);
            let message = format!("nothing is joined here as {:?}{hint}", of.get_ref());
            Fault::at(of.span().start, message)
        })
    }

    fn column(&self, column: Spanned<RawColumn>) -> Result<(ColumnAt, bool), Fault> {
        let at = column.span().start;
        let OrName(RawColumnTable { column, of, descending }) = column.into_inner();
        Ok((ColumnAt { place: self.place(of)?, name: named(column, at)? }, descending))
    }
}

fn scope(
    table: Spanned<RawTable>,
    joins: Vec<RawJoin>,
    filters: Vec<RawFilter>,
) -> Result<(Scope, Names), Fault> {
    if let Some(join) = joins.get(JOINS_MAX) {
        let message = format!("{JOINS_MAX} tables are the most that can be joined");
        return refuse(join.alias.span().start, message);
    }
    let table = table_name(table)?;
    let mut names = Names(Vec::new());
    let mut checked = Vec::new();
    for join in joins {
        let at = join.alias.span().start;
        // Only what was joined before can lead to it.
        let (from, _) = names.column(join.from)?;
        checked.push(Join { table: table_name(join.table)?, from, to: identifier(join.to)? });
        let alias = join.alias.into_inner();
        if names.0.contains(&alias) {
            return refuse(
                at,
                format!("{alias:?} is the name of two tables; allowed: a name for each"),
            );
        }
        names.0.push(alias);
    }
    let filters = filters.into_iter().map(|filter| filter.checked(&names));
    let filters = filters.collect::<Result<_, _>>()?;
    Ok((Scope { table, joins: checked, filters }, names))
}

impl RawFilter {
    fn checked(self, names: &Names) -> Result<Filter, Fault> {
        let at = self.column.span().start;
        let column = ColumnAt { place: names.place(self.of)?, name: identifier(self.column)? };
        let test = match (self.is, self.is_null) {
            (None, Some(is_null)) => Test::IsNull(is_null),
            (Some(value), None) => {
                let at = value.span().start;
                Test::Is(value_text(value.into_inner(), at)?)
            }
            _ => return refuse(at, "give is or is_null beside it"),
        };
        Ok(Filter { column, test })
    }
}

/// A value that a column is compared with, as PostgreSQL spells it as text.
fn value_text(value: Value, at: usize) -> Result<String, Fault> {
    match value {
        Value::String(text) => without_nul(text, at),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(holds) => Ok(holds.to_string()),
        _ => refuse(at, "give a text, a whole number, true or false"),
    }
}

/// Reads shapes within a scope.
struct Shaper<'a> {
    names: &'a Names,
    in_list: bool,
}

impl Shaper<'_> {
    fn shape(&self, raw: Spanned<RawShape>, depth: usize) -> Result<Shape, Fault> {
        let at = raw.span().start;
        if depth == DEPTH_MAX {
            return refuse(at, format!("values are nested at most {DEPTH_MAX} deep"));
        }
        let OrName(raw) = raw.into_inner();
        let ways = [
            raw.column.is_some(),
            raw.join.is_some(),
            raw.constant.is_some(),
            raw.object.is_some(),
            raw.list.is_some(),
            raw.first.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            return refuse(at, "give one of column, join, constant, object, list and first");
        }
        for (key, is_given, needs, is_there) in [
            ("of", raw.of.is_some(), "column", raw.column.is_some()),
            ("path", raw.path.is_some(), "column", raw.column.is_some()),
            ("format", raw.format.is_some(), "column", raw.column.is_some()),
            ("as", raw.taken_as.is_some(), "column", raw.column.is_some()),
            ("replace", raw.replace.is_some(), "column", raw.column.is_some()),
            ("separator", raw.separator.is_some(), "join", raw.join.is_some()),
        ] {
            if is_given && !is_there {
                return refuse(at, format!("{key}: it goes with {needs} only"));
            }
        }
        self.one(raw, at, depth)
    }

    /// The shape, of which it is known that it is made in one way.
    fn one(&self, raw: RawShapeTable, at: usize, depth: usize) -> Result<Shape, Fault> {
        if let Some(parts) = raw.join {
            let parts = parts.into_iter().map(|part| self.shape(part, depth + 1));
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let is_text = |part: &Shape| {
                matches!(part, Shape::Column(_) | Shape::Constant(serde_json::Value::String(_)))
            };
            if parts.is_empty() || !parts.iter().all(is_text) {
                return refuse(at, "join: its parts are columns and constant texts, one at least");
            }
            let separator = match raw.separator {
                Some(text) => {
                    let at = text.span().start;
                    without_nul(text.into_inner(), at)?
                }
                None => " ".to_owned(),
            };
            return Ok(Shape::Joined { parts, separator });
        }
        if let Some(value) = raw.constant {
            return constant(value);
        }
        if let Some(members) = raw.object {
            let member = |(key, shape): (Spanned<String>, _)| {
                let at = key.span().start;
                Ok((without_nul(key.into_inner(), at)?, self.shape(shape, depth + 1)?))
            };
            let members = members.into_iter().map(member).collect::<Result<Vec<_>, Fault>>()?;
            if members.is_empty() {
                return refuse(at, "object: it has no member");
            }
            return Ok(Shape::Object(members));
        }
        if let Some(related) = raw.list {
            return self.related(related, depth).map(Shape::List);
        }
        if let Some(related) = raw.first {
            return self.related(related, depth).map(Shape::First);
        }
        self.column(raw, at)
    }

    fn related(
        &self,
        related: Spanned<Box<RawRelated>>,
        depth: usize,
    ) -> Result<Box<Related>, Fault> {
        let at = related.span().start;
        if self.in_list {
            return refuse(at, "a list within a list: make it a view in the database instead");
        }
        let related = *related.into_inner();
        let (scope, names) = scope(related.table, related.joins, related.filters)?;
        let order = related.order.into_iter().map(|column| {
            let (column, descending) = names.column(column)?;
            Ok(Order { column, descending })
        });
        let order = order.collect::<Result<_, Fault>>()?;
        let value = Shaper { names: &names, in_list: true }.shape(related.value, depth + 1)?;
        Ok(Box::new(Related { scope, key: identifier(related.key)?, order, value }))
    }

    fn column(&self, raw: RawShapeTable, at: usize) -> Result<Shape, Fault> {
        let Some(name) = raw.column else { return refuse(at, "column: it is missing") };
        let column = ColumnAt { place: self.names.place(raw.of)?, name: named(name, at)? };
        let path = raw.path.map_or_else(|| Ok(Vec::new()), pointer)?;
        let date = raw.format.map(date_format).transpose()?;
        let taken_as = match raw.taken_as {
            None => None,
            Some(name) => match name.get_ref().as_str() {
                "text" => Some(TakenAs::Text),
                "json" => Some(TakenAs::Json),
                other => {
                    let message = format!("{other:?} is neither \"text\" nor \"json\"");
                    return refuse(name.span().start, message);
                }
            },
        };
        let replace = match raw.replace {
            None => None,
            Some(pair) => {
                let at = pair.span().start;
                let [from, to] = <[String; 2]>::try_from(pair.into_inner())
                    .map_err(|_| Fault::at(at, "give two texts, what is replaced and by what"))?;
                Some((without_nul(from, at)?, without_nul(to, at)?))
            }
        };
        if date.is_some() && (!path.is_empty() || taken_as.is_some() || replace.is_some()) {
            return refuse(at, "format: it does not go with path, as and replace");
        }
        Ok(Shape::Column(ColumnShape { column, path, date, taken_as, replace }))
    }
}

fn constant(value: Spanned<Value>) -> Result<Shape, Fault> {
    let at = value.span().start;
    let value = serde_json::to_value(value.into_inner());
    match value {
        Ok(value) if !value.to_string().contains("\\u0000") => Ok(Shape::Constant(value)),
        _ => refuse(at, "this cannot be JSON in PostgreSQL"),
    }
}

fn date_format(name: Spanned<String>) -> Result<DateFormat, Fault> {
    let found = DateFormat::ALL.iter().find(|(known, ..)| known == name.get_ref());
    found.map(|(_, format, _)| *format).ok_or_else(|| {
        let known = DateFormat::ALL.map(|(known, ..)| known).join(", ");
        let message = format!("{:?} is none of {known}", name.get_ref());
        Fault::at(name.span().start, message)
    })
}

/// The steps of a JSON Pointer (RFC 6901).
fn pointer(path: Spanned<String>) -> Result<Vec<String>, Fault> {
    let at = path.span().start;
    let path = without_nul(path.into_inner(), at)?;
    let Some(steps) = path.strip_prefix('/') else {
        return refuse(at, "a JSON Pointer begins with a slash, as \"/hometown/name\"");
    };
    Ok(steps.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect())
}

fn table_name(table: Spanned<RawTable>) -> Result<TableName, Fault> {
    let at = table.span().start;
    let parts = match table.into_inner() {
        RawTable::Text(text) => text.split('.').map(str::to_owned).collect(),
        RawTable::Parts(parts) => parts,
    };
    let (schema, name) = match <[String; 2]>::try_from(parts) {
        Ok([schema, name]) => (schema, name),
        Err(parts) => match <[String; 1]>::try_from(parts) {
            Ok([name]) => ("public".to_owned(), name),
            Err(_) => {
                let message =
                    "give \"schema.name\", or [\"schema\", \"name\"] where a name has a dot";
                return refuse(at, message);
            }
        },
    };
    Ok(TableName { schema: checked_name(schema, at)?, name: checked_name(name, at)? })
}

fn identifier(name: Spanned<String>) -> Result<String, Fault> {
    let at = name.span().start;
    checked_name(name.into_inner(), at)
}

/// A name that stood alone has no place of its own.
fn named(name: Spanned<String>, at: usize) -> Result<String, Fault> {
    let at = if name.span().is_empty() { at } else { name.span().start };
    checked_name(name.into_inner(), at)
}

fn checked_name(name: String, at: usize) -> Result<String, Fault> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains('\0') {
        return refuse(
            at,
            format!("{name:?} is no name in PostgreSQL: use 1 to {NAME_BYTES_MAX} bytes"),
        );
    }
    Ok(name)
}

fn without_nul(text: String, at: usize) -> Result<String, Fault> {
    if text.contains('\0') {
        return refuse(at, "PostgreSQL's text has no NUL");
    }
    Ok(text)
}
