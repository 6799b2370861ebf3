//! Software that we did not write, on the other side of what we serve, sign and export.

pub(crate) mod facebook_nodejs_business_sdk;
pub(crate) mod facebook_sdk;
pub(crate) mod fbgraph;
pub(crate) mod keys;
pub(crate) mod odrl;
pub(crate) mod openapi;
pub(crate) mod opentelemetry_collector;
pub(crate) mod page;
pub(crate) mod page_brought;
pub(crate) mod prometheus;
pub(crate) mod pyfacebook;
pub(crate) mod witness_log;
