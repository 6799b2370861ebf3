//! A small HTTP client for the tour: what a partner's device and the platform's own pages send.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::world::WorldError;

/// The largest answer that the tour reads, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long an answer may take.
const CALL: Duration = Duration::from_secs(60);

/// A client of one instance.
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

/// An answer as it came.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers, as `curl -D` writes them.
    pub headers: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// If it is none.
    pub fn json(&self) -> Result<Value, WorldError> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The code of the Graph error in it, if there is one.
    #[must_use]
    pub fn error_code(&self) -> Option<u64> {
        self.json().ok()?.pointer("/error/code")?.as_u64()
    }
}

impl Client {
    /// A client of the instance at this address.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(CALL))
            // The server is on this machine, whatever proxy its user has.
            .proxy(None)
            .build();
        Self { agent: config.into(), url: url.to_owned() }
    }

    /// `GET`, with a bearer token.
    ///
    /// # Errors
    /// If there is no answer at all.
    pub fn get(&self, path: &str, bearer: &str) -> Result<Reply, WorldError> {
        let request = self.agent.get(format!("{}{path}", self.url));
        read(request.header("authorization", format!("Bearer {bearer}")).call()?)
    }

    /// `POST` of JSON, with a bearer token.
    ///
    /// # Errors
    /// If there is no answer at all.
    pub fn post(&self, path: &str, bearer: &str, body: &Value) -> Result<Reply, WorldError> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {bearer}"));
        read(request.content_type("application/json").send(body.to_string())?)
    }

    /// `PUT` of JSON, with a bearer token.
    ///
    /// # Errors
    /// If there is no answer at all.
    pub fn put(&self, path: &str, bearer: &str, body: &Value) -> Result<Reply, WorldError> {
        let request = self.agent.put(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {bearer}"));
        read(request.content_type("application/json").send(body.to_string())?)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Reply, WorldError> {
    let mut headers = format!("HTTP/1.1 {}\r\n", response.status());
    for (name, value) in response.headers() {
        write!(headers, "{name}: {}\r\n", value.to_str().unwrap_or_default())?;
    }
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    Ok(Reply { status: response.status().as_u16(), headers, body })
}
