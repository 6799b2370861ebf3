//! The tools that `cargo xtask test` sets up, and the folder in which their programs lie.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `testdata/interop` of the repository.
pub(crate) fn interop_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/interop")
}

/// Go, which uses no network and no toolchain but its own.
pub(crate) fn go() -> Command {
    let Some(go) = std::env::var_os("COUNTERSIGN_GO") else {
        panic!("this test needs Go and its modules: run cargo xtask test");
    };
    let mut go = Command::new(go);
    go.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly");
    go
}

/// Runs a program that has to succeed, and returns what it printed.
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}
