//! The server of an instance, if one runs. What it has open, commands reach through its admin API.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, StatusCode};
use zeroize::Zeroizing;

use super::Failure;
use crate::config::Config;
use crate::directory::Directory;
use crate::gateway::admin::AdminToken;
use crate::instance::InstanceError;

/// How long the server may take to say that it is there.
const PROBE: Duration = Duration::from_secs(3);

/// How long the server may take for a call.
const CALL: Duration = Duration::from_secs(60);

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
    /// What is asked cannot be written as JSON.
    #[error("the call cannot be written: {0}")]
    Form(#[from] serde_json::Error),
}

impl Running {
    /// The server that answers at the instance's address and takes the instance's admin token. Another
    /// instance that listens there does not, so it is not taken for this one.
    pub(super) fn find(directory: &Directory, config: &Config) -> Result<Option<Self>, Failure> {
        let path = directory.admin_token();
        let token = AdminToken::read(&path).map_err(|error| InstanceError::File { path, error })?;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL))
            // The server is the instance's own; no proxy has to see the admin token.
            .proxy(None)
            .build()
            .into();
        let running = Self {
            agent,
            admin_url: format!("{}/admin/v1", config.public_url()),
            authorization: Zeroizing::new(format!("Bearer {}", token.as_str())),
        };
        Ok(running.answers().then_some(running))
    }

    /// Asks for something.
    pub(super) fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, CallError> {
        self.call("GET", path, Vec::new())
    }

    /// Sends something, with `POST` or `PUT`.
    pub(super) fn send<Q: Serialize, A: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &Q,
    ) -> Result<A, CallError> {
        self.call(method, path, serde_json::to_vec(body)?)
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
            .header("content-type", "application/json")
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
