//! A schema of the document as somebody reads it: a type in a few words, and a row for each property.

use serde_json::Value;

use super::reference::Span;

/// How deep properties within properties are shown.
const DEPTH_MAX: usize = 4;

/// A type in words. The name in the middle is one that the page explains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) before: String,
    pub(super) named: Option<String>,
    pub(super) after: String,
}

/// A property of an object.
pub(super) struct Property {
    /// Its name, with those above it, as `error.code`.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) description: Vec<Span>,
}

/// What a reference leads to, or the value itself.
pub(super) fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The type in words.
pub(super) fn kind(schema: &Value) -> Kind {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = reference.rsplit('/').next().map(str::to_owned);
        return Kind { named, ..Kind::default() };
    }
    if let Some(choices) = choices(schema) {
        let (nulls, others): (Vec<_>, Vec<_>) =
            choices.iter().partition(|choice| choice["type"] == "null");
        if let ([only], false) = (&others[..], nulls.is_empty()) {
            let only = kind(only);
            return Kind { after: format!("{} or null", only.after), ..only };
        }
    }
    if schema["type"] == "array" {
        let items = kind(&schema["items"]);
        return Kind { before: format!("list of {}", items.before), ..items };
    }
    Kind { before: in_words(schema), ..Kind::default() }
}

/// The schemas of which a value has one.
fn choices(schema: &Value) -> Option<&Vec<Value>> {
    schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array())
}

fn in_words(schema: &Value) -> String {
    if let Some(constant) = schema.get("const") {
        return format!("always {constant}");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        return values.join(", ");
    }
    let mut words = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => match choices(schema) {
            Some(choices) => {
                let mut words: Vec<_> = choices.iter().map(in_words).collect();
                words.dedup();
                words.join(" or ")
            }
            None if schema.get("allOf").is_some() => "object".to_owned(),
            None => "any JSON".to_owned(),
        },
    };
    for (key, before, after) in [
        ("format", " (", ")"),
        ("pattern", " ", ""),
        ("minimum", " from ", ""),
        ("maximum", " to ", ""),
        ("minLength", " of at least ", " characters"),
        ("maxLength", " of at most ", " characters"),
        ("maxItems", " of at most ", " items"),
    ] {
        let value = match &schema[key] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        words.push_str(&format!("{before}{value}{after}"));
    }
    words
}

/// The properties of an object, those of objects within it included.
pub(super) fn properties(schema: &Value, document: &Value) -> Vec<Property> {
    let mut rows = Vec::new();
    add_properties(schema, document, "", 0, &mut rows);
    rows
}

fn add_properties(
    schema: &Value,
    document: &Value,
    prefix: &str,
    depth: usize,
    rows: &mut Vec<Property>,
) {
    let schema = if schema["type"] == "array" { &schema["items"] } else { schema };
    for part in schema["allOf"].as_array().into_iter().flatten() {
        add_properties(resolved(part, document), document, prefix, depth, rows);
    }
    for choice in choices(schema).into_iter().flatten() {
        let first = rows.len();
        add_properties(choice, document, prefix, depth, rows);
        // Those of one choice are not in a value that is another.
        rows.iter_mut().skip(first).for_each(|row| row.is_required = false);
    }
    let required = schema["required"].as_array();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let said = property.get("description");
        let of_choice = || choices(property)?.iter().find_map(|choice| choice.get("description"));
        let said = said.or_else(of_choice);
        let said = said.or_else(|| resolved(property, document).get("description"));
        let name_in_full = format!("{prefix}{name}");
        rows.push(Property {
            kind: kind(property),
            is_required: required.is_some_and(|names| names.iter().any(|n| n == name)),
            description: Span::all_of(said.and_then(Value::as_str).unwrap_or_default()),
            name: name_in_full.clone(),
        });
        if depth < DEPTH_MAX {
            add_properties(property, document, &format!("{name_in_full}."), depth + 1, rows);
        }
    }
    let others = &schema["additionalProperties"];
    if let Some(said) = others["description"].as_str() {
        rows.push(Property {
            name: format!("{prefix}…"),
            kind: kind(others),
            is_required: false,
            description: Span::all_of(said),
        });
    }
}
