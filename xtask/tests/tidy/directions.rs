//! Which crate may depend on which, and what modules may not use.

use toml::{Table, Value};

use crate::source::{File, Finding, lines_with_word};

/// A crate's folder, its package, the packages of this workspace that it may depend on, and those that its tests may.
const CRATES: [(&str, &str, &[&str], &[&str]); 14] = [
    ("crates/domain", "countersign-domain", &[], &[]),
    ("crates/toml", "countersign-toml", &["countersign-domain"], &[]),
    ("crates/protocol", "countersign-protocol", &["countersign-domain"], &[]),
    (
        "crates/verifier",
        "countersign-verifier",
        &["countersign-domain", "countersign-protocol"],
        &["countersign-fixtures"],
    ),
    (
        "crates/policy",
        "countersign-policy",
        &["countersign-domain", "countersign-toml"],
        &["countersign-fixtures"],
    ),
    // What a third party runs judges what the log's tests made; the log itself does not lean on it.
    (
        "crates/log",
        "countersign-log",
        &["countersign-domain", "countersign-protocol"],
        &["countersign-fixtures", "countersign-verifier"],
    ),
    ("crates/people", "countersign-people", &["countersign-domain", "countersign-protocol"], &[]),
    (
        "crates/source",
        "countersign-source",
        &[
            "countersign-domain",
            "countersign-toml",
            "countersign-protocol",
            "countersign-log",
            "countersign-people",
        ],
        &["countersign-fixtures"],
    ),
    // It is in no crate's first list: what is made for tests is out of what is shipped.
    (
        "crates/fixtures",
        "countersign-fixtures",
        &["countersign-domain", "countersign-toml", "countersign-protocol"],
        &[],
    ),
    ("crates/service", "countersign-service", &BELOW_SERVICE, &[]),
    ("crates/http", "countersign-http", &BELOW_HTTP, &[]),
    ("crates/demo", "countersign-demo", &BELOW_HTTP, &[]),
    ("crates/server", "countersign", &BELOW_SERVER, &["countersign-fixtures"]),
    ("xtask", "xtask", &[], &[]),
];

/// The application stands on what keeps and decides. It does not lean on what third parties run.
const BELOW_SERVICE: [&str; 7] = [
    "countersign-domain",
    "countersign-toml",
    "countersign-protocol",
    "countersign-policy",
    "countersign-log",
    "countersign-people",
    "countersign-source",
];

/// Two names of partners that look alike are found as a third party finds them; the demonstration checks itself.
const BELOW_HTTP: [&str; 9] = [
    "countersign-domain",
    "countersign-toml",
    "countersign-protocol",
    "countersign-policy",
    "countersign-log",
    "countersign-people",
    "countersign-source",
    "countersign-service",
    "countersign-verifier",
];

const BELOW_SERVER: [&str; 11] = [
    "countersign-domain",
    "countersign-toml",
    "countersign-protocol",
    "countersign-policy",
    "countersign-log",
    "countersign-people",
    "countersign-source",
    "countersign-service",
    "countersign-verifier",
    "countersign-http",
    "countersign-demo",
];

/// The tables of a manifest in which a crate says on what its own code depends, and on what its tests.
const OF_CODE: [&str; 2] = ["dependencies", "build-dependencies"];
const OF_TESTS: [&str; 1] = ["dev-dependencies"];

pub(crate) fn of_crate(file: &File) -> Vec<Finding> {
    let Some(folder) = file.path.strip_suffix("/Cargo.toml") else {
        return Vec::new();
    };
    let finding = |needle: &str, what: String, why| {
        let line = (1..).zip(file.text.lines()).find(|(_, line)| line.starts_with(needle));
        file.finding(line.map_or(1, |(number, _)| number), what, why)
    };
    let known = CRATES.iter().find(|(known, ..)| *known == folder);
    let Some((_, own, of_code, of_tests)) = known else {
        let is_member = folder.starts_with("crates/");
        let why = "a crate earns its wall by keeping a promise about what it depends on; say which in CRATES";
        return is_member
            .then(|| finding("", format!("{folder} is not known"), why))
            .into_iter()
            .collect();
    };
    let is_ours = |name: &String| CRATES.iter().any(|(_, package, ..)| package == name);
    // A crate's tests may ask for features of the crate itself.
    let of_tests = [*of_code, *of_tests, std::slice::from_ref(own)].concat();
    let kinds = [(&OF_CODE[..], *of_code), (&OF_TESTS[..], &of_tests)];
    let names = kinds.into_iter().flat_map(|(tables, allowed)| {
        let ours = dependencies(&file.text, tables).into_iter().filter(is_ours);
        ours.filter(|name| !allowed.contains(&name.as_str()))
    });
    let why = "dependencies run one way: domain ← protocol ← {verifier, log, people}, {log, people} ← source, domain ← toml ← {policy, source}, {people, source, log, policy} ← service ← {http, demo} ← server";
    let mut findings: Vec<_> =
        names.map(|name| finding(&name, format!("{folder} depends on {name}"), why)).collect();
    for name in dependencies(&file.text, &OF_CODE) {
        let broken = PACKAGES.iter().filter(|promise| promise.binds(&file.path));
        for promise in broken.filter(|promise| promise.names.contains(&name.as_str())) {
            findings.push(finding(&name, format!("{folder} depends on {name}"), promise.why));
        }
    }
    findings
}

/// The names in every table of these kinds, those for single targets included.
fn dependencies(manifest: &str, kinds: &[&str]) -> Vec<String> {
    let Ok(table) = manifest.parse::<Table>() else {
        return Vec::new();
    };
    let mut tables = vec![&table];
    let targets = table.get("target").and_then(Value::as_table);
    tables.extend(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
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

impl Direction {
    fn binds(&self, path: &str) -> bool {
        let begins = |paths: &[&str]| paths.iter().any(|begin| path.starts_with(begin));
        begins(self.paths) && !begins(self.except)
    }
}

/// What crates promise about packages of others, of which docs/ARCHITECTURE.md has a table.
const PACKAGES: [Direction; 7] = [
    Direction {
        paths: &["crates/domain/", "crates/toml/"],
        except: &[],
        names: &["aws-lc-rs", "ed25519-dalek", "getrandom", "rustls", "sha2"],
        why: "the vocabulary knows keys and digests as values, and no cryptography",
    },
    Direction {
        paths: &["crates/domain/", "crates/toml/", "crates/protocol/", "crates/verifier/"],
        except: &[],
        names: &["async-trait", "futures-util", "hyper", "hyper-util", "tokio"],
        why: "what third parties run is not async, and has few dependencies to look through",
    },
    Direction {
        paths: &["crates/"],
        except: &["crates/policy/"],
        names: &["cedar-policy", "cedar-policy-symcc"],
        why: "countersign-policy alone knows Cedar",
    },
    Direction {
        paths: &["crates/"],
        except: &["crates/toml/", "crates/server/"],
        names: &["toml", "toml_edit"],
        why: "countersign-toml reads TOML, so that every error says line, column, key and what is allowed",
    },
    Direction {
        paths: &["crates/"],
        except: &["crates/http/"],
        names: &["axum", "axum-server", "tower-http"],
        why: "countersign-http alone serves HTTP",
    },
    Direction {
        paths: &["crates/"],
        except: &["crates/server/", "crates/verifier/"],
        names: &["clap"],
        why: "two crates have programs, and so commands",
    },
    Direction {
        paths: &["crates/"],
        except: &["crates/people/"],
        names: &["heed", "memmap2"],
        why: "countersign-people alone keeps people, so that erasure knows where they are",
    },
];

const DIRECTIONS: [Direction; 8] = [
    Direction {
        paths: &[
            "crates/domain/src/",
            "crates/toml/src/",
            "crates/protocol/src/",
            "crates/policy/src/",
        ],
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
        paths: &["crates/"],
        except: &["crates/toml/"],
        names: &["toml::from_str", "toml::from_slice", "toml::de", "toml::Spanned", "toml::Table"],
        why: "countersign-toml reads TOML, so that every error says line, column, key and what is allowed",
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
        paths: &["crates/people/src/", "crates/source/src/"],
        except: &[],
        names: &["axum", "clap", "SystemTime"],
        why: "where people are kept does not depend on who asks for them",
    },
    Direction {
        paths: &["crates/service/src/"],
        except: &["crates/service/src/clock.rs"],
        names: &["axum", "clap", "SystemTime"],
        why: "the application knows no HTTP server and no command; both are adapters of it",
    },
    Direction {
        paths: &["crates/service/src/operations/"],
        except: &[],
        names: &["hyper", "StatusCode"],
        why: "an operation knows no status, header or body of HTTP",
    },
    Direction {
        paths: &["crates/http/src/"],
        except: &[],
        names: &["clap", "heed", "store::People", "service.people", "service.log"],
        why: "an endpoint reaches people and log through the application alone",
    },
];

pub(crate) fn of_module(file: &File) -> Vec<Finding> {
    let code = flat_uses(&file.code);
    let mut findings = Vec::new();
    for direction in DIRECTIONS.iter().filter(|direction| direction.binds(&file.path)) {
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
    let verifier = "countersign-verifier.workspace = true\n";
    for (table, count) in [("dependencies", 1), ("build-dependencies", 1), ("dev-dependencies", 0)]
    {
        let log = format!("[{table}]\n{verifier}");
        assert_eq!(of_crate(&File::new("crates/log/Cargo.toml", &log)).len(), count, "{table}");
    }
    let of_tests = "[dev-dependencies]\ncountersign-fixtures.workspace = true\n";
    let server = |manifest: &str| of_crate(&File::new("crates/server/Cargo.toml", manifest)).len();
    assert_eq!(server(of_tests), 0);
    assert_eq!(server(&of_tests.replace("dev-", "")), 1);
    assert_eq!(of_crate(&File::new("crates/another/Cargo.toml", "[dependencies]\n")).len(), 1);
}

#[test]
fn packages_against_a_promise_are_found() {
    let finds = |folder: &str, package: &str| {
        let manifest = format!("[dependencies]\n{package}.workspace = true\n");
        of_crate(&File::new(&format!("crates/{folder}/Cargo.toml"), &manifest)).len()
    };
    for (folder, package) in [
        ("domain", "sha2"),
        ("verifier", "tokio"),
        ("log", "cedar-policy"),
        ("policy", "toml"),
        ("service", "axum"),
        ("http", "clap"),
        ("http", "heed"),
    ] {
        assert_eq!(finds(folder, package), 1, "{folder}: {package}");
    }
    for (folder, package) in [("protocol", "sha2"), ("policy", "cedar-policy"), ("http", "axum")] {
        assert_eq!(finds(folder, package), 0, "{folder}: {package}");
    }
    let of_tests = "[dev-dependencies]\ntokio.workspace = true\n";
    assert!(of_crate(&File::new("crates/verifier/Cargo.toml", of_tests)).is_empty());
}

#[test]
fn uses_against_the_direction_are_found() {
    let finds = |path: &str, code: &str| of_module(&File::new(path, code)).len();
    assert_eq!(finds("crates/domain/src/time.rs", "use std::fs;\n"), 1);
    assert_eq!(finds("crates/domain/src/time.rs", "use std::{fmt, fs};\n"), 1);
    assert_eq!(finds("crates/domain/src/time.rs", "//! no std::fs\nuse std::fmt;\n"), 0);
    assert_eq!(finds("crates/source/src/lib.rs", "toml::from_str::<X>(text)\n"), 1);
    assert_eq!(finds("crates/source/src/lib.rs", "use toml::{Spanned, Value};\n"), 1);
    assert_eq!(finds("crates/verifier/src/pass.rs", "async fn f() { tokio::spawn(g()); }\n"), 1);
    assert_eq!(finds("crates/verifier/src/bin/countersign-verify/main.rs", "use ureq::get;\n"), 0);
    assert_eq!(finds("crates/people/src/store/mod.rs", "use axum::Router;\n"), 1);
    assert_eq!(finds("crates/http/src/page.rs", "use axum::Router;\n"), 0);
    assert_eq!(finds("crates/http/src/page.rs", "use countersign_people::store::People;\n"), 1);
    assert_eq!(finds("crates/http/src/page.rs", "let head = gateway.service.log.head();\n"), 1);
    assert_eq!(finds("crates/http/src/page.rs", "let log = gateway.service.log_figures();\n"), 0);
    assert_eq!(finds("crates/service/src/operations/mod.rs", "use axum::Router;\n"), 1);
    assert_eq!(finds("crates/service/src/operations/mod.rs", "use hyper::StatusCode;\n"), 2);
}
