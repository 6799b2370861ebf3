//! One line of the change feed: a change with its sequence. See [`super::feed`] for what it means.

use std::fmt;

use countersign_domain::field::FieldSet;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_people::store::{ACCOUNT_BYTES_MAX, Profile};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use super::profile_json::{Fault, ProfileSeed, check, fault};
use super::settings_json::SettingsSeed;

/// What a line is.
const WHOLE: &str = "a change as {\"sequence\":…,\"account\":…}";

/// A change with its place in the feed.
pub(super) struct FeedLine {
    pub(super) sequence: u64,
    pub(super) change: Change,
}

/// What changes.
pub(super) enum Change {
    /// About one person; what is not said stays.
    Person {
        account: String,
        minor: Option<bool>,
        profile: Option<NewProfile>,
        friends: Option<Vec<String>>,
        /// What the person chose on the platform, for the routes that are named.
        settings: Option<Vec<(Route, FieldSet)>>,
    },
    /// The platform has the person no more.
    Removed { account: String },
    /// Two people are friends, or are friends no more.
    Friendship { between: [String; 2], ended: bool },
}

/// What changes about a profile.
pub(super) enum NewProfile {
    Whole(Profile),
    Part { set: Profile, unset: FieldSet },
}

/// A line that cannot be read.
pub(super) struct LineFault {
    pub(super) fault: Fault,
    /// The key under which something else was expected.
    pub(super) key: Option<&'static str>,
}

impl FeedLine {
    /// Reads a line.
    pub(super) fn parse(text: &str, schema: &FieldSchema) -> Result<Self, LineFault> {
        let mut members = Members::default();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = LineSeed { schema, members: &mut members }.deserialize(&mut deserializer);
        read.and_then(|()| deserializer.end())
            .map_err(|error| LineFault { fault: fault(text, &error, WHOLE), key: members.key })?;
        check(text).map_err(|fault| LineFault { fault, key: None })?;
        members.into_line().map_err(|(key, expected)| {
            let at = key.and_then(|key| text.find(&format!("\"{key}\""))).unwrap_or(0);
            LineFault { fault: Fault { at, expected: expected.to_owned() }, key }
        })
    }
}

/// The members of a line's object, as they are read.
#[derive(Default)]
struct Members {
    sequence: Option<u64>,
    account: Option<String>,
    minor: Option<bool>,
    profile: Option<Profile>,
    set: Option<(Profile, FieldSet)>,
    friends: Option<Vec<String>>,
    settings: Option<Vec<(Route, FieldSet)>>,
    removed: Option<bool>,
    friendship: Option<[String; 2]>,
    friendship_ended: Option<[String; 2]>,
    /// The key whose value is being read.
    key: Option<&'static str>,
}

/// A key, if it is one's fault, and what was expected.
type Wrong = (Option<&'static str>, &'static str);

impl Members {
    fn into_line(self) -> Result<FeedLine, Wrong> {
        let sequence = self.sequence.ok_or((None, "a sequence"))?;
        if sequence == 0 || i64::try_from(sequence).is_err() {
            return Err((Some("sequence"), "a whole number from 1 to 2^63 - 1"));
        }
        let change = match (&self.account, &self.friendship, &self.friendship_ended) {
            (Some(_), None, None) => self.into_person()?,
            (None, Some(_), None) | (None, None, Some(_)) => self.into_friendship()?,
            _ => return Err((None, "one of account, friendship and friendship_ended")),
        };
        Ok(FeedLine { sequence, change })
    }

    fn into_person(self) -> Result<Change, Wrong> {
        let account = self.account.unwrap_or_default();
        check_account("account", &account)?;
        let says_nothing = self.minor.is_none()
            && self.profile.is_none()
            && self.set.is_none()
            && self.friends.is_none()
            && self.settings.is_none();
        match (self.removed, says_nothing) {
            (Some(true), true) => return Ok(Change::Removed { account }),
            (Some(_), _) => {
                return Err((Some("removed"), "true, and nothing else about the person"));
            }
            (None, true) => {
                return Err((None, "one of profile, set, friends, minor, settings and removed"));
            }
            (None, false) => {}
        }
        let profile = match (self.profile, self.set) {
            (Some(_), Some(_)) => return Err((Some("set"), "either profile or set")),
            (Some(whole), None) => Some(NewProfile::Whole(whole)),
            (None, Some((set, unset))) => Some(NewProfile::Part { set, unset }),
            (None, None) => None,
        };
        for friend in self.friends.iter().flatten() {
            check_account("friends", friend)?;
            if *friend == account {
                return Err((Some("friends"), "other people"));
            }
        }
        let Self { minor, friends, settings, .. } = self;
        Ok(Change::Person { account, minor, profile, friends, settings })
    }

    fn into_friendship(self) -> Result<Change, Wrong> {
        let ended = self.friendship_ended.is_some();
        let key = if ended { "friendship_ended" } else { "friendship" };
        let about_person = self.minor.is_some()
            || self.profile.is_some()
            || self.set.is_some()
            || self.friends.is_some()
            || self.settings.is_some()
            || self.removed.is_some();
        if about_person {
            return Err((Some(key), "nothing else besides a friendship"));
        }
        let between = self.friendship.or(self.friendship_ended).unwrap_or_default();
        let [one, other] = &between;
        check_account(key, one)?;
        check_account(key, other)?;
        if one == other {
            return Err((Some(key), "two different people"));
        }
        Ok(Change::Friendship { between, ended })
    }
}

fn check_account(key: &'static str, account: &str) -> Result<(), Wrong> {
    if account.is_empty() || account.len() > ACCOUNT_BYTES_MAX {
        return Err((Some(key), "accounts of 1 to 255 bytes"));
    }
    Ok(())
}

struct LineSeed<'s> {
    schema: &'s FieldSchema,
    members: &'s mut Members,
}

impl<'de> DeserializeSeed<'de> for LineSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for LineSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WHOLE)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { schema, members } = self;
        while let Some(key) = map.next_key::<String>()? {
            members.key = KEYS.into_iter().find(|known| *known == key);
            match key.as_str() {
                "sequence" => once(&mut members.sequence, map.next_value()?)?,
                "account" => once(&mut members.account, map.next_value()?)?,
                "minor" => once(&mut members.minor, map.next_value()?)?,
                "friends" => once(&mut members.friends, map.next_value()?)?,
                "removed" => once(&mut members.removed, map.next_value()?)?,
                "friendship" => once(&mut members.friendship, map.next_value()?)?,
                "friendship_ended" => once(&mut members.friendship_ended, map.next_value()?)?,
                "settings" => {
                    let mut settings = Vec::new();
                    map.next_value_seed(SettingsSeed { schema, settings: &mut settings })?;
                    once(&mut members.settings, settings)?;
                }
                "profile" | "set" => {
                    let (mut profile, mut nulls) = (Profile::default(), FieldSet::EMPTY);
                    let seed = ProfileSeed { schema, profile: &mut profile, nulls: &mut nulls };
                    map.next_value_seed(seed)?;
                    if key == "set" {
                        once(&mut members.set, (profile, nulls))?;
                    } else {
                        once(&mut members.profile, profile)?;
                    }
                }
                _ => {
                    return Err(A::Error::custom(format_args!(
                        "expected one of {}",
                        KEYS.join(", ")
                    )));
                }
            }
            members.key = None;
        }
        Ok(())
    }
}

/// The keys of a line.
const KEYS: [&str; 10] = [
    "sequence",
    "account",
    "profile",
    "set",
    "friends",
    "minor",
    "settings",
    "removed",
    "friendship",
    "friendship_ended",
];

fn once<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("expected every key once")),
    }
}
