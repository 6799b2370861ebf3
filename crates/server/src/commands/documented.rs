//! Commands as they are written down, in help, documents and errors, held against the ones that there are.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{Command as Clap, CommandFactory as _, Parser as _};

use super::Cli;

/// The first line of a file, which is no command.
const CLOCK_FORMAT: &str = "countersign clock 1";

/// Every command with its words, groups included.
fn commands() -> Vec<(Vec<String>, Clap)> {
    let mut cli = Cli::command();
    cli.build();
    let mut found = vec![(Vec::new(), cli)];
    let mut at = 0;
    while let Some((words, command)) = found.get(at).cloned() {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let words = [&words[..], &[sub.get_name().to_owned()]].concat();
            found.push((words, sub.clone()));
        }
        at += 1;
    }
    found
}

/// A line of shell as the words of the command that it runs, without what goes into files or to other programs.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (_, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('|' | '>' | '<' | ';' | '&' | ')', None) => break,
            ('#', None) if word.is_none() => break,
            (_, None) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What is wrong with a command that is written down whole.
fn fault(line: &str) -> Option<String> {
    let words = words(line);
    if words.iter().any(|word| word == "…") {
        return fault_of_words(line);
    }
    let error = Cli::try_parse_from(words).err()?;
    // A reader has to fill in some values.
    let is_fine = !error.use_stderr() || error.kind() == ErrorKind::ValueValidation;
    (!is_fine).then(|| format!("{line}: {}", error.to_string().lines().next().unwrap_or_default()))
}

/// What is wrong with the first words of a command that is named: they lead to none.
fn fault_of_words(text: &str) -> Option<String> {
    let mut command = Cli::command();
    for word in text.split_whitespace().skip(1) {
        let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_name =
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !command.has_subcommands() || !is_name || name.is_empty() || name.starts_with('-') {
            return None;
        }
        let Some(sub) = command.find_subcommand(name) else {
            return Some(format!("{text}: there is no {name:?} there"));
        };
        command = sub.clone();
        if name != word {
            return None;
        }
    }
    None
}

/// The commands that a text names, from `countersign` on to the end of their line.
fn named(text: &str) -> Vec<&str> {
    let starts = text.match_indices("countersign ").map(|(at, _)| at);
    let is_command = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        // A name in a path or in another name; a package; the user of the system; the first bytes of what is hashed.
        !before.ends_with(|c: char| c.is_alphanumeric() || "-_/.".contains(c))
            && !["-p ", "--package ", "-u ", "b\""].iter().any(|end| before.ends_with(end))
            && !text.get(*at..).unwrap_or_default().starts_with(CLOCK_FORMAT)
    };
    let line = |at| text.get(at..).unwrap_or_default().lines().next().unwrap_or_default();
    starts.filter(is_command).map(line).collect()
}

/// The commands in the code blocks of a Markdown document, each on one line.
fn in_code_blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_code = false;
    for line in text.replace("\\\n", " ").lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
            continue;
        }
        let line = line.trim_start();
        let line = line.strip_prefix("$ ").unwrap_or(line);
        let line = line.split_once("=$(").map_or(line, |(_, command)| command);
        let line = line.replace("cargo run --release -- ", "countersign ");
        if is_code && line.starts_with("countersign ") {
            found.push(line);
        }
    }
    found
}

/// The text files below a folder of the repository, or the one of this name.
fn files(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        let mut entries: Vec<_> =
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        let is_sought = |path: &PathBuf| !path.ends_with("target") && !path.ends_with("tests");
        entries.iter().filter(|path| is_sought(path)).for_each(|path| files(path, found));
    } else if let Ok(text) = fs::read_to_string(path) {
        found.push((path.to_owned(), text));
    }
}

fn repository() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let mut found = Vec::new();
    for name in ["README.md", "CONTRIBUTING.md", "GLOSSARY.md", "RELEASING.md", "SECURITY.md"] {
        files(&root.join(name), &mut found);
    }
    for name in [".github", "bench/README.md", "crates", "docs", "xtask"] {
        files(&root.join(name), &mut found);
    }
    // What was is told in the change log as it was; this file has what is wrong.
    found.retain(|(path, _)| !path.ends_with("commands/documented.rs"));
    assert!(found.len() > 300, "{} files", found.len());
    found
}

#[test]
fn help_of_every_command_has_an_example_that_parses() {
    for (path, command) in commands().into_iter().skip(1) {
        let name = path.join(" ");
        let texts =
            [command.get_long_about().or(command.get_about()), command.get_after_long_help()];
        let text =
            texts.into_iter().flatten().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let examples = text.replace("\\\n", " ");
        let examples: Vec<_> = examples
            .lines()
            .map(|line| line.trim_start_matches("Example: ").trim_start())
            .filter(|line| line.starts_with("countersign "))
            .collect();
        let own = format!("countersign {name}");
        assert!(examples.iter().any(|line| line.starts_with(&own)), "{name}: {text}");
        let faults: Vec<_> = examples.iter().filter_map(|line| fault(line)).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
    let help = Cli::command().get_after_long_help().unwrap().to_string();
    let faults: Vec<_> = named(&help).into_iter().filter_map(fault).collect();
    assert!(faults.is_empty() && !named(&help).is_empty(), "{faults:?}");
}

#[test]
fn dir_is_an_option_of_what_works_on_a_folder_and_never_a_position() {
    let mut without = Vec::new();
    for (path, command) in commands() {
        let is_position = |name: &str| ["DIR", "INSTANCE", "FOLDER"].contains(&name);
        for argument in command.get_positionals() {
            let names = argument.get_value_names().unwrap_or_default();
            assert!(!names.iter().any(|name| is_position(name)), "{path:?}: {argument}");
        }
        let has_dir = command.get_arguments().any(|argument| argument.get_long() == Some("dir"));
        if !command.has_subcommands() && !has_dir {
            without.push(path.join(" "));
        }
    }
    assert_eq!(
        without,
        ["completions", "manual", "key new", "key show", "agreement new", "governance act show"]
    );
}

#[test]
fn documents_run_commands_that_parse() {
    let mut found = 0;
    let mut faults = Vec::new();
    for (path, text) in repository() {
        if path.extension().is_some_and(|end| end == "md") {
            let commands = in_code_blocks(&text);
            found += commands.len();
            let of_file = commands.iter().filter_map(|line| fault(line));
            faults.extend(of_file.map(|fault| format!("{}: {fault}", path.display())));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(found > 40, "{found}");
}

#[test]
fn texts_name_commands_that_there_are() {
    let mut faults = Vec::new();
    for (path, text) in repository() {
        // A name that goes on in the next line of a comment.
        let joined: String = text
            .lines()
            .map(|line| line.trim_start().trim_start_matches("/// ").trim_start_matches("//! "))
            .fold(String::new(), |all, line| {
                let last = all.rsplit('\n').next().unwrap_or_default();
                let is_open = last.matches('`').count() % 2 == 1 && !last.starts_with("```");
                all + if is_open { " " } else { "\n" } + line
            });
        let of_file = named(&joined).into_iter().filter_map(fault_of_words);
        faults.extend(of_file.map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_fault_is_seen() {
    for wrong in
        ["countersign suspend partner:a", "countersign serve platform", "countersign key make"]
    {
        assert!(fault(wrong).is_some(), "{wrong}");
    }
    assert!(fault("countersign serve --dir \"my platform\" > log.txt # for ever").is_none());
    for wrong in ["countersign token", "countersign people image2 …", "countersign canary` x"] {
        let text = format!("see `{wrong}`");
        assert!(named(&text).into_iter().find_map(fault_of_words).is_some(), "{wrong}");
    }
    assert_eq!(
        named("cargo add -p countersign serde; b\"countersign canary\"; a/countersign is"),
        [""; 0]
    );
    let blocks = in_code_blocks("```\nA=$(countersign key \\\n  show a)\n```\ncountersign x\n");
    assert_eq!(blocks.len(), 1);
    assert_eq!(words(&blocks[0]), ["countersign", "key", "show", "a"]);
}
