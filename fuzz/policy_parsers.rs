//! What must hold of the readers of `crates/policy` whatever bytes they are fed, as in `parsers.rs`.
#![allow(dead_code, reason = "each fuzz target is a program of its own and calls one of these")]
#![allow(unreachable_pub, reason = "it is a module of several programs")]

use countersign_domain::agreement::Agreement;
use countersign_fixtures::schema::small as schema;
use countersign_policy::odrl;
use countersign_policy::screening::index::Index;
use countersign_policy::screening::list::ScreeningList;
use countersign_policy::screening::matches::POSSIBLE_MATCH_SCORE_MIN;
use serde_json::Value;

/// A list that is taken has one listing for each row, and everybody on it is a possible match of a name of theirs.
pub fn screening_list(bytes: &[u8]) {
    let Ok(list) = ScreeningList::from_csv(bytes) else { return };
    let rows: Result<Vec<_>, _> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes)
        .into_byte_records()
        .collect();
    // A header may come again.
    let rows = rows.unwrap_or_default();
    let parties = rows.iter().filter(|row| Some(*row) != rows.first()).count();
    assert_eq!(parties, list.listings().len());
    let index = Index::new(list.clone());
    for listing in list.listings() {
        let mut names = listing.names();
        let is_found = |name: &str| {
            index.find(name, POSSIBLE_MATCH_SCORE_MIN).iter().any(|found| found.listing == listing)
        };
        assert!(names.any(is_found), "{:?} is found by no name", listing.name);
    }
}

/// A policy that is taken is an agreement, and says the same again when it is written. Of one that is refused, the
/// place is in it.
pub fn odrl(bytes: &[u8]) {
    let Ok(policy) = serde_json::from_slice::<Value>(bytes) else { return };
    let schema = schema();
    match odrl::import(&policy, &schema) {
        Err(refused) => assert!(policy.pointer(&refused.pointer).is_some(), "{refused}"),
        Ok(imported) => {
            let agreement = Agreement::from_document(imported.document, &schema);
            let written = agreement.map(|agreement| odrl::export(&agreement, &schema).policy);
            let written = written.unwrap_or_default();
            let again = odrl::import(&written, &schema).map(|again| again.document);
            let again = again.map(|document| Agreement::from_document(document, &schema));
            let again =
                again.map(|agreement| agreement.map(|of| odrl::export(&of, &schema).policy));
            assert!(matches!(again, Ok(Ok(again)) if again == written), "{written}");
        }
    }
}
