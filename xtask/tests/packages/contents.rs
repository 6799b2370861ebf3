//! The files of the packages, as a system gets them.

use std::path::Path;
use std::process::Command;

use super::{Packages, said};

/// The listing of a package without times and sizes, and without the manual pages, of which every command has one.
fn listed(package: &Path) -> String {
    let listing = said(Command::new("dpkg-deb").arg("--contents").arg(package));
    let mut lines: Vec<_> = listing
        .lines()
        .filter(|line| !line.ends_with('/') && !line.ends_with(".1.gz"))
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            format!("{} {} {}", words[0], words[1], words[5..].join(" "))
        })
        .collect();
    lines.sort_by(|a, b| a.split(' ').next_back().cmp(&b.split(' ').next_back()));
    lines.join("\n") + "\n"
}

fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(golden, text, "{}; COUNTERSIGN_BLESS=1 rewrites it", path.display());
}

/// Unpacks both packages into one folder, as a system has them.
fn unpacked(packed: &Packages, into: &Path) {
    for program in ["countersign", "countersign-verify"] {
        said(Command::new("dpkg-deb").arg("--extract").arg(packed.debian(program)).arg(into));
    }
}

#[test]
fn interop_debian_packages_have_their_files_and_what_is_in_them_works() {
    let packed = Packages::now();
    let files = ["countersign", "countersign-verify"].map(|program| {
        let control = said(Command::new("dpkg-deb").arg("--info").arg(packed.debian(program)));
        assert!(control.contains("libc6 (>= "), "{control}");
        listed(&packed.debian(program))
    });
    assert_golden("debian_files.txt", &files.join("\n"));
    said(Command::new("sha256sum").arg("--check").arg("SHA256SUMS").current_dir(packed.path()));

    let root = tempfile::tempdir().unwrap();
    unpacked(&packed, root.path());
    let binary = root.path().join("usr/bin/countersign");
    assert!(said(Command::new(&binary).arg("--version")).starts_with("countersign "));
    let sections = said(Command::new("readelf").arg("--section-headers").arg(&binary));
    assert!(!sections.contains(".debug_info"), "it is not stripped");
    let completions = root.path().join("usr/share/bash-completion/completions/countersign");
    let complete = format!(
        "source {}; COMP_WORDS=(countersign log ''); COMP_CWORD=2; _countersign countersign '' log; echo ${{COMPREPLY[@]}}",
        completions.display()
    );
    let words = said(Command::new("bash").arg("-c").arg(complete));
    assert!(words.contains("close") && words.contains("witness"), "{words}");
    let page = root.path().join("usr/share/man/man1/countersign-people-ledger.1.gz");
    let page = said(Command::new("gzip").arg("--decompress").arg("--stdout").arg(page));
    assert!(page.contains(".TH") && page.contains("ledger"), "{page}");

    // The units, and what they name, as systemd reads them.
    let units = root.path().join("usr/lib/systemd/system");
    for unit in ["countersign", "countersign-witness", "countersign-monitor"] {
        let unit = units.join(format!("{unit}.service"));
        let text = std::fs::read_to_string(&unit).unwrap();
        std::fs::write(
            &unit,
            text.replace("/usr/bin/", &format!("{}/usr/bin/", root.path().display())),
        )
        .unwrap();
        let output =
            Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit).output();
        let output = output.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", super::both(&output));
    }
}
