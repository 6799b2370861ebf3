//! References of one operation to the answer of another: `{result=NAME:PATH}` within an address or a form,
//! plain or percent-encoded. The path is a [`Path`].

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::ControlFlow;

use serde_json::Value;

use super::path::{Halt, Path};
use crate::errors::GraphError;

const BEGIN: &str = "{result=";
const END: &str = "}";
const BEGIN_ENCODED: &str = "%7bresult%3d";
const END_ENCODED: &str = "%7d";

/// The most references of one text.
const REFERENCES_MAX: usize = 8;
/// The longest address or body of an operation once its references are resolved, in bytes.
const RESOLVED_BYTES_MAX: usize = 64 * 1024;
/// The most values that the references of one operation look at: what is found is bounded by bytes, and what
/// is looked for in vain by this, so that resolving takes milliseconds at most.
const NODES_MAX: usize = 65_536;

/// How much may still be looked at for one operation.
#[derive(Debug)]
pub(super) struct Budget {
    nodes_left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { nodes_left: NODES_MAX }
    }
}

/// A text with references in it.
#[derive(Default, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Reference { name: String, path: Path },
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
    /// none of them can add a parameter. It stops as soon as it is too long.
    ///
    /// # Errors
    /// [`GraphError`] 100 for what becomes too long, and for paths that look at too much.
    pub(super) fn resolve<'v>(
        &self,
        value_of: impl Fn(&str) -> Option<&'v Value>,
        budget: &mut Budget,
    ) -> Result<String, GraphError> {
        let too_long = |_| GraphError::malformed_batch("an operation is too long");
        let mut text = Resolved(String::new());
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push(part).map_err(too_long)?,
                Part::Reference { name, path } => {
                    let Some(value) = value_of(name) else { continue };
                    let mut comma = "";
                    let mut found = |value: &Value| {
                        let written = text.push(comma).and_then(|()| text.push_value(value));
                        comma = ",";
                        written.map_or_else(ControlFlow::Break, ControlFlow::Continue)
                    };
                    match path.walk(value, &mut budget.nodes_left, &mut found) {
                        ControlFlow::Continue(()) => {}
                        ControlFlow::Break(Halt::Enough(error)) => return Err(too_long(error)),
                        ControlFlow::Break(Halt::TooFar) => {
                            let problem = "the references of an operation lead through too much";
                            return Err(GraphError::malformed_batch(problem));
                        }
                    }
                }
            }
        }
        Ok(text.0)
    }
}

/// A text that is being resolved.
struct Resolved(String);

impl Resolved {
    fn push(&mut self, text: &str) -> io::Result<()> {
        if self.0.len() + text.len() > RESOLVED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.push_str(text);
        Ok(())
    }

    /// A text as it is, nothing for null, anything else as JSON.
    fn push_value(&mut self, value: &Value) -> io::Result<()> {
        match value {
            Value::String(text) => self.write_all(text.as_bytes()),
            Value::Null => Ok(()),
            other => Ok(serde_json::to_writer(self, other)?),
        }
    }
}

/// Whatever is written is percent-encoded.
impl Write for Resolved {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        form_urlencoded::byte_serialize(bytes).try_for_each(|part| self.push(part))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        reference.split_once(':').ok_or_else(|| wrong("a reference is {result=NAME:PATH}"))?;
    let path = Path::parse(path).ok_or_else(|| {
        wrong("a path is as $.data.*.id or $.data[0].id: at most one '..', 256 bytes, no unions, slices or filters")
    })?;
    Ok(Part::Reference { name: name.to_owned(), path })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn resolve(text: &str) -> Result<String, u32> {
        let value = json!({ "id": "1", "n": 2, "data": [{ "id": "a" }, { "id": "b c&d=e" }] });
        let template = Template::parse(text).map_err(|error| error.code)?;
        let value_of = |name: &str| Some(&value).filter(|_| name == "me");
        template.resolve(value_of, &mut Budget::default()).map_err(|error| error.code)
    }

    #[test]
    fn references_are_replaced_by_what_they_lead_to() {
        for (text, expected) in [
            ("/me", "/me"),
            ("/{result=me:$.id}/friends", "/1/friends"),
            ("/?ids={result=me:$.data.*.id}&limit=1", "/?ids=a,b+c%26d%3De&limit=1"),
            ("/?ids={result=me:$.data[0].id},{result=me:$.n}", "/?ids=a,2"),
            ("/?ids={result=me:$.data.0.id}", "/?ids=a"),
            ("/{result=me:$.data.0}", "/%7B%22id%22%3A%22a%22%7D"),
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
            "{result=me:$[*,*]}",
            "{result=me:$.data[0:2].id}",
            "{result=me:$['id','id']}",
            &format!("{{result=me:$.{}}}", "a".repeat(300)),
            &"{result=me:$.id}".repeat(9),
        ] {
            assert_eq!(resolve(text), Err(100), "{text}");
        }
    }

    #[test]
    fn what_becomes_too_long_or_looks_at_too_much_is_refused_before_it_is_made() {
        let resolve = |text: &str, value: &Value| {
            let template = Template::parse(text).unwrap();
            template.resolve(|_| Some(value), &mut Budget::default()).map_err(|e| e.message)
        };
        let many = json!({ "data": vec![json!({ "id": "0".repeat(32), "n": vec![0; 9] }); 5_000] });
        let long = resolve("?{result=me:$.data.*.id}", &many).unwrap_err();
        assert!(long.ends_with("too long"), "{long}");
        let whole = resolve("?{result=me:$.data}", &many).unwrap_err();
        assert!(whole.ends_with("too long"), "{whole}");
        assert!(resolve(&"{result=me:$.data.*.nobody}".repeat(8), &many).is_ok());
        let far = resolve("?{result=me:$..nobody}", &json!([many, many])).unwrap_err();
        assert!(far.ends_with("through too much"), "{far}");
        // What the references of an operation may look at is for all of them together.
        let far = resolve(&"{result=me:$.data.*.n.*.nobody}".repeat(2), &many).unwrap_err();
        assert!(far.ends_with("through too much"), "{far}");
    }

    proptest! {
        #[test]
        fn property_no_text_makes_the_reader_panic(text in "(\\{result=|%7Bresult%3D|[}%7Dame:$.é*]){0,12}") {
            let _ = resolve(&text);
        }
    }
}
