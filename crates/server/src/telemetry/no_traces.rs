//! What stands in the place of `traces` in a program that is built without them: whoever asks for traces is told.

use countersign_http::settings::Telemetry;
use tracing_subscriber::layer::Identity;

/// Traces that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The program has none.
    #[error(
        "{by} asks for traces, and this program is built without them: take one of the packages, or build it with --features traces"
    )]
    NotBuilt {
        /// The setting or the variable.
        by: &'static str,
    },
}

/// What sends traces: nothing does.
pub(super) enum Traces {}

impl Traces {
    /// Refuses a configuration or an environment that names a collector.
    pub(super) fn open(
        settings: &Telemetry,
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Option<Self>, TracesError> {
        let is_set = |name: &&'static str| variable(name).is_some_and(|value| !value.is_empty());
        let by = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        let setting =
            settings.traces_endpoint.is_some().then_some("traces_endpoint in [telemetry]");
        match setting.or_else(|| by.into_iter().find(is_set)) {
            Some(by) => Err(TracesError::NotBuilt { by }),
            None => Ok(None),
        }
    }

    pub(super) const fn layer(&self) -> Identity {
        match *self {}
    }
}
