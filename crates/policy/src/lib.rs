//! What feeds a decision: agreements as people write them, and agreements, builds and platform rules
//! compiled to the masks that [`countersign_domain::decide`](mod@countersign_domain::decide) ANDs;
//! explanations and proofs of what they mean; screening against lists; and the people whom each client
//! has reached, which budgets limit.
//!
//! What it is not: it reads no clock and decides about nobody in particular, it does no I/O (but that
//! `prove` runs a solver), and it gives no second meaning to an agreement (that is
//! `countersign_domain::terms`).
#![forbid(unsafe_code)]

pub mod agreement;
pub mod budget;
pub mod cedar;
pub mod dpv;
pub mod explain;
pub mod instant;
pub mod mask;
pub mod odrl;
#[cfg(feature = "prove")]
pub mod prove;
pub mod screening;
