//! A request of the read API from socket to reply: read, authenticated, answered, written.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;
use countersign_domain::time::Timestamp;
use countersign_protocol::receipt::NONCE_HEADER;
use countersign_service::operations::Service;
use countersign_service::operations::usage::UsedPercent;

use super::asker::Pace;
use super::outcome::{Answered, written};
use super::query::Query;
use super::request::{Request, Sent};
use super::version::Version;
use super::{batch, call};
use crate::bearer;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::gpc;
use crate::served::{Caller, NO_ROUTE};

/// What the route of a batch is called: it is sent to the root, or to `me`.
const BATCH_ROUTE: &str = "/?batch";

/// The header that tells a client how much of its hour is used.
const USAGE_HEADER: &str = "x-app-usage";

/// `GET /{version}/{node}[/{edge}]`, `GET /?ids=`, and a batch of them.
pub async fn read(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let (body, unread) = match body {
        Ok(body) => (body, None),
        Err(refused) => (Bytes::new(), Some(GraphError::unread_body(refused.status()))),
    };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let sent = Sent {
        client: client.ip(),
        method: method.as_str(),
        path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()),
        content_type: text(header::CONTENT_TYPE),
        body,
        sec_gpc: gpc::is_asked(&headers),
        nonce: headers.get(NONCE_HEADER).map_or(&b""[..], |value| value.as_bytes()),
        token: bearer::presented(&headers),
        basic: bearer::credentials("basic", &headers),
        lacks_scheme: bearer::lacks_scheme(&headers),
        version: Version::DEFAULT,
        of_batch: None,
    };
    let now = countersign_service::clock::now();
    let pace = Pace { began: Instant::now(), deadline: None, room: None };
    let (route, Answered { reply, usage }) = match unread {
        Some(error) => (NO_ROUTE, error.into()),
        None => answer_sent(&gateway, &sent, pace).await,
    };
    let mut reply = written(&gateway, &sent, reply);
    if let Some(usage) = &usage {
        reply.headers_mut().insert(USAGE_HEADER, usage_header(usage.used(now)));
    }
    let client = usage.map(|usage| usage.client().clone());
    reply.extensions_mut().insert(Caller { route, client });
    reply.map(Body::from)
}

/// The answer to a request, with the template of its path.
async fn answer_sent(
    gateway: &Arc<Gateway>,
    sent: &Sent<'_>,
    pace: Pace<'_>,
) -> (&'static str, Answered) {
    let request = match Request::parse(sent) {
        Ok(request) => request,
        Err(error) => return (NO_ROUTE, error.into()),
    };
    match request.batch() {
        Some(operations) => (BATCH_ROUTE, batch::answer(gateway, &request, operations).await),
        None => (request.path.endpoint.route(), call::answer(gateway, request, pace).await),
    }
}

/// The value of [`USAGE_HEADER`]. Time on the processor is not measured apart; it is at most the time that calls
/// took, and is told as that.
fn usage_header(UsedPercent { calls, time }: UsedPercent) -> HeaderValue {
    let none = r#"{"call_count":0,"total_time":0,"total_cputime":0}"#;
    if (calls, time) == (0, 0) {
        return HeaderValue::from_static(none);
    }
    let used = format!(r#"{{"call_count":{calls},"total_time":{time},"total_cputime":{time}}}"#);
    HeaderValue::try_from(used).unwrap_or(HeaderValue::from_static(none))
}

/// Whether a query asks the read API something, where a path without a node is something else as well.
#[must_use]
pub fn asks(query: &str) -> bool {
    let query = Query::parse(query);
    [query.ids, query.batch, query.fields, query.access_token].iter().any(Option::is_some)
}

/// Whether the head of a request has a token of ours, of a user or of an app. One in the body counts once it is read.
#[must_use]
pub fn has_valid_token(service: &Service, head: &Parts, now: Timestamp) -> bool {
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let token = bearer::presented(&head.headers).map(Cow::Borrowed);
    token.or(query.access_token).is_some_and(|token| service.access_of(&token, now).is_ok())
}
