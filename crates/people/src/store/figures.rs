//! How new the image is that requests read people from.

use std::fs;
use std::time::UNIX_EPOCH;

use countersign_domain::time::Timestamp;

use super::layout::image_path;
use super::lmdb::People;

/// The image at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ImageFigures {
    /// When its file was written, where the system tells.
    pub written: Option<Timestamp>,
    /// How many people are not as it has them.
    pub changed: u32,
}

impl People {
    /// How new the image is that requests read people from.
    #[must_use]
    pub fn image_figures(&self) -> ImageFigures {
        let view = self.view();
        let path = image_path(self.folder(), view.image().generation());
        let written = fs::metadata(path).and_then(|file| file.modified()).ok();
        let since = written.and_then(|written| written.duration_since(UNIX_EPOCH).ok());
        let written = since.map(|since| Timestamp::from_seconds(since.as_secs()));
        ImageFigures { written, changed: view.changed_count() }
    }
}
