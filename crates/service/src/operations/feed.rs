//! Changes of people, with sequence numbers, and up to where they are applied. What the lines say is told in
//! [`crate::people::feed`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use crate::people::feed::{self, Applied, Batches, FeedError};

/// Up to where the feed is applied.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Sequence {
    /// The last sequence that is applied; zero before the first.
    pub sequence: u64,
}

/// Lines of a feed, and where they stand in a longer one.
pub struct FeedPart {
    /// The lines.
    pub lines: Vec<u8>,
    /// The number of the first line, for messages.
    pub first_line: u64,
    /// The sequence of the line before the first one, above which this part has to go on.
    pub after: u64,
}

impl Service {
    /// Up to where the feed is applied.
    ///
    /// # Errors
    /// [`OperationError`] when the store fails.
    pub fn feed_sequence(&self) -> Result<Sequence, OperationError> {
        Ok(Sequence { sequence: self.people.feed_sequence()? })
    }

    /// Applies lines of the feed, durably. What stands before a line that cannot be read is applied in whole
    /// batches. While a new image is written that is far behind, nothing is applied: an answer that waited for
    /// it, after the changes are durable, could come too late for the caller.
    ///
    /// # Errors
    /// [`OperationError`] while the store is behind, and for a line that is not what it should be.
    pub async fn apply_feed(self: &Arc<Self>, part: FeedPart) -> Result<Applied, OperationError> {
        if self.people.is_fold_behind() {
            return Err(OperationError::behind());
        }
        self.beside(move |service| {
            let FeedPart { lines, first_line, after } = part;
            let batches = Batches::new(&lines[..], first_line).after(after);
            service.with_schema(|schema| Ok(feed::apply(&service.people, schema, batches, |_| ())?))
        })
        .await
    }
}

impl From<FeedError> for OperationError {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Malformed { .. } => Self::unprocessable(error),
            other => Self::failed(&other),
        }
    }
}
