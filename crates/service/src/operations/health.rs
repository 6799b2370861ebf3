//! How an instance fares: whether it can release, and the figures of its log.

use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_log::metrics::{BudgetCount, Metrics};
use countersign_people::store::ImageFigures;
use countersign_source::SourceError;
use tokio::task::spawn_blocking;

use super::Service;
use crate::clock;

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

/// The figures of an instance at one moment, as they are read and not counted along the way.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The moment.
    pub now: Timestamp,
    /// How many entries are durable.
    pub entries: u64,
    /// The size of the newest checkpoint that a quorum of witnesses cosigned.
    pub witnessed_size: u64,
    /// What the log counted.
    pub counts: Metrics,
    /// What budgets did.
    pub budgets: Vec<BudgetCount>,
    /// How many bytes are free on the log's disk, where the system tells.
    pub disk_free_bytes: Option<u64>,
    /// How many bytes of it are kept for acts, choices and erasures.
    pub disk_reserve_bytes: u64,
    /// Whether entries are dated by the machine's clock.
    pub is_clock_trusted: bool,
    /// The image of the people.
    pub image: ImageFigures,
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

    /// How many entries of the log are durable.
    #[must_use]
    pub fn log_entries(&self) -> u64 {
        self.log.head()
    }

    /// How the instance fares, in figures.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            now: clock::now(),
            entries: self.log_entries(),
            witnessed_size: self.log.witnessed_size(),
            counts: self.log.metrics(),
            budgets: self.log.budget_counts(),
            disk_free_bytes: self.disk.free_bytes(),
            disk_reserve_bytes: self.disk.reserve_bytes(),
            is_clock_trusted: self.now().is_ok(),
            image: self.people.image_figures(),
        }
    }
}
