//! From nothing to a verified answer on somebody else's PostgreSQL: the commands of docs/examples/first-answer.sh, as
//! they stand there, and what they said. A copy of that is docs/operations/transcript.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::postgres::{programs, said, shared};
use crate::support::{assert_golden, free_address, verifier};

const COMMANDS: &str = include_str!("../../../../../docs/examples/first-answer.sh");
const SCHEMA: &str = include_str!("../../../../../testdata/schemas/hiking-club.sql");

/// How long the first day may take, from the first command to the verdict.
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// The name of the log.
const ORIGIN: &str = "log.club.example/2026";

/// What stands between the commands and what they said.
const MARK: &str = "@@ block ";

const HEAD: &str = "# Transcript: from nothing to a verified answer

These are the commands of [first-answer.sh](../examples/first-answer.sh) and what they said, on the
database of [hiking-club.sql](../../testdata/schemas/hiking-club.sql). A test runs them as they
stand and compares what they say with this page. `…` stands for keys, digests and tokens, which
differ from run to run.

";

/// One shell that runs the blocks one after the other and says where each begins, and after how many milliseconds.
fn script(blocks: &[&str]) -> String {
    let mut script = "set -e\nexec 2>&1\nbegun=$(date +%s%3N)\n".to_owned();
    for block in blocks {
        script += &format!("echo \"{MARK}$(($(date +%s%3N) - begun))\"\n{block}\n");
    }
    script + &format!("echo \"{MARK}$(($(date +%s%3N) - begun))\"\n")
}

/// Whether it differs from run to run: keys, digests, tokens, ids and times.
fn is_random(word: &str) -> bool {
    let is_long = word.len() >= 22 && word.chars().any(|c| c.is_ascii_digit());
    let is_time = word.len() >= 20 && word.contains('T') && word.ends_with('Z');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+/=-_:.".contains(c);
    let is_name = [".key", ".toml", "://"].iter().any(|part| word.contains(part));
    (is_long || is_time) && word.chars().all(is_plain) && !is_name
}

/// A line of a verdict without its count: the entry about a newcomer's choices is published with the answer's, or a
/// moment later.
fn uncounted(line: &str) -> String {
    if !["ok ", "tree "].iter().any(|start| line.starts_with(start)) {
        return line.to_owned();
    }
    let is_count = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let mut words: Vec<_> = line.split_whitespace().collect();
    if let Some(count) = words.iter_mut().find(|word| is_count(word)) {
        *count = "…";
    }
    words.join(" ")
}

/// A text without what differs from run to run.
fn steady(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "\"'(){},;`&".contains(c);
    let word = |word: &str| {
        let bare = word.trim_end_matches(ends);
        let end = word.strip_prefix(bare).unwrap_or_default();
        match bare.starts_with(ORIGIN) {
            // The log's key begins with its name.
            true if is_random(bare) => format!("{ORIGIN}+…{end}"),
            false if is_random(bare) => format!("…{end}"),
            _ => word.to_owned(),
        }
    };
    let line = |line: &str| match line.split_once(", as role ") {
        Some((version, rest)) if version.starts_with("PostgreSQL ") => {
            format!("PostgreSQL 15, as role {rest}\n")
        }
        _ => format!("{line}\n"),
    };
    let lines: String = text.lines().map(uncounted).map(|text| line(&text)).collect();
    lines.split_inclusive(ends).map(word).collect()
}

#[test]
fn interop_postgres_golden_transcript_from_nothing_to_a_verified_answer() {
    let database = shared().database(SCHEMA);
    let (address, folder) = (free_address().to_string(), tempfile::tempdir().unwrap());
    let blocks: Vec<&str> = COMMANDS.split("\n\n").skip(1).map(str::trim).collect();
    // An empty line within a text that a command is given belongs to the command.
    let mut whole: Vec<String> = Vec::new();
    for block in blocks {
        let is_within = whole.last().is_some_and(|last| last.matches("TOML").count() % 2 == 1);
        match whole.last_mut() {
            Some(last) if is_within => *last += &format!("\n\n{block}"),
            _ => whole.push(block.to_owned()),
        }
    }
    let here = [
        ("club_reader", database.reader()),
        ("127.0.0.1:5432/club", format!("127.0.0.1:{}/{}", database.port(), database.name)),
        ("127.0.0.1:8080", address),
    ];
    let to_here =
        |block: &String| here.iter().fold(block.clone(), |text, (from, to)| text.replace(from, to));
    let run: Vec<String> = whole.iter().map(to_here).collect();
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let mut command = Command::new("bash");
    command.arg("-c").arg(script(&run)).current_dir(folder.path());
    let own = PathBuf::from(env!("CARGO_BIN_EXE_countersign"));
    let own = [own.parent().unwrap(), verifier().parent().unwrap(), &programs()]
        .map(|folder| folder.display().to_string())
        .join(":");
    command.env("PATH", format!("{own}:{}", std::env::var("PATH").unwrap()));
    let begun = Instant::now();
    let (is_content, text) = said(&mut command);
    let took = begun.elapsed();

    let from_here = |text: &str| {
        here.iter().fold(text.to_owned(), |text, (to, from)| text.replace(from.as_str(), to))
    };
    let parts: Vec<&str> = text.split(MARK).skip(1).collect();
    let (mut page, mut timed) = (HEAD.to_owned(), String::new());
    for (block, part) in whole.iter().zip(&parts) {
        let (begun, said) = part.split_once('\n').unwrap_or((part, ""));
        let said = from_here(said);
        timed += &format!(
            "[{:.1} s]\n{block}\n\n{said}\n",
            begun.parse::<f64>().unwrap_or_default() / 1_000.0
        );
        page += &format!("```sh\n{block}\n```\n\n");
        if !said.trim().is_empty() {
            page += &format!("```text\n{}\n```\n\n", steady(&said).trim_end());
        }
    }
    timed += &format!("[{:.1} s] in all\n", took.as_secs_f64());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(target.join("transcript.txt"), &timed).unwrap();
    assert!(is_content && parts.len() == whole.len() + 1, "{timed}\n{text}");
    assert!(took < TEN_MINUTES, "it took {took:?}");
    assert_golden("../../../../docs/operations/transcript.md", &format!("{}\n", page.trim_end()));
}
