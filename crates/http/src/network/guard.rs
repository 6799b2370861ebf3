//! The layer around every endpoint: what it takes to begin a request, how long it may take, and what its answer
//! holds until it is sent.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use super::address::ClientKey;
use super::answers::{UsedUp, hold};
use super::headers::Transport;
use super::request_body::{BodyOutcome, TimedBody};
use super::socket::Peer;
use super::{Connection, EndpointClass, Limit, Network, Refusal, ms};
use crate::served::ServedRequest;

/// The longest head of a request: its first line and all headers.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;

/// The most headers of a request.
pub const HEADERS_MAX: usize = 100;

/// No endpoint takes a larger body; each has a limit of its own besides.
const BODY_BYTES_MAX: usize = 16 << 20;

/// How many requests of each client are under way: connections do not tell, of proxies and of HTTP/2.
#[derive(Clone, Debug)]
pub struct ClientRequests {
    per_client_max: usize,
    under_way: Arc<Mutex<HashMap<ClientKey, usize>>>,
}

/// One of them.
struct ClientRequest {
    requests: ClientRequests,
    client: ClientKey,
}

impl ClientRequests {
    /// At most so many of each client.
    #[must_use]
    pub fn new(per_client_max: usize) -> Self {
        Self { per_client_max, under_way: Arc::default() }
    }

    fn begin(&self, client: ClientKey) -> Option<ClientRequest> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(client).or_default();
        (*count < self.per_client_max).then(|| {
            *count += 1;
            ClientRequest { requests: self.clone(), client }
        })
    }
}

impl Drop for ClientRequest {
    fn drop(&mut self) {
        let under_way = self.requests.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                under_way.remove(&self.client);
            }
        }
    }
}

/// Holds one request within the limits, and has it counted, logged and traced as far as that is asked for.
pub async fn guard(
    State((network, transport)): State<(Network, Transport)>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let began = std::time::Instant::now();
    let endpoints = &network.inner.endpoints;
    let (head, body) = request.into_parts();
    let (method, matched) = (head.method.clone(), head.extensions.get::<MatchedPath>().cloned());
    let address = network.inner.proxies.client(peer.ip(), &head.headers);
    let span = endpoints.begin_trace(&head, network.inner.proxies.contains(peer.ip()));
    let client = SocketAddr::new(address, peer.port());
    let caller = Caller { peer, client, transport };
    let answering = guarded(&network, caller, (head, body), next);
    let response = answering.instrument(span.clone()).await;
    endpoints.served(&ServedRequest {
        method: &method,
        matched: matched.as_ref(),
        address,
        took: began.elapsed(),
        response: &response,
        span: &span,
    });
    response
}

/// How a request came.
struct Caller {
    /// The other end of the connection.
    peer: SocketAddr,
    /// The client, whom a trusted proxy may have named.
    client: SocketAddr,
    transport: Transport,
}

/// Holds one request of this caller within the limits.
async fn guarded(
    network: &Network,
    Caller { peer, client, transport }: Caller,
    (mut head, body): (Parts, Body),
    next: Next,
) -> Response {
    let inner = &network.inner;
    let connection = head.extensions.get::<Connection>().cloned();
    let connection = connection.unwrap_or_else(|| {
        network.connection(Peer { address: peer, is_of_this_machine: false }, None)
    });
    let _under_way = connection.activity.begin();
    let path = head.uri.path().to_owned();
    let class = inner.endpoints.class(&path);
    let refuse = |refusal: Refusal| {
        inner.endpoints.count(refusal.limit());
        inner.endpoints.refuse(&path, refusal)
    };
    if is_too_large(&head) {
        return closing(refuse(Refusal::HeadTooLarge), head.version);
    }
    if transport == Transport::BehindHttps
        && class != EndpointClass::Health
        && !connection.peer.is_of_this_machine
        && !inner.proxies.says_https(peer.ip(), &head.headers)
    {
        return closing(refuse(Refusal::NotHttps), head.version);
    }
    if let Some(reserve) = &connection.reserve {
        if !class.is_kept() {
            return closing(refuse(Refusal::Busy), head.version);
        }
        if class == EndpointClass::Admin && inner.endpoints.is_authorised(&head) {
            reserve.hold();
        }
    }
    head.extensions.insert(ConnectInfo(client));
    let is_counted = class == EndpointClass::Public;
    let counted = is_counted.then(|| inner.requests.begin(ClientKey::of(client.ip())));
    if matches!(counted, Some(None)) || (inner.answers.is_used_up() && !class.is_kept()) {
        return refuse(Refusal::Busy);
    }
    let (version, outcome) = (head.version, BodyOutcome::default());
    let body = timed(network, &head, body, &outcome);
    let answering = next.run(Request::from_parts(head, body));
    let Ok(mut response) = timeout(network.handler_timeout(class), answering).await else {
        return refuse(Refusal::Late);
    };
    if let Some(status) = outcome.refused() {
        *response.status_mut() = status;
        response = closing(response, version);
    }
    // An endpoint says so itself where its own limit is less.
    match response.status() {
        StatusCode::REQUEST_TIMEOUT => inner.endpoints.count(Limit::BodyLate),
        StatusCode::PAYLOAD_TOO_LARGE => inner.endpoints.count(Limit::BodyTooLarge),
        _ => {}
    }
    held(network, &connection, class, response).unwrap_or_else(|UsedUp| refuse(Refusal::NoRoom))
}

/// Whether a head is longer than it may be, as HTTP/1.1 writes it. hyper reads more than that at once.
fn is_too_large(head: &Parts) -> bool {
    let line = head.method.as_str().len() + target_len(&head.uri) + "  HTTP/1.1\r\n\r\n".len();
    let header = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    head.headers.len() > HEADERS_MAX
        || line + head.headers.iter().map(header).sum::<usize>() > HEAD_BYTES_MAX
}

/// The length of the address, with scheme and host where the client sent them.
fn target_len(uri: &Uri) -> usize {
    let host = uri.authority().map_or(0, |host| host.as_str().len());
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    scheme + host + uri.path_and_query().map_or(0, |path| path.as_str().len())
}

/// The body, within the limits of who sent it.
fn timed(network: &Network, head: &Parts, body: Body, outcome: &BodyOutcome) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let settings = &network.inner.settings;
    let (bytes_max, time) = if network.inner.endpoints.is_authorised(head) {
        (BODY_BYTES_MAX, settings.body_timeout_ms)
    } else {
        (settings.body_without_token_bytes_max, settings.body_without_token_timeout_ms)
    };
    let deadline = Instant::now() + ms(time);
    Body::new(TimedBody::new(body, bytes_max, deadline, outcome.clone()))
}

/// The answer, which holds its share of the budget until it is sent.
fn held(
    network: &Network,
    connection: &Connection,
    class: EndpointClass,
    response: Response,
) -> Result<Response, UsedUp> {
    let (head, body) = response.into_parts();
    let (budget, activity) = (&network.inner.answers, &connection.activity);
    let time = network.reading_time();
    let body = hold(body, &head.headers, budget, activity, time, class.is_kept())?;
    Ok(Response::from_parts(head, body))
}

/// The last answer on its connection.
fn closing(mut response: Response, version: Version) -> Response {
    // HTTP/2 has no such header; there the connection ends by being idle.
    if version <= Version::HTTP_11 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use axum::Router;
    use axum::extract::DefaultBodyLimit;
    use axum::response::IntoResponse as _;
    use axum::routing::{get, post};
    use tower_service::Service as _;

    use super::*;
    use crate::network::answers::AnswerBudget;
    use crate::network::{EndpointClass, Endpoints};

    /// Endpoints whose refusals say why, and which keep what is counted.
    #[derive(Clone, Default)]
    struct Stub(Arc<Mutex<Vec<Limit>>>);

    impl Endpoints for Stub {
        fn class(&self, path: &str) -> EndpointClass {
            match path {
                "/health" => EndpointClass::Health,
                "/admin" => EndpointClass::Admin,
                _ => EndpointClass::Public,
            }
        }

        fn is_authorised(&self, head: &Parts) -> bool {
            head.headers.contains_key(header::AUTHORIZATION)
        }

        fn refuse(&self, _: &str, refusal: Refusal) -> Response {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{refusal:?}")).into_response()
        }

        fn count(&self, limit: Limit) {
            self.0.lock().unwrap().push(limit);
        }
    }

    async fn never() -> &'static str {
        std::future::pending().await
    }

    fn network() -> Network {
        counting(Stub::default())
    }

    fn counting(stub: Stub) -> Network {
        let settings = super::super::settings::Network {
            handler_timeout_ms: 2_000,
            admin_timeout_ms: 9_000,
            body_without_token_timeout_ms: 1_000,
            connections_per_address: 2,
            unsent_answers_bytes_max: 10,
            trusted_proxies: vec!["10.0.0.0/8".to_owned().try_into().unwrap()],
            ..Default::default()
        };
        let answers = Arc::new(AnswerBudget::new(settings.unsent_answers_bytes_max));
        Network::new(&settings, 100, Duration::ZERO, answers, Box::new(stub))
    }

    #[tokio::test]
    async fn behind_a_proxy_only_what_it_says_came_over_https_is_answered() {
        let router = router_over(&network(), Transport::BehindHttps);
        let over = |scheme: &str, path: &str| {
            let mut request = to(path);
            request.headers_mut().insert("x-forwarded-proto", scheme.parse().unwrap());
            request
        };
        let refused = (503, "NotHttps".to_owned());
        assert_eq!(read(ask(&router, to("/client")).await).await, refused);
        assert_eq!(read(ask(&router, over("http", "/client")).await).await, refused);
        assert_eq!(read(ask(&router, over("https, http", "/client")).await).await, refused);
        let answer = ask(&router, over("https", "/client")).await.unwrap();
        assert!(answer.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert_eq!(read(Ok(answer)).await, (200, "from 10.0.0.1".to_owned()));
        // Who looks whether the server runs need not come through the proxy.
        assert_eq!(read(ask(&router, to("/health")).await).await, (200, "well".to_owned()));
        // Anybody can write a header.
        let mut spoofed = over("https", "/client");
        let elsewhere = SocketAddr::from(([203, 0, 113, 1], 4_711));
        spoofed.extensions_mut().insert(ConnectInfo(elsewhere));
        assert_eq!(read(router.clone().call(spoofed).await).await, refused);
        // Commands on this machine.
        let mut own = to("/client");
        own.extensions_mut().insert(ConnectInfo(elsewhere));
        let peer = Peer { address: elsewhere, is_of_this_machine: true };
        own.extensions_mut().insert(network().connection(peer, None));
        assert_eq!(read(router.clone().call(own).await).await.0, 200);
    }

    fn router(network: &Network) -> Router {
        router_over(network, Transport::Plain)
    }

    fn router_over(network: &Network, transport: Transport) -> Router {
        let client = |ConnectInfo(client): ConnectInfo<SocketAddr>| async move {
            format!("from {}", client.ip())
        };
        let router = Router::new()
            .route("/never", get(never))
            .route("/admin", get(never))
            .route("/health", get(|| async { "well" }))
            .route("/client", get(client))
            .route("/small", post(|_: axum::body::Bytes| async { "" }))
            .layer(DefaultBodyLimit::max(10))
            .route("/echo", post(|body: axum::body::Bytes| async move { body.len().to_string() }));
        network.protect(router, transport)
    }

    async fn ask(router: &Router, request: Request) -> Result<Response, Infallible> {
        let (mut head, body) = request.into_parts();
        let peer = SocketAddr::from(([10, 0, 0, 1], 4_711));
        head.extensions.insert(ConnectInfo(peer));
        router.clone().call(Request::from_parts(head, body)).await
    }

    async fn read(response: Result<Response, Infallible>) -> (u16, String) {
        let response = response.unwrap();
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn to(path: &str) -> Request {
        Request::builder().uri(path).body(Body::empty()).unwrap()
    }

    fn of(client: &str, path: &str) -> Request {
        let mut request = to(path);
        request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
        request
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_takes_too_long_is_left_and_the_admin_api_may_take_longer() {
        let router = router(&network());
        for (path, seconds) in [("/never", 2), ("/admin", 9)] {
            let begun = Instant::now();
            let answer = read(ask(&router, to(path)).await).await;
            assert_eq!(answer, (503, "Late".to_owned()), "{path}");
            assert_eq!(begun.elapsed(), Duration::from_secs(seconds), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_behind_a_proxy_is_the_one_that_it_names_and_has_its_share_of_requests() {
        let router = router(&network());
        let named = read(ask(&router, of("198.51.100.7, 192.0.2.1", "/client")).await).await;
        assert_eq!(named, (200, "from 192.0.2.1".to_owned()));
        let held: Vec<_> = (0..2)
            .map(|_| {
                let router = router.clone();
                tokio::spawn(async move { ask(&router, of("192.0.2.1", "/never")).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let refused = read(ask(&router, of("192.0.2.1", "/client")).await).await;
        assert_eq!(refused, (503, "Busy".to_owned()));
        assert_eq!(read(ask(&router, of("192.0.2.2", "/client")).await).await.0, 200);
        assert_eq!(read(ask(&router, of("192.0.2.1", "/health")).await).await.0, 200);
        for held in held {
            assert_eq!(held.await.unwrap().unwrap().status(), 503);
        }
        assert_eq!(read(ask(&router, of("192.0.2.1", "/client")).await).await.0, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_are_not_sent_use_up_the_budget_and_health_is_answered_all_the_same() {
        let router = router(&network());
        let unsent = ask(&router, to("/client")).await.unwrap();
        let refused = read(ask(&router, to("/client")).await).await;
        assert_eq!(refused, (503, "Busy".to_owned()));
        assert_eq!(read(ask(&router, to("/health")).await).await.0, 200);
        drop(unsent);
        assert_eq!(read(ask(&router, to("/client")).await).await.0, 200);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_or_cut_off_is_counted_by_its_limit() {
        let stub = Stub::default();
        let router = router(&counting(stub.clone()));
        let post = |path: &str, body: Body| {
            Request::builder().method("POST").uri(path).body(body).unwrap()
        };
        let unfinished =
            Body::from_stream(futures_util::stream::pending::<Result<String, Infallible>>());
        let mut statuses = Vec::new();
        for request in [
            to("/client"),
            to("/never"),
            post("/echo", Body::from(vec![7; 65_537])),
            post("/echo", unfinished),
            post("/small", Body::from(vec![7; 11])),
        ] {
            statuses.push(read(ask(&router, request).await).await.0);
        }
        assert_eq!(statuses, [200, 503, 413, 408, 413]);
        let counted = stub.0.lock().unwrap().clone();
        assert_eq!(
            counted,
            [Limit::Late, Limit::BodyTooLarge, Limit::BodyLate, Limit::BodyTooLarge]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_a_token_may_have_64_kib() {
        let router = router(&network());
        let post = |bytes: usize, authorization: Option<&'static str>| {
            let mut request = Request::builder().method("POST").uri("/echo");
            if let Some(value) = authorization {
                request = request.header(header::AUTHORIZATION, value);
            }
            ask(&router, request.body(Body::from(vec![7; bytes])).unwrap())
        };
        assert_eq!(read(post(65_536, None).await).await, (200, "65536".to_owned()));
        let refused = post(65_537, None).await.unwrap();
        assert_eq!(refused.status(), 413);
        assert_eq!(refused.headers()[header::CONNECTION], "close");
        drop(refused);
        assert_eq!(read(post(65_537, Some("x")).await).await, (200, "65537".to_owned()));
    }
}
