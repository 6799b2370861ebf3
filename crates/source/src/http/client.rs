//! Asks the one host of the mapping: one `GET` after the other, within the limits of the question.
//!
//! A request is sent again only if it can do no harm and may help: no connection came about, it ended
//! before a byte of a body came, or the API says 502, 503 or 504. Redirects are not followed, and no
//! proxy of the environment is asked.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use countersign_protocol::json_check::{self, JsonFault, JsonProblem};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::uri::Scheme;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::mapping::{Base, Mapping};
use super::metrics::ApiMetrics;
use super::person::nonsense;
use super::surrogates;
use crate::Clock;
use crate::SourceError;
use crate::http_client::{innermost, retry_after, tls};
use crate::settings::http::HttpSettings;

/// How long a connection on which nothing is asked is kept.
const IDLE: Duration = Duration::from_secs(30);

/// How long the first wait before a request is sent again is at most; each one after it is twice as long.
const BACKOFF_MS: u64 = 20;

/// Whoever is asked.
pub(super) struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    base: Base,
    headers: HeaderMap,
    permits: Semaphore,
    retries: u32,
    metrics: ApiMetrics,
    clock: Clock,
}

/// The limits of one question, which all of its requests share.
pub(super) struct Limits {
    pub(super) deadline: Instant,
    bytes_left: AtomicUsize,
    bytes_max: usize,
    /// Whether anything was sent, so that the API has a part in what became of the question.
    pub(super) is_sent: AtomicBool,
}

impl Limits {
    pub(super) const fn new(deadline: Instant, bytes_max: usize) -> Self {
        let bytes_left = AtomicUsize::new(bytes_max);
        Self { deadline, bytes_left, bytes_max, is_sent: AtomicBool::new(false) }
    }

    fn take(&self, bytes: usize) -> Result<(), SourceError> {
        let take = |left: usize| left.checked_sub(bytes);
        let taken = self.bytes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(drop).map_err(|_| SourceError::Misconfigured {
            reason: format!(
                "the answers to one question have more than {} bytes; raise answer_bytes_max, or have the API say less",
                self.bytes_max
            ),
        })
    }
}

/// An answer of the API.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) text: String,
}

impl Reply {
    /// The JSON that it is.
    fn json(self, name: &str) -> Result<String, SourceError> {
        match self.status {
            StatusCode::OK if is_json(self.content_type.as_ref()) => {
                check(name, &self.text).map(|()| self.text)
            }
            StatusCode::OK => Err(nonsense(format!("{name}: the content is not JSON by its type"))),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(SourceError::Unavailable { reason: format!("{name}: status {status}") })
            }
            status => Err(nonsense(format!("{name}: status {status}"))),
        }
    }
}

/// Refuses an answer that readers of JSON would differ about, without the words of it. Half a surrogate in a
/// text is not looked for here: it is one value's fault, and found where that is handed on.
pub(super) fn check(name: &str, text: &str) -> Result<(), SourceError> {
    json_check::check(surrogates::replaced(text).as_bytes()).map_err(|fault| {
        let JsonFault { line, column, problem } = fault;
        let what = match problem {
            JsonProblem::KeyTwice { .. } => "a key stands twice in one object".to_owned(),
            other => other.to_string(),
        };
        nonsense(format!(
            "{name}: not what every reader of JSON takes, at line {line}, column {column}: {what}"
        ))
    })
}

/// What became of one attempt.
enum Attempt {
    Done(Result<Reply, SourceError>),
    /// It may be tried again, no sooner than so much later.
    Again(SourceError, Option<Duration>),
}

impl Client {
    /// A client for the host of this mapping.
    pub(super) fn new(
        mapping: &Mapping,
        config: &HttpSettings,
        metrics: ApiMetrics,
        clock: Clock,
    ) -> Result<Self, String> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_millis(config.connect_timeout_ms)));
        let is_clear = mapping.base.scheme == Scheme::HTTP;
        let tls =
            HttpsConnectorBuilder::new().with_tls_config(tls(mapping.ca.as_deref(), is_clear)?);
        let connector = tls.https_or_http().enable_http1().enable_http2().wrap_connector(connector);
        let mut headers = mapping.headers.clone();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(Self {
            http: legacy::Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .build(connector),
            base: mapping.base.clone(),
            headers,
            permits: Semaphore::new(config.concurrency),
            retries: config.retries,
            metrics,
            clock,
        })
    }

    pub(super) const fn base(&self) -> &Base {
        &self.base
    }

    /// The JSON at this path. `name` is what an error calls it.
    pub(super) async fn get(
        &self,
        limits: &Limits,
        name: &str,
        path: &str,
    ) -> Result<String, SourceError> {
        self.reply(limits, name, path).await?.json(name)
    }

    /// The JSON at a path that is about one person; `None` if the API says that there is nobody. A 404 that is
    /// not JSON may come from whoever stands before the API and has no way there, and says so of everybody:
    /// it counts with `bare_404` alone.
    pub(super) async fn find(
        &self,
        limits: &Limits,
        name: &str,
        path: &str,
        bare_404: bool,
    ) -> Result<Option<String>, SourceError> {
        let reply = self.reply(limits, name, path).await?;
        if reply.status != StatusCode::NOT_FOUND {
            return reply.json(name).map(Some);
        }
        if bare_404 || is_json(reply.content_type.as_ref()) {
            return Ok(None);
        }
        Err(nonsense(format!("{name}: status 404 with content that is not JSON by its type")))
    }

    /// The answer at this path, whatever it is.
    pub(super) async fn reply(
        &self,
        limits: &Limits,
        name: &str,
        path: &str,
    ) -> Result<Reply, SourceError> {
        let mut tried = 0;
        loop {
            let (error, after) = match self.attempt(limits, name, path).await {
                Attempt::Done(done) => return done,
                Attempt::Again(error, after) => (error, after),
            };
            let wait = backoff(tried).max(after.unwrap_or_default());
            // Compared so, since what the API asks for added to now may be no time that there is.
            let left = limits.deadline.saturating_duration_since(Instant::now());
            if tried >= self.retries || wait >= left {
                return Err(error);
            }
            tried += 1;
            self.metrics.retries.inc();
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, limits: &Limits, name: &str, path: &str) -> Attempt {
        let request = match self.request(path) {
            Some(request) => request,
            None => {
                return Attempt::Done(Err(nonsense(format!("{name}: no such path can be asked"))));
            }
        };
        // It is never closed.
        let Ok(_turn) = self.permits.acquire().await else {
            let reason = "the source was shut down".to_owned();
            return Attempt::Done(Err(SourceError::Unavailable { reason }));
        };
        limits.is_sent.store(true, Ordering::Relaxed);
        self.metrics.requests.inc();
        let unavailable =
            |what: &str| SourceError::Unavailable { reason: format!("{name}: {what}") };
        let response = match self.http.request(request).await {
            Ok(response) => response,
            Err(error) => return Attempt::Again(unavailable(&innermost(&error)), None),
        };
        let status = response.status();
        let passes =
            [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
        if passes.contains(&status) {
            let after = retry_after(response.headers(), (self.clock)());
            return Attempt::Again(unavailable(&format!("status {status}")), after);
        }
        self.body(limits, name, response).await
    }

    async fn body(&self, limits: &Limits, name: &str, response: Response<Incoming>) -> Attempt {
        let (head, mut body) = response.into_parts();
        let encoding = head.headers.get(header::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| encoding != "identity") {
            return Attempt::Done(Err(nonsense(format!("{name}: the content is encoded"))));
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    let what = format!("{name}: the answer broke off: {}", innermost(&error));
                    let error = SourceError::Unavailable { reason: what };
                    return match bytes.is_empty() {
                        true => Attempt::Again(error, None),
                        false => Attempt::Done(Err(error)),
                    };
                }
            };
            let Some(data) = frame.data_ref() else { continue };
            if let Err(error) = limits.take(data.len()) {
                return Attempt::Done(Err(error));
            }
            bytes.extend_from_slice(data);
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| nonsense(format!("{name}: the content is not UTF-8")));
        let content_type = head.headers.get(header::CONTENT_TYPE).cloned();
        Attempt::Done(text.map(|text| Reply { status: head.status, content_type, text }))
    }

    fn request(&self, path: &str) -> Option<Request<Empty<Bytes>>> {
        let uri = Uri::builder()
            .scheme(self.base.scheme.clone())
            .authority(self.base.authority.clone())
            .path_and_query(path)
            .build();
        let mut request = Request::get(uri.ok()?).body(Empty::new()).ok()?;
        request.headers_mut().extend(self.headers.clone());
        Some(request)
    }
}

/// Whether a content type is one of JSON.
pub(super) fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// A wait of random length, so that those who were turned away together do not come back together.
fn backoff(tried: u32) -> Duration {
    let most_us = (BACKOFF_MS * 1_000) << tried.min(10);
    let mut random = [0; 8];
    // Without randomness everybody waits as long as they may.
    let part =
        getrandom::fill(&mut random).map_or(most_us, |()| u64::from_le_bytes(random) % most_us);
    Duration::from_micros(most_us / 2 + part / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_of_json() {
        for (text, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/hal+json", true),
            ("text/javascript", false),
            ("text/html", false),
        ] {
            assert_eq!(is_json(Some(&HeaderValue::from_static(text))), expected, "{text}");
        }
        assert!(!is_json(None));
    }

    #[test]
    fn waits_grow_and_are_never_longer_than_twice_the_first_each_time() {
        for tried in 0..6 {
            let most = Duration::from_millis(BACKOFF_MS << tried);
            let wait = backoff(tried);
            assert!(wait >= most / 2 && wait <= most, "{tried}: {wait:?}");
        }
    }
}
