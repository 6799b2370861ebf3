//! `[[settings]]` of a mapping: columns in which people chose on the platform already.

use countersign_domain::field::FieldSet;
use countersign_domain::nearest::did_you_mean;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_toml::{Fault, Spanned, Value};
use serde::Deserialize;

use super::super::mapping::SettingsRule;
use super::{Names, RawColumn, refuse, value_text};

/// All fields, those that a later schema adds included.
const EVERY_FIELD: &str = "*";

/// The most rules: a statement returns a bit for each.
const RULES_MAX: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSettings {
    column: Spanned<RawColumn>,
    open_at: Spanned<Vec<Spanned<Value>>>,
    fields: Spanned<Vec<Spanned<String>>>,
    routes: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    opens: bool,
}

/// Checks the rules; `names` are those of what is joined to the table of people.
pub(super) fn rules(
    raw: Vec<RawSettings>,
    names: &Names,
    schema: &FieldSchema,
) -> Result<Vec<SettingsRule>, Fault> {
    if let Some(rule) = raw.get(RULES_MAX) {
        let message = format!("there are at most {RULES_MAX} tables [[settings]]");
        return refuse(rule.column.span().start, message);
    }
    raw.into_iter().map(|rule| rule.checked(names, schema)).collect()
}

impl RawSettings {
    fn checked(self, names: &Names, schema: &FieldSchema) -> Result<SettingsRule, Fault> {
        let (column, _) = names.column(self.column)?;
        let at = self.open_at.span().start;
        let values = self.open_at.into_inner().into_iter();
        let values = values.map(|value| {
            let at = value.span().start;
            value_text(value.into_inner(), at)
        });
        let open_at = values.collect::<Result<Vec<_>, _>>()?;
        if open_at.is_empty() {
            return refuse(
                at,
                "name at least one value at which the fields are open, as [\"public\"] or [true]",
            );
        }
        let (opened, closed) = fields(self.fields, schema)?;
        let routes = routes(self.routes)?;
        Ok(SettingsRule { column, open_at, opened, closed, routes, opens: self.opens })
    }
}

/// What a rule can open and what it closes.
fn fields(
    names: Spanned<Vec<Spanned<String>>>,
    schema: &FieldSchema,
) -> Result<(FieldSet, FieldSet), Fault> {
    let at = names.span().start;
    let names = names.into_inner();
    if names.is_empty() {
        return refuse(at, "name at least one field, or [\"*\"] for all of them");
    }
    let mut found = FieldSet::EMPTY;
    for name in &names {
        if name.get_ref() == EVERY_FIELD {
            // Nobody has chosen to open what is added later, and whoever closed everything closed that too.
            return Ok((schema.all(), FieldSet::ALL));
        }
        let field = schema.resolve(&[name.get_ref()]);
        let field = field.map_err(|error| Fault::at(name.span().start, error.to_string()))?;
        found = found.or(field);
    }
    Ok((found, found))
}

fn routes(names: Spanned<Vec<Spanned<String>>>) -> Result<Vec<Route>, Fault> {
    let at = names.span().start;
    let allowed = Route::ALL.map(Route::name);
    let mut routes = Vec::new();
    for name in names.into_inner() {
        let route = Route::parse(name.get_ref()).ok_or_else(|| {
            let hint = did_you_mean(name.get_ref(), allowed);
            let message = format!(
                "there is no route {:?}; allowed: {}{hint}",
                name.get_ref(),
                allowed.join(", ")
            );
            Fault::at(name.span().start, message)
        })?;
        routes.push(route);
    }
    if routes.is_empty() {
        return refuse(at, format!("name at least one route; allowed: {}", allowed.join(", ")));
    }
    Ok(routes)
}
