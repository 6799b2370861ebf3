//! The server under test: the commands that set it up, give tokens and serve. Everything that this
//! benchmark assumes about the command line of `countersign` stands here.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::process::Running;
use crate::failure::{Failure, Outcome, While};
use crate::shell;

/// Seven fields of the viewer and of each friend.
const FIELDS: &str = "id,name,birthday,hometown,work,education,relationship_status";
/// The most friends in an answer.
const FRIENDS_MAX: usize = 400;
/// How many viewers ask in turn.
const VIEWERS: usize = 1_000;

/// Programs built for benchmarks.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// Builds server and load generator as users would run them.
    pub(crate) fn build() -> Outcome<Self> {
        let mut build = shell::cargo();
        build.args(["build", "--release", "--package", "countersign", "--package", "xtask"]);
        shell::run(&mut build)?;
        Ok(Self(shell::target_dir().join("release")))
    }

    /// The server.
    fn countersign(&self) -> Command {
        Command::new(self.0.join("countersign"))
    }

    /// This program, for its other processes.
    pub(crate) fn xtask(&self) -> Command {
        Command::new(self.0.join("xtask"))
    }
}

/// A directory with so many generated people, partners and an agreement.
pub(crate) struct Deployment {
    directory: PathBuf,
}

impl Deployment {
    /// Makes it, in place of what an earlier run left.
    pub(crate) fn generate(programs: &Programs, people: usize) -> Outcome<Self> {
        let directory = shell::target_dir().join("bench/friends_read").join(people.to_string());
        if directory.exists() {
            fs::remove_dir_all(&directory)
                .during(|| format!("removing {}", directory.display()))?;
        }
        fs::create_dir_all(&directory).during(|| format!("making {}", directory.display()))?;
        let people = people.to_string();
        for arguments in [
            &["init"][..],
            &["people", "generate", "--people", &people, "--seed", "1"],
            &["demo-partner"],
        ] {
            shell::run(programs.countersign().args(arguments).arg(&directory))?;
        }
        Ok(Self { directory })
    }

    /// Writes the file of requests: path, tab, token.
    pub(crate) fn requests(&self, programs: &Programs) -> Outcome<PathBuf> {
        let mut mint = programs.countersign();
        mint.args(["token", "--viewers", &VIEWERS.to_string()]).arg(&self.directory);
        let tokens = shell::output(&mut mint)
            .ok_or_else(|| Failure::new("`countersign token` failed; run it to see why"))?;
        let path = format!("/v3.0/me?fields={FIELDS},friends.limit({FRIENDS_MAX}){{{FIELDS}}}");
        let lines: String = tokens.lines().map(|token| format!("{path}\t{token}\n")).collect();
        let file = self.directory.join("requests.tsv");
        fs::write(&file, lines).during(|| format!("writing {}", file.display()))?;
        Ok(file)
    }

    /// Starts the server on a free port and waits until it says which.
    pub(crate) fn serve(&self, programs: &Programs) -> Outcome<(Running, SocketAddr)> {
        let mut serve = programs.countersign();
        serve.arg("serve").arg(&self.directory).args(["--listen", "127.0.0.1:0"]);
        Running::start(&mut serve, address_in)
    }

    /// Bytes in the directory: what grows while people stay the same is the log.
    pub(crate) fn bytes(&self) -> Outcome<u64> {
        bytes_under(&self.directory)
    }
}

/// The first loopback address in a line, with or without `http://` before it.
fn address_in(line: &str) -> Option<SocketAddr> {
    let begin = line.find("127.0.0.1:")?;
    let address = line[begin..].split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    address.into_iter().next()?.parse().ok()
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
    fn an_address_is_found_in_what_servers_say() {
        let expected = Some(SocketAddr::from(([127, 0, 0, 1], 8080)));
        assert_eq!(address_in("127.0.0.1:8080"), expected);
        assert_eq!(address_in("serving on http://127.0.0.1:8080/."), expected);
        assert_eq!(address_in("starting"), None);
    }
}
