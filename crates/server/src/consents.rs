//! Tells the log what people chose, and lets hold what the log then has.
//!
//! ```text
//! store: outbox  →  log: one `consents` entry  →  receipts  →  store: settled
//! ```
//!
//! One at a time, so that each person's choices stand in the log in their order; whoever comes while a
//! batch is on its way finds their own choice in the next, or already told.
//!
//! What it is not: the place where anybody chooses. See `store`'s outbox for what holds meanwhile.

use std::sync::Arc;

use countersign_domain::digest::Digest;
use countersign_log::annex::{AnnexConsent, CONSENTS_MAX, ConsentsAnnex};
use countersign_log::released::Placed;
use countersign_log::signer::Signer;
use countersign_log::{ConsentsError, Log};
use countersign_verifier::canonical::CanonicalError;
use countersign_verifier::consent_receipt::{
    CONSENT_RECEIPT_VERSION, CommitmentTree, ConsentReceipt,
};
use countersign_verifier::record::{Seed, salt};
use tokio::sync::Mutex;

use crate::clock;
use crate::remedy::{Remediable, Remedy};
use crate::store::{BEGINNING, PendingConsent, People, SettledConsent, StoreError};

/// Why the log was not told. What was chosen is kept, and told with the next choice or start.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log did not take it.
    #[error(transparent)]
    Log(#[from] ConsentsError),
    /// A choice cannot be written.
    #[error("a consent record could not be made: {0}")]
    Form(#[from] CanonicalError),
    /// There is no randomness for the seed.
    #[error("the machine gives no random bytes")]
    NoRandomness,
    /// The task that told it ended early.
    #[error("telling the log was cut short")]
    CutShort,
}

impl Remediable for TellError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Store(error) => error.remedy(),
            Self::Log(error) => error.remedy(),
            Self::CutShort => Remedy::Wait,
            Self::Form(_) | Self::NoRandomness => Remedy::Mend,
        }
    }
}

/// What tells the log.
#[derive(Clone)]
pub struct Consents {
    people: Arc<People>,
    log: Log,
    receipts: Arc<dyn Signer>,
    one_at_a_time: Arc<Mutex<()>>,
}

impl Consents {
    /// Tells this log what these people choose, with receipts under this key.
    #[must_use]
    pub fn new(people: Arc<People>, log: Log, receipts: Arc<dyn Signer>) -> Self {
        Self { people, log, receipts, one_at_a_time: Arc::default() }
    }

    /// Tells the log everything that it does not have. When this returns, what was chosen before the call
    /// holds. It goes on by itself if whoever asked goes away.
    ///
    /// # Errors
    /// [`TellError`]; what people closed is closed all the same.
    pub async fn tell(&self) -> Result<(), TellError> {
        let this = self.clone();
        let told = tokio::spawn(async move { this.tell_all().await });
        told.await.map_err(|_| TellError::CutShort)?
    }

    async fn tell_all(&self) -> Result<(), TellError> {
        let _one = self.one_at_a_time.lock().await;
        loop {
            let pending = self.people.pending(clock::now(), CONSENTS_MAX)?;
            if pending.is_empty() {
                return Ok(());
            }
            self.tell_these(&pending).await?;
        }
    }

    async fn tell_these(&self, pending: &[PendingConsent]) -> Result<(), TellError> {
        let mut seed = Seed([0; 32]);
        getrandom::fill(&mut seed.0).map_err(|_| TellError::NoRandomness)?;
        let consent = |pending: &PendingConsent| {
            let record = pending.record.to_bytes()?;
            Ok(AnnexConsent { handle: pending.handle, person: pending.person, record })
        };
        let records = pending.iter().map(consent).collect::<Result<_, CanonicalError>>()?;
        let annex = ConsentsAnnex { seed, records };
        let told = Told {
            tree: CommitmentTree::new(annex.commitments()),
            records: annex.records_root(),
            seed,
            placed: self.log.append_consents(annex).await?,
        };
        let settled = pending.iter().zip(0..).map(|(pending, position)| {
            let number = pending.record.number;
            // Nobody asked for what a person began with, so nobody waits for a receipt.
            let receipt = (number != BEGINNING).then(|| self.receipt(pending, position, &told));
            Ok(SettledConsent { handle: pending.handle, number, receipt: receipt.transpose()? })
        });
        let settled = settled.collect::<Result<Vec<_>, CanonicalError>>()?;
        Ok(self.people.settled(&settled)?)
    }

    fn receipt(
        &self,
        pending: &PendingConsent,
        position: u32,
        told: &Told,
    ) -> Result<String, CanonicalError> {
        let Told { tree, records, seed, placed } = told;
        let receipt = ConsentReceipt {
            count: tree.count(),
            deadline: placed.deadline,
            index: placed.index,
            origin: self.log.origin().to_owned(),
            path: tree.path(position),
            person: pending.person.to_string(),
            position,
            record: pending.record.clone(),
            records: *records,
            salt: Digest(salt(seed, position)),
            time: placed.time,
            v: CONSENT_RECEIPT_VERSION,
        };
        receipt.to_text(&self.receipts.sign(&receipt.message()?))
    }
}

/// A batch that the log has.
struct Told {
    tree: CommitmentTree,
    records: Digest,
    seed: Seed,
    placed: Placed,
}
