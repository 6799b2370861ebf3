//! The configuration file, `countersign.toml`: every setting with its default and its documentation
//! stands in [`TEMPLATE`], which `countersign init` writes out. Errors say file, line and key.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_domain::text::line_and_column;
use serde::Deserialize;
use toml::Spanned;

pub mod canary;
pub mod network;
pub mod screening;
#[cfg(test)]
mod source_http_tests;
pub mod witnesses;

/// The version of the configuration that this program reads.
pub const CONFIG_VERSION: u32 = 1;

/// The documented file that `countersign init` writes, with `{origin}` and `{listen}` to fill in.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The settings of one instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    version: Spanned<u32>,
    origin: Spanned<String>,
    /// The address to listen on.
    pub listen: SocketAddr,
    public_url: Spanned<String>,
    /// The certificate and key to serve TLS with.
    pub tls: Option<Tls>,
    /// How the log is written and published.
    #[serde(default)]
    pub log: Log,
    /// Where profiles and friendships come from.
    #[serde(default)]
    pub source: countersign_source::settings::Source,
    /// How the read API answers.
    #[serde(default)]
    pub graph: Graph,
    /// How access tokens are made.
    #[serde(default)]
    pub tokens: Tokens,
    /// How many clients are served at once, and how long each of them may take.
    #[serde(default)]
    pub network: network::Network,
    /// How much each client may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// When ownership is control, for screening.
    #[serde(default)]
    pub screening: screening::Screening,
    /// What canaries' values are made with.
    #[serde(default)]
    pub canary: canary::Canary,
    /// Who cosigns the log's checkpoints; nobody, without it.
    pub witnesses: Option<witnesses::Witnesses>,
}

/// The files to serve TLS with; relative paths are relative to the instance's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM, the leaf first.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
    /// The authority that signed the certificate, in PEM, where it is not one of the system's: commands take the
    /// server for the instance's own by it.
    pub ca: Option<PathBuf>,
}

/// How the log is written and published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How long a disclosure waits for others to share its fdatasync, in milliseconds.
    pub pool_wait_ms: u64,
    /// How often tiles and a checkpoint are published, in milliseconds.
    pub publish_interval_ms: u64,
    /// How long after its entry a receipt promises the published checkpoint, in seconds.
    pub publish_deadline_s: u64,
    /// How far the machine's clock may be set forward at once, in seconds, before entries are no longer
    /// dated by it.
    pub clock_step_max_s: u64,
    /// How long after a close the next one is made, in seconds.
    pub close_every_s: u64,
    /// How much of the log's disk is kept for acts, choices and erasures: with less free, nothing is disclosed.
    pub disk_reserve_mib: u64,
    /// Whether the instance may lie on a network file system.
    pub network_file_system: bool,
}

/// How the read API answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Graph {
    /// Friends on a page when the client does not say.
    pub page_default: usize,
    /// The most friends on a page, whatever the client says.
    pub page_max: usize,
    /// How long a batch may take until no more of its operations are begun, in milliseconds.
    pub batch_timeout_ms: u64,
    /// Whether a client that has a secret has to prove it with every user's token.
    pub require_appsecret_proof: bool,
}

/// How access tokens are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokens {
    /// How long an access token holds, in seconds.
    pub lifetime_s: u64,
    /// Whether `POST /login` gives a token for any account that is named. For demonstrations only.
    pub demo_login: bool,
}

/// How much each client may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The most calls of one client within an hour; 0 for no limit.
    pub calls_per_hour: u64,
    /// The most time that the calls of one client may take within an hour, in seconds; 0 for no limit.
    pub seconds_per_hour: u64,
    /// The most bytes that the calls of one client may append to the log within an hour; 0 for no limit.
    pub log_bytes_per_hour: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            pool_wait_ms: 1,
            publish_interval_ms: 1_000,
            publish_deadline_s: 60,
            clock_step_max_s: 60,
            close_every_s: 82_800,
            disk_reserve_mib: 512,
            network_file_system: false,
        }
    }
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            page_default: 25,
            page_max: 5_000,
            batch_timeout_ms: 20_000,
            require_appsecret_proof: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls_per_hour: 200_000, seconds_per_hour: 0, log_bytes_per_hour: 1 << 30 }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self { lifetime_s: 3_600, demo_login: false }
    }
}

/// A configuration that cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The folder has no configuration.
    #[error(
        "{}: there is no such file, so no instance is in this folder: name its folder with --dir or COUNTERSIGN_DIR, or make one with `countersign init`",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("{}: the configuration cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Something in the file is wrong.
    #[error("{}:{line}: {message}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key, what was found and what is allowed.
        message: String,
    },
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], with file, line, key and what is allowed.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let path = path.to_owned();
            match error.kind() {
                std::io::ErrorKind::NotFound => ConfigError::Missing { path },
                _ => ConfigError::Unreadable { path, error },
            }
        })?;
        Self::parse(&text).map_err(|(offset, message)| ConfigError::Wrong {
            path: path.to_owned(),
            line: line_and_column(&text, offset).0,
            message,
        })
    }

    /// Reads the text of a configuration that is in no file yet.
    ///
    /// # Errors
    /// What is wrong: the key and what is allowed.
    pub fn check_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|(_, message)| message)
    }

    /// The name of the log: what its checkpoints begin with.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.origin.get_ref()
    }

    /// The address under which clients reach this instance, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.public_url.get_ref()
    }

    /// The longest that an answer may be waited for, as it is configured: a batch may begin its last operation at its
    /// end, and that may wait for the log's publication or its witnesses.
    #[must_use]
    pub fn answer_wait_max(&self) -> Duration {
        let batch = Duration::from_millis(self.graph.batch_timeout_ms);
        let published = Duration::from_secs(self.log.publish_deadline_s);
        let witnessed = self.witnesses.as_ref().map_or(0, |witnesses| witnesses.wait_max_ms);
        batch + published.max(Duration::from_millis(witnessed))
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let offset = error.span().unwrap_or_default().start;
            let quotes = unquoted_hint(text, offset);
            (offset, format!("{}{}{quotes}", key_at(text, offset), error.message()))
        })?;
        if *config.version.get_ref() != CONFIG_VERSION {
            let found = config.version.get_ref();
            let message = format!(
                "version: {found} is not known; this program reads version {CONFIG_VERSION}"
            );
            return Err((config.version.span().start, message));
        }
        let origin = config.origin();
        let names_a_log = !origin.is_empty()
            && !origin.contains("://")
            && !origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        if !names_a_log {
            let message = format!(
                "origin: {origin:?} cannot name a log; use a host and a path without scheme, spaces and '+', as \"log.example/2026\""
            );
            return Err((config.origin.span().start, message));
        }
        let url = config.public_url();
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        // Verifiers take links of one form only, in which no path stands before the version.
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@'])) {
            let message = format!(
                "public_url: {url:?} must begin with http:// or https:// and end with the host or its port"
            );
            return Err((config.public_url.span().start, message));
        }
        config.check_ranges(text)?;
        Ok(config)
    }

    fn check_ranges(&self, text: &str) -> Result<(), (usize, String)> {
        // Releases stop when half of the deadline has passed unpublished, so some rounds must fit before.
        let deadline_least_s = (self.log.publish_interval_ms * 8).div_ceil(1_000).max(10);
        let ownership = self.screening.rule();
        let ranges = [
            ("log.pool_wait_ms", self.log.pool_wait_ms, 0, 1_000),
            ("log.publish_interval_ms", self.log.publish_interval_ms, 10, 60_000),
            ("log.publish_deadline_s", self.log.publish_deadline_s, deadline_least_s, 86_400),
            ("log.clock_step_max_s", self.log.clock_step_max_s, 5, 31_536_000),
            ("log.close_every_s", self.log.close_every_s, 300, 85_800),
            ("log.disk_reserve_mib", self.log.disk_reserve_mib, 0, 1_048_576),
            ("graph.page_default", self.graph.page_default as u64, 1, 5_000),
            ("graph.page_max", self.graph.page_max as u64, self.graph.page_default as u64, 50_000),
            ("graph.batch_timeout_ms", self.graph.batch_timeout_ms, 10, 300_000),
            ("tokens.lifetime_s", self.tokens.lifetime_s, 1, 86_400),
            ("limits.calls_per_hour", self.limits.calls_per_hour, 0, 1_000_000_000),
            ("limits.seconds_per_hour", self.limits.seconds_per_hour, 0, 1_000_000),
            ("limits.log_bytes_per_hour", self.limits.log_bytes_per_hour, 0, 1 << 40),
            ("screening.percent_min", u64::from(ownership.percent_min), 1, 100),
        ];
        let of_witnesses = self.witnesses.iter().flat_map(witnesses::Witnesses::ranges);
        let of_network = self.network.ranges();
        for (key, found, least, most) in ranges.into_iter().chain(of_network).chain(of_witnesses) {
            if !(least..=most).contains(&found) {
                let message = format!("{key}: {found} is not allowed; use {least} to {most}");
                let name = key.rsplit('.').next().unwrap_or(key);
                return Err((offset_of(text, name), message));
            }
        }
        self.canary.check().map_err(|message| (offset_of(text, "email_domain"), message))?;
        self.source.check().map_err(|(key, message)| (offset_of(text, key), message))?;
        if self.tokens.demo_login && !self.listen.ip().is_loopback() {
            let message = format!(
                "tokens.demo_login: it gives tokens to anybody who asks, so it is allowed on a loopback address only, not on {}",
                self.listen
            );
            return Err((offset_of(text, "demo_login"), message));
        }
        if self.tls.is_some() && !self.public_url().starts_with("https://") {
            let message = format!(
                "public_url: {:?} is not what is served: with [tls] it begins with https://, and names a host that the certificate is for",
                self.public_url()
            );
            return Err((self.public_url.span().start, message));
        }
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            let message = format!(
                "listen: {} is reachable from outside, so [tls] certificate and key are needed; without them listen on 127.0.0.1 or [::1]",
                self.listen
            );
            return Err((offset_of(text, "listen"), message));
        }
        Ok(())
    }
}

/// Where the line of this key begins; comments speak of keys too.
fn offset_of(text: &str, key: &str) -> usize {
    let begins_line =
        |at: &usize| text.get(..*at).is_some_and(|t| t.is_empty() || t.ends_with('\n'));
    text.match_indices(key).map(|(at, _)| at).find(begins_line).unwrap_or_default()
}

/// The key on the line of this offset, to put before a message that does not name it.
fn key_at(text: &str, offset: usize) -> impl fmt::Display {
    let line = line_at(text, offset);
    line.split_once('=').map(|(key, _)| format!("{}: ", key.trim())).unwrap_or_default()
}

/// What to do about a text without quotation marks, which the parser takes for a number.
fn unquoted_hint(text: &str, offset: usize) -> String {
    let Some((key, value)) = line_at(text, offset).split_once('=') else {
        return String::new();
    };
    let value = value.split('#').next().unwrap_or_default().trim();
    let is_bare = |c: char| c.is_ascii_alphanumeric() || ".:/_+-".contains(c);
    let is_other = ["true", "false"].contains(&value) || value.parse::<f64>().is_ok();
    if value.is_empty() || is_other || !value.chars().all(is_bare) {
        return String::new();
    }
    format!("; a text is in quotation marks: {} = \"{value}\"", key.trim())
}

/// The line in which this byte is.
fn line_at(text: &str, offset: usize) -> &str {
    let start = text.get(..offset).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> String {
        TEMPLATE.replace("{origin}", "log.example/2026").replace("{listen}", "127.0.0.1:8080")
    }

    #[test]
    fn a_text_without_quotation_marks_is_told_where_they_belong() {
        for (key, bare) in [("listen", "127.0.0.1:1"), ("origin", "log.example/2026")] {
            let line =
                template().lines().find(|l| l.starts_with(&format!("{key} ="))).unwrap().to_owned();
            let (_, message) =
                Config::parse(&template().replace(&line, &format!("{key} = {bare} # x")))
                    .unwrap_err();
            let hint = format!("; a text is in quotation marks: {key} = \"{bare}\"");
            assert!(
                message.starts_with(&format!("{key}: ")) && message.ends_with(&hint),
                "{message}"
            );
        }
        let (_, message) =
            Config::parse(&template().replace("version = 1", "version = true")).unwrap_err();
        assert!(!message.contains("quotation"), "{message}");
    }

    #[test]
    fn the_template_is_a_valid_configuration_and_states_the_defaults() {
        let config = Config::parse(&template()).unwrap();
        assert_eq!(config.origin(), "log.example/2026");
        let stated = [
            (config.log.pool_wait_ms, Log::default().pool_wait_ms),
            (config.log.publish_interval_ms, Log::default().publish_interval_ms),
            (config.log.publish_deadline_s, Log::default().publish_deadline_s),
            (config.log.clock_step_max_s, Log::default().clock_step_max_s),
            (config.log.close_every_s, Log::default().close_every_s),
            (config.log.network_file_system.into(), Log::default().network_file_system.into()),
            (config.graph.page_default as u64, Graph::default().page_default as u64),
            (config.graph.page_max as u64, Graph::default().page_max as u64),
            (config.graph.batch_timeout_ms, Graph::default().batch_timeout_ms),
            (config.tokens.lifetime_s, Tokens::default().lifetime_s),
            (config.tokens.demo_login.into(), Tokens::default().demo_login.into()),
            (config.limits.log_bytes_per_hour, Limits::default().log_bytes_per_hour),
            (config.log.disk_reserve_mib, Log::default().disk_reserve_mib),
            (config.limits.calls_per_hour, Limits::default().calls_per_hour),
            (config.limits.seconds_per_hour, Limits::default().seconds_per_hour),
            (
                u64::from(config.screening.rule().percent_min),
                u64::from(screening::Screening::default().rule().percent_min),
            ),
            (
                config.graph.require_appsecret_proof.into(),
                Graph::default().require_appsecret_proof.into(),
            ),
        ];
        assert!(stated.iter().all(|(stated, default)| stated == default), "{stated:?}");
        let (stated, default) = (config.network, network::Network::default());
        assert_eq!(format!("{stated:?}"), format!("{default:?}"));
    }

    #[test]
    fn errors_name_the_line_the_key_and_what_is_allowed() {
        for (from, to, expected) in [
            (
                "origin = \"log.example/2026\"",
                "origin = \"https://log.example/2026\"",
                "origin: \"https://log.example/2026\" cannot name a log; use a host and a path without scheme, spaces and '+', as \"log.example/2026\"",
            ),
            (
                "pool_wait_ms = 1",
                "pool_wait_ms = 5000",
                "log.pool_wait_ms: 5000 is not allowed; use 0 to 1000",
            ),
            (
                "pool_wait_ms = 1",
                "pool_wait_ms = \"x\"",
                "pool_wait_ms: invalid type: string \"x\", expected u64",
            ),
            (
                "pool_wait_ms = 1",
                "pol_wait_ms = 1",
                "pol_wait_ms: unknown field `pol_wait_ms`, expected one of `pool_wait_ms`, `publish_interval_ms`, `publish_deadline_s`, `clock_step_max_s`, `close_every_s`, `disk_reserve_mib`, `network_file_system`",
            ),
            (
                "listen = \"127.0.0.1:8080\"",
                "listen = \"0.0.0.0:8080\"",
                "listen: 0.0.0.0:8080 is reachable from outside, so [tls] certificate and key are needed; without them listen on 127.0.0.1 or [::1]",
            ),
            (
                "connections = 10000",
                "connections = 0",
                "network.connections: 0 is not allowed; use 1 to 1000000",
            ),
            ("version = 1", "version = 9", "version: 9 is not known; this program reads version 1"),
        ] {
            let text = template().replacen(from, to, 1);
            assert_ne!(text, template());
            let (offset, message) = Config::parse(&text).unwrap_err();
            assert_eq!(message, expected);
            let line = text[..offset].matches('\n').count();
            let expected_line = text.lines().position(|line| line.starts_with(to)).unwrap();
            assert_eq!(line, expected_line, "{message}");
        }
    }

    #[test]
    fn tls_is_served_under_https_alone() {
        let tls = "\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\n[log]";
        let text = template().replacen("\n[log]", tls, 1);
        let (offset, message) = Config::parse(&text).err().unwrap_or_default();
        assert!(message.contains("with [tls] it begins with https://"), "{message}");
        let line = text[..offset].lines().last();
        assert!(line.is_some_and(|line| line.starts_with("public_url")), "{line:?}");
        let (from, to) = ("public_url = \"http://", "public_url = \"https://");
        assert!(Config::parse(&text.replacen(from, to, 1)).is_ok());
    }
}
