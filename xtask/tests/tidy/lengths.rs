//! How long files and functions may be.

use crate::source::{File, Finding};

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 70;

pub(crate) fn of_file(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if lines <= FILE_LINES_MAX || !(file.is("rs") || file.is("js")) {
        return Vec::new();
    }
    let why = "a file holds one noun; find the second one in it and give it a file";
    vec![file.finding(FILE_LINES_MAX + 1, format!("{lines} lines, at most {FILE_LINES_MAX}"), why)]
}

/// Rust only: counting braces in JavaScript would need to know its regular expressions.
pub(crate) fn of_functions(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut from = 0;
    while let Some(at) = file.code[from..].find("fn ").map(|at| from + at) {
        from = at + 3;
        if file.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let Some(end) = end_of_function(&file.code, from) else {
            continue;
        };
        let lines = file.code[at..end].lines().count();
        if lines > FUNCTION_LINES_MAX {
            let name = file.code[from..].split(['(', '<']).next().unwrap_or_default();
            let what = format!("fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}");
            let why = "a function fits a screen, so that it can be read without scrolling";
            findings.push(file.finding(file.code[..at].matches('\n').count() + 1, what, why));
        }
    }
    findings
}

/// Behind the brace that closes the body; `None` if there is none.
fn end_of_function(code: &str, from: usize) -> Option<usize> {
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.checked_sub(1)?,
            // `fn f();` of a trait; the `;` of `[u8; 4]` stands in brackets.
            ';' if braces == 0 && brackets == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces = braces.checked_sub(1)?;
                if braces == 0 {
                    return Some(from + at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn long_files_are_found() {
    let long = "//!\n".repeat(FILE_LINES_MAX + 1);
    assert_eq!(of_file(&File::new("a.rs", &long)).len(), 1);
    assert_eq!(of_file(&File::new("a.js", &long)).len(), 1);
    assert!(of_file(&File::new("a.md", &long)).is_empty());
    assert!(of_file(&File::new("a.rs", &long[4..])).is_empty());
}

#[test]
fn long_functions_are_found() {
    let function = |lines: usize| {
        let body = "    if a { b(\"}\") }\n".repeat(lines - 2);
        format!(
            "//! x\n\ntrait T {{\n fn t(&self, a: [u8; 4]);\n}}\nfn long<T>(a: [u8; 3]) {{\n{body}}}\n"
        )
    };
    assert!(of_functions(&File::new("a.rs", &function(FUNCTION_LINES_MAX))).is_empty());
    let findings = of_functions(&File::new("a.rs", &function(FUNCTION_LINES_MAX + 1)));
    assert_eq!(findings.len(), 1);
    let found = findings[0].to_string();
    assert!(found.starts_with("a.rs:6: fn long has 71 lines"), "{found}");
}
