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
use countersign_people::store::GrantRecord;
use countersign_protocol::receipt::NONCE_HEADER;
use countersign_service::operations::Service;
use countersign_service::operations::disclosure::{Asker, DiscloseError};
use countersign_service::operations::granted::GrantError;
use countersign_service::operations::principal::{AuthError, Principal};
use countersign_service::operations::room::Room;
use countersign_service::operations::token::{Access, UserAccess};
use countersign_service::operations::usage::{ClientUsage, UsedPercent};

use super::path::Endpoint;
use super::query::Query;
use super::request::{Request, Sent};
use super::version::Version;
use super::{batch, own, people};
use crate::bearer;
use crate::deliver::Reply;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::gpc;
use crate::trouble::{failed, unavailable};

/// The header that tells a client how much of its hour is used.
const USAGE_HEADER: &str = "x-app-usage";

/// How long a call may take, and what it takes of what others share.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    /// When it began.
    pub(super) began: Instant,
    /// When nothing more of it may be appended: that of its batch.
    pub(super) deadline: Option<tokio::time::Instant>,
    /// The room that it takes among the operations of batches.
    pub(super) room: Option<&'a Room>,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client is told.
    Error(GraphError),
    /// The batch's time is over and nothing was appended, so that it can be asked again.
    Late,
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Self::Error(error)
    }
}

impl From<AuthError> for Stop {
    fn from(error: AuthError) -> Self {
        Self::Error(error.into())
    }
}

impl From<GrantError> for Stop {
    fn from(error: GrantError) -> Self {
        Self::Error(error.into())
    }
}

impl From<DiscloseError> for Stop {
    fn from(error: DiscloseError) -> Self {
        match error {
            DiscloseError::Late => Self::Late,
            error => Self::Error(error.into()),
        }
    }
}

/// What came of a call.
pub(super) struct Answered {
    /// The answer, or why there is none.
    pub(super) reply: Result<Reply, Stop>,
    /// What the client uses of its hour, where it is known which client asks.
    pub(super) usage: Option<Arc<ClientUsage>>,
}

/// A call of nobody who may ask.
pub(super) struct Unauthenticated {
    error: GraphError,
    /// What the client uses of its hour, where it is known which client it is.
    usage: Option<Arc<ClientUsage>>,
}

impl From<GraphError> for Unauthenticated {
    fn from(error: GraphError) -> Self {
        Self { error, usage: None }
    }
}

impl From<AuthError> for Unauthenticated {
    fn from(error: AuthError) -> Self {
        let usage = match &error {
            AuthError::HourUsedUp { usage } => Some(Arc::clone(usage)),
            AuthError::Token(_) | AuthError::Credentials(_) => None,
        };
        Self { error: error.into(), usage }
    }
}

impl From<Unauthenticated> for Answered {
    fn from(Unauthenticated { error, usage }: Unauthenticated) -> Self {
        Self { reply: Err(error.into()), usage }
    }
}

impl From<GraphError> for Answered {
    /// What is answered before it is known who asks.
    fn from(error: GraphError) -> Self {
        Unauthenticated::from(error).into()
    }
}

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
        version: Version::DEFAULT,
        of_batch: None,
    };
    let now = countersign_service::clock::now();
    let pace = Pace { began: Instant::now(), deadline: None, room: None };
    let Answered { reply, usage } = match unread {
        Some(error) => error.into(),
        None => answer_sent(&gateway, &sent, pace).await,
    };
    let mut reply = written(&gateway, &sent, reply);
    if let Some(usage) = usage {
        reply.headers_mut().insert(USAGE_HEADER, usage_header(usage.used(now)));
    }
    reply.map(Body::from)
}

async fn answer_sent(gateway: &Arc<Gateway>, sent: &Sent<'_>, pace: Pace<'_>) -> Answered {
    let request = match Request::parse(sent) {
        Ok(request) => request,
        Err(error) => return error.into(),
    };
    match request.batch() {
        Some(operations) => batch::answer(gateway, &request, operations).await,
        None => answer(gateway, request, pace).await,
    }
}

/// Answers a call: a request of its own, or an operation of a batch.
pub(super) async fn answer(gateway: &Gateway, request: Request<'_>, pace: Pace<'_>) -> Answered {
    // By a clock that was set forward no token is judged: clients would drop sessions that hold.
    let now = match gateway.service.now() {
        Ok(now) => now,
        Err(error) => return failed(error).into(),
    };
    let principal = match authenticate(&gateway.service, &request, now) {
        Ok(principal) => principal,
        Err(refused) => return refused.into(),
    };
    let _timed = principal.timed(pace.began, now);
    let usage = Some(Arc::clone(&principal.usage));
    let reply = answer_to(gateway, request, (&principal, pace), now).await;
    Answered { reply, usage }
}

/// Who asks, by a token; where tokens are asked for, by the client's secret.
fn authenticate(
    service: &Service,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Principal, Unauthenticated> {
    if request.path.endpoint == Endpoint::AccessToken {
        return own::access_token::authenticate(service, request, now);
    }
    let token = request.token.as_ref();
    let token = token.ok_or_else(|| request.no_token())?;
    Ok(service.authenticate(&token.text, token.proof.as_deref(), now)?)
}

async fn answer_to(
    gateway: &Gateway,
    request: Request<'_>,
    (principal, pace): (&Principal, Pace<'_>),
    now: Timestamp,
) -> Result<Reply, Stop> {
    match request.path.endpoint {
        Endpoint::AccessToken => own::access_token::answer(gateway, &request, principal, now),
        Endpoint::DebugToken => {
            own::debug_token::answer(gateway, &request, (principal, pace), now).await
        }
        Endpoint::Permissions { node, name } => {
            let asked = own::permissions::Asked { node, name };
            own::permissions::answer(gateway, &request, (principal, pace), asked, now).await
        }
        Endpoint::Root | Endpoint::People(_) | Endpoint::Nowhere(_) => {
            people::answer(gateway, &request, (principal, pace), now).await
        }
    }
}

/// The user's token that is needed where there is a viewer.
///
/// # Errors
/// [`GraphError`] 2500 of an app's token on `me`, where the Graph API says so, and 102 elsewhere.
pub(super) fn user(principal: &Principal, on_me: bool) -> Result<&UserAccess, GraphError> {
    match &principal.access {
        Access::User(user) => Ok(user),
        Access::App(_) if on_me => Err(GraphError::no_token()),
        Access::App(_) => Err(GraphError::no_viewer()),
    }
}

/// Who asks for a disclosure by this request.
pub(super) fn asker<'a>(
    request: &Request<'_>,
    access: &'a UserAccess,
    stored: &'a GrantRecord,
    pace: Pace<'a>,
) -> Asker<'a> {
    Asker {
        build: &access.build,
        grant: access.grant,
        stored,
        request: request.digest(),
        token_in_query: request.token.as_ref().is_some_and(|token| token.in_query),
        sec_gpc: request.sent.sec_gpc,
        client_ip: Some(request.sent.client),
        deadline: pace.deadline,
        room: pace.room,
    }
}

/// The reply to a call, which says which version gave it.
pub(super) fn written(gateway: &Gateway, sent: &Sent<'_>, answered: Result<Reply, Stop>) -> Reply {
    let mut reply = answered.unwrap_or_else(|stop| refused(gateway, stop));
    if let Ok(version) = HeaderValue::try_from(sent.version().to_string()) {
        reply.headers_mut().insert("facebook-api-version", version);
    }
    reply
}

/// What a client is told that gets no answer.
pub(super) fn refused(gateway: &Gateway, stop: Stop) -> Reply {
    let error = match stop {
        Stop::Error(error) => error,
        Stop::Late => unavailable("a call that is no part of a batch came late for one"),
    };
    gateway.metrics.refused(error.code);
    error.into_reply()
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
