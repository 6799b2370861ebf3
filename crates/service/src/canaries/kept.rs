//! The file of canaries, `canaries.json`: who they are, and when each generation of their values began and
//! ended. It holds no value. Who is a canary no longer stays in it, so that their values can still be found.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use countersign_domain::person::Handle;
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CanaryError;

/// The version of the file, and of the words that values are made of.
const VERSION: u32 = 2;

/// All canaries that there are or were.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    version: u32,
    /// There is none until there is a canary.
    pub(super) made_with: Option<MadeWith>,
    pub(super) canaries: Vec<Canary>,
}

/// What canaries belong to: with another log or another key, no value that went out could be found.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MadeWith {
    /// The id of the log's stream, in hex.
    pub(super) log: String,
    /// What names the key, in hex; the key does not follow from it.
    pub(super) key: String,
}

/// A person in the platform's data whom nobody is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The platform's name for them.
    pub account: String,
    #[serde(with = "hexadecimal")]
    pub(super) handle: Handle,
    /// The generations of their values; a generation's place is its number.
    pub generations: Vec<Generation>,
}

/// What was given out between two refreshes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The first second of its answers.
    pub began: Timestamp,
    /// The first second after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Where its addresses are; without it, addresses stayed as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_domain: Option<String>,
}

impl Canary {
    /// Whether they are a canary still.
    #[must_use]
    pub fn is_planted(&self) -> bool {
        self.generations.last().is_some_and(|last| last.ended.is_none())
    }

    /// The generation of an answer of this second, with its number.
    pub(super) fn at(&self, time: Timestamp) -> Option<(u32, &Generation)> {
        (0..).zip(&self.generations).find(|(_, generation)| generation.contains(time))
    }

    /// Ends the generation that goes on, if one does.
    pub(super) fn end(&mut self, at: Timestamp) {
        if let Some(last) = self.generations.last_mut() {
            last.ended.get_or_insert(at.max(last.began));
        }
    }
}

impl Generation {
    fn contains(&self, time: Timestamp) -> bool {
        self.began <= time && self.ended.is_none_or(|ended| time < ended)
    }
}

impl Kept {
    /// How often something in it was changed: what began, and what ended.
    pub(super) fn changes_count(&self) -> u64 {
        let generations = self.canaries.iter().flat_map(|canary| &canary.generations);
        generations.map(|generation| 1 + u64::from(generation.ended.is_some())).sum()
    }

    /// Reads the file; where there is none, there is no canary.
    pub(super) fn read(path: &Path) -> Result<Self, CanaryError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { version: VERSION, made_with: None, canaries: Vec::new() });
            }
            Err(error) => return Err(CanaryError::File { path: path.to_owned(), error }),
        };
        let form = |reason| CanaryError::Form { path: path.to_owned(), reason };
        let kept: Self = serde_json::from_slice(&bytes).map_err(|error| form(error.to_string()))?;
        if kept.made_with.is_none() && !kept.canaries.is_empty() {
            return Err(form("made_with is missing".to_owned()));
        }
        if kept.version != VERSION {
            let found = kept.version;
            return Err(form(format!(
                "version {found} is not known; this program reads {VERSION}"
            )));
        }
        Ok(kept)
    }

    /// Takes the place of the file, whole or not at all, after a crash too.
    pub(super) fn write(&self, path: &Path) -> Result<(), CanaryError> {
        let beside = path.with_extension("new");
        let written = || {
            // Left behind by a crash, it could be open to others.
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file =
                File::options().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        written().map_err(|error| CanaryError::File { path: path.to_owned(), error })
    }
}

mod hexadecimal {
    use super::{Deserialize as _, Deserializer, Handle, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(handle: &Handle, to: S) -> Result<S::Ok, S::Error> {
        const_hex::encode(handle.0).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Handle, D::Error> {
        let text = String::deserialize(from)?;
        Handle::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("a handle has 32 digits of hex"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_is_of_one_generation_or_of_none() {
        let second = Timestamp::from_seconds;
        let generation = |began, ended: Option<u64>| Generation {
            began: second(began),
            ended: ended.map(second),
            email_domain: None,
        };
        let (account, handle) = ("somebody".to_owned(), Handle([1; 16]));
        // Refreshed at 20, twice at once at 30, removed at 40, and one again at 50.
        let generations = vec![
            generation(10, Some(20)),
            generation(20, Some(30)),
            generation(30, Some(30)),
            generation(30, Some(40)),
            generation(50, None),
        ];
        let canary = Canary { account, handle, generations };
        for (time, expected) in [
            (9, None),
            (10, Some(0)),
            (19, Some(0)),
            (20, Some(1)),
            (29, Some(1)),
            (30, Some(3)),
            (39, Some(3)),
            (40, None),
            (49, None),
            (50, Some(4)),
            (u64::from(u32::MAX), Some(4)),
        ] {
            assert_eq!(canary.at(second(time)).map(|(number, _)| number), expected, "{time}");
        }
    }

    #[test]
    fn a_file_of_another_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("canaries.json");
        for (text, says) in [
            (r#"{"version":1,"canaries":[]}"#, "version 1 is not known"),
            (
                r#"{"version":2,"canaries":[{"account":"a","handle":"1","generations":[]}]}"#,
                "32 digits",
            ),
            (
                r#"{"version":2,"canaries":[{"account":"a","handle":"00112233445566778899aabbccddeeff","generations":[]}]}"#,
                "made_with is missing",
            ),
            ("{", "EOF"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Kept::read(&path).err().unwrap().to_string();
            assert!(error.contains(says) && error.contains("canaries.json"), "{error}");
        }
    }
}
