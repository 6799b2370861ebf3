//! Appending, as callers see it: a decision goes in and comes back as [`Released`] once it is durable.
//!
//! What is proportional to the people in an answer (the commitments, the annex, what admission looks at)
//! is computed here, on the caller's thread; the sequencer only orders.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Instant;

use countersign_domain::agreement::Delivery;
use countersign_domain::decide::{Decided, People as _, Permitted};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::relation::Relation;
use countersign_domain::rounding::rounded_up;
use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::entry::{
    Disclosure, DisclosureKind, ENTRY_VERSION, EntryError, SignedAct,
};
use countersign_protocol::record::{Record, Seed, records_root, request_commitment};
use countersign_protocol::replay::ReplayError;
use tokio::sync::oneshot;

use crate::Log;
use crate::admission::{Disclosed, Refusal};
use crate::annex::{ANNEX_BYTES_MAX, Annex, Circumstances, DisclosureAnnex};
use crate::clock_watch::ClockJump;
use crate::guarded::{Guarded, Profiles};
use crate::pool::{Pending, PendingAct, PendingDisclosure};
use crate::released::{Placed, Released};

/// The most people in one answer, the viewer included: an annex tells so many decisions apart.
pub const PEOPLE_MAX: usize = 65_535;

/// The most that may wait before a disclosure is turned away at once. Acts are not: they are what ends
/// a flood of disclosures.
const QUEUE_MAX: u64 = 16_384;

/// Why a disclosure was not appended. Nothing was released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// It has to be decided again.
    #[error("the decision no longer holds: {0}")]
    Stale(#[from] Stale),
    /// A budget has no room for it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk refused the write. It is tried again with the next disclosure.
    #[error(
        "the log's disk refused the write ({kind}); make room on it: appending goes on by itself"
    )]
    Disk {
        /// What the file layer says.
        kind: io::ErrorKind,
    },
    /// It is not known what is on the disk. Nothing is appended until restart.
    #[error(
        "the log's disk failed ({kind}) and nothing is appended until the server is restarted; check the disk"
    )]
    Poisoned {
        /// What the file layer says.
        kind: io::ErrorKind,
    },
    /// What is durable has waited too long to be published, as receipts promise it.
    #[error(
        "nothing could be published since {since}, so no receipt can promise that its entry will be; mend publishing: disclosing goes on by itself"
    )]
    Unpublished {
        /// The second in which the oldest entry that waits was made durable, or earlier.
        since: Timestamp,
    },
    /// The machine's clock was set forward.
    #[error(transparent)]
    Clock(#[from] ClockJump),
    /// Too much waits already. No act is ever told so.
    #[error("{QUEUE_MAX} disclosures wait already; try again later")]
    Busy,
    /// The log was shut down.
    #[error("the log is shut down")]
    Closed,
    /// There is no field schema yet, so fields have no names.
    #[error("there is no field schema in force yet")]
    NoSchema,
    /// More people than an answer may have.
    #[error("{found} people are too many for one answer: {PEOPLE_MAX} are allowed")]
    TooManyPeople {
        /// How many there are.
        found: usize,
    },
    /// It cannot be written as an entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// There is no randomness for the seed.
    #[error("the machine gives no random bytes")]
    NoRandomness,
}

/// Why a decision no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// A governance act stands between it and its place in the log.
    #[error("it has seen {as_of} entries, and entry {last_act} is an act")]
    ActBetween {
        /// How many entries the decision has seen.
        as_of: u64,
        /// The index of the last act.
        last_act: u64,
    },
    /// It has not seen what was in the log long before.
    #[error("it has seen {as_of} entries, and more than two seconds ago there were {as_of_min}")]
    Behind {
        /// How many entries the decision has seen.
        as_of: u64,
        /// How many it has to have seen.
        as_of_min: u64,
    },
    /// The clock has been set back to before it was decided, where other terms may hold.
    #[error("it was decided at {decided_at} and it is {now}")]
    Early {
        /// The second in which it was decided.
        decided_at: Timestamp,
        /// The time that the entry would have had.
        now: Timestamp,
    },
    /// Its time has passed.
    #[error("it held until {valid_until} and it is {now}")]
    Expired {
        /// The first second in which it did not hold.
        valid_until: Timestamp,
        /// The time that the entry would have had.
        now: Timestamp,
    },
    /// It claims to have seen entries that there are not.
    #[error("it has seen {as_of} entries, and the log has {size}")]
    Ahead {
        /// How many entries the decision has seen.
        as_of: u64,
        /// How many there are.
        size: u64,
    },
}

/// A disclosure that was not appended, with the people's data, still under guard, so that it can be
/// decided again.
#[derive(thiserror::Error)]
#[error("{error}")]
pub struct NotAppended<T> {
    /// Why.
    pub error: AppendError,
    /// The people's data.
    pub people: Guarded<T>,
}

impl<T> std::fmt::Debug for NotAppended<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NotAppended({:?})", self.error)
    }
}

/// Why an act was not appended. The register is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// It is not signed as it has to be, or cannot be applied.
    #[error(transparent)]
    Refused(#[from] ReplayError),
    /// It was signed too long ago, or at a time that has not come.
    #[error(
        "it says that it was signed at {time}, and it is {now}; an act is taken within {ACT_SKEW_S} seconds: sign it again"
    )]
    Untimely {
        /// The time in the act.
        time: Timestamp,
        /// The time here.
        now: Timestamp,
    },
    /// Its document is longer than the stream takes.
    #[error("its document has {found_bytes} bytes; {ANNEX_BYTES_MAX} are allowed")]
    DocumentTooLong {
        /// How many there are.
        found_bytes: usize,
    },
    /// It could not be made durable.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Log {
    /// Appends a disclosure, the answer to the request of this digest. When this returns, entry and annex are
    /// durable, and the answer may be made. The example `embed` of this crate does it from beginning to end.
    ///
    /// # Errors
    /// [`NotAppended`]; on [`AppendError::Stale`] decide again and come back.
    pub async fn append<T: Profiles>(
        &self,
        permitted: Permitted<Guarded<T>>,
        request: Digest,
        circumstances: Circumstances,
    ) -> Result<Released<T>, NotAppended<T>> {
        let (decided, people) = permitted.into_parts();
        match self.disclose(&decided, &people, request, circumstances).await {
            Ok((placed, seed)) => Ok(Released::new(decided, people, request, placed, seed)),
            Err(error) => Err(NotAppended { error, people }),
        }
    }

    async fn disclose<T: Profiles>(
        &self,
        decided: &Decided,
        people: &Guarded<T>,
        request: Digest,
        circumstances: Circumstances,
    ) -> Result<(Placed, Seed), AppendError> {
        let mut seed = Seed([0; 32]);
        getrandom::fill(&mut seed.0).map_err(|_| AppendError::NoRandomness)?;
        let values_here = people.are_values_here();
        let disclosure = self.disclosure(decided, values_here, &request, &seed)?;
        let annex = DisclosureAnnex::of(decided, people.candidates(), seed, circumstances);
        let weighed = self.inner().admission.as_ref().map(|admission| {
            let Disclosure { client, partner, .. } = &disclosure;
            admission.weigh(&Disclosed { client, partner, people: &annex.records })
        });
        let (reply, answer) = oneshot::channel();
        let began = Instant::now();
        self.enqueue(Pending::Disclosure(Box::new(PendingDisclosure {
            disclosure,
            decided_at: decided.decided_at,
            valid_until: decided.valid_until,
            annex: Annex::Disclosure(annex).to_bytes(),
            weighed,
            reply,
        })))?;
        let placed = answer.await.map_err(|_| AppendError::Closed)??;
        self.inner().shared.counters.append_us.add(began.elapsed().as_micros() as u64);
        Ok((placed, seed))
    }

    /// The public entry of a decision; its time is set when it is sequenced.
    fn disclosure(
        &self,
        decided: &Decided,
        values_here: bool,
        request: &Digest,
        seed: &Seed,
    ) -> Result<Disclosure, AppendError> {
        let found = decided.records.len();
        if found > PEOPLE_MAX {
            return Err(AppendError::TooManyPeople { found });
        }
        let register = self.register();
        let schema = register.schema().ok_or(AppendError::NoSchema)?;
        let names = |relation| -> Vec<String> {
            let of_relation = decided.records.iter().filter(|record| record.relation == relation);
            let union = of_relation.fold(FieldSet::EMPTY, |union, record| union.or(record.fields));
            schema.names(union).map(str::to_owned).collect()
        };
        let records = decided.records.iter().map(|record| Record {
            pairwise: record.pairwise,
            relation: record.relation,
            fields: record.fields,
        });
        let basis = &decided.basis;
        Ok(Disclosure {
            agreements: basis.agreements.to_vec(),
            as_of: decided.as_of,
            build: basis.build.clone(),
            client: basis.client.clone(),
            counted: decided.count.map(|count| rounded_up(count as u64)),
            delivery: if values_here { basis.delivery } else { Delivery::Decided },
            friend: names(Relation::Friend),
            kind: DisclosureKind::Disclosure,
            partner: basis.partner.clone(),
            people: rounded_up(found as u64),
            purpose: basis.purpose.clone(),
            records: records_root(seed, records),
            request: request_commitment(seed, request),
            viewer: names(Relation::Viewer),
            time: Timestamp::from_seconds(0),
            v: ENTRY_VERSION,
        })
    }

    /// Appends a governance act with its document, after checking both against the register. When this
    /// returns it is in force.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use countersign_domain::act::{Act, Signer as By};
    /// use countersign_domain::time::Timestamp;
    /// use countersign_fixtures::{documents, keys};
    /// use countersign_log::backend::posix::Posix;
    /// use countersign_log::signer::SoftwareSigner;
    /// use countersign_log::{Log, LogConfig};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let now = || Timestamp::from_seconds(1_600_000_000);
    /// let (log, _) = Log::open(
    ///     &LogConfig::new("log.example/mine"),
    ///     Arc::new(Posix::new(folder.path())),
    ///     Arc::new(SoftwareSigner::from_seed(&[7; 32])),
    ///     Arc::new(now),
    /// )?;
    /// let act = keys::signed(Act::Keys(documents::keys()), log.origin(), now(), &[By::Root]);
    /// let placed = log.append_act(act, None, None).await?;
    /// assert_eq!((placed.index, log.head()), (0, 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ActError`]; nothing has changed then.
    pub async fn append_act(
        &self,
        act: SignedAct,
        document: Option<Vec<u8>>,
        submitted_by: Option<String>,
    ) -> Result<Placed, ActError> {
        let found_bytes = document.as_ref().map_or(0, Vec::len);
        if found_bytes > ANNEX_BYTES_MAX / 2 {
            return Err(ActError::DocumentTooLong { found_bytes });
        }
        let (reply, answer) = oneshot::channel();
        let pending = PendingAct { act, document, submitted_by, reply };
        self.enqueue(Pending::Act(Box::new(pending)))?;
        answer.await.map_err(|_| AppendError::Closed)?
    }

    pub(crate) fn enqueue(&self, pending: Pending) -> Result<(), AppendError> {
        let inner = self.inner();
        let queue_length = &inner.shared.counters.queue_length;
        let is_bounded = matches!(pending, Pending::Disclosure(_));
        if queue_length.fetch_add(1, Ordering::Relaxed) >= QUEUE_MAX && is_bounded {
            queue_length.fetch_sub(1, Ordering::Relaxed);
            return Err(AppendError::Busy);
        }
        inner.queue.send(pending).map_err(|_| {
            queue_length.fetch_sub(1, Ordering::Relaxed);
            AppendError::Closed
        })
    }
}
