//! What the server says about itself: counts of requests, the request log, traces, and the documents about them.

pub(crate) mod documents;
mod requests;
mod traces;
