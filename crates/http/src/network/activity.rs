//! What goes on on a connection, and when that has taken too long.
//!
//! A connection is idle while no request is under way on it and no answer waits to be sent. An idle one has as long
//! as the head of a request; an answer has its own deadline. hyper's timers do not cover either for HTTP/2, nor
//! a client that reads slowly for HTTP/1.1.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What goes on on one connection.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<State>,
    idle_timeout: Duration,
    /// No deadline is shorter, so it is enough to look so often.
    look_every: Duration,
}

#[derive(Debug)]
struct State {
    requests: usize,
    quiet_since: Instant,
    /// The deadlines of the answers that are not sent.
    unsent: BTreeMap<u64, Instant>,
    next: u64,
}

/// A request that is under way.
#[derive(Debug)]
pub struct UnderWay(Arc<Activity>);

/// An answer that is not sent yet.
#[derive(Debug)]
pub struct Unsent {
    activity: Arc<Activity>,
    number: u64,
}

impl Activity {
    /// A connection that has just been made.
    #[must_use]
    pub fn new(idle_timeout: Duration, answer_timeout: Duration) -> Self {
        let state =
            State { requests: 0, quiet_since: Instant::now(), unsent: BTreeMap::new(), next: 0 };
        let look_every = idle_timeout.min(answer_timeout);
        Self { state: Mutex::new(state), idle_timeout, look_every }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> UnderWay {
        self.state().requests += 1;
        UnderWay(Arc::clone(self))
    }

    /// Begins to send an answer, which has until then.
    #[must_use]
    pub fn answer(self: &Arc<Self>, deadline: Instant) -> Unsent {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.unsent.insert(number, deadline);
        Unsent { activity: Arc::clone(self), number }
    }

    /// Waits until the connection has been idle for too long, or an answer is not read in time.
    pub async fn overdue(&self) {
        loop {
            let now = Instant::now();
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            let look = now + self.look_every;
            sleep_until(deadline.map_or(look, |deadline| deadline.min(look))).await;
        }
    }

    /// The next deadline; none while only requests are under way, which have their own.
    fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let is_idle = state.requests == 0 && state.unsent.is_empty();
        let idle = is_idle.then(|| state.quiet_since + self.idle_timeout);
        state.unsent.values().min().copied().or(idle)
    }
}

impl Unsent {
    /// Sets another deadline.
    pub fn extend(&self, deadline: Instant) {
        self.activity.state().unsent.insert(self.number, deadline);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests = state.requests.saturating_sub(1);
        state.quiet_since = Instant::now();
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.unsent.remove(&self.number);
        state.quiet_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(10);
    const ANSWER: Duration = Duration::from_secs(30);

    async fn closed_after(activity: &Activity) -> Option<u64> {
        let begun = Instant::now();
        let waited = tokio::time::timeout(Duration::from_secs(1_000), activity.overdue()).await;
        waited.ok().map(|()| begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_ends_and_one_with_a_request_under_way_does_not() {
        let activity = Arc::new(Activity::new(IDLE, ANSWER));
        assert_eq!(closed_after(&activity).await, Some(10));
        let request = activity.begin();
        assert_eq!(closed_after(&activity).await, None);
        drop(request);
        assert_eq!(closed_after(&activity).await, Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_ends_the_connection_whatever_else_goes_on() {
        let activity = Arc::new(Activity::new(IDLE, ANSWER));
        let _request = activity.begin();
        let unsent = activity.answer(Instant::now() + ANSWER);
        let later = activity.answer(Instant::now() + 2 * ANSWER);
        assert_eq!(closed_after(&activity).await, Some(30));
        unsent.extend(Instant::now() + ANSWER);
        assert_eq!(closed_after(&activity).await, Some(30));
        drop(unsent);
        assert_eq!(closed_after(&activity).await, Some(0));
        drop(later);
        assert_eq!(closed_after(&activity).await, None);
    }
}
