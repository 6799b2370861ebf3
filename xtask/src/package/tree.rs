//! The files of a program, where a Debian system has them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::Program;
use crate::failure::{Outcome, While};
use crate::shell;

/// A shell, the folder of its completions, and how the file of a program is named there.
const SHELLS: [(&str, &str, &str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions", "", ""),
    ("zsh", "usr/share/zsh/vendor-completions", "_", ""),
    ("fish", "usr/share/fish/vendor_completions.d", "", ".fish"),
];

/// The files of a program.
pub(crate) struct Tree {
    program: &'static Program,
    root: PathBuf,
}

impl Tree {
    /// Lays them out below `out`: the program of this name in `programs`, stripped, and what it says about itself.
    pub(crate) fn stage(program: &'static Program, programs: &Path, out: &Path) -> Outcome<Self> {
        let tree = Self { program, root: out.join("root").join(program.name) };
        let built = programs.join(program.name);
        let binary = tree.folder("usr/bin")?.join(program.name);
        shell::run(Command::new("strip").arg("-o").arg(&binary).arg(&built))?;
        tree.add_manual(&binary)?;
        tree.add_completions(&binary)?;
        tree.add_documents()?;
        tree.add_units()?;
        tree.set_modes(&tree.root)?;
        Ok(tree)
    }

    /// The program.
    pub(crate) const fn program(&self) -> &'static Program {
        self.program
    }

    /// The folder that stands for `/`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The program's own file.
    pub(crate) fn binary(&self) -> PathBuf {
        self.root.join("usr/bin").join(self.program.name)
    }

    /// A folder below the root, which is made.
    pub(crate) fn folder(&self, path: &str) -> Outcome<PathBuf> {
        let folder = self.root.join(path);
        fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
        Ok(folder)
    }

    fn add_manual(&self, binary: &Path) -> Outcome<()> {
        let folder = self.folder("usr/share/man/man1")?;
        shell::run(Command::new(binary).arg("manual").arg("--out").arg(&folder))?;
        let pages = fs::read_dir(&folder).during(|| format!("reading {}", folder.display()))?;
        let mut gzip = Command::new("gzip");
        gzip.args(["--no-name", "--best"]);
        gzip.args(pages.flatten().map(|page| page.path()));
        shell::run(&mut gzip)
    }

    fn add_completions(&self, binary: &Path) -> Outcome<()> {
        for (shell, folder, before, after) in SHELLS {
            let made = Command::new(binary).args(["completions", shell]).output();
            let made = made.during(|| format!("asking for the completions of {shell}"))?;
            let file = format!("{before}{}{after}", self.program.name);
            write(&self.folder(folder)?.join(file), &made.stdout)?;
        }
        Ok(())
    }

    fn add_documents(&self) -> Outcome<()> {
        let folder = self.folder(&format!("usr/share/doc/{}", self.program.name))?;
        copy(&shell::root().join("deploy/debian/copyright"), &folder.join("copyright"))?;
        let changelog = folder.join("changelog");
        copy(&shell::root().join("CHANGELOG.md"), &changelog)?;
        shell::run(Command::new("gzip").args(["--no-name", "--best"]).arg(changelog))
    }

    fn add_units(&self) -> Outcome<()> {
        let folder = self.folder("usr/lib/systemd/system")?;
        for unit in self.program.units {
            copy(&shell::root().join("deploy/systemd").join(unit), &folder.join(unit))?;
        }
        Ok(())
    }

    /// What a package has, whatever the user's own mask is.
    fn set_modes(&self, path: &Path) -> Outcome<()> {
        let doing = || format!("setting the mode of {}", path.display());
        let is_folder = path.is_dir();
        let is_program = path.parent().is_some_and(|folder| folder.ends_with("usr/bin"));
        let mode = if is_folder || is_program { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).during(doing)?;
        if is_folder {
            for entry in fs::read_dir(path).during(doing)?.flatten() {
                self.set_modes(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Writes a file.
pub(crate) fn write(path: &Path, content: &[u8]) -> Outcome<()> {
    fs::write(path, content).during(|| format!("writing {}", path.display()))
}

/// Copies a file.
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::copy(from, to).map(|_| ()).during(|| format!("copying {}", from.display()))
}
