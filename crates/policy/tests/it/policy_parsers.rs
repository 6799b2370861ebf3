//! The readers of the fuzz targets on changed files of their corpus, in every ordinary run.

#[path = "../../../../fuzz/changes.rs"]
mod changes;
#[path = "../../../../fuzz/policy_parsers.rs"]
mod parsers;

use changes::properties;

properties! {
    property_changed_screening_lists_are_refused_or_hide_nobody screening_list
    property_changed_policies_in_odrl_are_refused_at_a_place_or_read_back odrl
}
