//! The embedded people store. LMDB (`lmdb`) is the durable truth; the request path reads a `view`:
//! an `image`, which is a mapped file that starting never rebuilds, and over it, in memory, the
//! `overlay` of those who changed or came since. An import writes a new image; changes one by one
//! (`changes`, `enrol`) go into the overlay, until that is folded into a new image (`fold`).
//!
//! INVARIANT: the image that the committed `image` names was written and synced before that
//! commit, which also names whom it does not have as they are now. So a crash at any instant leaves the
//! old people or the new ones, and never a mixture. Kept by [`Import::commit`] and
//! [`People::fold`]; and by [`Changes::commit`], which names people as changed in the commit
//! that changes them.
//!
//! From the bottom up, and never down: vocabulary (`options`, `layout`, `provenance`, `choice`); transactions over
//! `databases` and the open `database`; a module a table (`meta`, `history`, `grants`, `erasure_table`, …); `storage`,
//! which hands out turns to write; what writes (`changes`, `import`) and what uses it (`enrol`, `outbox`, `erasure`,
//! `fold`, …); and on top [`People`], in `lmdb` and `consents`, which nothing below knows.
//!
//! What it is not: it decides nothing, and it gives no value of a field to anybody but `source`.

mod bell;
mod changes;
mod choice;
mod client_secret;
mod compaction;
mod consents;
mod database;
mod database_copy;
mod databases;
mod enrol;
mod erasure;
mod erasure_table;
mod error;
mod figures;
mod fold;
mod folder;
mod grant;
mod grants;
mod guesses;
mod history;
mod image;
mod image_writer;
mod import;
mod kept;
mod layout;
mod legacy;
mod lmdb;
mod log_mark;
mod map;
mod meta;
mod opening;
mod options;
mod outbox;
mod overlay;
mod person_ref;
mod provenance;
mod reapply;
mod record;
mod replica;
mod storage;
mod store_dir;
#[cfg(test)]
mod told;
mod view;
mod writing;

pub use changes::{Changes, ProfileUpdate, Update};
pub use choice::Choice;
pub use client_secret::ClientSecret;
pub use enrol::Enrolled;
pub use erasure::Erasure;
pub use error::{ImageFault, StoreError};
pub use figures::ImageFigures;
pub use folder::Folder;
pub use grant::{GrantId, GrantRecord};
pub use history::{Event, HistoryRecord};
pub use image::Image;
pub use import::{Import, NewPerson, Placed};
pub use kept::{Importer, Writer};
pub use layout::{FORMAT_VERSION, IMAGE_VERSION};
pub use lmdb::People;
pub use log_mark::{LogMark, Logged};
pub use map::open_environment;
pub use opening::rebuild_image;
pub use options::{Counts, StoreOptions};
pub use outbox::{BEGINNING, PendingConsent, SettledConsent};
pub use person_ref::PersonRef;
pub use provenance::{Given, Made, Way};
pub use reapply::LoggedChoice;
pub use record::ACCOUNT_BYTES_MAX;
pub use record::{PROFILE_BYTES_MAX, Profile};
pub use view::Place;
pub use view::View;
