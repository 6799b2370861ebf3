//! `GET /openapi.json`: what is served here, as an OpenAPI 3.1 document; and the page made of it.
//!
//! Handlers and their types say what the document has of them; `crates/http/openapi/` has by hand what it says of the
//! read API and of the log. Tests hold it against the router, against running servers and against what they answered.
//! Here all becomes one document, with the addresses of this instance and the recorded examples in it.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

mod derived;
pub mod examples;
pub mod reference;
pub mod refusals;
mod schema;

use examples::Examples;
use reference::Reference;

/// What the document begins with.
const DOCUMENT: &str = include_str!("../../openapi/document.json");

/// What no type of a handler says: the read API, whose answers have the fields of people, and the folder of the log.
const BY_HAND: [&str; 4] = [
    include_str!("../../openapi/graph.json"),
    include_str!("../../openapi/graph_root.json"),
    include_str!("../../openapi/graph_own.json"),
    include_str!("../../openapi/log.json"),
];

/// Whether the paths of a group can be called with a version before them.
const VERSIONED: &str = "x-versioned";

/// Marks an operation that is another one with a version before its path.
pub(crate) const TWIN: &str = "x-twin-of";

/// The Graph API's errors, as a table.
pub(crate) const ERRORS: &str = "x-errors";

/// The document and its page, ready to be sent.
pub struct ApiDocument {
    json: Bytes,
    /// The page.
    pub reference: Reference,
}

/// A part of the document that is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or not of its form.
    #[error("the API document cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Two parts have one name for different things.
    #[error("the API document has two different things called {name}; give one another name")]
    Twice {
        /// The path or component.
        name: String,
    },
    /// An example is of nothing.
    #[error("an example names the operation {operation}, which the API document has not")]
    NoOperation {
        /// What it names.
        operation: String,
    },
    /// The page cannot be made of it.
    #[error("the API reference cannot be rendered: {0}")]
    Page(#[from] askama::Error),
}

impl ApiDocument {
    /// The document of an instance that is reached under this address, with or without the demonstration's sign-in.
    ///
    /// # Errors
    /// [`DocumentError`], which a test of this crate would have found.
    pub fn new(public_url: &str, demo_login: bool) -> Result<Self, DocumentError> {
        let examples = Examples::recorded()?;
        let document = document(public_url, demo_login, &examples)?;
        let reference = Reference::new(&document, &examples, public_url)?;
        Ok(Self { json: document.to_string().into(), reference })
    }
}

/// The document of an instance that is reached under this address, with or without the demonstration's sign-in.
///
/// # Errors
/// [`DocumentError`], which a test of this crate would have found.
pub fn document(
    public_url: &str,
    demo_login: bool,
    examples: &Examples,
) -> Result<Value, DocumentError> {
    let mut document: Value = serde_json::from_str(DOCUMENT)?;
    for group in derived::groups(demo_login)? {
        merge(&mut document, group)?;
    }
    for group in BY_HAND {
        let mut group: Value = serde_json::from_str(group)?;
        if group[VERSIONED] == true {
            add_versions(&mut group)?;
        }
        if let Some(errors) = group.get_mut(ERRORS) {
            document[ERRORS] = errors.take();
        }
        merge(&mut document, group)?;
    }
    document["servers"] = json!([{ "url": public_url }]);
    examples.add_to(&mut document)?;
    Ok(document)
}

/// Adds to each path its twin with a version.
fn add_versions(group: &mut Value) -> Result<(), DocumentError> {
    let Some(paths) = group["paths"].as_object_mut() else { return Ok(()) };
    let mut twins = Map::new();
    for (path, item) in paths.iter() {
        let mut twin = item.clone();
        for operation in twin.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            operation["operationId"] = format!("{id}OfVersion").into();
            operation[TWIN] = id.into();
            let version = json!({ "$ref": "#/components/parameters/version" });
            match operation.get_mut("parameters").and_then(Value::as_array_mut) {
                Some(parameters) => parameters.insert(0, version),
                None => operation["parameters"] = json!([version]),
            }
        }
        twins.insert(format!("/{{version}}{}", path.trim_end_matches('/')), twin);
    }
    for (path, twin) in twins {
        if paths.insert(path.clone(), twin).is_some() {
            return Err(DocumentError::Twice { name: path });
        }
    }
    Ok(())
}

/// Adds a group's paths and components.
fn merge(document: &mut Value, group: Value) -> Result<(), DocumentError> {
    let Value::Object(group) = group else { return Ok(()) };
    for (section, members) in group {
        match (section.as_str(), members) {
            // Two groups can have a method each of one path.
            ("paths", Value::Object(paths)) => {
                for (path, item) in paths {
                    if let Value::Object(operations) = item {
                        insert_all(&mut document["paths"][path], operations)?;
                    }
                }
            }
            ("components", Value::Object(kinds)) => {
                for (kind, members) in kinds {
                    if let Value::Object(members) = members {
                        insert_all(&mut document["components"][kind], members)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn insert_all(target: &mut Value, members: Map<String, Value>) -> Result<(), DocumentError> {
    for (name, member) in members {
        match target.get(&name) {
            // Two groups can have a type in common.
            Some(found) if *found == member => {}
            Some(_) => return Err(DocumentError::Twice { name }),
            None => target[name] = member,
        }
    }
    Ok(())
}

/// This reference, for machines.
///
/// An OpenAPI 3.1 document. Any page may read it, as it may the log.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "readOpenApi",
    responses(
        (status = 200, description = "The document.", body = Value, headers(("Access-Control-Allow-Origin"))),
    ),
)]
pub async fn get(Extension(api): Extension<Arc<ApiDocument>>) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (headers, api.json.clone()).into_response()
}
