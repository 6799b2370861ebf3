//! Requests by route, method, client and status, and how long they took. A route is a template, never a path with ids
//! in it; a client is one of the register, so that neither can be made up by whoever asks.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use countersign_domain::identifier::Identifier;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The bounds of how long a request takes, in seconds: 1 ms is usual, and an answer may wait for witnesses.
const TOOK_S: [f64; 12] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0];

/// A request, as it is counted.
#[derive(Clone, Debug)]
pub struct CountedRequest {
    /// The template of its path.
    pub route: Cow<'static, str>,
    /// Its method.
    pub method: Method,
    /// The client that asked, where a token or secret of it held.
    pub client: Option<Identifier>,
    /// The status of the answer.
    pub status: StatusCode,
    /// How long it took until the answer began to be sent.
    pub took: Duration,
    /// The length of the answer's body, where it is known before it is sent.
    pub bytes: Option<u64>,
}

/// The counters of requests. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct RequestMetrics {
    requests: Family<RequestLabel, Counter>,
    took: Family<RouteLabel, Histogram, TookHistogram>,
    bytes: Family<RouteLabel, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabel {
    route: Cow<'static, str>,
    method: &'static str,
    client: ClientLabel,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabel {
    route: Cow<'static, str>,
}

/// A client of the register; `other` for whoever is none.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct ClientLabel(Option<Identifier>);

impl EncodeLabelValue for ClientLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(self.0.as_ref().map_or("other", Identifier::as_str))
    }
}

#[derive(Clone, Debug)]
struct TookHistogram;

impl MetricConstructor<Histogram> for TookHistogram {
    fn new_metric(&self) -> Histogram {
        Histogram::new(TOOK_S)
    }
}

impl Default for RequestMetrics {
    fn default() -> Self {
        let (requests, bytes) = <_>::default();
        Self { requests, took: Family::new_with_constructor(TookHistogram), bytes }
    }
}

impl RequestMetrics {
    /// Lets these be seen.
    pub(super) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("http");
        let help = "Requests, by route, method, client and status";
        registry.register("requests", help, self.requests.clone());
        let help = "How long requests took until their answers began, by route";
        registry.register_with_unit("request_duration", help, Unit::Seconds, self.took.clone());
        let help = "Bodies of answers whose length was known before they were sent, by route";
        registry.register_with_unit("response", help, Unit::Bytes, self.bytes.clone());
    }

    /// A request was served.
    pub(super) fn served(&self, request: CountedRequest) {
        let CountedRequest { route, method, client, status, took, bytes } = request;
        let by_route = RouteLabel { route: route.clone() };
        self.took.get_or_create(&by_route).observe(took.as_secs_f64());
        if let Some(bytes) = bytes {
            self.bytes.get_or_create(&by_route).inc_by(bytes);
        }
        let client = ClientLabel(client);
        let (method, status) = (method_name(&method), status.as_u16());
        self.requests.get_or_create(&RequestLabel { route, method, client, status }).inc();
    }
}

/// The name of a method: clients may send any word as one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn requests_are_counted_by_what_no_client_can_make_up() {
        let metrics = RequestMetrics::default();
        let mut registry = Registry::with_prefix("countersign");
        metrics.register(&mut registry);
        let request = |method: &str, client: Option<&str>| CountedRequest {
            route: "/{id}".into(),
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            client: client.map(|client| Identifier::parse(client).unwrap()),
            status: StatusCode::OK,
            took: Duration::from_millis(3),
            bytes: Some(7),
        };
        metrics.served(request("GET", Some("aurora-home")));
        metrics.served(request("GET", Some("aurora-home")));
        metrics.served(request("BREW", None));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            r#"countersign_http_requests_total{route="/{id}",method="GET",client="aurora-home",status="200"} 2"#,
            r#"countersign_http_requests_total{route="/{id}",method="other",client="other",status="200"} 1"#,
            r#"countersign_http_request_duration_seconds_bucket{le="0.0025",route="/{id}"} 0"#,
            r#"countersign_http_request_duration_seconds_bucket{le="0.005",route="/{id}"} 3"#,
            r#"countersign_http_response_bytes_total{route="/{id}"} 21"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
