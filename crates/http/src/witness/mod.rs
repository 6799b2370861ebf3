//! A witness for other people's logs: a folder with a key and the keys of the logs that it watches, and
//! `add-checkpoint` over HTTP.
//!
//! ```text
//! witness.key     its secret key, PKCS#8 PEM, mode 600
//! witness.vkey    its public key under its name, for logs and for those who read them
//! logs            the keys of the logs, one a line; lines that begin with # are passed over
//! cosigned/       what it has cosigned of each: never to be lost, and never to be restored from a copy
//!                 that is older
//! ```
//!
//! What it is not: an instance. It holds nobody's data and has nothing to do with one that may run beside it.
//!
//! Spec: C2SP tlog-witness; what is cosigned is decided in `countersign_log::witness::ledger`.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use countersign_log::backend::posix::Posix;
use countersign_log::witness::ledger::{Ledger, LedgerError};
use countersign_log::witness::request::REQUEST_BYTES_MAX;
use countersign_people::durable_file;
use countersign_people::keys::{KeyError, SecretKey};
use countersign_protocol::cosignature::WitnessKey;
use countersign_protocol::note::{NoteKey, NoteKeyError};
use countersign_service::clock;
use countersign_service::file_signer::FileSigner;

use crate::network::{EndpointClass, Endpoints, Limit, Refusal};

/// What a new file of logs says.
const LOGS: &str = "\
# The logs that this witness watches: the key of one a line, as NAME+ID+KEY. Its name is the log's origin.
# The witness reads this file when it starts. Before a line is taken away, think of what it promised.
";

/// A witness that cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A line is no key.
    #[error("{}:{line}: {error}", path.display())]
    Vkey {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong with it.
        error: NoteKeyError,
    },
    /// The public key is not that of the secret one.
    #[error("{}: it is not the public half of witness.key; restore the one that belongs to the other", path.display())]
    OtherKey {
        /// The file.
        path: PathBuf,
    },
    /// The name cannot stand in a note.
    #[error("--name: {0}")]
    Name(NoteKeyError),
    /// The secret key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What was cosigned.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Makes a new witness of this name in a folder: its key, and an empty list of logs. What is there already
/// is never overwritten.
///
/// # Errors
/// [`WitnessError`].
pub fn create(folder: &Path, name: &str) -> Result<WitnessKey, WitnessError> {
    let secret = SecretKey::generate()?;
    let key = WitnessKey::new(name, secret.public()).map_err(WitnessError::Name)?;
    let file = |path: &Path| {
        let path = path.to_owned();
        |error| WitnessError::File { path, error }
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| durable_file::sync_folder(durable_file::folder_of(folder)))
        .map_err(file(folder))?;
    let key_path = folder.join("witness.key");
    secret.write_new(&key_path)?;
    let mut made = vec![key_path];
    for (name, text) in [("witness.vkey", format!("{key}\n")), ("logs", LOGS.to_owned())] {
        let path = folder.join(name);
        let written = durable_file::create_new(&path, text.as_bytes(), durable_file::PUBLIC);
        if let Err(error) = written {
            // So that it can be made anew. Nobody has the key yet; what cannot be removed is named then.
            made.iter().for_each(|path| drop(fs::remove_file(path)));
            return Err(file(&path)(error));
        }
        made.push(path);
    }
    Ok(key)
}

/// Opens a witness, to watch.
///
/// # Errors
/// [`WitnessError`], naming file and line.
pub fn open(folder: &Path) -> Result<Ledger, WitnessError> {
    let signer = FileSigner::read(&folder.join("witness.key"))?;
    let WitnessFiles { key, logs } = WitnessFiles::read(folder)?;
    Ok(Ledger::open(Arc::new(Posix::new(folder)), key, Arc::new(signer), logs)?)
}

/// Who a witness is, and what it watches, as its files say.
pub struct WitnessFiles {
    /// Its key.
    pub key: WitnessKey,
    /// The keys of the logs that it watches.
    pub logs: Vec<NoteKey>,
}

impl WitnessFiles {
    /// Reads the files of a witness, which may be watching.
    ///
    /// # Errors
    /// [`WitnessError`], naming file and line.
    pub fn read(folder: &Path) -> Result<Self, WitnessError> {
        let secret = SecretKey::read(&folder.join("witness.key"))?;
        let path = folder.join("witness.vkey");
        let keys = read_keys(&path, WitnessKey::parse)?;
        let key = keys.into_iter().find(|key| *key.key() == secret.public());
        let key = key.ok_or(WitnessError::OtherKey { path })?;
        let logs = read_keys(&folder.join("logs"), NoteKey::parse)?;
        Ok(Self { key, logs })
    }
}

/// The keys in a file, one a line.
fn read_keys<K>(
    path: &Path,
    parse: impl Fn(&str) -> Result<K, NoteKeyError>,
) -> Result<Vec<K>, WitnessError> {
    let text = fs::read_to_string(path)
        .map_err(|error| WitnessError::File { path: path.to_owned(), error })?;
    let lines = (1..).zip(text.lines()).map(|(number, line)| (number, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(line, text)| {
            parse(text).map_err(|error| WitnessError::Vkey { path: path.to_owned(), line, error })
        })
        .collect()
}

/// What the network's limits need to know of a witness: it has one endpoint, and tokens for nobody.
pub struct WitnessEndpoints;

impl Endpoints for WitnessEndpoints {
    fn class(&self, _: &str) -> EndpointClass {
        EndpointClass::Public
    }

    fn is_authorised(&self, _: &Parts) -> bool {
        false
    }

    fn refuse(&self, _: &str, refusal: Refusal) -> Response {
        if refusal == Refusal::HeadTooLarge {
            return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
        }
        let retry_after = [(header::RETRY_AFTER, "1")];
        (StatusCode::SERVICE_UNAVAILABLE, retry_after, "too much is under way\n").into_response()
    }

    /// A witness has no metrics.
    fn count(&self, _: Limit) {}
}

/// What a witness serves.
pub fn router(ledger: Arc<Ledger>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(ledger)
}

/// `POST /add-checkpoint`.
async fn add_checkpoint(State(ledger): State<Arc<Ledger>>, body: Bytes) -> Response {
    // It waits for the disk.
    let added = tokio::task::spawn_blocking(move || ledger.add_checkpoint(&body, clock::now()));
    let Ok(reply) = added.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, reply.body).into_response();
    if let Ok(kind) = HeaderValue::from_str(&reply.content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
