//! What a ledger proves, in a sentence: from which period on it is complete, what stands before, and what was erased.

use super::Ledger;

impl Ledger {
    /// What is proved to be complete, for people. It is so only if the verdict holds.
    #[must_use]
    pub fn completeness(&self) -> String {
        let mut sentences = Vec::new();
        sentences.extend(self.says_erased());
        sentences.push(self.says_complete());
        sentences.join(" ")
    }

    /// Which versions of the account were erased and are not shown.
    #[must_use]
    pub fn says_erased(&self) -> Option<String> {
        let numbers: Vec<String> = self.erased_versions.iter().map(u64::to_string).collect();
        match &numbers[..] {
            [] => None,
            [one] => Some(format!(
                "Version {one} of the account was erased: what the log holds under it is not shown."
            )),
            many => Some(format!(
                "Versions {} of the account were erased: what the log holds under them is not shown.",
                many.join(", ")
            )),
        }
    }

    fn says_complete(&self) -> String {
        let until = self.complete_until;
        let (Some(period), Some(since)) = (self.complete_since, self.since) else {
            return format!(
                "Complete in none of the periods up to entry {until}: the account's newest secret is not shown."
            );
        };
        let complete = format!(
            "Complete since period {period} (closed {}), up to entry {until}",
            since.closed_at
        );
        let earlier = match period {
            0 => return format!("{complete}."),
            1 => "of period 0".to_owned(),
            2 => "of periods 0 and 1".to_owned(),
            _ => format!("of periods 0 to {}", period - 1),
        };
        let lines = self.lines.iter().filter(|line| line.index < since.from).count();
        match lines {
            0 => format!("{complete}; {earlier}: nothing under this secret."),
            1 => format!("{complete}; {earlier}: one line, and others may be missing."),
            _ => format!("{complete}; {earlier}: {lines} lines, and others may be missing."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Since;
    use super::*;
    use countersign_domain::time::Timestamp;

    #[test]
    fn a_ledger_is_complete_since_a_period_or_not_at_all() {
        let closed_at = Timestamp::from_seconds(1_528_070_400);
        let ledger = |since: Option<u64>, erased_versions: &[u64]| Ledger {
            account: "ada".to_owned(),
            periods: 4,
            complete_since: since,
            complete_until: 90,
            closed_at: Some(closed_at),
            erased_versions: erased_versions.to_vec(),
            searched_until: 95,
            lines: Vec::new(),
            since: since.map(|period| Since { from: 10 * period, closed_at }),
        };
        for (since, erased, expected) in [
            (
                None,
                &[3][..],
                "Version 3 of the account was erased: what the log holds under it is not shown. Complete in none of the periods up to entry 90: the account's newest secret is not shown.",
            ),
            (
                Some(0),
                &[],
                "Complete since period 0 (closed 2018-06-04T00:00:00Z), up to entry 90.",
            ),
            (
                Some(1),
                &[1, 3],
                "Versions 1, 3 of the account were erased: what the log holds under them is not shown. Complete since period 1 (closed 2018-06-04T00:00:00Z), up to entry 90; of period 0: nothing under this secret.",
            ),
            (
                Some(3),
                &[],
                "Complete since period 3 (closed 2018-06-04T00:00:00Z), up to entry 90; of periods 0 to 2: nothing under this secret.",
            ),
        ] {
            assert_eq!(ledger(since, erased).completeness(), expected);
        }
    }
}
