//! What comes before a request is whole: where a server listens, TLS, heads, deadlines, and clients that flood or
//! stall.

pub(crate) mod heads;
pub(crate) mod limits;
pub(crate) mod listening;
pub(crate) mod slow_clients;
pub(crate) mod tls;
