//! Words that may not stand in the code, or only in one place, and those that have to.

use crate::source::{File, Finding, lines_with_word};

/// The one file that may be unsafe: it maps files into memory and argues beside each block.
const UNSAFE_PLACE: &str = "crates/people/src/store/map.rs";

pub(crate) fn unsafe_code(file: &File) -> Vec<Finding> {
    if file.path == UNSAFE_PLACE {
        return Vec::new();
    }
    let why = "memory safety is argued in crates/people/src/store/map.rs, and nowhere else";
    let lines = lines_with_word(&file.code, "unsafe");
    lines.into_iter().map(|line| file.finding(line, "`unsafe`", why)).collect()
}

/// Notes to oneself, written apart here because this file is looked at, too.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
const MACROS: [&str; 3] = ["todo", "unimplemented", "dbg"];

pub(crate) fn left_to_do(file: &File) -> Vec<Finding> {
    let why = "what is left to do is an issue, where others see it; what is here is finished";
    let mut findings = Vec::new();
    for note in NOTES {
        let lines = lines_with_word(&file.text, note).into_iter();
        findings.extend(lines.map(|line| file.finding(line, note, why)));
    }
    for (line, code) in (1..).zip(file.code.lines()) {
        let called = MACROS.iter().find(|name| {
            let call = format!("{name}!");
            !lines_with_word(code, name).is_empty() && code.contains(&call)
        });
        findings.extend(called.map(|name| file.finding(line, format!("{name}!"), why)));
    }
    findings
}

pub(crate) fn header(file: &File) -> Vec<Finding> {
    if !file.is("rs") || file.text.starts_with("//!") {
        return Vec::new();
    }
    let why =
        "its first line says what a module is, then what it is not, then which spec it follows";
    vec![file.finding(1, "no `//!` header", why)]
}

/// Go is indented with tabs by its own formatter; compilers' messages are as they are.
pub(crate) fn white_space(file: &File) -> Vec<Finding> {
    if file.is("stderr") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let why = "differences should show what was changed, and nothing else";
    for (number, line) in (1..).zip(file.text.split('\n')) {
        if line.contains('\t') && !file.is("go") {
            findings.push(file.finding(number, "a tab", why));
        }
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(file.finding(number, "white space at the end of the line", why));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(file.finding(file.text.lines().count(), "no newline at the end", why));
    }
    findings
}

#[test]
fn unsafe_code_is_found_outside_of_its_place() {
    let code = "//! unsafe in a comment\n#![forbid(unsafe_code)]\nfn f() { unsafe { g() } }\n";
    assert_eq!(unsafe_code(&File::new("crates/log/src/a.rs", code)).len(), 1);
    assert!(unsafe_code(&File::new(UNSAFE_PLACE, code)).is_empty());
}

#[test]
fn things_left_to_do_are_found() {
    for left in [NOTES[0], NOTES[1], NOTES[2], "a();\nfn f() { todo!() }", "f(dbg!(1))"] {
        let text = format!("//! x\n// a\n{left}\n");
        assert_eq!(left_to_do(&File::new("a.rs", &text)).len(), 1, "{left}");
    }
    assert_eq!(left_to_do(&File::new("a.md", NOTES[0])).len(), 1);
    assert!(
        left_to_do(&File::new("a.rs", "let s = \"todo!()\"; let dbg = !x; mastodon!();"))
            .is_empty()
    );
}

#[test]
fn a_missing_header_is_found() {
    assert_eq!(header(&File::new("a.rs", "use std::fs;\n")).len(), 1);
    assert!(header(&File::new("a.rs", "//! What it is.\n")).is_empty());
}

#[test]
fn tabs_and_trailing_spaces_are_found() {
    for bad in ["a\tb\n", "a \n", "a\r\n", "a"] {
        assert_eq!(white_space(&File::new("a.toml", bad)).len(), 1, "{bad:?}");
    }
    assert!(white_space(&File::new("a.go", "\ta\n")).is_empty());
}
