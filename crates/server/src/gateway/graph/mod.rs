//! The read API, in the conventions of the Graph API: token, path and expansion in; decision, log,
//! answer out.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use countersign_verifier::receipt::{NONCE_BYTES_MAX, NONCE_HEADER, request_digest};

use super::Gateway;
use super::circumstances::circumstances;
use super::deliver::deliver;
use super::errors::GraphError;
use crate::clock;
use inquiry::{Inquiry, Logged};
use query::Query;
use render::Page;
use target::{Target, VERSION_DEFAULT};

mod asked;
mod fields;
mod inquiry;
mod query;
mod render;
mod target;

/// `GET /{version}/{node}[/{edge}]`.
pub async fn read(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let incoming = Incoming { client, method, uri, headers, body };
    let target = Target::parse(incoming.uri.path());
    let version = target.as_ref().map_or(VERSION_DEFAULT, |target| target.version);
    let version = HeaderValue::from_str(version);
    let mut response = match answer(&gateway, &incoming, target).await {
        Ok(response) => response,
        Err(error) => {
            gateway.metrics.refused(error.code);
            error.into_response()
        }
    };
    if let Ok(version) = version {
        response.headers_mut().insert("facebook-api-version", version);
    }
    response
}

/// A request as it came.
struct Incoming {
    client: SocketAddr,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Incoming {
    fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    fn bearer(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    fn nonce(&self) -> Result<&[u8], GraphError> {
        let nonce = self.headers.get(NONCE_HEADER).map_or(&b""[..], |value| value.as_bytes());
        if nonce.len() > NONCE_BYTES_MAX {
            return Err(GraphError::long_nonce(NONCE_BYTES_MAX));
        }
        Ok(nonce)
    }
}

async fn answer(
    gateway: &Gateway,
    incoming: &Incoming,
    target: Result<Target<'_>, GraphError>,
) -> Result<Response, GraphError> {
    let now = clock::now();
    if incoming.method != Method::GET {
        return Err(GraphError::unsupported_method(&incoming.method));
    }
    let query = Query::parse(incoming.uri.query().unwrap_or_default());
    // A token in the header counts; what stands in the query then is passed over.
    let in_query = query.access_token.clone().filter(|_| incoming.bearer().is_none());
    let token = incoming.bearer().or(in_query.as_deref()).ok_or_else(GraphError::no_token)?;
    let access = gateway.tokens.verify(token, now)?;
    let stored = gateway.people.grant(access.grant).map_err(unavailable)?;
    let stored = stored.ok_or_else(GraphError::ended_grant)?;
    // Who has no token is not told whether a path leads anywhere.
    let target = target?;
    let nonce = incoming.nonce()?;

    let request =
        request_digest(incoming.method.as_str(), incoming.path_and_query(), &incoming.body, nonce);
    let token_in_query = in_query.is_some();
    let build = access.build.as_str();
    let inquiry = Inquiry { gateway, build, stored: &stored, target, query, token_in_query };
    let circumstances = circumstances(access.grant, Some(incoming.client.ip()));
    let Logged { released, asked, compiled } = inquiry.release(request, circumstances).await?;
    let page = Page {
        public_url: gateway.config.public_url(),
        version: inquiry.target.version,
        request: asked.request,
        form: asked.form,
        query_token: in_query.as_deref(),
        more: released.decided().more,
        compiled: &compiled,
    };
    let people_count = released.decided().records.len();
    let answer = released.answer(|records| page.render(records));
    gateway.metrics.released(people_count, answer.body().len());
    deliver(answer, gateway)
}

/// What fails inside is told to the operator, never to the partner.
fn unavailable(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "a request could not be answered");
    GraphError::unavailable()
}
