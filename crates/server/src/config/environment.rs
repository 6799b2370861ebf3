//! The settings that environment variables give: `COUNTERSIGN_LOG_POOL_WAIT_MS` takes the place of `pool_wait_ms` in
//! `[log]`. There is a variable for every key of the template.

use std::ffi::OsString;
use std::sync::LazyLock;

use countersign_domain::nearest::nearest_within;
use countersign_toml::Given;

use super::TEMPLATE;

/// What the names of this program's variables begin with.
const PREFIX: &str = "COUNTERSIGN_";

/// So many wrong letters are a slip of the pen. Whoever starts the process may have variables of their own that begin
/// alike, as Kubernetes has for the services of a namespace.
const SLIP_MAX: usize = 2;

/// Every key with its variable.
static VARIABLES: LazyLock<Vec<(String, String)>> =
    LazyLock::new(|| keys(TEMPLATE).map(|key| (variable(&key), key)).collect());

/// A variable that gives nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// Its name is nearly that of a setting.
    #[error("{found}: no setting has this variable; did you mean {meant}?")]
    Misspelt {
        /// Its name.
        found: String,
        /// The nearest.
        meant: String,
    },
    /// Its value is no text.
    #[error("{variable}: the value is not UTF-8")]
    NotText {
        /// Its name.
        variable: String,
    },
}

/// What these variables give. An empty one gives nothing, as shells unset variables for one command.
///
/// # Errors
/// [`EnvironmentError`].
pub(super) fn given(
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<Given>, EnvironmentError> {
    let mut given = Vec::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        if value.is_empty() {
            continue;
        }
        let Some((_, key)) = VARIABLES.iter().find(|(variable, _)| variable == name) else {
            refuse_slip(name)?;
            continue;
        };
        let variable = name.to_owned();
        let Ok(value) = value.into_string() else {
            return Err(EnvironmentError::NotText { variable });
        };
        given.push(Given { key: key.clone(), value, by: variable });
    }
    Ok(given)
}

fn refuse_slip(name: &str) -> Result<(), EnvironmentError> {
    let names = VARIABLES.iter().map(|(variable, _)| variable.as_str());
    match nearest_within(name, names, SLIP_MAX) {
        Some(meant) => Err(EnvironmentError::Misspelt { found: name.to_owned(), meant }),
        None => Ok(()),
    }
}

/// The keys of a text of TOML, with those that are commented out.
fn keys(text: &str) -> impl Iterator<Item = String> {
    let mut table = String::new();
    text.lines().filter_map(move |line| {
        let line = line.trim_start_matches(['#', ' ']);
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{header}.");
            return None;
        }
        let (key, _) = line.split_once(" = ")?;
        let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        is_key.then(|| format!("{table}{key}"))
    })
}

/// The variable for a key.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn given_by(pairs: &[(&str, &str)]) -> Result<Vec<Given>, EnvironmentError> {
        given(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let names: BTreeSet<_> = VARIABLES.iter().map(|(variable, _)| variable).collect();
        assert_eq!(names.len(), VARIABLES.len());
        for name in [
            "COUNTERSIGN_LISTEN",
            "COUNTERSIGN_TLS_CERTIFICATE",
            "COUNTERSIGN_LOG_POOL_WAIT_MS",
            "COUNTERSIGN_SOURCE_HTTP_BREAKER_FAILURES",
            "COUNTERSIGN_WITNESSES_POLICY",
        ] {
            assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
        }
        // These are no settings.
        for name in ["COUNTERSIGN_DIR", "COUNTERSIGN_CA", "COUNTERSIGN_LOG"] {
            assert!(!names.contains(&name.to_owned()), "{name}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_refused_and_what_is_of_others_is_left_alone() {
        let given = given_by(&[
            ("COUNTERSIGN_NETWORK_CONNECTIONS", "5"),
            ("COUNTERSIGN_LISTEN", ""),
            ("COUNTERSIGN_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("COUNTERSIGN_LOG_SERVICE_HOST", "10.0.0.1"),
            ("COUNTERSIGN_DIR", "platform"),
            ("COUNTERSIGN_CA", "ca.pem"),
            ("COUNTERSIGN_LOG", "debug"),
            ("PATH", "/bin"),
        ]);
        let given = given.unwrap();
        assert_eq!(given.len(), 1, "{given:?}");
        assert_eq!((given[0].key.as_str(), given[0].value.as_str()), ("network.connections", "5"));
        let error = given_by(&[("COUNTERSIGN_LISTN", "127.0.0.1:1")]).unwrap_err().to_string();
        assert!(error.ends_with("did you mean COUNTERSIGN_LISTEN?"), "{error}");
    }
}
