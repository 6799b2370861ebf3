//! What feeds a decision: agreements as people write them, and agreements, builds and platform rules
//! compiled to the masks that [`countersign_domain::decide`](mod@countersign_domain::decide) ANDs; and
//! the people whom each client has reached, which budgets limit.
//!
//! What it is not: it does no I/O and reads no clock, it decides about nobody in particular, and it
//! gives no second meaning to an agreement (that is `countersign_domain::terms`).
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
