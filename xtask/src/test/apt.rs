//! Debian packages, where they can be had without asking anybody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome, While};
use crate::shell;

/// `apt-get` with the right to install.
struct Apt {
    program: PathBuf,
    is_root: bool,
}

impl Apt {
    /// The one of this machine, for these packages.
    fn of(packages: &str) -> Outcome<Self> {
        let ask = |why: &str| {
            Failure::new(format!(
                "{packages} would be needed, and {why}: install them and run this again"
            ))
        };
        let Some(program) = shell::find("apt-get") else {
            return Err(ask("there is no apt-get here"));
        };
        let is_root = shell::output(Command::new("id").arg("-u")).as_deref() == Some("0");
        let may_sudo = || shell::output(Command::new("sudo").args(["-n", "true"])).is_some();
        if !is_root && !may_sudo() {
            return Err(ask("this user may neither install packages nor use sudo"));
        }
        Ok(Self { program, is_root })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command =
            if self.is_root { Command::new(&self.program) } else { Command::new("sudo") };
        if !self.is_root {
            command.arg("-n").arg(&self.program);
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Runs a command, and once more with new package lists if it fails: they may be old or absent.
    fn run(&self, command: &mut Command) -> Outcome<()> {
        if shell::status(command)?.success() {
            return Ok(());
        }
        shell::run(&mut self.command(&["update"]))?;
        shell::run(command)
    }
}

/// Installs Debian packages.
pub(crate) fn apt_install(packages: &[&str]) -> Outcome<()> {
    let apt = Apt::of(&packages.join(" "))?;
    let mut install = apt.command(&["install", "--yes", "--no-install-recommends"]);
    apt.run(install.args(packages))
}

/// Unpacks a Debian package into a folder, without installing it.
pub(crate) fn apt_unpack(package: &str, folder: &Path) -> Outcome<()> {
    let apt = Apt::of(package)?;
    fs::create_dir_all(folder).during(|| format!("making {}", folder.display()))?;
    let mut download = Command::new(&apt.program);
    apt.run(download.current_dir(folder).args(["download", package]))?;
    let files = fs::read_dir(folder).during(|| format!("listing {}", folder.display()))?;
    let is_package = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "deb");
    for package in files.flatten().map(|file| file.path()).filter(is_package) {
        shell::run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(folder))?;
    }
    Ok(())
}
