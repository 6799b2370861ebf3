//! `[source.postgres]` of the configuration: how a platform's database is reached.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio_postgres::config::Host;
use zeroize::Zeroizing;

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
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let ranges = [
            ("pool_size", self.pool_size as u64, 1, 1_000),
            ("timeout_ms", self.timeout_ms, 1, 60_000),
            ("connect_timeout_ms", self.connect_timeout_ms, 1, 60_000),
        ];
        for (key, found, least, most) in ranges {
            if !(least..=most).contains(&found) {
                let message =
                    format!("source.postgres.{key}: {found} is not allowed; use {least} to {most}");
                return Err((key, message));
            }
        }
        if self.password_file.is_some() && self.password_env.is_some() {
            let message = "source.postgres.password_env: password_file is given as well; keep one";
            return Err(("password_env", message.to_owned()));
        }
        self.connection().map(|_| ()).map_err(|message| ("url", message))
    }

    /// The connection, without its password and how TLS is done.
    ///
    /// # Errors
    /// What is wrong with it; what stands in it is not repeated.
    pub fn connection(&self) -> Result<tokio_postgres::Config, String> {
        let config: tokio_postgres::Config = self.url.parse().map_err(|_| {
            "url: it is no connection as libpq spells it, as \"postgresql://reader@db.example:5432/platform\""
                .to_owned()
        })?;
        if config.get_password().is_some() {
            return Err("url: there is a password in it; give password_file or password_env".into());
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("url: it names no host".to_owned());
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
            return Err(
                "tls: \"disable\" is for loopback addresses and Unix sockets; use \"verify-full\""
                    .to_owned(),
            );
        }
        Ok(config)
    }

    /// The password, if the configuration says where it is.
    ///
    /// # Errors
    /// Where it is not.
    pub fn password(&self, folder: &Path) -> Result<Option<Zeroizing<String>>, String> {
        let found = match (&self.password_file, &self.password_env) {
            (Some(file), _) => {
                let path = folder.join(file);
                let text = std::fs::read_to_string(&path);
                text.map_err(|error| format!("password_file: {}: {error}", path.display()))?
            }
            (None, Some(name)) => std::env::var(name)
                .map_err(|_| format!("password_env: the variable {name} is not set"))?,
            (None, None) => return Ok(None),
        };
        let found = Zeroizing::new(found);
        Ok(Some(Zeroizing::new(found.trim_end_matches(['\r', '\n']).to_owned())))
    }
}
