//! What time it is. Only the outermost edge asks; everything below takes a [`Timestamp`].

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_domain::time::Timestamp;

/// The current second by the system's clock; the beginning of 1970 if the clock stands before it.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that asks the clock")]
#[must_use]
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(since_1970.as_secs())
}
