//! Where the program says what it does: lines on standard error, and, if it is asked for, traces to a collector.
//!
//! The environment comes before the configuration: `COUNTERSIGN_LOG` and `COUNTERSIGN_LOG_FORMAT` for lines, and
//! OpenTelemetry's own variables for traces. Traces are a feature of the program.

#[cfg(feature = "traces")]
mod traces;
#[cfg(not(feature = "traces"))]
#[path = "no_traces.rs"]
mod traces;

use std::io::IsTerminal as _;

use countersign_domain::nearest::did_you_mean;
use countersign_http::served::REQUEST_LOG;
use countersign_http::settings::{LogFormat, Telemetry};
use countersign_service::spans::TARGET;
use tracing::Subscriber;
use tracing_subscriber::filter::{Directive, EnvFilter, LevelFilter};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt, layer::SubscriberExt as _, registry};

use self::traces::Traces;
pub use self::traces::TracesError;

/// The variable that says what is logged.
const FILTER: &str = "COUNTERSIGN_LOG";
/// The variable that says in which form.
const FORMAT: &str = "COUNTERSIGN_LOG_FORMAT";

/// The levels, as the variable names them.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
const ALLOWED: &str =
    "a level (off, error, warn, info, debug, trace) or MODULE=LEVEL, as in countersign_log=debug";

/// Lines or traces that cannot be written as they are asked for.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A word that is no level: it would be taken for the name of a module, and silence everything else.
    #[error("{FILTER}: {found:?} is not {ALLOWED}{}", did_you_mean(found, LEVELS))]
    Level {
        /// The word.
        found: String,
    },
    /// What cannot be read.
    #[error("{FILTER}: {error}; expected {ALLOWED}")]
    Filter {
        /// What is wrong with it.
        error: tracing_subscriber::filter::ParseError,
    },
    /// A word that is no format.
    #[error("{FORMAT}: {found:?} is not text or json{}", did_you_mean(found, ["text", "json"]))]
    Format {
        /// The word.
        found: String,
    },
    /// Traces.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// Something else in this process has said already where lines go.
    #[error("lines of the log go elsewhere already: {0}")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// What is installed. The traces that are not sent yet are sent when this is dropped.
#[must_use]
pub struct TelemetryGuard {
    _traces: Option<Traces>,
}

/// Has lines from `level` on, or as the environment says, written to standard error, and traces sent.
///
/// # Errors
/// [`TelemetryError`].
pub fn install(settings: &Telemetry, level: &str) -> Result<TelemetryGuard, TelemetryError> {
    let variable = |name| std::env::var(name).ok();
    let filter = filter(variable(FILTER).as_deref(), level, settings.log_requests)?;
    let format = format(variable(FORMAT).as_deref(), settings.log_format)?;
    let lines = lines(format, filter);
    let traces = Traces::open(settings, variable)?;
    match &traces {
        None => registry().with(lines).try_init()?,
        Some(traces) => registry().with(lines).with(traces.layer()).try_init()?,
    }
    Ok(TelemetryGuard { _traces: traces })
}

/// What writes lines to standard error.
fn lines<S>(format: LogFormat, filter: EnvFilter) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        // A line that cannot be written, to a disk that is full, is lost; saying so would panic.
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Text => {
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed()
        }
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    lines.with_filter(filter)
}

/// What is logged: as the variable says, or from `level` on. Spans are for traces alone, whatever it says.
fn filter(
    wanted: Option<&str>,
    level: &str,
    log_requests: bool,
) -> Result<EnvFilter, TelemetryError> {
    let wanted = wanted.map(str::trim).filter(|wanted| !wanted.is_empty());
    let text = wanted.unwrap_or(level);
    let is_known = |directive: &str| {
        directive.contains(['=', '['])
            || directive.contains("::")
            || directive.starts_with("countersign")
            || directive.parse::<LevelFilter>().is_ok()
    };
    if let Some(unknown) = text.split(',').map(str::trim).find(|word| !is_known(word)) {
        return Err(TelemetryError::Level { found: unknown.to_owned() });
    }
    let read = |error| TelemetryError::Filter { error };
    let directive = |text: String| text.parse::<Directive>().map_err(read);
    let mut filter = EnvFilter::try_new(text).map_err(read)?;
    filter = filter.add_directive(directive(format!("{TARGET}=off"))?);
    // Whoever asks for requests in the configuration gets them, unless the variable speaks of them itself.
    if log_requests && !text.contains(REQUEST_LOG) {
        filter = filter.add_directive(directive(format!("{REQUEST_LOG}=info"))?);
    }
    Ok(filter)
}

fn format(wanted: Option<&str>, configured: LogFormat) -> Result<LogFormat, TelemetryError> {
    match wanted.map(str::trim) {
        None | Some("") => Ok(configured),
        Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(found) => Err(TelemetryError::Format { found: found.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_filter_refuses_what_is_no_level() {
        let read = |wanted| filter(wanted, "countersign=info,warn", false);
        for fine in
            ["", "debug", "OFF", "3", "warn,countersign_log=debug", "hyper::client", "countersign"]
        {
            assert!(read(Some(fine)).is_ok(), "{fine}");
        }
        assert!(read(None).is_ok());
        for (wrong, named) in [
            ("debg", "\"debg\""),
            ("debg", "did you mean \"debug\"?"),
            ("warn, verbose", "\"verbose\""),
            ("hyper=loud", "COUNTERSIGN_LOG: "),
        ] {
            let error = read(Some(wrong)).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("debug, trace"), "{error}");
        }
    }

    #[test]
    fn log_format_is_the_variables_before_the_configurations() {
        for (wanted, expected) in [
            (None, LogFormat::Json),
            (Some(""), LogFormat::Json),
            (Some("text"), LogFormat::Text),
            (Some("json"), LogFormat::Json),
        ] {
            assert_eq!(format(wanted, LogFormat::Json).unwrap(), expected);
        }
        let error = format(Some("jsn"), LogFormat::Text).unwrap_err().to_string();
        assert!(error.ends_with("is not text or json; did you mean \"json\"?"), "{error}");
    }

    /// The request path pays nothing for traces that are off: no span is made, however much is logged.
    #[test]
    fn no_span_is_made_where_nothing_is_traced() {
        for wanted in ["warn", "trace", "request_spans=trace"] {
            for format in [LogFormat::Text, LogFormat::Json] {
                let lines = lines(format, filter(Some(wanted), "warn", true).unwrap());
                tracing::subscriber::with_default(registry().with(lines), || {
                    let span = tracing::info_span!(target: TARGET, "step");
                    assert!(span.is_disabled(), "{wanted}");
                    assert!(
                        tracing::enabled!(target: REQUEST_LOG, tracing::Level::INFO),
                        "{wanted}"
                    );
                });
            }
        }
    }
}
