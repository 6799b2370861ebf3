//! The read API, in the conventions of the Graph API: token, path and expansion in; decision, log,
//! answer out.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;
use countersign_domain::time::Timestamp;
use countersign_protocol::receipt::{NONCE_BYTES_MAX, NONCE_HEADER};

use super::Gateway;
use super::credentials;
use super::deliver::Reply;
use super::errors::GraphError;
use super::gpc;
use super::usage::{ClientUsage, USAGE_HEADER};
use crate::clock;
use call::{Call, PartOf, Stop};
use target::Target;
use version::Version;

mod asked;
mod batch;
mod body;
mod call;
mod caller;
mod fields;
mod inquiry;
mod link;
mod named;
mod own;
mod query;
mod render;
mod target;
mod trouble;
mod version;

pub use batch::OPERATIONS_AT_ONCE_MAX;
pub(super) use trouble::{broken, failed, unavailable, undelivered};

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
    let call = Call {
        client: client.ip(),
        method: method.as_str(),
        path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()),
        content_type: text(header::CONTENT_TYPE),
        body,
        sec_gpc: gpc::is_asked(&headers),
        nonce: headers.get(NONCE_HEADER).map_or(&b""[..], |value| value.as_bytes()),
        token: text(header::AUTHORIZATION).and_then(|value| after("bearer", value)),
        basic: text(header::AUTHORIZATION).and_then(|value| after("basic", value)),
        token_of_batch: None,
        version: Version::DEFAULT,
        part_of: PartOf::Nothing,
        room: None,
        all_in_query: false,
        usage: Arc::default(),
    };
    let timed = Timed { usage: Arc::clone(&call.usage), now: clock::now(), began: Instant::now() };
    let answered = match unread {
        Some(error) => Err(error.into()),
        None => answer(&gateway, &call).await,
    };
    let reply = match answered {
        Ok(reply) => reply,
        Err(stop) => refused(&gateway, stop),
    };
    let mut reply = with_version(reply, &call);
    let now = timed.now;
    drop(timed);
    if let Some(usage) = call.usage.get() {
        reply.headers_mut().insert(USAGE_HEADER, usage.header(now));
    }
    reply.map(Body::from)
}

/// Counts the time of a call when it ends, by its answer or because the client hung up.
struct Timed {
    usage: Arc<OnceLock<Arc<ClientUsage>>>,
    now: Timestamp,
    began: Instant,
}

impl Drop for Timed {
    fn drop(&mut self) {
        if let Some(usage) = self.usage.get() {
            usage.took(self.began.elapsed(), self.now);
        }
    }
}

/// Whether a query asks the read API something, where a path without a node is something else as well.
#[must_use]
pub fn asks(query: &str) -> bool {
    let query = query::Query::parse(query);
    [query.ids, query.batch, query.fields, query.access_token].iter().any(Option::is_some)
}

/// Whether the head of a request has a token of ours, of a user or of an app. One in the body counts once it is read.
#[must_use]
pub fn has_valid_token(gateway: &Gateway, head: &Parts, now: Timestamp) -> bool {
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let query = query::Query::parse(head.uri.query().unwrap_or_default());
    let token = authorization.and_then(|value| after("bearer", value)).map(Cow::Borrowed);
    token.or(query.access_token).is_some_and(|token| {
        match credentials::client_of_app_token(gateway, &token) {
            Some(client) => client.is_ok(),
            None => gateway.tokens.verify(&token, now).is_ok(),
        }
    })
}

async fn answer(gateway: &Arc<Gateway>, call: &Call<'_>) -> Result<Reply, Stop> {
    let (query, token) = call.parameters().await?;
    let sends_batch = matches!(call.method, "GET" | "POST") && Target::takes_batch(call.path());
    let nonce_fits = call.nonce.len() <= NONCE_BYTES_MAX;
    match &query.batch {
        Some(operations) if sends_batch && nonce_fits => {
            Ok(batch::answer(gateway, call, operations, &query, token).await?)
        }
        // Who has no token is told that, whatever the nonce.
        _ if !nonce_fits && token.is_some() => Err(GraphError::long_nonce(NONCE_BYTES_MAX).into()),
        _ => call.answer_to(gateway, query, token).await,
    }
}

/// What stands after this scheme in an `Authorization` header.
fn after<'a>(scheme: &str, value: &'a str) -> Option<&'a str> {
    let (found, credentials) = value.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

/// What a client is told that gets no answer.
fn refused(gateway: &Gateway, stop: Stop) -> Reply {
    let error = match stop {
        Stop::Error(error) => error,
        Stop::Late => unavailable("a call that is no part of a batch came late for one"),
    };
    gateway.metrics.refused(error.code);
    error.into_reply()
}

/// Every answer says which version gave it.
fn with_version(mut reply: Reply, call: &Call<'_>) -> Reply {
    let version = Target::version_of(call.path(), call.version).to_string();
    if let Ok(version) = HeaderValue::try_from(version) {
        reply.headers_mut().insert("facebook-api-version", version);
    }
    reply
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use countersign_domain::identifier::Identifier;

    use super::*;
    use crate::config::Limits;
    use crate::gateway::usage::Usage;

    #[test]
    fn a_call_that_is_dropped_before_its_answer_takes_its_time_all_the_same() {
        let limits = Limits { seconds_per_hour: 10, ..Limits::default() };
        let now = Timestamp::from_seconds(1_000_000);
        let client = Identifier::parse("aurora-home").unwrap();
        let (mine, _) = Usage::new(&limits).admit(&client, now);
        let began = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
        let timed = Timed { usage: Arc::default(), now, began };
        let _ = timed.usage.set(Arc::clone(&mine));
        let mut call = Box::pin(async move {
            let _timed = timed;
            std::future::pending::<()>().await;
        });
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        drop(call);
        let used = r#"{"call_count":0,"total_time":50,"total_cputime":50}"#;
        assert_eq!(mine.header(now), used);
    }
}
