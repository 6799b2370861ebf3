//! Thirty people whom the tests know by heart. Every field of everybody says what it is and whose, so
//! that a value which should not be in an answer is seen at once.

use countersign_domain::field::FieldId;
use countersign_domain::schema::FieldSchema;
use serde_json::{Value, json};

use crate::support::World;
use crate::support::people::default_schema;

/// The person whose device asks.
pub(crate) const VIEWER: &str = "ada";
/// Friends of the viewer who keep everything open.
pub(crate) const OPEN: std::ops::RangeInclusive<u32> = 1..=14;
/// Friends of the viewer who keep everything closed toward friends' devices and apps.
pub(crate) const CLOSED: std::ops::RangeInclusive<u32> = 1..=7;
/// A friend of the viewer who opens the id and the name.
pub(crate) const PARTLY: &str = "partly-open";
/// A friend of the viewer who is a minor, with everything open.
pub(crate) const MINOR: &str = "minor";
/// Friends of the viewer's friends, with everything open, who are no friends of the viewer.
pub(crate) const FAR: std::ops::RangeInclusive<u32> = 1..=6;
/// Somebody with everything open and no friend in common with the viewer.
pub(crate) const STRANGER: &str = "stranger";

pub(crate) fn open(number: u32) -> String {
    format!("open-{number:02}")
}

pub(crate) fn closed(number: u32) -> String {
    format!("closed-{number:02}")
}

pub(crate) fn far(number: u32) -> String {
    format!("far-{number:02}")
}

/// The friends of the viewer who are in an answer to a device that asks for names.
pub(crate) fn visible() -> Vec<String> {
    OPEN.map(open).chain([PARTLY.to_owned(), MINOR.to_owned()]).collect()
}

/// Everybody who may never be in an answer to the viewer's device.
pub(crate) fn outsiders() -> Vec<String> {
    FAR.map(far).chain(CLOSED.map(closed)).chain([STRANGER.to_owned()]).collect()
}

/// What a field of somebody says.
pub(crate) fn value(field: &str, account: &str) -> String {
    format!("the {field} of {account}")
}

/// A world with these people.
pub(crate) fn founded() -> World {
    let world = World::founded();
    settle(&world);
    world
}

/// Lets these people into a world.
pub(crate) fn settle(world: &World) {
    world.import_lines(&people());
}

fn people() -> Vec<Value> {
    let schema = default_schema();
    let person =
        |account: &str| json!({ "account": account, "profile": profile(&schema, account) });
    let mut people = Vec::new();
    for account in FAR.map(far).chain([STRANGER.to_owned()]) {
        people.push(person(&account));
    }
    for number in OPEN {
        let mut open = person(&open(number));
        open["friends"] = if FAR.contains(&number) { json!([far(number)]) } else { json!([]) };
        people.push(open);
    }
    for number in CLOSED {
        let mut closed = person(&closed(number));
        closed["settings"] = json!({ "friends_device": [], "friends_app": [] });
        closed["friends"] = json!([far(1), open(1)]);
        people.push(closed);
    }
    let mut partly = person(PARTLY);
    partly["settings"] = json!({ "friends_device": ["id", "name"] });
    let mut minor = person(MINOR);
    minor["minor"] = json!(true);
    let mut viewer = person(VIEWER);
    let friends: Vec<_> = visible().into_iter().chain(CLOSED.map(closed)).collect();
    viewer["friends"] = json!(friends);
    people.extend([partly, minor, viewer]);
    people
}

/// A value for every field that has one.
fn profile(schema: &FieldSchema, account: &str) -> Value {
    let rendered = [FieldId::ID, FieldId::FRIENDS].into_iter().collect();
    let names = schema.names(schema.all().without(rendered));
    names.map(|name| (name.to_owned(), Value::from(value(name, account)))).collect()
}
