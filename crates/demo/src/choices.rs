//! Choices that invented people begin with: different people, different ones.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_service::people::beginning::Beginning;

use crate::random::Random;

/// Some closed to friends, some open, some in part; the same seed gives the same account the same choices.
#[must_use]
pub const fn mixed(seed: u64) -> Beginning {
    Beginning::Each { seed, settings: mixed_settings }
}

/// One person in four closes friends' devices altogether, two in five leave them open, the others
/// choose field by field; friends' apps are trusted a little less.
fn mixed_settings(seed: u64, schema: &FieldSchema, account: &str) -> Settings {
    let random = &mut Random::for_account(seed, account);
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
