//! References of one operation to the answer of another: `{result=NAME:JSONPATH}` within an address or a form,
//! plain or percent-encoded. The path is JSONPath (RFC 9535) without filters, which clients of the Graph API do
//! not send and which could be made slow; `.0` counts as `[0]`, as it did before the RFC.

use std::borrow::Cow;

use serde_json::Value;
use serde_json_path::JsonPath;

use crate::gateway::errors::GraphError;

const BEGIN: &str = "{result=";
const END: &str = "}";
const BEGIN_ENCODED: &str = "%7bresult%3d";
const END_ENCODED: &str = "%7d";

/// The most references of one text.
const REFERENCES_MAX: usize = 8;
/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 256;

/// A text with references in it.
#[derive(Default, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Reference { name: String, path: JsonPath },
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// [`GraphError`] 100 for a reference that cannot be read, and for too many.
    pub(super) fn parse(text: &str) -> Result<Self, GraphError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, reference, after)) = next_reference(rest)? {
            if parts.len() >= 2 * REFERENCES_MAX {
                return Err(GraphError::malformed_batch("an operation has too many references"));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(read(&reference)?);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The operations that it refers to.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with what is referred to in place: values with commas between them, each percent-encoded, so that
    /// none of them can add a parameter.
    pub(super) fn resolve<'v>(&self, value_of: impl Fn(&str) -> Option<&'v Value>) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Reference { name, path } => {
                    let found = value_of(name).map(|value| path.query(value).all());
                    for (number, value) in found.unwrap_or_default().into_iter().enumerate() {
                        if number > 0 {
                            text.push(',');
                        }
                        text.extend(form_urlencoded::byte_serialize(written(value).as_bytes()));
                    }
                }
            }
        }
        text
    }
}

/// What stands before the next reference, the reference, and what follows.
#[expect(clippy::type_complexity, reason = "three parts of one text")]
fn next_reference(text: &str) -> Result<Option<(&str, Cow<'_, str>, &str)>, GraphError> {
    // Lower-case letters of ASCII are as many bytes as capital ones, so places are the same.
    let lower = text.to_ascii_lowercase();
    let plain = lower.find(BEGIN).map(|at| (at, BEGIN, END));
    let encoded = lower.find(BEGIN_ENCODED).map(|at| (at, BEGIN_ENCODED, END_ENCODED));
    let first = [plain, encoded].into_iter().flatten().min_by_key(|(at, ..)| *at);
    let Some((at, begin, end)) = first else { return Ok(None) };
    let inner = at + begin.len();
    let length = lower.get(inner..).and_then(|rest| rest.find(end));
    let parts = length.and_then(|length| {
        let before = text.get(..at)?;
        let reference = text.get(inner..inner + length)?;
        Some((before, reference, text.get(inner + length + end.len()..)?))
    });
    let open = || GraphError::malformed_batch("a reference is not closed with a brace");
    let (before, reference, after) = parts.ok_or_else(open)?;
    let reference = if begin == BEGIN { Cow::Borrowed(reference) } else { decoded(reference) };
    Ok(Some((before, reference, after)))
}

fn decoded(text: &str) -> Cow<'_, str> {
    let (name, _) = form_urlencoded::parse(text.as_bytes()).next().unwrap_or_default();
    name
}

fn read(reference: &str) -> Result<Part, GraphError> {
    let wrong = |problem| GraphError::malformed_batch(problem);
    let (name, path) =
        reference.split_once(':').ok_or_else(|| wrong("a reference is {result=NAME:JSONPATH}"))?;
    if path.len() > PATH_BYTES_MAX || path.contains('?') || path.matches("..").count() > 1 {
        return Err(wrong("a JSONPath has no filters, at most one '..', and 256 bytes"));
    }
    let path = JsonPath::parse(&with_brackets(path))
        .map_err(|_| wrong("a JSONPath is one of RFC 9535, as $.data.*.id"))?;
    Ok(Part::Reference { name: name.to_owned(), path })
}

/// `$.data.0.id` as `$.data[0].id`.
fn with_brackets(path: &str) -> String {
    let mut segments = path.split('.');
    let mut written = segments.next().unwrap_or_default().to_owned();
    for segment in segments {
        if !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
            written.push_str(&format!("[{segment}]"));
        } else {
            written.push('.');
            written.push_str(segment);
        }
    }
    written
}

fn written(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Null => Cow::Borrowed(""),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn resolve(text: &str) -> Result<String, u32> {
        let value = json!({ "id": "1", "n": 2, "data": [{ "id": "a" }, { "id": "b c&d=e" }] });
        let template = Template::parse(text).map_err(|error| error.code)?;
        Ok(template.resolve(|name| Some(&value).filter(|_| name == "me")))
    }

    #[test]
    fn references_are_replaced_by_what_they_lead_to() {
        for (text, expected) in [
            ("/me", "/me"),
            ("/{result=me:$.id}/friends", "/1/friends"),
            ("/?ids={result=me:$.data.*.id}&limit=1", "/?ids=a,b+c%26d%3De&limit=1"),
            ("/?ids={result=me:$.data[0].id},{result=me:$.n}", "/?ids=a,2"),
            ("/?ids={result=me:$.data.0.id}", "/?ids=a"),
            ("/?ids={result=me:$..id}", "/?ids=1,a,b+c%26d%3De"),
            ("/?ids=%7Bresult%3Dme%3A%24.data.%2A.id%7D&x", "/?ids=a,b+c%26d%3De&x"),
            ("/me?fields=friends{name}", "/me?fields=friends{name}"),
            ("/?ids={result=me:$.nothing}", "/?ids="),
            ("/?ids={result=you:$.id}", "/?ids="),
        ] {
            assert_eq!(resolve(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn references_that_cannot_be_read_are_refused() {
        for text in [
            "{result=me:$.id",
            "{result=me}",
            "{result=me:id}",
            "{result=me:$.data[?@.id=='a'].id}",
            "{result=me:$..*..*}",
            &format!("{{result=me:$.{}}}", "a".repeat(300)),
            &"{result=me:$.id}".repeat(9),
        ] {
            assert_eq!(resolve(text), Err(100), "{text}");
        }
    }

    proptest! {
        #[test]
        fn property_no_text_makes_the_reader_panic(text in "(\\{result=|%7Bresult%3D|[}%7Dame:$.é*]){0,12}") {
            let _ = resolve(&text);
        }
    }
}
