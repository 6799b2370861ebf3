//! Pledges are proved, with witness and mutant, or refuted with a request that replays.

use countersign_domain::pledge::PledgeDocument;
use countersign_domain::rules::{PlatformRules, RulesDocument};
use countersign_policy::prove::{Counterexample, Outcome, Proof, Solver, Subject};

use crate::support::{agreement, rules_document, schema};

fn rules() -> PlatformRules {
    PlatformRules::from_document(&rules_document(), &schema()).unwrap()
}

fn prove(lines: &str, rules: &PlatformRules) -> Vec<Proof> {
    let schema = schema();
    let subject = Subject::of_document(agreement(lines), &schema, rules).unwrap();
    let mut solver = Solver::start().unwrap();
    let pledges = subject.pledges().into_iter();
    pledges.map(|pledge| subject.prove(pledge, &mut solver).unwrap()).collect()
}

/// What breaks the one pledge that these lines make.
fn broken(lines: &str) -> Counterexample {
    let proofs = prove(lines, &rules());
    match &proofs[0].outcome {
        Outcome::Broken(found) => found.clone(),
        other => panic!("{lines}: {other:?}"),
    }
}

/// A smoke proof: the solver is there, and can be asked.
#[test]
fn interop_cvc5_proves_what_every_agreement_is_held_to() {
    let proofs = prove("", &rules());
    let pledges: Vec<_> = proofs.iter().map(|proof| (&proof.pledge, proof.is_own)).collect();
    let (builds, validity, consent) =
        (PledgeDocument::ApprovedBuilds, PledgeDocument::Validity, PledgeDocument::Consent);
    assert_eq!(pledges, [(&builds, false), (&validity, false), (&consent, false)]);
    for proof in &proofs {
        let Outcome::Proved { witness, mutant } = &proof.outcome else { panic!("{proof:?}") };
        assert!(witness.build_approved, "{witness}");
        match proof.pledge {
            PledgeDocument::ApprovedBuilds => assert!(!mutant.build_approved, "{mutant}"),
            PledgeDocument::Validity => assert!(mutant.context.now >= 1_538_352_000, "{mutant}"),
            _ => assert!(!(mutant.context.setting_open && mutant.context.grant_open), "{mutant}"),
        }
    }
}

#[test]
fn interop_cvc5_proves_every_kind_of_pledge() {
    let lines = r#"territory = ["NL", "DE"]
pledges = ["approved_builds", "validity", "consent", { no_special_categories = "address-book" },
    { minors = ["id", "name", "friends"] }, { territory = ["NL", "DE", "FR"] },
    { ends_by = 2018-12-31T00:00:00Z }, { friends_end_by = 2018-10-01T00:00:00Z },
    { never = ["religion", "political"] }, { certified_within_days = 395 }]"#;
    for proof in prove(lines, &rules()) {
        assert!(proof.is_own && proof.outcome.is_proved(), "{proof:?}");
    }
}

#[test]
fn interop_cvc5_finds_the_request_that_breaks_a_pledge() {
    let found = broken("pledges = [{ never = [\"birthday\"] }]");
    assert_eq!(found.field, "birthday");
    let found = broken("pledges = [{ ends_by = 2018-12-30T23:59:59Z }]");
    assert_eq!(found.context.now, 1_546_214_399);
    let found = broken("pledges = [{ friends_end_by = 2018-09-30T23:59:59Z }]");
    assert_eq!(found.context.now, 1_538_351_999);
    let renewal =
        "renewal = { days = 1, times = 2 }\npledges = [{ ends_by = 2019-01-01T00:00:00Z }]";
    assert!((1_546_300_800..1_546_387_200).contains(&broken(renewal).context.now));
    let found = broken("pledges = [{ territory = [\"NL\"] }]");
    assert!(found.context.country != "NL" || found.context.parent_country != "NL");
    let found = broken("pledges = [{ minors = [\"id\"] }]");
    assert!(found.context.minor && found.context.relation == "friend", "{found}");
    assert_eq!(found.field, "name");
    let found = broken("pledges = [{ certified_within_days = 300 }]");
    assert!(found.context.now >= 1_514_764_800 + 300 * 86_400, "{found}");
}

#[test]
fn interop_cvc5_tells_what_says_nothing() {
    // Of friends who are minors nothing is ever released under these rules: a pledge about it is empty.
    let document = RulesDocument { minor_friend_fields: Vec::new(), ..rules_document() };
    let strict = PlatformRules::from_document(&document, &schema()).unwrap();
    let proofs = prove("pledges = [{ minors = [\"id\"] }]", &strict);
    assert!(matches!(proofs[0].outcome, Outcome::Vacuous), "{:?}", proofs[0]);
}

#[test]
fn interop_cvc5_counts_the_platforms_own_rules() {
    let special = "pledges = [{ never = [\"work\"] }]";
    assert!(matches!(prove(special, &rules())[0].outcome, Outcome::Broken(_)));
    let document = RulesDocument {
        cedar: "@id(\"no work\") @reason(\"special_category\") forbid (principal, action, resource) when { resource == Field::\"work\" };".to_owned(),
        ..rules_document()
    };
    let own = PlatformRules::from_document(&document, &schema()).unwrap();
    assert!(prove(special, &own)[0].outcome.is_proved());
}
