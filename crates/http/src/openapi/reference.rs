//! `GET /docs`: the API reference, made of the document. It needs nothing from anywhere else, and
//! reads without JavaScript, light and dark, on a phone; a script adds a filter.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::examples::{Example, Examples};
use super::schema::{self, Kind, Property, resolved};
use super::{ApiDocument, DocumentError, ERRORS, TWIN};
use crate::gateway::Gateway;

/// The script of the filter.
const FILTER: &str = include_str!("../../templates/docs/filter.js");

/// The style, whose digest the page's policy names.
const STYLE: &str = include_str!("../../templates/docs/style.css");

/// Shorter answers are shown whole, longer ones up to this line.
const ANSWER_LINES_MAX: usize = 60;

/// Longer headers are cut there.
const HEADER_BYTES_MAX: usize = 48;

/// The page, ready to be sent.
pub struct Reference {
    page: Bytes,
    /// The page while the preset `legacy-2014` is on.
    legacy_page: Bytes,
    policy: String,
}

#[derive(Template)]
#[template(path = "docs/page.html")]
struct Page<'a> {
    public_url: &'a str,
    is_legacy_2014_on: bool,
    style: &'a str,
    about: Vec<Vec<Span>>,
    schemes: Vec<Named>,
    groups: Vec<Group>,
    errors: Vec<ErrorRow>,
    headers: Vec<Header>,
    schemas: Vec<SchemaView>,
}

/// A piece of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    is_code: bool,
    text: String,
}

impl Span {
    /// A description, taken apart at its back-quotes.
    pub(super) fn all_of(text: &str) -> Vec<Self> {
        let pieces = text.split('`').enumerate();
        let span =
            |(place, text): (usize, &str)| Self { is_code: place % 2 == 1, text: text.to_owned() };
        pieces.map(span).filter(|span| !span.text.is_empty()).collect()
    }

    fn paragraphs(text: &str) -> Vec<Vec<Self>> {
        text.split("\n\n").filter(|text| !text.is_empty()).map(Self::all_of).collect()
    }
}

struct Named {
    name: String,
    kind: String,
    description: Vec<Span>,
}

struct Group {
    id: String,
    name: String,
    description: Vec<Span>,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    /// The same with a version, where that can be called too.
    versioned: Option<String>,
    summary: String,
    about: Vec<Vec<Span>>,
    schemes: Vec<String>,
    parameters: Vec<Parameter>,
    body: Option<Body>,
    responses: Vec<Answer>,
    examples: Vec<Shown>,
}

struct Body {
    media: String,
    kind: Kind,
}

struct Parameter {
    name: String,
    place: String,
    kind: Kind,
    is_required: bool,
    description: Vec<Span>,
}

struct Answer {
    status: String,
    mood: &'static str,
    description: Vec<Span>,
    media: String,
    kind: Option<Kind>,
    headers: Vec<String>,
}

struct Shown {
    summary: String,
    curl: String,
    status: u16,
    mood: &'static str,
    headers: Vec<(String, String)>,
    answer: Option<String>,
}

struct ErrorRow {
    code: String,
    subcode: String,
    status: String,
    meaning: Vec<Span>,
    remedy: Vec<Span>,
}

struct Header {
    name: String,
    kind: Kind,
    description: Vec<Span>,
}

struct SchemaView {
    name: String,
    kind: Kind,
    description: Vec<Span>,
    properties: Vec<Property>,
}

impl Reference {
    /// The page of this document.
    pub(super) fn new(
        document: &Value,
        examples: &Examples,
        public_url: &str,
    ) -> Result<Self, DocumentError> {
        let reader = Reader { document, examples, public_url };
        let mut page = Page {
            public_url,
            is_legacy_2014_on: false,
            style: STYLE,
            about: Span::paragraphs(text(&document["info"]["description"])),
            schemes: reader.schemes(),
            groups: reader.groups(),
            errors: reader.errors(),
            headers: reader.headers(),
            schemas: reader.schemas(),
        };
        let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let without = page.render()?.into();
        page.is_legacy_2014_on = true;
        Ok(Self { page: without, legacy_page: page.render()?.into(), policy })
    }
}

/// What the page is made from.
struct Reader<'a> {
    document: &'a Value,
    examples: &'a Examples,
    public_url: &'a str,
}

impl Reader<'_> {
    fn schemes(&self) -> Vec<Named> {
        let schemes = self.document["components"]["securitySchemes"].as_object();
        let scheme = |(name, scheme): (&String, &Value)| Named {
            name: name.clone(),
            kind: match (text(&scheme["scheme"]), text(&scheme["in"])) {
                ("basic", _) => "Authorization: Basic".to_owned(),
                ("bearer", _) => "Authorization: Bearer".to_owned(),
                (_, "header") => format!("{}:", text(&scheme["name"])),
                _ => format!("?{}=", text(&scheme["name"])),
            },
            description: Span::all_of(text(&scheme["description"])),
        };
        schemes.into_iter().flatten().map(scheme).collect()
    }

    fn groups(&self) -> Vec<Group> {
        let group = |tag: &Value| {
            let name = text(&tag["name"]);
            Group {
                id: name.to_lowercase().replace(' ', "-"),
                name: name.to_owned(),
                description: Span::all_of(text(&tag["description"])),
                operations: self.operations(name),
            }
        };
        self.document["tags"].as_array().into_iter().flatten().map(group).collect()
    }

    fn operations(&self, tag: &str) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["tags"][0] == tag && operation.get(TWIN).is_none() {
                    operations.push(self.operation(path, method, operation));
                }
            }
        }
        operations
    }

    fn operation(&self, path: &str, method: &str, operation: &Value) -> Operation {
        let id = text(&operation["operationId"]);
        let versioned = format!("/{{version}}{path}");
        let schemes = operation["security"].as_array().into_iter().flatten();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let responses = operation["responses"].as_object().into_iter().flatten();
        let body = resolved(&operation["requestBody"], self.document)["content"].as_object();
        Operation {
            id: id.to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            versioned: Some(versioned).filter(|path| self.document["paths"].get(path).is_some()),
            summary: text(&operation["summary"]).to_owned(),
            about: Span::paragraphs(text(&operation["description"])),
            schemes: schemes.filter_map(Value::as_object).flat_map(|s| s.keys().cloned()).collect(),
            parameters: parameters.map(|parameter| self.parameter(parameter)).collect(),
            body: body.and_then(|kinds| kinds.iter().next()).map(|(media, said)| Body {
                media: media.clone(),
                kind: schema::kind(&said["schema"]),
            }),
            responses: responses.map(|(status, answer)| self.answer(status, answer)).collect(),
            examples: self
                .examples
                .of(id)
                .map(|example| self.shown(&method.to_uppercase(), example))
                .collect(),
        }
    }

    fn parameter(&self, parameter: &Value) -> Parameter {
        let parameter = resolved(parameter, self.document);
        Parameter {
            name: text(&parameter["name"]).to_owned(),
            place: text(&parameter["in"]).to_owned(),
            kind: schema::kind(&parameter["schema"]),
            is_required: parameter["required"] == true,
            description: Span::all_of(text(&parameter["description"])),
        }
    }

    fn answer(&self, status: &str, answer: &Value) -> Answer {
        let answer = resolved(answer, self.document);
        let media = answer["content"].as_object().and_then(|kinds| kinds.iter().next());
        let headers = answer["headers"].as_object().into_iter().flatten();
        Answer {
            status: status.to_owned(),
            mood: mood(status),
            description: Span::all_of(text(&answer["description"])),
            media: media.map_or_else(String::new, |(kind, _)| kind.clone()),
            kind: media.and_then(|(_, media)| media.get("schema")).map(schema::kind),
            headers: headers.map(|(name, _)| name.clone()).collect(),
        }
    }

    fn shown(&self, method: &str, example: &Example) -> Shown {
        let path = example.path_with(&self.examples.names);
        let mut curl = String::from("curl -g");
        if method != "GET" && example.body.is_none() || method == "PUT" {
            curl.push_str(&format!(" -X {method}"));
        }
        if let Some(token) = example.token {
            curl.push_str(&format!(" {}", token.argument()));
        }
        if let Some(body) = &example.body {
            let (kind, body) = (example.body_kind(), quoted(&Example::body_text(body)));
            curl.push_str(&format!(" \\\n  -H 'Content-Type: {kind}' \\\n  --data-binary {body}"));
        }
        curl.push_str(&format!(" \\\n  {}", quoted(&format!("{}{path}", self.public_url))));
        Shown {
            summary: example.summary.clone(),
            curl,
            status: example.status,
            mood: mood(&example.status.to_string()),
            headers: example
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), cut(value)))
                .collect(),
            answer: shortened(&example.answer),
        }
    }

    fn errors(&self) -> Vec<ErrorRow> {
        let number = |value: &Value| value.as_u64().map_or_else(String::new, |n| n.to_string());
        let row = |error: &Value| ErrorRow {
            code: number(&error["code"]),
            subcode: number(&error["subcode"]),
            status: number(&error["status"]),
            meaning: Span::all_of(text(&error["meaning"])),
            remedy: Span::all_of(text(&error["remedy"])),
        };
        self.document[ERRORS].as_array().into_iter().flatten().map(row).collect()
    }

    fn headers(&self) -> Vec<Header> {
        let header = |(name, header): (&String, &Value)| Header {
            name: name.clone(),
            kind: schema::kind(&header["schema"]),
            description: Span::all_of(text(&header["description"])),
        };
        let headers = self.document["components"]["headers"].as_object();
        headers.into_iter().flatten().map(header).collect()
    }

    fn schemas(&self) -> Vec<SchemaView> {
        let schemas = self.document["components"]["schemas"].as_object();
        let view = |(name, schema): (&String, &Value)| SchemaView {
            name: name.clone(),
            kind: schema::kind(schema),
            description: Span::all_of(text(&schema["description"])),
            properties: schema::properties(schema, self.document),
        };
        schemas.into_iter().flatten().map(view).collect()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn mood(status: &str) -> &'static str {
    match status.as_bytes().first() {
        Some(b'2') => "good",
        Some(b'4') => "wait",
        _ => "bad",
    }
}

/// A word of a shell command.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A header as the page shows it: nobody reads all of a receipt.
fn cut(value: &str) -> String {
    if value.len() <= HEADER_BYTES_MAX {
        return value.to_owned();
    }
    let begin: String = value.chars().take(HEADER_BYTES_MAX).collect();
    format!("{begin}…")
}

/// An answer as the page shows it.
fn shortened(answer: &Value) -> Option<String> {
    let whole = match answer {
        Value::Null => return None,
        Value::String(text) => text.trim_end().to_owned(),
        other => serde_json::to_string_pretty(other).ok()?,
    };
    let lines: Vec<_> = whole.lines().collect();
    let Some(first) = lines.get(..ANSWER_LINES_MAX) else { return Some(whole) };
    Some(format!("{}\n… and {} lines more", first.join("\n"), lines.len() - ANSWER_LINES_MAX))
}

/// This reference, as a page for people.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "readReference",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Extension(api): Extension<Arc<ApiDocument>>,
) -> Response {
    let reference = &api.reference;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, reference.policy.as_str()),
    ];
    let page =
        if gateway.service.is_legacy_2014_on() { &reference.legacy_page } else { &reference.page };
    (headers, page.clone()).into_response()
}

/// The script of the reference's filter.
#[utoipa::path(
    get,
    path = "/docs/filter.js",
    operation_id = "readReferenceScript",
    responses(
        (status = 200, description = "The script. The page reads without it.", body = String, content_type = "text/javascript"),
    ),
)]
pub async fn filter() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], FILTER).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_command_are_quoted() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

    #[test]
    fn code_stands_between_back_quotes() {
        let spans = Span::all_of("send `a` or `b`");
        let code: Vec<_> = spans.iter().filter(|s| s.is_code).map(|s| s.text.as_str()).collect();
        assert_eq!(code, ["a", "b"]);
        assert_eq!(spans.len(), 4);
    }
}
