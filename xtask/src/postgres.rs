//! A PostgreSQL of our own: made in an empty folder, reached through a socket of its own, stopped when
//! this is dropped, and by the system if this program ends in any other way.
//!
//! What it is not: the machine's PostgreSQL, which is neither used nor touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::failure::{Failure, Outcome, While};
use crate::shell;
use crate::test::apt::apt_install;

/// The user as whom it runs when this program runs as root, which PostgreSQL refuses to.
const USER: &str = "postgres";
/// The superuser of the database.
const SUPERUSER: &str = "postgres";
/// It listens on a socket alone; the port is a part of the socket's name.
const PORT: &str = "5432";
const START_MAX: Duration = Duration::from_secs(60);

/// A running PostgreSQL.
pub(crate) struct Postgres {
    programs: PathBuf,
    data: PathBuf,
    /// In the system's folder for temporary files, since names of sockets must be short.
    sockets: TempDir,
    server: Child,
}

impl Postgres {
    /// Makes one in this folder, in place of what an earlier run left, and starts it with these settings.
    pub(crate) fn start(folder: &Path, settings: &[(&str, String)]) -> Outcome<Self> {
        let programs = programs()?;
        let sockets = tempfile::Builder::new().prefix("countersign-").tempdir();
        let sockets = sockets.during(|| "making a folder for a socket".to_owned())?;
        if folder.exists() {
            fs::remove_dir_all(folder).during(|| format!("removing {}", folder.display()))?;
        }
        fs::create_dir_all(folder).during(|| format!("making {}", folder.display()))?;
        if is_root() {
            shell::run(Command::new("chown").arg(USER).arg(folder).arg(sockets.path()))?;
        }
        let data = folder.join("data");
        let mut initdb = as_user(&programs.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args(["--auth", "trust", "--username", SUPERUSER]);
        initdb.args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]).current_dir("/");
        if shell::output(&mut initdb).is_none() {
            return Err(Failure::new(format!(
                "initdb failed in {}; the user that it runs as must be able to reach that folder: set \
                 CARGO_TARGET_DIR to one where it can",
                data.display()
            )));
        }
        let mut server = as_user(&programs.join("postgres"));
        server.arg("-D").arg(&data).current_dir("/");
        server.args(["-c", "listen_addresses=", "-c", &format!("port={PORT}")]);
        server.args(["-c", &format!("unix_socket_directories={}", sockets.path().display())]);
        for (name, value) in settings {
            server.args(["-c", &format!("{name}={value}")]);
        }
        let log = folder.join("server.log");
        let log = fs::File::create(&log).during(|| format!("making {}", log.display()))?;
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let server = server.spawn().during(|| "starting postgres".to_owned())?;
        let mut postgres = Self { programs, data, sockets, server };
        postgres.wait()?;
        Ok(postgres)
    }

    /// Waits until it answers.
    fn wait(&mut self) -> Outcome<()> {
        let begun = Instant::now();
        while self.server.try_wait().during(|| "waiting for postgres".to_owned())?.is_none() {
            if shell::output(self.psql("postgres").args(["--command", "SELECT 1"])).is_some() {
                return Ok(());
            }
            if begun.elapsed() > START_MAX {
                return Err(Failure::new("postgres does not answer"));
            }
            thread::sleep(Duration::from_millis(100));
        }
        let folder = self.data.parent().unwrap_or(&self.data);
        let log = fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        Err(Failure::new(format!("postgres ended; it said: {log}")))
    }

    /// psql as superuser, in this database; any error ends it.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"]);
        psql.arg("--host").arg(self.sockets.path()).args(["--port", PORT]);
        psql.args(["--username", SUPERUSER, "--dbname", database]);
        psql
    }

    /// How a client reaches it, as keys and values.
    pub(crate) fn connection_string(&self, database: &str, user: &str) -> String {
        format!("host={} port={PORT} dbname={database} user={user}", self.sockets.path().display())
    }

    /// The folder of its socket.
    pub(crate) fn sockets(&self) -> &Path {
        self.sockets.path()
    }

    /// The version that would be started: 15.
    pub(crate) fn major_version() -> Outcome<u32> {
        let version = shell::output(Command::new(programs()?.join("postgres")).arg("--version"));
        let major = |text: String| text.split(&[' ', '.']).find_map(|word| word.parse().ok());
        version.and_then(major).ok_or_else(|| Failure::new("postgres does not tell its version"))
    }

    /// The id of its first process, which has started all others.
    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    /// What it calls itself.
    pub(crate) fn version(&self) -> String {
        let version = shell::output(Command::new(self.programs.join("postgres")).arg("--version"));
        version.unwrap_or_default().replace("postgres (PostgreSQL)", "PostgreSQL")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = as_user(&self.programs.join("pg_ctl"));
        stop.arg("--pgdata").arg(&self.data).args(["stop", "--mode", "immediate"]).current_dir("/");
        if shell::output(&mut stop).is_none() {
            // It has ended already, or will not listen.
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// A program that is not root, and that the system ends when this one does.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

fn is_root() -> bool {
    shell::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// The folder of initdb and postgres, installed if they are not there.
fn programs() -> Outcome<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    apt_install(&["postgresql"])?;
    find_programs()
        .ok_or_else(|| Failure::new("there is no initdb, even after postgresql was installed"))
}

/// Debian keeps the programs of each version in a folder that is not on `PATH`.
fn find_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|folder| {
            let version: u32 = folder.file_name().to_str()?.parse().ok()?;
            let programs = folder.path().join("bin");
            programs.join("initdb").is_file().then_some((version, programs))
        })
        .max();
    newest
        .map(|(_, programs)| programs)
        .or_else(|| shell::find("initdb")?.parent().map(Path::to_owned))
}
