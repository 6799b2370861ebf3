//! What a running server does with its log: closes of periods, and answers that wait for checkpoints and witnesses.

pub(crate) mod closes;
pub(crate) mod waits;
pub(crate) mod witnessed;
