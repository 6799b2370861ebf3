//! Key files and software that we did not write: OpenSSL 3 and pyca/cryptography read what we write, and we
//! read what OpenSSL writes. The Python program is `testdata/interop/python/read_key.py`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign_people::keys::SecretKey;
use serde_json::json;

use crate::support::foreign::python;
use crate::support::{World, finish, program};

/// A key file of each command that writes one, with the public half of each.
fn key_files(folder: &Path) -> Vec<(PathBuf, SecretKey)> {
    let world = World::founded_in(folder);
    let own = folder.join("own.key");
    assert!(finish(program(&["key", "new"]).arg(&own)).status.success());
    let witness = folder.join("witness");
    let made =
        finish(program(&["log", "witness", "new", "--name", "w.example/1", "--dir"]).arg(&witness));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let names = ["log", "receipts", "root", "tokens", "vrf", "reviewers/ines", "partner-aurora"];
    let mut files: Vec<_> = names.iter().map(|name| world.directory.key(name)).collect();
    files.extend([own, witness.join("witness.key")]);
    files.into_iter().map(|path| (path.clone(), SecretKey::read(&path).unwrap())).collect()
}

fn openssl(arguments: &[&str], file: &Path) -> Vec<u8> {
    let openssl = std::env::var_os("COUNTERSIGN_OPENSSL").unwrap_or_else(|| "openssl".into());
    let output = Command::new(openssl).args(arguments).arg(file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} {}: {errors}", file.display());
    output.stdout
}

#[test]
fn interop_openssl_reads_our_key_files_and_we_read_theirs() {
    let folder = tempfile::tempdir().unwrap();
    for (file, key) in key_files(folder.path()) {
        let public = openssl(&["pkey", "-pubout", "-outform", "DER", "-in"], &file);
        // SubjectPublicKeyInfo ends with the 32 bytes.
        assert_eq!(public[public.len() - 32..], key.public().0, "{}", file.display());
    }
    let theirs = folder.path().join("theirs.key");
    openssl(&["genpkey", "-algorithm", "ed25519", "-out"], &theirs);
    fs::set_permissions(&theirs, fs::Permissions::from_mode(0o600)).unwrap();
    let public = openssl(&["pkey", "-pubout", "-outform", "DER", "-in"], &theirs);
    let read = SecretKey::read(&theirs).unwrap();
    assert_eq!(public[public.len() - 32..], read.public().0);
}

#[test]
fn interop_cryptography_reads_our_key_files_and_signs_with_them() {
    let folder = tempfile::tempdir().unwrap();
    for (file, key) in key_files(folder.path()) {
        let found = python("read_key.py", &json!({ "file": file, "message": "6d657373616765" }));
        assert_eq!(found["public"], const_hex::encode(key.public().0), "{}", file.display());
        let signature = const_hex::encode(key.sign(b"message").0);
        assert_eq!(found["signature"], signature, "{}", file.display());
    }
}
