//! One budget for the bytes of answers that are not sent yet, on all connections together; and the answer that holds
//! its share of it, and its connection's deadline, until the last of its bytes has left.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use super::activity::{Activity, Unsent};

/// What an answer whose length is not known holds: one piece of it at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The bytes of answers that are not sent yet.
#[derive(Debug)]
pub struct AnswerBudget {
    bytes_max: usize,
    held: AtomicUsize,
}

/// The budget is used up.
#[derive(Debug)]
pub struct UsedUp;

/// How long a client may take to read.
#[derive(Clone, Copy, Debug)]
pub struct ReadingTime {
    /// Whatever the length.
    pub timeout: Duration,
    /// A long answer has as much more as it takes at this rate.
    pub bytes_per_s_min: u64,
}

/// Bytes of the budget, until this is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Arc<AnswerBudget>,
    bytes: usize,
}

/// What an answer holds until it is sent.
struct Share {
    _bytes: Reservation,
    unsent: Unsent,
}

impl AnswerBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self { bytes_max, held: AtomicUsize::new(0) }
    }

    /// Whether there is no room for another answer.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.held.load(Ordering::Relaxed) >= self.bytes_max
    }

    /// The bytes that are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes room for an answer while there is any left: so that one larger than the whole budget can be given,
    /// the last one may go beyond it.
    fn take(self: &Arc<Self>, bytes: usize) -> Result<Reservation, UsedUp> {
        let taken = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            (held < self.bytes_max).then(|| held.saturating_add(bytes))
        });
        taken.map(|_| Reservation { budget: Arc::clone(self), bytes }).map_err(|_| UsedUp)
    }

    /// Takes room for what is there already, even where there is none left.
    #[must_use]
    pub fn take_anyway(self: &Arc<Self>, bytes: usize) -> Reservation {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        Reservation { budget: Arc::clone(self), bytes }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl ReadingTime {
    fn of(self, bytes: u64) -> Duration {
        self.timeout + Duration::from_secs(bytes / self.bytes_per_s_min.max(1))
    }
}

/// Has an answer hold its share of the budget until it is sent. One that is `kept` room for gets it in any case.
///
/// # Errors
/// [`UsedUp`].
pub fn hold(
    body: Body,
    headers: &HeaderMap,
    budget: &Arc<AnswerBudget>,
    activity: &Arc<Activity>,
    time: ReadingTime,
    is_kept: bool,
) -> Result<Body, UsedUp> {
    let exact = body.size_hint().exact();
    if exact == Some(0) {
        return Ok(body);
    }
    // Of a file only its length is known before it is read, and of that only a piece is held at once.
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let bytes = exact.map_or(PIECE_BYTES, |exact| usize::try_from(exact).unwrap_or(usize::MAX));
    let held = match budget.take(bytes) {
        Err(UsedUp) if is_kept => budget.take_anyway(bytes),
        taken => taken?,
    };
    let length = exact.or(announced);
    let deadline = Instant::now() + time.of(length.unwrap_or_default());
    let unsent = activity.answer(deadline);
    let share = Arc::new(Share { _bytes: held, unsent });
    let extended_by = length.is_none().then_some(time.timeout);
    Ok(Body::new(Held { body, share, extended_by }))
}

/// A body that holds its share.
struct Held {
    body: Body,
    share: Arc<Share>,
    /// By how much each piece extends the deadline of an answer whose length nobody knows.
    extended_by: Option<Duration>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else {
            return Poll::Ready(None);
        };
        if let Some(more) = self.extended_by {
            self.share.unsent.extend(Instant::now() + more);
        }
        let share = Arc::clone(&self.share);
        let held = |bytes| Bytes::from_owner(HeldBytes { bytes, _share: share });
        Poll::Ready(Some(frame.map(|frame| frame.map_data(held))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes on their way out. Whoever sends them drops them when they are sent, and with the last of them the share.
struct HeldBytes {
    bytes: Bytes,
    _share: Arc<Share>,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    const TIME: ReadingTime =
        ReadingTime { timeout: Duration::from_secs(30), bytes_per_s_min: 1_000 };

    fn activity() -> Arc<Activity> {
        Arc::new(Activity::new(TIME.timeout, TIME.timeout))
    }

    fn held(budget: &Arc<AnswerBudget>, bytes: usize, is_kept: bool) -> Result<Body, UsedUp> {
        let body = Body::from(vec![7; bytes]);
        hold(body, &HeaderMap::new(), budget, &activity(), TIME, is_kept)
    }

    #[tokio::test]
    async fn an_answer_holds_its_share_until_its_last_bytes_are_dropped() {
        let budget = Arc::new(AnswerBudget::new(1_000));
        let body = held(&budget, 400, false).unwrap();
        assert_eq!((budget.held(), body.size_hint().exact()), (400, Some(400)));
        let bytes = body.collect().await.unwrap().to_bytes();
        assert_eq!((bytes.len(), budget.held()), (400, 400));
        let half = bytes.slice(200..);
        drop(bytes);
        assert_eq!(budget.held(), 400);
        drop(half);
        assert_eq!(budget.held(), 0);
    }

    #[tokio::test]
    async fn a_budget_that_is_used_up_has_room_for_what_room_is_kept_for_only() {
        let budget = Arc::new(AnswerBudget::new(1_000));
        let first = held(&budget, 999, false).unwrap();
        // The last one may go beyond, or an answer larger than the budget could never be given.
        let second = held(&budget, 5_000, false).unwrap();
        assert!(budget.is_used_up());
        assert!(held(&budget, 1, false).is_err());
        assert!(held(&budget, 0, false).is_ok());
        let kept = held(&budget, 10, true).unwrap();
        assert_eq!(budget.held(), 6_009);
        drop((first, second, kept));
        assert_eq!(budget.held(), 0);
        assert!(held(&budget, 1, false).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_answer_has_as_long_as_it_takes_at_the_least_rate() {
        let (budget, activity) = (Arc::new(AnswerBudget::new(1_000)), activity());
        let body = Body::from(vec![7; 20_000]);
        let body = hold(body, &HeaderMap::new(), &budget, &activity, TIME, false).unwrap();
        let begun = Instant::now();
        activity.overdue().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(30 + 20));
        drop(body);
    }
}
