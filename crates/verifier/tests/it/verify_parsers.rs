//! The parsers of the fuzz targets on changed files of their corpus, in every ordinary run.

#[path = "../../../../fuzz/changes.rs"]
mod changes;
#[path = "../../../../fuzz/parsers.rs"]
mod parsers;

use changes::properties;

properties! {
    property_changed_entries_are_refused_or_read_back entry
    property_changed_consent_records_are_refused_or_read_back consent
    property_changed_notes_are_refused_or_read_back note
    property_changed_tiles_are_refused_or_read_back tile
    property_changed_index_proofs_are_refused_or_read_back person_index
    property_changed_growth_of_directories_is_refused_or_read_back directory_growth
    property_changed_evidence_packs_are_refused_or_read_back evidence
    property_changed_ledgers_are_refused_or_read_back ledger
    property_changed_lists_are_refused_or_counted blinded_lists
    property_changed_samples_are_refused_or_read_back index_sample
    property_changed_archives_are_refused_or_read_back archive
    property_changed_policies_are_refused_or_ask_for_somebody witness_policy
    property_changed_receipts_are_refused receipt
    property_changed_answers_are_refused_or_unambiguous answer
    property_changed_json_is_refused_with_a_place_or_single json_check
    property_changed_batches_are_refused_or_give_single_answers batch
}
