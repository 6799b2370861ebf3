//! A world to test against: an instance founded like the demonstration's, its people, and a server in
//! a process of its own, which can be stopped and killed.

use std::fs;
use std::io::{Read as _, Seek as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use countersign::commands::demo::founding;
use countersign::config::Config;
use countersign_demo::client::{Client, Reply};
use countersign_demo::world;
use countersign_domain::act::{Act, Reinstatement, Signer, Subject, Suspension};
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::preset::Preset;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_people::store::{ClientSecret, GrantId, GrantRecord, People, Way};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::Hash;
use countersign_protocol::note::NoteKey;
use countersign_protocol::receipt::{RECEIPT_HEADER, Receipt};
use countersign_service::clock;
use countersign_service::governance::{self, Submission, Taken};
use countersign_service::instance::log;
use countersign_service::operations::acts::Posted;
use countersign_service::operations::token::Tokens;
use countersign_service::people::beginning::Beginning;
use countersign_verifier::log_check::{Question as LogQuestion, check_log};
use countersign_verifier::site::FolderSite;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::admin::openapi::assert_documented;
use crate::support::people::{self, Kind};

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An instance on disk.
pub(crate) struct World {
    pub(crate) directory: DataDir,
    pub(crate) key: NoteKey,
    pub(crate) address: SocketAddr,
    folder: Option<TempDir>,
}

/// The log's key, as outsiders give it to a verifier.
pub(crate) fn log_key(directory: &DataDir) -> String {
    let config = Config::read(&directory.config()).unwrap();
    log::key(directory, config.origin()).unwrap()
}

/// An entry of the log, as an outsider who checked all of it has seen it.
pub(crate) struct Leaf {
    pub(crate) hash: Hash,
    pub(crate) entry: Entry,
}

impl World {
    /// A world without people, in a folder that goes with it.
    pub(crate) fn founded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = Self::founded_in(folder.path());
        world.folder = Some(folder);
        world
    }

    /// A world without people, in a new folder below this one.
    pub(crate) fn founded_in(folder: &Path) -> Self {
        let address = free_address();
        let path = folder.join("instance");
        let key = world::found(&path, &founding(address).unwrap()).unwrap();
        let key = NoteKey::parse(&key).unwrap();
        let world = Self { directory: DataDir::new(&path), key, address, folder: None };
        world.configure("publish_interval_ms = 1000", "publish_interval_ms = 100");
        // Tests ask more than a client may, on disks that may be nearly full.
        world.configure("calls_per_hour = 200000", "calls_per_hour = 0");
        world.configure("log_bytes_per_hour = 1073741824", "log_bytes_per_hour = 0");
        world.configure("disk_reserve_mib = 512", "disk_reserve_mib = 0");
        world
    }

    /// Changes a line of the configuration.
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let path = self.directory.config();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "the configuration has no {from:?}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn config(&self) -> Config {
        Config::read(&self.directory.config()).unwrap()
    }

    pub(crate) fn url(&self) -> String {
        self.config().public_url().to_owned()
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The people store, while no server has it.
    pub(crate) fn people(&self) -> Arc<People> {
        Arc::new(people::open(&self.directory.people()))
    }

    /// The log, while no server has it.
    pub(crate) fn log(&self) -> Log {
        log::open(&self.directory, &self.config().settings()).unwrap()
    }

    pub(crate) fn import(&self, kind: Kind, path: &Path, preset: impl Into<Beginning>) -> u64 {
        people::import(kind, path, &self.people(), preset).unwrap().people
    }

    /// Imports one person a document, everything open where a document does not say otherwise.
    pub(crate) fn import_lines(&self, people: &[Value]) {
        let lines: String = people.iter().map(|person| format!("{person}\n")).collect();
        let path = self.path().join("people.jsonl");
        fs::write(&path, lines).unwrap();
        let imported = self.import(Kind::Jsonl, &path, Preset::Open);
        assert_eq!(imported, people.len() as u64);
    }

    /// What this partner calls the person of this account.
    pub(crate) fn id_toward(&self, partner: &str, account: &str) -> String {
        self.ids_toward(partner, &[account]).remove(0)
    }

    /// What this partner calls the people of these accounts.
    pub(crate) fn ids_toward(&self, partner: &str, accounts: &[&str]) -> Vec<String> {
        let people = self.people();
        let partner = Identifier::parse(partner).unwrap();
        let id = |account: &&str| {
            let person = people.person_of_account(account).unwrap().unwrap();
            people.pairwise(person, &partner).unwrap().to_string()
        };
        accounts.iter().map(id).collect()
    }

    /// What the demonstration's partner calls the person of this account.
    pub(crate) fn id(&self, account: &str) -> String {
        self.id_toward(world::PARTNER, account)
    }

    /// A token for the demonstration's client, made while no server runs.
    pub(crate) fn token(&self, account: &str) -> String {
        self.token_of(world::BUILD, world::PURPOSE, account, clock::now())
    }

    /// A token of this build for this purpose, as it was made at this time, whatever became of the build
    /// since; no server runs.
    pub(crate) fn token_of(
        &self,
        build: &str,
        purpose: &str,
        account: &str,
        made: Timestamp,
    ) -> String {
        let log = log::open(&self.directory, &self.config().settings()).unwrap();
        let register = log.register();
        log.shutdown();
        let (build, people) = (Identifier::parse(build).unwrap(), self.people());
        let registered = &register.builds()[&build];
        let grant = Grant {
            client: registered.build.client.clone(),
            purpose: Identifier::parse(purpose).unwrap(),
            viewer: registered.declared(Relation::Viewer),
            friend: registered.declared(Relation::Friend),
            until: made.plus_seconds(86_400),
        };
        let (client, id) = (grant.client.clone(), GrantId::random().unwrap());
        let viewer = people.person_of_account(account).unwrap().unwrap();
        let record = GrantRecord { viewer, grant, build: Some(build.clone()), created: made };
        people.put_grants(&[(id, record)], Way::Command).unwrap();
        self.tokens().mint(&client, &build, id, made).unwrap()
    }

    /// A new secret for a client, as its server has it, made while no server runs.
    pub(crate) fn client_secret(&self, client: &str) -> String {
        let secret = ClientSecret::random().unwrap();
        let client = Identifier::parse(client).unwrap();
        self.people().put_client_secret(&client, &secret).unwrap();
        secret.to_hex().to_string()
    }

    /// What the instance makes tokens with.
    pub(crate) fn tokens(&self) -> Tokens {
        let config = self.config();
        let key = SecretKey::read(&self.directory.key("tokens")).unwrap();
        Tokens::new(config.origin(), config.tokens.lifetime_s, &key)
    }

    /// A submission with the signatures of these, as `reviewer:ines` or `partner:aurora`.
    pub(crate) fn sign(&self, mut submission: Submission, signers: &[&str]) -> Submission {
        for signer in signers {
            let (role, name) = signer.split_once(':').unwrap();
            let file = if role == "reviewer" { "reviewers/" } else { "partner-" };
            let key = SecretKey::read(&self.directory.key(&format!("{file}{name}"))).unwrap();
            let signer: Signer = signer.parse().unwrap();
            submission.sign(self.config().origin(), signer, &key).unwrap();
        }
        submission
    }

    /// Appends an act while no server runs.
    pub(crate) fn act(&self, submission: Submission, signers: &[&str]) -> u64 {
        let log = log::open(&self.directory, &self.config().settings()).unwrap();
        let submission = self.sign(submission, signers);
        let index = governance::submit_blocking(&log, submission).unwrap().index;
        log.shutdown();
        index
    }

    /// Starts a server and waits until it listens.
    pub(crate) fn serve(&self) -> Serving<'_> {
        self.serve_with(program(&["serve"]).arg("--dir").arg(self.path()))
    }

    /// Starts a server with this command and waits until it listens.
    pub(crate) fn serve_with(&self, command: &mut Command) -> Serving<'_> {
        let said = self.path().with_file_name("stderr.txt");
        let stderr = fs::File::options().create(true).append(true).open(&said).unwrap();
        let child = command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
        let mut serving =
            Serving { world: self, client: Client::new(&self.url()), child, said, status: None };
        eventually("the server listens", || {
            let ended = serving.child.try_wait().unwrap();
            assert_eq!(ended, None, "the server ended: {}", serving.said());
            TcpStream::connect(self.address).is_ok()
        });
        serving
    }

    /// The receipt of an answer, its signature checked.
    pub(crate) fn receipt(&self, reply: &Reply) -> Receipt {
        let key = SecretKey::read(&self.directory.key("receipts")).unwrap().public();
        let receipt = header(reply, RECEIPT_HEADER).unwrap_or_else(|| panic!("no receipt"));
        Receipt::from_header(receipt, &key).unwrap()
    }

    /// The newest checkpoint on disk.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let bytes = fs::read(self.directory.site().join("checkpoint")).unwrap();
        Checkpoint::open(&bytes, self.key.name(), &self.key).unwrap()
    }

    /// Waits until this many entries are published, and checks the public files as an outsider does.
    pub(crate) fn verified(&self, entries_min: u64) -> Vec<Leaf> {
        eventually("the entries are published", || self.checkpoint().size >= entries_min);
        let mut leaves = Vec::new();
        let question = LogQuestion::new(&self.key, clock::now());
        let check = check_log(&FolderSite::new(&self.directory.site()), &question, |seen| {
            let entry = seen.entry.unwrap_or_else(|| panic!("entry {} is none", seen.index));
            leaves.push(Leaf { hash: seen.leaf, entry: entry.clone() });
        });
        let verdict = check.unwrap().verdict;
        assert!(verdict.holds(), "{:?}", verdict.failures);
        leaves
    }

    /// `countersign check` on the instance.
    pub(crate) fn assert_checks(&self) {
        let output = finish(program(&["check"]).arg("--dir").arg(self.path()));
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "countersign check: {said}");
    }
}

/// A server that runs on a world, and ends with the test.
pub(crate) struct Serving<'a> {
    pub(crate) world: &'a World,
    pub(crate) client: Client,
    child: Child,
    said: PathBuf,
    status: Option<ExitStatus>,
}

impl Serving<'_> {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// `GET` with a token.
    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        let reply = self.client.get(path, token).unwrap();
        assert_documented("GET", path, reply.status);
        reply
    }

    /// `GET` with a token, which has to be answered.
    pub(crate) fn read(&self, path: &str, token: &str) -> Value {
        let reply = self.get(path, token);
        let body = reply.json().unwrap();
        assert_eq!(reply.status, 200, "{path}: {body}");
        body
    }

    /// `GET` without a token.
    pub(crate) fn page(&self, path: &str) -> String {
        let reply = send(&self.world.url(), "GET", path, &[], "");
        assert_eq!(reply.status, 200, "{path}");
        String::from_utf8(reply.body).unwrap()
    }

    pub(crate) fn admin_token(&self) -> String {
        fs::read_to_string(self.world.directory.admin_token()).unwrap().trim().to_owned()
    }

    /// A token for the demonstration's client, made by the server.
    pub(crate) fn token(&self, account: &str) -> String {
        let wanted =
            json!({ "account": account, "build": world::BUILD, "purpose": world::PURPOSE });
        let reply = self.client.post("/admin/v1/tokens", &self.admin_token(), &wanted).unwrap();
        reply.json().unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    /// Opens exactly these fields of a person to friends' devices.
    pub(crate) fn open_to_friends_devices(&self, account: &str, fields: &[&str]) {
        let path = format!("/admin/v1/people/{account}/settings");
        let reply = self.client.put(&path, &self.admin_token(), &json!({"friends_device": fields}));
        assert_eq!(reply.unwrap().status, 200);
    }

    /// Submits an act; its index, or what the server says against it.
    pub(crate) fn submit(&self, act: Act, signers: &[&str]) -> Result<u64, String> {
        let submission = self.world.sign(Submission::of(act, clock::now()), signers);
        let posted = serde_json::to_value(Posted::of(submission).unwrap()).unwrap();
        let reply = self.client.post("/admin/v1/acts", &self.admin_token(), &posted).unwrap();
        if reply.status != 200 {
            return Err(String::from_utf8(reply.body).unwrap());
        }
        Ok(serde_json::from_slice::<Taken>(&reply.body).unwrap().index)
    }

    /// Suspends the demonstration's partner; the index of the act.
    pub(crate) fn suspend(&self) -> u64 {
        let subject = Subject::Partner(Identifier::parse(world::PARTNER).unwrap());
        let act = Act::Suspension(Suspension { subject, reason: reason() });
        self.submit(act, &["reviewer:ines"]).unwrap()
    }

    /// Reinstates the demonstration's partner; the index of the act.
    pub(crate) fn reinstate(&self) -> u64 {
        let subject = Subject::Partner(Identifier::parse(world::PARTNER).unwrap());
        let act = Act::Reinstatement(Reinstatement { subject, reason: reason() });
        self.submit(act, &["reviewer:ines", "reviewer:omar"]).unwrap()
    }

    /// What the server counts.
    pub(crate) fn metrics(&self) -> String {
        let token = fs::read_to_string(self.world.directory.metrics_token()).unwrap();
        let reply = self.get("/metrics", token.trim());
        assert_eq!(reply.status, 200);
        String::from_utf8(reply.body).unwrap()
    }

    /// How many entries are durable, as the server's metrics say.
    pub(crate) fn head(&self) -> u64 {
        let metrics = self.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix("countersign_log_entries "));
        line.unwrap().parse().unwrap()
    }

    /// How many disclosures the log has. The head counts what newcomers begin with too, which is told within a
    /// second.
    pub(crate) fn disclosures(&self) -> usize {
        let leaves = self.world.verified(self.head());
        leaves.iter().filter(|leaf| matches!(leaf.entry, Entry::Disclosure(_))).count()
    }

    /// Everything that servers of this world have said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.said).unwrap()
    }

    /// Asks the server to end, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        eventually("the server stops", || {
            self.status = self.child.try_wait().unwrap();
            self.status.is_some()
        });
        self.status.unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.status = Some(self.child.wait().unwrap());
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            if std::thread::panicking() {
                println!("the server said:\n{}", self.said());
            }
        }
    }
}

/// A reason that no act has had: the very same act counts once.
fn reason() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    format!("test {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The program itself, with the first arguments of a command.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    for name in ["COUNTERSIGN_LOG", "COUNTERSIGN_LOG_FORMAT", "COUNTERSIGN_DIR"] {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// Runs a command to its end, which has to come.
pub(crate) fn finish(command: &mut Command) -> Output {
    finish_within(command, 2 * PATIENCE)
}

/// Runs a command to its end, which has to come within this time.
pub(crate) fn finish_within(command: &mut Command, patience: Duration) -> Output {
    let (mut said, mut errors) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    command.stdin(Stdio::null());
    command.stdout(said.try_clone().unwrap()).stderr(errors.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > patience {
            child.kill().unwrap();
            panic!("it does not end: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let read = |file: &mut fs::File| {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
        bytes
    };
    Output { status, stdout: read(&mut said), stderr: read(&mut errors) }
}

/// Sends a request as it is written here, and no header besides.
pub(crate) fn send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{url}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
    let fields = response.headers().iter();
    let headers =
        fields.map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    let status = response.status().as_u16();
    assert_documented(method, path, status);
    Reply { status, headers, body: response.body_mut().read_to_vec().unwrap() }
}

/// A header of an answer.
pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let lines = reply.headers.lines().filter_map(|line| line.split_once(": "));
    lines.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The ids of the people in a list, in its order.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    let people = list["data"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    people.iter().map(|person| person["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not even after {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The verifier, which is built beside the server.
pub(crate) fn verifier() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let verifier = beside.with_file_name("countersign-verify");
    assert!(verifier.exists(), "run `cargo build -p countersign-verifier` first");
    verifier
}

/// Compares a text with the reviewed one in `tests/golden`. With COUNTERSIGN_BLESS=1 it is written
/// there instead, for a reviewer to read in the difference.
pub(crate) fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (reviewed, found) = (lines(&reviewed), lines(text));
    let gone = reviewed.iter().filter(|line| !found.contains(line)).map(|line| format!("- {line}"));
    let new = found.iter().filter(|line| !reviewed.contains(line)).map(|line| format!("+ {line}"));
    let difference = gone.chain(new).collect::<Vec<_>>().join("\n");
    assert!(
        reviewed == found,
        "{} says otherwise; if the new text is right, run this test with COUNTERSIGN_BLESS=1 and review the difference:\n{difference}",
        path.display()
    );
}

/// A loopback address that no other test gets. It is not one that the system gives to clients, so
/// that no connection of another test can take it before the server does.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 400) as u16 * 50;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
