//! What is counted, in the text format of OpenMetrics. No figure is about a person, but all are exact, so they are for
//! the platform alone.
//!
//! ```text
//! mod        counters and histograms, which are written down along the way
//! requests   those of HTTP requests
//! figures    gauges, and the log's own counters, which are read when somebody asks
//! process    what the system says about the process
//! plain      the same text in the older format of Prometheus
//! ```
//!
//! docs/operations/observability.md has a table of all of them, which a test compares.

mod figures;
mod plain;
mod process;
mod requests;

use countersign_domain::reason::Reason;
use countersign_service::closes::Closes;
use countersign_service::operations::Service;
use countersign_service::operations::token_metrics::TokenMetrics;
use countersign_service::witnesses::Witnesses;
use countersign_source::Source;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

pub use self::requests::CountedRequest;

use self::figures::ScrapedFigures;
use self::process::ProcessFigures;
use self::requests::RequestMetrics;
use crate::network::Limit;

/// What the names of ours begin with.
const PREFIX: &str = "countersign";

/// The counters of the gateway.
pub struct Metrics {
    registry: Registry,
    answers: Counter,
    person_records: Counter,
    answer_bytes: Counter,
    errors: Family<ErrorLabel, Counter>,
    refusals: Family<RefusalLabel, Counter>,
    network_refusals: Family<RefusalLabel, Counter>,
    requests: RequestMetrics,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabel {
    code: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusalLabel {
    reason: &'static str,
}

/// In which format metrics are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format 0.0.4 of Prometheus, for programs that do not ask for the other.
    Plain,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let (answers, person_records, answer_bytes) = <(Counter, Counter, Counter)>::default();
        registry.register("answers", "Answers released", answers.clone());
        let help = "Records of people in released answers";
        registry.register("person_records", help, person_records.clone());
        let help = "Bodies of released answers";
        registry.register_with_unit("answer", help, Unit::Bytes, answer_bytes.clone());
        let errors = Family::<ErrorLabel, Counter>::default();
        let help = "Graph requests without an answer, by error code";
        registry.register("errors", help, errors.clone());
        let refusals = Family::<RefusalLabel, Counter>::default();
        let help = "Decisions that there is no answer, by the reason that stopped it";
        registry.register("refusals", help, refusals.clone());
        let network_refusals = Family::<RefusalLabel, Counter>::default();
        let help = "Requests that the limits on the network refused or cut off, by limit";
        registry.register("network_refusals", help, network_refusals.clone());
        // A count that is not there before it is 1 is no rise to whoever watches it.
        for reason in Reason::ALL.map(Reason::name) {
            refusals.get_or_create(&RefusalLabel { reason }).inc_by(0);
        }
        for reason in Limit::ALL.map(Limit::name) {
            network_refusals.get_or_create(&RefusalLabel { reason }).inc_by(0);
        }
        let requests = RequestMetrics::default();
        requests.register(&mut registry);
        Self {
            registry,
            answers,
            person_records,
            answer_bytes,
            errors,
            refusals,
            network_refusals,
            requests,
        }
    }
}

impl Metrics {
    /// The counters of the gateway, and what its source, its closes, its tokens and the log's witnesses' side count.
    #[must_use]
    pub fn of(
        source: &Source,
        closes: &Closes,
        tokens: &TokenMetrics,
        witnesses: Option<&Witnesses>,
    ) -> Self {
        let mut metrics = Self::default();
        closes.metrics().register(&mut metrics.registry);
        tokens.register(&mut metrics.registry);
        if let Some(witnesses) = witnesses {
            witnesses.metrics().register(&mut metrics.registry);
        }
        source.register(&mut metrics.registry);
        metrics
    }

    /// An answer was released.
    pub fn released(&self, people_count: usize, body_bytes: usize) {
        self.answers.inc();
        self.person_records.inc_by(people_count as u64);
        self.answer_bytes.inc_by(body_bytes as u64);
    }

    /// A Graph request got an error of this code.
    pub fn failed(&self, code: u32) {
        self.errors.get_or_create(&ErrorLabel { code }).inc();
    }

    /// The decision was that there is no answer, for this reason.
    pub fn refused(&self, reason: Reason) {
        self.refusals.get_or_create(&RefusalLabel { reason: reason.name() }).inc();
    }

    /// A request went beyond a limit of the network.
    pub fn network_refused(&self, limit: Limit) {
        self.network_refusals.get_or_create(&RefusalLabel { reason: limit.name() }).inc();
    }

    /// A request was served.
    pub fn served(&self, request: CountedRequest) {
        self.requests.served(request);
    }

    /// All of it as text, with what is read of the instance and the process now; none if it cannot be written down.
    #[must_use]
    pub fn text(&self, service: &Service, unsent_bytes: usize, format: Format) -> Option<String> {
        let figures = ScrapedFigures::new(service.figures(), unsent_bytes);
        let mut scraped = Registry::default();
        scraped.sub_registry_with_prefix(PREFIX).register_collector(Box::new(figures));
        scraped.register_collector(Box::new(ProcessFigures::read()));
        let mut text = String::new();
        encode_registry(&mut text, &self.registry).ok()?;
        encode_registry(&mut text, &scraped).ok()?;
        encode_eof(&mut text).ok()?;
        Some(match format {
            Format::OpenMetrics => text,
            Format::Plain => plain::of_open_metrics(&text),
        })
    }
}
