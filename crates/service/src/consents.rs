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
use countersign_domain::person::PairwiseId;
use countersign_domain::remedy::{Remediable, Remedy};
use countersign_domain::time::Timestamp;
use countersign_log::annex::{AnnexConsent, CONSENTS_MAX, ConsentsAnnex};
use countersign_log::signer::Signer;
use countersign_log::{ConsentsError, Log};
use countersign_people::store::{
    BEGINNING, LogMark, Logged, PendingConsent, People, SettledConsent, StoreError,
};
use countersign_protocol::canonical::CanonicalError;
use countersign_protocol::consent::ConsentRecord;
use countersign_protocol::consent_receipt::{
    CONSENT_RECEIPT_VERSION, CommitmentTree, ConsentReceipt,
};
use countersign_protocol::record::{Seed, salt};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::clock;

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
    /// Its receipt would be signed with a key that the log does not name.
    #[error(
        "keys/receipts.key is not the receipts key of the register: put the right key there and start again"
    )]
    ReceiptsKey,
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
            Self::Form(_) | Self::NoRandomness | Self::ReceiptsKey => Remedy::Mend,
        }
    }
}

/// What tells the log.
#[derive(Clone)]
pub struct Consents {
    people: Arc<People>,
    log: Log,
    receipts: Receipts,
    one_at_a_time: Arc<Mutex<()>>,
}

impl Consents {
    /// Tells this log what these people choose, with receipts under this key.
    #[must_use]
    pub fn new(people: Arc<People>, log: Log, receipts: Arc<dyn Signer>) -> Self {
        let receipts = Receipts::new(log.origin(), receipts);
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
            let pending = self.beside(|people| people.pending(clock::now(), CONSENTS_MAX)).await?;
            if pending.is_empty() {
                return Ok(());
            }
            self.tell_these(&pending).await?;
        }
    }

    async fn tell_these(&self, pending: &[PendingConsent]) -> Result<(), TellError> {
        // A receipt under another key would never be checked, and is never made again.
        let keys = self.log.register().keys().map(|keys| keys.receipts);
        if keys != Some(self.receipts.signer.public_key()) {
            return Err(TellError::ReceiptsKey);
        }
        let mut seed = Seed([0; 32]);
        getrandom::fill(&mut seed.0).map_err(|_| TellError::NoRandomness)?;
        let consent = |pending: &PendingConsent| {
            let record = pending.record.to_bytes()?;
            Ok(AnnexConsent { handle: pending.handle, person: pending.person, record })
        };
        let records = pending.iter().map(consent).collect::<Result<_, CanonicalError>>()?;
        let annex = ConsentsAnnex { seed, records };
        let mut told = Told::of(&annex);
        let placed = self.log.append_consents(annex).await?;
        (told.index, told.time, told.deadline) = (placed.index, placed.time, placed.deadline);
        let settled = pending.iter().zip(0..).map(|(pending, position)| {
            let PendingConsent { handle, person, ref record } = *pending;
            // Nobody asked for what a person began with, so nobody waits for a receipt.
            let receipt = (record.number != BEGINNING)
                .then(|| self.receipts.make(&told, position, person, record))
                .transpose()?;
            Ok(SettledConsent { handle, number: record.number, receipt })
        });
        let settled = settled.collect::<Result<Vec<_>, CanonicalError>>()?;
        let mark = LogMark { stream: self.log.stream_id(), entries: told.index + 1 };
        let logged = Logged { mark, time: told.time };
        self.beside(move |people| people.settled(&settled, logged)).await
    }

    /// Does what waits for whoever writes to the people, where it holds up nobody else.
    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&People) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, TellError> {
        let people = Arc::clone(&self.people);
        let done = spawn_blocking(move || work(&people)).await;
        Ok(done.map_err(|_| TellError::CutShort)??)
    }
}

/// What makes consent receipts.
#[derive(Clone)]
pub struct Receipts {
    origin: String,
    signer: Arc<dyn Signer>,
}

impl Receipts {
    /// Receipts of the log of this origin, under this key.
    #[must_use]
    pub fn new(origin: &str, signer: Arc<dyn Signer>) -> Self {
        Self { origin: origin.to_owned(), signer }
    }

    /// The receipt of the record at this position of an entry.
    ///
    /// # Errors
    /// [`CanonicalError`] if a number is too large for the form.
    pub fn make(
        &self,
        told: &Told,
        position: u32,
        person: PairwiseId,
        record: &ConsentRecord,
    ) -> Result<String, CanonicalError> {
        let Told { tree, records, seed, index, time, deadline } = told;
        let receipt = ConsentReceipt {
            count: tree.count(),
            deadline: *deadline,
            index: *index,
            origin: self.origin.clone(),
            path: tree.path(position),
            person: person.to_string(),
            position,
            record: record.clone(),
            records: *records,
            salt: Digest(salt(seed, position)),
            time: *time,
            v: CONSENT_RECEIPT_VERSION,
        };
        receipt.to_text(&self.signer.sign(&receipt.message()?))
    }
}

/// Choices that the log has, in one entry.
pub struct Told {
    tree: CommitmentTree,
    records: Digest,
    seed: Seed,
    index: u64,
    time: Timestamp,
    deadline: Timestamp,
}

impl Told {
    /// Of records that are on their way into the log.
    fn of(annex: &ConsentsAnnex) -> Self {
        Self {
            tree: CommitmentTree::new(annex.commitments()),
            records: annex.records_root(),
            seed: annex.seed,
            index: 0,
            time: Timestamp::from_seconds(0),
            deadline: Timestamp::from_seconds(0),
        }
    }

    /// Of records that the log has, at this place and of this time. It was promised to be published at once, and was.
    #[must_use]
    pub fn before(annex: &ConsentsAnnex, index: u64, time: Timestamp) -> Self {
        Self { index, time, deadline: time, ..Self::of(annex) }
    }
}
