//! PostgreSQL as a source of profiles, on servers that the tests start.

pub(crate) mod check;
pub(crate) mod conformance;
pub(crate) mod draft;
pub(crate) mod faults;
pub(crate) mod ldbc;
pub(crate) mod pgbouncer;
pub(crate) mod settings;
pub(crate) mod tls;
pub(crate) mod values;
