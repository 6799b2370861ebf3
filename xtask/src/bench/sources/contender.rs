//! Those who are compared: how each is started, asked, and tuned.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::deployment::{Deployment, FIELDS, Programs, Viewer};
use crate::bench::process::Running;
use crate::bench::sources::world::{self, DATABASE};
use crate::failure::{Failure, Outcome, While};
use crate::postgres::Postgres;
use crate::shell;

/// As many friends as anybody can have, so that all of them are in an answer.
const FRIENDS_MAX: usize = 5_000;

/// The sizes of pool that everybody with one pool is tried with.
const POOLS: [&str; 4] = ["4", "8", "16", "32"];

/// Who answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// (a): what a team would write instead, `bench/baseline`.
    Axum,
    /// (a′): the same, its audit indexed by person, so that it can say who got what about somebody.
    AxumIndexed,
    /// (b): PostGraphile and pgaudit, `bench/postgraphile`.
    PostGraphile,
    /// Countersign, people from its image.
    Image,
    /// Countersign, people from the platform's PostgreSQL.
    Postgres,
}

impl Kind {
    pub(super) const ALL: [Self; 5] =
        [Self::Axum, Self::AxumIndexed, Self::PostGraphile, Self::Image, Self::Postgres];

    /// What tables call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Axum => "(a) axum, PostgreSQL, row-level security, audit",
            Self::AxumIndexed => "(a′) the same, its audit indexed by person",
            Self::PostGraphile => "(b) PostGraphile, PostgreSQL, pgaudit",
            Self::Image => "Countersign on the image",
            Self::Postgres => "Countersign on PostgreSQL",
        }
    }

    /// Whether it needs PostgreSQL for its answers.
    pub(super) const fn asks_postgres(self) -> bool {
        !matches!(self, Self::Image)
    }

    /// Settings to choose from, the best of which it is measured with: arguments of its server.
    pub(super) fn tunings(self) -> Vec<Tuning> {
        let tuning = |words: &[&str]| Tuning(words.iter().map(|word| (*word).to_owned()).collect());
        let mut tunings = Vec::new();
        match self {
            // The pool's size; who writes JSON; how the audit is written.
            Self::Axum | Self::AxumIndexed => {
                for pool in POOLS {
                    for how in [["serde", "cte"], ["postgres", "cte"], ["serde", "unnest"]] {
                        tunings.push(tuning(&[pool, how[0], how[1]]));
                    }
                }
            }
            // Processes, and the pool's size in each.
            Self::PostGraphile => {
                for processes in ["1", "2", "4"] {
                    for pool in ["4", "16"] {
                        tunings.push(tuning(&[processes, pool]));
                    }
                }
            }
            // The pool's size.
            Self::Postgres => tunings.extend(POOLS.map(|pool| tuning(&[pool]))),
            Self::Image => tunings.push(tuning(&[])),
        }
        tunings
    }
}

/// One choice of settings.
#[derive(Clone, Debug)]
pub(super) struct Tuning(pub(super) Vec<String>);

/// What contenders stand on.
pub(super) struct Stage<'a> {
    pub(super) programs: &'a Programs,
    pub(super) postgres: &'a Postgres,
    pub(super) image: &'a Deployment,
    /// The instance over PostgreSQL, where the source exists.
    pub(super) over_postgres: Option<&'a Deployment>,
    pub(super) baseline: &'a Path,
    pub(super) postgraphile: &'a Path,
}

impl Stage<'_> {
    /// Starts a contender's server, and waits until it says where it serves.
    pub(super) fn start(&self, kind: Kind, tuning: &Tuning) -> Outcome<(Running, SocketAddr)> {
        let address = |line: &str| line.trim().parse().ok();
        match kind {
            Kind::Axum | Kind::AxumIndexed => {
                let mut server = Command::new(self.baseline);
                server.arg(self.postgres.connection_string(DATABASE, "service")).args(&tuning.0);
                Running::start(&mut server, address)
            }
            Kind::PostGraphile => {
                let mut server = Command::new(self.postgraphile.join("node_modules/.bin/node"));
                server.arg(self.postgraphile.join("server.mjs")).arg(self.postgres.sockets());
                server
                    .args(&tuning.0)
                    .env("NODE_ENV", "production")
                    .env("GRAPHILE_ENV", "production");
                Running::start(&mut server, address)
            }
            Kind::Image => self.image.serve(self.programs),
            Kind::Postgres => {
                let missing = || Failure::new("there is no instance over PostgreSQL");
                let deployment = self.over_postgres.ok_or_else(missing)?;
                if let [pool] = tuning.0.as_slice() {
                    deployment.set("pool_size", pool)?;
                }
                deployment.serve(self.programs)
            }
        }
    }
}

/// Writes the file of a contender's requests: everybody asks the same question in the same order.
pub(super) fn requests(kind: Kind, home: &Deployment, viewers: &[Viewer]) -> Outcome<PathBuf> {
    let lines = |request: &dyn Fn(String) -> String| -> String {
        viewers.iter().map(|viewer| request(world::token(viewer)) + "\n").collect()
    };
    let (name, lines) = match kind {
        Kind::Image | Kind::Postgres => return home.requests(viewers, FRIENDS_MAX),
        Kind::Axum | Kind::AxumIndexed => {
            ("axum.tsv", lines(&|token| format!("/me?fields={FIELDS}\t{token}")))
        }
        Kind::PostGraphile => {
            // Its schema calls the column `id` a row's id.
            let fields = FIELDS.replace(',', " ").replacen("id", "id: rowId", 1);
            let query = format!(
                "{{ viewer: allDeviceSelvesList {{ {fields} }} friends: allDeviceFriendsList {{ {fields} }} }}"
            );
            let body = serde_json::json!({ "query": query });
            ("postgraphile.tsv", lines(&|token| format!("/graphql\t{token}\t{body}")))
        }
    };
    home.file(name, &lines).map(PathBuf::from)
}

/// Builds (a) as its users would; in a workspace of its own, so that nothing else has to build it.
pub(super) fn build_baseline() -> Outcome<PathBuf> {
    let target = shell::target_dir().join("bench/baseline");
    let mut build = shell::cargo();
    build.args(["build", "--release", "--locked", "--manifest-path", "bench/baseline/Cargo.toml"]);
    shell::run(build.arg("--target-dir").arg(&target))?;
    Ok(target.join("release/countersign-bench-baseline"))
}

/// Installs (b) as its lock file says, and the node that it needs with it.
pub(super) fn install_postgraphile() -> Outcome<PathBuf> {
    let folder = shell::target_dir().join("bench/postgraphile");
    let copy = |name: &str| {
        let from = shell::root().join("bench/postgraphile").join(name);
        copied(&from, &folder.join(name))
    };
    copy("server.mjs")?;
    // Installed again only when what is wanted has changed.
    let is_new = copy("package.json")? | copy("package-lock.json")?;
    if is_new || !folder.join("node_modules/.bin/node").exists() {
        if shell::find("npm").is_none() {
            return Err(Failure::new("PostGraphile needs npm: install it and run this again"));
        }
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
        shell::run(&mut install)?;
    }
    Ok(folder)
}

/// Copies a file; whether that has changed anything.
fn copied(from: &Path, to: &Path) -> Outcome<bool> {
    let copying = || format!("copying {}", from.display());
    let bytes = std::fs::read(from).during(copying)?;
    if std::fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(false);
    }
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder).during(copying)?;
    }
    std::fs::write(to, bytes).during(copying)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_postgresql_through_one_pool_is_tried_with_the_same_sizes_of_it() {
        let pools = |kind: Kind| {
            let mut pools: Vec<String> =
                kind.tunings().into_iter().map(|t| t.0[0].clone()).collect();
            pools.dedup();
            pools
        };
        assert_eq!(pools(Kind::Postgres), POOLS);
        assert_eq!(pools(Kind::Axum), POOLS);
        assert_eq!(pools(Kind::AxumIndexed), POOLS);
    }
}
