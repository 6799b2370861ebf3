//! The server of an instance, if one runs. What it has open, commands reach through its admin API.

use std::io::ErrorKind;
use std::time::Duration;

use countersign_log::backend::Backend as _;
use countersign_log::backend::posix::Posix;
use countersign_log::open::LOCK;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, StatusCode};
use zeroize::Zeroizing;

use super::Failure;
use crate::config::Config;
use crate::directory::Directory;
use crate::gateway::bearer::BearerToken;
use crate::instance::InstanceError;

/// How long the server may take to say that it is there.
const PROBE: Duration = Duration::from_secs(3);

/// How long the server may take for a call.
const CALL: Duration = Duration::from_secs(60);

/// The kind of what is sent, mostly.
const JSON: &str = "application/json";

/// A server that runs on the instance.
pub(super) struct Running {
    agent: ureq::Agent,
    admin_url: String,
    authorization: Zeroizing<String>,
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
    /// The admin token would leave in the clear.
    #[error(
        "the admin token is not sent to {url} in the clear; [tls] is set, so public_url in countersign.toml begins with https://"
    )]
    InClear {
        /// The public URL.
        url: String,
    },
    /// What is asked cannot be written as JSON.
    #[error("the call cannot be written: {0}")]
    Form(#[from] serde_json::Error),
}

impl Running {
    /// The server that runs on the instance: somebody holds the lock of its log, answers at its address
    /// and takes its admin token. While nobody holds the lock, whoever listens there is somebody else,
    /// and does not get to see the token.
    pub(super) fn find(directory: &Directory, config: &Config) -> Result<Option<Self>, Failure> {
        if !is_open(directory)? {
            return Ok(None);
        }
        let url = own_url(config)?;
        let token = BearerToken::read(&directory.admin_token())?;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL))
            // The server is the instance's own; no proxy has to see the admin token.
            .proxy(None)
            .build()
            .into();
        let running = Self {
            agent,
            admin_url: format!("{url}/admin/v1"),
            authorization: Zeroizing::new(format!("Bearer {}", token.as_str())),
        };
        Ok(running.answers().then_some(running))
    }

    /// Asks for something.
    pub(super) fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, CallError> {
        self.call("GET", path, JSON, Vec::new())
    }

    /// Sends something, with `POST`, `PUT` or `DELETE`.
    pub(super) fn send<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &Q,
    ) -> Result<A, CallError> {
        self.call(method, path, JSON, serde_json::to_vec(body)?)
    }

    /// Sends something that is of another kind than JSON.
    pub(super) fn send_bytes<A: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<A, CallError> {
        self.call(method, path, content_type, body)
    }

    fn answers(&self) -> bool {
        let probe = self
            .agent
            .head(format!("{}/register", self.admin_url))
            .header("authorization", self.authorization.as_str())
            .config()
            .timeout_global(Some(PROBE))
            .build()
            .call();
        probe.is_ok_and(|response| response.status() == StatusCode::OK)
    }

    fn call<A: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<A, CallError> {
        #[derive(serde::Deserialize)]
        struct Refusal {
            error: String,
        }
        let url = format!("{}{path}", self.admin_url);
        let unreachable =
            |error| CallError::Unreachable { url: url.clone(), error: Box::new(error) };
        let request = Request::builder()
            .method(method)
            .uri(&url)
            .header("authorization", self.authorization.as_str())
            .header("content-type", content_type)
            .body(body)
            .map_err(|error| unreachable(error.into()))?;
        let mut response = self.agent.run(request).map_err(unreachable)?;
        let status = response.status();
        let text = response.body_mut().read_to_string().map_err(unreachable)?;
        if status.is_success() {
            return Ok(serde_json::from_str(&text)?);
        }
        Err(match serde_json::from_str::<Refusal>(&text) {
            Ok(Refusal { error: message }) => CallError::Refused { message },
            // Axum's own refusals, of a body that cannot be read for one, are plain text.
            Err(_) if status.is_client_error() && !text.is_empty() => {
                CallError::Refused { message: text }
            }
            Err(_) => CallError::Unexpected { url, status: status.as_u16() },
        })
    }
}

/// Whether somebody has the log of the instance open.
fn is_open(directory: &Directory) -> Result<bool, InstanceError> {
    match Posix::new(directory.log()).lock(LOCK) {
        Ok(lock) => Ok(lock.is_none()),
        // There is no log yet, so nobody has it open.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(InstanceError::File { path: directory.log().join(LOCK), error }),
    }
}

/// Where the instance's own server is called: over loopback, where it listens without TLS, and else
/// by its public name, whose certificate tells that it is the one.
fn own_url(config: &Config) -> Result<String, CallError> {
    let public = config.public_url();
    if config.tls.is_none() {
        Ok(format!("http://{}", config.listen))
    } else if public.starts_with("https://") {
        Ok(public.to_owned())
    } else {
        Err(CallError::InClear { url: public.to_owned() })
    }
}

/// A text as one part of a path.
pub(super) fn path_part(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}
