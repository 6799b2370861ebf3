//! What the system says about the process, under the names that Prometheus' own libraries use. Where the system has no
//! `/proc`, a figure is left out.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, getrlimit};

/// The figures of one moment.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ProcessFigures {
    resident_bytes: Option<u64>,
    virtual_bytes: Option<u64>,
    threads: Option<u64>,
    open_files: Option<u64>,
    files_max: Option<u64>,
    cpu_s: Option<f64>,
    started_s: Option<f64>,
}

impl ProcessFigures {
    /// Reads them.
    pub(super) fn read() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let mut figures = Self::parse(
            &text("/proc/self/status"),
            &text("/proc/self/stat"),
            &text("/proc/stat"),
            clock_ticks_per_second() as f64,
        );
        figures.open_files = fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64);
        figures.files_max = getrlimit(Resource::Nofile).current;
        figures
    }

    fn parse(status: &str, stat: &str, of_system: &str, ticks_per_s: f64) -> Self {
        let line = |text: &str, name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name))?;
            value.split_whitespace().next()?.parse::<u64>().ok()
        };
        // The name of the program stands in brackets, and may have spaces in it.
        let fields: Vec<_> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let seconds = |place: usize| {
            let ticks = fields.get(place)?.parse::<f64>().ok()?;
            Some(ticks / ticks_per_s)
        };
        let of_user_and_kernel = seconds(11).zip(seconds(12));
        let since_boot = seconds(19).zip(line(of_system, "btime "));
        Self {
            resident_bytes: line(status, "VmRSS:").map(|kib| kib * 1_024),
            virtual_bytes: line(status, "VmSize:").map(|kib| kib * 1_024),
            threads: line(status, "Threads:"),
            cpu_s: of_user_and_kernel.map(|(user, kernel)| user + kernel),
            started_s: since_boot.map(|(since_boot_s, booted_s)| booted_s as f64 + since_boot_s),
            ..Self::default()
        }
    }
}

impl Collector for ProcessFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(cpu_s) = self.cpu_s {
            let (counter, unit) = (ConstCounter::new(cpu_s), Some(&Unit::Seconds));
            let help = "Time on processors, of user and system";
            let kind = counter.metric_type();
            counter.encode(encoder.encode_descriptor("process_cpu", help, unit, kind)?)?;
        }
        let count = |count: Option<u64>| count.map(|count| count as f64);
        let (bytes, seconds) = (Some(Unit::Bytes), Some(Unit::Seconds));
        for (name, help, unit, value) in [
            ("process_resident_memory", "Memory in use", &bytes, count(self.resident_bytes)),
            ("process_virtual_memory", "Addresses in use", &bytes, count(self.virtual_bytes)),
            ("process_threads", "Threads", &None, count(self.threads)),
            ("process_open_fds", "Open file descriptors", &None, count(self.open_files)),
            ("process_max_fds", "The most file descriptors", &None, count(self.files_max)),
            ("process_start_time", "When the process started", &seconds, self.started_s),
        ] {
            let Some(value) = value else { continue };
            let gauge = ConstGauge::new(value);
            let metric =
                encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_what_the_system_writes() {
        let status = "Name:\tx\nVmSize:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t9\n";
        let stat = "7 (a ) b) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 9 0 1000 0 0\n";
        let found = ProcessFigures::parse(status, stat, "cpu 1\nbtime 1600000000\n", 100.0);
        let expected = ProcessFigures {
            resident_bytes: Some(1 << 20),
            virtual_bytes: Some(2 << 20),
            threads: Some(9),
            cpu_s: Some(2.0),
            started_s: Some(1_600_000_010.0),
            ..ProcessFigures::default()
        };
        assert_eq!(found, expected);
        assert_eq!(ProcessFigures::parse("", "", "", 100.0), ProcessFigures::default());
    }
}
