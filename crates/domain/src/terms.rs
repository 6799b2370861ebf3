//! What the agreements about a client allow at an instant. The gateway and the verifier call this one function,
//! so that an agreement has one meaning.

use std::collections::BTreeMap;

use crate::clause::{Clause, Clauses, Says};
use crate::contract::Contract;
use crate::field::{FieldId, FieldSet};
use crate::identifier::Identifier;
use crate::reason::Reason;
use crate::relation::Relation;
use crate::time::Timestamp;

/// What `contracts`, all agreements about one client by name, allow for `purpose` about people of this
/// `relation` in the second `now`. Of several in force each has its say, so that the stricter holds; what is
/// not in force has none, and if none is, nothing is allowed.
#[must_use]
pub fn terms(
    contracts: &BTreeMap<Identifier, Contract>,
    purpose: &Identifier,
    relation: Relation,
    now: Timestamp,
) -> Clauses {
    let mut clauses = Clauses::default();
    for contract in contracts.values() {
        clauses.boundary(contract.agreement.document.not_before, now);
        clauses.boundary(contract.ends(), now);
    }
    let in_force = contracts.values().filter(|contract| contract.is_in_force(now));
    let clauses = in_force
        .fold(clauses, |clauses, contract| clauses.and(terms_of(contract, purpose, relation, now)));
    if clauses.iter().len() > 0 {
        return clauses;
    }
    clauses.and(out_of_force(contracts, now))
}

/// What one agreement in force allows.
fn terms_of(
    contract: &Contract,
    purpose: &Identifier,
    relation: Relation,
    now: Timestamp,
) -> Clauses {
    let mut clauses = Clauses::default();
    let agreement = contract.agreement.document.agreement.clone();
    let given = contract.agreement.fields(purpose, relation);
    let purpose = purpose.clone();
    let says = match given {
        Some(_) => {
            let (agreement, digest) = (agreement.clone(), contract.digest);
            Says::Gives { agreement, digest, purpose, relation }
        }
        None => Says::NoPurpose { agreement: agreement.clone(), purpose },
    };
    let allowed = given.unwrap_or(FieldSet::EMPTY);
    clauses.push(Clause { reason: Reason::Agreement, allowed, index: Some(contract.index), says });
    for (step, index) in contract.steps() {
        clauses.boundary(step.at, now);
        let ended = step.ends.fields(relation);
        if now >= step.at && !ended.is_empty() {
            let says =
                Says::WoundDown { agreement: agreement.clone(), at: step.at, ends: step.ends };
            let allowed = FieldSet::ALL.without(ended);
            clauses.push(Clause { reason: Reason::WindDown, allowed, index: Some(index), says });
        }
    }
    clauses.and(certification(contract, now))
}

/// An uncertified type of data is cut; when none is certified, everything is. The id and the list of
/// friends, without which there is no answer about anything else, stay until then.
fn certification(contract: &Contract, now: Timestamp) -> Clauses {
    let mut clauses = Clauses::default();
    let agreement = &contract.agreement.document.agreement;
    let frame = FieldSet::of(FieldId::ID).with(FieldId::FRIENDS);
    let mut last = None;
    let mut is_any_certified = false;
    for (category, fields) in contract.agreement.types() {
        let (since, index) = contract.cut_at(category);
        clauses.boundary(since, now);
        if now < since {
            is_any_certified = true;
            continue;
        }
        last = last.max(Some((since, index)));
        let says = Says::Uncertified {
            agreement: agreement.clone(),
            category: Some(category.clone()),
            since,
        };
        let allowed = FieldSet::ALL.without(fields.without(frame));
        clauses.push(Clause { reason: Reason::Certification, allowed, index: Some(index), says });
    }
    let Some((since, index)) = last.filter(|_| !is_any_certified) else { return clauses };
    let says = Says::Uncertified { agreement: agreement.clone(), category: None, since };
    clauses.push(Clause {
        reason: Reason::Certification,
        allowed: FieldSet::EMPTY,
        index: Some(index),
        says,
    });
    clauses
}

/// Why nothing is allowed while no agreement is in force: the next one has not begun, or the last one ended.
fn out_of_force(contracts: &BTreeMap<Identifier, Contract>, now: Timestamp) -> Clauses {
    let begins = |contract: &&Contract| contract.agreement.document.not_before;
    let next = contracts.values().filter(|contract| now < begins(contract)).min_by_key(begins);
    let last = contracts.values().max_by_key(|contract| contract.ends());
    let mut clauses = Clauses::default();
    let name = |contract: &Contract| contract.agreement.document.agreement.clone();
    let (says, index) = match (next, last) {
        (Some(next), _) => (Says::NotYet(name(next), begins(&next)), Some(next.index)),
        (None, Some(last)) => (Says::Ended(name(last), last.ends()), Some(last.index)),
        (None, None) => (Says::NoAgreement, None),
    };
    let (reason, allowed) = (Reason::Agreement, FieldSet::EMPTY);
    clauses.push(Clause { reason, allowed, index, says });
    clauses
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::agreement::Agreement;
    use crate::digest::Digest;
    use crate::schema::{Field, FieldSchema, SCHEMA_VERSION, SchemaDocument, Sensitivity};
    use crate::time::SECONDS_PER_DAY;
    use crate::wind_down::{Ends, WindDownStep};

    const BEGINS: u64 = 1_000;
    const ENDS: u64 = 2_000;
    const DAY: u64 = SECONDS_PER_DAY;

    fn schema() -> FieldSchema {
        let field = |name: &str| Field {
            name: name.to_owned(),
            aliases: Vec::new(),
            category: format!("pd:{name}"),
            sensitivity: Sensitivity::Low,
            special: false,
            description: String::new(),
        };
        let fields = ["id", "friends", "name", "work"].map(field).to_vec();
        FieldSchema::from_document(SchemaDocument { version: SCHEMA_VERSION, fields }).unwrap()
    }

    /// An agreement that is what these members make of the plainest one.
    fn contract(index: u64, members: Value) -> Contract {
        let mut document = json!({
            "version": 2, "agreement": "a", "platform": "Example", "partner": "aurora",
            "client": "home", "kind": "device", "not_before": BEGINS, "not_after": ENDS,
            "delivery": "clear", "wait": "durable", "query_token": false,
            "certification": {"every_days": 365, "cure_days": 30},
            "obligations": {"retention_days": 90, "deletion_days": 30, "onward_transfer": "none"},
            "purposes": [{"purpose": "address-book", "dpv": "dpv:ServiceProvision",
                "self": ["id", "friends", "name"], "friend": ["id", "work"]}],
        });
        for (name, member) in members.as_object().unwrap() {
            document[name] = member.clone();
        }
        let document = serde_json::from_value(document).unwrap();
        let agreement = Agreement::from_document(document, &schema()).unwrap();
        Contract::new(agreement, Digest([index as u8; 32]), index, Timestamp::from_seconds(0))
    }

    fn by_name(contracts: Vec<Contract>) -> BTreeMap<Identifier, Contract> {
        let name = |contract: &Contract| contract.agreement.document.agreement.clone();
        contracts.into_iter().map(|contract| (name(&contract), contract)).collect()
    }

    fn step(at: u64, ends: Value) -> Value {
        json!({"at": at, "ends": ends})
    }

    /// What is open, what else is withheld and why, and until when this stays so.
    fn at(second: u64, relation: Relation, contracts: &[Contract]) -> (String, String, u64) {
        let contracts = by_name(contracts.to_vec());
        let purpose = Identifier::parse("address-book").unwrap();
        let clauses = terms(&contracts, &purpose, relation, Timestamp::from_seconds(second));
        let schema = schema();
        let names = |set| schema.names(set).collect::<Vec<_>>().join(" ");
        let mut withheld = Vec::new();
        for field in schema.all().iter() {
            let against = clauses.against(field).filter(|c| c.reason != Reason::Agreement);
            if let Some(clause) = against {
                let (name, reason) = (schema.name(field).unwrap(), clause.reason);
                withheld.push(format!("{name}:{reason:?}@{}", clause.index.unwrap()));
            }
        }
        let open = clauses.open().and(schema.all());
        (names(open), withheld.join(" "), clauses.holds_until().seconds())
    }

    fn said(open: &str, withheld: &str, until: u64) -> (String, String, u64) {
        (open.to_owned(), withheld.to_owned(), until)
    }

    const VIEWER: Relation = Relation::Viewer;
    const FRIEND: Relation = Relation::Friend;
    const FOREVER: u64 = Timestamp::MAX.seconds();

    #[test]
    fn an_agreement_lives_from_its_first_second_to_the_one_before_its_last() {
        let plain = [contract(7, json!({}))];
        assert_eq!(at(BEGINS - 1, VIEWER, &plain), said("", "", BEGINS));
        assert_eq!(at(BEGINS, VIEWER, &plain), said("id friends name", "", ENDS));
        assert_eq!(at(ENDS - 1, VIEWER, &plain), said("id friends name", "", ENDS));
        assert_eq!(at(ENDS, VIEWER, &plain).0, "");
        assert_eq!(at(BEGINS, VIEWER, &[]), said("", "", FOREVER));
    }

    #[test]
    fn wind_down_steps_hold_from_their_second_on_and_name_their_entry() {
        let steps = json!([
            step(1_200, json!("new_grants")),
            step(1_400, json!({"fields": ["work"]})),
            step(1_600, json!("friends"))
        ]);
        let mut winding = contract(7, json!({"wind_down": steps}));
        let all = WindDownStep { at: Timestamp::from_seconds(1_800), ends: Ends::All };
        winding.schedule(all, 9);
        let friend = |second| at(second, FRIEND, std::slice::from_ref(&winding));
        let viewer = |second| at(second, VIEWER, std::slice::from_ref(&winding));
        assert_eq!(friend(1_199), said("id work", "", 1_200));
        assert_eq!(friend(1_200), said("id work", "", 1_400));
        assert_eq!(friend(1_399), said("id work", "", 1_400));
        assert_eq!(friend(1_400), said("id", "work:WindDown@7", 1_600));
        assert_eq!(friend(1_600), said("", "id:WindDown@7 work:WindDown@7", 1_800));
        assert_eq!(viewer(1_599), said("id friends name", "", 1_600));
        assert_eq!(viewer(1_600), said("id name", "friends:WindDown@7", 1_800));
        let ended = "id:WindDown@9 friends:WindDown@7 name:WindDown@9";
        assert_eq!(viewer(1_800), said("", ended, ENDS));
    }

    #[test]
    fn it_renews_itself_as_often_as_agreed_unless_a_step_ends_that() {
        let renewal = json!({"renewal": {"days": 10, "times": 3}});
        let mut renewing = contract(7, renewal);
        let last = |contract: &Contract| contract.ends().seconds();
        assert_eq!(last(&renewing), ENDS + 30 * DAY);
        let open =
            |contract: &Contract, second| at(second, VIEWER, std::slice::from_ref(contract)).0;
        assert_eq!(open(&renewing, ENDS + 30 * DAY - 1), "id friends name");
        assert_eq!(open(&renewing, ENDS + 30 * DAY), "");
        let no_more = |at| WindDownStep { at: Timestamp::from_seconds(at), ends: Ends::Renewal };
        for (notice, end) in [
            (ENDS - 1, ENDS),
            (ENDS, ENDS),
            (ENDS + 1, ENDS + 10 * DAY),
            (ENDS + 10 * DAY, ENDS + 10 * DAY),
            (ENDS + 99 * DAY, ENDS + 30 * DAY),
        ] {
            let mut noticed = renewing.clone();
            noticed.schedule(no_more(notice), 8);
            assert_eq!(last(&noticed), end, "notice at {notice}");
        }
        renewing.schedule(no_more(0), 8);
        assert_eq!(last(&renewing), ENDS);
    }

    #[test]
    fn what_is_not_certified_is_cut_when_the_cure_is_over_and_at_last_everything() {
        let terms = json!({
            "not_after": 1_000 * DAY,
            "certification": {"every_days": 10, "cure_days": 5},
        });
        let mut certified = contract(7, terms);
        let cut = BEGINS + 15 * DAY;
        let viewer =
            |contract: &Contract, second| at(second, VIEWER, std::slice::from_ref(contract));
        assert_eq!(viewer(&certified, cut - 1), said("id friends name", "", cut));
        let everything = "id:Certification@7 friends:Certification@7 name:Certification@7";
        let (open, withheld, _) = viewer(&certified, cut);
        assert_eq!((open.as_str(), withheld.contains(everything)), ("", true), "{withheld}");
        // One type that is certified keeps the id and the list, and nothing else that is not.
        certified.certify("pd:work", Timestamp::from_seconds(cut), 9);
        let again = cut + 15 * DAY;
        let name = said("id friends", "name:Certification@7", again);
        assert_eq!(viewer(&certified, cut), name);
        assert_eq!(at(cut, FRIEND, std::slice::from_ref(&certified)).0, "id work");
        certified.certify("pd:name", Timestamp::from_seconds(cut + 1), 10);
        assert_eq!(viewer(&certified, cut + 1), said("id friends name", "", again));
        assert_eq!(viewer(&certified, again + 1).0, "");
    }

    #[test]
    fn of_two_agreements_the_stricter_holds_while_both_are_in_force() {
        let wide = contract(7, json!({}));
        let narrow = contract(
            8,
            json!({
                "agreement": "b", "not_before": 1_400, "not_after": 1_600,
                "purposes": [{"purpose": "address-book", "dpv": "dpv:ServiceProvision",
                    "self": ["id", "friends", "work"], "friend": ["id"]}],
            }),
        );
        let both = [wide, narrow];
        assert_eq!(at(1_399, VIEWER, &both), said("id friends name", "", 1_400));
        assert_eq!(at(1_400, VIEWER, &both), said("id friends", "", 1_600));
        assert_eq!(at(1_599, FRIEND, &both), said("id", "", 1_600));
        assert_eq!(at(1_600, FRIEND, &both), said("id work", "", ENDS));
    }

    #[test]
    fn a_purpose_that_is_not_agreed_gives_nothing() {
        let contracts = by_name(vec![contract(7, json!({}))]);
        let other = Identifier::parse("ads").unwrap();
        let now = Timestamp::from_seconds(BEGINS);
        let clauses = terms(&contracts, &other, VIEWER, now);
        assert!(clauses.open().is_empty());
        let says = clauses.iter().next().unwrap().says.to_string();
        assert_eq!(says, "agreement a does not have purpose ads");
    }
}
