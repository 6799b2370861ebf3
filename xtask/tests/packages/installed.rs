//! The packages on a Debian that boots: systemd starts, reloads and stops what is in them, within the limits of the
//! units.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Packages, debian_root, is_left_out, said};

/// What runs in the system once it has booted.
const UNIT: &str = "[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nExecStart=/bin/sh /packages/steps.sh\n";

#[test]
fn interop_systemd_installs_starts_reloads_upgrades_and_removes_the_packages() {
    if is_left_out("interop_systemd_installs_starts_reloads_upgrades_and_removes_the_packages") {
        return;
    }
    let packed = Packages::now();
    let folder = packed.path();
    fs::write(folder.join("steps.sh"), include_str!("installed.sh")).unwrap();
    fs::write(folder.join("steps.service"), UNIT).unwrap();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in ["docs/examples/first-answer.sh", "testdata/schemas/hiking-club.sql"] {
        let from = project.join(file);
        fs::copy(&from, folder.join(from.file_name().unwrap())).unwrap();
    }
    // The program waits in a system of its own, which is gone afterwards.
    let mut boot = Command::new("systemd-nspawn");
    boot.args(["--quiet", "--register=no", "--keep-unit", "--ephemeral", "--private-network"])
        .arg(format!("--bind={}:/packages", folder.display()))
        .arg(format!(
            "--bind-ro={}:/etc/systemd/system/steps.service",
            folder.join("steps.service").display()
        ))
        .arg("--directory")
        .arg(debian_root())
        .args(["--boot", "systemd.wants=steps.service"]);
    said(&mut boot);
    let log = fs::read_to_string(folder.join("steps.log")).unwrap();
    assert!(log.ends_with("all steps done\n"), "{log}");
    let verdict =
        log.lines().find(|line| line.starts_with("from the packages to a verified answer"));
    println!("{}", verdict.unwrap());
}
