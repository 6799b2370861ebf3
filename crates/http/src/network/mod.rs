//! What stands between the network and the routers: which connections are taken, and how much time and memory each
//! phase of a request may cost before anybody is known to be allowed anything.
//!
//! ```text
//! phase        limit                                              where
//! connection   so many, so many a client, a reserve               admission
//! handshake    head_timeout_ms                                    listener
//! head         head_timeout_ms, 64 KiB, 100 headers               hyper, activity (HTTP/2), guard
//! body         body_timeout_ms; less without a valid token        request_body
//! handler      handler_timeout_ms, admin_timeout_ms               guard
//! answer       answer_timeout_ms and a rate; one budget of bytes  answers, activity
//! idle         head_timeout_ms                                    activity
//! ```
//!
//! What it is not: it knows no endpoint. What is asked of it about one is a function of the router's.

pub mod activity;
pub mod address;
pub mod admission;
pub mod answers;
pub mod guard;
pub mod headers;
pub mod listen;
pub mod listener;
pub mod request_body;
pub mod settings;
pub mod socket;
pub mod tls;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::request::Parts;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use tracing::Span;

use self::activity::Activity;
use self::address::TrustedProxies;
use self::admission::{Admission, ConnectionLimits, Reserve};
use self::answers::{AnswerBudget, ReadingTime};
use self::guard::ClientRequests;
use self::headers::Transport;
use self::socket::Peer;
use crate::served::ServedRequest;

/// What a router says about its endpoints.
pub trait Endpoints: Send + Sync {
    /// Which limits an endpoint has.
    fn class(&self, path: &str) -> EndpointClass;

    /// Whether the head of a request has a token that opens its endpoint.
    fn is_authorised(&self, head: &Parts) -> bool;

    /// The answer to a request that is refused.
    fn refuse(&self, path: &str, refusal: Refusal) -> Response;

    /// Counts a request that a limit refused or cut off.
    fn count(&self, limit: Limit);

    /// Begins the trace of a request, which a trusted proxy sent or somebody else. None is made where nothing is
    /// traced.
    fn begin_trace(&self, _: &Parts, _by_proxy: bool) -> Span {
        Span::none()
    }

    /// Takes note of a request that has its answer.
    fn served(&self, _: &ServedRequest<'_>) {}
}

/// Which limits an endpoint has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndpointClass {
    /// Health checks: room is kept for them.
    Health,
    /// The admin API: room is kept for it, and it may take long.
    Admin,
    /// The platform's own servers, which may take long.
    Platform,
    /// Everything else.
    Public,
}

impl EndpointClass {
    /// Whether room is kept for it: connections, and bytes of answers.
    const fn is_kept(self) -> bool {
        matches!(self, Self::Health | Self::Admin)
    }
}

/// Why a request is refused before, or instead of, its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Too much is under way. The request was not begun.
    Busy,
    /// The request was answered, and there is no room to hold the answer until it is sent.
    NoRoom,
    /// The request took too long.
    Late,
    /// The head was too long, or had too many headers: 431. The request was not begun.
    HeadTooLarge,
    /// The request did not come over https, through a trusted proxy: 403. It was not begun.
    NotHttps,
}

impl Refusal {
    const fn limit(self) -> Limit {
        match self {
            Self::Busy => Limit::Busy,
            Self::NoRoom => Limit::NoRoom,
            Self::Late => Limit::Late,
            Self::HeadTooLarge => Limit::HeadTooLarge,
            Self::NotHttps => Limit::NotHttps,
        }
    }
}

/// A limit that a request went beyond, as it is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// [`Refusal::Busy`].
    Busy,
    /// [`Refusal::NoRoom`].
    NoRoom,
    /// [`Refusal::Late`].
    Late,
    /// [`Refusal::HeadTooLarge`], or what hyper refused before there was a request.
    HeadTooLarge,
    /// [`Refusal::NotHttps`].
    NotHttps,
    /// The body was too long: 413.
    BodyTooLarge,
    /// The body was not there in time: 408.
    BodyLate,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Busy,
        Self::NoRoom,
        Self::Late,
        Self::HeadTooLarge,
        Self::BodyTooLarge,
        Self::BodyLate,
    ];

    /// Its name in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoRoom => "no_room",
            Self::Late => "late",
            Self::HeadTooLarge => "head_too_large",
            Self::NotHttps => "not_https",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyLate => "body_late",
        }
    }
}

/// The limits of one server, and what is used of them.
#[derive(Clone)]
pub struct Network {
    inner: Arc<Inner>,
}

struct Inner {
    endpoints: Box<dyn Endpoints>,
    proxies: Arc<TrustedProxies>,
    admission: Admission,
    answers: Arc<AnswerBudget>,
    requests: ClientRequests,
    settings: settings::Network,
    handler_timeout: Duration,
}

/// The connection on which a request came.
#[derive(Clone)]
pub struct Connection {
    peer: Peer,
    /// Its place in the reserve, if it is one too many.
    reserve: Option<Reserve>,
    activity: Arc<Activity>,
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

impl Network {
    /// The limits of the configuration, for these endpoints, which may take at least so long to answer.
    /// `connections_max` is how many connections the system has room for, those of the reserve included; `answers` is
    /// what the answers that are not sent yet may come to.
    #[must_use]
    pub fn new(
        settings: &settings::Network,
        connections_max: usize,
        handler_timeout_min: Duration,
        answers: Arc<AnswerBudget>,
        endpoints: Box<dyn Endpoints>,
    ) -> Self {
        let proxies = settings.trusted_proxies.clone();
        let proxies = Arc::new(TrustedProxies::new(proxies, settings.client_address_header));
        let reserved = settings.connections_reserved.min(connections_max.saturating_sub(1)).max(1);
        let limits = ConnectionLimits {
            connections: settings.connections.min(connections_max.saturating_sub(reserved)).max(1),
            reserved,
            per_address: settings.connections_per_address,
        };
        let inner = Inner {
            endpoints,
            admission: Admission::new(limits, Arc::clone(&proxies)),
            proxies,
            answers,
            requests: ClientRequests::new(settings.connections_per_address),
            handler_timeout: ms(settings.handler_timeout_ms).max(handler_timeout_min),
            settings: settings.clone(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A router within these limits, whose answers have the headers that all have.
    pub fn protect(&self, router: Router, transport: Transport) -> Router {
        router
            .layer(from_fn_with_state((self.clone(), transport), guard::guard))
            .layer(map_response_with_state(transport, headers::add))
    }

    /// How long a handshake and the head of a request may take, and a connection be idle.
    fn head_timeout(&self) -> Duration {
        ms(self.inner.settings.head_timeout_ms)
    }

    fn reading_time(&self) -> ReadingTime {
        let settings = &self.inner.settings;
        ReadingTime {
            timeout: ms(settings.answer_timeout_ms),
            bytes_per_s_min: settings.answer_bytes_per_s_min,
        }
    }

    /// How long an endpoint of this class may take to answer.
    fn handler_timeout(&self, class: EndpointClass) -> Duration {
        match class {
            EndpointClass::Admin | EndpointClass::Platform => {
                ms(self.inner.settings.admin_timeout_ms)
            }
            EndpointClass::Health | EndpointClass::Public => self.inner.handler_timeout,
        }
    }

    /// A connection with nothing on it yet.
    fn connection(&self, peer: Peer, reserve: Option<Reserve>) -> Connection {
        let activity = Activity::new(self.head_timeout(), self.reading_time().timeout);
        Connection { peer, reserve, activity: Arc::new(activity) }
    }
}
