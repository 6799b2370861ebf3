//! What was measured, and the table of it.

use crate::bench::load::Measured;
use crate::bench::sources::contender::{Kind, Tuning};
use crate::bench::table::{Table, milliseconds, whole};

/// One measurement of one contender.
pub(super) struct Round {
    pub(super) measured: Measured,
    /// CPU time of its server for an answer.
    pub(super) server_cpu_ms: f64,
    /// CPU time of PostgreSQL for an answer.
    pub(super) postgres_cpu_ms: f64,
}

impl Round {
    pub(super) fn records_per_s(&self) -> f64 {
        records_per_s(&self.measured)
    }
}

/// Records of people a second, the viewer's own among them.
pub(super) fn records_per_s(measured: &Measured) -> f64 {
    measured.answers_per_s * measured.people_per_answer
}

/// A contender with its best settings.
pub(super) struct Best {
    pub(super) kind: Kind,
    pub(super) tuning: Tuning,
    pub(super) connections: usize,
    pub(super) rounds: Vec<Round>,
}

impl Best {
    /// The median over all rounds.
    pub(super) fn median(&self, what: impl Fn(&Round) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(what).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match values.len() % 2 {
            _ if values.is_empty() => 0.0,
            0 => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        }
    }

    /// What the table says about the settings that were best.
    fn settings(&self) -> String {
        let words: Vec<&str> = self.tuning.0.iter().map(String::as_str).collect();
        match words.as_slice() {
            [pool, json, audit] => format!("pool {pool}, JSON by {json}, audit by {audit}"),
            [processes, pool] => format!("{processes} processes, pool {pool} in each"),
            [pool] => format!("pool {pool}, else as delivered"),
            _ => "as delivered".to_owned(),
        }
    }
}

/// All contenders.
#[derive(Default)]
pub(super) struct Results(pub(super) Vec<Best>);

impl Results {
    pub(super) fn begin(&mut self, best: Best) {
        self.0.push(best);
    }

    /// Person-records a second of each, medians.
    pub(super) fn speeds(&self) -> Vec<(Kind, f64)> {
        self.0.iter().map(|best| (best.kind, best.median(Round::records_per_s))).collect()
    }

    /// By how much one is faster than another: the median of the ratios within each round, and the least
    /// and the greatest of them.
    fn ratio(&self, of: &Best, to: Kind) -> String {
        let Some(to) = self.0.iter().find(|best| best.kind == to) else { return String::new() };
        let pairs = of.rounds.iter().zip(&to.rounds);
        let mut ratios: Vec<f64> =
            pairs.map(|(of, to)| of.records_per_s() / to.records_per_s()).collect();
        ratios.sort_by(f64::total_cmp);
        match (ratios.first(), ratios.get(ratios.len() / 2), ratios.last()) {
            _ if of.kind == to.kind => "1".to_owned(),
            (Some(least), Some(median), Some(most)) => {
                format!("{median:.2} ({least:.2}–{most:.2})")
            }
            _ => String::new(),
        }
    }

    /// The table.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new([
            "contender",
            "settings",
            "connections",
            "answers/s",
            "person-records/s",
            "× (a)",
            "× (b)",
            "p50 ms",
            "p99 ms",
            "people/answer",
            "KiB/answer",
            "CPU ms/answer: server",
            "PostgreSQL",
        ]);
        for best in &self.0 {
            let of = |what: fn(&Measured) -> f64| best.median(|round| what(&round.measured));
            table.row([
                best.kind.name().to_owned(),
                best.settings(),
                best.connections.to_string(),
                whole(of(|m| m.answers_per_s)),
                whole(best.median(Round::records_per_s)),
                self.ratio(best, Kind::Axum),
                self.ratio(best, Kind::PostGraphile),
                milliseconds(of(|m| m.p50_us as f64) as u64),
                milliseconds(of(|m| m.p99_us as f64) as u64),
                format!("{:.1}", of(|m| m.people_per_answer)),
                format!("{:.1}", of(|m| m.body_bytes_mean / 1024.0)),
                format!("{:.2}", best.median(|round| round.server_cpu_ms)),
                match best.kind.asks_postgres() {
                    true => format!("{:.2}", best.median(|round| round.postgres_cpu_ms)),
                    false => "–".to_owned(),
                },
            ]);
        }
        table
    }

    pub(super) fn print(&self) {
        println!();
        self.table().print();
    }
}

/// What each contender does for an answer, and what it does not.
pub(super) fn duties() -> Table {
    let mut table = Table::new(["", "(a)", "(b)", "Countersign"]);
    let rows = [
        ["each friend's own settings, field by field", "yes", "yes", "yes"],
        ["the client's grant, by its token", "yes", "yes", "yes"],
        [
            "agreement, build, purpose, and their time limits, decided on each request",
            "no",
            "no",
            "yes",
        ],
        ["ids that two partners cannot join", "no", "no", "yes"],
        [
            "who got whom and which fields",
            "a row per person",
            "the statement, in a text log",
            "a commitment per person",
        ],
        ["durable before the answer leaves", "yes", "no", "yes"],
        ["a rewrite by the operator is evident to those who kept a checkpoint", "no", "no", "yes"],
        ["a signed receipt in the answer", "no", "no", "yes"],
        ["a public log that outsiders check", "no", "no", "yes"],
    ];
    for row in rows {
        table.row(row.map(str::to_owned));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(kind: Kind, speeds: &[f64]) -> Best {
        let round = |speed: &f64| {
            let measured = serde_json::json!({
                "answers": 1, "refused": 0, "answers_per_s": speed, "bytes_per_s": 0.0,
                "body_bytes_mean": 0.0, "head_bytes_mean": 0.0, "people_per_answer": 2.0,
                "p50_us": 0, "p90_us": 0, "p99_us": 0, "max_us": 0, "load_cores": 0.0,
                "first_refusal": null
            });
            let measured = serde_json::from_value(measured).unwrap();
            Round { measured, server_cpu_ms: 0.0, postgres_cpu_ms: 0.0 }
        };
        let rounds = speeds.iter().map(round).collect();
        Best { kind, tuning: Tuning(Vec::new()), connections: 1, rounds }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let slow = best(Kind::Axum, &[10.0, 20.0, 40.0]);
        let fast = best(Kind::Image, &[100.0, 100.0, 800.0]);
        let results = Results(vec![slow, fast]);
        assert_eq!(results.ratio(&results.0[1], Kind::Axum), "10.00 (5.00–20.00)");
        assert_eq!(results.ratio(&results.0[0], Kind::Axum), "1");
        assert_eq!(results.ratio(&results.0[0], Kind::PostGraphile), "");
        assert_eq!(results.speeds(), [(Kind::Axum, 40.0), (Kind::Image, 200.0)]);
    }
}
