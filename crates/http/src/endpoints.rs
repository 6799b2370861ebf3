//! What the network limits need to know about endpoints: which have reserved capacity, which tokens give access to
//! them, and in which form their errors are.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use countersign_service::clock;
use tracing::Span;

use crate::admin_error::AdminError;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::network::{EndpointClass, Endpoints, Limit, Refusal};
use crate::served::ServedRequest;
use crate::settings::TraceParent;
use crate::{bearer, graph, trace};

/// What a head may be.
const HEAD: &str =
    "the address and all headers may have 64 KiB together, and there may be 100 headers";

/// The endpoints of a gateway.
pub struct GatewayEndpoints {
    gateway: Arc<Gateway>,
}

impl GatewayEndpoints {
    /// Those of this one.
    #[must_use]
    pub const fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }
}

/// Whether a path is this one, or below it.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Endpoints for GatewayEndpoints {
    fn class(&self, path: &str) -> EndpointClass {
        match path {
            "/healthz" | "/readyz" => EndpointClass::Health,
            "/metrics" => EndpointClass::Admin,
            path if is_below(path, "/admin/v1") => EndpointClass::Admin,
            path if is_below(path, "/decide") => EndpointClass::Platform,
            _ => EndpointClass::Public,
        }
    }

    fn is_authorised(&self, head: &Parts) -> bool {
        let gateway = &self.gateway;
        let path = head.uri.path();
        let presented = bearer::presented(&head.headers);
        let opens = |token: &bearer::BearerToken| presented.is_some_and(|p| token.opens_for(p));
        match self.class(path) {
            EndpointClass::Health => false,
            EndpointClass::Admin if path == "/metrics" => {
                opens(&gateway.files.metrics_token) || opens(&gateway.files.admin_token)
            }
            EndpointClass::Admin => opens(&gateway.files.admin_token),
            EndpointClass::Platform => opens(&gateway.files.decide_token),
            EndpointClass::Public => graph::has_valid_token(&gateway.service, head, clock::now()),
        }
    }

    fn refuse(&self, path: &str, refusal: Refusal) -> Response {
        match self.class(path) {
            EndpointClass::Public => match refusal {
                Refusal::Busy => GraphError::busy().into_response(),
                Refusal::NoRoom | Refusal::Late => GraphError::unsent().into_response(),
                Refusal::HeadTooLarge => GraphError::long_head(HEAD).into_response(),
                Refusal::NotHttps => GraphError::not_https().into_response(),
            },
            _ => {
                let status = match refusal {
                    Refusal::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                    Refusal::NotHttps => StatusCode::FORBIDDEN,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                let message = match refusal {
                    Refusal::Busy => {
                        "too much is under way, so this was not begun; try again after Retry-After"
                    }
                    Refusal::NoRoom => {
                        "too many answers wait to be sent, so this one is not; what was asked for may have been done"
                    }
                    Refusal::Late => "this took too long; what was asked for may have been done",
                    Refusal::HeadTooLarge => HEAD,
                    Refusal::NotHttps => {
                        "this came neither from this machine nor, over https, through a proxy of trusted_proxies in [network] that says so in X-Forwarded-Proto or Forwarded"
                    }
                };
                AdminError::of(status, message.to_owned()).into_response()
            }
        }
    }

    fn count(&self, limit: Limit) {
        self.gateway.metrics.network_refused(limit);
    }

    fn begin_trace(&self, head: &Parts, by_proxy: bool) -> Span {
        trace::begin(head, || match self.gateway.settings.telemetry.traces_parent {
            TraceParent::Nobody => false,
            TraceParent::Proxies => by_proxy,
            TraceParent::Everybody => true,
        })
    }

    fn served(&self, served: &ServedRequest<'_>) {
        let (counted, telemetry) = (served.counted(), &self.gateway.settings.telemetry);
        served.trace(&counted);
        if telemetry.log_requests {
            served.log(&counted, telemetry);
        }
        self.gateway.metrics.served(counted);
    }
}
