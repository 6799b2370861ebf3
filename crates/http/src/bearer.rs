//! Static bearer tokens for the platform's own engineers and machines, each in a file.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A secret text.
pub struct BearerToken(Zeroizing<String>);

/// A token that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TokenFileError {
    /// The file cannot be read.
    #[error("{}: {error}; it holds a random text, which `countersign init` writes", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file can be read by others than its owner.
    #[error("{}: others than its owner may read this token (mode {mode:o}); run `chmod 600` on it and write another random text into it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds nothing.
    #[error("{}: it is empty; write a random text into it", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl BearerToken {
    /// A new one, which is in no file.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut())?;
        Ok(Self(Zeroizing::new(const_hex::encode(*bytes))))
    }

    /// Reads a token from its file.
    ///
    /// # Errors
    /// [`TokenFileError`]: unreadable, exposed to others, or empty.
    pub fn read(path: &Path) -> Result<Self, TokenFileError> {
        let failed = |error| TokenFileError::File { path: path.to_owned(), error };
        let mut file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(TokenFileError::Exposed { path: path.to_owned(), mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(failed)?;
        let token = Zeroizing::new(text.trim().to_owned());
        if token.is_empty() {
            return Err(TokenFileError::Empty { path: path.to_owned() });
        }
        Ok(Self(token))
    }

    /// The token, to be sent in a header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is what was presented; how long the answer takes says nothing about it.
    #[must_use]
    pub fn opens_for(&self, presented: &str) -> bool {
        bool::from(self.0.as_bytes().ct_eq(presented.as_bytes()))
    }
}

/// The bearer token of a request.
#[must_use]
pub fn presented(headers: &HeaderMap) -> Option<&str> {
    credentials("bearer", headers)
}

/// What stands after this scheme in the `Authorization` header. The case of a scheme means nothing (RFC 9110, 11.1).
#[must_use]
pub fn credentials<'a>(scheme: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (found, credentials) = value.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

/// Whether the `Authorization` header has credentials and no scheme, as a token that was sent alone.
#[must_use]
pub fn lacks_scheme(headers: &HeaderMap) -> bool {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let value = value.unwrap_or_default().trim();
    // A scheme alone is one without a token.
    let is_scheme = ["bearer", "basic"].iter().any(|scheme| value.eq_ignore_ascii_case(scheme));
    !value.is_empty() && !value.contains(' ') && !is_scheme
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_presented_whatever_the_case_of_its_scheme() {
        let presents = |value: &'static str| {
            let headers =
                HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            presented(&headers).map(str::to_owned)
        };
        for value in ["Bearer x", "bearer x", "BEARER  x "] {
            assert_eq!(presents(value).as_deref(), Some("x"), "{value}");
        }
        for value in ["x", "Basic x", "Bearerx", ""] {
            assert_eq!(presents(value), None, "{value}");
        }
    }

    #[test]
    fn credentials_without_a_scheme_are_a_token_sent_alone() {
        let lacks = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            lacks_scheme(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
        };
        assert!(lacks("ey.x.y") && lacks(" ey.x.y "));
        assert!(!lacks("Bearer x") && !lacks("Basic x") && !lacks("") && !lacks("bearer "));
        assert!(!lacks_scheme(&HeaderMap::new()));
    }
}
