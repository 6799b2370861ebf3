//! Links from Markdown files to other files of the repository.

use std::path::Path;

use crate::source::{File, Finding, root};

pub(crate) fn of_files(files: &[File]) -> Vec<Finding> {
    let exists = |path: &Path| root().join(path).exists();
    files.iter().filter(|file| file.is("md")).flat_map(|file| of_file(file, exists)).collect()
}

fn of_file(file: &File, exists: impl Fn(&Path) -> bool) -> Vec<Finding> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        for target in targets(line) {
            let path = target.split('#').next().unwrap_or_default();
            let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
            if !path.is_empty() && !is_elsewhere && !exists(&folder.join(path)) {
                let why = "a reader who follows it finds nothing";
                findings.push(file.finding(number, format!("link to {target}"), why));
            }
        }
    }
    findings
}

/// What stands in the round brackets of `[text](target)`, and behind `[name]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition = line.starts_with('[').then(|| line.split_once("]: ")).flatten();
    inline.chain(definition.map(|(_, target)| target.trim()))
}

#[test]
fn dead_links_are_found() {
    let text = "[a](gone.md) [b](../README.md#part) [c](https://example.org/x) [d](#here)\n\
                [e]: gone-too.md\n```\n[in code](gone.md)\n```\n";
    let exists = |path: &Path| path == Path::new("docs/../README.md");
    let findings = of_file(&File::new("docs/a.md", text), exists);
    let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("docs/a.md:1: link to gone.md"), "{found:?}");
    assert!(found[1].starts_with("docs/a.md:2: link to gone-too.md"), "{found:?}");
}
