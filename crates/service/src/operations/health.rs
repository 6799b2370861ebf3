//! How an instance fares: whether it can release, and the figures of its log.

use std::sync::Arc;

use countersign_log::metrics::Metrics;
use countersign_source::SourceError;
use tokio::task::spawn_blocking;

use super::Service;

/// Why nothing can be released now.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The log takes nothing, or its disk has no room.
    #[error("{0}")]
    Log(String),
    /// Whether it does could not be found out.
    #[error("whether the log takes entries could not be found out")]
    Unknown,
    /// The source does not answer. What it says is for the operator alone.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// The figures of a log at one moment.
#[derive(Clone, Copy, Debug)]
pub struct LogFigures {
    /// How many entries are durable.
    pub entries: u64,
    /// The size of the newest checkpoint that a quorum of witnesses cosigned.
    pub witnessed_size: u64,
    /// What was counted.
    pub counts: Metrics,
}

impl Service {
    /// Whether the log takes disclosures and the source answers.
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn ready(self: &Arc<Self>) -> Result<(), NotReady> {
        let this = Arc::clone(self);
        // It may wait for the disk.
        match spawn_blocking(move || this.log_trouble()).await {
            Ok(None) => {}
            Ok(Some(trouble)) => return Err(NotReady::Log(trouble)),
            Err(_) => return Err(NotReady::Unknown),
        }
        Ok(self.source.ready().await?)
    }

    pub(super) fn log_trouble(&self) -> Option<String> {
        let trouble = self.log.trouble().map(|trouble| trouble.to_string());
        trouble.or_else(|| self.disk.shortage())
    }

    /// The figures of the log.
    #[must_use]
    pub fn log_figures(&self) -> LogFigures {
        LogFigures {
            entries: self.log.head(),
            witnessed_size: self.log.witnessed_size(),
            counts: self.log.metrics(),
        }
    }
}
