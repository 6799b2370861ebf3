//! From a decision to the right to answer: decided, appended, and decided again if an act landed in
//! between. Where the agreement has answers wait until their entries are published, or witnessed, it is decided
//! once more after that wait, and what may no longer leave does not.

use std::net::IpAddr;
use std::time::Duration;

use countersign_domain::agreement::Wait;
use countersign_domain::decide::Permitted;
use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_log::append::AppendError;
use countersign_log::guarded::Guarded;
use countersign_log::released::Released;
use tokio::time::timeout;

use super::Gateway;
use super::circumstances::circumstances;
use crate::clock;
use crate::source::Circle;
use crate::store::GrantId;

/// How often a request is decided again when an act lands between its decision and its entry.
const DECISIONS_MAX: usize = 4;

/// Nothing was released.
#[derive(Debug)]
pub enum ReleaseError<E> {
    /// It could not be decided, or the decision is that there is no answer.
    Undecided(E),
    /// The log did not take it.
    NotLogged(AppendError),
    /// It is in the log, and while it waited to be published it ceased to be allowed, or publishing took
    /// too long.
    Withheld,
    /// It is in the log, and too few witnesses cosigned a checkpoint that has it in time.
    Unwitnessed,
    /// The log's disk has only room left that is kept for other entries.
    DiskReserved,
}

/// A question that can be decided, as often as it takes.
pub trait Decidable: Sync {
    /// What is needed to tell of a decision, beside itself.
    type Context: Send;
    /// Why there is no decision.
    type Error: Send;

    /// Decides as of this second.
    ///
    /// # Errors
    /// If it cannot be decided, or the decision is that there is no answer.
    fn decide(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Decision<Self::Context>, Self::Error>> + Send;

    /// Waits for something outside of this process, and lets others do their work meanwhile.
    fn outside<T: Send>(
        &self,
        waiting: impl Future<Output = T> + Send,
    ) -> impl Future<Output = T> + Send {
        waiting
    }
}

/// A decision, and what is needed to tell of it.
pub type Decision<C> = (Permitted<Guarded<Circle>>, C);

/// Decides and appends, until the log takes the decision of a request under this grant, from this address
/// if it is known.
///
/// # Errors
/// [`ReleaseError`]; the log then has no entry for it.
pub async fn release<Q: Decidable>(
    gateway: &Gateway,
    request: Digest,
    (grant, client_ip): (GrantId, Option<IpAddr>),
    question: &Q,
) -> Result<(Released<Circle>, Q::Context), ReleaseError<Q::Error>> {
    let circumstances = circumstances(grant, client_ip);
    let mut decisions = 0;
    loop {
        decisions += 1;
        let decided = question.decide(clock::now()).await;
        let (permitted, context) = decided.map_err(ReleaseError::Undecided)?;
        if gateway.disk.is_reserved() {
            return Err(ReleaseError::DiskReserved);
        }
        match gateway.log.append(permitted, request, circumstances.clone()).await {
            Ok(released) => {
                let client = &released.decided().basis.client;
                gateway.usage.appended(client, released.placed().bytes, clock::now());
                wait(gateway, &released, question).await?;
                return Ok((released, context));
            }
            Err(refused) => match refused.error {
                AppendError::Stale(_) if decisions < DECISIONS_MAX => {}
                error => return Err(ReleaseError::NotLogged(error)),
            },
        }
    }
}

/// Waits as long as the agreement says, and decides again after that: settings and the register may have
/// changed meanwhile, and the grant may have been ended.
async fn wait<Q: Decidable>(
    gateway: &Gateway,
    released: &Released<Circle>,
    question: &Q,
) -> Result<(), ReleaseError<Q::Error>> {
    let decided = released.decided();
    let placed = released.placed();
    match decided.basis.wait {
        Wait::Durable => return Ok(()),
        Wait::Published => {
            let promised_s = placed.deadline.seconds().saturating_sub(placed.time.seconds());
            let published = gateway.log.wait_published(placed.index);
            let waited =
                question.outside(timeout(Duration::from_secs(promised_s), published)).await;
            waited.map_err(|_| ReleaseError::Withheld)?;
        }
        Wait::Witnessed => {
            let witnesses = gateway.witnesses.as_ref().ok_or(ReleaseError::Unwitnessed)?;
            let witnessed = gateway.log.wait_witnessed(placed.index);
            let waited = question.outside(timeout(witnesses.wait_max(), witnessed)).await;
            waited.map_err(|_| ReleaseError::Unwitnessed)?;
        }
    }
    match question.decide(clock::now()).await {
        Ok((later, _)) if decided.is_within(later.decided()) => Ok(()),
        _ => Err(ReleaseError::Withheld),
    }
}
