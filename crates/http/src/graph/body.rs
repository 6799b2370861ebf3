//! The parameters in a request's body: a form, in either encoding, or a JSON object.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::body::Bytes;
use countersign_protocol::json_check::{self, JsonProblem};
use futures_util::{FutureExt as _, stream};
use serde_json::{Map, Value};

use super::query::Query;
use crate::errors::GraphError;

/// The most parts of a multipart form that are looked at.
const PARTS_MAX: usize = 64;

/// Reads the parameters of a body. A body of another kind has none.
///
/// # Errors
/// [`GraphError`] 100 for a body that is not of the kind that its content type says.
pub(super) fn parameters(
    content_type: Option<&str>,
    body: &Bytes,
) -> Result<Query<'static>, GraphError> {
    if body.is_empty() {
        return Ok(Query::default());
    }
    let kind = content_type.unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "multipart/form-data" => {
            // All of it is here, so nothing is waited for.
            let read = multipart(kind, body.clone()).now_or_never();
            read.unwrap_or_else(|| Err(GraphError::malformed_body("multipart/form-data")))
        }
        "application/json" => json(body),
        "" if body.trim_ascii_start().starts_with(b"{") => json(body),
        "" | "application/x-www-form-urlencoded" => Ok(form(body)),
        _ => Ok(Query::default()),
    }
}

fn form(body: &[u8]) -> Query<'static> {
    let pairs = form_urlencoded::parse(body);
    pairs.map(|(name, value)| (owned(name.into_owned()), owned(value.into_owned()))).collect()
}

fn owned(text: String) -> Cow<'static, str> {
    Cow::Owned(text)
}

/// Texts count as they are, lists of texts as if they stood in a query, anything else as JSON.
fn json(body: &[u8]) -> Result<Query<'static>, GraphError> {
    let members: Map<String, Value> = json_check::read(body).map_err(|fault| {
        GraphError::malformed_body(match fault.problem {
            JsonProblem::KeyTwice { .. } => "JSON in which every key stands once in its object",
            _ => "a JSON object",
        })
    })?;
    let pairs = members.into_iter().map(|(name, value)| {
        let value = match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            Value::Array(items) if items.iter().all(Value::is_string) && !items.is_empty() => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        (owned(name), owned(value))
    });
    Ok(pairs.collect())
}

async fn multipart(content_type: &str, body: Bytes) -> Result<Query<'static>, GraphError> {
    let malformed = |_| GraphError::malformed_body("multipart/form-data");
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let body = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(body, boundary);
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        if pairs.len() == PARTS_MAX {
            return Err(GraphError::malformed_body("multipart/form-data of fewer parts"));
        }
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let bytes = part.bytes().await.map_err(malformed)?;
        match String::from_utf8(bytes.into()) {
            Ok(text) => pairs.push((owned(name), owned(text))),
            // What is no text is a file, unless a parameter that means something is called so.
            Err(_) if Query::is_parameter(&name) => {
                return Err(GraphError::wrong_parameter(&name, "text in UTF-8"));
            }
            Err(_) => {}
        }
    }
    Ok(pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: Option<&str>, body: &str) -> Result<Query<'static>, GraphError> {
        parameters(content_type, &Bytes::from(body.to_owned()))
    }

    #[test]
    fn a_form_is_read_in_each_of_its_encodings() {
        let multipart = "--x\r\ncontent-disposition: form-data; name=\"fields\"\r\n\r\nid,name\r\n--x\r\ncontent-disposition: form-data; name=\"limit\"\r\n\r\n3\r\n--x--\r\n";
        for (content_type, body) in [
            (None, "fields=id%2Cname&limit=3"),
            (Some("application/x-www-form-urlencoded"), "fields=id,name&limit=3"),
            (Some("Application/JSON; charset=utf-8"), r#"{"fields":"id,name","limit":3}"#),
            (None, r#" {"fields":["id","name"],"limit":"3"}"#),
            (Some("multipart/form-data; boundary=x"), multipart),
        ] {
            let query = read(content_type, body).unwrap();
            assert_eq!(query.fields.as_deref(), Some("id,name"), "{body}");
            assert_eq!(query.limit.as_deref(), Some("3"), "{body}");
        }
        let batch = read(None, r#"{"batch":[{"method":"GET"}]}"#).unwrap().batch.unwrap();
        assert_eq!(batch, r#"[{"method":"GET"}]"#);
        assert!(read(Some("text/plain"), "fields=id").unwrap().fields.is_none());
    }

    #[test]
    fn a_body_that_is_not_what_it_says_is_refused() {
        for (content_type, body) in [
            (Some("application/json"), "[1]"),
            (None, "{"),
            (None, r#"{"fields":"id","fields":"id"}"#),
            (Some("multipart/form-data"), "--x"),
            (Some("multipart/form-data; boundary=x"), "--x\r\n"),
        ] {
            let refused = read(content_type, body).map_err(|error| error.code);
            assert_eq!(refused.err(), Some(100), "{body}");
        }
    }

    #[test]
    fn a_part_that_is_no_text_is_a_file_and_no_parameter() {
        let part = |name: &str| {
            let head = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            Bytes::from([head.as_bytes(), b"\xff\r\n--x--\r\n"].concat())
        };
        let kind = Some("multipart/form-data; boundary=x");
        assert!(parameters(kind, &part("source")).is_ok());
        let refused = parameters(kind, &part("limit")).map_err(|error| error.code);
        assert_eq!(refused.err(), Some(100));
    }
}
