//! The order of a batch: each operation after those that it depends on, so many at once, none begun
//! after the deadline.

use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

/// How an operation begins.
pub(super) enum Start<T, F> {
    /// It is over without having run.
    Ended(Option<T>),
    /// It runs.
    Begun(F),
}

/// Runs the operations, of which each depends on those at these places, all of them before its own. `start` gets an
/// operation's place and what has come of those that ended, of which it may take parts away. What was not begun in
/// time comes to nothing.
pub(super) async fn run<T, F>(
    dependencies: &[Vec<usize>],
    at_once_max: usize,
    deadline: Instant,
    mut start: impl FnMut(usize, &mut [Option<T>]) -> Start<T, F>,
) -> Vec<Option<T>>
where
    T: Send + 'static,
    F: Future<Output = Option<T>> + Send + 'static,
{
    let mut results: Vec<Option<T>> = dependencies.iter().map(|_| None).collect();
    let mut ended = vec![false; dependencies.len()];
    let mut waiting: Vec<usize> = (0..dependencies.len()).collect();
    let mut running = JoinSet::new();
    loop {
        waiting.retain(|place| {
            let needs = dependencies.get(*place).map(Vec::as_slice).unwrap_or_default();
            let ready = needs.iter().all(|need| ended.get(*need) == Some(&true));
            if !ready || running.len() >= at_once_max || Instant::now() >= deadline {
                return true;
            }
            match start(*place, &mut results) {
                Start::Ended(result) => end(&mut results, &mut ended, *place, result),
                Start::Begun(operation) => {
                    let place = *place;
                    running.spawn(async move { (place, operation.await) }.in_current_span());
                }
            }
            false
        });
        match running.join_next().await {
            Some(Ok((place, result))) => end(&mut results, &mut ended, place, result),
            // Whoever depends on one that fell over waits for ever, and so comes to nothing.
            Some(Err(error)) => tracing::error!(%error, "an operation of a batch fell over"),
            None => return results,
        }
    }
}

fn end<T>(results: &mut [Option<T>], ended: &mut [bool], place: usize, result: Option<T>) {
    if let (Some(slot), Some(ended)) = (results.get_mut(place), ended.get_mut(place)) {
        *slot = result;
        *ended = true;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_slow_is_waited_for_and_what_would_come_too_late_is_not_begun() {
        let dependencies = [vec![], vec![], vec![0], vec![2], vec![]];
        let deadline = Instant::now() + Duration::from_secs(15);
        let results = run(&dependencies, 2, deadline, |place, before: &mut [Option<usize>]| {
            let before = before.iter().flatten().count();
            assert!(place != 2 || before > 0);
            Start::Begun(async move {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Some(place)
            })
        });
        // 0 and 1 at once, then 2 and 4; 3 would begin after twenty seconds.
        assert_eq!(results.await, [Some(0), Some(1), Some(2), None, Some(4)]);
    }

    #[tokio::test]
    async fn an_operation_that_falls_over_takes_along_what_depends_on_it_only() {
        let deadline = Instant::now() + Duration::from_secs(60);
        let dependencies = [vec![], vec![0], vec![]];
        let results = run(&dependencies, 2, deadline, |place, _| {
            Start::Begun(async move {
                assert_ne!(place, 0, "this one falls over");
                Some(place)
            })
        });
        assert_eq!(results.await, [None, None, Some(2)]);
    }

    proptest! {
        #[test]
        fn property_everything_is_done_once_in_order_and_never_too_many_at_once(
            wanted in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..12),
            at_once_max in 1_usize..4,
            skipped in 0_usize..12,
        ) {
            let dependencies: Vec<Vec<usize>> = wanted.iter().enumerate().map(|(place, needs)| {
                if place == 0 { Vec::new() } else { needs.iter().map(|need| need.index(place)).collect() }
            }).collect();
            let running = Arc::new(AtomicUsize::new(0));
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let done = runtime.block_on(async {
                let deadline = Instant::now() + Duration::from_secs(60);
                run(&dependencies, at_once_max, deadline, |place, before: &mut [Option<usize>]| {
                    assert!(dependencies[place].iter().all(|need| before[*need] == Some(*need)));
                    if place == skipped {
                        return Start::Ended(Some(place));
                    }
                    let running = Arc::clone(&running);
                    Start::Begun(async move {
                        assert!(running.fetch_add(1, Ordering::SeqCst) < at_once_max);
                        tokio::task::yield_now().await;
                        running.fetch_sub(1, Ordering::SeqCst);
                        Some(place)
                    })
                }).await
            });
            let expected: Vec<_> = (0..dependencies.len()).map(Some).collect();
            prop_assert_eq!(done, expected);
        }
    }
}
