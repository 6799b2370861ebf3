//! The periods of the log: ending one, the last one, and what auditors and people are given of them.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::digest::Digest;
use countersign_domain::remedy::Remedy;
use countersign_log::period::PeriodHead;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::Service;
use super::error::{OperationError, Trouble};
use super::vocabulary;

/// How long a close may take to be published. The log publishes every second or so.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(60);

/// A period that was closed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ClosedPeriod)]
pub struct ShownPeriod {
    /// Its number, from 0.
    pub period: u64,
    /// Its first entry.
    pub from: u64,
    /// The first entry after it.
    #[schema(minimum = 1)]
    pub until: u64,
    /// How many people it holds anything about.
    pub people: u64,
    /// How many records and consent records that is.
    pub items: u64,
    /// Where its close stands in the log.
    #[schema(minimum = 1)]
    pub index: u64,
    /// When that was appended.
    #[schema(format = DateTime)]
    pub time: String,
    /// The root of its person index.
    #[schema(value_type = vocabulary::Digest)]
    pub person_index: String,
    /// The epoch of the directory of accounts.
    pub directory_epoch: u64,
}

impl ShownPeriod {
    /// What is shown of a period.
    #[must_use]
    pub fn of(head: &PeriodHead) -> Self {
        Self {
            period: head.number,
            from: head.from,
            until: head.until,
            people: head.people,
            items: head.items,
            index: head.close.index,
            time: head.time.to_string(),
            person_index: const_hex::encode(head.root),
            directory_epoch: head.directory.epoch,
        }
    }
}

impl Service {
    /// Tells the log what people chose, and ends the period; it returns when the close is published, so that ledgers
    /// made after it are complete up to it. It goes on if the caller goes away.
    ///
    /// # Errors
    /// [`OperationError`] while a close is under way, if it failed, and if it is in the log and cannot be published.
    pub async fn close(self: &Arc<Self>) -> Result<ShownPeriod, OperationError> {
        self.consents.tell().await.map_err(OperationError::untold)?;
        let closed =
            self.beside(|service| Ok(ShownPeriod::of(&service.closes.close()?.head))).await?;
        let published = self.log.wait_published(closed.index);
        if timeout(PUBLISHED_WITHIN, published).await.is_ok() {
            return Ok(closed);
        }
        let message = format!(
            "period {} is closed, by entry {}, and that could not be published within {} s; it is published by itself once publishing works: see `countersign check`",
            closed.period,
            closed.index,
            PUBLISHED_WITHIN.as_secs()
        );
        Err(OperationError::of(Trouble::Ours(Remedy::Wait), message))
    }

    /// The last period that was closed.
    ///
    /// # Errors
    /// [`OperationError`] if there is none, and while a close is under way.
    pub fn last_close(&self) -> Result<ShownPeriod, OperationError> {
        let none = "close; the first one is not due yet";
        let last = self.closes.last()?.ok_or_else(|| OperationError::not_found(none))?;
        Ok(ShownPeriod::of(&last))
    }

    /// A person's ledger bundle. It has their secret in it.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, for somebody who came after the last close, while a close is not
    /// published yet, and if the source of people's data cannot tell.
    pub async fn ledger(self: &Arc<Self>, account: &str) -> Result<Vec<u8>, OperationError> {
        self.person(account).await?;
        let account = account.to_owned();
        self.beside(move |service| Ok(service.closes.ledger(&account)?)).await
    }

    /// Some items of a period, opened to its auditor. It has people's secrets in it.
    ///
    /// # Errors
    /// [`OperationError`] for a period that is not closed, while one is being closed, for more items than a sample
    /// holds, and while the directory is ahead of the newest close.
    pub async fn sample(
        self: &Arc<Self>,
        period: u64,
        items: u32,
        challenge: Digest,
    ) -> Result<Vec<u8>, OperationError> {
        self.beside(move |service| Ok(service.closes.sample(period, items, challenge)?)).await
    }

    /// How the directory of accounts grew since an epoch. It names nobody.
    ///
    /// # Errors
    /// [`OperationError`] while a period is being closed, and if nothing has come since that epoch.
    pub async fn directory_growth(self: &Arc<Self>, since: u64) -> Result<Vec<u8>, OperationError> {
        self.beside(move |service| Ok(service.closes.directory_growth(since)?)).await
    }
}
