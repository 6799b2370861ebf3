//! The sources of profiles: the image, a platform's HTTP API, and PostgreSQL.

pub(crate) mod conformance;
pub(crate) mod http;
pub(crate) mod http_limits;
pub(crate) mod http_served;
pub(crate) mod mapping;
pub(crate) mod postgres;
pub(crate) mod slow;
