//! What third parties check: files that the operator's commands write, judged by `countersign-verify`.

pub(crate) mod directory;
pub(crate) mod evidence;
pub(crate) mod ledger;
pub(crate) mod lists;
pub(crate) mod sample;
