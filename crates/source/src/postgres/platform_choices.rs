//! What the columns of a mapping's `[[settings]]` say of a person.
//!
//! A field is open on a route where every rule that names both is open. What no rule names is as everybody begins.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::Choice;

use super::super::PlatformChoice;
use super::mapping::SettingsRule;

/// What people begin with of whom no column says anything, and the schema by which presets are told.
pub(super) struct Newcomers {
    /// What they begin with.
    pub(super) choice: Choice,
    /// The fields that there are.
    pub(super) schema: FieldSchema,
}

/// The choices of the people of one answer. Many people made the same ones.
pub(super) struct PlatformChoices<'a> {
    rules: &'a [SettingsRule],
    newcomers: &'a Newcomers,
    found: HashMap<i64, Arc<PlatformChoice>>,
}

impl<'a> PlatformChoices<'a> {
    pub(super) fn new(rules: &'a [SettingsRule], newcomers: &'a Newcomers) -> Self {
        Self { rules, newcomers, found: HashMap::new() }
    }

    /// The choice of whom these rules are open, a bit for each.
    pub(super) fn of(&mut self, open: i64) -> Arc<PlatformChoice> {
        let Self { rules, newcomers, found } = self;
        let choice = found.entry(open).or_insert_with(|| Arc::new(chosen(rules, open, newcomers)));
        Arc::clone(choice)
    }
}

fn chosen(rules: &[SettingsRule], open: i64, newcomers: &Newcomers) -> PlatformChoice {
    let (mut opened, mut at_most) = (Settings::CLOSED, Settings::from_sets([FieldSet::ALL; 4]));
    for (rule, bit) in rules.iter().zip(0..) {
        let is_open = open >> bit & 1 == 1;
        for route in &rule.routes {
            if !is_open {
                at_most = at_most.with(*route, at_most.open(*route).without(rule.closed));
            } else if rule.opens {
                opened = opened.with(*route, opened.open(*route).or(rule.opened));
            }
        }
    }
    let begun = newcomers.choice.settings;
    let either = |settings: Settings, route: Route| {
        settings.with(route, begun.open(route).or(opened.open(route)))
    };
    let settings = Route::ALL.into_iter().fold(begun, either).and(at_most);
    if settings == begun {
        return PlatformChoice { begins: newcomers.choice, at_most };
    }
    let preset = Preset::of(settings, &newcomers.schema);
    PlatformChoice { begins: Choice { settings, preset }, at_most }
}

#[cfg(test)]
mod tests {
    use countersign_domain::field::FieldId;

    use super::super::mapping::ColumnAt;
    use super::*;

    fn rule(field: FieldSet, routes: &[Route], opens: bool) -> SettingsRule {
        SettingsRule {
            column: ColumnAt { place: 0, name: "c".to_owned() },
            open_at: vec!["true".to_owned()],
            opened: field,
            closed: field,
            routes: routes.to_vec(),
            opens,
        }
    }

    fn newcomers(settings: Settings) -> Newcomers {
        Newcomers { choice: settings.into(), schema: countersign_fixtures::schema::shipped() }
    }

    #[test]
    fn a_field_is_open_where_every_rule_that_names_it_is() {
        let id = FieldSet::of(FieldId::ID);
        let (device, app) = (Route::FriendsDevice, Route::FriendsApp);
        let rules = [rule(id, &[device, app], true), rule(id, &[app], true)];
        let newcomers = newcomers(Settings::DEFAULT);
        let open = |bits| {
            let begun = chosen(&rules, bits, &newcomers).begins.settings;
            [device, app].map(|route| begun.open(route).contains(FieldId::ID))
        };
        assert_eq!(
            [open(0b00), open(0b01), open(0b10), open(0b11)],
            [[false, false], [true, false], [false, false], [true, true]]
        );
        assert_eq!(chosen(&rules, 0, &newcomers).begins.settings, Settings::DEFAULT);
    }

    #[test]
    fn a_rule_that_only_closes_opens_nothing_and_narrows_what_people_begin_with() {
        let all = FieldSet::ALL;
        let rules = [rule(all, &[Route::FriendsApp], false)];
        let closed = newcomers(Settings::DEFAULT);
        assert_eq!(chosen(&rules, 1, &closed).begins, Settings::DEFAULT.into());
        let open = newcomers(Settings::from_sets([all; 4]));
        assert_eq!(chosen(&rules, 1, &open).begins.settings, open.choice.settings);
        let narrowed = chosen(&rules, 0, &open);
        assert_eq!(narrowed.begins.settings, narrowed.at_most);
        assert!(narrowed.at_most.open(Route::FriendsApp).is_empty());
        assert_eq!(narrowed.at_most.open(Route::FriendsDevice), all);
    }
}
