//! What must hold of the change feed whatever bytes it is fed, as in `parsers.rs`.
#![allow(unreachable_pub, reason = "it is a module of several programs")]

use countersign_fixtures::schema::small as schema;
use countersign_people::store::{People, StoreOptions};
use countersign_service::people::feed::{self, Applied, Batches, FeedError};

/// A feed that is taken changes nothing when it comes again. One that is refused says up to where it is applied, and
/// names a line that it has.
#[expect(clippy::unwrap_used, reason = "the store is made here, and nothing is wrong with it")]
pub fn people_feed(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path(), StoreOptions::default()).unwrap();
    let schema = schema();
    let apply = || feed::apply(&people, &schema, Batches::new(bytes, 1), |_| ());
    match apply() {
        Ok(Applied { applied, skipped, sequence }) => {
            let known = people.view().people_count();
            let again = Applied { applied: 0, skipped: applied + skipped, sequence };
            assert_eq!(apply().unwrap(), again);
            assert_eq!(
                (people.view().people_count(), people.feed_sequence().unwrap()),
                (known, sequence)
            );
        }
        Err(FeedError::Malformed { line, column, sequence, .. }) => {
            assert_eq!(people.feed_sequence().unwrap(), sequence);
            let lines = bytes.split_inclusive(|byte| *byte == b'\n').count() as u64;
            assert!((1..=lines).contains(&line) && column > 0, "{line}:{column} of {lines}");
        }
        Err(other) => assert!(matches!(other, FeedError::Malformed { .. }), "{other}"),
    }
}
