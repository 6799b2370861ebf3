//! Rust files that no crate compiles.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Finding};

pub(crate) fn files(files: &[File]) -> Vec<Finding> {
    let rust: BTreeMap<_, _> =
        files.iter().filter(|file| file.is("rs")).map(|file| (file.path.as_str(), file)).collect();
    let named = named_in_manifests(files);
    let compiled =
        |path: &str| is_root(path) || named.contains(path) || is_compile_test(&rust, path);
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut next: Vec<_> =
        rust.keys().filter(|path| compiled(path)).map(|path| (*path).to_owned()).collect();
    while let Some(path) = next.pop() {
        if let Some(file) = rust.get(path.as_str()).filter(|_| !reached.contains(&path)) {
            next.extend(children(file, &named));
            reached.insert(path);
        }
    }
    let why =
        "nobody compiles it, so nobody knows whether it is right; delete it or declare its module";
    let dead = rust.values().filter(|file| !reached.contains(&file.path));
    dead.map(|file| file.finding(1, "no module declaration leads here", why)).collect()
}

/// Whether cargo compiles this file without being told.
fn is_root(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else {
        return false;
    };
    let parent = folder.rsplit('/').next().unwrap_or_default();
    let above = folder.rsplit('/').nth(1).unwrap_or_default();
    match (parent, name) {
        ("src", "lib.rs" | "main.rs") | (_, "build.rs") if !folder.contains("/src/") => true,
        ("bin" | "tests" | "benches" | "examples", _) => true,
        (_, "main.rs") => matches!(above, "bin" | "tests" | "benches" | "examples"),
        _ => false,
    }
}

/// The `path = "….rs"` of manifests.
fn named_in_manifests(files: &[File]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for file in files {
        let Some(folder) = file.path.strip_suffix("Cargo.toml") else {
            continue;
        };
        for line in file.text.lines() {
            if let Some(path) = line.trim().strip_prefix("path = \"") {
                named.insert(format!("{folder}{}", path.trim_end_matches('"')));
            }
        }
    }
    named
}

/// Whether trybuild compiles this file: the test beside its folder names the folder.
fn is_compile_test(rust: &BTreeMap<&str, &File>, path: &str) -> bool {
    let Some((folder, _)) = path.rsplit_once('/') else {
        return false;
    };
    let Some((tests, name)) = folder.rsplit_once('/') else {
        return false;
    };
    let glob = format!("{name}/*.rs");
    let is_test = |file: &&&File| file.path.starts_with(&format!("{tests}/"));
    name.starts_with("compile_") && rust.values().filter(is_test).any(|f| f.text.contains(&glob))
}

/// Where the modules that a file declares may lie.
fn children(file: &File, named: &BTreeSet<String>) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let is_top = is_root(&file.path) || named.contains(&file.path) || name == "mod.rs";
    let stem = name.trim_end_matches(".rs");
    let inside = if is_top { folder.to_owned() } else { format!("{folder}/{stem}") };
    let mut children = Vec::new();
    let mut path_attribute = None;
    for (code, text) in file.code.lines().zip(file.text.lines()) {
        if let Some(path) = text.trim().strip_prefix("#[path = \"") {
            path_attribute = path.split('"').next();
            continue;
        }
        let Some(module) = declared_module(code) else {
            continue;
        };
        match path_attribute.take() {
            Some(path) => children.push(normal(&format!("{folder}/{path}"))),
            None => children
                .extend([format!("{inside}/{module}.rs"), format!("{inside}/{module}/mod.rs")]),
        }
    }
    children
}

/// `a` of `mod a;` and `pub(crate) mod a;`.
fn declared_module(code: &str) -> Option<&str> {
    let declaration = code.trim().strip_suffix(';')?;
    let (before, module) = declaration.rsplit_once("mod ")?;
    (before.is_empty() || before.starts_with("pub")).then_some(module)
}

/// The path without `x/..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn dead_files_are_found() {
    let file = |path: &str, text: &str| File::new(path, text);
    let all = [
        file("crates/a/src/lib.rs", "//! x\npub mod b;\npub(crate) mod c;\n// mod e;\n"),
        file("crates/a/src/b.rs", "#[path = \"../shared.rs\"]\nmod s;\nmod d;\n"),
        file("crates/a/src/b/d.rs", ""),
        file("crates/a/src/c/mod.rs", "mod d;\n"),
        file("crates/a/src/c/d.rs", ""),
        file("crates/a/src/e.rs", ""),
        file("crates/a/src/e/main.rs", ""),
        file("crates/a/shared.rs", ""),
        file("crates/a/src/bin/tool/main.rs", "mod f;\n"),
        file("crates/a/src/bin/tool/f.rs", ""),
        file("crates/a/tests/it/main.rs", "mod g;\n"),
        file("crates/a/tests/it/g.rs", ""),
        file("crates/a/tests/it/h.rs", ""),
        file("crates/a/tests/compile.rs", "t.compile_fail(\"tests/compile_fail/*.rs\");"),
        file("crates/a/tests/compile_fail/i.rs", ""),
        file("crates/b/tests/compile_fail/j.rs", ""),
        file("fuzz/Cargo.toml", "[[bin]]\npath = \"targets/k.rs\"\n"),
        file("fuzz/targets/k.rs", ""),
    ];
    let found: Vec<_> = files(&all).iter().map(ToString::to_string).collect();
    let dead = [
        "crates/a/src/e.rs",
        "crates/a/src/e/main.rs",
        "crates/a/tests/it/h.rs",
        "crates/b/tests/compile_fail/j.rs",
    ];
    assert_eq!(found.len(), dead.len(), "{found:#?}");
    for (found, dead) in found.iter().zip(dead) {
        assert!(found.starts_with(dead), "{found}");
    }
}
