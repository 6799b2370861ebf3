//! An agreement from before its first second to after its last, second by second wherever something
//! changes: what masks open, why the rest is withheld, and that each state holds until the second that it
//! says and not one longer.

use std::sync::Arc;

use countersign_domain::act::ReviewOutcome;
use countersign_domain::field::FieldSet;
use countersign_domain::mask::{Basis, Mask};
use countersign_domain::partner::Country;
use countersign_domain::reason::Reason;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_policy::agreement;
use countersign_policy::cedar::rules::SharedRules;
use countersign_policy::mask::Masks;

use crate::registers::{BUILD, Governed};
use crate::support::{rules_document, schema};

/// When it begins: 2018-01-01T00:00:00Z. All days below count from here.
const BEGINS: u64 = 1_514_764_800;

const TEXT: &str = r#"version = 2
platform = "Example Social Inc."
agreement = "life-1"
partner = "aurora"
client = "aurora-home"
kind = "device"
not_before = 2018-01-01T00:00:00Z
not_after = 2018-03-02T00:00:00Z          # day 60
renewal = { days = 30, times = 2 }        # day 90, day 120
certification = { every_days = 20, cure_days = 5 }
delivery = "clear"

[[purpose]]
purpose = "feed"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "work"]
friend = ["id", "name", "work"]

[[wind_down]]
at = 2018-02-10T00:00:00Z                 # day 40
ends = "fields"
fields = ["work"]
"#;

fn at(day: u64, second: i64) -> Timestamp {
    Timestamp::from_seconds((BEGINS + day * SECONDS_PER_DAY).checked_add_signed(second).unwrap())
}

/// What happened to it, each on its day.
fn register(now: Timestamp) -> Governed {
    let mut rules = rules_document();
    rules.cedar = format!(
        r#"@id("late") @reason("territory") forbid (principal, action, resource)
        when {{ context.now >= {} && context.relation == "friend" && resource == Field::"name" }};"#,
        at(70, 0).seconds()
    );
    let mut governed = Governed::new(&schema().to_document(), rules, at(0, -10));
    let country = Country::parse("NL").unwrap();
    governed.partner(country, country);
    governed.conclude(agreement::read(TEXT, &schema()).unwrap());
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    governed.submit(
        &["feed"],
        &names(&["id", "friends", "name", "work"]),
        &names(&["id", "name", "work"]),
    );
    governed.review(ReviewOutcome::Approve);
    let types = |names: &[&str]| {
        let schema = schema();
        let fields = schema.resolve(names).unwrap();
        let fields = schema
            .fields()
            .iter()
            .enumerate()
            .filter(|(number, _)| fields.iter().any(|field| field.number() == *number));
        fields.map(|(_, field)| field.category.clone()).collect::<Vec<_>>()
    };
    // Acts are in the register from their second on: what comes later than `now` has not happened.
    let all = ["id", "friends", "name", "work"];
    for (day, certified) in
        [(24, &all[..]), (47, &all[..3]), (60, &all[..]), (80, &all[..]), (100, &all[..])]
    {
        if at(day, 0) <= now {
            governed.now = at(day, 0);
            governed.certify("life-1", types(certified));
        }
    }
    if at(75, 0) <= now {
        governed.now = at(75, 0);
        let steps = [
            (85, EndsDocument::Friends),
            (95, EndsDocument::Renewal),
            (110, EndsDocument::NewGrants),
        ];
        let step = |(day, ends)| WindDownDocument { at: at(day, 0), ends };
        governed.wind_down("life-1", steps.map(step).to_vec());
    }
    if at(105, 0) <= now {
        governed.now = at(105, 0);
        governed.demand("life-1", at(108, 0));
    }
    governed
}

fn basis(register: &Governed, now: Timestamp) -> Basis {
    let rules = SharedRules::of(&register.register.rules().unwrap().cedar, None);
    let masks = Masks::new(Arc::new(register.register.clone()), Some(rules));
    let basis = masks.basis(BUILD, "feed", now).unwrap();
    // It is kept until then, and compiled again when it no longer holds.
    let last = Timestamp::from_seconds(basis.holds_until.seconds() - 1);
    assert!(Arc::ptr_eq(&basis, &masks.basis(BUILD, "feed", last).unwrap()));
    let next = masks.basis(BUILD, "feed", basis.holds_until).unwrap();
    assert!(!Arc::ptr_eq(&basis, &next) || basis.holds_until == Timestamp::MAX);
    (*basis).clone()
}

/// The fields that a mask opens, and what of `work` it says otherwise.
fn said(basis: &Basis) -> (String, String, Option<Reason>) {
    if basis.stopped.is_some() {
        return (String::new(), String::new(), basis.stopped);
    }
    let schema = schema();
    let names = |mask: &Mask| schema.names(mask.open).collect::<Vec<_>>().join(" ");
    let work = FieldSet::of(schema.by_name("work").unwrap());
    let withheld = basis.viewer.withheld.iter().find(|(_, fields)| !fields.and(work).is_empty());
    (names(&basis.viewer), names(&basis.friend), withheld.map(|(reason, _)| *reason))
}

/// From which second on what is open, of the viewer and of friends, and why the viewer's work is not.
const LIFE: &[(u64, &str, &str, Option<Reason>)] = &[
    (0, "id friends name work", "id name work", None),
    // Certified on day 24, one before it would have been cut; the next cut would be day 49.
    (40, "id friends name", "id name", Some(Reason::WindDown)),
    // On day 47 everything but work was certified.
    // On day 70 a rule of the platform's own begins to hold.
    (70, "id friends name", "id", Some(Reason::WindDown)),
    (85, "id name", "", Some(Reason::WindDown)),
    // On day 95 renewal has ended: the term in which that is runs until day 120.
    // On day 105 something is demanded, and on day 108 it is overdue.
    (108, "", "", Some(Reason::Obligation)),
];

#[test]
fn an_agreement_lives_as_agreed_to_the_second() {
    let before = basis(&register(at(0, -1)), at(0, -1));
    assert_eq!(said(&before), (String::new(), String::new(), Some(Reason::Agreement)));
    assert_eq!(before.holds_until, at(0, 0));
    let ends = LIFE[1..].iter().map(|(day, ..)| *day).chain([130]);
    for ((day, viewer, friend, reason), until) in LIFE.iter().zip(ends) {
        let expected = ((*viewer).to_owned(), (*friend).to_owned(), *reason);
        for (day, second) in [(*day, 0), (*day, 1), (*day, 2), (until, -2), (until, -1)] {
            let now = at(day, second);
            assert_eq!(said(&basis(&register(now), now)), expected, "day {day}, second {second}");
        }
    }
}

#[test]
fn a_certification_that_nobody_renews_cuts_to_the_second() {
    // As it stood on day 24, before anybody certified anything.
    let register = register(at(23, 0));
    let open = |now| said(&basis(&register, now)).0;
    assert_eq!(open(at(25, -1)), "id friends name work");
    assert_eq!(open(at(25, 0)), "");
    let cut = basis(&register, at(25, 0));
    assert_eq!(cut.viewer.withheld.last().unwrap().0, Reason::Certification);
}

#[test]
fn every_state_holds_until_the_second_that_it_says() {
    // Whatever the masks say now, they say until then, if no act lands; in between, hour by hour.
    let last = at(130, 0);
    for day in [0, 24, 47, 60, 75, 105] {
        let register = register(at(day, 0));
        let mut now = at(day, 0);
        while now < last {
            let whole = basis(&register, now);
            let until = whole.holds_until.min(last);
            assert!(until > now, "a state has to hold for a second at least");
            for step in [1, 3_600, 86_399, until.seconds() - now.seconds() - 1] {
                let then = now.plus_seconds(step);
                if then < until {
                    let later = basis(&register, then);
                    assert_eq!(
                        (said(&later), later.holds_until),
                        (said(&whole), whole.holds_until),
                        "{then}"
                    );
                }
            }
            now = until;
        }
    }
}
