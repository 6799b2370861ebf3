//! The settings that imported and generated people begin with: a preset, or choices that differ. What they
//! open is what the schema has: a field that is added later, nobody has chosen to open.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::Choice;

use super::random::Random;

/// Settings for many people at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// A preset for everybody.
    Preset(Preset),
    /// Different people, different choices: some closed to friends, some open, some in part.
    Mixed {
        /// The same seed gives the same account the same choices.
        seed: u64,
    },
}

impl From<Preset> for Beginning {
    fn from(preset: Preset) -> Self {
        Self::Preset(preset)
    }
}

impl Beginning {
    /// The beginning of this name, as commands take it; `seed` is for `mixed`.
    #[must_use]
    pub fn parse(name: &str, seed: u64) -> Option<Self> {
        match name {
            "mixed" => Some(Self::Mixed { seed }),
            name => Preset::parse(name).map(Self::Preset),
        }
    }

    /// What the person of this account begins with.
    #[must_use]
    pub fn choice(self, schema: &FieldSchema, account: &str) -> Choice {
        match self {
            Self::Preset(preset) => {
                Choice { settings: preset.settings(schema), preset: Some(preset) }
            }
            Self::Mixed { seed } => mixed(schema, &mut Random::for_account(seed, account)).into(),
        }
    }
}

/// One person in four closes friends' devices altogether, two in five leave them open, the others
/// choose field by field; friends' apps are trusted a little less.
fn mixed(schema: &FieldSchema, random: &mut Random) -> Settings {
    let mut settings = Settings::DEFAULT;
    for (route, closed, open) in [(Route::FriendsDevice, 25, 40), (Route::FriendsApp, 35, 30)] {
        let choice = random.below(100);
        let set = if choice < closed {
            FieldSet::EMPTY
        } else if choice < closed + open {
            schema.all()
        } else {
            chosen(schema, random)
        };
        settings = settings.with(route, set);
    }
    if random.percent(5) {
        // Even through their own app, some keep the special categories to themselves.
        settings = settings.with(Route::MyApp, schema.all().without(schema.special()));
    }
    settings
}

/// The id and the name, most of the rest, and rarely what is special.
fn chosen(schema: &FieldSchema, random: &mut Random) -> FieldSet {
    let named = FieldSet::of(FieldId::ID).or(schema.by_name("name").into_iter().collect());
    let mut is_open =
        |field: &FieldId| random.percent(if schema.special().contains(*field) { 10 } else { 65 });
    schema.all().iter().filter(&mut is_open).collect::<FieldSet>().or(named)
}
