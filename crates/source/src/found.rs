//! What a source has told of a question, after whatever wait that took. Whose settings are what is not in it: people
//! may change them meanwhile, so they are read last, behind the look at the log that the decision names.

use countersign_log::guarded::Guarded;

use super::http::HttpSource;
use super::image::ImageSource;
use super::postgres::PostgresSource;
use super::{Circle, Fetched, Question, SourceError};

/// What a source has told, with the source that makes a circle of it.
pub enum Found<'a> {
    /// Nothing yet: what is known lies in the image, and need not be waited for.
    Image(&'a ImageSource),
    /// People and values of a database.
    Postgres(&'a PostgresSource, Fetched),
    /// People and values of the platform's HTTP API.
    Http(&'a HttpSource, Fetched),
}

impl Found<'_> {
    /// The people that the question is about, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError`]; nothing is known then, and nothing may be answered.
    pub async fn circle(self, question: &Question<'_>) -> Result<Guarded<Circle>, SourceError> {
        match self {
            Self::Image(source) => source.ask(question),
            Self::Postgres(source, fetched) => Box::pin(source.circle(fetched, question)).await,
            Self::Http(source, fetched) => Box::pin(source.circle(fetched, question)).await,
        }
    }
}
