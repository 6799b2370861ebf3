//! The server under test: the commands that set it up, give tokens and serve. Everything that this
//! benchmark assumes about the command line of `countersign` stands here.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::bench::load::Measured;
use crate::bench::process::Running;
use crate::failure::{Failure, Outcome, While};
use crate::shell;

/// Seven fields of the viewer and of each friend; work and education are the long ones.
pub(crate) const FIELDS: &str = "id,name,birthday,hometown,location,work,education";
/// How many viewers ask in turn.
const VIEWERS: usize = 1_000;

/// The seed of all worlds, so that every run has the same people.
const SEED: &str = "1";

const BUILD: &str = "bench-client@1";
const PURPOSE: &str = "benchmark";

const PARTNER_FILE: &str = r#"
id = "bench"
name = "Benchmark Devices Ltd"
country = "IE"
parent_country = "IE"
owners = []
"#;

const AGREEMENT_FILE: &str = r#"
version = 2
platform = "Example Platform"
agreement = "bench-1"
partner = "bench"
client = "bench-client"
kind = "device"
not_before = 2020-01-01T00:00:00Z
not_after = 2099-01-01T00:00:00Z
delivery = "clear"
query_token = false

[[purpose]]
purpose = "benchmark"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "birthday", "hometown", "location", "work", "education"]
friend = ["id", "name", "birthday", "hometown", "location", "work", "education"]
"#;

const BUILD_FILE: &str = r#"
build = "bench-client@1"
client = "bench-client"
package = "com.example.bench"
signer = "1111111111111111111111111111111111111111111111111111111111111111"
version_code = 1
artifact = "2222222222222222222222222222222222222222222222222222222222222222"
purposes = ["benchmark"]
self = ["id", "friends", "name", "birthday", "hometown", "location", "work", "education"]
friend = ["id", "name", "birthday", "hometown", "location", "work", "education"]
"#;

/// How programs are built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests use them.
    Dev,
    /// As they are shipped.
    Dist,
}

/// Programs built for benchmarks.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Builds server and load generator.
    pub(crate) fn build(profile: Profile) -> Outcome<Self> {
        let mut build = shell::cargo();
        // With what is shipped, and the demonstration's people.
        build.args(["build", "--package", "countersign", "--package", "xtask"]);
        build.args(["--features", "countersign/traces"]);
        if profile == Profile::Dist {
            build.args(["--profile", "dist"]);
        }
        shell::run(&mut build)?;
        Ok(Self::built(profile))
    }

    /// Those that were built before.
    pub(crate) fn built(profile: Profile) -> Self {
        let folder = match profile {
            Profile::Dev => "debug",
            Profile::Dist => "dist",
        };
        Self(shell::target_dir().join(folder))
    }

    /// The server.
    fn countersign(&self) -> Command {
        Command::new(self.0.join("countersign"))
    }

    /// Whether the server has this command.
    pub(crate) fn has_command(&self, name: &str) -> bool {
        shell::output(self.countersign().args([name, "--help"])).is_some()
    }

    /// This program, for its other processes.
    pub(crate) fn xtask(&self) -> Command {
        Command::new(self.0.join("xtask"))
    }

    /// Runs the load generator as another process, with a second of warm-up. Any answer but 200 is a failure.
    pub(crate) fn load(&self, asking: &Asking<'_>) -> Outcome<Measured> {
        let mut load = self.xtask();
        load.args(["load", "--address", &asking.address.to_string()]);
        load.arg("--requests").arg(asking.requests);
        load.args(["--connections", &asking.connections.to_string()]);
        load.args(["--seconds", &asking.seconds.to_string()]);
        load.args(["--warm-up-seconds", &WARM_UP_SECONDS.to_string()]);
        let output = load.stderr(Stdio::inherit()).output();
        let output = output.during(|| "starting the load generator".to_owned())?;
        let measured: Measured = serde_json::from_slice(&output.stdout)
            .during(|| "reading what the load generator says".to_owned())?;
        match &measured.first_refusal {
            Some(refusal) => Err(Failure::new(format!(
                "{} of {} answers were not 200; the first one: {refusal}",
                measured.refused,
                measured.refused + measured.answers
            ))),
            None => Ok(measured),
        }
    }
}

/// How long the load generator asks before it measures.
pub(crate) const WARM_UP_SECONDS: f64 = 1.0;

/// What the load generator is told.
pub(crate) struct Asking<'a> {
    pub(crate) address: SocketAddr,
    /// The file of requests.
    pub(crate) requests: &'a Path,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
}

/// The people of a deployment.
pub(crate) struct World<'a> {
    /// The benchmark that they are for.
    pub(crate) bench: &'a str,
    /// How many.
    pub(crate) people: usize,
    /// The preset of their settings.
    pub(crate) settings: &'a str,
}

/// Somebody who asks.
pub(crate) struct Viewer {
    pub(crate) account: String,
    pub(crate) token: String,
}

/// An instance with so many generated people, a partner, its agreement and its approved build.
pub(crate) struct Deployment {
    /// Holds the instance, and the files that only its making needs.
    folder: PathBuf,
}

impl Deployment {
    /// Makes it, in place of what an earlier run left.
    pub(crate) fn generate(programs: &Programs, world: &World<'_>) -> Outcome<Self> {
        let people = world.people.to_string();
        let folder = shell::target_dir().join("bench").join(world.bench).join(&people);
        if folder.exists() {
            fs::remove_dir_all(&folder).during(|| format!("removing {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
        let deployment = Self { folder };
        let instance = deployment.instance();
        let run = |words: &[&str], arguments: &[&str]| {
            shell::run(
                programs.countersign().args(words).args(arguments).arg("--dir").arg(&instance),
            )
        };
        let listen = free_address()?.to_string();
        let init =
            ["--origin", "bench.example/log", "--listen", &listen, "--without-harvest-budget"];
        run(&["init"], &init)?;
        // One client asks for everything here.
        deployment.set("calls_per_hour", "0")?;
        deployment.set("log_bytes_per_hour", "0")?;
        let generate = ["--people", &people, "--settings", world.settings, "--seed", SEED];
        run(&["people", "generate"], &generate)?;
        deployment.govern(programs, run)?;
        Ok(deployment)
    }

    /// Registers the partner, concludes the agreement, submits and approves the build.
    fn govern(
        &self,
        programs: &Programs,
        run: impl Fn(&[&str], &[&str]) -> Outcome<()>,
    ) -> Outcome<()> {
        let key = self.folder.join("bench.key");
        let public = shell::output(programs.countersign().args(["key", "new"]).arg(&key));
        let public = public.ok_or_else(|| Failure::new("`countersign key new` failed"))?;
        let partner = self.file("partner.toml", &format!("{PARTNER_FILE}key = \"{public}\"\n"))?;
        let agreement = self.file("agreement.toml", AGREEMENT_FILE)?;
        let build = self.file("build.toml", BUILD_FILE)?;
        let reviewers = self.instance().join("keys/reviewers");
        let by_reviewer = |n| {
            let file = reviewers.join(format!("reviewer-{n}.key"));
            format!("--sign=reviewer:reviewer-{n}={}", file.display())
        };
        let [first, second] = [1, 2].map(by_reviewer);
        let by_partner = format!("--sign=partner:bench={}", key.display());
        run(&["partner", "register"], &[&partner, &first, &second])?;
        run(&["agreement", "conclude"], &[&agreement, &by_partner, &first, &second])?;
        run(&["partner", "build", "submit"], &[&build, &by_partner])?;
        run(&["partner", "build", "approve"], &[BUILD, &first, &second])
    }

    /// Has the instance ask another source; `settings` are the lines of that source's own table.
    pub(crate) fn set_source(&self, kind: &str, settings: &str) -> Outcome<()> {
        let path = self.instance().join("countersign.toml");
        let configuring = || format!("changing {}", path.display());
        let text = fs::read_to_string(&path).during(configuring)?;
        let text = with_setting(&text, "kind", &format!("\"{kind}\""))
            .ok_or_else(|| Failure::new("countersign.toml does not say its source once"))?;
        let text = format!("{text}\n[source.{kind}]\n{settings}");
        fs::write(&path, text).during(configuring)
    }

    /// Changes a setting that the configuration has once.
    pub(crate) fn set(&self, key: &str, value: &str) -> Outcome<()> {
        let path = self.instance().join("countersign.toml");
        let configuring = || format!("changing {}", path.display());
        let text = fs::read_to_string(&path).during(configuring)?;
        let text = with_setting(&text, key, value)
            .ok_or_else(|| Failure::new(format!("countersign.toml has not one {key}")))?;
        fs::write(&path, text).during(configuring)
    }

    /// The same people as JSON Lines.
    pub(crate) fn people_jsonl(&self, programs: &Programs, world: &World<'_>) -> Outcome<PathBuf> {
        let file = self.folder.join("people.jsonl");
        let mut generate = programs.countersign();
        generate.args(["people", "generate", "--dir"]).arg(self.instance());
        generate.args(["--people", &world.people.to_string()]);
        generate.args(["--settings", world.settings, "--seed", SEED, "--jsonl"]).arg(&file);
        shell::run(&mut generate)?;
        Ok(file)
    }

    /// Those who ask in turn, spread evenly over the people.
    pub(crate) fn viewers(&self, programs: &Programs) -> Outcome<Vec<Viewer>> {
        let mut mint = programs.countersign();
        mint.args(["people", "token", "--count", &VIEWERS.to_string()]);
        mint.arg("--dir").arg(self.instance());
        mint.args(["--build", BUILD, "--purpose", PURPOSE]);
        let tokens = shell::output(&mut mint)
            .ok_or_else(|| Failure::new("`countersign people token` failed; run it to see why"))?;
        let viewer = |line: &str| {
            let (account, token) = line.split_once('\t')?;
            Some(Viewer { account: account.to_owned(), token: token.to_owned() })
        };
        Ok(tokens.lines().filter_map(viewer).collect())
    }

    /// Writes the file of requests for at most so many friends: path, tab, token.
    pub(crate) fn requests(&self, viewers: &[Viewer], friends_max: usize) -> Outcome<PathBuf> {
        let path = format!("/v3.0/me?fields={FIELDS},friends.limit({friends_max}){{{FIELDS}}}");
        let lines: String =
            viewers.iter().map(|viewer| format!("{path}\t{}\n", viewer.token)).collect();
        self.file("requests.tsv", &lines).map(PathBuf::from)
    }

    /// Starts the server and waits until it says where it serves.
    pub(crate) fn serve(&self, programs: &Programs) -> Outcome<(Running, SocketAddr)> {
        Running::start(
            programs.countersign().args(["serve", "--dir"]).arg(self.instance()),
            address_in,
        )
    }

    /// Bytes in the directory: what grows while people stay the same is the log.
    pub(crate) fn bytes(&self) -> Outcome<u64> {
        bytes_under(&self.instance())
    }

    fn instance(&self) -> PathBuf {
        self.folder.join("instance")
    }

    /// Writes a file beside the instance, and returns its path as text.
    pub(crate) fn file(&self, name: &str, text: &str) -> Outcome<String> {
        let path = self.folder.join(name);
        fs::write(&path, text).during(|| format!("writing {}", path.display()))?;
        Ok(path.display().to_string())
    }
}

/// A loopback address whose port nobody listens on at this moment.
fn free_address() -> Outcome<SocketAddr> {
    let looking = || "looking for a free port".to_owned();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).during(looking)?;
    listener.local_addr().during(looking)
}

/// The first loopback address in a line, with or without `http://` before it.
fn address_in(line: &str) -> Option<SocketAddr> {
    let begin = line.find("127.0.0.1:")?;
    let address = line[begin..].split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    address.into_iter().next()?.parse().ok()
}

/// A configuration with another value of a key that stands in it once, comments aside.
fn with_setting(text: &str, key: &str, value: &str) -> Option<String> {
    let begin = format!("{key} = ");
    let is_it = |line: &&str| line.starts_with(&begin);
    if text.lines().filter(is_it).count() != 1 {
        return None;
    }
    let line = |line| if is_it(&line) { format!("{begin}{value}\n") } else { format!("{line}\n") };
    Some(text.lines().map(line).collect())
}

fn bytes_under(folder: &Path) -> Outcome<u64> {
    let reading = || format!("measuring {}", folder.display());
    let mut sum = 0;
    for entry in fs::read_dir(folder).during(reading)? {
        let entry = entry.during(reading)?;
        // A file may have been replaced in between.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        sum += if metadata.is_dir() { bytes_under(&entry.path())? } else { metadata.len() };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivered_configuration_takes_another_source_and_another_pool() {
        let delivered = include_str!("../../../crates/server/src/config/template.toml");
        let text = with_setting(delivered, "kind", "\"postgres\"").unwrap();
        let text = format!("{text}\n[source.postgres]\nurl = \"x\"\npool_size = 16\n");
        let text = with_setting(&text, "pool_size", "4").unwrap();
        let read: toml::Table = toml::from_str(&text).unwrap();
        let source = &read["source"];
        assert_eq!(source["kind"].as_str(), Some("postgres"));
        assert_eq!(source["new_people"].as_str(), Some("default"));
        assert_eq!(source["postgres"]["pool_size"].as_integer(), Some(4));
        assert_eq!(source["postgres"]["url"].as_str(), Some("x"));
        assert_eq!(with_setting(&text, "no_such_setting", "4"), None);
        assert_eq!(with_setting("a = 1\na = 2\n", "a", "3"), None);
    }

    #[test]
    fn an_address_is_found_in_what_servers_say() {
        let expected = Some(SocketAddr::from(([127, 0, 0, 1], 8080)));
        assert_eq!(address_in("127.0.0.1:8080"), expected);
        assert_eq!(address_in("serving on http://127.0.0.1:8080/."), expected);
        assert_eq!(address_in("starting"), None);
    }
}
