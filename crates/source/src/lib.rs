//! Where people's data comes from. A source answers a question with people under guard: whoever
//! holds them can have them decided about, and only the log opens them.
//!
//! Profiles and friendships are the source's; handles, secrets and settings are the store's, whatever
//! the source. What it is not: it decides nothing, and leaves out nobody.
#![forbid(unsafe_code)]

mod circle;
pub mod elsewhere;
mod fetched;
mod found;
pub mod http;
pub mod http_client;
pub mod image;
pub mod metrics;
mod naming;
mod newcomer;
mod platform_choice;
pub mod postgres;
pub mod settings;

use std::path::Path;
use std::sync::Arc;

use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_domain::remedy::{Remediable, Remedy};
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_log::guarded::Guarded;
use countersign_people::store::{People, StoreError};

pub use circle::Circle;
pub use fetched::{Fetched, FetchedPerson};
pub use found::Found;
use http::HttpSource;
use image::ImageSource;
pub use naming::Naming;
pub use platform_choice::PlatformChoice;
use postgres::PostgresSource;
use prometheus_client::registry::Registry;

use crate::settings::{Source as Settings, SourceKind};

/// What time it is: whoever opens a source says how that is asked.
pub type Clock = fn() -> Timestamp;

/// Whose data is asked for. The viewer is in every answer.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The person on whose device or in whose app session it is asked.
    pub viewer: Handle,
    /// The partner that would receive it, toward which ids are made.
    pub partner: &'a Identifier,
    /// The fields of the viewer that an answer may need. A source may have more ready.
    pub viewer_fields: FieldSet,
    /// The fields of friends that an answer may need, if it is about friends: then all of them are asked
    /// about, since only the decision knows who may be seen.
    pub friend_fields: Option<FieldSet>,
}

/// A source of people's data.
#[derive(Debug)]
pub enum Source {
    /// The embedded one.
    Image(ImageSource),
    /// The tables of a database.
    Postgres(Box<PostgresSource>),
    /// The platform's HTTP API.
    Http(HttpSource),
    /// One that a command could not open. Whoever is known here already is known all the same.
    Unopened {
        /// Why not, without any data of people.
        reason: String,
    },
}

impl Source {
    /// Opens the source that the configuration names; relative paths are relative to `folder`.
    ///
    /// # Errors
    /// [`OpenError`]: it cannot be reached, or does not have what it should.
    pub async fn open(
        settings: &Settings,
        people: &Arc<People>,
        naming: &Naming,
        folder: &Path,
        schema: &FieldSchema,
        clock: Clock,
    ) -> Result<Self, OpenError> {
        let (people, naming) = (Arc::clone(people), naming.clone());
        match (settings.kind, &settings.postgres, &settings.http) {
            (SourceKind::Postgres, Some(settings), _) => {
                let source = PostgresSource::open(people, naming, settings, folder, schema).await?;
                Ok(Self::Postgres(Box::new(source)))
            }
            (SourceKind::Http, _, Some(settings)) => {
                Ok(Self::Http(HttpSource::open(people, naming, settings, folder, schema, clock)?))
            }
            // The configuration was not taken without the table that its kind needs.
            _ => Ok(Self::Image(ImageSource::new(people))),
        }
    }

    /// Whether there is a person of this account, spelled so. Of the image the store knows that itself.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn knows(&self, account: &str) -> Result<bool, SourceError> {
        match self {
            Self::Image(source) => source.knows(account),
            Self::Postgres(source) => source.knows(account).await,
            Self::Http(source) => source.knows(account).await,
            Self::Unopened { reason } => Err(unopened(reason)),
        }
    }

    /// Whether the platform's data says what people chose there, and the source reads it.
    #[must_use]
    pub fn reads_settings(&self) -> bool {
        match self {
            Self::Postgres(source) => source.reads_settings(),
            Self::Image(_) | Self::Http(_) | Self::Unopened { .. } => false,
        }
    }

    /// Whether the source can be asked.
    ///
    /// # Errors
    /// Why not, without any data of people.
    pub async fn ready(&self) -> Result<(), SourceError> {
        match self {
            Self::Image(_) => Ok(()),
            Self::Postgres(source) => source.ready().await,
            Self::Http(source) => source.ready(),
            Self::Unopened { reason } => Err(unopened(reason)),
        }
    }

    /// Everything about a question that has to be waited for.
    ///
    /// # Errors
    /// [`SourceError`]; nothing is known then, and nothing may be answered.
    pub async fn find(&self, question: &Question<'_>) -> Result<Found<'_>, SourceError> {
        // Boxed, because what goes over a network is a large future, and the image need not carry its room.
        match self {
            Self::Image(source) => Ok(Found::Image(source)),
            Self::Postgres(source) => {
                let fetched = Box::pin(source.fetch(question)).await?;
                Ok(Found::Postgres(source, fetched))
            }
            Self::Http(source) => {
                let fetched = Box::pin(source.fetch(question)).await?;
                Ok(Found::Http(source, fetched))
            }
            Self::Unopened { reason } => Err(unopened(reason)),
        }
    }

    /// The people that a question is about, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError`]; nothing is known then, and nothing may be answered.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Guarded<Circle>, SourceError> {
        self.find(question).await?.circle(question).await
    }

    /// Lets what the source counts be seen.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("source");
        // The image's records were read before, so none is left out.
        let left_out = match self {
            Self::Image(source) => {
                source.metrics().register(registry);
                return;
            }
            Self::Unopened { .. } => return,
            Self::Postgres(source) => {
                source.register(registry);
                source.left_out()
            }
            Self::Http(source) => {
                source.metrics().register(registry);
                source.left_out()
            }
        };
        let help =
            "Friends left out of answers, because their records in the source cannot be read";
        registry.register("friends_left_out", help, left_out.clone());
    }
}

fn unopened(reason: &str) -> SourceError {
    SourceError::Misconfigured { reason: reason.to_owned() }
}

/// A source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A database.
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// The platform's HTTP API.
    #[error(transparent)]
    Http(#[from] http::ApiError),
}

/// A source cannot answer. What is said is for the operator; no partner sees it, and it holds no data of
/// anybody.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nobody is behind this handle any more.
    #[error("there is no such person")]
    UnknownPerson,
    /// What the image holds does not fit together.
    #[error("the image of the people is damaged: run `countersign people image` and start again")]
    Damaged,
    /// The source does not answer, or says that it cannot.
    #[error("the source of people's data does not answer: {reason}")]
    Unavailable {
        /// What it says, without any data of people.
        reason: String,
    },
    /// The source takes longer than it may.
    #[error("the source of people's data took longer than {limit_ms} ms")]
    Late {
        /// How long it may take, in milliseconds.
        limit_ms: u64,
    },
    /// The source cannot be asked as it is set up, and will not be before somebody mends that.
    #[error("the source of people's data cannot be asked before this is mended: {reason}")]
    Misconfigured {
        /// What is wrong, without any data of people.
        reason: String,
    },
    /// The source says something that cannot be.
    #[error("the source of people's data answered with what cannot be: {reason}")]
    Nonsense {
        /// What is wrong with it, without any data of people.
        reason: String,
    },
    /// The store of handles and settings fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Remediable for SourceError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Unavailable { .. } | Self::Late { .. } => Remedy::Wait,
            Self::Store(error) => error.remedy(),
            Self::UnknownPerson
            | Self::Damaged
            | Self::Misconfigured { .. }
            | Self::Nonsense { .. } => Remedy::Mend,
        }
    }
}
