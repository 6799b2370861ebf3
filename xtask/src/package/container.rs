//! The root of a container with nothing in it but `countersign`, the libraries that it is linked to, and the system's
//! certificate authorities. `deploy/container/Containerfile` starts from scratch and copies it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tree::{Tree, copy, write};
use crate::failure::{Failure, Outcome, While};
use crate::shell;

/// Where Debian has the authorities.
const AUTHORITIES: &str = "etc/ssl/certs/ca-certificates.crt";

/// The user that the program runs as.
const USER: &str = "countersign:x:65532:65532:Countersign:/var/lib/countersign:/usr/sbin/nologin\n";

/// Lays out the folder that the container is built from: `podman build target/package/container`.
pub(crate) fn root(trees: &[Tree], out: &Path) -> Outcome<PathBuf> {
    let context = out.join("container");
    let root = context.join("root");
    for tree in trees {
        let binary = tree.binary();
        place(&binary, &root.join("usr/bin").join(tree.program().name))?;
        for library in libraries(&binary)? {
            place(&library, &below(&root, &library))?;
        }
    }
    let authorities = Path::new("/").join(AUTHORITIES);
    if !authorities.exists() {
        return Err(Failure::new("no certificate authorities here: install ca-certificates"));
    }
    place(&authorities, &root.join(AUTHORITIES))?;
    write(&root.join("etc/passwd"), USER.as_bytes())?;
    // Its copies become the folders that the program may write to.
    let empty = context.join("empty");
    fs::create_dir_all(&empty).during(|| format!("making {}", empty.display()))?;
    for file in ["Containerfile", "compose.yaml"] {
        copy(&shell::root().join("deploy/container").join(file), &context.join(file))?;
    }
    Ok(context)
}

/// The libraries that a program is linked to, and what loads them.
fn libraries(binary: &Path) -> Outcome<Vec<PathBuf>> {
    let listed = shell::output(Command::new("ldd").arg(binary))
        .ok_or_else(|| Failure::new(format!("ldd cannot read {}", binary.display())))?;
    let words = listed.split_whitespace().filter(|word| word.starts_with('/'));
    Ok(words.map(PathBuf::from).collect())
}

/// Where a file of the system is below another root. Programs ask for what loads them by the path that they were
/// linked with, so links of folders are not followed.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn place(from: &Path, to: &Path) -> Outcome<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).during(|| format!("making {}", folder.display()))?;
    }
    copy(from, to)
}
