//! The settings that imported people start with. What they open is what the schema has: a field that
//! is added later, nobody has chosen to open.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;

use super::random::Random;

/// The fields that the platform's interface of 2014 kept from friends' apps.
const LEGACY_2014_CLOSED: [&str; 3] = ["interested_in", "religion", "political"];

/// Settings for many people at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Preset {
    /// What every new person has: open through their own device and app, closed through friends'.
    #[default]
    Default,
    /// Everything that the schema has open on every route.
    Open,
    /// Everything closed on every route.
    Closed,
    /// The default, but everything open to friends' apps except interested-in, religion and politics:
    /// for replays of what was possible then.
    Legacy2014,
    /// Different people, different choices: some closed to friends, some open, some in part.
    Mixed {
        /// The same seed gives the same account the same choices.
        seed: u64,
    },
}

impl Preset {
    /// The preset of this name, as commands take it; `seed` is for `mixed`.
    #[must_use]
    pub fn parse(name: &str, seed: u64) -> Option<Self> {
        match name {
            "default" => Some(Self::Default),
            "open" => Some(Self::Open),
            "closed" => Some(Self::Closed),
            "legacy-2014" => Some(Self::Legacy2014),
            "mixed" => Some(Self::Mixed { seed }),
            _ => None,
        }
    }

    /// The settings of the person of this account.
    #[must_use]
    pub fn settings(self, schema: &FieldSchema, account: &str) -> Settings {
        match self {
            Self::Default => Settings::DEFAULT,
            Self::Open => Settings::from_sets([schema.all(); 4]),
            Self::Closed => Settings::CLOSED,
            Self::Legacy2014 => {
                let closed = LEGACY_2014_CLOSED.iter().filter_map(|name| schema.by_name(name));
                let open = schema.all().without(closed.collect());
                Settings::DEFAULT.with(Route::FriendsApp, open)
            }
            Self::Mixed { seed } => mixed(schema, &mut Random::for_account(seed, account)),
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
