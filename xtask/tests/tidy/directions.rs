//! Which crate may depend on which, and what modules may not use.

use toml::{Table, Value};

use crate::source::{File, Finding, lines_with_word};

/// A crate's folder, its package, and the packages of this workspace that it may depend on.
const CRATES: [(&str, &str, &[&str]); 7] = [
    ("crates/domain", "countersign-domain", &[]),
    ("crates/verifier", "countersign-verifier", &["countersign-domain"]),
    ("crates/policy", "countersign-policy", &["countersign-domain"]),
    ("crates/log", "countersign-log", &["countersign-domain", "countersign-verifier"]),
    (
        "crates/server",
        "countersign",
        &["countersign-domain", "countersign-verifier", "countersign-policy", "countersign-log"],
    ),
    ("crates/audit", "countersign-audit", &["countersign-domain", "countersign-verifier"]),
    ("xtask", "xtask", &[]),
];

pub(crate) fn of_crate(file: &File) -> Vec<Finding> {
    let Some(folder) = file.path.strip_suffix("/Cargo.toml") else {
        return Vec::new();
    };
    let finding = |needle: &str, what: String, why| {
        let line = (1..).zip(file.text.lines()).find(|(_, line)| line.starts_with(needle));
        file.finding(line.map_or(1, |(number, _)| number), what, why)
    };
    let Some((_, own, allowed)) = CRATES.iter().find(|(known, _, _)| *known == folder) else {
        let is_member = folder.starts_with("crates/");
        let why = "a crate earns its wall by keeping a promise about what it depends on; say which in CRATES";
        return is_member
            .then(|| finding("", format!("{folder} is not known"), why))
            .into_iter()
            .collect();
    };
    let names = dependencies(&file.text);
    let ours = names.iter().filter(|name| CRATES.iter().any(|(_, package, _)| package == name));
    // A crate's tests may ask for features of the crate itself.
    let forbidden = ours.filter(|name| name != own && !allowed.contains(&name.as_str()));
    let why =
        "dependencies run one way: domain ← verifier ← log ← server, domain ← policy ← server";
    forbidden.map(|name| finding(name, format!("{folder} depends on {name}"), why)).collect()
}

/// The names in every table of dependencies, those for tests and builds included.
fn dependencies(manifest: &str) -> Vec<String> {
    let Ok(table) = manifest.parse::<Table>() else {
        return Vec::new();
    };
    let mut tables = vec![&table];
    let targets = table.get("target").and_then(Value::as_table);
    tables.extend(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let listed = tables.iter().flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)));
    let entries = listed.filter_map(Value::as_table).flatten();
    let package = |(name, value): (&String, &Value)| {
        value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
    };
    entries.map(package).collect()
}

/// Paths that begin so may not use these names.
struct Direction {
    paths: &'static [&'static str],
    except: &'static [&'static str],
    names: &'static [&'static str],
    why: &'static str,
}

const DIRECTIONS: [Direction; 6] = [
    Direction {
        paths: &["crates/domain/src/", "crates/policy/src/"],
        // A proof runs a solver, behind a feature; nothing is decided by it.
        except: &["crates/policy/src/prove/solver.rs"],
        names: &[
            "std::fs",
            "std::net",
            "std::env",
            "std::process",
            "std::time",
            "SystemTime",
            "Instant",
            "tokio",
        ],
        why: "it is pure: what it decides can be decided again by anybody, at any time",
    },
    Direction {
        paths: &["crates/verifier/src/"],
        except: &["crates/verifier/src/bin/"],
        names: &["std::net", "tokio", "ureq", "SystemTime", "Instant"],
        why: "the verifier's library fetches nothing and asks no clock; its binary alone may",
    },
    Direction {
        paths: &["crates/log/src/"],
        except: &[],
        names: &["std::net", "axum", "hyper", "cedar_policy", "SystemTime"],
        why: "the log is no server and reads no rules; time is a parameter",
    },
    Direction {
        paths: &[
            "crates/server/src/store/",
            "crates/server/src/source/",
            "crates/server/src/people/",
        ],
        except: &[],
        names: &["crate::gateway", "crate::commands", "crate::console", "crate::demo", "axum"],
        why: "where people are kept does not depend on who asks for them",
    },
    Direction {
        paths: &["crates/server/src/gateway/"],
        except: &[],
        names: &["crate::commands", "crate::demo", "heed"],
        why: "the gateway reads through a source, and is started by commands",
    },
    Direction {
        paths: &["crates/audit/src/"],
        except: &[],
        names: &["SigningKey"],
        why: "the audit holds no keys",
    },
];

pub(crate) fn of_module(file: &File) -> Vec<Finding> {
    let begins = |paths: &[&str]| paths.iter().any(|path| file.path.starts_with(path));
    let code = flat_uses(&file.code);
    let mut findings = Vec::new();
    for direction in DIRECTIONS {
        if !begins(direction.paths) || begins(direction.except) {
            continue;
        }
        for name in direction.names {
            let lines = lines_with_word(&code, name);
            findings.extend(lines.iter().map(|line| file.finding(*line, *name, direction.why)));
        }
    }
    findings
}

/// Adds to each line `use std::{fs, io};` what it means: `std::fs`, `std::io`.
fn flat_uses(code: &str) -> String {
    let flat = |line: &str| {
        let group = line.trim_start().strip_prefix("use ").and_then(|path| path.split_once("::{"));
        let Some((prefix, names)) = group else {
            return format!("{line}\n");
        };
        let names = names.split([',', '}']).map(|name| format!(" {prefix}::{}", name.trim()));
        format!("{line}{}\n", names.collect::<String>())
    };
    code.lines().map(flat).collect()
}

#[test]
fn dependencies_against_the_direction_are_found() {
    let manifest = "[dependencies]\nserde = \"1\"\ncountersign-policy.workspace = true\n";
    let findings = of_crate(&File::new("crates/log/Cargo.toml", manifest));
    assert_eq!(findings.len(), 1);
    let found = findings[0].to_string();
    assert!(
        found.starts_with("crates/log/Cargo.toml:3: crates/log depends on countersign-policy"),
        "{found}"
    );
    assert!(of_crate(&File::new("crates/server/Cargo.toml", manifest)).is_empty());
    for other in [
        "[dev-dependencies]\ncountersign = { path = \"../server\" }\n",
        "[target.'cfg(unix)'.dependencies]\nx = { package = \"countersign-log\", version = \"1\" }\n",
    ] {
        assert_eq!(of_crate(&File::new("crates/domain/Cargo.toml", other)).len(), 1, "{other}");
    }
    assert_eq!(of_crate(&File::new("crates/another/Cargo.toml", "[dependencies]\n")).len(), 1);
}

#[test]
fn uses_against_the_direction_are_found() {
    let finds = |path: &str, code: &str| of_module(&File::new(path, code)).len();
    assert_eq!(finds("crates/domain/src/time.rs", "use std::fs;\n"), 1);
    assert_eq!(finds("crates/domain/src/time.rs", "use std::{fmt, fs};\n"), 1);
    assert_eq!(finds("crates/domain/src/time.rs", "//! no std::fs\nuse std::fmt;\n"), 0);
    assert_eq!(finds("crates/verifier/src/tile.rs", "async fn f() { tokio::spawn(g()); }\n"), 1);
    assert_eq!(finds("crates/verifier/src/bin/countersign-verify/main.rs", "use ureq::get;\n"), 0);
    assert_eq!(finds("crates/server/src/store/people.rs", "use crate::gateway::graph;\n"), 1);
    assert_eq!(finds("crates/server/src/gateway/graph.rs", "use crate::store::people;\n"), 0);
}
