//! The server of an instance, if one runs. What it has open, commands reach through its admin API.

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use clap::Args;
use countersign_http::admin::feed::CONTENT_TYPE;
use countersign_http::bearer::BearerToken;
use countersign_http::network::listen::Listen;
use countersign_log::backend::Backend as _;
use countersign_log::backend::posix::Posix;
use countersign_log::open::LOCK;
use countersign_people::data_dir::DataDir;
use countersign_protocol::ledger_bundle::BUNDLE_BYTES_MAX;
use countersign_service::instance::InstanceError;
use countersign_service::server_address::ServerAddress;
use countersign_source::http_client::authorities;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Response, StatusCode};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use zeroize::Zeroizing;

use super::Failure;
use super::unix_connector::UnixConnector;
use crate::config::Config;

/// How long the server may take to say that it is there.
const PROBE: Duration = Duration::from_secs(3);

/// How long the server may take for a call.
const CALL: Duration = Duration::from_secs(60);

/// How long it may take to close a period, which reads all of it.
const CLOSE: Duration = Duration::from_secs(6 * 3_600);

/// The shortest pause before a call is made once more, whatever the server says.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// The environment variable with the file of the authority to trust.
const CA_VARIABLE: &str = "COUNTERSIGN_CA";

/// What a server is called at that is reached through a socket file: no name has to be looked up.
const LOCALHOST: &str = "http://127.0.0.1";

/// The kind of what is sent, mostly.
const JSON: &str = "application/json";

/// How commands reach the running server of an instance.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ServerOptions {
    /// How many seconds to keep retrying while the server asks to wait.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
    /// The authority that signed the server's certificate, in PEM; COUNTERSIGN_CA and `ca` in [tls] of
    /// countersign.toml say the same. Without it, those of the system are trusted.
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// The options of this process, which every command shares.
static OPTIONS: OnceLock<ServerOptions> = OnceLock::new();

impl ServerOptions {
    /// Has every command of this process obey these.
    pub(super) fn install(self) {
        // There is one set of arguments a process.
        let _ = OPTIONS.set(self);
    }

    /// TLS toward the server, by the authority that is named, or by those of the system.
    fn tls(&self, directory: &DataDir, config: &Config) -> Result<TlsConfig, String> {
        let of_config = || config.tls.as_ref()?.ca.as_ref().map(|ca| directory.path().join(ca));
        // An empty one is none, as shells unset variables for one command.
        let of_environment =
            || std::env::var_os(CA_VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from);
        let ca = self.ca.clone().or_else(of_environment).or_else(of_config);
        let roots = match ca {
            None => RootCerts::PlatformVerifier,
            Some(ca) => {
                let trusted = authorities(&ca)?;
                let owned = trusted.iter().map(|one| Certificate::from_der(one).to_owned());
                RootCerts::Specific(Arc::new(owned.collect()))
            }
        };
        Ok(TlsConfig::builder().root_certs(roots).build())
    }
}

/// A call of the admin API.
pub(super) struct Call {
    method: &'static str,
    path: String,
    content_type: &'static str,
    body: Vec<u8>,
    /// How long the server may take for it.
    timeout: Duration,
}

impl Call {
    /// Asks for something.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::bodiless("GET", path)
    }

    /// Does something for which nothing more has to be said than its path.
    pub(super) fn bodiless(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), content_type: JSON, body: Vec::new(), timeout: CALL }
    }

    /// Sends something, with `POST` or `PUT`.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub(super) fn send<Q: Serialize>(
        method: &'static str,
        path: impl Into<String>,
        body: &Q,
    ) -> Result<Self, CallError> {
        Ok(Self { body: serde_json::to_vec(body)?, ..Self::bodiless(method, path) })
    }

    /// Sends lines of the change feed.
    pub(super) fn lines(path: impl Into<String>, lines: Vec<u8>) -> Self {
        Self { content_type: CONTENT_TYPE, body: lines, ..Self::bodiless("POST", path) }
    }

    /// Closes the period, however long that takes.
    pub(super) fn close() -> Self {
        Self { timeout: CLOSE, ..Self::bodiless("POST", "/closes") }
    }
}

/// A server that runs on the instance.
pub(super) struct Running {
    agent: ureq::Agent,
    admin_url: String,
    authorization: Zeroizing<String>,
    /// How long a call is made again while the server asks to wait.
    wait_max: Duration,
}

/// A call that the server did not answer as wanted.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// It says why not.
    #[error("{message}")]
    Refused {
        /// What it says.
        message: String,
    },
    /// It asks to wait, and still does.
    #[error("{message} (asked for {waited_s} seconds; --wait SECONDS asks for longer)")]
    StillWaiting {
        /// What it says.
        message: String,
        /// For how long it was asked.
        waited_s: u64,
    },
    /// Its certificate is not trusted.
    #[error(
        "{url}: {error}; if an authority of your own signed the server's certificate, name it with --ca FILE, {CA_VARIABLE}, or ca in [tls] of countersign.toml"
    )]
    Untrusted {
        /// What was called.
        url: String,
        /// What TLS says.
        error: Box<ureq::Error>,
    },
    /// It says nothing that a Countersign server would.
    #[error(
        "{url} answers with status {status} and no reason; is it a Countersign server of this version?"
    )]
    Unexpected {
        /// What was called.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// It does not answer.
    #[error("{url}: {error}")]
    Unreachable {
        /// What was called.
        url: String,
        /// What the client says.
        error: Box<ureq::Error>,
    },
    /// What is asked cannot be written as JSON.
    #[error("the call cannot be written: {0}")]
    Form(#[from] serde_json::Error),
}

impl Running {
    /// The server that runs on the instance: somebody holds the lock of its log, answers at its address
    /// and takes its admin token. While nobody holds the lock, whoever listens there is somebody else,
    /// and does not get to see the token.
    ///
    /// # Errors
    /// [`CallError`] if there is somebody at its address who does not answer, or whom TLS does not trust.
    pub(super) fn find(directory: &DataDir, config: &Config) -> Result<Option<Self>, Failure> {
        if !is_open(directory)? {
            return Ok(None);
        }
        let Some(address) = ServerAddress::read(directory)? else {
            // Another command has the log open, or a server that is about to listen.
            return Ok(None);
        };
        let token = BearerToken::read(&directory.admin_token())?;
        let options = OPTIONS.get_or_init(ServerOptions::default);
        let settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL))
            .tls_config(options.tls(directory, config)?)
            // The server is the instance's own; no proxy has to see the admin token.
            .proxy(None)
            .build();
        let (agent, url) = match address.parse() {
            Ok(Listen::Unix(path)) => {
                let (connector, resolver) = (UnixConnector(path), DefaultResolver::default());
                (ureq::Agent::with_parts(settings, connector, resolver), LOCALHOST.to_owned())
            }
            _ => (settings.into(), address),
        };
        let running = Self {
            agent,
            admin_url: format!("{url}/admin/v1"),
            authorization: Zeroizing::new(format!("Bearer {}", token.as_str())),
            wait_max: Duration::from_secs(options.wait),
        };
        Ok(running.answers()?.then_some(running))
    }

    /// Makes a call, and reads what is answered as JSON.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) fn call<A: DeserializeOwned>(&self, call: &Call) -> Result<A, CallError> {
        let url = self.url(call);
        Ok(serde_json::from_str(&text_of(&url, self.answer_in_the_end(call)?)?)?)
    }

    /// Makes a call whose answer is no JSON.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) fn bytes(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let url = self.url(call);
        let mut response = self.answer_in_the_end(call)?;
        if !response.status().is_success() {
            return text_of(&url, response).map(String::into_bytes);
        }
        let body = response.body_mut().with_config().limit(BUNDLE_BYTES_MAX as u64);
        body.read_to_vec().map_err(|error| unreachable(&url, error))
    }

    fn url(&self, call: &Call) -> String {
        format!("{}{}", self.admin_url, call.path)
    }

    /// Whether the server is there. Nobody at its address is no error: another command may have the log open.
    fn answers(&self) -> Result<bool, CallError> {
        let url = format!("{}/register", self.admin_url);
        let probe = self
            .agent
            .head(&url)
            .header("authorization", self.authorization.as_str())
            .config()
            .timeout_global(Some(PROBE))
            .build()
            .call();
        match probe {
            Ok(response) => Ok(response.status() == StatusCode::OK),
            Err(ureq::Error::ConnectionFailed) => Ok(false),
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                Ok(false)
            }
            Err(error) => Err(unreachable(&url, error)),
        }
    }

    fn answer(&self, call: &Call) -> Result<Response<ureq::Body>, CallError> {
        let url = self.url(call);
        let request = Request::builder()
            .method(call.method)
            .uri(&url)
            .header("authorization", self.authorization.as_str())
            .header("content-type", call.content_type)
            .body(&call.body[..])
            .map_err(|error| unreachable(&url, error.into()))?;
        let request =
            self.agent.configure_request(request).timeout_global(Some(call.timeout)).build();
        self.agent.run(request).map_err(|error| unreachable(&url, error))
    }

    /// Asks until the server does not ask to wait, or has done so for too long. Whoever waits is told why.
    fn answer_in_the_end(&self, call: &Call) -> Result<Response<ureq::Body>, CallError> {
        let (begun, mut is_told) = (Instant::now(), false);
        loop {
            let response = self.answer(call)?;
            let Some(pause) = asked_to_wait(&response) else { return Ok(response) };
            let message = match text_of(&self.url(call), response) {
                Err(error) => error.to_string(),
                Ok(text) => text,
            };
            let left = self.wait_max.saturating_sub(begun.elapsed());
            if left.is_zero() {
                let waited_s = self.wait_max.as_secs();
                return Err(CallError::StillWaiting { message, waited_s });
            }
            if !is_told {
                is_told = true;
                tell_of_waiting(&message, self.wait_max);
            }
            std::thread::sleep(pause.max(PAUSE_MIN).min(left));
        }
    }
}

/// The text of an answer that is as wanted.
fn text_of(url: &str, mut response: Response<ureq::Body>) -> Result<String, CallError> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    let status = response.status();
    let text = response.body_mut().read_to_string().map_err(|error| unreachable(url, error))?;
    if status.is_success() {
        return Ok(text);
    }
    Err(match serde_json::from_str::<Refusal>(&text) {
        Ok(Refusal { error: message }) => CallError::Refused { message },
        // Axum's own refusals, of a body that cannot be read for one, are plain text.
        Err(_) if status.is_client_error() && !text.is_empty() => {
            CallError::Refused { message: text }
        }
        Err(_) => CallError::Unexpected { url: url.to_owned(), status: status.as_u16() },
    })
}

fn unreachable(url: &str, error: ureq::Error) -> CallError {
    let is_of_tls = match &error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => true,
        ureq::Error::Io(error) => error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()),
        _ => false,
    };
    let (url, error) = (url.to_owned(), Box::new(error));
    if is_of_tls {
        CallError::Untrusted { url, error }
    } else {
        CallError::Unreachable { url, error }
    }
}

/// Says to whoever ran the command that it waits, and why.
fn tell_of_waiting(message: &str, wait_max: Duration) {
    let limit_s = wait_max.as_secs();
    // A reader who has gone away is no failure of the call.
    let _ = writeln!(
        std::io::stderr().lock(),
        "the server asks to wait: {message}\nasking again for up to {limit_s} seconds (--wait SECONDS)"
    );
}

/// How long the server asks to wait, having done nothing.
fn asked_to_wait(response: &Response<ureq::Body>) -> Option<Duration> {
    if response.status() != StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(CALL))
}

/// Whether somebody has the log of the instance open.
fn is_open(directory: &DataDir) -> Result<bool, InstanceError> {
    match Posix::new(directory.log()).lock(LOCK) {
        Ok(lock) => Ok(lock.is_none()),
        // There is no log yet, so nobody has it open.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(InstanceError::File { path: directory.log().join(LOCK), error }),
    }
}

/// What stands in one part of a path as it is.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A text as one part of a path.
pub(super) fn path_part(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, PART)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_asks_to_wait_is_asked_again_with_the_same() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let mut bodies = Vec::new();
            for (status, text) in [
                ("503 Service Unavailable\r\nRetry-After: 0", r#"{"error":"later"}"#),
                ("200 OK", "7"),
                // One that does not say when is not asked again.
                ("503 Service Unavailable", r#"{"error":"never"}"#),
            ] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = Vec::new();
                let mut buffer = [0; 1_024];
                while !asked.ends_with(b"changes") {
                    let read = stream.read(&mut buffer).unwrap();
                    asked.extend_from_slice(&buffer[..read]);
                }
                let length = text.len();
                write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}")
                    .unwrap();
                bodies.push(asked);
            }
            bodies
        });
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let authorization = Zeroizing::new("Bearer token".to_owned());
        let wait_max = Duration::from_secs(60);
        let running = Running { agent, admin_url: url, authorization, wait_max };
        let send = || running.call::<u64>(&Call::lines("/feed", b"changes".to_vec()));
        assert_eq!(send().unwrap(), 7);
        assert!(matches!(send(), Err(CallError::Refused { message }) if message == "never"));
        let bodies = server.join().unwrap();
        assert_eq!(bodies[0], bodies[1]);
    }

    #[test]
    fn a_server_that_asks_to_wait_for_ever_is_left_after_a_stated_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let admin_url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let text = r#"{"error":"not yet"}"#;
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4_096]);
                let length = text.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{text}"
                );
            }
        });
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        let authorization = Zeroizing::new("Bearer token".to_owned());
        let wait_max = Duration::from_secs(1);
        let running = Running { agent, admin_url, authorization, wait_max };
        let begun = Instant::now();
        let error = running.call::<u64>(&Call::get("/x")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not yet (asked for 1 seconds; --wait SECONDS asks for longer)"
        );
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}
