//! The section `[canary]`: what the operator gives to fictitious accounts.

use countersign_toml::Fault;
use serde::Deserialize;

/// What canaries' values are made with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Canary {
    /// The domain of their e-mail addresses; without it, those stay as the profile has them.
    pub email_domain: Option<String>,
}

impl Canary {
    /// Whether an address can be at the domain.
    ///
    /// # Errors
    /// The key, what was found and what is allowed.
    pub fn check(&self) -> Result<(), Fault> {
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        match &self.email_domain {
            Some(domain) if !domain.contains('.') || !domain.split('.').all(is_label) => {
                let message =
                    format!("{domain:?} is no domain; use one of your own, as \"post.example\"");
                Err(Fault::at("canary.email_domain", message))
            }
            _ => Ok(()),
        }
    }
}
