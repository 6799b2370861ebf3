//! The spans of a trace: what a request does, step by step, and how long each step takes. None says anything about a
//! person.
//!
//! ```text
//! request
//! ├─ authenticate      whose token or secret it is
//! ├─ disclose
//! │  ├─ snapshot       the log's register, and the masks that were compiled for it
//! │  ├─ fetch          the database or API, where the source is one
//! │  ├─ people         those of the answer, with their settings
//! │  ├─ decide
//! │  ├─ append         until it is durable
//! │  └─ wait           for publication or witnesses, where the agreement says so
//! └─ render            the body, and its receipt
//! ```

/// The target of all spans. A subscriber that traces enables it; every other has it off, and then none is made.
pub const TARGET: &str = "request_spans";
