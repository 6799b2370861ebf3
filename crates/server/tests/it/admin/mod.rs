//! What the operator does over the admin API, and what monitoring reads.

pub(crate) mod acts;
pub(crate) mod canaries;
pub(crate) mod client_secrets;
pub(crate) mod explain;
pub(crate) mod grants;
pub(crate) mod openapi;
pub(crate) mod operations;
pub(crate) mod own_tokens;
pub(crate) mod rules;
pub(crate) mod screening;
pub(crate) mod suspension;
