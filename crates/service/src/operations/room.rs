//! The room that an operation of a batch takes among those of all batches, and gives back while it waits for
//! something outside of this process: witnesses, the log's publication, a source.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most operations of all batches together that are done at once. A body takes memory from when it is
/// made, and who waits here takes next to none.
pub const OPERATIONS_AT_ONCE_MAX: usize = 64;

/// Room for one operation.
pub struct Room {
    rooms: Arc<Semaphore>,
    /// `None` while the operation waits outside.
    permit: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Room {
    /// Waits for room; `None` if there will be none any more.
    pub async fn take(rooms: &Arc<Semaphore>) -> Option<Self> {
        let permit = Arc::clone(rooms).acquire_owned().await.ok()?;
        Some(Self { rooms: Arc::clone(rooms), permit: Mutex::new(Some(permit)) })
    }

    /// Waits without taking room, and comes back when there is room again. What is there at once keeps the room.
    pub async fn outside<T>(&self, waiting: impl Future<Output = T> + Send) -> T {
        let mut waiting = pin!(waiting);
        let at_once = std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context)));
        if let Poll::Ready(done) = at_once.await {
            return done;
        }
        self.keep(None);
        let done = waiting.await;
        // The semaphore is never closed; without a permit the operation would go on all the same.
        let permit = Arc::clone(&self.rooms).acquire_owned().await.ok();
        self.keep(permit);
        done
    }

    fn keep(&self, permit: Option<OwnedSemaphorePermit>) {
        *self.permit.lock().unwrap_or_else(PoisonError::into_inner) = permit;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn an_operation_that_waits_outside_leaves_its_room_to_others() {
        let (rooms, witnessed) = (Arc::new(Semaphore::new(1)), Notify::new());
        let first = Room::take(&rooms).await.unwrap();
        assert!(Room::take(&rooms).now_or_never().is_none());
        let mut waiting = Box::pin(first.outside(witnessed.notified()));
        assert!(waiting.as_mut().now_or_never().is_none());
        let second = Room::take(&rooms).now_or_never().flatten().expect("there is room");
        witnessed.notify_one();
        assert!(waiting.as_mut().now_or_never().is_none(), "two have the room of one");
        drop(second);
        assert!(waiting.as_mut().now_or_never().is_some());
        drop(waiting);
        assert_eq!(rooms.available_permits(), 0);
        drop(first);
        assert_eq!(rooms.available_permits(), 1);
    }

    #[tokio::test]
    async fn what_is_there_at_once_keeps_the_room() {
        let rooms = Arc::new(Semaphore::new(1));
        let room = Room::take(&rooms).await.unwrap();
        let seen = room.outside(async { rooms.available_permits() }).await;
        assert_eq!((seen, rooms.available_permits()), (0, 0));
    }
}
