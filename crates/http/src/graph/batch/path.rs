//! Where a reference leads: a path into the answer of another operation, in the part of JSONPath (RFC 9535) that
//! clients of the Graph API send.
//!
//! ```text
//! path    = "$" *segment
//! segment = "." name | ".*" | "[" number "]" | "[*]" | "['" name "']" | ".." (name | "*" | "[" … "]")
//! ```
//!
//! One selector a segment and one `..` a path, so that no value is reached twice by one segment: what a path
//! costs is bounded by what it walks over. `.0` counts as `[0]` in a list, as it did before the RFC. What it is
//! not: it has no unions, slices, filters, functions or negative numbers.

use std::ops::ControlFlow;

use serde_json::Value;

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 256;

/// A path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Path(Vec<Segment>);

/// One step of a path.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Segment {
    /// Whether it is taken from everything below as well.
    descends: bool,
    selector: Selector,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Selector {
    /// A member; of a list the value at this place, if it is a number.
    Name(String),
    /// A value of a list.
    Place(usize),
    /// Everything.
    All,
}

impl Path {
    /// Reads a path; `None` of what is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > PATH_BYTES_MAX {
            return None;
        }
        let mut rest = text.strip_prefix('$')?;
        let mut segments: Vec<Segment> = Vec::new();
        while !rest.is_empty() {
            let (segment, after) = Segment::read(rest)?;
            if segment.descends && segments.iter().any(|one| one.descends) {
                return None;
            }
            segments.push(segment);
            rest = after;
        }
        Some(Self(segments))
    }

    /// Gives each value that it leads to, in the order of the document, until `found` has enough.
    /// `nodes_left` is how many values may still be looked at.
    pub(super) fn walk<B>(
        &self,
        value: &Value,
        nodes_left: &mut usize,
        found: &mut impl FnMut(&Value) -> ControlFlow<B>,
    ) -> Walked<B> {
        walk(value, &self.0, nodes_left, found)
    }
}

/// How a walk ended: to its end, or before.
pub(super) type Walked<B> = ControlFlow<Halt<B>>;

/// Why a walk did not go to its end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Halt<B> {
    /// Too many values were looked at.
    TooFar,
    /// Who was given them has enough.
    Enough(B),
}

impl Segment {
    fn read(text: &str) -> Option<(Self, &str)> {
        let (descends, rest) = match text.strip_prefix("..") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('.').unwrap_or(text)),
        };
        let (selector, rest) = match rest.strip_prefix('[') {
            Some(inner) if descends || rest.len() == text.len() => bracketed(inner)?,
            None if rest.len() < text.len() => dotted(rest)?,
            _ => return None,
        };
        Some((Self { descends, selector }, rest))
    }
}

fn dotted(text: &str) -> Option<(Selector, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((Selector::All, rest));
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-') || !c.is_ascii();
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(length)?;
    (!name.is_empty()).then(|| (Selector::Name(name.to_owned()), rest))
}

/// What follows an opening bracket.
fn bracketed(text: &str) -> Option<(Selector, &str)> {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote) {
            let (name, rest) = inner.split_once(quote)?;
            let name = (!name.contains('\\')).then(|| name.to_owned())?;
            return Some((Selector::Name(name), rest.strip_prefix(']')?));
        }
    }
    let (inner, rest) = text.split_once(']')?;
    if inner == "*" {
        return Some((Selector::All, rest));
    }
    Some((Selector::Place(number(inner)?), rest))
}

fn number(text: &str) -> Option<usize> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// A document is at most 128 levels deep, and so is this.
fn walk<B>(
    value: &Value,
    segments: &[Segment],
    nodes_left: &mut usize,
    found: &mut impl FnMut(&Value) -> ControlFlow<B>,
) -> Walked<B> {
    let Some(left) = nodes_left.checked_sub(1) else {
        return ControlFlow::Break(Halt::TooFar);
    };
    *nodes_left = left;
    let Some((segment, rest)) = segments.split_first() else {
        return match found(value) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(enough) => ControlFlow::Break(Halt::Enough(enough)),
        };
    };
    match (&segment.selector, value) {
        (Selector::Name(name), Value::Object(members)) => {
            members
                .get(name)
                .map_or(ControlFlow::Continue(()), |one| walk(one, rest, nodes_left, found))?;
        }
        (Selector::Name(name), Value::Array(values)) => {
            let one = number(name).and_then(|place| values.get(place));
            one.map_or(ControlFlow::Continue(()), |one| walk(one, rest, nodes_left, found))?;
        }
        (Selector::Place(place), Value::Array(values)) => {
            values
                .get(*place)
                .map_or(ControlFlow::Continue(()), |one| walk(one, rest, nodes_left, found))?;
        }
        (Selector::All, value) => {
            each(value, |one| walk(one, rest, nodes_left, found))?;
        }
        _ => {}
    }
    if segment.descends {
        each(value, |one| walk(one, segments, nodes_left, found))?;
    }
    ControlFlow::Continue(())
}

fn each<B>(value: &Value, mut visit: impl FnMut(&Value) -> Walked<B>) -> Walked<B> {
    match value {
        Value::Array(values) => values.iter().try_for_each(&mut visit),
        Value::Object(members) => members.values().try_for_each(&mut visit),
        _ => ControlFlow::Continue(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn walked(path: &Path, value: &Value, nodes_max: usize) -> Result<(Vec<String>, usize), ()> {
        let (mut texts, mut left) = (Vec::new(), nodes_max);
        let ended = path.walk(value, &mut left, &mut |one| {
            texts.push(one.to_string());
            ControlFlow::<()>::Continue(())
        });
        if ended.is_break() { Err(()) } else { Ok((texts, nodes_max - left)) }
    }

    #[test]
    fn each_selector_leads_where_it_says() {
        let value = json!({ "a": [{ "id": 1 }, { "id": 2, "b c": [3] }], "id": 0, "7": 8 });
        for (path, expected) in [
            ("$", 1),
            ("$.id", 1),
            ("$['id']", 1),
            ("$[\"id\"]", 1),
            ("$.7", 1),
            ("$.a.0.id", 1),
            ("$.a[1]['b c'][0]", 1),
            ("$.a.*.id", 2),
            ("$.a[*].id", 2),
            ("$..id", 3),
            ("$..['b c']", 1),
            ("$..[0]", 2),
            ("$.*", 3),
            ("$..*", 9),
            ("$.a.id", 0),
            ("$.a[2]", 0),
            ("$.id[0]", 0),
        ] {
            let found = walked(&Path::parse(path).unwrap(), &value, 1_000).unwrap().0;
            assert_eq!(found.len(), expected, "{path}: {found:?}");
        }
    }

    #[test]
    fn what_could_reach_a_value_twice_is_no_path() {
        for text in [
            "",
            "id",
            ".id",
            "$id",
            "$.",
            "$..",
            "$...a",
            "$..a..b",
            "$[",
            "$[]",
            "$[*,*]",
            "$['a','b']",
            "$[0,1]",
            "$[0:2]",
            "$[-1]",
            "$[?@.a]",
            "$[?(@.a)]",
            "$.a.[0]",
            "$['a]",
            "$['a'",
            "$.a b",
            "$.a()",
            "$['\\u0061']",
            "$[ 0 ]",
        ] {
            assert_eq!(Path::parse(text), None, "{text}");
        }
        assert_eq!(Path::parse(&format!("$.{}", "a".repeat(300))), None);
    }

    proptest! {
        #[test]
        fn property_a_path_costs_no_more_than_what_it_walks_over_and_stops_where_it_should(
            segments in prop::collection::vec(prop::sample::select(vec![".*", "[*]", ".a", "[0]", ".0"]), 0..6),
            descends in prop::option::of(0_usize..6),
            wide in 1_usize..5,
            nodes_max in 0_usize..400,
        ) {
            let mut value = json!(1);
            for level in 0..4 {
                let values = vec![value; wide];
                value = if level % 2 == 0 { json!(values) } else { json!({ "a": values, "b": 0 }) };
            }
            let mut text = "$".to_owned();
            for (place, segment) in segments.iter().enumerate() {
                if descends == Some(place) {
                    text += if segment.starts_with('[') { ".." } else { "." };
                }
                text += segment;
            }
            let path = Path::parse(&text).unwrap();
            let all = walked(&Path::parse("$..*").unwrap(), &value, usize::MAX).unwrap().0.len() + 1;
            let (found, cost) = walked(&path, &value, usize::MAX).unwrap();
            prop_assert!(found.len() <= all, "{} finds {} of {}", text, found.len(), all);
            prop_assert!(cost <= all * (segments.len() + 1), "{} costs {} of {}", text, cost, all);
            prop_assert_eq!(walked(&path, &value, nodes_max).is_ok(), cost <= nodes_max);
        }

        #[test]
        fn property_no_text_makes_the_reader_panic(text in "[$.a0é*'\"\\[\\]?,:]{0,20}") {
            let _ = Path::parse(&text);
        }
    }
}
