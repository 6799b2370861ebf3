//! How prose is written: how long lines may be, words that age, and type names that say nothing. docs/style.md has
//! the whole; here is what a test can see.

use crate::source::{File, Finding, lines_with_word};

/// In Markdown, outside of tables and code.
const MARKDOWN_COLUMNS_MAX: usize = 100;
/// In comments of Rust code, which rustfmt leaves as they are.
const COMMENT_COLUMNS_MAX: usize = 120;

pub(crate) fn wide_lines(file: &File) -> Vec<Finding> {
    let wide = match (file.is("md"), file.is("rs")) {
        (true, _) => wide_prose(&file.text),
        (_, true) => wide_comments(&file.text),
        _ => Vec::new(),
    };
    let why = "long lines are hard to read, and hard to review";
    wide.into_iter()
        .map(|(line, columns, max)| {
            file.finding(line, format!("{columns} columns, at most {max}"), why)
        })
        .collect()
}

/// Number, width and limit of each line that is too wide. A word that cannot be broken, as an address, may be.
fn wide_prose(text: &str) -> Vec<(usize, usize, usize)> {
    let mut in_code = false;
    let mut wide = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let begin = line.trim_start();
        in_code ^= begin.starts_with("```");
        let is_prose = !in_code && !begin.starts_with(['|', '#', '!', '`', '<']);
        let columns = line.chars().count();
        if is_prose && columns > MARKDOWN_COLUMNS_MAX && begin.contains(' ') {
            wide.push((number, columns, MARKDOWN_COLUMNS_MAX));
        }
    }
    wide
}

fn wide_comments(text: &str) -> Vec<(usize, usize, usize)> {
    let width = |(number, line): (usize, &str)| {
        let columns = line.chars().count();
        let comment = line
            .trim_start()
            .strip_prefix("//")
            .map(|text| text.trim_start_matches(['/', '!']).trim());
        // Tables, columns, formats and commands lose their sense in two lines.
        let is_prose = |text: &str| {
            !(text.starts_with(['|', '"'])
                || ["  ", "‖", "Example: "].iter().any(|sign| text.contains(sign)))
        };
        let is_wide = comment.is_some_and(is_prose) && columns > COMMENT_COLUMNS_MAX;
        is_wide.then_some((number, columns, COMMENT_COLUMNS_MAX))
    };
    (1..).zip(text.lines()).filter_map(width).collect()
}

/// Words that say when a text was written, and are wrong some time later.
const AGEING: [&str; 6] =
    ["currently", "nowadays", "at the moment", "at present", "for now", "yet to"];
/// What is about time: the changelog, and the pages that name these words.
const ABOUT_TIME: [&str; 3] = ["CHANGELOG.md", "docs/style.md", "xtask/tests/tidy/prose.rs"];

pub(crate) fn ageing_words(file: &File) -> Vec<Finding> {
    if ABOUT_TIME.contains(&file.path.as_str()) || !(file.is("md") || file.is("rs")) {
        return Vec::new();
    }
    let why = "say what is; what was and what will be belong into the changelog and issues";
    let text = file.text.to_lowercase();
    let found = AGEING.iter().flat_map(|word| {
        lines_with_word(&text, word).into_iter().map(|line| file.finding(line, *word, why))
    });
    found.collect()
}

/// Participles that do not end in `ed`.
const IRREGULAR: [&str; 20] = [
    "Brought", "Built", "Chosen", "Drawn", "Found", "Given", "Held", "Hidden", "Kept", "Known",
    "Lost", "Made", "Said", "Seen", "Shown", "Sought", "Taken", "Thought", "Told", "Written",
];
/// Words that end in `ed` and are nouns.
const NOUNS: [&str; 3] = ["Feed", "Need", "Seed"];
/// The states of a disclosure, which are known by these names.
const STATES: [&str; 3] = ["Guarded", "Permitted", "Released"];
/// How many types have such a name. A change may only make it smaller.
const PARTICIPLES_MAX: usize = 177;

/// Types whose name is a participle: `Told` says neither who told it nor what.
pub(crate) fn participles(files: &[File]) -> Vec<Finding> {
    let found: Vec<_> = files.iter().flat_map(participles_of).collect();
    if found.len() <= PARTICIPLES_MAX { Vec::new() } else { found }
}

fn participles_of(file: &File) -> Vec<Finding> {
    let why = "a type is named by a noun of the field: `FetchedQuery`, not `Asked`; there are more \
               of these names than before";
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.code.lines()) {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let mut words = words
            .filter(|word| !word.is_empty())
            .skip_while(|word| matches!(*word, "pub" | "crate" | "super" | "self" | "in"));
        let is_type = matches!(words.next(), Some("struct" | "enum" | "trait"));
        let name = words.next().unwrap_or_default();
        if is_type && is_participle(name) {
            findings.push(file.finding(number, name, why));
        }
    }
    findings
}

fn is_participle(name: &str) -> bool {
    let is_one_word = name.chars().filter(|c| c.is_uppercase()).count() == 1;
    let is_exempt = NOUNS.contains(&name) || STATES.contains(&name);
    is_one_word && !is_exempt && (name.ends_with("ed") || IRREGULAR.contains(&name))
}

#[test]
fn wide_lines_are_found() {
    let wide = "word ".repeat(21);
    let found = |path: &str, text: &str| wide_lines(&File::new(path, text)).len();
    assert_eq!(found("docs/new.md", &format!("a\n{wide}\n")), 1);
    for fine in [format!("| {wide}|"), format!("```\n{wide}\n```"), "x".repeat(120)] {
        assert_eq!(found("docs/new.md", &fine), 0, "{fine}");
    }
    let comment = |words| format!("fn f() {{}}\n    // {}\n", "word ".repeat(words));
    assert_eq!(found("a.rs", &comment(23)), 1);
    assert_eq!(found("a.rs", &comment(22)), 0);
    assert_eq!(found("a.rs", &comment(23).replace("// ", "// Example: ")), 0);
}

#[test]
fn ageing_words_are_found() {
    let found = |path: &str, text: &str| ageing_words(&File::new(path, text)).len();
    for text in ["Currently, there is one.", "it has yet to come", "// fine for now"] {
        assert_eq!(found("docs/a.md", text), 1, "{text}");
        assert_eq!(found("CHANGELOG.md", text), 0, "{text}");
    }
    assert_eq!(found("docs/a.md", "It asks for nowhere and concurrently"), 0);
}

#[test]
fn participles_are_found() {
    let code = "pub(crate) struct Asked<'a> {}\nenum Found { A }\npub struct Told(u8);\n// struct Kept\n\
                struct FetchedQuery;\nstruct Seed;\npub struct Released<T>(T);\nstruct Bed2;\n";
    let file = File::new("a.rs", code);
    assert_eq!(participles_of(&file).len(), 3, "{:?}", participles_of(&file));
    let many: Vec<_> = (0..=PARTICIPLES_MAX / 3).map(|_| File::new("a.rs", code)).collect();
    assert_eq!(participles(&many).len(), many.len() * 3);
}
