//! The read API, as a partner's client meets it: requests, pages, batches, tokens, budgets and errors.

pub(crate) mod batch;
pub(crate) mod budgets;
pub(crate) mod client_tokens;
pub(crate) mod decision_matrix;
pub(crate) mod doubled_keys;
pub(crate) mod error_envelopes;
pub(crate) mod friends_of_friends;
pub(crate) mod ids;
pub(crate) mod paging;
pub(crate) mod request_forms;
pub(crate) mod response_headers;
pub(crate) mod summary;
pub(crate) mod versions;
