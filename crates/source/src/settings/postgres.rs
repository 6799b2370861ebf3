//! `[source.postgres]` of the configuration: how to reach a database, and what is where in it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use countersign_toml::Fault;
use serde::Deserialize;
use tokio_postgres::config::Host;
use zeroize::Zeroizing;

use super::secret_file;

/// How to reach a database, and what is where in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    /// The connection without its password, as libpq spells it.
    pub url: String,
    /// The file with the password, if there is one.
    pub password_file: Option<PathBuf>,
    /// The environment variable with the password, if there is one.
    pub password_env: Option<String>,
    /// The mapping file.
    pub mapping: PathBuf,
    /// How many connections there are at most.
    #[serde(default = "pool_size")]
    pub pool_size: usize,
    /// How long a whole question may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How long a connection may take to come about, in milliseconds.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Whether connections are private.
    #[serde(default)]
    pub tls: TlsMode,
    /// The authorities to trust, in PEM; those of the system without it.
    pub ca_file: Option<PathBuf>,
}

/// Whether connections are private.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// They are not; for loopback addresses and Unix sockets only.
    Disable,
    /// They are, and the server's certificate and name are verified.
    #[default]
    VerifyFull,
}

const fn pool_size() -> usize {
    16
}

const fn timeout_ms() -> u64 {
    2_000
}

const fn connect_timeout_ms() -> u64 {
    2_000
}

impl PostgresSettings {
    /// The settings that name this database, with everything else as usual. A database on this machine is asked
    /// without TLS.
    ///
    /// # Errors
    /// What is wrong with the connection; what stands in it is not repeated.
    pub fn of_url(
        url: &str,
        password_file: Option<PathBuf>,
        password_env: Option<String>,
    ) -> Result<Self, Fault> {
        let with = |tls| Self {
            url: url.to_owned(),
            password_file: password_file.clone(),
            password_env: password_env.clone(),
            mapping: PathBuf::from("mapping.toml"),
            pool_size: pool_size(),
            timeout_ms: timeout_ms(),
            connect_timeout_ms: connect_timeout_ms(),
            tls,
            ca_file: None,
        };
        // Off this machine, only the other is allowed.
        let inside = with(TlsMode::Disable);
        let settings = if inside.check().is_ok() { inside } else { with(TlsMode::VerifyFull) };
        settings.check().map(|()| settings)
    }

    /// Checks what the numbers may be, and how the connection is made.
    ///
    /// # Errors
    /// The key, what was found and what is allowed.
    pub fn check(&self) -> Result<(), Fault> {
        let ranges = [
            ("pool_size", self.pool_size as u64, 1, 1_000),
            ("timeout_ms", self.timeout_ms, 1, 60_000),
            ("connect_timeout_ms", self.connect_timeout_ms, 1, 60_000),
        ];
        for (key, found, least, most) in ranges {
            if !(least..=most).contains(&found) {
                let message = format!("{found} is not allowed; use {least} to {most}");
                return Err(Fault::at(format!("source.postgres.{key}"), message));
            }
        }
        if self.password_file.is_some() && self.password_env.is_some() {
            let message = "password_file is given as well; keep one";
            return Err(Fault::at("source.postgres.password_env", message));
        }
        self.connection().map(drop)
    }

    /// The connection, without its password and how TLS is done.
    ///
    /// # Errors
    /// What is wrong with it; what stands in it is not repeated.
    pub fn connection(&self) -> Result<tokio_postgres::Config, Fault> {
        let wrong = |message: &str| Fault::at("source.postgres.url", message);
        let config: tokio_postgres::Config = self.url.parse().map_err(|_| {
            wrong("it is no connection as libpq spells it, as \"postgresql://reader@db.example:5432/platform\"")
        })?;
        if config.get_password().is_some() {
            return Err(wrong("there is a password in it; give password_file or password_env"));
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host"));
        }
        let is_inside = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            Host::Unix(_) => true,
        };
        let are_inside = config.get_hosts().iter().all(is_inside)
            && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        if self.tls == TlsMode::Disable && !are_inside {
            let message =
                "\"disable\" is for loopback addresses and Unix sockets; use \"verify-full\"";
            return Err(Fault::at("source.postgres.tls", message));
        }
        Ok(config)
    }

    /// The password, if the configuration says where it is.
    ///
    /// # Errors
    /// Where it is not.
    pub fn password(&self, folder: &Path) -> Result<Option<Zeroizing<String>>, Fault> {
        let found = match (&self.password_file, &self.password_env) {
            (Some(file), _) => {
                let found = secret_file::read(&folder.join(file));
                found.map_err(|error| Fault::at("source.postgres.password_file", error))?
            }
            (None, Some(name)) => std::env::var(name).map(Zeroizing::new).map_err(|_| {
                let message = format!("the variable {name} is not set");
                Fault::at("source.postgres.password_env", message)
            })?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Zeroizing::new(found.trim_end_matches(['\r', '\n']).to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(settings: &str) -> Result<(), String> {
        let text = format!("mapping = \"m\"\n{settings}");
        let settings: PostgresSettings = countersign_toml::parse(&text).unwrap();
        settings.check().map_err(|fault| fault.to_string())
    }

    #[test]
    fn connections_that_are_not_safe_are_refused_and_not_repeated() {
        let url = |url: &str, more: &str| source(&format!("url = \"{url}\"\n{more}"));
        assert_eq!(url("postgresql://reader@db.example/x", ""), Ok(()));
        assert_eq!(url("postgresql://reader@127.0.0.1/x", "tls = \"disable\""), Ok(()));
        assert_eq!(url("host=/run/postgresql user=reader", "tls = \"disable\""), Ok(()));
        for (address, more, expected) in [
            ("postgresql://reader:hunter2@db.example/x", "", "there is a password in it"),
            ("postgresql://reader@db.example/x", "tls = \"disable\"", "loopback addresses"),
            ("host=localhost,db.example user=reader", "tls = \"disable\"", "loopback addresses"),
            ("host=localhost hostaddr=10.0.0.1", "tls = \"disable\"", "loopback addresses"),
            ("user=reader", "", "names no host"),
            ("hunter2 at db", "", "no connection as libpq spells it"),
            ("host=db.example", "pool_size = 0", "source.postgres.pool_size: 0 is not allowed"),
            ("host=db.example", "password_env = \"A\"\npassword_file = \"b\"", "keep one"),
        ] {
            let message = url(address, more).unwrap_err();
            assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_password_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "hunter2\n").unwrap();
        let text = "url = \"host=db.example\"\nmapping = \"m\"\npassword_file = \"password\"";
        let settings: PostgresSettings = countersign_toml::parse(text).unwrap();
        let set = |mode| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(&file, mode).unwrap();
        };
        set(0o644);
        let error = settings.password(folder.path()).unwrap_err().to_string();
        assert!(error.contains("chmod 600") && !error.contains("hunter2"), "{error}");
        set(0o600);
        assert_eq!(settings.password(folder.path()).unwrap().unwrap().as_str(), "hunter2");
    }
}
