//! What serde and the parser say, in this project's words.

use countersign_domain::nearest::did_you_mean;

use crate::places::line_at;

/// The key whose absence the message reports.
pub(crate) fn missing_key(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// A message of serde's: what was found, what is allowed, and the nearest name.
pub(crate) fn reworded(message: &str) -> String {
    let message = message.trim_end();
    unknown_key(message)
        .or_else(|| unknown_variant(message))
        .or_else(|| wrong_value(message))
        .unwrap_or_else(|| match message {
            "wanted string or table" => {
                "found another type; allowed: a text in quotation marks, or a table".to_owned()
            }
            _ if message.starts_with("wanted exactly 1 element") => {
                "allowed: a table with one key".to_owned()
            }
            _ => message.to_owned(),
        })
}

fn unknown_key(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let Some((found, names)) = rest.rsplit_once("`, expected ") else {
        return Some("unknown key; allowed: none".to_owned());
    };
    let names: Vec<&str> = names_in(names).collect();
    Some(format!("unknown key; allowed: {}{}", names.join(", "), did_you_mean(found, names)))
}

fn unknown_variant(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown variant `")?;
    let (found, names) = rest.rsplit_once("`, expected ")?;
    let names: Vec<&str> = names_in(names).collect();
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    Some(format!("found {found:?}; allowed: {}{}", quoted.join(", "), did_you_mean(found, names)))
}

fn wrong_value(message: &str) -> Option<String> {
    let rest = message.strip_prefix("invalid type: ");
    let rest = rest.or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    Some(format!("found {}; allowed: {}", kind_found(found), kind_allowed(expected)))
}

/// The names that serde lists, each between two backticks.
fn names_in(list: &str) -> impl Iterator<Item = &str> {
    list.split('`').skip(1).step_by(2)
}

/// What serde calls what it found, in words of TOML. A text is not repeated, since one in the wrong place may be a
/// secret.
fn kind_found(found: &str) -> String {
    let within = |kind: &str| found.strip_prefix(kind)?.strip_prefix(" `")?.strip_suffix('`');
    match found {
        "map" => "a table".to_owned(),
        "sequence" => "a list".to_owned(),
        "unit variant" => "a name alone".to_owned(),
        _ if found.starts_with("string ") => "a text".to_owned(),
        _ => match (within("integer").or_else(|| within("floating point")), within("boolean")) {
            (Some(number), _) => format!("the number {number}"),
            (_, flag) => flag.unwrap_or(found).to_owned(),
        },
    }
}

/// What serde calls what it expected, in words of TOML.
fn kind_allowed(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" | "string or table" => "a text in quotation marks",
        "a sequence" => "a list",
        "a map" => "a table",
        "newtype variant" => "a table that gives this name a value",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    }
}

/// What the parser says about a text that is not TOML.
pub(crate) fn of_parser(message: &str, text: &str, at: usize) -> String {
    let (found, allowed) = message.split_once(", expected ").unwrap_or((message, "nothing"));
    let value = line_at(text, at).split_once('=').map(|(key, value)| (key.trim(), bare(value)));
    match value {
        Some((_, "")) => "the value is missing".to_owned(),
        // What it is may be a secret, so it is not repeated.
        Some((key, value)) if is_text(value) => {
            format!("found a text without quotation marks; allowed: {key} = \"…\"")
        }
        _ if allowed == "nothing" => found.to_owned(),
        _ => format!("{found}; allowed: {allowed}"),
    }
}

/// A value without the comment behind it.
fn bare(value: &str) -> &str {
    value.split('#').next().unwrap_or_default().trim()
}

/// Whether a value is a text that lacks its quotation marks.
fn is_text(value: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:/_+-".contains(c);
    let is_other = ["true", "false"].contains(&value) || value.parse::<f64>().is_ok();
    !is_other && value.chars().all(is_plain)
}
