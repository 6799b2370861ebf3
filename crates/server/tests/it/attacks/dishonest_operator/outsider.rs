//! The outsider: somebody with the log's key and the program `countersign-verify`, and nothing else.

use std::process::Command;

use serde_json::Value;

use crate::support::{World, assert_golden, finish, verifier};

/// The exit code where the operator's own signature proves a lie.
pub(super) const VIOLATION: i32 = 1;
/// The exit code where nothing signed tells a lie from a mistake.
pub(super) const NOT_ACCEPTED: i32 = 2;

/// Whether a line of a report tells what is wrong. The first one, which is the verdict, always does.
fn tells((number, line): &(usize, &str)) -> bool {
    let begins = ["FAILED", "OPEN", "entry ", "log: "];
    let is_failure = begins.iter().any(|begin| line.starts_with(begin));
    *number == 0 || (is_failure && !line.contains(": notice: "))
}

/// One run of `countersign-verify`, with the log's key.
pub(super) struct Asked<'a> {
    world: &'a World,
    arguments: Vec<String>,
}

impl<'a> Asked<'a> {
    /// With these arguments.
    pub(super) fn new(world: &'a World, arguments: &[&str]) -> Self {
        let mut all: Vec<_> = arguments.iter().map(|&text| text.to_owned()).collect();
        all.extend(["--key".to_owned(), crate::support::log_key(&world.directory)]);
        Self { world, arguments: all }
    }

    /// Checks the log that the running server serves.
    pub(super) fn log(world: &'a World, more: &[&str]) -> Self {
        let url = format!("{}/log", world.url());
        Self::new(world, &[&["log", &url], more].concat())
    }

    /// What it says, and whether it holds.
    pub(super) fn answer(&self) -> (bool, String) {
        let output = finish(Command::new(verifier()).args(&self.arguments));
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Nothing is wrong, as yet.
    pub(super) fn holds(self) -> Self {
        let (holds, said) = self.answer();
        assert!(holds, "{said}");
        self
    }

    /// Nothing can be said, for this reason.
    pub(super) fn is_told(&self, reason: &str) {
        let output = finish(Command::new(verifier()).args(&self.arguments));
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }

    /// It is refused for just this rule, and for this entry if one is named, under the operator's own signature; the
    /// words are kept in `docs/lies`.
    pub(super) fn catches(&self, lie: &str, rule: &str, entry: Option<u64>) {
        self.ends(VIOLATION, lie, rule, entry);
    }

    /// The same of what the operator's signature does not prove, so that an honest mistake would look alike: it is
    /// not accepted, and the words say what is known.
    pub(super) fn does_not_accept(&self, lie: &str, rule: &str, entry: Option<u64>) {
        self.ends(NOT_ACCEPTED, lie, rule, entry);
    }

    /// It is refused for this rule, with this exit code.
    pub(super) fn ends(&self, code: i32, lie: &str, rule: &str, entry: Option<u64>) {
        let mut arguments = self.arguments.clone();
        arguments.push("--json".to_owned());
        let output = finish(Command::new(verifier()).args(arguments));
        let found = output.status.code();
        assert_eq!(found, Some(code), "{}", String::from_utf8_lossy(&output.stdout));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let failures = said["failures"].as_array().unwrap();
        let is_it =
            |failure: &&Value| failure["rule"] == rule && failure["entry"].as_u64() == entry;
        assert!(failures.iter().any(|failure| is_it(&failure)), "{said:#}");
        let (holds, said) = self.answer();
        assert!(!holds);
        let told: String = said
            .lines()
            .enumerate()
            .filter(tells)
            .fold(String::new(), |told, (_, line)| told + line + "\n");
        let words = self.without_what_differs(&format!("{}\n\n{told}", self.command()));
        assert_golden(&format!("../../../../docs/lies/{lie}.txt"), &words);
    }

    /// The command, as somebody would type it.
    fn command(&self) -> String {
        let (_, arguments) = self.arguments.split_last().unwrap();
        format!("$ countersign-verify {} @log.vkey", arguments.join(" "))
    }

    /// What it says, without digests, keys, times and the folder, which no two runs have in common.
    fn without_what_differs(&self, said: &str) -> String {
        let said = said.replace(&*self.world.path().to_string_lossy(), "DIR");
        let beside = self.world.path().with_file_name("");
        let said = said.replace(&*beside.to_string_lossy(), "");
        let said = said.replace(&self.world.url(), "https://platform.example");
        let long = |word: &str| {
            let word = word.trim_end_matches(':');
            let is_digest = word.len() >= 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_time = word.len() >= 10 && word.starts_with("20") && word.contains('T');
            let is_seconds = word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_digit());
            is_digest || is_time || is_seconds
        };
        let mut plain = String::new();
        let mut word = String::new();
        for letter in said.chars().chain(['\n']) {
            if letter.is_ascii_alphanumeric() || matches!(letter, ':' | '-' | '+') {
                word.push(letter);
                continue;
            }
            plain.push_str(if long(&word) { "…" } else { &word });
            word.clear();
            plain.push(letter);
        }
        plain
    }
}
