//! `[source]` of the configuration: where profiles and friendships come from.

use countersign_domain::preset::Preset;
use countersign_toml::Fault;
use serde::Deserialize;

use self::http::HttpSettings;
use self::postgres::PostgresSettings;

pub mod http;
pub mod postgres;
pub mod secret_file;
pub mod text_file;

/// Where profiles and friendships come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Which source it is.
    pub kind: SourceKind,
    /// The settings that people begin with whom Countersign meets for the first time.
    pub new_people: String,
    /// How a database is reached; there has to be one if it is the source.
    pub postgres: Option<PostgresSettings>,
    /// How the platform's HTTP API is asked; there has to be one if it is the source.
    pub http: Option<HttpSettings>,
}

/// The sources that there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The embedded image, which imports and the change feed fill.
    #[default]
    Image,
    /// The tables of a PostgreSQL database.
    Postgres,
    /// The platform's own HTTP API.
    Http,
}

impl Default for Source {
    fn default() -> Self {
        let new_people = "default".to_owned();
        Self { kind: SourceKind::Image, new_people, postgres: None, http: None }
    }
}

impl Source {
    /// The settings that new people begin with.
    #[must_use]
    pub fn new_people(&self) -> Preset {
        Preset::parse(&self.new_people).unwrap_or_default()
    }

    /// Checks what its parts may be, and that those are there which its kind needs.
    ///
    /// # Errors
    /// The key, what was found and what is allowed.
    pub fn check(&self) -> Result<(), Fault> {
        if Preset::parse(&self.new_people).is_none() {
            let (found, allowed) = (&self.new_people, Preset::names());
            let message = format!("{found:?} is none of {allowed}");
            return Err(Fault::at("source.new_people", message));
        }
        let kind = |message: &str| Err(Fault::at("source.kind", message));
        match self.kind {
            SourceKind::Postgres if self.postgres.is_none() => kind(
                "\"postgres\" needs a table [source.postgres] with its url and the file of its mapping",
            ),
            SourceKind::Http if self.http.is_none() => kind(
                "\"http\" needs a table [source.http] with the file of its mapping, as mapping = \"mapping.toml\"",
            ),
            SourceKind::Image | SourceKind::Postgres | SourceKind::Http => {
                self.postgres.as_ref().map_or(Ok(()), PostgresSettings::check)?;
                self.http.as_ref().map_or(Ok(()), HttpSettings::check)
            }
        }
    }
}
