//! A Debian package of one program, made with Debian's own tools.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::{Tree, copy, write};
use super::{commit_time, version};
use crate::failure::{Failure, Outcome, While};
use crate::shell;

/// What dpkg runs before and after it changes the system, if the program has one.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Makes it below `out`; quickly, or small.
pub(crate) fn package(tree: &Tree, out: &Path, quick: bool) -> Outcome<PathBuf> {
    for (tool, package) in [("dpkg-deb", "dpkg"), ("dpkg-shlibdeps", "dpkg-dev")] {
        if shell::find(tool).is_none() {
            return Err(Failure::new(format!("{tool} is missing: install {package}")));
        }
    }
    let architecture = shell::output(Command::new("dpkg").arg("--print-architecture"))
        .ok_or_else(|| Failure::new("dpkg does not tell the architecture"))?;
    let control = tree.folder("DEBIAN")?;
    write(&control.join("control"), control_text(tree, &architecture, out)?.as_bytes())?;
    write(&control.join("md5sums"), sums(tree)?.as_bytes())?;
    for script in SCRIPTS {
        let own = shell::root().join("deploy/debian");
        let own = own.join(format!("{}.{script}", tree.program().name));
        if own.exists() {
            let file = control.join(script);
            copy(&own, &file)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
                .during(|| format!("setting the mode of {}", file.display()))?;
        }
    }
    let path = out.join(format!("{}_{}_{architecture}.deb", tree.program().name, version()));
    let mut build = Command::new("dpkg-deb");
    build.env("SOURCE_DATE_EPOCH", commit_time());
    if quick {
        build.args(["-Zgzip", "-z1"]);
    }
    build.args(["--root-owner-group", "--build"]).arg(tree.root()).arg(&path);
    shell::run(&mut build)?;
    Ok(path)
}

fn control_text(tree: &Tree, architecture: &str, out: &Path) -> Outcome<String> {
    let program = tree.program();
    let depends = libraries(tree, out)?;
    let depends = match program.name {
        // It makes the system user.
        "countersign" => format!("adduser, {depends}"),
        _ => depends,
    };
    let installed_kib = shell::output(Command::new("du").args(["-sk"]).arg(tree.root()));
    let installed_kib = installed_kib.as_deref().and_then(|line| line.split_whitespace().next());
    Ok(format!(
        "Package: {}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: The Countersign developers <security@countersign.example>\nInstalled-Size: {}\nDepends: {depends}\nRecommends: ca-certificates\nSection: net\nPriority: optional\nDescription: {}\n{}",
        program.name,
        version(),
        installed_kib.unwrap_or("0"),
        program.synopsis,
        program.description,
    ))
}

/// The packages with the libraries that the program is linked to, in the versions that it needs.
fn libraries(tree: &Tree, out: &Path) -> Outcome<String> {
    // The tool wants the source of a package around it.
    let source = out.join("source");
    let control = source.join("debian/control");
    fs::create_dir_all(source.join("debian")).during(|| "making a folder".to_owned())?;
    write(
        &control,
        format!("Source: {0}\n\nPackage: {0}\nArchitecture: any\n", tree.program().name).as_bytes(),
    )?;
    let mut tool = Command::new("dpkg-shlibdeps");
    tool.current_dir(&source).arg("-O").arg(tree.binary());
    let found = shell::output(&mut tool);
    fs::remove_dir_all(&source).during(|| format!("removing {}", source.display()))?;
    let found = found.as_deref().and_then(|line| line.strip_prefix("shlibs:Depends="));
    found.map(str::to_owned).ok_or_else(|| Failure::new("dpkg-shlibdeps failed; run it to see why"))
}

/// The sums of all files, which dpkg compares the installed ones with.
fn sums(tree: &Tree) -> Outcome<String> {
    let mut find = Command::new("sh");
    find.current_dir(tree.root()).arg("-c");
    find.arg("find . -path ./DEBIAN -prune -o -type f -printf '%P\\0' | sort -z | xargs -0 md5sum");
    let sums = shell::output(&mut find).ok_or_else(|| Failure::new("md5sum failed"))?;
    Ok(sums + "\n")
}
