//! The connections of a pool, as gauges that are read when they are asked for.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;

use super::pool::Pool;

/// How many connections of a pool there are, by what they do.
pub(super) struct PoolMetrics(pub(super) Pool);

impl fmt::Debug for PoolMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolMetrics")
    }
}

impl Collector for PoolMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let use_of_pool = self.0.usage();
        let of_pool = [
            ("pool_max", "The most connections to the database", use_of_pool.most),
            ("pool_connections", "Connections to the database", use_of_pool.connections),
            ("pool_idle", "Connections on which nothing is asked", use_of_pool.idle),
            ("pool_waiting", "Questions that wait for a connection", use_of_pool.waiting),
        ];
        for (name, help, value) in of_pool {
            let gauge = ConstGauge::new(value as i64);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
