//! `cargo xtask package`: what is given to those who do not build it: stripped programs in an archive, Debian packages,
//! and the root of a container.
//!
//! The programs are linked to the system's C library, so they run on systems whose one is as new.

mod container;
mod debian;
mod program;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::failure::{Failure, Outcome, While};
use crate::shell;

use program::{PROGRAMS, Program};
use tree::Tree;

/// The profile with full optimisation.
const PROFILE: &str = "dist";

/// The arguments of `cargo xtask package`.
#[derive(clap::Args)]
pub(crate) struct Package {
    /// Takes the programs from this folder, in the place of building them for distribution.
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// Compresses little, for tests.
    #[arg(long, hide = true)]
    quick: bool,
}

impl Package {
    /// Makes everything anew, and prints what it made.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        let programs = match &self.programs {
            Some(folder) => folder.clone(),
            None => build()?,
        };
        let out = shell::target_dir().join("package");
        if out.exists() {
            fs::remove_dir_all(&out).during(|| format!("removing {}", out.display()))?;
        }
        let trees = PROGRAMS
            .iter()
            .map(|program| Tree::stage(program, &programs, &out))
            .collect::<Outcome<Vec<_>>>()?;
        let mut made = vec![archive(&out, &trees)?];
        for tree in &trees {
            made.push(debian::package(tree, &out, self.quick)?);
        }
        write_sums(&out, &made)?;
        made.push(container::root(&trees, &out)?);
        println!();
        made.iter().for_each(|path| println!("{}", path.display()));
        Ok(ExitCode::SUCCESS)
    }
}

/// Builds the programs as they are shipped, and tells the folder that they are in.
fn build() -> Outcome<PathBuf> {
    for Program { package, features, .. } in &PROGRAMS {
        let mut cargo = shell::cargo();
        cargo.args(["build", "--profile", PROFILE, "--package", package]).args(*features);
        shell::run(&mut cargo)?;
    }
    Ok(shell::target_dir().join(PROFILE))
}

/// The version of everything.
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// When the commit was made that is packed, in seconds since 1970: the time of all files, so that two builds of one
/// commit are alike.
fn commit_time() -> String {
    let mut git = Command::new("git");
    git.current_dir(shell::root()).args(["log", "-1", "--format=%ct"]);
    shell::output(&mut git).filter(|time| !time.is_empty()).unwrap_or_else(|| "0".to_owned())
}

/// Puts everything into one archive for systems that are no Debian.
fn archive(out: &Path, trees: &[Tree]) -> Outcome<PathBuf> {
    let name = format!("countersign-{}-{}-linux-gnu", version(), std::env::consts::ARCH);
    let path = out.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .arg(format!("--mtime=@{}", commit_time()))
        .args(["--use-compress-program", "gzip --no-name --best"])
        .arg(format!("--transform=s,^\\.,{name},"))
        .arg("--file")
        .arg(&path);
    for tree in trees {
        tar.arg("--directory").arg(tree.root()).arg("./usr");
    }
    shell::run(&mut tar)?;
    Ok(path)
}

/// Writes what others compare their downloads with.
fn write_sums(out: &Path, files: &[PathBuf]) -> Outcome<()> {
    let names = files.iter().filter_map(|file| file.file_name());
    let mut sum = Command::new("sha256sum");
    sum.current_dir(out).args(names);
    let sums = shell::output(&mut sum).ok_or_else(|| Failure::new("sha256sum failed"))?;
    let path = out.join("SHA256SUMS");
    fs::write(&path, sums + "\n").during(|| format!("writing {}", path.display()))
}
