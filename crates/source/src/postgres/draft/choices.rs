//! Columns in which people chose on the platform who may see what: they become rules that only close, since what was
//! open to friends was not therefore open to the apps that friends use.

use countersign_domain::schema::FieldSchema;

use super::super::catalogue::{Column, Kind};
use super::fields::FieldPlacement;
use super::joins::JoinedTable;
use super::toml::{self, ColumnRef};
use super::words::squeezed;

/// Values under which friends may see something.
const OPEN: [&str; 13] = [
    "public",
    "everyone",
    "everybody",
    "all",
    "world",
    "friends",
    "friend",
    "friendsonly",
    "contacts",
    "connections",
    "friendsoffriends",
    "followers",
    "amigos",
];

/// Names of columns that say it of the whole profile; whether true opens it.
const WHOLE: [(&str, bool); 12] = [
    ("ispublic", true),
    ("public", true),
    ("visible", true),
    ("isvisible", true),
    ("profilepublic", true),
    ("isprivate", false),
    ("private", false),
    ("locked", false),
    ("islocked", false),
    ("hidden", false),
    ("ishidden", false),
    ("privateprofile", false),
];

/// A table `[[settings]]`.
pub(super) struct Rule {
    pub(super) text: String,
    /// Whether it is left as a comment.
    pub(super) is_proposal: bool,
    /// The column, so that it is not told as left over.
    pub(super) column: String,
}

/// The rules that columns suggest; `values_of` looks up which values a column of text has.
pub(super) fn rules(
    schema: &FieldSchema,
    joined: &[JoinedTable<'_>],
    placed: &[FieldPlacement],
    values_of: &dyn Fn(&JoinedTable<'_>, &str) -> Vec<String>,
) -> Vec<Rule> {
    let mut rules = Vec::new();
    for joined in joined.iter().filter(|joined| joined.says.is_none()) {
        for (name, column) in &joined.table.columns {
            let bare = squeezed(joined.called(name));
            let Some(fields) = fields(&bare, column, schema, placed) else { continue };
            let values = match column.kind {
                Kind::Boolean => Vec::new(),
                _ if column.labels.is_empty() => values_of(joined, name),
                _ => column.labels.clone(),
            };
            let open_at = open_at(&bare, column, &values);
            rules.push(rule(joined, name, &fields, &open_at, &values));
        }
    }
    rules
}

/// The fields that a column of this name is about: all of them as `*`.
fn fields(
    bare: &str,
    column: &Column,
    schema: &FieldSchema,
    placed: &[FieldPlacement],
) -> Option<Vec<String>> {
    let is_level = matches!(column.kind, Kind::Text | Kind::Word);
    if column.kind == Kind::Boolean && WHOLE.iter().any(|(name, _)| *name == bare) {
        return Some(vec!["*".to_owned()]);
    }
    let about = match column.kind {
        Kind::Boolean => bare.strip_prefix("show").or_else(|| bare.strip_prefix("hide")),
        _ if is_level => ["visibility", "privacy", "privacylevel", "visibleto", "audience"]
            .iter()
            .find_map(|end| bare.strip_suffix(end)),
        _ => None,
    }?;
    if is_level && ["", "profile", "account", "default"].contains(&about) {
        return Some(vec!["*".to_owned()]);
    }
    let named: Vec<String> = (schema.fields().iter())
        .filter(|field| {
            squeezed(&field.name) == about || (about == "birthdate" && field.name == "birthday")
        })
        .filter(|field| placed.iter().any(|placed| placed.field == field.name))
        .map(|field| field.name.clone())
        .collect();
    (!named.is_empty()).then_some(named)
}

/// The values at which a field is open, as the file has them.
fn open_at(bare: &str, column: &Column, values: &[String]) -> Vec<String> {
    if column.kind == Kind::Boolean {
        let whole = WHOLE.iter().find(|(name, _)| *name == bare).map(|(_, opens)| *opens);
        return vec![whole.unwrap_or_else(|| !bare.starts_with("hide")).to_string()];
    }
    let open = values.iter().filter(|value| OPEN.contains(&squeezed(value).as_str()));
    open.map(|value| toml::text(value)).collect()
}

fn rule(
    joined: &JoinedTable<'_>,
    name: &str,
    fields: &[String],
    open_at: &[String],
    values: &[String],
) -> Rule {
    let column = ColumnRef { name, alias: joined.alias.as_deref() }.alone();
    let fields = fields.iter().map(|field| toml::text(field)).collect::<Vec<_>>().join(", ");
    let known = values.iter().map(|value| toml::text(value)).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { String::new() } else { format!("  # of {known}") };
    let text = format!(
        "[[settings]]\ncolumn = {column}\nopen_at = [{}]{known}\nfields = [{fields}]\n\
         routes = [\"friends_device\", \"friends_app\"]\n",
        open_at.join(", ")
    );
    Rule { text, is_proposal: open_at.is_empty(), column: name.to_owned() }
}
