//! The settings that imported people begin with: a preset, or a choice for each account. What they
//! open is what the schema has: a field that is added later, nobody has chosen to open.

use countersign_domain::preset::Preset;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::Choice;

/// Settings for many people at once.
#[derive(Clone, Copy, Debug)]
pub enum Beginning {
    /// A preset for everybody.
    Preset(Preset),
    /// Different people, different choices.
    Each {
        /// The same seed gives the same account the same choices.
        seed: u64,
        /// What the person of an account begins with.
        settings: fn(seed: u64, schema: &FieldSchema, account: &str) -> Settings,
    },
}

impl From<Preset> for Beginning {
    fn from(preset: Preset) -> Self {
        Self::Preset(preset)
    }
}

impl Beginning {
    /// What the person of this account begins with.
    #[must_use]
    pub fn choice(self, schema: &FieldSchema, account: &str) -> Choice {
        match self {
            Self::Preset(preset) => {
                Choice { settings: preset.settings(schema), preset: Some(preset) }
            }
            Self::Each { seed, settings } => settings(seed, schema, account).into(),
        }
    }
}
