//! The totals of a `cargo test` over many binaries, read from what the runner prints.

use std::fmt;

/// Adds up results while output streams by.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Summary {
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Inside of the section that shows what passing tests printed.
    in_successes: bool,
    /// The passing test whose output is being read has said that it skipped itself.
    said_skipped: bool,
}

impl Summary {
    /// Takes one line; tells whether it should be shown. Of what passing tests print, only lines that
    /// begin with `skipped: ` are.
    pub(crate) fn take(&mut self, line: &str) -> bool {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            self.add(counts);
            return true;
        }
        if line == "successes:" {
            self.in_successes = true;
            return false;
        }
        if line == "failures:" {
            self.in_successes = false;
        }
        if !self.in_successes {
            return true;
        }
        if line.starts_with("---- ") {
            self.said_skipped = false;
        }
        let skipped = line.starts_with("skipped: ");
        if skipped && !self.said_skipped {
            self.said_skipped = true;
            // The runner will count it as passed: it cannot know.
            self.skipped += 1;
            self.passed = self.passed.wrapping_sub(1);
        }
        skipped
    }

    /// Adds `ok. 3 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, counts: &str) {
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(word)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(count) = count.parse::<usize>() else {
                continue;
            };
            match word {
                "passed" => self.passed = self.passed.wrapping_add(count),
                "failed" => self.failed += count,
                "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 4 tests
test a ... ok
test b ... ok
test c ... FAILED
test d ... ignored

successes:

---- a stdout ----
chatter
---- b stdout ----
skipped: b: no data
skipped: b: said twice

successes:
    a
    b

failures:

---- c stdout ----
skipped: a failing test may print what it likes

failures:
    c

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.00s

test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";

    #[test]
    fn totals_are_summed_and_chatter_of_passing_tests_is_dropped() {
        let mut summary = Summary::default();
        let shown: Vec<_> = OUTPUT.lines().filter(|line| summary.take(line)).collect();
        assert_eq!(summary.to_string(), "6 passed, 1 failed, 2 skipped");
        assert!(shown.contains(&"skipped: b: no data"));
        assert!(shown.contains(&"---- c stdout ----"));
        assert!(shown.contains(&"test b ... ok"));
        assert!(!shown.contains(&"chatter"));
        assert!(!shown.contains(&"    a"));
    }
}
