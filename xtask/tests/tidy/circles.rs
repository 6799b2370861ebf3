//! Folders in which no files import each other in a circle, so that each can be read from the bottom up.
//!
//! Tests may use what they like, and `pub use` in a `mod.rs` is no import: a name that comes through it is looked for
//! where it is from. A folder within such a folder is one room to its neighbours, and is looked at by itself too.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Finding};

/// The names of these folders, wherever they are.
const FOLDERS: [&str; 2] = ["graph", "store"];

/// Segments of a path within such a folder; none is its `mod.rs`.
type Module = Vec<String>;

pub(crate) fn in_folders(files: &[File]) -> Vec<Finding> {
    FOLDERS.into_iter().flat_map(|name| in_folders_named(files, name)).collect()
}

fn in_folders_named(files: &[File], name: &str) -> Vec<Finding> {
    let end = format!("/{name}/mod.rs");
    let is_root = |file: &&File| file.path.contains("/src/") && file.path.ends_with(&end);
    let roots: Vec<&File> = files.iter().filter(is_root).collect();
    assert!(!roots.is_empty(), "there is no folder {name}: write in FOLDERS what it is called now");
    roots.into_iter().flat_map(|root| in_folder(files, root, name)).collect()
}

fn in_folder(files: &[File], root: &File, name: &str) -> Vec<Finding> {
    let folder = root.path.trim_end_matches("mod.rs");
    let within = files.iter().filter_map(|file| Some((file.path.strip_prefix(folder)?, file)));
    let modules: BTreeMap<Module, &File> =
        within.filter(|(path, _)| path.ends_with(".rs")).map(|(p, f)| (module(p), f)).collect();
    let tests: BTreeSet<Module> =
        modules.iter().flat_map(|(own, file)| test_modules(own, &file.code)).collect();
    let mut imports: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
    for (own, file) in &modules {
        if !tests.iter().any(|test| own.starts_with(test)) {
            let paths = paths(&without_tests(&file.code), own, name, &modules);
            let targets = paths.iter().filter_map(|path| target(path, &modules));
            imports.insert(own, targets.collect());
        }
    }
    let has_files = |level: &Module| {
        modules.keys().any(|one| one.len() > level.len() && one.starts_with(level))
    };
    let levels = modules.keys().filter(|level| has_files(level));
    levels.flat_map(|level| circles(level, &imports, &modules)).collect()
}

/// The module of a file: of `a/b.rs` and of `a/b/mod.rs` it is `a`, `b`.
fn module(path: &str) -> Module {
    let mut segments: Module = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if segments.last().is_some_and(|last| last == "mod") {
        segments.pop();
    }
    segments
}

/// Circles among the files of a folder, where a folder in it is one of them.
fn circles(
    level: &Module,
    imports: &BTreeMap<&Module, BTreeSet<Module>>,
    modules: &BTreeMap<Module, &File>,
) -> Vec<Finding> {
    let room = |module: &Module| {
        module.starts_with(level).then(|| module[..module.len().min(level.len() + 1)].to_vec())
    };
    let mut edges: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (from, targets) in imports {
        let Some(from) = room(from) else { continue };
        let targets = targets.iter().filter_map(room).filter(|to| *to != from);
        edges.entry(from.clone()).or_default().extend(targets);
    }
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for from in edges.keys() {
        let circle: Vec<_> = reached(from, &edges)
            .into_iter()
            .filter(|to| reached(to, &edges).contains(from))
            .collect();
        if !circle.is_empty() && !seen.contains(from) {
            let names: Vec<String> = circle.iter().map(shown).collect();
            let why = "what several files need belongs into one below them";
            let what = format!("these import each other in a circle: {}", names.join(", "));
            findings.extend(modules.get(from).map(|file| file.finding(1, what, why)));
            seen.extend(circle);
        }
    }
    findings
}

fn shown(module: &Module) -> String {
    if module.is_empty() { "mod.rs".to_owned() } else { module.join("::") }
}

/// What is imported from here, at any distance.
fn reached(from: &Module, edges: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = edges.get(from).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module.clone()) {
            next.extend(edges.get(module).into_iter().flatten());
        }
    }
    reached
}

/// The file that a path leads to, through what a `mod.rs` hands on.
fn target(path: &Module, modules: &BTreeMap<Module, &File>) -> Option<Module> {
    let known = (0..=path.len()).rev().find(|length| modules.contains_key(&path[..*length]))?;
    let (module, rest) = path.split_at(known);
    let file = modules.get(module)?;
    let through = rest.first().and_then(|item| {
        let lines = statements(&file.code).into_iter().filter(|line| line.starts_with("pub"));
        let handed = lines.filter_map(|line| Some(leaves(line.split_once("use ")?.1)));
        let handed = handed.flatten().find(|leaf| leaf.last() == Some(item))?;
        Some([module, &handed[..]].concat())
    });
    match through {
        Some(through) if through != *path => target(&through, modules),
        _ => Some(module.to_vec()),
    }
}

/// The paths in a file that lead into the folder of this name, from the folder on.
fn paths(code: &str, own: &Module, name: &str, modules: &BTreeMap<Module, &File>) -> Vec<Module> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("super::") {
        // The first one of several; the others belong to it.
        if !code[..at].ends_with("super::") {
            let after = code[at..].trim_start_matches("super::");
            let up = (code[at..].len() - after.len()) / "super::".len();
            if let Some(above) = own.len().checked_sub(up).map(|length| &own[..length]) {
                paths.extend(leaves(after).into_iter().map(|leaf| [above, &leaf[..]].concat()));
            }
        }
    }
    for (at, _) in code.match_indices("crate::") {
        for leaf in leaves(&code[at + "crate::".len()..]) {
            let within = leaf.iter().position(|segment| segment == name);
            paths.extend(within.map(|at| leaf[at + 1..].to_vec()));
        }
    }
    let uses = statements(code);
    let uses = uses.iter().filter_map(|line| line.strip_prefix("use "));
    let relative = uses.flat_map(leaves).map(|leaf| [&own[..], &leaf[..]].concat());
    let is_child =
        |path: &Module| path.get(..=own.len()).is_some_and(|child| modules.contains_key(child));
    paths.extend(relative.filter(is_child));
    paths
}

/// `use` statements, each on one line.
fn statements(code: &str) -> Vec<String> {
    let lines = code.split(';').map(|statement| {
        let words: Vec<&str> = statement.split_whitespace().collect();
        words.join(" ")
    });
    let from_use = |line: String| {
        let at = ["pub use ", "pub(crate) use ", "pub(super) use ", "use "]
            .iter()
            .filter_map(|word| line.find(word))
            .min()?;
        Some(line[at..].to_owned())
    };
    lines.filter_map(from_use).collect()
}

/// The paths of `a::{b, c::d}`: `a::b` and `a::c::d`.
fn leaves(tree: impl AsRef<str>) -> Vec<Module> {
    let tree = tree.as_ref().trim_start();
    let head: String = tree.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let rest = tree[head.len()..].trim_start();
    if head.is_empty() {
        let Some(group) = tree.strip_prefix('{') else { return vec![Module::new()] };
        return members(group).into_iter().flat_map(leaves).collect();
    }
    let below = rest.strip_prefix("::").map_or_else(|| vec![Module::new()], leaves);
    below.into_iter().map(|leaf| [vec![head.clone()], leaf].concat()).collect()
}

/// What commas part in a group whose brace is open, up to the brace that closes it.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut members) = (0_usize, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' if depth > 0 => {}
            ',' | '}' => {
                members.push(group[start..at].trim());
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    members.retain(|member| !member.is_empty() && *member != "self");
    members
}

const OF_TESTS: &str = "#[cfg(test)]";

/// What comes after each `#[cfg(test)]` and belongs to it.
fn test_items(code: &str) -> Vec<&str> {
    let item = |(at, _): (usize, &str)| {
        let after = &code[at + OF_TESTS.len()..];
        let end = match after.find([';', '{']) {
            Some(end) if after[end..].starts_with(';') => end + 1,
            Some(open) => open + block(&after[open..]),
            None => after.len(),
        };
        &after[..end]
    };
    code.match_indices(OF_TESTS).map(item).collect()
}

/// The length of the block that begins here.
fn block(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    code.len()
}

fn without_tests(code: &str) -> String {
    test_items(code).into_iter().fold(code.to_owned(), |code, item| code.replacen(item, ";", 1))
}

/// The modules that are compiled for tests alone and lie in files of their own.
fn test_modules(own: &Module, code: &str) -> Vec<Module> {
    let declared = |item: &str| {
        let (_, name) = item.trim().strip_suffix(';')?.rsplit_once("mod ")?;
        Some([own.clone(), vec![name.to_owned()]].concat())
    };
    test_items(code).into_iter().filter_map(declared).collect()
}

#[test]
fn circles_of_imports_are_found() {
    let found = |files: &[(&str, &str)]| -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, code)| File::new(&format!("crates/a/src/store/{path}"), code))
            .collect();
        in_folders_named(&files, "store").iter().map(ToString::to_string).collect()
    };
    let top = ("mod.rs", "mod a;\nmod b;\nmod c;\npub use b::B;\npub use a::{A, Z};\n");
    let straight = [top, ("a.rs", "use super::b::B;\n"), ("b.rs", "use super::c;\n"), ("c.rs", "")];
    assert_eq!(found(&straight), [""; 0]);
    let closed = |c: &'static str| {
        let [top, a, b, _] = straight;
        found(&[top, a, b, ("c.rs", c)])
    };
    for circle in [
        "use super::a::A;\n",
        "use super::A;\n",
        "use super::{\n    d::D,\n    a,\n};\n",
        "use crate::store::{Z, b};\n",
        "fn f() { super::a::g() }\n",
        "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nuse super::A;\n",
    ] {
        let found = closed(circle);
        assert_eq!(found.len(), 1, "{circle}");
        assert!(found[0].starts_with("crates/a/src/store/a.rs:1: "), "{found:?}");
        assert!(found[0].contains("a, b, c"), "{found:?}");
    }
    for straight in [
        "use crate::A;\n",
        "// use super::a;\n",
        "#[cfg(test)]\nmod tests {\n    use super::super::a::A;\n    use crate::store::B;\n}\n",
        "#[cfg(test)]\nmod a;\n",
    ] {
        assert_eq!(closed(straight), [""; 0], "{straight}");
    }
    // A folder is one room to its neighbours; its own files are looked at too.
    let room = [
        ("mod.rs", "mod a;\nmod d;\n"),
        ("a.rs", "use super::d;\n"),
        ("d/mod.rs", "mod e;\nmod f;\nuse e::E;\n"),
        ("d/e.rs", "use super::f::F;\n"),
    ];
    let with_f = |f| found(&[&room[..], &[("d/f.rs", f)]].concat());
    assert_eq!(with_f(""), [""; 0]);
    assert_eq!(with_f("use super::super::a::A;\n").len(), 1);
    assert_eq!(with_f("use super::e::E;\n").len(), 1);
}
