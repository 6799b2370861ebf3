//! What serde and the parser say, in this project's words.

use countersign_domain::nearest::did_you_mean;

use crate::places::line_at;

/// What is said of a key that is not there.
pub(crate) const MISSING: &str = "this key is missing";

/// What is said of a key that there is not, before those that there are.
pub(crate) const UNKNOWN: &str = "unknown key; allowed: ";

/// What is said of a table that is to be one of several.
pub(crate) const TABLE_FOR_LIST: &str = "found a table; allowed: a list";

/// What the ends of keys say about their numbers.
const UNITS: [(&str, &str); 7] = [
    ("_ms", "milliseconds"),
    ("_s", "seconds"),
    ("_mib", "MiB"),
    ("_bytes", "bytes"),
    ("_bytes_max", "bytes"),
    ("_days", "days"),
    ("_years", "years"),
];

/// Quotation marks that are none in TOML, as programs for letters put them.
const CURLY: [char; 8] =
    ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{ab}', '\u{bb}'];

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
        return Some(format!("{UNKNOWN}none"));
    };
    let names: Vec<&str> = names_in(names).collect();
    Some(format!("{UNKNOWN}{}{}", names.join(", "), did_you_mean(found, names)))
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

/// A message about a number with what the number counts, as the key's name says.
pub(crate) fn with_unit(message: String, key: &str) -> String {
    match unit(key) {
        Some(unit) if message.contains("; allowed: a whole number") => {
            format!("{message}, of {unit}")
        }
        _ => message,
    }
}

fn unit(key: &str) -> Option<&'static str> {
    UNITS.iter().find(|(end, _)| key.ends_with(end)).map(|(_, unit)| *unit)
}

/// What the parser says about a text that is not TOML.
pub(crate) fn of_parser(message: &str, text: &str, at: usize) -> String {
    let (found, allowed) = message.split_once(", expected ").unwrap_or((message, "nothing"));
    let line = line_at(text, at);
    let value = line.split_once('=').map(|(key, value)| (key.trim(), bare(value)));
    let odd = text.get(at..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_ascii());
    let first = value.and_then(|(_, value)| value.chars().next());
    if let Some(mark) = first.into_iter().chain(odd).find(|c| CURLY.contains(c)) {
        return format!(
            "found the curly quotation mark {mark}; allowed: the straight ones, \" and '"
        );
    }
    if let Some(odd) = odd {
        let code = u32::from(odd);
        return format!(
            "found the character U+{code:04X} outside of quotation marks; allowed: plain spaces and letters"
        );
    }
    if at == 0 && text.trim_start().starts_with('{') {
        return "found JSON; allowed: TOML, a key and its value a line, as version = 1".to_owned();
    }
    match value {
        Some((_, "")) => "the value is missing".to_owned(),
        Some((key, value)) if value.matches('"').count() == 1 => {
            format!("found one quotation mark; allowed: {key} = \"…\", with one on either side")
        }
        Some((key, value)) if is_flag(value) => {
            format!("found {value}; allowed: {key} = true, or {key} = false")
        }
        Some((key, value)) if is_measured(value) && unit(key).is_some() => {
            let unit = unit(key).unwrap_or_default();
            format!("found {value}; allowed: a number alone, of {unit}, as {key} = 60")
        }
        // What it is may be a secret, so it is not repeated.
        Some((key, value)) if is_text(value) => {
            format!("found a text without quotation marks; allowed: {key} = \"…\"")
        }
        None if line.split_once(':').is_some_and(|(key, _)| is_text(key.trim())) => {
            let key = line.split(':').next().unwrap_or_default().trim();
            format!("found a colon; allowed: {key} = …")
        }
        _ if allowed == "nothing" => found.to_owned(),
        _ => format!("{found}; allowed: {allowed}"),
    }
}

/// Whether it is true or false as other languages write it.
fn is_flag(value: &str) -> bool {
    let flags = ["true", "false", "yes", "no", "on", "off"];
    flags.iter().any(|flag| value.eq_ignore_ascii_case(flag)) && !["true", "false"].contains(&value)
}

/// Whether it is a number with a unit behind it.
fn is_measured(value: &str) -> bool {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_unit = (1..=4).contains(&unit.len()) && unit.chars().all(|c| c.is_ascii_alphabetic());
    unit.len() < value.len() && is_unit
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
