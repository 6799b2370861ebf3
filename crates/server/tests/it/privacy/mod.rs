//! What people decide about their own data: settings, consents, their history, and erasure.

pub(crate) mod consents;
pub(crate) mod erasure;
pub(crate) mod history;
pub(crate) mod next_read;
pub(crate) mod presets;
pub(crate) mod sec_gpc;
pub(crate) mod settings;
pub(crate) mod settings_changes;
