//! Table and chart, where readers find them: docs/performance.md between two marks, and a picture beside it.

use std::fs;

use crate::bench::sources::chart;
use crate::bench::sources::facts::Facts;
use crate::bench::sources::results::{Results, duties};
use crate::failure::{Failure, Outcome, While};
use crate::shell;

const BEGIN: &str = "<!-- written by `cargo xtask bench sources --write`: begin -->";
const END: &str = "<!-- written by `cargo xtask bench sources --write`: end -->";

/// Writes both.
pub(super) fn write(results: &Results, facts: &Facts) -> Outcome<()> {
    let docs = shell::root().join("docs");
    let folder = docs.join("performance");
    fs::create_dir_all(&folder).during(|| format!("making {}", folder.display()))?;
    let picture = folder.join("sources.svg");
    fs::write(&picture, chart::svg(&results.speeds()))
        .during(|| format!("writing {}", picture.display()))?;
    let path = docs.join("performance.md");
    let text = fs::read_to_string(&path).during(|| format!("reading {}", path.display()))?;
    let new = format!(
        "![Person-records a second, on a logarithmic scale](performance/sources.svg)\n\n{}\n{}\n\n\
         What each of them does for an answer:\n\n{}",
        results.table().markdown(),
        facts.markdown(),
        duties().markdown()
    );
    let text = between(&text, &new).ok_or_else(|| {
        Failure::new(format!("{} has not the lines {BEGIN} and {END}", path.display()))
    })?;
    fs::write(&path, text).during(|| format!("writing {}", path.display()))
}

/// The text with what stands between the marks replaced.
fn between(text: &str, new: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{new}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let once = between(&page, "new\n").unwrap();
        assert_eq!(once, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(between(&once, "new\n").unwrap(), once);
        assert_eq!(between("no marks", "new\n"), None);
    }
}
