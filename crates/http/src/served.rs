//! What is known of a request once it was served, for counts, the request log and traces. It goes with the response and
//! never leaves: nothing of it is about a person, nor are the path, the query or a token in it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::HttpBody as _;
use axum::extract::MatchedPath;
use axum::http::Method;
use axum::response::Response;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_service::operations::circumstances::network_of;

use crate::metrics::CountedRequest;
use crate::settings::Telemetry;

/// The route of a request that leads to no endpoint, or was refused before it was known where it leads.
pub const NO_ROUTE: &str = "other";

/// The route of what the admin API does that is told of nowhere.
const ADMIN: &str = "/admin/v1";

/// What the lines of the request log are called, for `COUNTERSIGN_LOG`.
pub const REQUEST_LOG: &str = "countersign_requests";

/// A request that was answered, or refused by a limit of the network.
pub struct ServedRequest<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The template of its path, where the router has one.
    pub matched: Option<&'a MatchedPath>,
    /// The address of the client.
    pub address: IpAddr,
    /// How long it took until there was an answer.
    pub took: Duration,
    /// The answer.
    pub response: &'a Response,
    /// Its trace, where it is traced.
    pub span: &'a tracing::Span,
}

/// What the endpoint says about the request. It is an extension of the response.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The template of its path.
    pub route: &'static str,
    /// The client that asked, where it is known which.
    pub client: Option<Identifier>,
}

/// Why there is no answer. It is an extension of the response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The Graph API's code.
    pub code: u32,
    /// The reason of the decision, where it was one.
    pub reason: Option<Reason>,
    /// What the client was told to quote.
    pub trace: String,
}

impl ServedRequest<'_> {
    /// The template of its path.
    fn route(&self) -> Cow<'static, str> {
        if let Some(caller) = self.caller() {
            return caller.route.into();
        }
        match self.matched.map(MatchedPath::as_str) {
            None => NO_ROUTE.into(),
            // Whoever watches the server need not learn that there are canaries.
            Some(path) if path.starts_with("/admin/v1/canaries") => ADMIN.into(),
            Some(path) => path.to_owned().into(),
        }
    }

    fn caller(&self) -> Option<&Caller> {
        self.response.extensions().get()
    }

    /// The request as it is counted.
    #[must_use]
    pub fn counted(&self) -> CountedRequest {
        CountedRequest {
            route: self.route(),
            method: self.method.clone(),
            client: self.caller().and_then(|caller| caller.client.clone()),
            status: self.response.status(),
            took: self.took,
            bytes: self.response.body().size_hint().exact(),
        }
    }

    /// Writes the line of the request log. The address is in it only if that is asked for, and never whole.
    pub fn log(&self, counted: &CountedRequest, telemetry: &Telemetry) {
        let failure = self.response.extensions().get::<Failure>();
        let trace = crate::trace::id_of(self.span);
        let network = telemetry.log_networks.then(|| network_of(self.address));
        tracing::info!(
            target: REQUEST_LOG,
            method = counted.method.as_str(),
            route = &*counted.route,
            client = counted.client.as_ref().map(Identifier::as_str),
            status = counted.status.as_u16(),
            duration_ms = counted.took.as_micros() as f64 / 1_000.0,
            bytes = counted.bytes,
            error = failure.map(|failure| failure.code),
            reason = failure.and_then(|failure| failure.reason).map(Reason::name),
            fbtrace_id = failure.map(|failure| failure.trace.as_str()),
            trace_id = trace,
            network = network,
            "request"
        );
    }

    /// Says in the request's trace what came of it.
    pub fn trace(&self, counted: &CountedRequest) {
        if self.span.is_disabled() {
            return;
        }
        let failure = self.response.extensions().get::<Failure>();
        let reason = failure.and_then(|failure| failure.reason).map(Reason::name);
        crate::trace::ended(self.span, counted, failure.map(|failure| failure.code), reason);
    }
}
