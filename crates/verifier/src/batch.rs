//! One answer out of the answer to a batch, as its recipient has it:
//!
//! ```text
//! [{"code":200,"headers":[{"name":NAME,"value":VALUE}, …],"body":TEXT}, null, …]
//! ```
//!
//! Each operation is an answer of its own, with its own receipt among its headers. `null` is none.

use std::fmt::Write as _;

use serde::Deserialize;

/// An operation's answer, in the form of an answer that came alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperationAnswer {
    /// Status and headers, as `curl -D` writes them.
    pub headers: String,
    /// The body, whose bytes the receipt signs.
    pub body: String,
}

/// Why there is no answer to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Not the answer to a batch.
    #[error("not the answer to a batch: {reason}")]
    Shape {
        /// What is wrong with it.
        reason: String,
    },
    /// A batch of fewer operations.
    #[error("there is no operation {number}: the batch has {found}, counted from 0")]
    NoSuchOperation {
        /// The operation that was asked for.
        number: usize,
        /// How many there are.
        found: usize,
    },
    /// An operation without an answer.
    #[error(
        "operation {number} is null: it was not done, or its answer was left out because another operation used it"
    )]
    Null {
        /// The operation that was asked for.
        number: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    code: u16,
    headers: Vec<Header>,
    body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    value: String,
}

/// Takes the answer to this operation, counted from 0, out of that to a batch.
///
/// # Errors
/// [`BatchError`].
pub fn operation(batch: &[u8], number: usize) -> Result<OperationAnswer, BatchError> {
    let shape = |reason: &dyn std::fmt::Display| BatchError::Shape { reason: reason.to_string() };
    let mut all: Vec<Option<Sent>> =
        serde_json::from_slice(batch).map_err(|error| shape(&error))?;
    let found = all.len();
    let sent = all.get_mut(number).ok_or(BatchError::NoSuchOperation { number, found })?;
    let Sent { code, headers, body } = sent.take().ok_or(BatchError::Null { number })?;
    let mut text = format!("HTTP/1.1 {code}\r\n");
    for Header { name, value } in headers {
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name || name.is_empty() || value.contains(char::is_control) {
            return Err(shape(&"a header is none"));
        }
        let _ = write!(text, "{name}: {value}\r\n");
    }
    Ok(OperationAnswer { headers: text, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: &str =
        r#"[null,{"code":200,"headers":[{"name":"A-b","value":"c: d"}],"body":"{\"id\":1}"}]"#;

    fn read(batch: &str, number: usize) -> Result<OperationAnswer, BatchError> {
        operation(batch.as_bytes(), number)
    }

    #[test]
    fn an_answer_is_taken_out_of_a_batch() {
        let headers = "HTTP/1.1 200\r\nA-b: c: d\r\n".to_owned();
        assert_eq!(read(BATCH, 1), Ok(OperationAnswer { headers, body: r#"{"id":1}"#.to_owned() }));
        assert_eq!(read(BATCH, 0), Err(BatchError::Null { number: 0 }));
        assert_eq!(read(BATCH, 2), Err(BatchError::NoSuchOperation { number: 2, found: 2 }));
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_refused() {
        for (from, to) in [
            ("c: d", r"c\r\ncountersign-seed: x"),
            ("A-b", r"HTTP/1.1 200\r\nx"),
            ("A-b", "HTTP/1.1 302 x"),
            (r#""code":200"#, r#""code":200,"code":400"#),
            (r#""body":"#, r#""body":"{}","body":"#),
            (r#""code":200"#, r#""code":200,"status":400"#),
            ("[null", "{"),
        ] {
            let changed = BATCH.replacen(from, to, 1);
            assert_ne!(changed, BATCH);
            assert!(matches!(read(&changed, 1), Err(BatchError::Shape { .. })), "{changed}");
        }
    }
}
