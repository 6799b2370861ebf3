//! Links from Markdown files to other files of the repository, and to headings in them.

use std::fs;
use std::path::Path;

use crate::source::{File, Finding, root};

pub(crate) fn of_files(files: &[File]) -> Vec<Finding> {
    let exists = |path: &Path| root().join(path).exists();
    let read = |path: &Path| fs::read_to_string(root().join(path)).unwrap_or_default();
    files.iter().filter(|file| file.is("md")).flat_map(|file| of_file(file, exists, read)).collect()
}

fn of_file(
    file: &File,
    exists: impl Fn(&Path) -> bool,
    read: impl Fn(&Path) -> String,
) -> Vec<Finding> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        for target in targets(line) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let is_here = path.is_empty();
            let is_dead = !is_here && !exists(&folder.join(path));
            let has_headings = is_here || Path::new(path).extension().is_some_and(|e| e == "md");
            let page = || if is_here { file.text.clone() } else { read(&folder.join(path)) };
            if is_dead || (has_headings && !anchor.is_empty() && !has_anchor(&page(), anchor)) {
                let why = "a reader who follows it finds nothing";
                findings.push(file.finding(number, format!("link to {target}"), why));
            }
        }
    }
    findings
}

/// Whether a page has a heading of this anchor, as hosts of Markdown make it.
fn has_anchor(page: &str, anchor: &str) -> bool {
    let mut in_code = false;
    page.lines().any(|line| {
        in_code ^= line.trim_start().starts_with("```");
        !in_code && line.starts_with('#') && slug(line.trim_start_matches('#')) == anchor
    })
}

fn slug(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
    heading.trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// What stands in the round brackets of `[text](target)`, and behind `[name]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let definition = line.starts_with('[').then(|| line.split_once("]: ")).flatten();
    inline.chain(definition.map(|(_, target)| target.trim()))
}

#[test]
fn dead_links_are_found() {
    let text = "# Here\n[a](gone.md) [b](../README.md#a-part-of-it) [c](https://example.org/x#y) [d](#here)\n\
                [e]: gone-too.md\n```\n[in code](gone.md)\n# there\n```\n[f](#there) [g](../README.md#no-part)\n";
    let exists = |path: &Path| path == Path::new("docs/../README.md");
    let read = |_: &Path| "## A `part` of it!\n".to_owned();
    let findings = of_file(&File::new("docs/a.md", text), exists, read);
    let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
    let dead = ["2: link to gone.md", "3: link to gone-too.md", "8: link to #there"];
    let dead = dead.iter().chain(&["8: link to ../README.md#no-part"]);
    assert_eq!(found.len(), 4, "{found:?}");
    for (found, dead) in found.iter().zip(dead) {
        assert!(found.starts_with(&format!("docs/a.md:{dead}")), "{found}");
    }
}
