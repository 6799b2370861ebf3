//! Traces for a collector: spans in batches, by OTLP over HTTP, from a thread of their own.
//!
//! Spec: OpenTelemetry's protocol and environment variables. What a collector does not take is told once, until it
//! takes some again; requests never wait for it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use countersign_http::settings::Telemetry;
use countersign_service::spans::TARGET;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;
use ureq::tls::{RootCerts, TlsConfig};

/// What traces are called by, where the environment says nothing else.
const SERVICE: &str = "countersign";

/// Where a collector takes traces, below its address.
const TRACES_PATH: &str = "/v1/traces";

/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a collector's answer that are read.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// Traces that cannot be sent as they are asked for.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// Another exporter.
    #[error("OTEL_TRACES_EXPORTER: {found:?} is not supported; use otlp or none")]
    Exporter {
        /// What was found.
        found: String,
    },
    /// Another protocol.
    #[error(
        "{variable}: {found:?} is not supported; use http/protobuf, to the port for HTTP (4318)"
    )]
    Protocol {
        /// Where it was found.
        variable: &'static str,
        /// What was found.
        found: String,
    },
    /// Something else that the exporter does not take.
    #[error("traces cannot be sent: {0}; see [telemetry] and the variables that begin with OTEL_")]
    Build(#[from] ExporterBuildError),
}

/// What sends traces.
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Sends traces to the collector of the environment or the configuration; none where neither names one.
    pub(super) fn open(
        settings: &Telemetry,
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Option<Self>, TracesError> {
        let variable = |name| variable(name).filter(|value| !value.trim().is_empty());
        let of_environment =
            ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"].map(variable);
        let is_named = of_environment.iter().any(Option::is_some);
        let exporter = variable("OTEL_TRACES_EXPORTER");
        match exporter.as_deref() {
            Some("none") => return Ok(None),
            Some("otlp") | None => {}
            Some(found) => return Err(TracesError::Exporter { found: found.to_owned() }),
        }
        let is_disabled = variable("OTEL_SDK_DISABLED").is_some_and(|value| value == "true");
        let is_wanted = is_named || settings.traces_endpoint.is_some() || exporter.is_some();
        if is_disabled || !is_wanted {
            return Ok(None);
        }
        for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
            if let Some(found) = variable(name).filter(|found| found != "http/protobuf") {
                return Err(TracesError::Protocol { variable: name, found });
            }
        }
        let mut builder = SpanExporter::builder().with_http().with_http_client(Client::new());
        // What is said here would come before the environment.
        if let Some(endpoint) = settings.traces_endpoint.as_deref().filter(|_| !is_named) {
            builder =
                builder.with_endpoint(format!("{}{TRACES_PATH}", endpoint.trim_end_matches('/')));
        }
        let mut provider = SdkTracerProvider::builder()
            .with_batch_exporter(builder.build()?)
            .with_resource(resource(variable("OTEL_SERVICE_NAME").is_some()));
        if variable("OTEL_TRACES_SAMPLER").is_none() {
            let ratio = Sampler::TraceIdRatioBased(settings.traces_ratio);
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(ratio)));
        }
        Ok(Some(Self { provider: provider.build() }))
    }

    /// What makes traces of spans, and of nothing else that is logged.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(false)
            .with_tracked_inactivity(false);
        layer.with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // What a collector does not take now is lost; that has been told.
        let _ = self.provider.shutdown();
    }
}

/// What the traces are about; what the environment says of it is in it.
fn resource(is_named: bool) -> Resource {
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    if is_named { resource.build() } else { resource.with_service_name(SERVICE).build() }
}

/// The client of the collector. It waits, on the thread that sends.
struct Client {
    agent: ureq::Agent,
    is_failing: AtomicBool,
}

impl Client {
    fn new() -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .tls_config(tls)
            .build()
            .into();
        Self { agent, is_failing: AtomicBool::new(false) }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let response = self.agent.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = response.into_parts();
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, bytes.into()))
    }

    /// Tells of trouble once, until it is over.
    fn told(&self, trouble: Option<String>) {
        let was_failing = self.is_failing.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(trouble) if !was_failing => {
                tracing::warn!(
                    trouble,
                    "the collector did not take traces, which are lost; it is not told again until it does"
                );
            }
            None if was_failing => tracing::info!("the collector takes traces again"),
            _ => {}
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        self.told(match &sent {
            Err(error) => Some(error.to_string()),
            Ok(response) if !response.status().is_success() => {
                Some(format!("HTTP status {}", response.status().as_u16()))
            }
            Ok(_) => None,
        });
        Ok(sent?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(
        endpoint: Option<&str>,
        variables: &[(&str, &str)],
    ) -> Result<Option<Traces>, TracesError> {
        let settings =
            Telemetry { traces_endpoint: endpoint.map(str::to_owned), ..Telemetry::default() };
        let of = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Traces::open(&settings, of)
    }

    #[test]
    fn traces_are_off_until_a_collector_is_named() {
        let here = "http://127.0.0.1:9";
        assert!(open(None, &[]).unwrap().is_none());
        assert!(open(Some(here), &[]).unwrap().is_some());
        assert!(open(None, &[("OTEL_EXPORTER_OTLP_ENDPOINT", here)]).unwrap().is_some());
        for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert!(open(Some(here), &[off]).unwrap().is_none(), "{off:?}");
        }
    }

    #[test]
    fn traces_are_refused_for_another_protocol_than_is_spoken() {
        for (name, value) in
            [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_TRACES_EXPORTER", "zipkin")]
        {
            let error = open(Some("http://127.0.0.1:9"), &[(name, value)]).err().unwrap();
            assert!(error.to_string().starts_with(&format!("{name}: {value:?}")), "{error}");
        }
    }
}
