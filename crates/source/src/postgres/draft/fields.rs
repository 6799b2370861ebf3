//! Which columns are which fields: by name and type.

use countersign_domain::schema::{Field, FieldSchema};

use super::super::catalogue::{Column, Kind};
use super::joins::JoinedTable;
use super::toml::{self, ColumnRef};
use super::words::squeezed;

/// A field, with what it is made of.
pub(super) struct FieldPlacement {
    pub(super) field: String,
    /// The value as the file has it.
    pub(super) value: String,
    /// Why it is left as a comment, for somebody to decide.
    pub(super) note: Option<&'static str>,
}

/// What a field's column is called, without what is between its words.
const NAMES: [(&str, &[&str]); 24] = [
    ("name", &["name", "fullname", "displayname", "realname", "nombre"]),
    ("first_name", &["firstname", "givenname", "forename", "fname"]),
    ("middle_name", &["middlename", "middlenames"]),
    ("last_name", &["lastname", "surname", "familyname", "lname"]),
    ("gender", &["gender", "sex"]),
    ("birthday", &["birthday", "birthdate", "dateofbirth", "dob", "bornon", "born"]),
    ("email", &["email", "emailaddress", "mail", "emailaddr"]),
    ("link", &["link", "profileurl", "permalink"]),
    ("website", &["website", "homepage", "websiteurl", "url", "siteurl"]),
    ("locale", &["locale", "uilocale"]),
    ("timezone", &["timezone", "utcoffset"]),
    ("languages", &["languages"]),
    ("hometown", &["hometown", "birthplace", "placeofbirth", "hometownname"]),
    ("location", &["location", "city", "town", "currentcity", "cityname", "place"]),
    ("about", &["about", "bio", "biography", "aboutme", "note", "introduction"]),
    ("quotes", &["quotes", "favoritequotes"]),
    ("education", &["education"]),
    ("work", &["work"]),
    ("religion", &["religion", "faith"]),
    ("political", &["political", "politics", "politicalviews"]),
    ("interested_in", &["interestedin"]),
    ("relationship_status", &["relationshipstatus", "maritalstatus", "civilstatus"]),
    ("verified", &["verified", "isverified"]),
    ("updated_time", &["updatedat", "updatedtime", "modifiedat", "lastmodified", "updatedon"]),
];

/// Whether a column is called as this field is, with or without the prefix of its table.
fn is_called(field: &Field, name: &str) -> bool {
    let name = squeezed(name);
    let known = NAMES.iter().find(|(known, _)| *known == field.name);
    known.is_some_and(|(_, names)| names.contains(&name.as_str()))
        || squeezed(&field.name) == name
        || field.aliases.iter().any(|alias| squeezed(alias) == name)
}

/// The fields that have a column, in the order of the schema, and the columns that no field takes.
pub(super) fn place<'s>(
    schema: &FieldSchema,
    joined: &[JoinedTable<'s>],
    used: &[String],
) -> (Vec<FieldPlacement>, Vec<(&'s str, &'s str, &'s Column)>) {
    let (mut placed, mut taken) = (Vec::new(), Vec::new());
    for field in schema.fields() {
        if ["id", "friends"].contains(&field.name.as_str()) {
            continue;
        }
        let mut is_placed = false;
        for (at, joined) in joined.iter().enumerate() {
            for (name, column) in &joined.table.columns {
                if !is_called(field, joined.called(name)) {
                    continue;
                }
                let Some(made) = made(field, joined.alias.as_deref(), name, column) else {
                    continue;
                };
                taken.push((at, name.as_str()));
                let is_hidden = !column.is_readable && !joined.table.is_hidden();
                let note = if is_placed {
                    Some("another column that says it")
                } else if field.special {
                    Some("special category (GDPR Art. 9): only if an agreement needs it")
                } else if is_hidden {
                    Some("the role may not read this column")
                } else {
                    made.1
                };
                is_placed |= note.is_none();
                placed.push(FieldPlacement { field: field.name.clone(), value: made.0, note });
            }
        }
        if !is_placed
            && field.name == "name"
            && let Some(parts) = name_of_parts(joined)
        {
            placed.push(FieldPlacement { field: field.name.clone(), value: parts, note: None });
        }
    }
    // A table that has names for numbers has nothing else of a person.
    let of_people = joined.iter().enumerate().filter(|(_, joined)| joined.says.is_none());
    let left = of_people.flat_map(|(at, joined)| {
        let taken = &taken;
        let columns = joined.table.columns.iter().filter(move |(name, _)| {
            let is_used = if at == 0 { used.contains(name) } else { joined.to == *name };
            !taken.contains(&(at, name.as_str())) && !is_used
        });
        columns.map(|(name, column)| (joined.table.name.name.as_str(), name.as_str(), column))
    });
    (placed, left.collect())
}

/// The value of a field from a column, and why it is only a proposal, if it is; nothing where it cannot be.
fn made(
    field: &Field,
    alias: Option<&str>,
    name: &str,
    column: &Column,
) -> Option<(String, Option<&'static str>)> {
    let of = ColumnRef { name, alias };
    let is_date = matches!(column.kind, Kind::Date | Kind::Instant | Kind::LocalTime);
    let is_text = matches!(column.kind, Kind::Text | Kind::Word);
    let plain = |note| Some((of.alone(), note));
    match (field.name.as_str(), column.kind) {
        (_, Kind::Other) => None,
        ("birthday", _) if is_date => {
            Some((of.with(&[("format", &toml::text("MM/DD/YYYY"))]), None))
        }
        ("birthday", _) => plain(Some("no date: it has to read as MM/DD/YYYY")),
        ("updated_time", Kind::Instant) => plain(None),
        ("updated_time", Kind::LocalTime) => {
            plain(Some("it says no time zone: make a view that says AT TIME ZONE"))
        }
        ("updated_time", _) => None,
        ("timezone", Kind::Integer | Kind::Decimal) => plain(None),
        ("timezone", _) => plain(Some("the field is the offset from UTC in hours, a number")),
        ("verified", Kind::Boolean) => plain(None),
        ("verified", _) => None,
        ("hometown" | "location", _) if is_text => {
            Some((format!("{{ object = {{ name = {} }} }}", of.alone()), None))
        }
        (
            "hometown" | "location" | "education" | "work" | "languages",
            Kind::Json | Kind::Array,
        ) => plain(None),
        ("hometown" | "location" | "education" | "work" | "languages", _) => None,
        (_, Kind::Json) => plain(Some("JSON: say with `path` where in it the value is")),
        _ if is_date || column.kind == Kind::Boolean => None,
        (_, Kind::Integer) => {
            plain(Some("a number: is it a code? then join the table that has its text"))
        }
        _ => plain(None),
    }
}

/// The whole name, of those of its parts that there are.
fn name_of_parts(joined: &[JoinedTable<'_>]) -> Option<String> {
    let part = |field: &str| {
        let names = NAMES.iter().find(|(known, _)| *known == field).map(|(_, names)| names)?;
        joined.iter().find_map(|joined| {
            let is_part = |(name, column): &&(String, Column)| {
                let is_readable = column.is_readable || joined.table.is_hidden();
                is_readable && names.contains(&squeezed(joined.called(name)).as_str())
            };
            let (name, _) = joined.table.columns.iter().find(is_part)?;
            Some(ColumnRef { name, alias: joined.alias.as_deref() }.alone())
        })
    };
    let (first, last) = (part("first_name")?, part("last_name")?);
    Some(format!("{{ join = [{first}, {last}], separator = \" \" }}"))
}
