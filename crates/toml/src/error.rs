//! What is wrong with a text: to its reader, and to a check that does not have the text at hand.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with a text, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{line}:{column}: {}", self.without_place())]
pub struct TomlError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The key with the tables that it is in, as `log.pool_wait_ms`; empty where there is none.
    pub key: String,
    /// What was found, and what is allowed.
    pub message: String,
}

impl TomlError {
    /// What is wrong, for somebody who has not seen the text.
    #[must_use]
    pub fn without_place(&self) -> String {
        let Self { key, message, .. } = self;
        if key.is_empty() { message.clone() } else { format!("{key}: {message}") }
    }

    /// The error with the file that the text is from.
    #[must_use]
    pub fn in_file(self, path: &Path) -> TomlFileError {
        TomlFileError::Wrong { path: path.to_owned(), error: self }
    }
}

/// A file of TOML that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TomlFileError {
    /// There is no such file.
    #[error("{}: there is no such file{hint}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The name of a file beside it that may have been meant, as the end of the sentence.
        hint: String,
    },
    /// It is a folder.
    #[error("{}: it is a folder; name a file in it", path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{}: it cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{}:{error}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What it is, and where.
        error: TomlError,
    },
}

/// What a check of values refuses, and where it is in the text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{place}{message}")]
pub struct Fault {
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Fault {
    /// Something is wrong at this place. The message says what was found and what is allowed; the key is put in front.
    pub fn at(place: impl Into<Place>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// Where in a text something is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// The text as a whole.
    Whole,
    /// This byte: where the span of a [`Spanned`](crate::Spanned) value begins.
    Byte(usize),
    /// The value of this key, given with its tables, as `log.pool_wait_ms`. Where the text leaves the key out, the
    /// table that it would be in.
    Key(String),
}

/// The key, to be put in front of what is wrong with it; nothing for a place that only the text gives a meaning.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole | Self::Byte(_) => Ok(()),
            Self::Key(key) => write!(f, "{key}: "),
        }
    }
}

impl From<usize> for Place {
    fn from(byte: usize) -> Self {
        Self::Byte(byte)
    }
}

/// The span of a value; that of a default is empty.
impl From<Range<usize>> for Place {
    fn from(span: Range<usize>) -> Self {
        if span.is_empty() { Self::Whole } else { Self::Byte(span.start) }
    }
}

impl From<&str> for Place {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Place {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}
