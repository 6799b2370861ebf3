//! A match nobody decided about is never clear, and nothing but a decision about it changes that.

use countersign_domain::partner::Country;
use countersign_policy::screening::index::Index;
use countersign_policy::screening::list::ScreeningList;
use countersign_policy::screening::matches::{
    CountryAgreement, Match, MatchId, NotScreenable, screen,
};
use countersign_policy::screening::outcome::{Decision, Outcome, Verdict, outcome};
use countersign_policy::screening::subject::{Owner, Parent, Role, Subject};
use proptest::prelude::*;

use crate::listing_support::{CONSOLIDATED_HEADER, consolidated_row};

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn index_of(rows: &[String]) -> Index {
    let csv = CONSOLIDATED_HEADER.to_owned() + &rows.concat();
    Index::new(ScreeningList::from_consolidated_csv(csv.as_bytes()).unwrap())
}

fn subject(name: &str, parent: Option<&str>, owners: &[&str]) -> Subject {
    let owner = |name: &&str| Owner {
        name: (*name).to_owned(),
        country: country("DE"),
        percent: 10,
        owners: Vec::new(),
    };
    let parent = parent.map(|name| Parent { name: Some(name.to_owned()), country: country("FR") });
    let owners = owners.iter().map(owner).collect();
    Subject { name: name.to_owned(), country: country("DE"), parent, owners }
}

fn decide(found: &Match, verdict: Verdict) -> Decision {
    Decision::new(found.id, verdict, "compared the registers").unwrap()
}

#[test]
fn partner_parent_and_every_owner_are_screened() {
    let names = ["Vantormash", "Ostrelneft", "Veldrana", "Korvanth"];
    let rows = names.map(|name| consolidated_row(name, "Entity", name, ""));
    let index = index_of(&rows);
    let mut subject = subject("Vantormash Ltd", Some("Ostrelneft"), &["Halcyon", "Veldrana SA"]);
    subject.owners[0].owners.push(Owner {
        name: "Korvanth".to_owned(),
        country: country("IR"),
        percent: 1,
        owners: Vec::new(),
    });
    let matches = screen(&subject, &[&index]).unwrap();
    let found: Vec<_> = matches.iter().map(|m| (m.role, m.listing.id.as_str())).collect();
    assert_eq!(found[..2], [(Role::Partner, "Vantormash"), (Role::Parent, "Ostrelneft")]);
    assert!(found[2..].contains(&(Role::Owner, "Veldrana")), "{found:?}");
    assert!(found[2..].contains(&(Role::Owner, "Korvanth")), "{found:?}");
    assert_eq!(found.len(), 4);
}

#[test]
fn what_cannot_be_screened_is_not_clear() {
    let index = index_of(&[consolidated_row("1", "Entity", "Vantormash", "")]);
    let name = NotScreenable::NoLetters { role: Role::Owner, name: "—".to_owned() };
    assert_eq!(screen(&subject("Halcyon", None, &["—"]), &[&index]), Err(name));
    assert_eq!(screen(&subject("Halcyon", None, &[]), &[]), Err(NotScreenable::NoList));
    assert_eq!(screen(&subject("Halcyon", None, &[]), &[&index]), Ok(Vec::new()));
}

#[test]
fn a_decision_holds_until_the_listing_says_something_else_of_who_it_is() {
    let row = |programs: &str, also: &str, address: &str| {
        let row = format!("9,List,9,Entity,{programs},Vantormash,,{address},{also},,\n");
        let matches = screen(&subject("Vantormash", None, &[]), &[&index_of(&[row])]).unwrap();
        matches[0].clone()
    };
    let first = row("EO-1", "Vantor; Vantorex", "RU");
    let decisions = [decide(&first, Verdict::FalsePositive)];
    let again = |found: Match| outcome(&[found], &decisions);
    assert_eq!(again(row("EO-1", "Vantor; Vantorex", "RU")), Outcome::Clear);
    assert_eq!(again(row("EO-2", "Vantorex; Vantor", "RU")), Outcome::Clear);
    assert_eq!(again(row("EO-1", "Vantor; Vantorex; Vantormash Halle", "RU")), Outcome::Undecided);
    assert_eq!(again(row("EO-1", "Vantor; Vantorex", "DE")), Outcome::Undecided);
    assert_eq!(first.country, CountryAgreement::Different);
    assert_eq!(row("EO-1", "", "DE").country, CountryAgreement::Same);
    assert_eq!(row("EO-1", "", "").country, CountryAgreement::NotListed);
}

#[test]
fn the_same_listing_on_two_lists_is_one_match_the_clearer_one() {
    let row = consolidated_row("1", "Entity", "Vantormash Ostrel Veldra Kirovograd", "");
    let others = (0..64).map(|at| format!("Kirovograd Halcyon{at}"));
    let others = others.map(|name| consolidated_row(&name, "Entity", &name, ""));
    // Where a word is common, leaving it out costs less.
    let common: Vec<_> = others.chain([row.clone()]).collect();
    let (rare, common) = (index_of(&[row]), index_of(&common));
    let subject = subject("Vantormash Ostrel Veldra", None, &[]);
    let scores = |lists: &[&Index]| -> Vec<u16> {
        screen(&subject, lists).unwrap().iter().map(|found| found.score).collect()
    };
    let (low, high) = (scores(&[&rare]), scores(&[&common]));
    assert!(low < high, "{low:?} and {high:?}");
    assert_eq!([scores(&[&rare, &common]), scores(&[&common, &rare])], [high.clone(), high]);
}

#[test]
fn a_decision_about_one_role_says_nothing_of_another() {
    let index = index_of(&[consolidated_row("1", "Entity", "Vantormash", "")]);
    let as_partner = screen(&subject("Vantormash", None, &[]), &[&index]).unwrap();
    let as_owner = screen(&subject("Halcyon", None, &["Vantormash"]), &[&index]).unwrap();
    let decision = [decide(&as_owner[0], Verdict::FalsePositive)];
    assert_eq!(outcome(&as_owner, &decision), Outcome::Clear);
    assert_eq!(outcome(&as_partner, &decision), Outcome::Undecided);
}

#[test]
fn of_two_decisions_the_true_match_stands_and_a_reason_is_needed() {
    let index = index_of(&[consolidated_row("1", "Entity", "Vantormash", "")]);
    let matches = screen(&subject("Vantormash", None, &[]), &[&index]).unwrap();
    let no = decide(&matches[0], Verdict::FalsePositive);
    let yes = decide(&matches[0], Verdict::TrueMatch);
    assert_eq!(outcome(&matches, &[yes.clone(), no.clone()]), Outcome::Refused);
    assert_eq!(outcome(&matches, &[no, yes]), Outcome::Refused);
    for reason in ["", "  ", "\u{1b}[2J"] {
        assert!(Decision::new(matches[0].id, Verdict::TrueMatch, reason).is_err(), "{reason:?}");
    }
}

/// Names of few words, so that many of them are alike.
fn name() -> impl Strategy<Value = String> {
    let words = [
        "Vantor",
        "Vantormash",
        "Ostrel",
        "Veldra",
        "Korvanth",
        "Trading",
        "University",
        "China",
        "Ltd",
        "of",
        "Works",
        "Vantro",
        "Ostrell",
        "Group",
        "Neft",
        "Вантор",
        "S.A.",
        "kor",
        "vanth",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 1..5)
        .prop_map(|words| words.join(" "))
}

fn rows() -> impl Strategy<Value = Vec<String>> {
    let row = (name(), prop::option::of(name()));
    prop::collection::vec(row, 1..12).prop_map(|names| {
        let rows = names.iter().enumerate();
        let row = |(at, (name, also)): (usize, &(String, Option<String>))| {
            let also = also.as_deref().unwrap_or_default();
            consolidated_row(&format!("e{at}"), "Entity", name, also)
        };
        rows.map(row).collect()
    })
}

fn verdicts() -> impl Strategy<Value = Vec<Option<bool>>> {
    prop::collection::vec(prop::option::of(any::<bool>()), 12)
}

fn decisions(matches: &[Match], verdicts: &[Option<bool>]) -> Vec<Decision> {
    let decided = matches.iter().zip(verdicts).filter_map(|(found, verdict)| {
        let verdict = if (*verdict)? { Verdict::TrueMatch } else { Verdict::FalsePositive };
        Some(decide(found, verdict))
    });
    decided.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn property_an_undecided_match_is_never_clear(rows in rows(), name in name(), verdicts in verdicts()) {
        let matches = screen(&subject(&name, None, &[]), &[&index_of(&rows)]).unwrap();
        let decisions = decisions(&matches, &verdicts);
        let verdict_of = |id: MatchId| decisions.iter().find(|d| d.match_id() == id).map(Decision::verdict);
        let verdicts: Vec<_> = matches.iter().map(|found| verdict_of(found.id)).collect();
        let expected = if verdicts.contains(&Some(Verdict::TrueMatch)) {
            Outcome::Refused
        } else if verdicts.contains(&None) {
            Outcome::Undecided
        } else {
            Outcome::Clear
        };
        prop_assert_eq!(outcome(&matches, &decisions), expected);
    }

    #[test]
    fn property_a_decision_for_another_match_decides_nothing(rows in rows(), name in name(), other in name()) {
        let index = index_of(&rows);
        let matches = screen(&subject(&name, None, &[]), &[&index]).unwrap();
        let others = screen(&subject(&other, None, &[]), &[&index]).unwrap();
        prop_assume!(name != other);
        let decisions: Vec<_> = others.iter().map(|found| decide(found, Verdict::FalsePositive)).collect();
        prop_assert_eq!(outcome(&matches, &decisions), outcome(&matches, &[]));
    }

    #[test]
    fn property_the_order_of_lists_makes_no_difference(one in rows(), other in rows(), name in name(), owner in name()) {
        let (one, other) = (index_of(&one), index_of(&other));
        let subject = subject(&name, None, &[&owner]);
        let forth = screen(&subject, &[&one, &other]).unwrap();
        let back = screen(&subject, &[&other, &one]).unwrap();
        prop_assert_eq!(forth, back);
    }

    #[test]
    fn property_a_list_that_grew_clears_nobody(
        rows in rows(), more in prop::collection::vec(name(), 0..80), name in name(), verdicts in verdicts()
    ) {
        let subject = subject(&name, None, &[]);
        let before = screen(&subject, &[&index_of(&rows)]).unwrap();
        let decisions = decisions(&before, &verdicts);
        let more = more.iter().enumerate();
        let more = more.map(|(at, name)| consolidated_row(&format!("m{at}"), "Entity", name, ""));
        // What is new stands before, behind and among the old.
        let mut grown: Vec<String> = more.collect();
        let step = grown.len() / rows.len() + 1;
        for (at, row) in rows.into_iter().enumerate() {
            grown.insert((at * step).min(grown.len()), row);
        }
        let after = screen(&subject, &[&index_of(&grown)]).unwrap();
        for found in &before {
            let still = after.iter().find(|other| other.id == found.id);
            prop_assert!(still.is_some_and(|still| still.score >= found.score), "{:?}", found);
        }
        let (before, after) = (outcome(&before, &decisions), outcome(&after, &decisions));
        prop_assert!(before == Outcome::Clear || after != Outcome::Clear, "{before:?}, {after:?}");
    }
}
