//! A preset: settings that have a name, so that a person need not go through every field. A closed list.
//!
//! What a preset opens is what the schema has at that moment: a field that is added later, nobody has
//! chosen to open. A preset is no state of a person: applied, it becomes their settings.

use crate::field::{FieldId, FieldSet};
use crate::route::Route;
use crate::schema::FieldSchema;
use crate::settings::Settings;

/// The fields that the platform's interface of 2014 kept from friends' apps.
const LEGACY_2014_CLOSED: [&str; 3] = ["interested_in", "religion", "political"];

/// Settings that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Preset {
    /// Everything closed on every route.
    Closed,
    /// What every new person has: open through their own device and app, closed through friends'.
    #[default]
    Default,
    /// The default, and through friends' devices and apps the id and the name: friends are found, and
    /// no more is told of them.
    FriendsBasics,
    /// Everything that the schema has open on every route.
    Open,
    /// The default, but everything open to friends' apps except interested-in, religion and politics:
    /// for replays of what was possible then. An instance in which somebody has it says so on every page.
    Legacy2014,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 5] =
        [Self::Closed, Self::Default, Self::FriendsBasics, Self::Open, Self::Legacy2014];

    /// The word for it in files, pages and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Default => "default",
            Self::FriendsBasics => "friends-basics",
            Self::Open => "open",
            Self::Legacy2014 => "legacy-2014",
        }
    }

    /// The preset of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// All names, as a message lists them.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// The settings that it stands for.
    #[must_use]
    pub fn settings(self, schema: &FieldSchema) -> Settings {
        let named = |names: &[&str]| names.iter().filter_map(|name| schema.by_name(name)).collect();
        match self {
            Self::Closed => Settings::CLOSED,
            Self::Default => Settings::DEFAULT,
            Self::FriendsBasics => {
                let basics = FieldSet::of(FieldId::ID).or(named(&["name"]));
                Settings::DEFAULT.with(Route::FriendsDevice, basics).with(Route::FriendsApp, basics)
            }
            Self::Open => Settings::from_sets([schema.all(); 4]),
            Self::Legacy2014 => {
                let open = schema.all().without(named(&LEGACY_2014_CLOSED));
                Settings::DEFAULT.with(Route::FriendsApp, open)
            }
        }
    }

    /// The preset to which settings are equal, as far as the schema has fields; the first one in the
    /// order of [`Preset::ALL`].
    #[must_use]
    pub fn of(settings: Settings, schema: &FieldSchema) -> Option<Self> {
        let all = schema.all();
        let settings = settings.within(all);
        Self::ALL.into_iter().find(|preset| preset.settings(schema).within(all) == settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, SCHEMA_VERSION, SchemaDocument, Sensitivity};

    fn schema(more: &[&str]) -> FieldSchema {
        let first = ["id", "friends", "name", "religion", "political", "interested_in", "work"];
        let field = |name: &&str| Field {
            name: (*name).to_owned(),
            aliases: Vec::new(),
            category: "pd:Name".to_owned(),
            sensitivity: Sensitivity::Low,
            special: false,
            description: String::new(),
        };
        let fields = first.iter().chain(more).map(field).collect();
        FieldSchema::from_document(SchemaDocument { version: SCHEMA_VERSION, fields }).unwrap()
    }

    #[test]
    fn each_preset_is_found_again_by_name_and_by_what_it_opens() {
        let schema = schema(&[]);
        for preset in Preset::ALL {
            assert_eq!(Preset::parse(preset.name()), Some(preset));
            assert_eq!(Preset::of(preset.settings(&schema), &schema), Some(preset));
        }
        assert_eq!(Preset::parse("legacy"), None);
        let own = Settings::CLOSED.with(Route::MyApp, FieldSet::of(FieldId::ID));
        assert_eq!(Preset::of(own, &schema), None);
        // What somebody opened one by one is the same as what a preset opened.
        let all = schema.all();
        let by_hand = Settings::CLOSED.with(Route::MyDevice, all).with(Route::MyApp, all);
        assert_eq!(Preset::of(by_hand, &schema), Some(Preset::Default));
    }

    #[test]
    fn legacy_2014_opens_friends_apps_but_for_three_fields_and_nothing_that_came_later() {
        let before = schema(&[]);
        let legacy = Preset::Legacy2014.settings(&before);
        let closed: Vec<_> =
            before.names(before.all().without(legacy.open(Route::FriendsApp))).collect();
        assert_eq!(closed, ["religion", "political", "interested_in"]);
        assert!(legacy.open(Route::FriendsDevice).is_empty());
        let later = schema(&["shoe_size"]);
        let new = later.by_name("shoe_size").unwrap();
        for preset in [Preset::FriendsBasics, Preset::Open, Preset::Legacy2014] {
            assert!(!preset.settings(&before).open(Route::FriendsApp).contains(new));
        }
        assert_eq!(Preset::of(legacy, &later), None);
    }
}
