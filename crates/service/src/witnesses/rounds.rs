//! Rounds: which checkpoint the witnesses are asked about. A quorum has to cosign the very same one, and the
//! log publishes a new one about every second, so all are asked about one until enough have cosigned it,
//! or those that have not are no longer waited for.
//!
//! What it is not: it asks nobody and reads no clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use countersign_log::witness::front::Published;
use tokio::time::Instant;

/// After so long a checkpoint that was cosigned is cosigned once more, though nothing is new: whoever reads
/// the log sees that it was not changed until then.
const REFRESH: Duration = Duration::from_secs(55);

/// So many earlier rounds are kept, for cosignatures that come late.
const EARLIER_MAX: usize = 8;

/// How often rounds begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// From the beginning of one round to that of the next.
    pub(super) interval: Duration,
    /// The same, while an answer waits.
    pub(super) interval_min: Duration,
    /// How long the witnesses of a round are waited for.
    pub(super) patience: Duration,
}

/// The rounds so far.
pub(super) struct Rounds {
    pace: Pace,
    /// How many witnesses are asked.
    peers: usize,
    /// The newest last.
    rounds: VecDeque<Round>,
    next_id: u64,
}

struct Round {
    id: u64,
    published: Arc<Published>,
    began: Instant,
    /// The line of each witness that cosigned, by its place.
    lines: BTreeMap<usize, String>,
    /// How many have answered, in whatever way.
    answered: usize,
    is_met: bool,
}

impl Rounds {
    pub(super) const fn new(pace: Pace, peers: usize) -> Self {
        Self { pace, peers, rounds: VecDeque::new(), next_id: 0 }
    }

    /// When the next round may begin, about the newest checkpoint; `is_waited_for` says whether an answer
    /// waits.
    pub(super) fn due(&self, newest: &Published, is_waited_for: bool, now: Instant) -> Instant {
        let Some(last) = self.rounds.back() else { return now };
        let Pace { interval, interval_min, patience } = self.pace;
        let is_new = last.published.checkpoint != newest.checkpoint;
        let after = match (is_new || !last.is_met, is_waited_for) {
            (true, true) => interval_min,
            (true, false) => interval,
            // Whoever waits, waits for a checkpoint that is not published yet.
            (false, _) => REFRESH.max(interval),
        };
        let is_over = last.is_met || last.answered >= self.peers;
        let over = if is_over { last.began } else { last.began + patience };
        (last.began + after).max(over)
    }

    /// Begins a round; its number.
    pub(super) fn begin(&mut self, newest: Arc<Published>, now: Instant) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.rounds.push_back(Round {
            id,
            published: newest,
            began: now,
            lines: BTreeMap::new(),
            answered: 0,
            is_met: false,
        });
        if self.rounds.len() > EARLIER_MAX {
            self.rounds.pop_front();
        }
        id
    }

    /// What the witness at this place answered in a round: its line, if it cosigned. The note with all lines
    /// so far, if there is a new one.
    pub(super) fn answered(
        &mut self,
        id: u64,
        peer: usize,
        line: Option<String>,
    ) -> Option<Vec<u8>> {
        let round = self.rounds.iter_mut().find(|round| round.id == id)?;
        round.answered += 1;
        round.lines.insert(peer, line?);
        let lines: String = round.lines.values().map(String::as_str).collect();
        Some([&round.published.note, lines.as_bytes()].concat())
    }

    /// Enough have cosigned the checkpoint of this round.
    pub(super) fn met(&mut self, id: u64) {
        if let Some(round) = self.rounds.iter_mut().find(|round| round.id == id) {
            round.is_met = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use countersign_protocol::checkpoint::Checkpoint;

    use super::*;

    const PACE: Pace = Pace {
        interval: Duration::from_secs(10),
        interval_min: Duration::from_secs(1),
        patience: Duration::from_secs(5),
    };

    fn published(size: u64) -> Arc<Published> {
        let checkpoint = Checkpoint { origin: "log.example".to_owned(), size, root: [0; 32] };
        Arc::new(Published { note: format!("note {size}\n").into_bytes(), checkpoint })
    }

    /// In how many seconds the next round may begin.
    fn due_s(rounds: &Rounds, size: u64, is_waited_for: bool, now: Instant) -> u64 {
        rounds.due(&published(size), is_waited_for, now).saturating_duration_since(now).as_secs()
    }

    #[test]
    fn a_round_lasts_until_the_quorum_is_met_or_patience_ends() {
        let now = Instant::now();
        let mut rounds = Rounds::new(PACE, 3);
        assert_eq!(due_s(&rounds, 7, false, now), 0);
        let id = rounds.begin(published(7), now);
        // An answer that waits may not begin another one before those who were asked have had their time.
        assert_eq!(due_s(&rounds, 8, true, now), 5);
        assert_eq!(due_s(&rounds, 8, false, now), 10);
        assert_eq!(rounds.answered(id, 0, None), None);
        let note = rounds.answered(id, 2, Some("two\n".to_owned()));
        assert_eq!(note.as_deref(), Some(&b"note 7\ntwo\n"[..]));
        assert_eq!(due_s(&rounds, 8, true, now), 5);
        let note = rounds.answered(id, 1, Some("one\n".to_owned()));
        assert_eq!(note.as_deref(), Some(&b"note 7\none\ntwo\n"[..]));
        assert_eq!(due_s(&rounds, 8, true, now), 1, "all have answered");
        let id = rounds.begin(published(8), now);
        assert_eq!(due_s(&rounds, 9, true, now), 5);
        rounds.met(id);
        assert_eq!(due_s(&rounds, 9, true, now), 1);
        assert_eq!(due_s(&rounds, 9, false, now), 10);
    }

    #[test]
    fn what_is_cosigned_is_cosigned_again_after_a_minute_and_what_is_not_at_the_usual_pace() {
        let now = Instant::now();
        let mut rounds = Rounds::new(PACE, 1);
        let id = rounds.begin(published(7), now);
        rounds.answered(id, 0, None);
        assert_eq!((due_s(&rounds, 7, false, now), due_s(&rounds, 7, true, now)), (10, 1));
        rounds.met(id);
        assert_eq!((due_s(&rounds, 7, false, now), due_s(&rounds, 7, true, now)), (55, 55));
    }

    #[test]
    fn a_cosignature_that_comes_late_is_of_its_own_round() {
        let now = Instant::now();
        let mut rounds = Rounds::new(PACE, 2);
        let first = rounds.begin(published(7), now);
        rounds.answered(first, 0, Some("zero\n".to_owned()));
        let second = rounds.begin(published(8), now);
        let note = rounds.answered(first, 1, Some("one\n".to_owned()));
        assert_eq!(note.as_deref(), Some(&b"note 7\nzero\none\n"[..]));
        let note = rounds.answered(second, 1, Some("one again\n".to_owned()));
        assert_eq!(note.as_deref(), Some(&b"note 8\none again\n"[..]));
        for size in 9..30 {
            rounds.begin(published(size), now);
        }
        assert_eq!(rounds.answered(first, 1, Some("much later\n".to_owned())), None);
    }
}
