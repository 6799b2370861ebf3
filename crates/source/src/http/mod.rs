//! The platform's own HTTP API as a source: its answers are read where a mapping file says that people's
//! fields are, within limits of time, bytes and concurrency, behind a circuit breaker.
//!
//! What it is not: a cache. Every question is asked of the API, and nobody's data stays here. Only the one
//! host of the mapping is ever asked, and no error says for whom.

mod birth;
mod breaker;
mod check;
mod client;
mod friends;
mod mapping;
mod metrics;
mod person;
mod pointer;
mod surrogates;
mod template;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_domain::schema::FieldSchema;
use countersign_log::guarded::Guarded;
use countersign_people::store::People;
use countersign_toml::TomlFileError;
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

pub use breaker::BreakerState;
pub use check::{EndpointCheck, FoundField, Report, check};
pub use metrics::ApiMetrics;

use self::birth::{Day, day_of};
use self::breaker::{Admitted, Outcome};
use self::client::{Client, Limits};
use self::friends::Listed;
use self::mapping::{Friends, Mapping};
use self::person::nonsense;
use self::template::can_stand_in_path;
use self::watch::Watch;
use super::{Circle, Fetched, Naming, Question, SourceError};
use crate::Clock;
use crate::settings::http::HttpSettings;

/// The platform's API, as its mapping describes it.
struct Api {
    mapping: Mapping,
    client: Client,
    friends_max: usize,
    /// The most requests of one question that are under way at once.
    at_once: usize,
    timeout_ms: u64,
    answer_bytes_max: usize,
    metrics: ApiMetrics,
    /// What time it is.
    clock: Clock,
}

/// An API that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The mapping.
    #[error(transparent)]
    Mapping(#[from] TomlFileError),
    /// The client.
    #[error("the client of the platform's API: {reason}")]
    Client {
        /// What is wrong, with the file.
        reason: String,
    },
}

impl Api {
    /// The API that these settings name.
    fn open(
        config: &HttpSettings,
        folder: &Path,
        schema: &FieldSchema,
        clock: Clock,
    ) -> Result<Self, ApiError> {
        let mapping = Mapping::read(&folder.join(&config.mapping), folder, schema)?;
        let metrics = ApiMetrics::new(Watch::new(config.breaker));
        let client = Client::new(&mapping, config, metrics.clone(), clock);
        Ok(Self {
            client: client.map_err(|reason| ApiError::Client { reason })?,
            mapping,
            friends_max: config.friends_max,
            at_once: config.concurrency.div_ceil(2),
            timeout_ms: config.timeout_ms,
            answer_bytes_max: config.answer_bytes_max,
            metrics,
            clock,
        })
    }

    fn limits(&self) -> Limits {
        let deadline = Instant::now() + Duration::from_millis(self.timeout_ms);
        Limits::new(deadline, self.answer_bytes_max)
    }

    /// The document of a person; `None` if there is nobody of this account.
    async fn document(
        &self,
        limits: &Limits,
        account: &str,
    ) -> Result<Option<String>, SourceError> {
        let template = &self.mapping.person;
        let path = format!("{}{}", self.client.base().path, template.fill(&[account], 0));
        let found = self.client.find(limits, template.as_str(), &path, self.mapping.bare_404);
        let Some(text) = found.await? else { return Ok(None) };
        let document = self.mapping.document.find(&text).map_err(friends::not_json)?;
        let missing = || nonsense(format!("{}: there is no document", template.as_str()));
        Ok(Some(document.ok_or_else(missing)?.get().to_owned()))
    }

    /// Viewer and friends, as the API has them.
    async fn fetch(
        self: &Arc<Self>,
        limits: &Arc<Limits>,
        account: &str,
        with_friends: bool,
        today: Day,
    ) -> Result<Fetched, SourceError> {
        let is_listed = with_friends && matches!(self.mapping.friends, Friends::Listed { .. });
        // Both are asked for at once; what the first says counts first.
        let (viewer, listed) = tokio::join!(self.document(limits, account), async {
            if is_listed { Some(self.list(limits, account).await) } else { None }
        });
        let viewer = viewer?.ok_or(SourceError::UnknownPerson)?;
        let reader = &self.mapping.reader;
        let mut fetched = Fetched::default();
        let person = reader.read(&viewer, today)?;
        if person.account != account {
            return Err(nonsense("another viewer was told of"));
        }
        let listed = match listed {
            Some(listed) => Some(listed?),
            None if with_friends => Some(self.embedded(person.friends)?),
            None => None,
        };
        reader.hand_on(person, &mut fetched)?;
        let documents = match listed {
            None => Vec::new(),
            Some(Listed::Accounts(accounts)) => self.documents(limits, accounts).await?,
            Some(Listed::Documents(documents)) => documents,
        };
        for document in documents {
            if let Err(error) = reader.friend(document, today, &mut fetched) {
                fetched.leave_out(error)?;
            }
        }
        Ok(fetched)
    }

    /// The list of friends out of the viewer's own document.
    fn embedded(&self, list: Option<&serde_json::value::RawValue>) -> Result<Listed, SourceError> {
        let mut listed = match self.mapping.items {
            mapping::Items::Accounts(_) => Listed::Accounts(Vec::new()),
            mapping::Items::People(_) => Listed::Documents(Vec::new()),
        };
        self.take(list, &mut listed)?;
        Ok(listed)
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("mapping", &self.mapping).finish_non_exhaustive()
    }
}

/// The source over the platform's HTTP API.
#[derive(Debug)]
pub struct HttpSource {
    people: Arc<People>,
    naming: Naming,
    api: Arc<Api>,
}

impl HttpSource {
    /// The source over the API that these settings of an instance in `folder` name. Accounts are those of
    /// `people`; handles and settings are as `naming` gives them. Nothing is asked yet.
    ///
    /// # Errors
    /// [`ApiError`], with file and line of what is wrong.
    pub fn open(
        people: Arc<People>,
        naming: Naming,
        settings: &HttpSettings,
        folder: &Path,
        schema: &FieldSchema,
        clock: Clock,
    ) -> Result<Self, ApiError> {
        let api = Arc::new(Api::open(settings, folder, schema, clock)?);
        Ok(Self { people, naming, api })
    }

    /// Whether there is a person of this account, spelled so.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn knows(&self, account: &str) -> Result<bool, SourceError> {
        if !can_stand_in_path(account) {
            return Ok(false);
        }
        let asked = self.within_limits(|limits| async move {
            let document = self.api.document(&limits, account).await?;
            document.map(|text| self.api.mapping.reader.account(&text)).transpose()
        });
        Ok(asked.await?.is_some_and(|found| found == account))
    }

    /// Whether the source can be asked, as far as the last questions tell. Once the API was left alone for long
    /// enough it can, without a question that tries: none comes to an instance that says it is not ready.
    ///
    /// # Errors
    /// [`SourceError::Unavailable`] while the API is left alone.
    pub fn ready(&self) -> Result<(), SourceError> {
        match self.breaker_state() {
            BreakerState::Closed | BreakerState::HalfOpen => Ok(()),
            BreakerState::Open => Err(left_alone()),
        }
    }

    /// What the API tells of the people that a question is about.
    ///
    /// # Errors
    /// [`SourceError`]; nothing is known then, and nothing may be answered.
    pub async fn fetch(&self, question: &Question<'_>) -> Result<Fetched, SourceError> {
        let began = std::time::Instant::now();
        let told = self.told(question).await;
        self.api.metrics.questions.answered(began, &told);
        told
    }

    /// Those people, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError`]; nothing is known then, and nothing may be answered.
    pub async fn circle(
        &self,
        fetched: Fetched,
        question: &Question<'_>,
    ) -> Result<Guarded<Circle>, SourceError> {
        let circle = fetched.into_circle(&self.naming, question).await;
        circle.map(Guarded::new).inspect_err(|error| self.api.metrics.questions.failed(error))
    }

    /// How many friends were left out of answers.
    #[must_use]
    pub const fn left_out(&self) -> &Counter {
        self.naming.left_out()
    }

    /// What the source counts.
    #[must_use]
    pub fn metrics(&self) -> &ApiMetrics {
        &self.api.metrics
    }

    /// What the breaker does with questions now.
    #[must_use]
    pub fn breaker_state(&self) -> BreakerState {
        self.breaker().state()
    }

    async fn told(&self, question: &Question<'_>) -> Result<Fetched, SourceError> {
        let account = self.people.account_of(question.viewer);
        let account = account.filter(|account| can_stand_in_path(account));
        let account = account.ok_or(SourceError::UnknownPerson)?;
        let today = day_of((self.api.clock)());
        let with_friends = question.friend_fields.is_some();
        let fetched = self.within_limits(|limits| {
            let (api, account) = (Arc::clone(&self.api), account.as_str());
            async move { api.fetch(&limits, account, with_friends, today).await }
        });
        fetched.await
    }

    /// Asks the API within the limits of one question, if the breaker passes it on.
    async fn within_limits<T, F: Future<Output = Result<T, SourceError>>>(
        &self,
        ask: impl FnOnce(Arc<Limits>) -> F,
    ) -> Result<T, SourceError> {
        let passed = self.admit()?;
        let limits = Arc::new(self.api.limits());
        let late = SourceError::Late { limit_ms: self.api.timeout_ms };
        let asked = tokio::time::timeout_at(limits.deadline, ask(Arc::clone(&limits))).await;
        let asked = asked.unwrap_or(Err(late));
        let is_sent = limits.is_sent.load(Ordering::Relaxed);
        passed.ends(match &asked {
            _ if !is_sent => Outcome::Unknown,
            Err(SourceError::Unavailable { .. } | SourceError::Late { .. }) => Outcome::Failed,
            _ => Outcome::Answered,
        });
        asked
    }

    fn admit(&self) -> Result<Passed<'_>, SourceError> {
        let breaker = self.breaker();
        let admitted = breaker.admit().ok_or_else(left_alone)?;
        Ok(Passed { breaker, admitted, outcome: Outcome::Unknown })
    }

    fn breaker(&self) -> &Watch {
        &self.api.metrics.breaker
    }
}

fn left_alone() -> SourceError {
    let reason = "it failed too often and is left alone for a while".to_owned();
    SourceError::Unavailable { reason }
}

/// A question that the breaker passed on. Dropped, because nobody waits for it any more, it is reported
/// as well: a probe that is given up must not leave the breaker waiting for it.
struct Passed<'s> {
    breaker: &'s Watch,
    admitted: Admitted,
    outcome: Outcome,
}

impl Passed<'_> {
    fn ends(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Passed<'_> {
    fn drop(&mut self) {
        self.breaker.record(self.admitted, self.outcome);
    }
}
