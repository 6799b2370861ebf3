//! What changes from one agreement to another, clause by clause: what becomes wider, so that more is
//! released or less is asked of the partner; what becomes narrower; and what becomes another thing.
//!
//! What it is not: a comparison of files. Order and what is said twice mean nothing, so two files can be
//! different and their agreements the same.

use std::collections::BTreeSet;
use std::fmt;

use countersign_domain::agreement::{
    AgreedDelivery, Agreement, AgreementDocument, Evidence, RenewalDocument,
};
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::OnwardTransfer;
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::relation::Relation;
use countersign_domain::route::ClientKind;
use countersign_domain::schema::FieldSchema;
use serde::Serialize;

mod budgets;
mod wind_down;

/// One thing that changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// The key of the agreement.
    pub clause: &'static str,
    /// Which way it changes.
    pub way: Way,
    /// What changes.
    pub what: String,
}

/// Which way something changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// More is released, for longer, or less is asked of the partner.
    Wider,
    /// Less is released, for less long, or more is asked of the partner.
    Narrower,
    /// Neither, or both.
    Other,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Wider => "wider",
            Way::Narrower => "narrower",
            Way::Other => "other",
        };
        write!(f, "{way:<9}{}: {}", self.clause, self.what)
    }
}

/// What changes from `before` to `after`, in the order of an agreement's keys. Nothing, if both mean the
/// same.
#[must_use]
pub fn diff(before: &Agreement, after: &Agreement, schema: &FieldSchema) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    parties(&before.document, &after.document, &mut changes);
    term(&before.document, &after.document, &mut changes);
    delivery(&before.document, &after.document, &mut changes);
    certification(&before.document, &after.document, &mut changes);
    purposes(before, after, schema, &mut changes);
    wind_down::diff(before, after, schema, &mut changes);
    obligations(&before.document, &after.document, &mut changes);
    budgets::diff(&before.document.budgets, &after.document.budgets, &mut changes);
    pledges(&before.document, &after.document, &mut changes);
    changes.0
}

struct Changes(Vec<Change>);

impl Changes {
    fn say(&mut self, clause: &'static str, way: Way, what: String) {
        self.0.push(Change { clause, way, what });
    }

    /// Something of which there can be more; more of it is `more`.
    fn measure<T: Ord + fmt::Display>(
        &mut self,
        clause: &'static str,
        what: &str,
        more: Way,
        (before, after): (T, T),
    ) {
        let way = match after.cmp(&before) {
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => more,
            std::cmp::Ordering::Less => opposite(more),
        };
        self.say(clause, way, format!("{what}{before} becomes {after}"));
    }

    /// A set; what is added to it is `more`.
    fn set<T: Ord + fmt::Display>(
        &mut self,
        clause: &'static str,
        what: &str,
        more: Way,
        (before, after): (&BTreeSet<T>, &BTreeSet<T>),
    ) {
        let listed = |items: Vec<&T>| {
            (!items.is_empty())
                .then(|| items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        };
        if let Some(added) = listed(after.difference(before).collect()) {
            self.say(clause, more, format!("{what}{added} added"));
        }
        if let Some(taken) = listed(before.difference(after).collect()) {
            self.say(clause, opposite(more), format!("{what}{taken} taken out"));
        }
    }
}

const fn opposite(way: Way) -> Way {
    match way {
        Way::Wider => Way::Narrower,
        Way::Narrower => Way::Wider,
        Way::Other => Way::Other,
    }
}

fn parties(before: &AgreementDocument, after: &AgreementDocument, changes: &mut Changes) {
    for (clause, before, after) in [
        ("agreement", before.agreement.as_str(), after.agreement.as_str()),
        ("platform", before.platform.as_str(), after.platform.as_str()),
        ("partner", before.partner.as_str(), after.partner.as_str()),
        ("client", before.client.as_str(), after.client.as_str()),
        ("kind", kind(before.kind), kind(after.kind)),
    ] {
        if before != after {
            changes.say(clause, Way::Other, format!("{before} becomes {after}"));
        }
    }
}

const fn kind(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Device => "device",
        ClientKind::App => "app",
    }
}

fn term(before: &AgreementDocument, after: &AgreementDocument, changes: &mut Changes) {
    let (from, until) = ("not_before", "not_after");
    changes.measure(from, "", Way::Narrower, (before.not_before, after.not_before));
    changes.measure(until, "", Way::Wider, (before.not_after, after.not_after));
    if before.renewal != after.renewal {
        let words = |renewal: Option<RenewalDocument>| {
            let said = |r: RenewalDocument| format!("{} times {} days", r.times, r.days);
            renewal.map_or_else(|| "none".to_owned(), said)
        };
        let days = |renewal: Option<RenewalDocument>| {
            renewal.map(|r| u64::from(r.days) * u64::from(r.times))
        };
        let way = match days(after.renewal).cmp(&days(before.renewal)) {
            std::cmp::Ordering::Greater => Way::Wider,
            std::cmp::Ordering::Less => Way::Narrower,
            std::cmp::Ordering::Equal => Way::Other,
        };
        let (before, after) = (words(before.renewal), words(after.renewal));
        changes.say("renewal", way, format!("{before} becomes {after}"));
    }
    // No country named means any, which is wider than any list.
    match (before.territory.is_empty(), after.territory.is_empty()) {
        (true, false) => {
            let named = sorted(&after.territory);
            let named = named.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            changes.say("territory", Way::Narrower, format!("any country becomes {named}"));
        }
        (false, true) => {
            changes.say("territory", Way::Wider, "any country is in it now".to_owned());
        }
        _ => {
            let sets = (&sorted(&before.territory), &sorted(&after.territory));
            changes.set("territory", "", Way::Wider, sets);
        }
    }
}

fn sorted<T: Ord + Clone>(items: &[T]) -> BTreeSet<T> {
    items.iter().cloned().collect()
}

fn delivery(before: &AgreementDocument, after: &AgreementDocument, changes: &mut Changes) {
    let grade = |delivery: AgreedDelivery| match delivery {
        AgreedDelivery::Clear => (0, "clear"),
        AgreedDelivery::Sealed(Evidence::Software) => (1, "sealed, software"),
        AgreedDelivery::Sealed(Evidence::Vouched) => (2, "sealed, vouched"),
        AgreedDelivery::Sealed(Evidence::Hardware) => (3, "sealed, hardware"),
    };
    let ((was, before_says), (is, after_says)) = (grade(before.delivery), grade(after.delivery));
    if was != is {
        let way = if is > was { Way::Narrower } else { Way::Wider };
        changes.say("delivery", way, format!("{before_says} becomes {after_says}"));
    }
    if before.wait != after.wait {
        let way = if after.wait > before.wait { Way::Narrower } else { Way::Wider };
        let (before, after) = (before.wait, after.wait);
        let what = format!("{before:?} becomes {after:?}").to_lowercase();
        changes.say("wait", way, what);
    }
    let tokens = (before.query_token, after.query_token);
    changes.measure("query_token", "", Way::Wider, tokens);
}

fn certification(before: &AgreementDocument, after: &AgreementDocument, changes: &mut Changes) {
    let (before, after) = (before.certification, after.certification);
    let every = (before.every_days, after.every_days);
    changes.measure("certification", "days that it holds: ", Way::Wider, every);
    let cure = (before.cure_days, after.cure_days);
    changes.measure("certification", "days to make it good: ", Way::Wider, cure);
}

fn purposes(before: &Agreement, after: &Agreement, schema: &FieldSchema, changes: &mut Changes) {
    let names = |agreement: &Agreement| agreement.purposes().cloned().collect::<BTreeSet<_>>();
    let (old, new) = (names(before), names(after));
    for name in old.union(&new) {
        let dpv = |agreement: &Agreement| {
            let mut purposes = agreement.document.purposes.iter();
            purposes.find(|purpose| purpose.purpose == *name).map(|purpose| purpose.dpv.clone())
        };
        match (dpv(before), dpv(after)) {
            (Some(before), Some(after)) if before != after => {
                let what = format!("{name}: {before} becomes {after}");
                changes.say("purpose", Way::Other, what);
            }
            (None, Some(dpv)) => {
                changes.say("purpose", Way::Wider, format!("{name} ({dpv}) added"))
            }
            (Some(_), None) => changes.say("purpose", Way::Narrower, format!("{name} taken out")),
            _ => {}
        }
        for relation in Relation::BOTH {
            let fields = |agreement: &Agreement| fields(agreement, name, relation, schema);
            let what = format!("{name}, of {}: ", relation.name());
            changes.set("purpose", &what, Way::Wider, (&fields(before), &fields(after)));
        }
    }
}

fn fields(
    agreement: &Agreement,
    purpose: &Identifier,
    relation: Relation,
    schema: &FieldSchema,
) -> BTreeSet<String> {
    let fields = agreement.fields(purpose, relation).unwrap_or(FieldSet::EMPTY);
    schema.names(fields).map(str::to_owned).collect()
}

fn obligations(before: &AgreementDocument, after: &AgreementDocument, changes: &mut Changes) {
    let (before, after) = (&before.obligations, &after.obligations);
    let kept = (before.retention_days, after.retention_days);
    changes.measure("obligations", "days that data may be kept: ", Way::Wider, kept);
    let deleted = (before.deletion_days, after.deletion_days);
    changes.measure("obligations", "days to delete in: ", Way::Wider, deleted);
    let to = |transfer: &OnwardTransfer| match transfer {
        OnwardTransfer::None => BTreeSet::new(),
        OnwardTransfer::To(names) => sorted(names),
    };
    let sets = (&to(&before.onward_transfer), &to(&after.onward_transfer));
    changes.set("obligations", "may pass data on to ", Way::Wider, sets);
}

/// A pledge more binds more, whatever it says.
fn pledges(before: &AgreementDocument, after: &AgreementDocument, changes: &mut Changes) {
    let said = |document: &AgreementDocument| {
        document.pledges.iter().map(in_order).collect::<BTreeSet<String>>()
    };
    let sets = (&said(before), &said(after));
    changes.set("pledges", "", Way::Narrower, sets);
}

/// A pledge in words, its lists sorted.
fn in_order(pledge: &PledgeDocument) -> String {
    let sorted = match pledge {
        PledgeDocument::Minors(fields) => PledgeDocument::Minors(listed(fields)),
        PledgeDocument::Never(fields) => PledgeDocument::Never(listed(fields)),
        PledgeDocument::Territory(countries) => PledgeDocument::Territory(listed(countries)),
        other => other.clone(),
    };
    sorted.to_string()
}

fn listed<T: Ord + Clone>(items: &[T]) -> Vec<T> {
    sorted(items).into_iter().collect()
}

#[cfg(test)]
mod tests;
