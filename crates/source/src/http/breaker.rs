//! The circuit breaker: while the API fails, it is left alone, and whoever asks is told so at once.
//!
//! ```text
//! closed ── too many failures ──▶ open ── its time is over ──▶ half open ── the probe is answered ──▶ closed
//!                                  ▲                              └── the probe fails ──▶ open
//! ```
//!
//! A state machine without a clock: time is a parameter, in milliseconds since any one instant.

use crate::settings::http::BreakerSettings;

/// What the breaker does with questions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BreakerState {
    /// It passes them on.
    Closed,
    /// It passes one on, to see.
    HalfOpen,
    /// It passes none on.
    Open,
}

/// A breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    rules: BreakerSettings,
    state: State,
    /// Counts the changes of state, so that a question of an earlier state has no say in a later one.
    generation: u64,
}

#[derive(Debug)]
enum State {
    Closed(Counts),
    HalfOpen { is_probing: bool },
    Open { until_ms: u64 },
}

#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    failures_in_a_row: u32,
    window_from_ms: u64,
    questions: u32,
    failures: u32,
}

/// A question that was passed on. What became of it has to be reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Admitted {
    generation: u64,
}

/// What became of a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// The API answered, whatever it said.
    Answered,
    /// It did not, or too late.
    Failed,
    /// Nobody waited for it, or it was not asked.
    Unknown,
}

impl Breaker {
    pub(super) const fn new(rules: BreakerSettings) -> Self {
        let counts = Counts { failures_in_a_row: 0, window_from_ms: 0, questions: 0, failures: 0 };
        Self { rules, state: State::Closed(counts), generation: 0 }
    }

    /// What it would do with a question now.
    pub(super) const fn state(&self, now_ms: u64) -> BreakerState {
        match self.state {
            State::Closed(_) => BreakerState::Closed,
            State::Open { until_ms } if now_ms < until_ms => BreakerState::Open,
            // Its time is over, whether or not somebody has asked since.
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether a question may be passed on now.
    pub(super) fn admit(&mut self, now_ms: u64) -> Option<Admitted> {
        match &mut self.state {
            State::Closed(_) => {}
            State::HalfOpen { is_probing: true } => return None,
            State::HalfOpen { is_probing } => *is_probing = true,
            State::Open { until_ms } if now_ms < *until_ms => return None,
            State::Open { .. } => self.become_(State::HalfOpen { is_probing: true }),
        }
        Some(Admitted { generation: self.generation })
    }

    /// Takes note of what became of a question.
    pub(super) fn record(&mut self, admitted: Admitted, outcome: Outcome, now_ms: u64) {
        if admitted.generation != self.generation {
            return;
        }
        let opened = State::Open { until_ms: now_ms.saturating_add(self.rules.open_ms) };
        match (&mut self.state, outcome) {
            (State::Closed(_), Outcome::Unknown) | (State::Open { .. }, _) => {}
            (State::Closed(counts), _) => {
                counts.add(outcome == Outcome::Failed, now_ms, self.rules.window_ms);
                if outcome == Outcome::Failed && counts.are_too_many(&self.rules) {
                    self.become_(opened);
                }
            }
            (State::HalfOpen { is_probing }, Outcome::Unknown) => *is_probing = false,
            (State::HalfOpen { .. }, Outcome::Failed) => self.become_(opened),
            (State::HalfOpen { .. }, Outcome::Answered) => {
                let counts = Counts { window_from_ms: now_ms, ..Counts::default() };
                self.become_(State::Closed(counts));
            }
        }
    }

    fn become_(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

impl Counts {
    fn add(&mut self, is_failure: bool, now_ms: u64, window_ms: u64) {
        if now_ms.saturating_sub(self.window_from_ms) >= window_ms {
            *self = Self {
                failures_in_a_row: self.failures_in_a_row,
                window_from_ms: now_ms,
                ..Self::default()
            };
        }
        self.questions = self.questions.saturating_add(1);
        if is_failure {
            self.failures = self.failures.saturating_add(1);
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        } else {
            self.failures_in_a_row = 0;
        }
    }

    fn are_too_many(&self, rules: &BreakerSettings) -> bool {
        let failures_percent = u64::from(self.failures) * 100;
        let most = u64::from(self.questions) * u64::from(rules.failures_percent);
        self.failures_in_a_row >= rules.failures
            || (self.questions >= rules.questions_min && failures_percent >= most)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: BreakerSettings = BreakerSettings {
        failures: 3,
        failures_percent: 50,
        window_ms: 1_000,
        questions_min: 8,
        open_ms: 200,
    };

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Wait(u64),
        Ask,
        /// One of the questions under way ends.
        End(usize, Outcome),
    }

    fn step() -> impl Strategy<Value = Step> {
        let outcome = prop_oneof![
            Just(Outcome::Answered),
            Just(Outcome::Failed),
            Just(Outcome::Failed),
            Just(Outcome::Unknown)
        ];
        prop_oneof![
            (0_u64..150).prop_map(Step::Wait),
            Just(Step::Ask),
            (any::<usize>(), outcome).prop_map(|(which, outcome)| Step::End(which, outcome)),
        ]
    }

    proptest! {
        #[test]
        fn property_an_open_breaker_lets_nobody_through_and_then_one(
            steps in proptest::collection::vec(step(), 1..400)
        ) {
            let mut breaker = Breaker::new(RULES);
            let (mut now, mut opened_at) = (0, 0);
            let mut under_way = Vec::new();
            for step in steps {
                let before = breaker.state(now);
                if before == BreakerState::Open {
                    prop_assert!(now < opened_at + RULES.open_ms);
                }
                match step {
                    Step::Wait(ms) => now += ms,
                    Step::Ask => {
                        let admitted = breaker.admit(now);
                        match before {
                            BreakerState::Closed => prop_assert!(admitted.is_some()),
                            BreakerState::Open => prop_assert!(admitted.is_none()),
                            BreakerState::HalfOpen => {}
                        }
                        under_way.extend(admitted);
                        let current = |a: &&Admitted| a.generation == breaker.generation;
                        if breaker.state(now) == BreakerState::HalfOpen {
                            prop_assert!(under_way.iter().filter(current).count() <= 1);
                        }
                    }
                    Step::End(which, outcome) if !under_way.is_empty() => {
                        let admitted = under_way.swap_remove(which % under_way.len());
                        let is_current = admitted.generation == breaker.generation;
                        breaker.record(admitted, outcome, now);
                        let expected = match (before, outcome, is_current) {
                            (_, _, false) | (_, Outcome::Unknown, _) => Some(before),
                            (BreakerState::HalfOpen, Outcome::Failed, _) => Some(BreakerState::Open),
                            (BreakerState::HalfOpen | BreakerState::Closed, Outcome::Answered, _) => {
                                Some(BreakerState::Closed)
                            }
                            _ => None,
                        };
                        prop_assert!(expected.is_none_or(|expected| expected == breaker.state(now)));
                    }
                    Step::End(..) => {}
                }
                if before != BreakerState::Open && breaker.state(now) == BreakerState::Open {
                    opened_at = now;
                }
            }
        }

        #[test]
        fn property_whatever_happened_it_closes_again_once_the_api_answers(
            steps in proptest::collection::vec(step(), 1..200)
        ) {
            let mut breaker = Breaker::new(RULES);
            let (mut now, mut under_way) = (0, Vec::new());
            for step in steps {
                match step {
                    Step::Wait(ms) => now += ms,
                    Step::Ask => under_way.extend(breaker.admit(now)),
                    Step::End(which, outcome) if !under_way.is_empty() => {
                        let admitted = under_way.swap_remove(which % under_way.len());
                        breaker.record(admitted, outcome, now);
                    }
                    Step::End(..) => {}
                }
            }
            for admitted in under_way {
                breaker.record(admitted, Outcome::Unknown, now);
            }
            now += RULES.open_ms;
            let admitted = breaker.admit(now).unwrap();
            breaker.record(admitted, Outcome::Answered, now);
            prop_assert_eq!(breaker.state(now), BreakerState::Closed);
        }
    }

    fn ask(breaker: &mut Breaker, outcome: Outcome, now_ms: u64) {
        let admitted = breaker.admit(now_ms).unwrap();
        breaker.record(admitted, outcome, now_ms);
    }

    #[test]
    fn so_many_failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let mut breaker = Breaker::new(RULES);
        for outcome in [Outcome::Failed, Outcome::Failed, Outcome::Answered, Outcome::Failed] {
            ask(&mut breaker, outcome, 1);
        }
        ask(&mut breaker, Outcome::Failed, 1);
        assert_eq!(breaker.state(1), BreakerState::Closed);
        ask(&mut breaker, Outcome::Failed, 1);
        assert_eq!(breaker.state(200), BreakerState::Open);
        assert_eq!(breaker.state(201), BreakerState::HalfOpen, "though nobody has asked");
        assert_eq!(breaker.admit(200), None);
        assert!(breaker.admit(201).is_some());
        assert_eq!(breaker.admit(201), None, "one probe at a time");
    }

    #[test]
    fn half_of_a_window_opens_it_and_half_of_two_windows_does_not() {
        let in_turns = [Outcome::Answered, Outcome::Failed];
        for (step_ms, expected) in [(10, BreakerState::Open), (200, BreakerState::Closed)] {
            let mut breaker = Breaker::new(RULES);
            for (turn, outcome) in (0..8).zip(in_turns.into_iter().cycle()) {
                ask(&mut breaker, outcome, turn * step_ms);
            }
            assert_eq!(breaker.state(7 * step_ms), expected, "{step_ms}");
        }
    }
}
