//! A log's site on any static web host.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use countersign_protocol::site_path::CHECKPOINT_PATH;
use countersign_verifier::site::{Site, SiteError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::CannotSay;
use crate::limits::Deadline;

/// How long it may take until there is a connection, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take from there until the head of the answer has come.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a file is asked for when the network or the server fails.
const ATTEMPTS: u32 = 3;

/// Where an instance serves its log.
const LOG_FOLDER: &str = "/log";

/// The environment variable with the file of the authority to trust.
const CA_VARIABLE: &str = "COUNTERSIGN_CA";

/// The authority that this process was told to trust, which every site shares.
static CA: OnceLock<PathBuf> = OnceLock::new();

/// Has every site of this process trust this authority alone.
pub(crate) fn trust(ca: PathBuf) {
    // There is one set of arguments a process.
    let _ = CA.set(ca);
}

/// The authorities that web hosts are taken by: the one that was named, or those of the system.
fn roots() -> Result<RootCerts, CannotSay> {
    // An empty one is none, as shells unset variables for one command.
    let of_environment =
        || std::env::var_os(CA_VARIABLE).filter(|file| !file.is_empty()).map(PathBuf::from);
    match CA.get().cloned().or_else(of_environment) {
        None => Ok(RootCerts::PlatformVerifier),
        Some(path) => read_roots(&path),
    }
}

fn read_roots(path: &Path) -> Result<RootCerts, CannotSay> {
    let wrong = |what: &dyn std::fmt::Display| CannotSay(format!("{}: {what}", path.display()));
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<CertificateDer<'static>> = read.map_err(|error| wrong(&error))?;
    if found.is_empty() {
        return Err(wrong(&"there is no certificate in it; give a file in PEM"));
    }
    let owned = found.iter().map(|one| Certificate::from_der(one).to_owned());
    Ok(RootCerts::Specific(Arc::new(owned.collect())))
}

/// A site behind a URL.
pub(crate) struct HttpSite {
    base: String,
    agent: Agent,
    /// How long a file may take, with all attempts.
    file_timeout: Duration,
    deadline: Deadline,
}

/// One attempt at a file.
enum Attempt {
    Done(Option<Vec<u8>>),
    TooLarge,
    /// May go better next time.
    Failed(String),
    /// Will not.
    Refused(String),
}

impl HttpSite {
    pub(crate) fn new(
        url: &str,
        file_timeout: Duration,
        deadline: Deadline,
    ) -> Result<Self, CannotSay> {
        if url.contains(['?', '#']) {
            return Err(CannotSay(format!(
                "{url}: give the URL of the log's folder, without ? or #"
            )));
        }
        // One provider for the whole process; it fails only if there is one already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let config = Agent::config_builder()
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(HEAD_TIMEOUT))
            .http_status_as_error(false)
            // The log's address is what the caller gave: what stands elsewhere is not asked for, since a
            // hostile log could have this program ask hosts that only its user can reach.
            .max_redirects(0)
            .user_agent(concat!("countersign-verify/", env!("CARGO_PKG_VERSION")))
            .tls_config(
                TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(roots()?).build(),
            )
            .build();
        let base = url.trim_end_matches('/').to_owned();
        Ok(Self { base, agent: config.into(), file_timeout, deadline })
    }

    /// What to try where there is no log: an instance serves its log in a folder of this name. It is not tried here,
    /// since only the caller knows which address was meant.
    fn advice(&self) -> String {
        match self.base.ends_with(LOG_FOLDER) {
            true => "; is this the address of a log?".to_owned(),
            false => format!("; did you mean {}{LOG_FOLDER}?", self.base),
        }
    }

    /// Asks once, for so long and no longer, whatever of it the host draws out.
    fn attempt(&self, path: &str, bytes_max: u64, timeout: Duration) -> Attempt {
        let request = self.agent.get(format!("{}/{path}", self.base));
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut response = match request.call() {
            Ok(response) => response,
            Err(error) => return Attempt::Failed(error.to_string()),
        };
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Attempt::Done(None),
            status @ (429 | 500..=599) => return Attempt::Failed(format!("HTTP status {status}")),
            status @ 300..=399 => {
                return Attempt::Refused(format!(
                    "HTTP status {status}; redirects are not followed, give the log's own address"
                ));
            }
            status => return Attempt::Refused(format!("HTTP status {status}")),
        }
        // The reader's limit is one byte more than what is taken, so that a file of the very size passes.
        match response.body_mut().with_config().limit(bytes_max + 1).read_to_vec() {
            Ok(bytes) if bytes.len() as u64 > bytes_max => Attempt::TooLarge,
            Ok(bytes) => Attempt::Done(Some(bytes)),
            Err(ureq::Error::BodyExceedsLimit(_)) => Attempt::TooLarge,
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                Attempt::Refused(error.to_string())
            }
            Err(error) => Attempt::Failed(error.to_string()),
        }
    }
}

impl Site for HttpSite {
    fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError> {
        let unreadable =
            |reason| SiteError::Unreadable { path: format!("{}/{path}", self.base), reason };
        let file_ends = Instant::now() + self.file_timeout;
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS {
            let of_all = self.deadline.left().map_err(unreadable)?;
            let of_file = file_ends.saturating_duration_since(Instant::now());
            let pause = Duration::from_millis(u64::from(attempt) * 500);
            let timeout = of_all.min(of_file).saturating_sub(pause);
            if timeout.is_zero() {
                break;
            }
            std::thread::sleep(pause);
            match self.attempt(path, bytes_max, timeout) {
                Attempt::Done(None) if path == CHECKPOINT_PATH => {
                    return Err(unreadable(format!("there is no such file{}", self.advice())));
                }
                Attempt::Done(bytes) => return Ok(bytes),
                Attempt::TooLarge => {
                    return Err(SiteError::TooLarge { path: path.to_owned(), bytes_max });
                }
                Attempt::Refused(reason) if path == CHECKPOINT_PATH => {
                    return Err(unreadable(format!("{reason}{}", self.advice())));
                }
                Attempt::Refused(reason) => return Err(unreadable(reason)),
                Attempt::Failed(why) => reason = why,
            }
        }
        self.deadline.left().map_err(unreadable)?;
        let seconds = self.file_timeout.as_secs();
        Err(unreadable(format!(
            "{reason} ({ATTEMPTS} attempts at most, in {seconds} s; --file-timeout-s gives a file more time)"
        )))
    }

    fn list(&self, _folder: &str) -> Result<Option<Vec<String>>, SiteError> {
        Ok(None)
    }
}
