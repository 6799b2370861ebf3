//! Shares add up as 28 CFR 202.211 and PADFA say, and never to less.

use countersign_domain::partner::Country;
use countersign_policy::screening::index::Index;
use countersign_policy::screening::matches::{Match, screen};
use countersign_policy::screening::outcome::{Decision, Verdict};
use countersign_policy::screening::ownership::{Control, OwnershipRule, control};
use countersign_policy::screening::subject::{Owner, Parent, Subject};

use crate::listing_support::invented_list;

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn owner(name: &str, code: &str, percent: u8, owners: Vec<Owner>) -> Owner {
    Owner { name: name.to_owned(), country: country(code), percent, owners }
}

fn subject(owners: Vec<Owner>) -> Subject {
    Subject { name: "Halcyon".to_owned(), country: country("DE"), parent: None, owners }
}

/// Whether owners with these shares, all from a country of concern but those of `others`, control.
fn controls(rule: OwnershipRule, owners: Vec<Owner>) -> bool {
    control(&subject(owners), &[], &[], rule).from_country_of_concern
}

#[test]
fn half_counts_in_the_aggregate_and_directly() {
    let half = OwnershipRule::HALF;
    assert!(controls(half, vec![owner("A", "CN", 50, vec![])]));
    assert!(!controls(half, vec![owner("A", "CN", 49, vec![]), owner("B", "DE", 51, vec![])]));
    assert!(controls(half, vec![owner("A", "CN", 25, vec![]), owner("B", "RU", 25, vec![])]));
    let one_by_one = OwnershipRule { aggregate: false, ..half };
    assert!(!controls(
        one_by_one,
        vec![owner("A", "CN", 25, vec![]), owner("B", "RU", 25, vec![])]
    ));
    assert!(controls(one_by_one, vec![owner("A", "CN", 25, vec![]), owner("B", "RU", 50, vec![])]));
    assert!(!controls(half, vec![]));
}

#[test]
fn a_controlled_owner_passes_its_whole_share_on_and_another_its_part() {
    let half = OwnershipRule::HALF;
    let through = |of_owner, of_partner| {
        let behind = owner("Behind", "IR", of_owner, vec![]);
        controls(half, vec![owner("Between", "DE", of_partner, vec![behind])])
    };
    assert!(through(50, 50));
    assert!(!through(49, 100));
    assert!(!through(100, 49));
    // 45 directly, and 45 percent of another 60: 72 together.
    let behind = owner("Behind", "KP", 45, vec![]);
    let both = vec![owner("A", "KP", 45, vec![]), owner("B", "DE", 60, vec![behind])];
    assert!(controls(half, both));
    let third = |inner| owner("1", "DE", 60, vec![owner("2", "DE", 60, vec![inner])]);
    assert!(controls(half, vec![third(owner("3", "CU", 50, vec![]))]));
    assert!(!controls(half, vec![third(owner("3", "CU", 49, vec![]))]));
}

#[test]
fn padfa_asks_for_twenty_percent() {
    let padfa = OwnershipRule::PADFA;
    assert!(controls(padfa, vec![owner("A", "RU", 20, vec![])]));
    assert!(!controls(padfa, vec![owner("A", "RU", 19, vec![])]));
    assert!(controls(padfa, vec![owner("A", "RU", 10, vec![]), owner("B", "CN", 10, vec![])]));
}

#[test]
fn the_seat_and_the_parents_seat_count_by_themselves() {
    let here = subject(vec![]);
    let of_concern =
        |subject: &Subject| control(subject, &[], &[], OwnershipRule::HALF).from_country_of_concern;
    assert!(!of_concern(&here));
    assert!(of_concern(&Subject { country: country("VE"), ..here.clone() }));
    let parent = |code| Some(Parent { name: None, country: country(code) });
    assert!(of_concern(&Subject { parent: parent("MO"), ..here.clone() }));
    assert!(!of_concern(&Subject { parent: parent("TW"), ..here }));
}

#[test]
fn the_countries_of_concern_are_those_of_28_cfr_202_601() {
    let letters = || b'A'..=b'Z';
    let codes =
        letters().flat_map(|a| letters().map(move |b| String::from_utf8(vec![a, b]).unwrap()));
    let concern: Vec<_> = codes.filter(|code| country(code).is_of_concern()).collect();
    assert_eq!(concern, ["CN", "CU", "HK", "IR", "KP", "MO", "RU", "VE"]);
}

#[test]
fn listed_owners_count_once_a_person_confirmed_them() {
    let index = Index::new(invented_list());
    let owners =
        vec![owner("Ostrelneft", "AE", 30, vec![]), owner("Halvessen Logistik", "DE", 20, vec![])];
    let subject = subject(owners);
    let matches = screen(&subject, &[&index]).unwrap();
    assert_eq!(matches.len(), 2);
    let decided = |of: &[(&Match, Verdict)]| -> Control {
        let decision = |(found, verdict): &(&Match, Verdict)| {
            Decision::new(found.id, *verdict, "looked at the register").unwrap()
        };
        let decisions: Vec<_> = of.iter().map(decision).collect();
        control(&subject, &matches, &decisions, OwnershipRule::HALF)
    };
    let [one, other] = [&matches[0], &matches[1]];
    assert!(!decided(&[]).by_listed);
    assert!(!decided(&[(one, Verdict::TrueMatch)]).by_listed);
    assert!(!decided(&[(one, Verdict::TrueMatch), (other, Verdict::FalsePositive)]).by_listed);
    let both = decided(&[(one, Verdict::TrueMatch), (other, Verdict::TrueMatch)]);
    assert_eq!(both, Control { by_listed: true, from_country_of_concern: false });
}

#[test]
fn a_partner_or_parent_that_is_listed_is_controlled_by_such() {
    let index = Index::new(invented_list());
    let parent = Some(Parent { name: Some("Vantormash JSC".to_owned()), country: country("KZ") });
    for subject in [
        Subject { parent, ..subject(vec![]) },
        Subject { name: "Vantormash".to_owned(), ..subject(vec![]) },
    ] {
        let matches = screen(&subject, &[&index]).unwrap();
        let yes = Decision::new(matches[0].id, Verdict::TrueMatch, "the same number").unwrap();
        assert!(control(&subject, &matches, &[yes], OwnershipRule::HALF).by_listed);
        assert!(!control(&subject, &matches, &[], OwnershipRule::HALF).by_listed);
    }
}

#[test]
fn owners_nest_as_deep_as_somebody_writes_them() {
    let mut deep = owner("Last", "CN", 100, vec![]);
    for _ in 0..2_000 {
        deep = owner("Next", "DE", 100, vec![deep]);
    }
    assert!(controls(OwnershipRule::HALF, vec![deep.clone()]));
    assert_eq!(subject(vec![deep]).parties().len(), 3);
}
