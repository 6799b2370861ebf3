//! The examples of the API document: requests, and what a running server answered to them. A test
//! sends them again, and writes the file when told to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::DocumentError;

const RECORDED: &str = include_str!("../../openapi/examples.json");

/// The recorded examples.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// What stands in requests for what differs from world to world, as `{friend}` for a friend's id.
    pub names: BTreeMap<String, String>,
    /// The examples, in the order of the page.
    pub examples: Vec<Example>,
}

/// A request and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The operation in the document.
    pub operation: String,
    /// What it shows.
    pub summary: String,
    /// Path and query.
    pub path: String,
    /// The token that is sent, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The JSON that is sent; a text is sent as it is, as lines of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The status of the answer.
    pub status: u16,
    /// Its documented headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Its body, where it is JSON or text that says something.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub answer: Value,
}

/// Which token a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Token {
    /// A partner's access token.
    Access,
    /// A client's app access token.
    App,
    /// A client's name and secret, as HTTP Basic.
    Client,
    /// The admin token.
    Admin,
    /// The metrics token.
    Metrics,
    /// The token of `/decide`.
    Decide,
}

impl Token {
    /// How curl is told to send it, with a shell variable that stands for it.
    #[must_use]
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Access => "-H \"Authorization: Bearer $TOKEN\"",
            Self::App => "-H \"Authorization: Bearer $APP_TOKEN\"",
            Self::Client => "-u \"$CLIENT:$CLIENT_SECRET\"",
            Self::Admin => "-H \"Authorization: Bearer $ADMIN_TOKEN\"",
            Self::Metrics => "-H \"Authorization: Bearer $METRICS_TOKEN\"",
            Self::Decide => "-H \"Authorization: Bearer $DECIDE_TOKEN\"",
        }
    }
}

impl Example {
    /// The media type of the body.
    #[must_use]
    pub fn body_kind(&self) -> &'static str {
        match self.body {
            Some(Value::String(_)) => "application/x-ndjson",
            _ => "application/json",
        }
    }

    /// A body as it is sent.
    #[must_use]
    pub fn body_text(body: &Value) -> String {
        body.as_str().map_or_else(|| body.to_string(), str::to_owned)
    }

    /// Path and query, with `{name}` replaced by what the name stands for.
    #[must_use]
    pub fn path_with(&self, names: &BTreeMap<String, String>) -> String {
        names.iter().fold(self.path.clone(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        })
    }
}

impl Examples {
    /// Those of this version.
    ///
    /// # Errors
    /// [`DocumentError::Json`] if the file is damaged.
    pub fn recorded() -> Result<Self, DocumentError> {
        Ok(serde_json::from_str(RECORDED)?)
    }

    /// Those of an operation.
    pub fn of<'a>(&'a self, operation: &'a str) -> impl Iterator<Item = &'a Example> {
        self.examples.iter().filter(move |example| example.operation == operation)
    }

    /// Puts the examples where the document has its bodies and parameters.
    pub(super) fn add_to(&self, document: &mut Value) -> Result<(), DocumentError> {
        let mut places = BTreeMap::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
                places.insert(id, (path.clone(), method.clone()));
            }
        }
        for (number, example) in self.examples.iter().enumerate() {
            let Some((path, method)) = places.get(&example.operation) else {
                // The sign-in is not part of every instance.
                if example.operation == "signIn" {
                    continue;
                }
                let operation = example.operation.clone();
                return Err(DocumentError::NoOperation { operation });
            };
            let operation = &document["paths"][path][method];
            let status = example.status.to_string();
            let answers = media(&operation["responses"][&status], document);
            let sent = super::schema::resolved(&operation["requestBody"], document).clone();
            let operation = &mut document["paths"][path][method];
            let name = format!("example{number}");
            if let Some(body) = &example.body {
                operation["requestBody"] = sent;
                let media = &mut operation["requestBody"]["content"][example.body_kind()];
                // What the server refuses is no example of what to send.
                if example.status < 300 {
                    media["examples"][&name] = json!({ "summary": example.summary, "value": body });
                }
            }
            if let (Some((response, kind)), false) = (answers, example.answer.is_null()) {
                operation["responses"][&status] = Value::Object(response);
                let media = &mut operation["responses"][&status]["content"][kind];
                media["examples"][&name] =
                    json!({ "summary": example.summary, "value": example.answer });
            }
        }
        Ok(())
    }
}

/// A response with its reference followed, so that examples can be added to it, and its media type.
fn media(response: &Value, document: &Value) -> Option<(Map<String, Value>, String)> {
    let response = super::schema::resolved(response, document).as_object()?.clone();
    let kind = response.get("content")?.as_object()?.keys().next()?.clone();
    Some((response, kind))
}
