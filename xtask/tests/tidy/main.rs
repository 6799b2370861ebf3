//! Style as tests: what reviewers would otherwise have to say again and again. A finding names file
//! and line, what was found, and why it matters. Each rule's own test shows that it can fail.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the finding")]

mod circles;
mod dead;
mod directions;
mod lengths;
mod links;
mod paths;
mod prose;
mod source;
mod words;

use source::{File, Finding};

fn assert_tidy(rule: impl Fn(&[File]) -> Vec<Finding>) {
    let findings = rule(&source::files());
    let list: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} findings:\n{}", list.len(), list.join("\n"));
}

/// Applies a rule about single files to all of them.
fn each(rule: impl Fn(&File) -> Vec<Finding>) -> impl Fn(&[File]) -> Vec<Finding> {
    move |files| files.iter().flat_map(&rule).collect()
}

#[test]
fn tidy_files_are_short() {
    assert_tidy(each(lengths::of_file));
}

#[test]
fn tidy_functions_fit_a_screen() {
    assert_tidy(each(lengths::of_functions));
}

#[test]
fn tidy_crates_depend_one_way() {
    assert_tidy(each(directions::of_crate));
}

#[test]
fn tidy_modules_depend_one_way() {
    assert_tidy(each(directions::of_module));
}

#[test]
fn tidy_no_imports_in_a_circle() {
    assert_tidy(circles::in_folders);
}

#[test]
fn tidy_unsafe_code_has_one_place() {
    assert_tidy(each(words::unsafe_code));
}

#[test]
fn tidy_nothing_is_left_to_do() {
    assert_tidy(each(words::left_to_do));
}

#[test]
fn tidy_every_module_says_what_it_is() {
    assert_tidy(each(words::header));
}

#[test]
fn tidy_no_tabs_or_trailing_spaces() {
    assert_tidy(each(words::white_space));
}

#[test]
fn tidy_no_dead_files() {
    assert_tidy(dead::files);
}

#[test]
fn tidy_links_lead_somewhere() {
    assert_tidy(links::of_files);
}

#[test]
fn tidy_documents_name_files_that_are_there() {
    assert_tidy(paths::named);
}

#[test]
fn tidy_lines_are_not_wide() {
    assert_tidy(each(prose::wide_lines));
}

#[test]
fn tidy_no_words_that_age() {
    assert_tidy(each(prose::ageing_words));
}

#[test]
fn tidy_types_are_named_by_nouns() {
    assert_tidy(prose::participles);
}
