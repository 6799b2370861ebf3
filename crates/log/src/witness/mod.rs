//! Witnesses, from both sides: how a log has its checkpoints cosigned, and how a witness watches logs.
//!
//! ```text
//! request   the body of `add-checkpoint`, written and read
//! client    what a log asks one witness, and what it makes of the answer
//! front     the checkpoint on the log's site, with what was cosigned, and the archive
//! ledger    a witness: what it has cosigned of each log, durable before it says so
//! ```
//!
//! What it is not: HTTP. The server brings a [`Transport`](client::Transport), and serves a
//! [`Ledger`](ledger::Ledger) to others; nor does anything here say which witnesses are trusted, which
//! is a [`Policy`](countersign_protocol::witness_policy::Policy)'s to say.
//!
//! Spec: C2SP tlog-witness, tlog-cosignature.

pub mod client;
pub mod front;
pub mod ledger;
pub mod request;

/// The content type of an answer that is a size.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// An HTTP answer, as far as `add-checkpoint` speaks of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The content type, without parameters; nothing if there is none.
    pub content_type: String,
    /// How many seconds the witness asks to be left alone.
    pub retry_after_s: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}
