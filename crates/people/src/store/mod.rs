//! The embedded people store. LMDB (`lmdb`) is the durable truth; the request path reads a `view`:
//! an `image`, which is a mapped file that starting never rebuilds, and over it, in memory, the
//! `overlay` of those who changed or came since. An import writes a new image; changes one by one
//! (`changes`, `enrol`) go into the overlay, until that is folded into a new image (`fold`).
//!
//! INVARIANT: the image that the committed `image` names was written and synced before that
//! commit, which also names whom it does not have as they are now. So a crash at any instant leaves the
//! old people or the new ones, and never a mixture. Kept by [`import::Import::commit`] and
//! [`People::fold`]; and by [`changes::Changes::commit`], which names people as changed in the commit
//! that changes them.
//!
//! What it is not: it decides nothing, and it gives no value of a field to anybody but `source`.

mod changes;
mod choice;
mod client_secret;
mod databases;
mod enrol;
mod erasure;
mod error;
mod fold;
mod grant;
mod grants;
mod guesses;
mod history;
mod image;
mod image_writer;
mod import;
mod kept;
mod legacy;
mod lmdb;
mod log_mark;
mod map;
mod opening;
mod outbox;
mod overlay;
mod person_ref;
mod reapply;
mod record;
mod view;
mod writing;

pub use changes::{Changes, ProfileUpdate, Update};
pub use choice::Choice;
pub use client_secret::ClientSecret;
pub use enrol::Enrolled;
pub use erasure::Erasure;
pub use error::{ImageFault, StoreError};
pub use fold::Folder;
pub use grant::{GrantId, GrantRecord};
pub use grants::Given;
pub use history::{Event, HistoryRecord, Made, Way};
pub use image::{IMAGE_VERSION, Image};
pub use import::{Import, NewPerson, Placed};
pub use kept::{Importer, Writer};
pub use lmdb::{Counts, FORMAT_VERSION, People, StoreOptions};
pub use log_mark::{LogMark, Logged};
pub use map::open_environment;
pub use opening::rebuild_image;
pub use outbox::{BEGINNING, Holds, PendingConsent, SettledConsent};
pub use person_ref::PersonRef;
pub use reapply::LoggedChoice;
pub use record::ACCOUNT_BYTES_MAX;
pub use record::{PROFILE_BYTES_MAX, Profile};
pub use view::Place;
pub use view::View;
