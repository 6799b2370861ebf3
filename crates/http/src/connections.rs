//! How many connections the system has room for: each holds a file descriptor, and without descriptors the log could
//! not be written.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What the process keeps open besides connections: the stream, the site's files, the people, and room.
const FILES_KEPT: u64 = 128;

/// How many of the `wanted` connections there can be: the system's soft limit on open files is raised
/// as far as it may be, and what that leaves is said if it is less.
#[must_use]
pub(crate) fn affordable(wanted: usize) -> usize {
    let needed = wanted as u64 + FILES_KEPT;
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(needed.min(most));
        // If it cannot be raised, what there is counts.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let affordable = usize::try_from(files.saturating_sub(FILES_KEPT)).unwrap_or(usize::MAX);
    if affordable < wanted {
        tracing::warn!(
            wanted,
            affordable,
            "the system's limit on open files allows fewer connections than [network] connections; raise it"
        );
    }
    affordable.clamp(1, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_connections_than_files_to_hold_them() {
        assert_eq!(affordable(1), 1);
        let most = affordable(usize::MAX >> 1) as u64;
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!(most + FILES_KEPT <= files, "{most} connections with {files} files");
        assert!(affordable(most as usize) as u64 == most);
    }
}
