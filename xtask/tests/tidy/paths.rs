//! Paths of the repository that documents name: where a reader is sent, there is something.

use std::path::Path;

use crate::source::{File, Finding, root};

/// Documents that say how things were.
const HISTORY: [&str; 1] = ["CHANGELOG.md"];

/// `` `crates/…` `` in Markdown, as a file or a folder.
pub(crate) fn named(files: &[File]) -> Vec<Finding> {
    let exists = |path: &Path| root().join(path).exists();
    let is_document = |file: &&File| file.is("md") && !HISTORY.contains(&file.path.as_str());
    files.iter().filter(is_document).flat_map(|file| named_in(file, exists)).collect()
}

fn named_in(file: &File, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for path in line.split('`').skip(1).step_by(2).filter(|span| is_path(span)) {
            // A crate is named before it is there, by who is about to make it.
            let krate: std::path::PathBuf = Path::new(path).components().take(2).collect();
            if exists(&krate) && !exists(Path::new(path)) {
                let why = "a reader who looks there finds nothing";
                findings.push(file.finding(number, path, why));
            }
        }
    }
    findings
}

fn is_path(span: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    span.starts_with("crates/") && span.chars().all(plain)
}

#[test]
fn paths_that_lead_nowhere_are_found() {
    let text = "See `crates/log/src/gone.rs`, `crates/log/src/lib.rs`, `crates/log/src/{a,b}.rs`,\n\
                `crates/new/src/a.rs` and crates/log/src/gone.rs.\n";
    let there = ["crates/log", "crates/log/src/lib.rs"].map(Path::new);
    let findings = named_in(&File::new("docs/a.md", text), |path| there.contains(&path));
    let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("docs/a.md:1: crates/log/src/gone.rs"), "{found:?}");
}
