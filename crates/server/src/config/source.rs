//! `[source]` of the configuration: where profiles and friendships come from.

use serde::Deserialize;

use super::source_http::HttpSettings;

/// Where people's data comes from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Source {
    /// Which source.
    pub kind: SourceKind,
    /// How the platform's HTTP API is asked; there has to be one if it is the source.
    pub http: Option<HttpSettings>,
}

/// The sources that there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The embedded image, which imports fill.
    #[default]
    Image,
    /// The platform's own HTTP API.
    Http,
}

impl Source {
    /// What is wrong with it: the key, and what is allowed.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match (&self.http, self.kind) {
            (Some(http), _) => http.check(),
            (None, SourceKind::Http) => {
                let message = "source.kind: \"http\" needs a table [source.http] with the file of its mapping, as mapping = \"mapping.toml\"";
                Err(("kind", message.to_owned()))
            }
            (None, SourceKind::Image) => Ok(()),
        }
    }
}
