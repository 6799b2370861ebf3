//! What `cargo xtask package` makes, put together from the programs that were built for the tests: its files, a system
//! that boots with it, and a container.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests fail by panics, and say why they are left out"
)]

mod contents;
mod installed;
mod podman;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Everything that is packed.
struct Packages {
    folder: TempDir,
}

impl Packages {
    /// Packs the programs that stand beside this task.
    fn now() -> Self {
        let programs = Path::new(env!("CARGO_BIN_EXE_xtask")).parent().unwrap();
        for program in ["countersign", "countersign-verify"] {
            let built = programs.join(program).exists();
            assert!(built, "{program} is not built: cargo build --workspace");
        }
        let folder = tempfile::tempdir().unwrap();
        let mut package = Command::new(env!("CARGO_BIN_EXE_xtask"));
        package.args(["package", "--quick", "--programs"]).arg(programs);
        said(package.env("CARGO_TARGET_DIR", folder.path()));
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("package")
    }

    /// The Debian package of this program.
    fn debian(&self, program: &str) -> PathBuf {
        let packages = std::fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        let is_it = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&format!("{program}_")) && name.ends_with(".deb")
        };
        packages.into_iter().find(is_it).unwrap()
    }
}

/// Runs a command that has to succeed; what it says.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", both(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn both(output: &Output) -> String {
    let (out, errors) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(errors))
}

/// Says that a test was left out, and why, if this is not the long run or not the place for it.
fn is_left_out(test: &str) -> bool {
    let is_root = || said(Command::new("id").arg("-u")).trim() == "0";
    let why = if std::env::var_os("COUNTERSIGN_FULL").is_none() {
        "it takes minutes: cargo xtask test --full runs it"
    } else if !is_root() {
        "only root may boot a system and run containers"
    } else {
        return false;
    };
    println!("skipped: {test}: {why}");
    true
}

/// The root of a Debian that was made for tests.
fn debian_root() -> PathBuf {
    let root = std::env::var_os("COUNTERSIGN_DEBIAN_ROOT");
    root.expect("COUNTERSIGN_DEBIAN_ROOT is not set: run this by cargo xtask test --full").into()
}
