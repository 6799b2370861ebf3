//! The API document, held against the router's source, against what running servers answered, and
//! against itself. `interop_openapi` has programs of others judge it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use countersign::config::{Config, new_text};
use countersign_demo::client::Reply;
use countersign_demo::world;
use countersign_domain::act::{Act, Subject, Suspension};
use countersign_domain::identifier::Identifier;
use countersign_http::openapi::document;
use countersign_http::openapi::examples::{Example, Examples, Token};
use countersign_service::clock;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use serde_json::{Value, json};

use crate::attacks::unauthorised;
use crate::support::village;
use crate::support::{Serving, World, assert_golden, header, ids, send};

/// The document of an instance that has everything that is optional.
fn whole_document() -> Value {
    let text = new_text("example.org/log", "127.0.0.1:80", "http://127.0.0.1:80")
        .replace("demo_login = false", "demo_login = true");
    let config = Config::check_text(&text).unwrap();
    document(config.public_url(), config.tokens.demo_login, &Examples::recorded().unwrap()).unwrap()
}

/// Method and path of every operation.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            operations.insert((method.to_uppercase(), path.clone()));
        }
    }
    operations
}

#[test]
fn openapi_has_every_route_and_no_other() {
    let document = whole_document();
    let served: BTreeSet<_> = unauthorised::routes()
        .into_iter()
        .map(|endpoint| (endpoint.method, endpoint.path))
        .collect();
    let documented = operations(&document);
    let missing: Vec<_> = served.difference(&documented).collect();
    assert!(missing.is_empty(), "the API document has not: {missing:?}");
    // What is not a route of its own: the folder of the log, and the fallback, which is the read API.
    let is_read = |path: &str| {
        let item = &document["paths"][path];
        item.as_object().unwrap().values().all(|operation| operation["tags"][0] == "Read API")
    };
    let extra: Vec<_> = documented
        .difference(&served)
        .filter(|(_, path)| !path.starts_with("/log/") && !is_read(path))
        .collect();
    assert!(extra.is_empty(), "the API document has what is not served: {extra:?}");
}

/// The names of an object's members, in order.
fn names_of(object: &Value) -> Vec<&str> {
    let members = object.as_object().into_iter().flatten();
    let names: std::collections::BTreeSet<_> = members.map(|(name, _)| name.as_str()).collect();
    names.into_iter().collect()
}

/// What an operation is sent and what it answers, without words and schemas.
fn surface(document: &Value, operation: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let must = |it: &Value| if it["required"] == true { " required" } else { "" };
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let it = resolved(parameter, document);
        let [place, name] = [&it["in"], &it["name"]].map(|text| text.as_str().unwrap());
        lines.push(format!("  {place} {name}{}", must(it)));
    }
    lines.sort_unstable();
    let body = resolved(&operation["requestBody"], document);
    if !body.is_null() {
        lines.push(format!("  body{}: {}", must(body), names_of(&body["content"]).join(", ")));
    }
    for (status, response) in operation["responses"].as_object().unwrap() {
        let response = resolved(response, document);
        let headers = names_of(&response["headers"]).join(", ");
        let kinds = names_of(&response["content"]).join(", ");
        let with = if headers.is_empty() { String::new() } else { format!("with {headers}") };
        let said = [kinds, with];
        let said: Vec<_> = said.into_iter().filter(|said| !said.is_empty()).collect();
        lines.push(format!("  {status}: {}", said.join(" ")).trim_end().to_owned());
    }
    let schemes = operation["security"].as_array().unwrap().iter().map(|scheme| {
        let together = names_of(scheme).join("+");
        if together.is_empty() { "none".to_owned() } else { together }
    });
    let schemes = schemes.collect::<Vec<_>>().join(" or ");
    let schemes = if schemes.is_empty() { "none" } else { &schemes };
    lines.push(format!("  security: {schemes}"));
    lines
}

#[test]
fn golden_openapi_surface() {
    let document = whole_document();
    let mut text = String::new();
    for (method, path) in operations(&document) {
        let operation = &document["paths"][&path][method.to_lowercase()];
        let lines = surface(&document, operation).join("\n");
        text += &format!("{method} {path}\n{lines}\n");
    }
    assert_golden("openapi_surface.txt", &text);
}

#[test]
fn openapi_names_every_error_that_the_read_api_was_seen_to_give() {
    let document = whole_document();
    let errors = document["x-errors"].as_array().unwrap();
    let listed: BTreeSet<_> = errors
        .iter()
        .map(|error| [&error["status"], &error["code"], &error["subcode"]].map(Value::as_u64))
        .collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/error_envelopes.txt");
    for line in std::fs::read_to_string(golden).unwrap().lines() {
        let words: Vec<_> =
            line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
        let seen: Vec<_> = words[1..].iter().flat_map(|word| word.split(' ')).collect();
        let seen = [0, 1, 2].map(|place| seen[place].parse::<u64>().ok());
        assert!(listed.contains(&seen), "the table of errors lacks {seen:?}: {line}");
    }
}

/// Whether an answer's status is one that the document has for this call. Calls that are no operation
/// are for the tests of errors.
pub(crate) fn assert_documented(method: &str, path: &str, status: u16) {
    static DOCUMENT: std::sync::LazyLock<Value> = std::sync::LazyLock::new(whole_document);
    let path = path.split('?').next().unwrap_or_default();
    let segments: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<_> = template.split('/').collect();
        let fits = |(part, segment): (&&str, &&str)| match *part {
            "{version}" => segment.starts_with('v') && segment.contains('.'),
            "{id}" => segment.len() == 32,
            _ => part == segment || part.starts_with('{'),
        };
        parts.len() == segments.len() && parts.iter().zip(&segments).all(fits)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    // A path of its own goes before one with a variable.
    let found = paths.iter().filter(|(template, _)| fits(template));
    let Some((template, item)) = found.min_by_key(|(template, _)| template.matches('{').count())
    else {
        return;
    };
    let Some(operation) = item.get(method.to_lowercase()) else { return };
    let status = status.to_string();
    assert!(
        operation["responses"].get(&status).is_some(),
        "{method} {path} was answered with {status}, which the API document does not have for {template}"
    );
}

/// What stands in examples for what differs from world to world.
pub(crate) fn names(world: &World, serving: &Serving<'_>, token: &str) -> BTreeMap<String, String> {
    let friends = serving.read("/v3.0/me/friends?fields=id&limit=1", token);
    let register = serving.get("/admin/v1/register", &serving.admin_token()).json().unwrap();
    let digest = register["clients"][0]["agreements"][0]["digest"].as_str().unwrap().to_owned();
    world.verified(serving.head());
    let me = serving.read("/me", token)["id"].as_str().unwrap().to_owned();
    let friend = ids(&friends).remove(0);
    [("viewer", me), ("friend", friend), ("digest", digest), ("token", token.to_owned())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// A suspension that a reviewer signed.
fn suspension(world: &World) -> Value {
    let subject = Subject::Client(Identifier::parse(world::CLIENT).unwrap());
    let reason = "names were read that nobody needs".to_owned();
    let act = Act::Suspension(Suspension { subject, reason });
    let submission = world.sign(Submission::of(act, clock::now()), &["reviewer:ines"]);
    serde_json::to_value(Posted::of(submission).unwrap()).unwrap()
}

/// Sends an example's request.
fn ask(
    world: &World,
    method: &str,
    path: &str,
    authorization: Option<&str>,
    body: Option<(&str, &str)>,
) -> Reply {
    let mut headers = Vec::new();
    headers.extend(authorization.map(|value| ("authorization", value)));
    headers.extend(body.map(|(kind, _)| ("content-type", kind)));
    send(&world.url(), method, path, &headers, body.map_or("", |(_, body)| body))
}

/// An answer with the names of the recorded world in the places of this one's.
fn renamed(
    answer: &Value,
    names: &BTreeMap<String, String>,
    recorded: &BTreeMap<String, String>,
) -> Value {
    let text = answer.to_string();
    let text = names.iter().fold(text, |text, (name, value)| text.replace(value, &recorded[name]));
    serde_json::from_str(&text).unwrap()
}

/// A value's form: what is compared of answers from two worlds.
fn form(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!("a boolean"),
        Value::Number(_) => json!("a number"),
        Value::String(_) => json!("a text"),
        Value::Array(items) => items
            .iter()
            .map(form)
            .map(|item| (item.to_string(), item))
            .collect::<BTreeMap<_, _>>()
            .into_values()
            .collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), form(member))).collect()
        }
    }
}

#[test]
fn openapi_examples_are_what_a_running_server_answers() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let secret = world.client_secret(world::CLIENT);
    let serving = world.serve();
    let bearer = |token: &str| Some(format!("Bearer {}", token.trim()));
    let read = |path: PathBuf| bearer(&std::fs::read_to_string(path).unwrap());
    let config = world.config();
    let examples = Examples::recorded().unwrap();
    let document = document(config.public_url(), config.tokens.demo_login, &examples).unwrap();
    let mut examples = Examples::recorded().unwrap();
    let recorded = examples.names.clone();
    examples.names = names(&world, &serving, &token);
    let bless = std::env::var_os("COUNTERSIGN_BLESS").is_some();
    // What an act changes, the others should not see.
    let (acts, others): (Vec<_>, Vec<_>) =
        (0..examples.examples.len()).partition(|n| examples.examples[*n].operation == "submitAct");
    for number in others.into_iter().chain(acts) {
        let mut example = examples.examples[number].clone();
        if example.operation == "submitAct" && example.status == 200 {
            example.body = Some(suspension(&world));
        }
        let (method, _) = place(&document, &example.operation);
        let path = example.path_with(&examples.names);
        let sent = match example.token {
            None => None,
            Some(Token::Access) => bearer(&token),
            Some(Token::App) => bearer(&format!("{}|{secret}", world::CLIENT)),
            Some(Token::Client) => {
                let pair = format!("{}:{secret}", world::CLIENT);
                Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))
            }
            Some(Token::Admin) => bearer(&serving.admin_token()),
            Some(Token::Metrics) => read(world.directory.metrics_token()),
            Some(Token::Decide) => read(world.directory.decide_token()),
        };
        // What stands for the client's token in a body.
        let body = example.body.as_ref().map(Example::body_text);
        let body = body.as_deref().map(|body| (example.body_kind(), body));
        let reply = ask(&world, &method, &path, sent.as_deref(), body);
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        assert_eq!(reply.status, example.status, "{}: {said}", example.summary);
        let found = record(&document, &example, &reply);
        if bless {
            examples.examples[number] = found;
        } else {
            let answer = renamed(&found.answer, &examples.names, &recorded);
            assert_eq!(form(&answer), form(&example.answer), "{}: {said}", example.summary);
            let names = |of: &Example| of.headers.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&found), names(&example), "{}", example.summary);
        }
    }
    if bless {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/openapi/examples.json");
        std::fs::write(path, serde_json::to_string_pretty(&examples).unwrap() + "\n").unwrap();
    } else {
        assert_eq!(recorded.len(), examples.names.len());
    }
}

/// Method and path of an operation.
fn place(document: &Value, operation: &str) -> (String, String) {
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, found) in item.as_object().unwrap() {
            if found["operationId"] == operation {
                return (method.to_uppercase(), path.clone());
            }
        }
    }
    panic!("no operation {operation}");
}

/// What a reference leads to, or the value itself.
fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    value["$ref"].as_str().map_or(value, |reference| document.pointer(&reference[1..]).unwrap())
}

/// The example with this answer.
fn record(document: &Value, example: &Example, reply: &Reply) -> Example {
    let (method, path) = place(document, &example.operation);
    let operation = &document["paths"][&path][method.to_lowercase()];
    let response = resolved(&operation["responses"][example.status.to_string()], document);
    let declared = response["headers"].as_object();
    let headers = declared.into_iter().flatten().filter_map(|(name, declared)| {
        let value = header(reply, &name.to_lowercase());
        assert!(
            value.is_some() || resolved(declared, document)["required"] != true,
            "{path}: no {name}"
        );
        Some((name.clone(), value?.to_owned()))
    });
    let text = String::from_utf8(reply.body.clone()).unwrap();
    let answer = reply.json().unwrap_or(Value::String(text));
    Example { headers: headers.collect(), answer, ..example.clone() }
}

#[test]
fn openapi_is_served_with_this_instances_address_and_without_what_it_has_not() {
    let world = village::founded();
    let served = |serving: &Serving<'_>| -> Value {
        serde_json::from_str(&serving.page("/openapi.json")).unwrap()
    };
    let serving = world.serve();
    let with_login = served(&serving);
    assert_eq!(with_login["servers"], json!([{ "url": world.url() }]));
    assert!(with_login["paths"].get("/login").is_some());
    serving.stop();
    world.configure("demo_login = true", "demo_login = false");
    let serving = world.serve();
    assert!(served(&serving)["paths"].get("/login").is_none());
    assert!(!serving.page("/docs").contains("/login"));
}

#[test]
fn openapi_wrong_methods_are_told_which_are_right() {
    let world = village::founded();
    let serving = world.serve();
    let admin = format!("Bearer {}", serving.admin_token());
    for (method, path, allowed) in [
        ("DELETE", "/admin/v1/acts", "POST"),
        ("POST", "/admin/v1/people/ada/settings", "PUT,GET,HEAD"),
        ("POST", "/healthz", "GET,HEAD"),
        ("PUT", "/openapi.json", "GET,HEAD"),
        ("GET", "/login", "POST"),
        ("POST", "/log/checkpoint", "GET,HEAD"),
    ] {
        let reply = send(&world.url(), method, path, &[("authorization", &admin)], "");
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(header(&reply, "allow"), Some(allowed), "{method} {path}");
        if !path.starts_with("/log/") {
            assert!(reply.json().unwrap()["error"].as_str().unwrap().contains(method));
        }
    }
}

#[test]
fn openapi_bodies_that_cannot_be_read_are_refused_in_the_form_of_all_errors() {
    let world = village::founded();
    let token = format!("Bearer {}", world.token(village::VIEWER));
    let serving = world.serve();
    let admin = format!("Bearer {}", serving.admin_token());
    let json = ("content-type", "application/json");
    let large = format!("{{\"account\":\"{}\"}}", "a".repeat(300_000));
    let post = "/admin/v1/tokens";
    let settings = "/admin/v1/people/%ff/settings";
    for (method, path, kind, body, status) in [
        ("POST", post, json, "{", 400),
        ("POST", post, json, "{}", 422),
        ("POST", post, json, r#"{"account":7,"build":"b","purpose":"p"}"#, 422),
        ("POST", post, ("content-type", "text/plain"), "{}", 415),
        ("POST", post, json, &large, 413),
        ("POST", "/login", json, "[]", 422),
        ("PUT", settings, json, "{}", 400),
        ("GET", settings, json, "", 400),
    ] {
        let headers = [("authorization", admin.as_str()), kind];
        let reply = send(&world.url(), method, path, &headers, body);
        let said = reply.json().unwrap_or_else(|_| panic!("{method} {path}: no JSON"));
        assert_eq!(reply.status, status, "{method} {path}: {said}");
        assert!(!said["error"].as_str().unwrap().is_empty(), "{said}");
    }
    let headers = [("authorization", token.as_str())];
    let graph = send(&world.url(), "GET", "/me", &headers, &large);
    assert_eq!((graph.status, graph.error_code()), (413, Some(100)));
}
