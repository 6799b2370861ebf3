//! The headers that every answer has: what a browser may do with it, and that nobody keeps it.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// A document that may do nothing: of everything that is no page. Pages bring their own.
const NOTHING: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Browsers come back by TLS for two years.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// How requests come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Over TLS, which the server speaks itself.
    Tls,
    /// From a trusted proxy, which says that the client speaks TLS with it.
    BehindHttps,
    /// In the clear.
    Plain,
}

/// Adds what a handler has not set itself.
pub async fn add(State(transport): State<Transport>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut default = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, NOTHING);
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "no-referrer");
    // What may be kept says so: the log's tiles. Everything else may name a person.
    default(header::CACHE_CONTROL, "no-store");
    if transport != Transport::Plain {
        default(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
