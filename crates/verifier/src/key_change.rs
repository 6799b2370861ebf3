//! What an act changes about whose signatures count. A new key is proper if the act is, and still worth a
//! look by those whose key it is.

use std::collections::BTreeMap;

use countersign_domain::act::{Act, Keys};
use countersign_domain::register::Register;

/// What this act changes of the keys in the register before it; `None` if it is not about keys that
/// were there.
#[must_use]
pub(crate) fn key_change(before: &Register, act: &Act) -> Option<String> {
    match act {
        Act::Keys(after) => Some(changes(before.keys()?, after)),
        Act::Partner(after) => {
            let before = before.partners().get(&after.id)?;
            let changed = before.key != after.key;
            changed
                .then(|| format!("partner {}: key {} becomes {}", after.id, before.key, after.key))
        }
        _ => None,
    }
}

fn changes(before: &Keys, after: &Keys) -> String {
    let mut changes = Vec::new();
    if before.receipts != after.receipts {
        changes.push(format!("receipts: key {} becomes {}", before.receipts, after.receipts));
    }
    let by_name = |keys: &Keys| -> BTreeMap<_, _> {
        keys.reviewers.iter().map(|reviewer| (reviewer.id.clone(), reviewer.key)).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    for (id, key) in &before {
        match after.get(id) {
            None => changes.push(format!("reviewer {id} goes")),
            Some(new) if new != key => {
                changes.push(format!("reviewer {id}: key {key} becomes {new}"));
            }
            Some(_) => {}
        }
    }
    let come = after.iter().filter(|(id, _)| !before.contains_key(*id));
    changes.extend(come.map(|(id, key)| format!("reviewer {id} comes, with key {key}")));
    if changes.is_empty() {
        return "keys: the same again".to_owned();
    }
    format!("keys: {}", changes.join("; "))
}
