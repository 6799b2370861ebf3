//! What is ANDed outside of Cedar, exhaustively: every combination of what the register stops answers for,
//! of two agreements in and out of force, of grant and setting. A field is released exactly if nothing
//! speaks against it.

use std::sync::{Arc, LazyLock};

use countersign_domain::act::ReviewOutcome;
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::decide::{Candidate, People, decide};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::grant::Grant;
use countersign_domain::partner::Country;
use countersign_domain::person::{Handle, PairwiseId};
use countersign_domain::reason::Reason;
use countersign_domain::request::Request;
use countersign_domain::route::Route;
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::FieldSchema;
use countersign_domain::screening::Outcome;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_policy::cedar::rules::SharedRules;
use countersign_policy::mask::Masks;

use crate::registers::{BUILD, CLIENT, Governed, name};
use crate::support::{agreement, rules_document, schema};

/// What may speak against a release. Each is a bit of a case; a case in which a bit is set is one in which
/// it does.
const AGAINST: [&str; 12] = [
    "partner suspended",
    "client suspended",
    "build not approved",
    "screening undecided",
    "obligation overdue",
    "country closed by the rules",
    "country outside of the agreement",
    "first agreement without the field",
    "second agreement without the field",
    "rule of the platform's own",
    "not granted",
    "setting closed",
];

/// Whether the second agreement is in force beside the first.
const SECOND_IN_FORCE: u32 = 1 << AGAINST.len();

/// The cases in which the second agreement has no say.
const OF_SECOND: u32 = 1 << 8;

/// The fields that the agreement speaks of, and no others: Cedar is asked for each.
static FEW: LazyLock<FieldSchema> = LazyLock::new(|| {
    let mut document = schema().to_document();
    let named = ["id", "friends", "name", "birthday", "work"];
    document.fields.retain(|field| named.contains(&field.name.as_str()));
    FieldSchema::from_document(document).unwrap()
});

static PLAIN: LazyLock<AgreementDocument> = LazyLock::new(|| agreement(""));

struct Alone([Candidate; 1]);

impl People for Alone {
    fn candidates(&self) -> &[Candidate] {
        &self.0
    }
}

struct Case(u32);

impl Case {
    fn is(&self, what: &str) -> bool {
        let bit = AGAINST.iter().position(|known| *known == what).unwrap();
        self.0 & (1 << bit) != 0
    }

    fn second_in_force(&self) -> bool {
        self.0 & SECOND_IN_FORCE != 0
    }

    fn agreement(&self, which: &str, not_before: u64, without: bool) -> AgreementDocument {
        let mut document = PLAIN.clone();
        document.agreement = name(which);
        document.not_before = Timestamp::from_seconds(not_before);
        if self.is("country outside of the agreement") {
            document.territory = vec![Country::parse("DE").unwrap()];
        }
        if without {
            document.purposes[0].viewer.retain(|field| field != "work");
        }
        document
    }

    fn governed(&self) -> Governed {
        let begins = Timestamp::from_seconds(NOW);
        let mut rules = rules_document();
        if self.is("country closed by the rules") {
            rules.closed_territories = vec![Country::parse("NL").unwrap()];
        }
        if self.is("rule of the platform's own") {
            rules.cedar = OWN.to_owned();
        }
        let mut governed = Governed::new(&FEW.to_document(), rules, begins);
        let country = Country::parse("NL").unwrap();
        governed.partner(country, country);
        let without = self.is("first agreement without the field");
        governed.conclude(self.agreement("first", NOW - 10, without));
        let without = self.is("second agreement without the field");
        let begins = if self.second_in_force() { NOW - 10 } else { NOW + 10 };
        governed.conclude(self.agreement("second", begins, without));
        // One of the two gives the field in almost every case, and may then be declared.
        let gives = !(self.is("first agreement without the field") && without);
        let declared =
            if gives { vec!["id".to_owned(), "work".to_owned()] } else { vec!["id".to_owned()] };
        governed.submit(&["address-book"], &declared, &[]);
        if !self.is("build not approved") {
            governed.review(ReviewOutcome::Approve);
        }
        if self.is("partner suspended") {
            governed.suspend("partner:aurora");
        }
        if self.is("client suspended") {
            governed.suspend("client:aurora-home");
        }
        let undecided = self.is("screening undecided");
        governed.screen(if undecided { Outcome::Undecided } else { Outcome::Clear });
        let due = if self.is("obligation overdue") { NOW } else { NOW + 1 };
        governed.demand("first", Timestamp::from_seconds(due));
        governed
    }

    /// The fields of the viewer that are released, or why there is no answer.
    fn decide(&self) -> Result<FieldSet, Reason> {
        let governed = self.governed();
        let now = Timestamp::from_seconds(NOW);
        let shared = SharedRules::of(&governed.register.rules().unwrap().cedar, None);
        let masks = Masks::new(Arc::new(governed.register), Some(shared));
        let basis = masks.basis(BUILD, "address-book", now).unwrap();
        let work = FieldSet::of(FEW.by_name("work").unwrap());
        let but = |is: bool| if is { FieldSet::ALL.without(work) } else { FieldSet::ALL };
        let grant = Grant {
            client: name(CLIENT),
            purpose: name("address-book"),
            viewer: but(self.is("not granted")),
            friend: FieldSet::EMPTY,
            until: Timestamp::MAX,
        };
        let viewer = Candidate {
            handle: Handle([1; 16]),
            pairwise: PairwiseId([1; 16]),
            settings: Settings::CLOSED.with(Route::MyDevice, but(self.is("setting closed"))),
            present: FieldSet::ALL,
            minor: false,
        };
        let request = Request { viewer: FieldSet::ALL, friends: None };
        let permitted = decide(&basis, &grant, request, Alone([viewer]), now, 0);
        permitted.map(|permitted| permitted.decided().records[0].fields).map_err(|r| r.reason)
    }
}

const NOW: u64 = 1_530_000_000;
const OWN: &str = r#"@id("no work") @reason("special_category")
forbid (principal, action, resource) when { resource == Field::"work" };"#;

#[test]
fn a_field_is_released_exactly_if_nothing_speaks_against_it() {
    let work = FEW.by_name("work").unwrap();
    let mut released = 0;
    for bits in 0..SECOND_IN_FORCE << 1 {
        let case = Case(bits);
        let has_say = if case.second_in_force() { u32::MAX } else { !OF_SECOND };
        let against = bits & has_say & (SECOND_IN_FORCE - 1);
        let decided = case.decide();
        let is_released = decided.is_ok_and(|fields| fields.contains(work));
        assert_eq!(is_released, against == 0, "{:?}: {decided:?}", said(bits));
        released += u32::from(is_released);
        // Whatever concerns the field alone leaves the viewer in the answer.
        let stops = against & 0b111_1111;
        assert_eq!(decided.is_ok_and(|fields| fields.contains(FieldId::ID)), stops == 0);
    }
    assert_eq!(released, 3, "alone, with a second that has no say, and with one that agrees");
}

fn said(bits: u32) -> Vec<&'static str> {
    let is_set = |(bit, _): &(usize, &&str)| bits & (1 << bit) != 0;
    AGAINST.iter().enumerate().filter(is_set).map(|(_, what)| *what).collect()
}

#[test]
fn no_rules_and_rules_that_cannot_be_read_release_nothing() {
    let unreadable = RulesDocument { cedar: "permit everything".to_owned(), ..rules_document() };
    let now = Timestamp::from_seconds(NOW);
    let mut governed = Governed::new(&FEW.to_document(), unreadable, now);
    let country = Country::parse("NL").unwrap();
    governed.partner(country, country);
    governed.conclude(agreement(""));
    governed.submit(&["address-book"], &["id".to_owned()], &[]);
    governed.review(ReviewOutcome::Approve);
    let shared = SharedRules::of(&governed.register.rules().unwrap().cedar, None);
    assert!(shared.rules().is_err());
    let masks = Masks::new(Arc::new(governed.register), Some(shared));
    let basis = masks.basis(BUILD, "address-book", now).unwrap();
    assert!(basis.viewer.open.is_empty() && basis.friend.open.is_empty());
}
