//! The change feed on changed files of its fuzz target's corpus, in every ordinary run.

#[path = "../../../../../fuzz/changes.rs"]
mod changes;
#[path = "../../../../../fuzz/feed_parsers.rs"]
mod parsers;

use changes::properties;

properties! {
    property_changed_feeds_are_refused_at_a_place_or_applied_once people_feed
}
