//! The container: an image from scratch, and what is in it at work.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Packages, both, debian_root, is_left_out, said};

/// How long a server in a container may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What podman is told about a machine like that of the tests: crun takes no system with groups of both versions, and
/// whoever may not raise limits can have these.
const SETTINGS: &str = "[engine]\nruntime = \"runc\"\n[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n";

/// Podman, or podman-compose, in the folder that the container is built from.
fn podman(program: &str, context: &Path, arguments: &[&str]) -> Command {
    let settings = context.with_file_name("containers.conf");
    fs::write(&settings, SETTINGS).unwrap();
    let mut podman = Command::new(program);
    podman.current_dir(context).env("CONTAINERS_CONF", settings).args(arguments);
    podman
}

/// What goes with the test.
struct Gone<'a>(&'a Path, &'static str, &'static [&'static str]);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let _ = podman(self.1, self.0, self.2).output();
    }
}

/// Runs a command until it succeeds.
fn eventually(mut attempt: impl FnMut() -> Output, why: impl FnOnce() -> String) -> String {
    let begun = Instant::now();
    loop {
        let output = attempt();
        if output.status.success() {
            return both(&output);
        }
        if begun.elapsed() > PATIENCE {
            panic!("{}{}", both(&output), why());
        }
        sleep(Duration::from_millis(500));
    }
}

#[test]
fn interop_podman_builds_the_image_from_scratch_and_runs_it_behind_https() {
    if is_left_out("interop_podman_builds_the_image_from_scratch_and_runs_it_behind_https") {
        return;
    }
    let packed = Packages::now();
    let context = packed.path().join("container");
    let podman = |arguments: &[&str]| podman("podman", &context, arguments);
    said(&mut podman(&["build", "--tag", "countersign-test", "."]));
    let _image = Gone(&context, "podman", &["rmi", "--force", "countersign-test"]);
    let _volume = Gone(&context, "podman", &["volume", "rm", "--force", "countersign-test"]);
    let _container = Gone(&context, "podman", &["rm", "--force", "countersign-test"]);
    let volume = "--volume=countersign-test:/var/lib/countersign";
    let run = |arguments: &[&str]| {
        let mut run = podman(&["run", "--network=none", volume]);
        run.args(arguments);
        run
    };
    said(&mut run(&["--rm", "countersign-test", "init", "--origin", "log.example.org/2026"]));
    said(&mut run(&[
        "--detach",
        "--name=countersign-test",
        "--env=COUNTERSIGN_LISTEN=0.0.0.0:8080",
        "--env=COUNTERSIGN_PUBLIC_URL=https://platform.example",
        "--env=COUNTERSIGN_NETWORK_TRUSTED_PROXIES=[\"10.0.0.0/8\"]",
        "countersign-test",
    ]));
    // Commands find the server, as whoever runs a container has only them.
    let close = || podman(&["exec", "countersign-test", "countersign", "log", "close"]).output();
    let logs = || both(&podman(&["logs", "countersign-test"]).output().unwrap());
    eventually(|| close().unwrap(), logs);
    said(&mut podman(&["exec", "countersign-test", "countersign-verify", "--version"]));
    said(&mut podman(&["stop", "--time=30", "countersign-test"]));
    let code = said(&mut podman(&["inspect", "--format={{.State.ExitCode}}", "countersign-test"]));
    assert_eq!(code.trim(), "0", "it was killed");
}

/// A platform's tables, as they may be anywhere.
const TABLES: &str = "
    CREATE TABLE users (id bigint PRIMARY KEY, full_name text, email text, birthday date);
    CREATE TABLE friendships (
        user_id bigint REFERENCES users, friend_id bigint REFERENCES users, PRIMARY KEY (user_id, friend_id));
    INSERT INTO users SELECT n, 'Person ' || n, NULL, NULL FROM generate_series(1, 20) n;
    INSERT INTO friendships SELECT 1, n FROM generate_series(2, 20) n;
    INSERT INTO friendships SELECT n, 1 FROM generate_series(2, 20) n;";

#[test]
fn interop_podman_compose_serves_people_of_a_postgresql_and_nobody_past_its_proxy() {
    if is_left_out("interop_podman_compose_serves_people_of_a_postgresql_and_nobody_past_its_proxy")
    {
        return;
    }
    let packed = Packages::now();
    let context = packed.path().join("container");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages");
    // No image can be had from elsewhere, so PostgreSQL's is made of Debian's packages.
    let podman = |arguments: &[&str]| podman("podman", &context, arguments);
    let tar = format!(
        "tar --directory {} --create . | podman import - countersign-test-debian",
        debian_root().display()
    );
    said(podman(&[]).args(["version"]));
    said(Command::new("sh").arg("-c").arg(tar));
    let postgres = own.join("postgres.Containerfile").display().to_string();
    said(podman(&["build", "--tag", "postgres:15", "--file", &postgres]).arg(&own));
    let compose = |arguments: &[&str]| self::podman("podman-compose", &context, arguments);
    let _all = Gone(&context, "podman-compose", &["down", "--volumes", "--timeout", "5"]);
    said(&mut compose(&["up", "--detach", "postgres"]));
    let logs = || both(&compose(&["logs", "postgres"]).output().unwrap());
    let psql =
        ["exec", "container_postgres_1", "psql", "--username=postgres", "platform", "--command"];
    eventually(|| podman(&psql).arg(TABLES).output().unwrap(), logs);

    // What podman-compose runs once tells by its output alone how that ended.
    let once = |arguments: &[&str], expected: &str| {
        let run = compose(&["run", "-T", "--rm", "countersign"]).args(arguments).output().unwrap();
        assert!(both(&run).contains(expected), "{arguments:?}: {}", both(&run));
    };
    once(&["init", "--origin", "log.example.org/2026"], "Made /var/lib/countersign/");
    once(&["source", "draft", "--out", "mapping.toml"], "mapping.toml");
    said(&mut compose(&["up", "--detach", "countersign"]));
    let logs = || both(&compose(&["logs", "countersign"]).output().unwrap());
    let check = ["exec", "container_countersign_1", "countersign", "source", "check"];
    let checked = eventually(|| podman(&check).output().unwrap(), logs);
    assert!(checked.contains("20"), "{checked}");

    // The address of this machine is none of the proxy's.
    let curl = |path: &str, header: &str| {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            "--noproxy",
            "*",
        ]);
        curl.arg("--header").arg(header).arg(format!("http://127.0.0.1:8080{path}"));
        String::from_utf8(curl.output().unwrap().stdout).unwrap()
    };
    let said_https = "X-Forwarded-Proto: https";
    assert_eq!(curl("/readyz", said_https), "200");
    let seen = curl("/", said_https);
    let refused = curl("/", "X-Forwarded-Proto: http");
    assert_eq!(
        (seen.as_str(), refused.as_str()),
        ("200", "403"),
        "the network of podman is 10.0.0.0/8"
    );
}
