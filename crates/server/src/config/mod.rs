//! The configuration file, `countersign.toml`: every setting with its default and its documentation
//! stands in [`new_text`], which `countersign init` writes out. The environment can give each of them another value.
//! Errors say file, line, column and key, or the variable.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_http::network::address::AddressRange;
use countersign_http::network::listen::Listen;
use countersign_http::network::settings::Network;
use countersign_http::settings::{Graph, Settings as HttpSettings, Telemetry, Tls};
use countersign_service::settings::canary::Canary;
use countersign_service::settings::screening::Screening;
use countersign_service::settings::witnesses::Witnesses;
use countersign_service::settings::{Limits, Log, Settings, Tokens};
use countersign_source::settings::{Source, text_file};
use countersign_toml::{Fault, Given, GivenError, TomlError, TomlFileError};
use serde::Deserialize;

use self::environment::EnvironmentError;

mod environment;
#[cfg(test)]
mod source_http_tests;
mod telemetry;
#[cfg(test)]
mod witnesses_tests;

/// The version of the configuration that this program reads.
pub const CONFIG_VERSION: u32 = 1;

/// The documented file that `countersign init` writes, with `{origin}`, `{listen}` and `{public_url}` to fill in.
const TEMPLATE: &str = include_str!("template.toml");

/// The text of a new configuration, with every setting documented.
#[must_use]
pub fn new_text(origin: &str, listen: &str, public_url: &str) -> String {
    TEMPLATE
        .replace("{public_url}", public_url)
        .replace("{listen}", listen)
        .replace("{origin}", origin)
}

/// The settings of one instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    version: u32,
    origin: String,
    /// Where to listen.
    pub listen: Listen,
    public_url: String,
    /// The certificate and key to serve TLS with.
    pub tls: Option<Tls>,
    /// How the log is written and published.
    #[serde(default)]
    pub log: Log,
    /// Where profiles and friendships come from.
    #[serde(default)]
    pub source: Source,
    /// How the read API answers.
    #[serde(default)]
    pub graph: Graph,
    /// How access tokens are made.
    #[serde(default)]
    pub tokens: Tokens,
    /// How many clients are served at once, and how long each of them may take.
    #[serde(default)]
    pub network: Network,
    /// How much each client may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// When ownership is control, for screening.
    #[serde(default)]
    pub screening: Screening,
    /// What canaries' values are made with.
    #[serde(default)]
    pub canary: Canary,
    /// What is logged and traced, and how.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// Who cosigns the log's checkpoints; nobody, without it.
    pub witnesses: Option<Witnesses>,
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
    /// It cannot be read, or something in it is wrong.
    #[error(transparent)]
    File(#[from] TomlFileError),
    /// A variable of the environment gives nothing.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// What a variable or an option gives in the place of the file's is wrong.
    #[error("{by}: {message}")]
    Given {
        /// The variable or the option.
        by: String,
        /// What was found, and what is allowed.
        message: String,
    },
}

impl Config {
    /// Reads a configuration file, with what the environment gives in the place of what the file says.
    ///
    /// # Errors
    /// [`ConfigError`], with file, line, column, key and what is allowed.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_given(path, &[])
    }

    /// Reads a configuration file, with what options give, and then the environment.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_given(path: &Path, options: &[Given]) -> Result<Self, ConfigError> {
        let text = text_file::read(path).map_err(|error| match error {
            TomlFileError::Missing { path, .. } => ConfigError::Missing { path },
            other => other.into(),
        })?;
        let mut given = environment::given(std::env::vars_os())?;
        given.retain(|given| options.iter().all(|option| option.key != given.key));
        given.extend_from_slice(options);
        let read = countersign_toml::parse_given(&text, &given, Self::checked);
        read.map_err(|error| match error {
            GivenError::Text(error) => error.with_sample(&sample()).in_file(path).into(),
            GivenError::Given { by, message } => ConfigError::Given { by, message },
        })
    }

    /// Reads the text of a configuration, which need not be in a file yet.
    ///
    /// # Errors
    /// [`TomlError`], with the key and what is allowed.
    pub fn check_text(text: &str) -> Result<Self, TomlError> {
        countersign_toml::parse_checked(text, Self::checked)
            .map_err(|error| error.with_sample(&sample()))
    }

    /// The name of the log: what its checkpoints begin with.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address under which clients reach this instance, without a slash at its end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// What the application reads of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            origin: self.origin().to_owned(),
            log: self.log.clone(),
            source: self.source.clone(),
            tokens: self.tokens.clone(),
            limits: self.limits.clone(),
            require_appsecret_proof: self.graph.require_appsecret_proof,
            canary: self.canary.clone(),
            witnesses: self.witnesses.clone(),
        }
    }

    /// What the HTTP side reads of it.
    #[must_use]
    pub fn http_settings(&self) -> HttpSettings {
        HttpSettings {
            listen: self.listen.clone(),
            public_url: self.public_url().to_owned(),
            graph: self.graph.clone(),
            network: self.network(),
            answer_wait_max: self.answer_wait_max(),
            telemetry: self.telemetry.clone(),
        }
    }

    /// Whoever comes through a socket file was admitted by its permissions, so it is believed as a proxy is.
    fn network(&self) -> Network {
        let mut network = self.network.clone();
        if matches!(self.listen, Listen::Unix(_)) {
            network.trusted_proxies.push(AddressRange::from(IpAddr::from(Ipv4Addr::LOCALHOST)));
        }
        network
    }

    /// The longest that an answer may be waited for, as it is configured: a batch may begin its last operation at its
    /// end, and that may wait for the log's publication or its witnesses.
    fn answer_wait_max(&self) -> Duration {
        let batch = Duration::from_millis(self.graph.batch_timeout_ms);
        let published = Duration::from_secs(self.log.publish_deadline_s);
        let witnessed = self.witnesses.as_ref().map_or(0, |witnesses| witnesses.wait_max_ms);
        batch + published.max(Duration::from_millis(witnessed))
    }

    fn checked(self) -> Result<Self, Fault> {
        self.check().map(|()| self)
    }

    fn check(&self) -> Result<(), Fault> {
        if self.version != CONFIG_VERSION {
            let found = self.version;
            let message =
                format!("{found} is not known; this program reads version {CONFIG_VERSION}");
            return Err(Fault::at("version", message));
        }
        let origin = self.origin();
        let names_a_log = !origin.is_empty()
            && !origin.contains("://")
            && !origin.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
        if !names_a_log {
            let message = format!(
                "{origin:?} cannot name a log; use a host and a path without scheme, spaces and '+', as \"log.example/2026\""
            );
            return Err(Fault::at("origin", message));
        }
        self.check_ranges()?;
        self.canary.check()?;
        self.source.check()?;
        telemetry::check(&self.telemetry)?;
        self.check_addresses()
    }

    fn check_ranges(&self) -> Result<(), Fault> {
        // Releases stop when half of the deadline has passed unpublished, so some rounds must fit before.
        let deadline_least_s =
            self.log.publish_interval_ms.saturating_mul(8).div_ceil(1_000).max(10);
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
        let of_witnesses = self.witnesses.iter().flat_map(Witnesses::ranges);
        let of_network = self.network.ranges();
        for (key, found, least, most) in ranges.into_iter().chain(of_network).chain(of_witnesses) {
            if !(least..=most).contains(&found) {
                let message = format!("{found} is not allowed; use {least} to {most}");
                return Err(Fault::at(key, message));
            }
        }
        Ok(())
    }

    /// Checks who can reach the server, and by which links.
    fn check_addresses(&self) -> Result<(), Fault> {
        let (url, listen) = (self.public_url(), &self.listen);
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        // Verifiers take links of one form only, in which no path stands before the version.
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@'])) {
            let message = format!(
                "{url:?} must begin with http:// or https:// and end with the host or its port"
            );
            return Err(Fault::at("public_url", message));
        }
        if self.tokens.demo_login && !listen.is_of_this_machine() {
            let message = format!(
                "it gives tokens to anybody who asks, so it is allowed on a loopback address only, not on {listen}"
            );
            return Err(Fault::at("tokens.demo_login", message));
        }
        if self.tls.is_some() && !url.starts_with("https://") {
            let message = format!(
                "{url:?} is not what is served: with [tls] it begins with https://, and names a host that the certificate is for"
            );
            return Err(Fault::at("public_url", message));
        }
        if self.tls.is_some() && matches!(listen, Listen::Unix(_)) {
            let message = format!("{listen} is a socket file, which needs no TLS; leave [tls] out");
            return Err(Fault::at("listen", message));
        }
        let is_behind_https =
            url.starts_with("https://") && !self.network.trusted_proxies.is_empty();
        if self.tls.is_none() && !listen.is_of_this_machine() && !is_behind_https {
            let message = format!(
                "{listen} is reachable from outside, so it needs [tls] with certificate and key, or a proxy in front that speaks https: its address in trusted_proxies of [network], and a public_url that begins with https://; with neither listen on 127.0.0.1, [::1] or unix:/PATH"
            );
            return Err(Fault::at("listen", message));
        }
        Ok(())
    }
}

/// A configuration as `init` writes it.
fn sample() -> String {
    new_text("log.example/2026", "127.0.0.1:8080", "http://127.0.0.1:8080")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> String {
        sample()
    }

    #[test]
    fn a_text_without_quotation_marks_is_told_where_they_belong() {
        for (key, bare) in [("listen", "127.0.0.1:1"), ("origin", "log.example/2026")] {
            let line =
                template().lines().find(|l| l.starts_with(&format!("{key} ="))).unwrap().to_owned();
            let text = template().replace(&line, &format!("{key} = {bare} # x"));
            let message = Config::check_text(&text).unwrap_err().without_place();
            let hint = format!("without quotation marks; allowed: {key} = \"…\"");
            assert!(
                message.starts_with(&format!("{key}: ")) && message.ends_with(&hint),
                "{message}"
            );
        }
        let text = template().replace("version = 1", "version = true");
        let message = Config::check_text(&text).unwrap_err().without_place();
        assert!(!message.contains("quotation"), "{message}");
    }

    #[test]
    fn the_template_is_a_valid_configuration_and_states_the_defaults() {
        let config = Config::check_text(&template()).unwrap();
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
                u64::from(Screening::default().rule().percent_min),
            ),
            (
                config.graph.require_appsecret_proof.into(),
                Graph::default().require_appsecret_proof.into(),
            ),
        ];
        assert!(stated.iter().all(|(stated, default)| stated == default), "{stated:?}");
        let (stated, default) = (config.network, Network::default());
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
                "publish_interval_ms = 1000",
                "publish_interval_ms = 9223372036854775807",
                "log.publish_interval_ms: 9223372036854775807 is not allowed; use 10 to 60000",
            ),
            (
                "pool_wait_ms = 1",
                "pool_wait_ms = \"x\"",
                "log.pool_wait_ms: found a text; allowed: a whole number from 0, of milliseconds; for example: pool_wait_ms = 1",
            ),
            (
                "pool_wait_ms = 1",
                "pol_wait_ms = 1",
                "log.pol_wait_ms: unknown key; allowed: pool_wait_ms, publish_interval_ms, publish_deadline_s, clock_step_max_s, close_every_s, disk_reserve_mib, network_file_system; did you mean \"pool_wait_ms\"?",
            ),
            (
                "listen = \"127.0.0.1:8080\"",
                "listen = \"0.0.0.0:8080\"",
                "listen: 0.0.0.0:8080 is reachable from outside, so it needs [tls] with certificate and key, or a proxy in front that speaks https: its address in trusted_proxies of [network], and a public_url that begins with https://; with neither listen on 127.0.0.1, [::1] or unix:/PATH",
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
            let error = Config::check_text(&text).unwrap_err();
            assert_eq!(error.without_place(), expected);
            let expected_line = text.lines().position(|line| line.starts_with(to)).unwrap();
            assert_eq!(error.line, expected_line + 1, "{error}");
        }
    }

    #[test]
    fn tls_is_served_under_https_alone() {
        let tls = "\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\n[log]";
        let text = template().replacen("\n[log]", tls, 1);
        let error = Config::check_text(&text).unwrap_err();
        assert!(error.message.contains("with [tls] it begins with https://"), "{error}");
        let line = text.lines().nth(error.line - 1);
        assert!(line.is_some_and(|line| line.starts_with("public_url")), "{line:?}");
        let (from, to) = ("public_url = \"http://", "public_url = \"https://");
        assert!(Config::check_text(&text.replacen(from, to, 1)).is_ok());
    }

    #[test]
    fn in_the_clear_and_off_this_machine_a_proxy_that_speaks_https_is_needed() {
        let text = template().replace("listen = \"127.0.0.1:8080\"", "listen = \"0.0.0.0:8080\"");
        let https = text.replace(
            "public_url = \"http://127.0.0.1:8080\"",
            "public_url = \"https://a.example\"",
        );
        let proxied =
            |text: &str| text.replace("trusted_proxies = []", "trusted_proxies = [\"10.0.0.1\"]");
        assert!(Config::check_text(&proxied(&https)).is_ok());
        for text in [&text, &https, &proxied(&text)] {
            assert_eq!(Config::check_text(text).unwrap_err().key, "listen");
        }
    }

    #[test]
    fn a_socket_file_is_believed_as_a_proxy_is_and_needs_no_tls() {
        let text =
            template().replace("listen = \"127.0.0.1:8080\"", "listen = \"unix:/run/c.sock\"");
        let proxies = Config::check_text(&text).unwrap().http_settings().network.trusted_proxies;
        assert!(proxies.iter().any(|proxy| proxy.contains(Ipv4Addr::LOCALHOST.into())));
        let tls = "\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\n[log]";
        let text = text.replacen("\n[log]", tls, 1).replace("http://127", "https://127");
        let error = Config::check_text(&text).unwrap_err();
        assert!(error.message.contains("leave [tls] out"), "{error}");
    }

    #[test]
    fn a_setting_is_found_in_its_own_table() {
        let sources = "[source.postgres]\nurl = \"host=db.example\"\nmapping = \"m\"\ntimeout_ms = 9\n\n[source.http]\nmapping = \"m\"\ntimeout_ms = 9\n\n[log]";
        let text = template().replacen("\n[log]", &format!("\n{sources}"), 1);
        let error = Config::check_text(&text).unwrap_err();
        let expected = "source.http.timeout_ms: 9 is not allowed; use 10 to 60000";
        assert_eq!(error.without_place(), expected);
        let before = text.lines().take(error.line - 1).collect::<Vec<_>>();
        assert_eq!(before.iter().rfind(|line| line.starts_with('[')), Some(&"[source.http]"));
        assert_eq!(error.column, 14);
        // What the file leaves out is wrong where its table begins.
        let text = template().replacen("publish_deadline_s = 60\n", "", 1);
        let text = text.replacen("publish_interval_ms = 1000", "publish_interval_ms = 60000", 1);
        let error = Config::check_text(&text).unwrap_err();
        assert_eq!(error.key, "log.publish_deadline_s");
        assert_eq!(text.lines().nth(error.line - 1), Some("[log]"));
    }
}
