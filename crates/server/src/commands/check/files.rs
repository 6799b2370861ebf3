//! The files that a start reads whole, by the functions with which it reads them.

use std::fs;
use std::path::PathBuf;

use countersign_http::bearer::BearerToken;
use countersign_http::start_files::StartFiles as HttpStartFiles;
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_service::start_files::StartFiles;

use super::Lines;
use crate::config::Config;

/// Each key and token, then all that a start reads, as it reads it; `None` if it would refuse one.
pub(super) fn check(
    directory: &DataDir,
    config: Option<&Config>,
    lines: &mut Lines,
) -> Option<StartFiles> {
    for name in ["log", "receipts", "tokens"] {
        let key = SecretKey::read(&directory.key(name));
        let key = key.map(|key| key.public().to_string()).map_err(|error| error.to_string());
        lines.add(&format!("key {name}"), key);
    }
    let root = directory.key("root");
    if root.exists() {
        lines.add_misplaced("key root", &root, "a safe, and off this machine");
    } else {
        lines.add("key root", Ok("it is not here, as it should be".to_owned()));
    }
    for path in reviewers_keys(directory) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        lines.add_misplaced(&format!("key of reviewer {name}"), &path, "its reviewer alone");
    }
    for (check, path) in [
        ("admin token", directory.admin_token()),
        ("metrics token", directory.metrics_token()),
        ("decide token", directory.decide_token()),
    ] {
        let token = BearerToken::read(&path);
        lines.add(check, token.map(|_| "present".to_owned()).map_err(|error| error.to_string()));
    }
    let config = config?;
    let of_http = HttpStartFiles::read(directory, config.tls.as_ref());
    let read = of_http.map_err(|error| error.to_string()).and_then(|of_http| {
        let files = StartFiles::read(directory, &config.settings());
        Ok((of_http, files.map_err(|error| error.to_string())?))
    });
    match read {
        Ok((of_http, files)) => {
            lines.add("files that a start reads", Ok(describe(&of_http, &files)));
            Some(files)
        }
        Err(error) => {
            // What is wrong with one key or token was said of it above.
            if !lines.0.iter().any(|line| !line.ok && line.found == error) {
                lines.add("files that a start reads", Err(error));
            }
            None
        }
    }
}

fn describe(of_http: &HttpStartFiles, files: &StartFiles) -> String {
    let tls = if of_http.tls.is_some() { "a certificate with its key" } else { "no certificate" };
    let witnesses = match &files.witnesses {
        Some(witnesses) => format!("{} witnesses to ask", witnesses.asked_count()),
        None => "no witnesses".to_owned(),
    };
    let canaries = files.canaries.list().len();
    format!("keys and tokens, {tls}, {witnesses}, {canaries} canaries")
}

fn reviewers_keys(directory: &DataDir) -> Vec<PathBuf> {
    // The folder may be gone with the last key in it.
    let Ok(listed) = fs::read_dir(directory.keys().join("reviewers")) else { return Vec::new() };
    let mut paths: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "key"));
    paths.sort_unstable();
    paths
}
