//! The embedded people store. LMDB ([`lmdb`]) is the durable truth; the request path reads an
//! [`image`] of it, a mapped file that every import writes anew and that starting never rebuilds.
//!
//! INVARIANT: the image that the committed `generation` names was written and synced before that
//! commit, so a crash at any instant leaves either the old people or the new ones. Kept by
//! [`import::Import::commit`].
//!
//! What it is not: it decides nothing, and it gives no value of a field to anybody but `source`.

mod changed;
mod databases;
mod error;
mod grant;
mod image;
mod image_writer;
mod import;
mod lmdb;
mod map;
mod record;
mod view;

pub use error::{ImageFault, StoreError};
pub use grant::{GrantId, GrantRecord};
pub(crate) use image::Span;
pub use image::{IMAGE_VERSION, Image, PersonRef};
pub use import::{Import, NewPerson, Placed};
pub use lmdb::{Counts, FORMAT_VERSION, People, StoreOptions, rebuild_image};
pub use record::{PROFILE_BYTES_MAX, Profile};
pub use view::View;
