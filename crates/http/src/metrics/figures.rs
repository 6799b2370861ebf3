//! What is read of the instance when somebody asks for metrics: gauges, and what the log counted itself.

use std::fmt;

use countersign_log::distribution::Distribution;
use countersign_log::metrics::BudgetCount;
use countersign_service::operations::health::Figures;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Microseconds in a second.
const US_PER_S: f64 = 1_000_000.0;

/// The figures of one moment.
#[derive(Debug)]
pub(super) struct ScrapedFigures {
    figures: Figures,
    unsent_bytes: usize,
}

impl ScrapedFigures {
    pub(super) const fn new(figures: Figures, unsent_bytes: usize) -> Self {
        Self { figures, unsent_bytes }
    }
}

impl Collector for ScrapedFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let out = &mut encoder;
        build(out)?;
        log_gauges(out, &self.figures)?;
        log_counters(out, &self.figures)?;
        log_distributions(out, &self.figures)?;
        budgets(out, &self.figures.budgets)?;
        surroundings(out, &self.figures)?;
        let help = "Bytes of answers that are not sent yet";
        gauge(out, "http_unsent_answer", help, Some(&Unit::Bytes), self.unsent_bytes as u64)
    }
}

fn build(out: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "1, with the version of the program";
    let mut metric = out.encode_descriptor("build_info", help, None, MetricType::Gauge)?;
    let labels = [("version", env!("CARGO_PKG_VERSION"))];
    metric.encode_family(&labels)?.encode_gauge(&1_u64)
}

fn log_gauges(out: &mut DescriptorEncoder<'_>, figures: &Figures) -> fmt::Result {
    let Figures { now, entries, witnessed_size, counts, .. } = figures;
    let since_s = counts.unpublished_since_seconds;
    let lag_s = if since_s == 0 { 0 } else { now.seconds().saturating_sub(since_s) };
    for (name, help, unit, value) in [
        ("log_entries", "Durable entries of the log", None, *entries),
        ("log_queue_length", "What waits to be appended", None, counts.queue_length),
        ("log_published_size", "Size of the newest checkpoint", None, counts.checkpoint_size),
        (
            "log_published_timestamp",
            "When the log was last published; 0 before the first time",
            Some(Unit::Seconds),
            counts.checkpoint_seconds,
        ),
        (
            "log_publish_lag",
            "How long the oldest unpublished entry has waited; 0 when all is published",
            Some(Unit::Seconds),
            lag_s,
        ),
        (
            "log_witnessed_size",
            "Size of the newest checkpoint since start that a quorum of witnesses cosigned",
            None,
            *witnessed_size,
        ),
        (
            "log_poisoned",
            "1 after an fdatasync that failed: nothing is appended until restart",
            None,
            u64::from(counts.is_poisoned),
        ),
    ] {
        gauge(out, name, help, unit.as_ref(), value)?;
    }
    Ok(())
}

fn log_counters(out: &mut DescriptorEncoder<'_>, figures: &Figures) -> fmt::Result {
    let counts = &figures.counts;
    for (name, help, unit, value) in [
        ("log_appended_entries", "Entries made durable", None, counts.entries),
        (
            "log_appended",
            "Entries with their private halves, made durable",
            Some(Unit::Bytes),
            counts.stream_bytes,
        ),
        (
            "log_stale_decisions",
            "Decisions that an act or their time overtook",
            None,
            counts.refused_stale,
        ),
        ("log_write_errors", "Batches that the disk refused", None, counts.write_errors),
        ("log_publish_errors", "Rounds of publishing that failed", None, counts.publish_errors),
    ] {
        let counter = ConstCounter::new(value);
        let metric = out.encode_descriptor(name, help, unit.as_ref(), counter.metric_type())?;
        counter.encode(metric)?;
    }
    Ok(())
}

fn log_distributions(out: &mut DescriptorEncoder<'_>, figures: &Figures) -> fmt::Result {
    let counts = &figures.counts;
    for (name, help, unit, values, per_unit) in [
        ("log_batch_entries", "Entries that shared an fdatasync", None, &counts.batch_entries, 1.0),
        (
            "log_append_duration",
            "From handing a disclosure over until it was durable",
            Some(Unit::Seconds),
            &counts.append_us,
            US_PER_S,
        ),
        (
            "log_write_duration",
            "Writing a batch and making it durable",
            Some(Unit::Seconds),
            &counts.write_us,
            US_PER_S,
        ),
        (
            "log_fdatasync_duration",
            "The fdatasync of a batch",
            Some(Unit::Seconds),
            &counts.sync_us,
            US_PER_S,
        ),
    ] {
        let histogram = ConstHistogram { values, per_unit };
        let metric = out.encode_descriptor(name, help, unit.as_ref(), histogram.metric_type())?;
        histogram.encode(metric)?;
    }
    Ok(())
}

fn budgets(out: &mut DescriptorEncoder<'_>, counts: &[BudgetCount]) -> fmt::Result {
    let alerts = "Answers beyond a budget that only asks for an alert, by budget and client";
    let refusals = "Answers that a budget had no room for, by budget and client";
    let of = |count: fn(&BudgetCount) -> u64| {
        move |one: &BudgetCount| (one.budget.to_string(), one.client.to_string(), count(one))
    };
    for (name, help, values) in [
        ("budget_alerts", alerts, counts.iter().map(of(|one| one.alerts)).collect::<Vec<_>>()),
        ("budget_refusals", refusals, counts.iter().map(of(|one| one.refusals)).collect()),
    ] {
        let mut metric = out.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (budget, client, value) in values {
            let labels = [("budget", budget), ("client", client)];
            ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn surroundings(out: &mut DescriptorEncoder<'_>, figures: &Figures) -> fmt::Result {
    let trusted = "1 while entries are dated by the machine's clock, 0 after it was set forward";
    gauge(out, "clock_trusted", trusted, None, u64::from(figures.is_clock_trusted))?;
    if let Some(free) = figures.disk_free_bytes {
        gauge(out, "log_disk_free", "Free on the log's disk", Some(&Unit::Bytes), free)?;
    }
    let help = "Kept on the log's disk for acts, choices and erasures";
    gauge(out, "log_disk_reserve", help, Some(&Unit::Bytes), figures.disk_reserve_bytes)?;
    let image = &figures.image;
    let help = "People who are not as the image has them, and wait for the next one";
    gauge(out, "people_changed", help, None, u64::from(image.changed))?;
    if let Some(written) = image.written {
        let help = "When the image of the people was written";
        gauge(out, "people_image_timestamp", help, Some(&Unit::Seconds), written.seconds())?;
    }
    Ok(())
}

fn gauge(
    out: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    value: u64,
) -> fmt::Result {
    let gauge = ConstGauge::new(value);
    let metric = out.encode_descriptor(name, help, unit, gauge.metric_type())?;
    gauge.encode(metric)
}

/// What the log counted of a size or a time.
struct ConstHistogram<'a> {
    values: &'a Distribution,
    /// How many of the log's units are one of the metric's.
    per_unit: f64,
}

impl EncodeMetric for ConstHistogram<'_> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Self { values, per_unit } = self;
        let within = values.bounds.iter().zip(values.counts);
        let mut buckets: Vec<_> =
            within.map(|(bound, count)| (*bound as f64 / per_unit, count)).collect();
        buckets.push((f64::INFINITY, values.above));
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = values.sum as f64 / per_unit;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
