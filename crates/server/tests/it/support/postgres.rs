//! A PostgreSQL of the tests' own: one a test binary, with a database for each test, and others for
//! tests that stop theirs. It ends with the process that started it, however that ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio_postgres::SimpleQueryMessage;

use crate::support::{World, eventually};

/// The database of a test.
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) cluster: Arc<Cluster>,
}

/// A running PostgreSQL.
pub(crate) struct Cluster {
    port: u16,
    /// Its end is the end of the database.
    orders: Mutex<Option<ChildStdin>>,
    answers: Mutex<BufReader<std::process::ChildStdout>>,
    keeper: Mutex<Child>,
}

/// A session of the owner of everything, which ends when this is dropped.
pub(crate) struct Session {
    client: Option<tokio_postgres::Client>,
    driver: Option<tokio::task::JoinHandle<()>>,
    runtime: tokio::runtime::Runtime,
}

/// Makes a cluster, obeys orders line by line, and cleans up when there is nobody to give any.
const KEEPER: &str = r#"
set -e
programs=$1 port=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$programs/initdb" -D "$folder/data" -U owner --auth=trust --no-sync --encoding=UTF8 --locale=C.UTF-8 >"$folder/initdb.txt" 2>&1 || { cat "$folder/initdb.txt" >&2; exit 1; }
start() {
    "$programs/postgres" -D "$folder/data" -k "$folder" -p "$port" -c listen_addresses=127.0.0.1 \
        -c fsync=off -c full_page_writes=off -c max_connections=60 -c shared_buffers=16MB -c autovacuum=off \
        -c log_statement=all >>"$folder/log.txt" 2>&1 &
    postgres=$!
}
start
echo "$folder"
while read -r order file; do
    case $order in
        stop) kill -QUIT "$postgres"; wait "$postgres" || true;;
        start) start;;
        take) install -m 600 "$file" "$folder/$(basename "$file")";;
    esac
    echo done
done
kill -QUIT "$postgres" 2>/dev/null || true
wait "$postgres" || true
"#;

pub(crate) fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("COUNTERSIGN_POSTGRES") {
        return PathBuf::from(folder);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).max();
    newest.filter(|folder| folder.join("initdb").exists()).unwrap_or_else(|| {
        panic!("this test needs PostgreSQL: `cargo xtask test` installs it, or set COUNTERSIGN_POSTGRES to the folder of initdb")
    })
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let (programs, port) = (programs(), free_port());
        let is_root = rustix::process::geteuid().is_root();
        let mut command = Command::new(if is_root { "runuser" } else { "sh" });
        if is_root {
            command.args(["-u", "postgres", "--", "sh"]);
        }
        command.args(["-c", KEEPER, "keeper"]).arg(&programs).arg(port.to_string());
        command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().unwrap();
        let orders = Mutex::new(keeper.stdin.take());
        let answers = Mutex::new(BufReader::new(keeper.stdout.take().unwrap()));
        let cluster = Self { port, orders, answers, keeper: Mutex::new(keeper) };
        assert!(!cluster.answer().is_empty(), "PostgreSQL cannot be made");
        cluster.wait();
        cluster
    }

    fn answer(&self) -> String {
        let mut line = String::new();
        self.answers.lock().unwrap().read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn order(&self, order: &str) {
        {
            let mut orders = self.orders.lock().unwrap();
            let orders = orders.as_mut().unwrap();
            writeln!(orders, "{order}").unwrap();
            orders.flush().unwrap();
        }
        assert_eq!(self.answer(), "done");
    }

    /// Waits until it can be asked.
    fn wait(&self) {
        eventually("PostgreSQL listens", || self.tried("postgres", "SELECT 1").is_ok());
    }

    /// Stops it without a goodbye.
    pub(crate) fn stop(&self) {
        self.order("stop");
    }

    /// Starts it again.
    pub(crate) fn start_again(&self) {
        self.order("start");
        self.wait();
    }

    /// Puts a file into its folder, for nobody else to read.
    pub(crate) fn take(&self, file: &Path) {
        self.order(&format!("take {}", file.display()));
    }

    /// Runs SQL as the owner of everything; the rows that it gives, a line each.
    pub(crate) fn run(&self, database: &str, sql: &str) -> String {
        self.tried(database, sql).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn tried(&self, database: &str, sql: &str) -> Result<String, tokio_postgres::Error> {
        self.session(database)?.tried(sql)
    }

    /// In this process: a program that is started meanwhile would hold other tests' locks for a moment.
    fn session(&self, database: &str) -> Result<Session, tokio_postgres::Error> {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user("owner").dbname(database);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(config.connect(tokio_postgres::NoTls))?;
        let driver = runtime.spawn(async move { drop(connection.await) });
        Ok(Session { client: Some(client), driver: Some(driver), runtime })
    }

    /// A new database with a role that may read what `schema` makes.
    pub(crate) fn database(self: &Arc<Self>, schema: &str) -> Database {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        self.run("postgres", &format!("CREATE ROLE reader_{name} LOGIN"));
        let database = Database { name, cluster: Arc::clone(self) };
        database.run(schema);
        let reader = database.reader();
        database.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}"));
        database
    }
}

impl Session {
    /// Runs SQL; the rows that it gives, a line each.
    pub(crate) fn run(&self, sql: &str) -> String {
        self.tried(sql).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn tried(&self, sql: &str) -> Result<String, tokio_postgres::Error> {
        let said = self.runtime.block_on(self.client.as_ref().unwrap().simple_query(sql))?;
        let rows = said.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default()),
            _ => None,
        });
        Ok(rows.collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Session {
    /// Says goodbye, which is the end of its transaction.
    fn drop(&mut self) {
        drop(self.client.take());
        let _ = self.runtime.block_on(self.driver.take().unwrap());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

/// The cluster that tests share; it goes with the last of them.
pub(crate) fn shared() -> Arc<Cluster> {
    static SHARED: OnceLock<Mutex<Weak<Cluster>>> = OnceLock::new();
    let shared = SHARED.get_or_init(Mutex::default);
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let cluster = Arc::new(Cluster::start());
        *shared = Arc::downgrade(&cluster);
        cluster
    })
}

impl Database {
    pub(crate) fn run(&self, sql: &str) -> String {
        self.cluster.run(&self.name, sql)
    }

    /// A session of its own.
    pub(crate) fn session(&self) -> Session {
        self.cluster.session(&self.name).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Takes sessions from now on; or takes none, and ends those that there are.
    pub(crate) fn accept(&self, does: bool) {
        let Self { name, cluster } = self;
        cluster.run("postgres", &format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS {does}"));
        if !does {
            let those = format!("FROM pg_stat_activity WHERE datname = '{name}'");
            cluster.run("postgres", &format!("SELECT pg_terminate_backend(pid) {those}"));
            let count = format!("SELECT count(*) {those}");
            eventually("its sessions end", || cluster.run("postgres", &count) == "0");
        }
    }

    pub(crate) fn reader(&self) -> String {
        format!("reader_{}", self.name)
    }

    pub(crate) fn port(&self) -> u16 {
        self.cluster.port
    }

    pub(crate) fn url(&self) -> String {
        self.url_at(self.port())
    }

    /// The same by another port.
    pub(crate) fn url_at(&self, port: u16) -> String {
        format!("postgresql://{}@127.0.0.1:{port}/{}", self.reader(), self.name)
    }

    /// The sessions of the role that may read, a line each.
    pub(crate) fn connected(&self) -> String {
        let reader = self.reader();
        self.run(&format!(
            "SELECT pid::text FROM pg_stat_activity WHERE usename = '{reader}' ORDER BY pid"
        ))
    }

    /// The same by a name, as certificates have it.
    pub(crate) fn url_by_name(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// Makes this database the source of a world; `more` are further settings.
    pub(crate) fn serve_to(&self, world: &World, mapping: &str, more: &str) {
        std::fs::write(world.path().join("mapping.toml"), mapping).unwrap();
        world.configure("kind = \"image\"", "kind = \"postgres\"");
        let url = self.url();
        let tls = if more.contains("tls =") { "" } else { "tls = \"disable\"\n" };
        let settings = format!(
            "[source.postgres]\nurl = \"{url}\"\nmapping = \"mapping.toml\"\n{tls}{more}\n\n[graph]"
        );
        world.configure("\n[graph]", &format!("\n{settings}"));
    }
}

pub(crate) fn free_port() -> u16 {
    // Above what the servers of tests use, below what the system gives to clients.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 30_000 + (std::process::id() % 250) as u16 * 10;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).is_ok() {
            return port;
        }
    }
}

/// What a command says on standard output and error, and whether it was content.
pub(crate) fn said(command: &mut Command) -> (bool, String) {
    let output = crate::support::finish(command);
    let mut text = String::new();
    output.stdout.as_slice().read_to_string(&mut text).unwrap();
    output.stderr.as_slice().read_to_string(&mut text).unwrap();
    (output.status.success(), text)
}
