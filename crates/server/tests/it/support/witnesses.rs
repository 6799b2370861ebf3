//! Witnesses for a world: honest ones, which are processes of `countersign log witness serve`, and those that
//! answer what a test says.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use countersign_http::witness;
use countersign_log::witness::request::AddCheckpoint;
use countersign_protocol::cosigned::Cosigned;
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::Policy;
use tempfile::TempDir;

use crate::support::{PATIENCE, World, eventually, free_address, program};

/// An honest witness, in a folder of its own.
pub(crate) struct Watcher {
    pub(crate) folder: TempDir,
    pub(crate) key: String,
    pub(crate) address: SocketAddr,
    child: Option<Child>,
}

impl Watcher {
    /// A witness of this name that watches this log, and runs.
    pub(crate) fn of(name: &str, log: &NoteKey) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = witness::create(folder.path(), name).unwrap().to_string();
        fs::write(folder.path().join("logs"), format!("# one log\n{log}\n")).unwrap();
        let mut watcher = Self { folder, key, address: free_address(), child: None };
        watcher.start();
        watcher
    }

    pub(crate) fn start(&mut self) {
        let mut command = program(&["log", "witness", "serve"]);
        command.arg("--dir").arg(self.folder.path()).args(["--listen", &self.address.to_string()]);
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        eventually("the witness listens", || TcpStream::connect(self.address).is_ok());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it answers to a request: status, content type and body.
    pub(crate) fn asked(&self, request: &AddCheckpoint) -> (u16, String, String) {
        add_checkpoint(&self.url(), &request.to_bytes())
    }

    pub(crate) fn cosigned(&self) -> std::path::PathBuf {
        self.folder.path().join("cosigned")
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What the witness at this address answers to this body.
pub(crate) fn add_checkpoint(url: &str, body: &[u8]) -> (u16, String, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .build()
        .into();
    let mut response = agent.post(format!("{url}/add-checkpoint")).send(body).unwrap();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), kind.unwrap_or_default(), text)
}

/// A witness that answers to each request what a test says: the whole of HTTP.
pub(crate) struct Liar {
    pub(crate) address: SocketAddr,
    is_over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Liar {
    pub(crate) fn start(answer: impl Fn(&AddCheckpoint) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let Some(request) = read_request(&mut stream) else { continue };
                // Nobody may be there to read it.
                let _ = stream.write_all(answer(&request).as_bytes());
            }
        });
        Self { address, is_over, accepting: Some(accepting) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // The thread waits for a connection.
        drop(TcpStream::connect(self.address));
        self.accepting.take().unwrap().join().unwrap();
    }
}

fn read_request(stream: &mut TcpStream) -> Option<AddCheckpoint> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some(AddCheckpoint::parse(&body).unwrap())
}

/// An answer with this status, content type and body, after which the connection ends.
pub(crate) fn answered(status: u16, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Gives a world these witnesses, each a key and an address, with this quorum over `g`'s members.
pub(crate) fn configure(world: &World, witnesses: &[(&str, String)], threshold: usize) -> Policy {
    let lines = (0..).zip(witnesses).map(|(n, (key, url))| format!("witness w{n} {key} {url}\n"));
    let lines: String = lines.collect();
    let members: String = (0..witnesses.len()).map(|n| format!(" w{n}")).collect();
    let text = format!("log {}\n{lines}group g {threshold}{members}\nquorum g\n", world.key);
    fs::write(world.path().join("witnesses.policy"), &text).unwrap();
    let config = world.directory.config();
    let mut settings = fs::read_to_string(&config).unwrap();
    settings.push_str("\n[witnesses]\npolicy = \"witnesses.policy\"\nask_interval_ms = 200\nask_interval_min_ms = 50\nask_timeout_ms = 400\nwait_max_ms = 4000\n");
    fs::write(config, settings).unwrap();
    Policy::parse(text.as_bytes()).unwrap()
}

/// The newest checkpoint of a world that met the policy, if there is one.
pub(crate) fn witnessed(world: &World, policy: &Policy) -> Option<Cosigned> {
    let bytes = fs::read(world.directory.site().join("checkpoint.witnessed")).ok()?;
    let cosigned = Cosigned::open(&bytes, &world.key, policy).unwrap();
    assert!(cosigned.quorum.is_met(), "{cosigned:?}");
    Some(cosigned)
}

/// How many entries of a world are witnessed.
pub(crate) fn witnessed_size(world: &World, policy: &Policy) -> u64 {
    witnessed(world, policy).map_or(0, |cosigned| cosigned.checkpoint.size)
}

/// The archived checkpoints of a world, all hours of it.
pub(crate) fn archived(world: &World, policy: &Policy) -> Vec<Cosigned> {
    let folder = world.directory.site().join("witnessed");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        countersign_protocol::archive::parse(&fs::read(file).unwrap(), &world.key, policy).unwrap()
    };
    files.iter().flat_map(read).collect()
}

/// Copies the files of a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
