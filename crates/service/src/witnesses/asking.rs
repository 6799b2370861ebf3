//! The thread that asks the witnesses: one task begins rounds and takes what comes of them, and each
//! witness has a task of its own, with its own patience and its own pauses after trouble.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_log::Log;
use countersign_log::witness::client::{Obtained, Trouble, WitnessClient};
use countersign_log::witness::front::Published;
use countersign_protocol::witness_policy::Quorum;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::rounds::Rounds;
use super::{Peer, Witnesses};
use crate::clock;

/// The pause after the first trouble with a witness; each one after it is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause, unless the witness asks for a longer one.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The longest pause that a witness is taken at its word for, in seconds.
const RETRY_AFTER_MAX_S: u64 = 3_600;

/// While it lives, the witnesses are asked.
pub struct Asking {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// What the witnesses are asked about.
type Target = Option<(u64, Arc<Published>)>;

/// What one of them answered.
struct Answered {
    round: u64,
    peer: usize,
    outcome: Result<Obtained, Trouble>,
}

impl Asking {
    pub(super) fn start(witnesses: Arc<Witnesses>, log: Log) -> std::io::Result<Self> {
        // A runtime of its own, so that proofs that are read and files that are synced hold up no answer.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, mut stopped) = watch::channel(false);
        let thread = std::thread::Builder::new().name("witnesses".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = ask(&witnesses, &log) => {}
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                }
            });
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// Asks for ever.
async fn ask(witnesses: &Arc<Witnesses>, log: &Log) {
    let (target, _) = watch::channel::<Target>(None);
    let (answers, mut answered) = mpsc::channel(witnesses.peers.len().max(1));
    // Dropped with this future, and with it every task.
    let mut tasks = tokio::task::JoinSet::new();
    for (place, peer) in witnesses.peers.iter().cloned().enumerate() {
        tasks.spawn(ask_one(place, peer, target.subscribe(), answers.clone(), log.clone()));
    }
    let mut rounds = Rounds::new(witnesses.pace, witnesses.peers.len());
    let (mut published, mut waiting) = (log.published(), log.waiting_for_witnesses());
    loop {
        let newest = published.borrow_and_update().clone();
        let is_waited_for = *waiting.borrow_and_update() > 0;
        let now = Instant::now();
        let mut due = None;
        if let Some(newest) = newest {
            let at = rounds.due(&newest, is_waited_for, now);
            if at <= now {
                let id = rounds.begin(Arc::clone(&newest), now);
                target.send_replace(Some((id, newest)));
                continue;
            }
            due = Some(at);
        }
        tokio::select! {
            () = sleep_until(due.unwrap_or(now)), if due.is_some() => {}
            _ = published.changed() => {}
            _ = waiting.changed() => {}
            Some(one) = answered.recv() => take(witnesses, log, &mut rounds, one),
        }
    }
}

/// Takes what a witness answered.
fn take(witnesses: &Witnesses, log: &Log, rounds: &mut Rounds, answered: Answered) {
    let Answered { round, peer, outcome } = answered;
    let name = witnesses.peers.get(peer).map_or("", |peer| peer.key.name());
    let line = match outcome {
        Ok(Obtained { line, time, rolled_back_to }) => {
            witnesses.metrics.cosigned(name, time);
            witnesses.states.cosigned(name, time);
            if let Some(size) = rolled_back_to {
                witnesses.metrics.rolled_back(name);
                tracing::warn!(
                    witness = name,
                    size,
                    "the witness knew a smaller tree than it has cosigned: it has lost its state, and what it says of this log is worth less"
                );
            }
            Some(line)
        }
        Err(trouble) => {
            witnesses.metrics.troubled(name, trouble.name());
            witnesses.states.troubled(name, trouble.to_string());
            None
        }
    };
    let Some(note) = rounds.answered(round, peer, line) else { return };
    match log.cosigned(&note, &witnesses.policy, clock::now()) {
        Ok(Quorum::Met(times)) => {
            witnesses.metrics.quorum_met(times.latest);
            rounds.met(round);
        }
        Ok(Quorum::NotAsked) => rounds.met(round),
        Ok(Quorum::NotMet) => {}
        Err(error) => {
            witnesses.metrics.unkept.inc();
            tracing::error!(%error, "what witnesses cosigned was not put on the log's site");
        }
    }
}

/// Asks one witness about each target, the newest one where it cannot keep up.
async fn ask_one(
    place: usize,
    peer: Peer,
    mut target: watch::Receiver<Target>,
    answers: mpsc::Sender<Answered>,
    log: Log,
) {
    let name = peer.key.name().to_owned();
    let mut client = WitnessClient::new(peer.key);
    let mut pauses = Pauses::default();
    // The error of a `changed` says that nobody asks any more.
    while target.changed().await.is_ok() {
        let Some((round, published)) = target.borrow_and_update().clone() else { continue };
        let size = published.checkpoint.size;
        let prove = |from| log.consistency(from, size);
        let outcome = client.cosign(&published, &peer.transport, prove, clock::now).await;
        let pause = pauses.after(&name, &outcome);
        if answers.send(Answered { round, peer: place, outcome }).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
}

/// How a witness is left alone after trouble, and what is said of it: each kind once, until it cosigns again.
#[derive(Default)]
struct Pauses {
    failures: u32,
    said: Option<&'static str>,
}

impl Pauses {
    fn after(&mut self, witness: &str, outcome: &Result<Obtained, Trouble>) -> Duration {
        let trouble = match outcome {
            Ok(_) => {
                if self.said.take().is_some() {
                    tracing::info!(witness, "the witness cosigns again");
                }
                self.failures = 0;
                return Duration::ZERO;
            }
            Err(trouble) => trouble,
        };
        if self.said.replace(trouble.name()) != Some(trouble.name()) {
            tracing::warn!(witness, %trouble, "the witness did not cosign; it is asked again, and this is not told again");
        }
        let pause = PAUSE.saturating_mul(1 << self.failures.min(10)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        let wanted_s = trouble.retry_after_s().unwrap_or_default().min(RETRY_AFTER_MAX_S);
        pause.max(Duration::from_secs(wanted_s))
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::time::Timestamp;

    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute_end_with_a_cosignature_and_are_as_long_as_asked_for() {
        let mut pauses = Pauses::default();
        let mut failed = |trouble| pauses.after("w.example", &Err(trouble)).as_secs();
        let found: Vec<_> = (0..9).map(|_| failed(Trouble::NotSigned)).collect();
        assert_eq!(found, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(failed(Trouble::Busy { retry_after_s: Some(90) }), 90);
        assert_eq!(failed(Trouble::Failing { status: 503, retry_after_s: Some(u64::MAX) }), 3_600);
        let time = Timestamp::from_seconds(1);
        let obtained = Obtained { line: String::new(), time, rolled_back_to: None };
        assert_eq!(pauses.after("w.example", &Ok(obtained)), Duration::ZERO);
        assert_eq!(pauses.after("w.example", &Err(Trouble::NotSigned)).as_secs(), 1);
    }
}
