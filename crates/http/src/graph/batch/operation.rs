//! The operations of a batch, as a client writes them.

use axum::http::StatusCode;
use countersign_protocol::json_check::{self, JsonProblem};
use serde::Deserialize;
use serde_json::Value;

use super::reference::{Budget, Template};
use crate::errors::GraphError;

/// An operation as it stands in the JSON. Keys that mean nothing here, `headers` and `attached_files` among
/// them, are passed over.
#[derive(Deserialize)]
struct Sent {
    method: Option<String>,
    relative_url: String,
    body: Option<String>,
    name: Option<String>,
    omit_response_on_success: Option<Value>,
    depends_on: Option<String>,
    access_token: Option<String>,
}

/// An operation.
pub(super) struct Operation {
    method: String,
    url: Template,
    body: Template,
    access_token: Option<String>,
    omit: Option<bool>,
    /// Whether another operation depends on it.
    is_depended_on: bool,
    /// Whether another operation uses its answer.
    is_referred_to: bool,
    /// What is wrong with it, if that is known before it is begun.
    problem: Option<GraphError>,
    /// By what others refer to it.
    pub(super) name: Option<String>,
    /// The places of the operations that have to be done before.
    pub(super) dependencies: Vec<usize>,
}

/// An operation whose references are resolved.
pub(super) struct Resolved {
    /// In capital letters.
    pub(super) method: String,
    /// Path and query, beginning with a slash.
    pub(super) url: String,
    /// What parameters stand in the body.
    pub(super) body: String,
    /// Its own token.
    pub(super) access_token: Option<String>,
    /// Whether another operation uses its answer.
    pub(super) is_referred_to: bool,
    url_had_references: bool,
    body_had_references: bool,
}

/// Reads the operations of a batch.
///
/// # Errors
/// [`GraphError`] 100 for what is no list of operations, too many of them, or two of one name.
pub(super) fn parse(text: &str, operations_max: usize) -> Result<Vec<Operation>, GraphError> {
    let malformed = || {
        GraphError::malformed_batch(
            "a JSON array of operations with a relative_url each is expected",
        )
    };
    let sent: Vec<Value> =
        json_check::read(text.as_bytes()).map_err(|fault| match fault.problem {
            JsonProblem::KeyTwice { .. } => {
                GraphError::malformed_batch("every key is expected once in its object")
            }
            _ => malformed(),
        })?;
    if sent.len() > operations_max {
        return Err(GraphError::too_many_operations(operations_max));
    }
    if sent.is_empty() {
        return Err(malformed());
    }
    let mut operations: Vec<Operation> = Vec::with_capacity(sent.len());
    for one in sent {
        let one: Sent = serde_json::from_value(one).map_err(|_| malformed())?;
        let named = |operation: &Operation| one.name.is_some() && operation.name == one.name;
        if operations.iter().any(named) {
            return Err(GraphError::malformed_batch("two operations have one name"));
        }
        let operation = Operation::of(one, &mut operations);
        operations.push(operation);
    }
    Ok(operations)
}

impl Operation {
    /// An operation after those before it, which are told that it depends on them.
    fn of(sent: Sent, before: &mut [Self]) -> Self {
        let slash = if sent.relative_url.starts_with('/') { "" } else { "/" };
        let mut operation = Self {
            method: sent.method.map_or_else(|| "GET".to_owned(), |m| m.to_ascii_uppercase()),
            url: Template::default(),
            body: Template::default(),
            access_token: sent.access_token.filter(|token| !token.is_empty()),
            omit: sent.omit_response_on_success.map(|value| is_true(&value)),
            is_depended_on: false,
            is_referred_to: false,
            problem: None,
            name: sent.name,
            dependencies: Vec::new(),
        };
        let url = format!("{slash}{}", sent.relative_url);
        let read = Template::parse(&url)
            .and_then(|url| Ok((url, Template::parse(sent.body.as_deref().unwrap_or_default())?)));
        match read {
            Ok((url, body)) => (operation.url, operation.body) = (url, body),
            Err(error) => operation.problem = Some(error),
        }
        if url.contains(char::is_control) {
            let problem = "a relative_url has characters that no address has";
            operation.problem = Some(GraphError::malformed_batch(problem));
        }
        operation.depend(sent.depends_on.as_deref(), before);
        operation
    }

    fn depend(&mut self, depends_on: Option<&str>, before: &mut [Self]) {
        let references = self.url.names().chain(self.body.names()).map(|name| (name, true));
        let named = depends_on.filter(|name| !name.is_empty()).map(|name| (name, false));
        let mut problem = None;
        for (name, is_reference) in references.chain(named) {
            let found = before.iter_mut().zip(0..);
            let mut found = found.filter(|(one, _)| one.name.as_deref() == Some(name));
            let Some((one, number)) = found.next() else {
                problem = Some(GraphError::malformed_batch(
                    "an operation depends on another that does not stand before it",
                ));
                continue;
            };
            one.is_depended_on = true;
            one.is_referred_to |= is_reference;
            self.dependencies.push(number);
        }
        self.problem = self.problem.take().or(problem);
    }

    /// Whether its answer is left out: as the client says, else if it was asked for others' sake.
    pub(super) fn is_omitted(&self, status: StatusCode) -> bool {
        status == StatusCode::OK && self.omit.unwrap_or(self.is_depended_on)
    }

    /// The operation with what it refers to in place.
    ///
    /// # Errors
    /// [`GraphError`] 100 for what cannot be done at all.
    pub(super) fn resolve<'v>(
        &self,
        value_of: impl Fn(&str) -> Option<&'v Value>,
    ) -> Result<Resolved, GraphError> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let mut budget = Budget::default();
        let url = self.url.resolve(&value_of, &mut budget)?;
        let body = self.body.resolve(&value_of, &mut budget)?;
        let body_had_references = self.body.names().next().is_some();
        if body_had_references && body.contains(char::is_control) {
            let problem = "a body with references has characters that no form has";
            return Err(GraphError::malformed_batch(problem));
        }
        Ok(Resolved {
            method: self.method.clone(),
            url,
            body,
            access_token: self.access_token.clone(),
            is_referred_to: self.is_referred_to,
            url_had_references: self.url.names().next().is_some(),
            body_had_references,
        })
    }
}

impl Resolved {
    /// Path and query, if the client cannot know them.
    pub(super) fn url_as_resolved(&self) -> Option<&str> {
        Some(self.url.as_str()).filter(|_| self.url_had_references)
    }

    /// The body, if the client cannot know it.
    pub(super) fn body_as_resolved(&self) -> Option<&str> {
        Some(self.body.as_str()).filter(|_| self.body_had_references)
    }
}

/// Clients write `true`, `"true"` and `1`.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(value) => *value,
        Value::String(text) => text == "true" || text == "1",
        Value::Number(number) => number.as_u64() == Some(1),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(batch: &Value) -> Result<Vec<Operation>, u32> {
        parse(&batch.to_string(), 3).map_err(|error| error.code)
    }

    #[test]
    fn operations_wait_for_those_that_they_name() {
        let operations = read(&json!([
            { "method": "get", "name": "friends", "relative_url": "me/friends?fields=id" },
            { "relative_url": "/me", "depends_on": "friends", "omit_response_on_success": "true" },
            { "method": "GET", "relative_url": "?ids={result=friends:$.data.*.id}", "headers": ["a: b"] },
        ]))
        .unwrap();
        let [friends, me, named] = operations.as_slice() else { panic!() };
        assert_eq!((&*friends.method, &friends.dependencies), ("GET", &vec![]));
        assert_eq!((&me.dependencies, &named.dependencies), (&vec![0], &vec![0]));
        let omitted = [friends, me, named].map(|one| one.is_omitted(StatusCode::OK));
        assert_eq!(omitted, [true, true, false]);
        assert!(!friends.is_omitted(StatusCode::BAD_REQUEST));
        let value = json!({ "data": [{ "id": "a" }, { "id": "b&c" }] });
        let resolved = named.resolve(|_| Some(&value)).unwrap();
        assert_eq!(resolved.url, "/?ids=a,b%26c");
        assert_eq!(resolved.url_as_resolved(), Some("/?ids=a,b%26c"));
        assert_eq!(me.resolve(|_| None).unwrap().url_as_resolved(), None);
    }

    #[test]
    fn what_cannot_be_a_batch_is_refused_whole_and_what_cannot_be_an_operation_alone() {
        for wrong in [
            json!({}),
            json!([]),
            json!(["me"]),
            json!([{ "method": "GET" }]),
            json!([{ "relative_url": "a", "name": "n" }, { "relative_url": "b", "name": "n" }]),
            json!(vec![json!({ "relative_url": "me" }); 4]),
        ] {
            assert_eq!(read(&wrong).err(), Some(100), "{wrong}");
        }
        let twice = r#"[{"relative_url":"me","access_token":"a","access_token":"b"}]"#;
        assert_eq!(parse(twice, 3).err().map(|error| error.code), Some(100));
        for url in
            ["?ids={result=nobody:$.id}", "?ids={result=later:$.id}", "?ids={result=me:id}", "me\n"]
        {
            let operations = read(&json!([
                { "relative_url": "me", "name": "me" },
                { "relative_url": url },
                { "relative_url": "me", "name": "later" },
            ]));
            let operations = operations.unwrap();
            assert!(operations[1].resolve(|_| None).is_err(), "{url}");
            assert!(operations[2].resolve(|_| None).is_ok());
        }
    }
}
