//! A limit on connections: each holds a file descriptor, and without descriptors the log could not be
//! written. One too many is closed at once.

use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

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
