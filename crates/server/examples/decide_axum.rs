//! An existing axum service of a platform, with one function added: `countersigned`. The service knows its
//! people, its own sessions and its own API; before it answers a partner it asks Countersign, keeps of its
//! rows what the masks say, and sends the proof along. See docs/decide.md for what that guarantees.
//!
//! ```text
//! cargo run --example decide_axum -- LISTEN PEOPLE.jsonl COUNTERSIGN_URL DECIDE_TOKEN_FILE PURPOSE
//! curl -H 'Session: ada' -H 'Authorization: Bearer TOKEN' 'http://LISTEN/api/friends?fields=name,work'
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The service as it was: people by account, each a row with a profile and a list of friends.
struct Platform {
    people: HashMap<String, Value>,
    countersign: Countersign,
}

/// What was added to it.
struct Countersign {
    agent: ureq::Agent,
    url: String,
    token: String,
    purpose: String,
}

/// `GET /api/friends`: the person whose session it is, and all of their friends.
async fn friends(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let session = request.headers().get("session").and_then(|value| value.to_str().ok());
    let Some(account) = session.filter(|account| platform.people.contains_key(*account)) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let account = account.to_owned();
    let answering = tokio::task::spawn_blocking(move || platform.countersigned(&account, &request));
    match answering.await {
        Ok(Ok(response)) => response,
        // What fails here says nothing to the partner, and nothing was released.
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

impl Platform {
    /// Asks Countersign about these people, and answers what it permits.
    fn countersigned(&self, viewer: &str, request: &Request) -> Result<Response, Failure> {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let bearer =
            text(header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
        let Query(query) = Query::<HashMap<String, String>>::try_from_uri(request.uri())?;
        let fields: Vec<&str> =
            query.get("fields").map_or("name", String::as_str).split(',').collect();
        let person = |account: &str| {
            let row = self.people.get(account)?;
            let has: Vec<_> = row["profile"].as_object()?.keys().cloned().collect();
            Some(json!({ "account": account, "minor": row["minor"] == true, "has": has }))
        };
        let friends = self.people.get(viewer).and_then(|row| row["friends"].as_array());
        let friends = friends.into_iter().flatten().filter_map(|account| person(account.as_str()?));
        let question = json!({
            "token": bearer.unwrap_or_default(),
            "purpose": self.countersign.purpose,
            "request": {
                "method": request.method().as_str(),
                "uri": request.uri().path_and_query().map_or("/", |uri| uri.as_str()),
                "nonce": text("countersign-nonce"),
            },
            "viewer": person(viewer),
            "fields": fields,
            "friends": { "fields": fields, "people": friends.collect::<Vec<_>>() },
        });
        let outcome = self.countersign.decide(&question)?;
        if let Some(partner) = outcome.pointer("/error/partner") {
            let status = partner["status"].as_u64().and_then(|code| u16::try_from(code).ok());
            let status = StatusCode::from_u16(status.unwrap_or(503))?;
            return Ok((status, axum::Json(json!({ "error": partner }))).into_response());
        }
        self.answer(&outcome["masks"])
    }

    /// The rows, cut to the masks, with the headers of the proof.
    fn answer(&self, masks: &Value) -> Result<Response, Failure> {
        let mut body = self.object(&masks["viewer"])?;
        let friends = masks["friends"].as_array().ok_or("masks without a list of friends")?;
        let friends =
            friends.iter().map(|mask| self.object(mask)).collect::<Result<Vec<_>, _>>()?;
        if !friends.is_empty() {
            body.insert("friends".to_owned(), json!({ "data": friends }));
        }
        let mut response = axum::Json(body).into_response();
        for (name, value) in masks["headers"].as_object().ok_or("masks without a proof")? {
            let value = HeaderValue::from_str(value.as_str().unwrap_or_default())?;
            response.headers_mut().insert(HeaderName::try_from(name)?, value);
        }
        Ok(response)
    }

    /// Exactly the fields of a mask, with the values of the row.
    fn object(&self, mask: &Value) -> Result<Map<String, Value>, Failure> {
        let account = mask["account"].as_str().unwrap_or_default();
        let row = self.people.get(account).ok_or("a mask of somebody else")?;
        let fields = mask["fields"].as_array().ok_or("a mask without fields")?;
        let names = fields.iter().filter_map(Value::as_str).filter(|name| *name != "friends");
        let value = |name| if name == "id" { &mask["id"] } else { &row["profile"][name] };
        Ok(names.map(|name| (name.to_owned(), value(name).clone())).collect())
    }
}

impl Countersign {
    /// The outcome of one question.
    fn decide(&self, question: &Value) -> Result<Value, Failure> {
        let mut reply = self
            .agent
            .post(format!("{}/decide", self.url))
            .header("authorization", format!("Bearer {}", self.token))
            .content_type("application/json")
            .send(json!({ "questions": [question] }).to_string())?;
        let answers: Value = serde_json::from_reader(reply.body_mut().as_reader())?;
        Ok(answers.pointer("/answers/0").ok_or("no answer to the question")?.clone())
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [listen, people, url, token, purpose] = arguments.as_slice() else {
        return Err("LISTEN PEOPLE.jsonl COUNTERSIGN_URL DECIDE_TOKEN_FILE PURPOSE".into());
    };
    let mut rows = HashMap::new();
    for line in std::fs::read_to_string(people)?.lines() {
        let row: Value = serde_json::from_str(line)?;
        rows.insert(row["account"].as_str().ok_or("a row without an account")?.to_owned(), row);
    }
    let countersign = Countersign {
        agent: ureq::Agent::new_with_defaults(),
        url: url.clone(),
        token: std::fs::read_to_string(token)?.trim().to_owned(),
        purpose: purpose.clone(),
    };
    let platform = Arc::new(Platform { people: rows, countersign });
    let service = Router::new().route("/api/friends", get(friends)).with_state(platform);
    axum::serve(tokio::net::TcpListener::bind(listen).await?, service).await?;
    Ok(())
}
