//! A limit on connections: each holds a file descriptor, and without descriptors the log could not be
//! written. One too many is closed at once.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

/// What the process keeps open besides connections: the stream, the site's files, the people, and room.
const FILES_KEPT: u64 = 128;

/// How many of the `wanted` connections there can be: the system's soft limit on open files is raised
/// as far as it may be, and what that leaves is said if it is less.
#[must_use]
pub fn affordable(wanted: usize) -> usize {
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
            "the system's limit on open files allows fewer connections than [limits] connections; raise it"
        );
    }
    affordable.clamp(1, wanted)
}

/// Accepts so many connections at once, without Nagle's delay.
#[derive(Clone, Debug)]
pub struct Limited(Arc<Semaphore>);

impl Limited {
    /// Accepts at most `connections_max` at once.
    #[must_use]
    pub fn new(connections_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(connections_max)))
    }
}

impl<S> Accept<TcpStream, S> for Limited {
    type Stream = TcpStream;
    type Service = Counted<S>;
    type Future = Ready<io::Result<(TcpStream, Counted<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let permit = Arc::clone(&self.0).try_acquire_owned();
        ready(permit.map_err(io::Error::other).and_then(|permit| {
            stream.set_nodelay(true)?;
            Ok((stream, Counted { service, _permit: Arc::new(permit) }))
        }))
    }
}

/// The service of one connection, which counts until the connection is closed.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    service: S,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl<R, S: Service<R>> Service<R> for Counted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.service.call(request)
    }
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
