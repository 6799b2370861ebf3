//! What a person chose, or begins with: settings, and the preset that they are, if they are one.

use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;

/// Settings on their way into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The settings.
    pub settings: Settings,
    /// The preset to which they are equal. The store keeps a list of those who have `legacy-2014`, since
    /// an instance says on its pages while somebody has it, and cannot look at everybody for each page.
    pub preset: Option<Preset>,
}

impl From<Settings> for Choice {
    /// Settings without a name.
    fn from(settings: Settings) -> Self {
        Self { settings, preset: None }
    }
}
