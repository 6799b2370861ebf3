//! Appending what the platform itself has to say: the consent records of its people, and closes.
//!
//! Nothing of it is decided or signed by anybody else, and no act and no disclosure depends on where
//! exactly it stands, so it is taken as it comes, after acts and before disclosures.

use countersign_domain::time::Timestamp;
use countersign_protocol::entry::{Close, Consents, ConsentsKind, ENTRY_VERSION, Entry};
use tokio::sync::oneshot;

use crate::Log;
use crate::annex::{Annex, CONSENT_BYTES_MAX, CONSENTS_MAX, ConsentsAnnex};
use crate::append::AppendError;
use crate::pool::{Pending, PendingOwn};
use crate::released::Placed;

/// Why consent records were not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentsError {
    /// None, or more than one entry takes.
    #[error("{found} consent records do not go into one entry: from 1 to {CONSENTS_MAX} do")]
    Count {
        /// How many there are.
        found: usize,
    },
    /// One is longer than any that there can be.
    #[error("a consent record has {found_bytes} bytes; {CONSENT_BYTES_MAX} are allowed")]
    TooLong {
        /// How many there are.
        found_bytes: usize,
    },
    /// They could not be made durable.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Log {
    /// Appends consent records as one entry. When this returns, it is durable.
    ///
    /// # Errors
    /// [`ConsentsError`]; nothing was appended then.
    pub async fn append_consents(&self, consents: ConsentsAnnex) -> Result<Placed, ConsentsError> {
        let found = consents.records.len();
        if found == 0 || found > CONSENTS_MAX {
            return Err(ConsentsError::Count { found });
        }
        let longest = consents.records.iter().map(|consent| consent.record.len()).max();
        if let Some(found_bytes) = longest.filter(|bytes| *bytes > CONSENT_BYTES_MAX) {
            return Err(ConsentsError::TooLong { found_bytes });
        }
        let entry = Entry::Consents(Consents {
            kind: ConsentsKind::Consents,
            records: consents.records_root(),
            time: Timestamp::from_seconds(0),
            v: ENTRY_VERSION,
        });
        Ok(self.append_own(entry, &Annex::Consents(consents)).await?)
    }

    /// Appends a close. When this returns, it is durable. Its time is set when it is sequenced.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was appended then.
    pub async fn append_close(&self, close: Close) -> Result<Placed, AppendError> {
        self.append_own(Entry::Close(close), &Annex::Close).await
    }

    /// The same for a thread that may wait; it panics in an async context.
    pub(crate) fn append_close_blocking(&self, close: Close) -> Result<Placed, AppendError> {
        let answer = self.enqueue_own(Entry::Close(close), &Annex::Close)?;
        answer.blocking_recv().map_err(|_| AppendError::Closed)?
    }

    async fn append_own(&self, entry: Entry, annex: &Annex) -> Result<Placed, AppendError> {
        let answer = self.enqueue_own(entry, annex)?;
        answer.await.map_err(|_| AppendError::Closed)?
    }

    fn enqueue_own(
        &self,
        entry: Entry,
        annex: &Annex,
    ) -> Result<oneshot::Receiver<Result<Placed, AppendError>>, AppendError> {
        let (reply, answer) = oneshot::channel();
        let pending = PendingOwn { entry, annex: annex.to_bytes(), reply };
        self.enqueue(Pending::Own(Box::new(pending)))?;
        Ok(answer)
    }
}
