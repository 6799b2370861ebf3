//! What a log asks one witness: to cosign its checkpoint; and what it makes of the answer.
//!
//! The log remembers what the witness has cosigned last, proves that its tree only grew since, and, told
//! of another size, proves it from there. A cosignature counts if it is by the key that the log knows,
//! over exactly the checkpoint that was sent, at a time that is near the log's own. Everything else is
//! trouble with that witness, and with nobody else.
//!
//! What it is not: a schedule. When to ask, for how long, and how many at once is the server's.
//!
//! Spec: C2SP tlog-witness, `add-checkpoint`.

use std::fmt::Display;
use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::cosignature::WitnessKey;
use countersign_protocol::cosigned::{AnswerError, read_answer};
use countersign_protocol::merkle::Hash;

use super::front::Published;
use super::request::AddCheckpoint;
use super::{Reply, SIZE_TYPE};

/// How often one checkpoint is sent because the witness says that it knows another size.
const ATTEMPTS_MAX: usize = 3;

/// The way to one witness.
pub trait Transport: Send + Sync {
    /// Sends the body to `add-checkpoint`.
    fn add_checkpoint(
        &self,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<Reply, TransportError>> + Send;
}

/// Nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It took too long.
    #[error("it did not answer within {waited_ms} ms")]
    Late {
        /// How long was waited.
        waited_ms: u64,
    },
    /// There is no way there, or the answer broke off.
    #[error("{reason}")]
    Unreachable {
        /// What the system or HTTP says.
        reason: String,
    },
}

/// Why a witness has not cosigned. It harms nothing but the quorum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing came back.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// 404.
    #[error("it does not know this log; have its operator add the log's key")]
    UnknownLog,
    /// 403.
    #[error("it does not take the log's signature; does its operator have the right key?")]
    NotSigned,
    /// 422.
    #[error("it says that the tree of {size} entries does not continue what it has cosigned")]
    Inconsistent {
        /// The size that was sent.
        size: u64,
    },
    /// 429.
    #[error("it is asked too often")]
    Busy {
        /// How many seconds it wants to be left alone.
        retry_after_s: Option<u64>,
    },
    /// 5xx.
    #[error("it fails with status {status}")]
    Failing {
        /// The status.
        status: u16,
        /// How many seconds it wants to be left alone.
        retry_after_s: Option<u64>,
    },
    /// Another status.
    #[error("it answers with status {status}, which means nothing here; is the address right?")]
    Unexpected {
        /// The status.
        status: u16,
    },
    /// 409 without a size.
    #[error("it says that it knows another tree, and not of which size")]
    NoSize,
    /// It claims to have cosigned more than there is.
    #[error("it says that it has cosigned {theirs} entries, and the log has {ours}")]
    Ahead {
        /// The size that it says.
        theirs: u64,
        /// The size of the checkpoint that was sent.
        ours: u64,
    },
    /// It has cosigned another tree of the same size, or so it says.
    #[error("it says that it has cosigned another tree of {size} entries")]
    OtherRoot {
        /// The size.
        size: u64,
    },
    /// It says of every size that it is the wrong one.
    #[error("it says again and again that it knows another size, at last {theirs}")]
    Unsettled {
        /// The size that it said last.
        theirs: u64,
    },
    /// What it answered is no cosignature of the checkpoint.
    #[error(transparent)]
    NotCosigned(#[from] AnswerError),
    /// The time that it states is far from the log's own.
    #[error("its cosignature is of {stated}, and it is {now}; one of the two clocks is wrong")]
    Time {
        /// The time of the cosignature.
        stated: Timestamp,
        /// The time here.
        now: Timestamp,
    },
    /// The proof cannot be made.
    #[error("the proof from {from} entries cannot be made: {reason}")]
    Proof {
        /// Where it would begin.
        from: u64,
        /// What is in the way.
        reason: String,
    },
}

impl Trouble {
    /// A name for counters: from a closed list, without anything that a witness said.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Transport(TransportError::Late { .. }) => "late",
            Self::Transport(TransportError::Unreachable { .. }) => "unreachable",
            Self::UnknownLog => "unknown_log",
            Self::NotSigned => "not_signed",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Busy { .. } => "busy",
            Self::Failing { .. } => "failing",
            Self::Unexpected { .. } => "unexpected",
            Self::NoSize => "no_size",
            Self::Ahead { .. } => "ahead",
            Self::OtherRoot { .. } => "other_root",
            Self::Unsettled { .. } => "unsettled",
            Self::NotCosigned(_) => "not_cosigned",
            Self::Time { .. } => "time",
            Self::Proof { .. } => "proof",
        }
    }

    /// How many seconds the witness asks to be left alone.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Busy { retry_after_s } | Self::Failing { retry_after_s, .. } => *retry_after_s,
            _ => None,
        }
    }
}

/// A cosignature that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Obtained {
    /// Its line, newline included.
    pub line: String,
    /// When it was made, by the witness's clock.
    pub time: Timestamp,
    /// The size that the witness knew before, if that is less than what it had cosigned for this log: its
    /// state was rolled back, which its operator promised not to happen.
    pub rolled_back_to: Option<u64>,
}

/// One witness, as the log knows it.
#[derive(Debug)]
pub struct WitnessClient {
    key: WitnessKey,
    /// The size that it knows, as far as can be told.
    known_size: u64,
    /// The largest size that it has cosigned for this process.
    cosigned_size: u64,
}

impl WitnessClient {
    /// A witness of which nothing is known but its key.
    #[must_use]
    pub const fn new(key: WitnessKey) -> Self {
        Self { key, known_size: 0, cosigned_size: 0 }
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// Has a checkpoint cosigned. `prove` makes the consistency proof to it from a size that is not 0 and
    /// not above its own; `now` says what time it is.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn cosign<E: Display>(
        &mut self,
        published: &Arc<Published>,
        transport: &impl Transport,
        prove: impl Fn(u64) -> Result<Vec<Hash>, E> + Send,
        now: impl Fn() -> Timestamp + Send,
    ) -> Result<Obtained, Trouble> {
        let size = published.checkpoint.size;
        // What it cosigned may be newer than what it is to cosign now; it says so then.
        let mut old_size = self.known_size.min(size);
        for _ in 0..ATTEMPTS_MAX {
            let from = (1..size).contains(&old_size).then_some(old_size);
            let proof = from.map_or(Ok(Vec::new()), &prove);
            let proof = proof
                .map_err(|error| Trouble::Proof { from: old_size, reason: error.to_string() })?;
            let request = AddCheckpoint { old_size, proof, note: published.note.clone() };
            let reply = transport.add_checkpoint(request.to_bytes()).await?;
            if reply.status != 409 {
                return self.judge(published, old_size, &reply, now());
            }
            let theirs = size_of(&reply).ok_or(Trouble::NoSize)?;
            if theirs > size {
                return Err(Trouble::Ahead { theirs, ours: size });
            }
            if theirs == old_size {
                // Of two trees of one size it is the roots that differ; else it contradicts itself.
                let other_root = Trouble::OtherRoot { size };
                let contradicts = Trouble::Unsettled { theirs };
                return Err(if theirs == size { other_root } else { contradicts });
            }
            old_size = theirs;
            self.known_size = theirs;
        }
        Err(Trouble::Unsettled { theirs: old_size })
    }

    fn judge(
        &mut self,
        published: &Published,
        old_size: u64,
        reply: &Reply,
        now: Timestamp,
    ) -> Result<Obtained, Trouble> {
        let size = published.checkpoint.size;
        match reply.status {
            200 => {}
            403 => return Err(Trouble::NotSigned),
            404 => return Err(Trouble::UnknownLog),
            422 => return Err(Trouble::Inconsistent { size }),
            429 => return Err(Trouble::Busy { retry_after_s: reply.retry_after_s }),
            status @ 500..=599 => {
                return Err(Trouble::Failing { status, retry_after_s: reply.retry_after_s });
            }
            status => return Err(Trouble::Unexpected { status }),
        }
        let (cosignature, line) = read_answer(&published.checkpoint, &reply.body, &self.key)?;
        let time = Timestamp::from_seconds(cosignature.time_s());
        if time.seconds().abs_diff(now.seconds()) > ACT_SKEW_S {
            return Err(Trouble::Time { stated: time, now });
        }
        let rolled_back_to = (old_size < self.cosigned_size).then_some(old_size);
        self.known_size = size;
        self.cosigned_size = self.cosigned_size.max(size);
        Ok(Obtained { line, time, rolled_back_to })
    }
}

/// The size that a witness says it knows.
fn size_of(reply: &Reply) -> Option<u64> {
    if !reply.content_type.eq_ignore_ascii_case(SIZE_TYPE) {
        return None;
    }
    let text = std::str::from_utf8(&reply.body).ok()?.strip_suffix('\n')?;
    text.parse::<u64>().ok().filter(|size| size.to_string() == text)
}
