//! JSON Lines, one person each:
//!
//! ```json
//! {"account":"ada","profile":{"name":"Ada"},"friends":["bob"],"minor":false,
//!  "settings":{"friends_device":["id","name"]}}
//! ```
//!
//! Only the account has to be there. Values of the profile are taken over byte by byte; `null` is no
//! value. A friend is somebody of this file or of the store, and friendship is mutual, whoever names
//! it. A route that `settings` leaves out is as the preset says.
//!
//! The text is read twice: once for people, and again for friends, who may come later in it. A pipe, or what
//! is compressed, is copied before.

use std::fmt;
use std::fs::File;
use std::io::Seek as _;
use std::path::Path;

use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::{Choice, NewPerson, Profile, StoreError};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::beginning::Beginning;
use super::import::{Batch, ImportError};
use super::input;
use super::lines::{Line, Lines};
use super::profile_json::{Fault, ProfileSeed, check, fault};
use super::settings_json::SettingsSeed;

/// Reads the file, with a copy in `folder` where it cannot be read twice.
pub fn read(path: &Path, folder: &Path, batch: &mut Batch<'_>) -> Result<(), ImportError> {
    let schema = batch.options.schema;
    let failed = |source| ImportError::File { path: path.to_owned(), source };
    let mut file = input::rereadable(path, folder).map_err(failed)?;
    let mut again = || {
        file.rewind()?;
        file.try_clone()
    };
    let lines = |file: File| Lines::of(path, file);
    let mut accounts = std::collections::HashSet::new();
    let mut person = Person::default();
    let first = lines(again().map_err(failed)?);
    let checksum = each(first, schema, &mut person, |line, person| {
        if !accounts.insert(person.account.clone()) {
            return Err(line.malformed(0, "a person who has not come before"));
        }
        let settings = person.choice(batch.options.beginning, schema);
        let Person { account, profile, minor, .. } = person;
        let placed = batch.put(NewPerson { account, minor: *minor, settings, profile });
        placed.map(|_| ()).map_err(|error| at_line(line, error))
    })?;
    let second = lines(again().map_err(failed)?);
    let checksum_again = each(second, schema, &mut person, |line, person| {
        let refused = |account: &str, expected| {
            let quoted = serde_json::to_string(account).unwrap_or_default();
            line.malformed(line.text.rfind(&quoted).unwrap_or(0), expected)
        };
        let unknown =
            |account: &str| refused(account, "friends who are in this file or in the store");
        let number_of =
            |account: &str| batch.import.number_of(account)?.ok_or_else(|| unknown(account));
        let number = number_of(&person.account)?;
        for friend in &person.friends {
            let friend_number = number_of(friend)?;
            if friend_number == number {
                return Err(refused(friend, "friends who are other people than the line's own"));
            }
            batch.links.add(number, friend_number);
        }
        Ok(())
    })?;
    let is_same = checksum == checksum_again;
    if is_same { Ok(()) } else { Err(ImportError::Changed { path: path.to_owned() }) }
}

/// What the store refuses about a person is the line's fault.
fn at_line(line: Line<'_>, error: StoreError) -> ImportError {
    match error {
        StoreError::AccountLength { .. } | StoreError::ProfileTooLarge { .. } => {
            line.malformed(0, &format!("less: {error}"))
        }
        error => error.into(),
    }
}

/// Calls `take` with every person of the lines; a checksum of them.
fn each(
    mut lines: Lines,
    schema: &FieldSchema,
    person: &mut Person,
    mut take: impl FnMut(Line<'_>, &mut Person) -> Result<(), ImportError>,
) -> Result<u32, ImportError> {
    while let Some(line) = lines.next_line()? {
        if line.text.trim().is_empty() {
            continue;
        }
        person.clear();
        let mut deserializer = serde_json::Deserializer::from_str(line.text);
        let read = PersonSeed { schema, person }.deserialize(&mut deserializer);
        read.and_then(|()| deserializer.end()).map_err(|error| {
            let Fault { at, expected } = fault(line.text, &error, "a person as {\"account\":…}");
            line.malformed(at, &expected)
        })?;
        check(line.text).map_err(|Fault { at, expected }| line.malformed(at, &expected))?;
        take(line, person)?;
    }
    Ok(lines.checksum())
}

/// A line's person. One serves all lines.
#[derive(Default)]
struct Person {
    account: String,
    profile: Profile,
    friends: Vec<String>,
    minor: bool,
    settings: Vec<(Route, FieldSet)>,
}

impl Person {
    /// What the person begins with: what everybody does, but for the routes that the line names.
    fn choice(&self, beginning: Beginning, schema: &FieldSchema) -> Choice {
        let choice = beginning.choice(schema, &self.account);
        if self.settings.is_empty() {
            return choice;
        }
        let own =
            |settings: Settings, (route, open): &(Route, FieldSet)| settings.with(*route, *open);
        let settings = self.settings.iter().fold(choice.settings, own);
        Choice { settings, preset: Preset::of(settings, schema) }
    }

    fn clear(&mut self) {
        self.account.clear();
        self.profile.clear();
        self.friends.clear();
        self.minor = false;
        self.settings.clear();
    }
}

/// Reads a person with the schema at hand, so that an unknown field is noticed where it stands.
struct PersonSeed<'s> {
    schema: &'s FieldSchema,
    person: &'s mut Person,
}

impl<'de> DeserializeSeed<'de> for PersonSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PersonSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a person as {\"account\":…}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "account" => self.person.account = map.next_value()?,
                "friends" => self.person.friends = map.next_value()?,
                "minor" => self.person.minor = map.next_value()?,
                "profile" => {
                    let profile = &mut self.person.profile;
                    let mut nulls = FieldSet::EMPTY;
                    let seed = ProfileSeed { schema: self.schema, profile, nulls: &mut nulls };
                    map.next_value_seed(seed)?;
                }
                "settings" => {
                    let settings = &mut self.person.settings;
                    map.next_value_seed(SettingsSeed { schema: self.schema, settings })?;
                }
                _ => {
                    return Err(A::Error::custom(
                        "expected one of account, profile, friends, minor, settings",
                    ));
                }
            }
        }
        if self.person.account.is_empty() {
            return Err(A::Error::custom("expected an account that is not empty"));
        }
        Ok(())
    }
}
