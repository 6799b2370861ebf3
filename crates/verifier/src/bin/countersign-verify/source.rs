//! Where the log's public files are: a folder or a URL.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

use countersign_protocol::site_path::CHECKPOINT_PATH;
use countersign_verifier::regular_file;
use countersign_verifier::site::{FolderSite, Site, SiteError};

use crate::CannotSay;
use crate::http_site::HttpSite;
use crate::limits::{CHECK_S, Deadline, Limits};

/// A log's site, and whether reading it takes so long that progress should be shown.
pub(crate) struct Source {
    pub(crate) site: Box<dyn Site>,
    remote: bool,
    deadline: Deadline,
}

/// A site that is read until a deadline.
struct UntilDeadline<S> {
    site: S,
    deadline: Deadline,
}

impl<S: Site> Site for UntilDeadline<S> {
    fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError> {
        let late = |reason| SiteError::Unreadable { path: path.to_owned(), reason };
        self.deadline.left().map_err(late)?;
        self.site.read(path, bytes_max)
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SiteError> {
        self.site.list(folder)
    }
}

impl Source {
    /// The site at a path or URL, to be read within limits, of which that of the whole begins now.
    pub(crate) fn open(place: &str, limits: &Limits) -> Result<Self, CannotSay> {
        let deadline = Deadline::after(limits.whole(CHECK_S));
        if place.starts_with("http://") || place.starts_with("https://") {
            let site = Box::new(HttpSite::new(place, limits.file(), deadline.clone())?);
            return Ok(Self { site, remote: true, deadline });
        }
        let folder = Path::new(place);
        if !folder.is_dir() {
            return Err(CannotSay(format!(
                "{place} is not a folder; give a log's folder or its URL"
            )));
        }
        let below = folder.join("log").join(CHECKPOINT_PATH);
        if !folder.join(CHECKPOINT_PATH).exists() && below.exists() {
            return Err(CannotSay(format!("{place} has no checkpoint; did you mean {place}/log?")));
        }
        let site = FolderSite::new(folder);
        let site = Box::new(UntilDeadline { site, deadline: deadline.clone() });
        Ok(Self { site, remote: false, deadline })
    }

    /// Gives the files that are read from now on so long.
    pub(crate) fn restart(&self, after: Duration) {
        self.deadline.restart(after);
    }

    /// Shows on a terminal how far a remote check has come.
    pub(crate) fn progress(&self) -> impl FnMut(u64, u64) + use<> {
        let (remote, mut bar) = (self.remote, bar("entries"));
        move |passed, size| {
            if remote {
                bar(passed, size);
            }
        }
    }
}

/// Shows on a terminal how many of what were passed.
pub(crate) fn bar(what: &'static str) -> impl FnMut(u64, u64) {
    let shown = std::io::stderr().is_terminal();
    move |passed, size| {
        if shown && (passed % 256 == 0 || passed == size) {
            let end = if passed == size { "\r\u{1b}[K" } else { "" };
            let line = format!("\r{passed} of {size} {what}{end}");
            // A terminal that is gone is no reason to stop checking.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

/// The most bytes that are read of a file which the caller names: the longest form, a directory's growth, has as many.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Reads a file that the caller names.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, CannotSay> {
    regular_file::read(path, FILE_BYTES_MAX)
        .map_err(|error| CannotSay(format!("{}: {error}", path.display())))
}
