//! What changes in the budgets, each compared with the one of its name.

use std::collections::BTreeSet;

use countersign_domain::budget::{BudgetDocument, Limit, Scope, Then};

use super::{Changes, Way, sorted};

const CLAUSE: &str = "budget";

/// What changes.
pub(super) fn diff(before: &[BudgetDocument], after: &[BudgetDocument], changes: &mut Changes) {
    let names: BTreeSet<_> = before.iter().chain(after).map(|budget| &budget.budget).collect();
    for name in names {
        let find = |budgets: &[BudgetDocument]| {
            budgets.iter().find(|budget| budget.budget == *name).cloned()
        };
        match (find(before), find(after)) {
            (Some(before), Some(after)) => budget(&before, &after, changes),
            (None, Some(_)) => changes.say(CLAUSE, Way::Narrower, format!("{name} added")),
            (Some(_), None) => changes.say(CLAUSE, Way::Wider, format!("{name} taken out")),
            (None, None) => {}
        }
    }
}

fn budget(before: &BudgetDocument, after: &BudgetDocument, changes: &mut Changes) {
    let name = &after.budget;
    if before.scope != after.scope {
        let (way, what) = match after.scope {
            Scope::Partner => (Way::Narrower, "all clients of the partner count now"),
            Scope::Client => (Way::Wider, "the client alone counts now"),
        };
        changes.say(CLAUSE, way, format!("{name}: {what}"));
    }
    let (was, is) = (sorted(&before.categories), sorted(&after.categories));
    match (was.is_empty(), is.is_empty()) {
        (true, false) => {
            changes.say(CLAUSE, Way::Wider, format!("{name}: not every category counts now"));
        }
        (false, true) => {
            changes.say(CLAUSE, Way::Narrower, format!("{name}: every category counts now"));
        }
        _ => changes.set(CLAUSE, &format!("{name}: categories "), Way::Narrower, (&was, &is)),
    }
    let days = (before.window_days, after.window_days);
    changes.measure(CLAUSE, &format!("{name}: days of the window: "), Way::Narrower, days);
    limit(name.as_str(), &before.limit, &after.limit, changes);
    if before.then != after.then {
        let (way, what) = match after.then {
            Then::Alert => (Way::Wider, "it only alerts now"),
            Then::Deny => (Way::Narrower, "it denies now"),
        };
        changes.say(CLAUSE, way, format!("{name}: {what}"));
    }
}

fn limit(name: &str, before: &Limit, after: &Limit, changes: &mut Changes) {
    match (before, after) {
        (Limit::People(before), Limit::People(after)) => {
            changes.measure(CLAUSE, &format!("{name}: people: "), Way::Wider, (before, after));
        }
        (
            Limit::Harvest { people_per_grant: before, people_free: free_before },
            Limit::Harvest { people_per_grant: after, people_free: free_after },
        ) => {
            let (grant, free) = (format!("{name}: people per grant: "), format!("{name}: free: "));
            changes.measure(CLAUSE, &grant, Way::Wider, (before, after));
            changes.measure(CLAUSE, &free, Way::Wider, (free_before, free_after));
        }
        (before, after) if before != after => {
            changes.say(CLAUSE, Way::Other, format!("{name}: another kind of limit"));
        }
        _ => {}
    }
}
