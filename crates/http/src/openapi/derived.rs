//! What the API document has from handlers and from the types that they read and write. Their attributes say what is
//! their own; what follows from what a handler reads, as that a body can be no JSON, is added here.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::DocumentError;
use crate::{admin, decide, health, ledger_page, login, openapi, scrape};

#[derive(OpenApi)]
#[openapi(paths(
    admin::acts::post,
    admin::budgets::get,
    admin::canaries::create,
    admin::canaries::list,
    admin::canaries::refresh,
    admin::canaries::remove,
    admin::closes::get,
    admin::closes::post,
    admin::consents::get,
    admin::directory::get,
    admin::erasure::get,
    admin::erasure::post,
    admin::erasures::get,
    admin::explain::post,
    admin::export::get,
    admin::feed::get,
    admin::feed::post,
    admin::grants::delete,
    admin::grants::get,
    admin::history::get,
    admin::hold::delete,
    admin::hold::put,
    admin::ledger::get,
    admin::register::get,
    admin::roster::list,
    admin::roster::show,
    admin::sample::get,
    admin::secrets::delete,
    admin::secrets::post,
    admin::settings::get,
    admin::settings::put,
    admin::status::get,
    admin::tokens::post,
))]
struct AdminApi;

#[derive(OpenApi)]
#[openapi(paths(decide::post, decide::subrequest::get))]
struct DecideApi;

#[derive(OpenApi)]
#[openapi(paths(
    health::live,
    health::ready,
    ledger_page::get,
    openapi::get,
    openapi::reference::filter,
    openapi::reference::get,
    scrape::get,
))]
struct InstanceApi;

#[derive(OpenApi)]
#[openapi(paths(login::post))]
struct SignInApi;

/// Some handlers, and what is the same of all.
struct Group {
    api: utoipa::openapi::OpenApi,
    /// What stands before their paths.
    prefix: &'static str,
    tag: &'static str,
    /// What opens those that do not say so themselves.
    security: Value,
}

/// The paths and components of all handlers but those of the read API.
pub(super) fn groups(has_login: bool) -> Result<Vec<Value>, DocumentError> {
    let admin = Group {
        api: AdminApi::openapi(),
        prefix: "/admin/v1",
        tag: "Admin API",
        security: json!([{ "adminToken": [] }]),
    };
    let decide = Group {
        api: DecideApi::openapi(),
        prefix: "",
        tag: "Decide",
        security: json!([{ "decideToken": [] }]),
    };
    let instance =
        |api| Group { api, prefix: "", tag: "Instance", security: Value::Array(Vec::new()) };
    let login = has_login.then(|| instance(SignInApi::openapi()));
    let groups = [admin, decide, instance(InstanceApi::openapi())].into_iter().chain(login);
    groups.map(Group::completed).collect()
}

impl Group {
    /// The paths and components.
    fn completed(self) -> Result<Value, DocumentError> {
        let mut derived = serde_json::to_value(&self.api)?;
        flow(&mut derived);
        let mut paths = Map::new();
        let Value::Object(found) = derived["paths"].take() else { return Ok(derived) };
        for (path, mut item) in found {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                self.complete(operation);
            }
            paths.insert(format!("{}{path}", self.prefix), item);
        }
        Ok(json!({ "paths": paths, "components": derived["components"] }))
    }

    fn complete(&self, operation: &mut Value) {
        operation["tags"] = json!([self.tag]);
        if operation.get("security").is_none() {
            operation["security"] = self.security.clone();
        }
        let summary = operation["summary"].as_str().unwrap_or_default();
        operation["summary"] = summary.trim_end_matches('.').into();
        // What the handler's errors are in Rust is not for clients.
        let documented = operation["description"].as_str().unwrap_or_default();
        let description = documented.split("# Errors").next().unwrap_or_default().trim().to_owned();
        if description.is_empty() {
            operation.as_object_mut().and_then(|members| members.remove("description"));
        } else {
            operation["description"] = description.into();
        }
        for (status, response) in refusals(operation) {
            if operation["responses"].get(status).is_none() {
                let named = format!("#/components/responses/{response}");
                operation["responses"][status] = json!({ "$ref": named });
            }
        }
        if let Some(responses) = operation["responses"].as_object_mut() {
            responses.sort_keys();
        }
        // The same headers are on many answers, so their words stand in one place.
        let responses =
            operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut);
        let headers = responses.filter_map(|response| response.get_mut("headers")?.as_object_mut());
        for (name, header) in headers.flat_map(Map::iter_mut) {
            *header = json!({ "$ref": format!("#/components/headers/{name}") });
        }
    }
}

/// The refusals that follow from what an operation reads.
fn refusals(operation: &Value) -> Vec<(&'static str, &'static str)> {
    let mut refusals = Vec::new();
    if operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty()) {
        refusals.push(("401", "Unauthorised"));
    }
    let reads = |place: &str| {
        operation["parameters"].as_array().into_iter().flatten().any(|it| it["in"] == place)
    };
    if operation["requestBody"]["content"].get("application/json").is_some() {
        refusals.extend([
            ("400", "NotJson"),
            ("413", "TooLarge"),
            ("415", "NotDeclaredJson"),
            ("422", "Unprocessable"),
        ]);
    } else if reads("query") {
        refusals.push(("400", "BadQuery"));
    } else if reads("path") {
        refusals.push(("400", "BadPath"));
    }
    refusals
}

/// Has the paragraphs of doc comments on one line each, as a text for other readers has them.
fn flow(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" || name == "summary" => {
                        let paragraphs = text.split("\n\n").map(|text| text.replace('\n', " "));
                        *text = paragraphs.collect::<Vec<_>>().join("\n\n");
                    }
                    other => flow(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(flow),
        _ => {}
    }
}
