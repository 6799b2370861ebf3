//! HTTP to one witness: one `POST` after the other on a connection that is kept.
//!
//! Nothing is sent again here, since the log asks again anyway. Redirects are not followed, and no proxy of
//! the environment is asked.

use std::path::Path;
use std::time::Duration;

use countersign_log::witness::Reply;
use countersign_log::witness::client::{Transport, TransportError};
use countersign_source::http_client::{innermost, retry_after, tls};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap};
use hyper::http::uri::Scheme;
use hyper::{Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::clock;

/// How long a connection on which nothing is asked is kept: longer than the usual pause.
const IDLE: Duration = Duration::from_secs(90);

/// The most bytes of an answer that are read; a cosignature has some hundred.
const ANSWER_BYTES_MAX: usize = 65_536;

/// The way to one witness.
#[derive(Clone)]
pub(super) struct HttpTransport {
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    address: Uri,
    patience: Duration,
}

/// Where `add-checkpoint` is below the address that a policy has for a witness.
pub(super) fn address(url: &[u8]) -> Option<Uri> {
    let url = std::str::from_utf8(url).ok()?.trim_end_matches('/');
    let uri: Uri = format!("{url}/add-checkpoint").parse().ok()?;
    let is_http = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    (is_http && uri.host().is_some() && uri.query().is_none()).then_some(uri)
}

impl HttpTransport {
    pub(super) fn new(address: Uri, ca: Option<&Path>, patience: Duration) -> Result<Self, String> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(patience));
        let is_clear = address.scheme() == Some(&Scheme::HTTP);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(ca, is_clear)?);
        let connector =
            https.https_or_http().enable_http1().enable_http2().wrap_connector(connector);
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { http, address, patience })
    }

    async fn ask(&self, body: Vec<u8>) -> Result<Reply, String> {
        let request = Request::post(self.address.clone())
            .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
            .header(header::ACCEPT_ENCODING, "identity")
            .body(Full::from(body))
            .map_err(|error| error.to_string())?;
        let response = self.http.request(request).await.map_err(|error| innermost(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| format!("the answer broke off: {error}"))?;
        Ok(Reply {
            status: head.status.as_u16(),
            content_type: content_type(&head.headers),
            retry_after_s: retry_after(&head.headers, clock::now()).map(|wait| wait.as_secs()),
            body: body.to_bytes().to_vec(),
        })
    }
}

impl Transport for HttpTransport {
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<Reply, TransportError> {
        match tokio::time::timeout(self.patience, self.ask(body)).await {
            Ok(asked) => asked.map_err(|reason| TransportError::Unreachable { reason }),
            Err(_) => {
                let waited_ms = u64::try_from(self.patience.as_millis()).unwrap_or(u64::MAX);
                Err(TransportError::Late { waited_ms })
            }
        }
    }
}

fn content_type(headers: &HeaderMap) -> String {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    text.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_policies() {
        for (url, expected) in [
            ("https://w.example", Some("https://w.example/add-checkpoint")),
            ("https://w.example/", Some("https://w.example/add-checkpoint")),
            ("http://127.0.0.1:1/a/b//", Some("http://127.0.0.1:1/a/b/add-checkpoint")),
            ("w.example", None),
            ("ftp://w.example", None),
            ("https://w.example/?a=b", None),
            ("https://", None),
        ] {
            let found = address(url.as_bytes()).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{url}");
        }
        assert_eq!(address(b"https://\xff.example"), None);
    }
}
