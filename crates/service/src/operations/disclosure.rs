//! A disclosure: the way of every question about people, from whichever door, to the right to answer it.
//!
//! ```text
//! snapshot of the register → the question, read with its schema → people fetched → grant and settings looked at
//! → decided → appended → waited for, as the agreement says → released
//! ```
//!
//! An act that lands between a decision and its entry has it decided again. Where the agreement has answers wait until
//! their entries are published, or witnessed, it is decided once more after that wait, and what may no longer leave
//! does not.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::agreement::Wait;
use countersign_domain::decide::{Decided, Permitted, decide};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_domain::request::Request;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_log::annex::Circumstances;
use countersign_log::append::AppendError;
use countersign_log::guarded::Guarded;
use countersign_log::released::Released;
use countersign_people::store::{GrantId, GrantRecord, StoreError};
use countersign_source::elsewhere::{self, Elsewhere, PersonElsewhere};
use countersign_source::{self as source, Circle, SourceError};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use super::circumstances::circumstances;
use super::granted::GrantError;
use super::masks::Compiled;
use super::room::Room;
use super::{ReceiptsKeyError, Service};
use crate::clock;
use crate::spans::TARGET;

/// How often a question is decided again when an act lands between its decision and its entry.
const DECISIONS_MAX: usize = 4;

/// Who asks, and how.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The build that asks.
    pub build: &'a Identifier,
    /// The grant under which it asks.
    pub grant: GrantId,
    /// The same as it is stored.
    pub stored: &'a GrantRecord,
    /// What receipts call the client's request.
    pub request: Digest,
    /// Whether the token came in the query, which the agreement has to allow.
    pub token_in_query: bool,
    /// Whether the viewer's user agent says that data be neither sold nor shared.
    pub sec_gpc: bool,
    /// The address that the request came from, if it is known.
    pub client_ip: Option<IpAddr>,
    /// When nothing more may be appended.
    pub deadline: Option<Instant>,
    /// The room that it takes among the operations of batches.
    pub room: Option<&'a Room>,
}

/// Where the people of a question come from.
pub enum Whom<'a> {
    /// From the source, and an answer may need these fields of theirs.
    OfSource {
        /// Of the viewer.
        viewer: FieldSet,
        /// Of friends, if it is about friends.
        friends: Option<FieldSet>,
    },
    /// From the platform, which names them and has their values.
    Named(&'a [PersonElsewhere]),
}

/// What a door asks. It is read again whenever it is decided again: the schema may be another one then.
pub trait Question: Sync {
    /// The question, read with a schema.
    type Read: Send + Sync;
    /// What the door needs to tell of a decision.
    type Told: Send;
    /// Why there is no answer, in the door's words.
    type Error: From<DiscloseError> + Send;

    /// Reads it with this schema.
    ///
    /// # Errors
    /// If it asks for what cannot be asked.
    fn read(&self, schema: &FieldSchema) -> Result<Self::Read, Self::Error>;

    /// Whom it is about.
    fn whom<'a>(&'a self, read: &'a Self::Read) -> Whom<'a>;

    /// What is decided about toward this partner, and what is told of the decision. An error in the place of what
    /// is told counts only where the decision is that there may be an answer: it may depend on who an id is.
    fn asked(
        &self,
        read: Self::Read,
        partner: &Identifier,
    ) -> (Request, Result<Self::Told, Self::Error>);

    /// Refuses what would be no answer to the question, before anything is logged.
    ///
    /// # Errors
    /// If nobody is in the answer whom it is about.
    fn check(&self, told: &Self::Told, decided: &Decided) -> Result<(), Self::Error>;
}

/// A question that was decided and logged, so that it may be answered.
pub struct Disclosure<T> {
    /// The right to read what was decided.
    pub released: Released<Circle>,
    /// What the door tells of it.
    pub told: T,
    /// What the decision was made with.
    pub compiled: Arc<Compiled>,
    /// Of each candidate, where among those whom the platform named they stand; empty if it named nobody. Whom nobody
    /// knows is no candidate.
    pub places: Vec<usize>,
}

/// Nothing was released.
#[derive(Debug, thiserror::Error)]
pub enum DiscloseError {
    /// The register does not know the build, or not for this purpose.
    #[error("the register has no such build and purpose")]
    UnknownBuild,
    /// The agreement wants tokens in the header.
    #[error("the agreement does not allow a token in the query")]
    TokenInQuery,
    /// The grant was ended meanwhile.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// Receipts would be worth nothing.
    #[error(transparent)]
    ReceiptsKey(#[from] ReceiptsKeyError),
    /// The people cannot be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Grants and settings cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The decision is that there is no answer.
    #[error("no answer may be given")]
    Refused(Reason),
    /// The time was over before anything was appended.
    #[error("the time for it was over; nothing was appended")]
    Late,
    /// The log's disk has only room left that is kept for other entries.
    #[error("the log's disk has only room that is kept for acts, choices and erasures")]
    DiskReserved,
    /// The log did not take it.
    #[error(transparent)]
    NotLogged(AppendError),
    /// It is in the log, and while it waited to be published it ceased to be allowed, or publishing took too long.
    #[error("it is in the log, and ceased to be allowed while it waited to be published")]
    Withheld,
    /// It is in the log, and too few witnesses cosigned a checkpoint that has it in time.
    #[error("it is in the log, and too few witnesses cosigned it in time")]
    Unwitnessed,
}

/// The people of a question, after whatever wait it took to have them.
enum Found<'a> {
    OfSource(source::Found<'a>, source::Question<'a>),
    /// Those whom the platform names, and where among them those stand whom nobody knows.
    Named(&'a [PersonElsewhere], Vec<usize>),
}

/// A decision, and what is needed to tell of it.
struct Decision<T> {
    permitted: Permitted<Guarded<Circle>>,
    told: T,
    compiled: Arc<Compiled>,
    places: Vec<usize>,
}

impl Service {
    /// Decides and appends, until the log takes the decision.
    ///
    /// # Errors
    /// The door's error. Of [`DiscloseError`], the log has an entry behind [`Withheld`](DiscloseError::Withheld) and
    /// [`Unwitnessed`](DiscloseError::Unwitnessed), and may have one behind [`NotLogged`](DiscloseError::NotLogged).
    pub async fn disclose<Q: Question>(
        &self,
        asker: &Asker<'_>,
        question: &Q,
    ) -> Result<Disclosure<Q::Told>, Q::Error> {
        let step = tracing::info_span!(target: TARGET, "disclose");
        self.decide_and_append(asker, question).instrument(step).await
    }

    async fn decide_and_append<Q: Question>(
        &self,
        asker: &Asker<'_>,
        question: &Q,
    ) -> Result<Disclosure<Q::Told>, Q::Error> {
        let circumstances = circumstances(asker.grant, asker.client_ip);
        let mut decisions = 0;
        loop {
            decisions += 1;
            let decision = self.decide_in_time(asker, question, clock::now()).await?;
            if self.disk.is_reserved() {
                return Err(DiscloseError::DiskReserved.into());
            }
            let Decision { permitted, told, compiled, places } = decision;
            let step = tracing::info_span!(target: TARGET, "append");
            let appended = self.append(permitted, asker.request, circumstances.clone());
            match appended.instrument(step).await {
                Ok(released) => {
                    let step = tracing::info_span!(target: TARGET, "wait");
                    self.wait(asker, question, &released).instrument(step).await?;
                    return Ok(Disclosure { released, told, compiled, places });
                }
                Err(AppendError::Stale(_)) if decisions < DECISIONS_MAX => {}
                Err(error) => return Err(DiscloseError::NotLogged(error).into()),
            }
        }
    }

    /// Appends a decision and counts what it took of the client's hour, whether or not the client is still there: who
    /// hangs up has filled the log all the same.
    async fn append(
        &self,
        permitted: Permitted<Guarded<Circle>>,
        request: Digest,
        circumstances: Circumstances,
    ) -> Result<Released<Circle>, AppendError> {
        let (log, usage) = (self.log.clone(), Arc::clone(&self.usage));
        let appended = tokio::spawn(async move {
            let appended = log.append(permitted, request, circumstances).await;
            let released = appended.map_err(|refused| refused.error)?;
            let client = &released.decided().basis.client;
            usage.appended(client, released.placed().bytes, clock::now());
            Ok(released)
        });
        appended.await.unwrap_or(Err(AppendError::Closed))
    }

    /// Waits as long as the agreement says, and decides again after that: settings and the register may have
    /// changed meanwhile, and the grant may have been ended.
    async fn wait<Q: Question>(
        &self,
        asker: &Asker<'_>,
        question: &Q,
        released: &Released<Circle>,
    ) -> Result<(), Q::Error> {
        let (decided, placed) = (released.decided(), released.placed());
        match decided.basis.wait {
            Wait::Durable => return Ok(()),
            Wait::Published => {
                let promised_s = placed.deadline.seconds().saturating_sub(placed.time.seconds());
                let published = self.log.wait_published(placed.index);
                let waited = outside(asker, timeout(Duration::from_secs(promised_s), published));
                waited.await.map_err(|_| DiscloseError::Withheld)?;
            }
            Wait::Witnessed => {
                let witnesses = self.witnesses.as_ref().ok_or(DiscloseError::Unwitnessed)?;
                let witnessed = self.log.wait_witnessed(placed.index);
                let waited = outside(asker, timeout(witnesses.wait_max(), witnessed));
                waited.await.map_err(|_| DiscloseError::Unwitnessed)?;
            }
        }
        match self.decide_in_time(asker, question, clock::now()).await {
            Ok(later) if decided.is_within(later.permitted.decided()) => Ok(()),
            _ => Err(DiscloseError::Withheld.into()),
        }
    }

    /// When the time is over nothing more is decided and so nothing appended; what is being appended then is waited
    /// for, since the log may say already that it was released.
    async fn decide_in_time<Q: Question>(
        &self,
        asker: &Asker<'_>,
        question: &Q,
        now: Timestamp,
    ) -> Result<Decision<Q::Told>, Q::Error> {
        let decision = self.decide(asker, question, now);
        match asker.deadline {
            None => decision.await,
            Some(deadline) => {
                timeout_at(deadline, decision).await.map_err(|_| DiscloseError::Late)?
            }
        }
    }

    async fn decide<Q: Question>(
        &self,
        asker: &Asker<'_>,
        question: &Q,
        now: Timestamp,
    ) -> Result<Decision<Q::Told>, Q::Error> {
        let step = tracing::info_span!(target: TARGET, "snapshot");
        let (view, compiled) = step.in_scope(|| {
            let view = self.log.view();
            let compiled = self.masks.of(&view.register);
            (view, compiled)
        });
        drop(step);
        let grant = &asker.stored.grant;
        let basis = compiled.basis(asker.build.as_str(), grant.purpose.as_str(), now);
        let basis = basis.ok_or(DiscloseError::UnknownBuild)?;
        if asker.token_in_query && !basis.query_token {
            return Err(DiscloseError::TokenInQuery.into());
        }
        let schema = compiled.register().schema().ok_or(DiscloseError::UnknownBuild)?;
        self.check_receipts_key(compiled.register()).map_err(DiscloseError::from)?;
        let read = question.read(schema)?;
        let (viewer, partner) = (asker.stored.viewer, &basis.partner);
        let found = match question.whom(&read) {
            Whom::Named(people) => {
                let strangers = outside(asker, self.source.strangers(&self.naming, people)).await;
                Found::Named(people, strangers.map_err(DiscloseError::from)?)
            }
            Whom::OfSource { viewer: viewer_fields, friends: friend_fields } => {
                let asked = source::Question { viewer, partner, viewer_fields, friend_fields };
                let step = tracing::info_span!(target: TARGET, "fetch");
                let found = outside(asker, self.source.find(&asked)).instrument(step).await;
                Found::OfSource(found.map_err(DiscloseError::from)?, asked)
            }
        };
        // INVARIANT: what is decided with grant and settings has seen what the log says of them. Both end in the store
        // before the log is told, and are read here behind the look at the log.
        let as_of = self.log.renewed(view).as_of;
        if !self.people.is_granted(asker.grant).map_err(DiscloseError::from)? {
            return Err(DiscloseError::Grant(GrantError::Ended).into());
        }
        let people = match found {
            Found::Named(people, strangers) => {
                elsewhere::circle(&self.naming, viewer, partner, people, &strangers).await
            }
            Found::OfSource(found, asked) => {
                let step = tracing::info_span!(target: TARGET, "people");
                let people = found.circle(&asked).instrument(step).await;
                people.map(|people| Elsewhere { people, places: Vec::new() })
            }
        };
        let Elsewhere { people, places } = people.map_err(DiscloseError::from)?;
        // INVARIANT: nothing before the decision depends on whether an id is the viewer's. Who may not be
        // told the viewer's id is refused whoever they ask for, and learns nothing of whose an id is.
        let (request, told) = question.asked(read, partner);
        let narrowed = asker.sec_gpc.then(|| grant.under_gpc(schema.special()));
        let grant = narrowed.as_ref().unwrap_or(grant);
        let step = tracing::info_span!(target: TARGET, "decide");
        let permitted = step
            .in_scope(|| decide(&basis, grant, request, people, now, as_of))
            .map_err(|refused| DiscloseError::Refused(refused.reason))?;
        drop(step);
        let told = told?;
        question.check(&told, permitted.decided())?;
        Ok(Decision { permitted, told, compiled, places })
    }
}

/// Waits for something outside of this process, and lets others do their work meanwhile.
async fn outside<T>(asker: &Asker<'_>, waiting: impl Future<Output = T> + Send) -> T {
    match asker.room {
        Some(room) => room.outside(waiting).await,
        None => waiting.await,
    }
}
