//! The counts against what they mean: every disclosure gone through again for every question.

use std::collections::BTreeSet;

use countersign_domain::act::{Act, AgreementAct, Keys, Published, Reviewer};
use countersign_domain::budget::{
    AppliesTo, BUDGETS_VERSION, BudgetDocument, BudgetsDocument, Limit, SetBudget, Threshold,
    WINDOW_DAYS_MAX,
};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldId;
use countersign_domain::key::PublicKey;
use countersign_domain::partner::{Country, Partner};
use countersign_domain::register::Document;
use countersign_domain::schema::SchemaDocument;
use countersign_domain::time::SECONDS_PER_DAY;
use countersign_fixtures::schema::{categorised as field, document};
use proptest::prelude::*;

use super::*;

/// The clients with their partners; the first partner is in a country of concern.
const CLIENTS: [(&str, &str); 3] = [("a1", "p-a"), ("a2", "p-a"), ("b1", "p-b")];
const CATEGORIES: [&str; 5] =
    ["pd:Identifier", "pd:SocialNetwork", "pd:Name", "pd:WorkHistory", "pd:Religion"];
const START_DAY: u64 = 20_000;

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

fn at(day: u64) -> Timestamp {
    Timestamp::from_seconds(day * SECONDS_PER_DAY + 77)
}

fn schema() -> SchemaDocument {
    let names = ["id", "friends", "name", "work", "religion"];
    document(names.into_iter().zip(CATEGORIES).map(|(name, category)| field(name, category)))
}

/// An agreement of a client, in force from the day before the first one on.
fn agreement(client: &str, partner: &str, budgets: &[BudgetDocument]) -> Document {
    let text = format!(
        "version = 2\nplatform = \"P\"\nagreement = \"of-{client}\"\npartner = \"{partner}\"\nclient = \"{client}\"\nkind = \"app\"\nnot_before = 2024-10-01T00:00:00Z\nnot_after = 2044-10-01T00:00:00Z\ndelivery = \"clear\"\n[[purpose]]\npurpose = \"service\"\ndpv = \"dpv:ServiceProvision\"\nself = [\"id\"]\nfriend = []\n"
    );
    let schema = FieldSchema::from_document(schema()).unwrap();
    let mut document = crate::agreement::read(&text, &schema).unwrap();
    document.budgets = budgets.to_vec();
    Document::Agreement(Box::new(document))
}

fn register() -> Register {
    let mut register = Register::default();
    let mut index = 0;
    let mut apply = |act: Act, document| {
        register.apply(index, at(START_DAY), &act, document).unwrap();
        index += 1;
    };
    let reviewers = vec![Reviewer { id: name("ada"), key: PublicKey([3; 32]) }];
    let keys = Keys { root: PublicKey([1; 32]), receipts: PublicKey([2; 32]), reviewers };
    let digest = Digest([0; 32]);
    apply(Act::Keys(keys), None);
    apply(Act::FieldSchema(Published { digest }), Some(Document::Schema(schema())));
    for (partner, country, key) in [("p-a", "CN", 4), ("p-b", "DE", 5)] {
        let country = Country::parse(country).unwrap();
        apply(
            Act::Partner(Partner {
                id: name(partner),
                name: partner.to_owned(),
                country,
                parent: None,
                parent_country: country,
                owners: Vec::new(),
                key: PublicKey([key; 32]),
            }),
            None,
        );
    }
    for (client, partner) in CLIENTS {
        apply(agreed(client, partner), Some(agreement(client, partner, &[])));
    }
    register
}

fn agreed(client: &str, partner: &str) -> Act {
    Act::Agreement(AgreementAct {
        agreement: name(&format!("of-{client}")),
        partner: name(partner),
        client: name(client),
        digest: Digest([0; 32]),
    })
}

/// The register with the platform's budgets, and those of one client's agreement.
fn govern(register: &mut Register, set: &[SetBudget], agreed_by: Option<(usize, BudgetDocument)>) {
    let index = register.last_act().unwrap() + 1;
    let digest = Digest([0; 32]);
    let document = BudgetsDocument { version: BUDGETS_VERSION, budgets: set.to_vec() };
    let document = Some(Document::Budgets(document));
    register.apply(index, at(START_DAY), &Act::Budgets(Published { digest }), document).unwrap();
    if let Some((client, budget)) = agreed_by {
        let (client, partner) = CLIENTS[client];
        let document = Some(agreement(client, partner, &[budget]));
        register.apply(index + 1, at(START_DAY), &agreed(client, partner), document).unwrap();
    }
}

/// An answer, as the tests write it down.
#[derive(Clone, Debug)]
struct Answer {
    client: usize,
    /// The viewer first. Fields are those beside the id, which is always there.
    people: Vec<(u8, u8)>,
}

impl Answer {
    fn records(&self) -> impl Iterator<Item = (Handle, FieldSet)> + '_ {
        let handle = |person: u8| Handle([person; 16]);
        let fields = |bits: u8| FieldSet::from_bits(u128::from(bits) << 1).with(FieldId::ID);
        self.people.iter().map(move |(person, bits)| (handle(*person), fields(*bits)))
    }

    fn reach(&self, budgets: &Budgets) -> Reach {
        let (client, partner) = CLIENTS[self.client];
        budgets.reach(&name(client), &name(partner), self.records())
    }
}

/// What is in the log, and what it means.
#[derive(Default)]
struct Naive {
    answers: Vec<(u64, Answer)>,
}

impl Naive {
    /// The distinct people of a category, or of any, whom these clients reached in a window.
    fn people(&self, clients: &[usize], categories: &[String], window: (u64, u64)) -> u64 {
        let mut people = BTreeSet::new();
        for (day, answer) in &self.answers {
            if !clients.contains(&answer.client) || *day < window.0 || *day > window.1 {
                continue;
            }
            for (handle, fields) in answer.records() {
                let counts = fields.iter().any(|field| {
                    let category = CATEGORIES.get(field.number());
                    categories.iter().any(|name| Some(&name.as_str()) == category)
                });
                if categories.is_empty() || counts {
                    people.insert(handle);
                }
            }
        }
        people.len() as u64
    }

    fn viewers(&self, clients: &[usize], window: (u64, u64)) -> u64 {
        let of = self.answers.iter().filter(|(day, answer)| {
            clients.contains(&answer.client) && *day >= window.0 && *day <= window.1
        });
        of.map(|(_, answer)| answer.people[0].0).collect::<BTreeSet<_>>().len() as u64
    }

    /// How many people a budget counts for a client, and how many it allows.
    fn used(&self, budget: &BudgetDocument, client: usize, day: u64) -> (u64, Option<u64>) {
        let same = |other: &usize| match budget.scope {
            Scope::Client => *other == client,
            Scope::Partner => CLIENTS[*other].1 == CLIENTS[client].1,
        };
        let clients: Vec<_> = (0..CLIENTS.len()).filter(same).collect();
        let window = (day + 1 - u64::from(budget.window_days), day);
        let counted: Vec<String> = budget.counted().cloned().collect();
        let people = self.people(&clients, &counted, window);
        let people_max = match &budget.limit {
            Limit::People(people_max) => Some(*people_max),
            Limit::Harvest { people_per_grant, people_free } => {
                let granted = self.viewers(&clients, window) * u64::from(*people_per_grant);
                Some(granted.max(*people_free))
            }
            Limit::LowestPresent(types) => {
                let is_present = |threshold: &&Threshold| {
                    self.people(&clients, &threshold.categories, window) > 0
                };
                types.iter().filter(is_present).map(|threshold| threshold.people_max).min()
            }
        };
        (people, people_max)
    }
}

/// The budgets that apply to a client, the agreement's first.
type InForce = (Vec<SetBudget>, Option<(usize, BudgetDocument)>);

fn applying(in_force: &InForce, client: usize) -> Vec<(BudgetName, BudgetDocument)> {
    let (set, agreed_by) = in_force;
    let agreed = agreed_by.iter().filter(|(of, _)| *of == client).map(|(_, budget)| {
        let agreement = Some(name(&format!("of-{}", CLIENTS[client].0)));
        (BudgetName { agreement, budget: budget.budget.clone() }, budget.clone())
    });
    let covers = |set: &&SetBudget| match &set.applies_to {
        AppliesTo::Everybody => true,
        AppliesTo::Partner(partner) => partner.as_str() == CLIENTS[client].1,
        AppliesTo::Client(name) => name.as_str() == CLIENTS[client].0,
        AppliesTo::CountryOfConcern => CLIENTS[client].1 == "p-a",
    };
    let set = set.iter().filter(covers).map(|set| {
        (BudgetName { agreement: None, budget: set.budget.budget.clone() }, set.budget.clone())
    });
    agreed.chain(set).collect()
}

/// The counts and what they mean, side by side.
struct Both {
    budgets: Budgets,
    register: Register,
    naive: Naive,
    in_force: InForce,
    day: u64,
}

impl Both {
    fn new() -> Self {
        let (budgets, register) = (Budgets::default(), register());
        budgets.governed(&Arc::new(register.clone()));
        let in_force = (Vec::new(), None);
        Self { budgets, register, naive: Naive::default(), in_force, day: START_DAY }
    }

    fn govern(&mut self, in_force: InForce) {
        govern(&mut self.register, &in_force.0, in_force.1.clone());
        let before = self.in_force.1.clone();
        self.in_force = in_force;
        // An agreement that has budgets keeps them until it is concluded anew.
        if self.in_force.1.is_none() {
            self.in_force.1 = before;
        } else if let Some((client, _)) = before
            && self.in_force.1.as_ref().is_some_and(|(of, _)| *of != client)
        {
            let (client, partner) = CLIENTS[client];
            let index = self.register.last_act().unwrap() + 1;
            let document = Some(agreement(client, partner, &[]));
            self.register.apply(index, at(START_DAY), &agreed(client, partner), document).unwrap();
        }
        self.budgets.governed(&Arc::new(self.register.clone()));
    }

    /// Appends a batch; `is_durable` says whether it was written.
    fn batch(&mut self, answers: &[Answer], is_durable: bool) {
        let durable = self.naive.answers.len();
        let mut admitted = Vec::new();
        for answer in answers {
            let reach = answer.reach(&self.budgets);
            self.naive.answers.push((self.day, answer.clone()));
            let mut expected = Ok(Vec::new());
            for (budget, document) in applying(&self.in_force, answer.client) {
                let (people, people_max) = self.naive.used(&document, answer.client, self.day);
                if people_max.is_none_or(|people_max| people <= people_max) {
                    continue;
                }
                match (document.then, &mut expected) {
                    (Then::Alert, Ok(alerts)) => alerts.push(budget),
                    (Then::Deny, Ok(_)) => expected = Err(budget),
                    (_, Err(_)) => {}
                }
            }
            let found = self.budgets.admit(&reach, at(self.day));
            match found {
                Ok(found) => {
                    assert_eq!(Ok(found.alerts.clone()), expected);
                    admitted.push((reach, found));
                }
                Err(used_up) => {
                    assert_eq!(Err(used_up.budget), expected);
                    self.naive.answers.pop();
                }
            }
        }
        if is_durable {
            admitted.into_iter().for_each(|(reach, of)| self.budgets.settle(&reach, of));
        } else {
            self.naive.answers.truncate(durable);
            admitted.into_iter().for_each(|(reach, of)| self.budgets.take_back(&reach, of));
        }
    }

    /// Everything is lost but what is durable.
    fn restart(&mut self) {
        self.budgets = Budgets::default();
        self.budgets.governed(&Arc::new(self.register.clone()));
        for (day, answer) in &self.naive.answers {
            self.budgets.replayed(&answer.reach(&self.budgets), at(*day));
        }
    }

    fn compare(&self) {
        let mut expected = Vec::new();
        for (client, (name, _)) in CLIENTS.iter().enumerate() {
            for (budget, document) in applying(&self.in_force, client) {
                let (people, people_max) = self.naive.used(&document, client, self.day);
                expected.push((*name, budget, people, people_max));
            }
        }
        let usage = self.budgets.usage(at(self.day));
        let found: Vec<_> = usage
            .iter()
            .map(|of| (of.client.as_str(), of.budget.clone(), of.people, of.people_max))
            .collect();
        assert_eq!(found, expected);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Days(u64),
    Govern(InForce),
    Batch(Vec<Answer>, bool),
    Restart,
}

fn categories() -> impl Strategy<Value = Vec<String>> {
    let category = prop::sample::select(&CATEGORIES[..]).prop_map(str::to_owned);
    prop::collection::vec(category, 1..3)
}

fn limit() -> impl Strategy<Value = Limit> {
    let threshold = (categories(), 0_u64..12)
        .prop_map(|(categories, people_max)| Threshold { categories, people_max });
    prop_oneof![
        (0_u64..14).prop_map(Limit::People),
        (0_u32..4, 0_u64..8).prop_map(|(people_per_grant, people_free)| Limit::Harvest {
            people_per_grant,
            people_free
        }),
        prop::collection::vec(threshold, 1..3).prop_map(Limit::LowestPresent),
    ]
}

fn budget(number: usize) -> impl Strategy<Value = BudgetDocument> {
    let categories = prop_oneof![Just(Vec::new()), categories()];
    let window = prop::sample::select(vec![1_u32, 2, 7, 365, WINDOW_DAYS_MAX]);
    let scope = prop::sample::select(vec![Scope::Client, Scope::Partner]);
    let then = prop::sample::select(vec![Then::Deny, Then::Deny, Then::Alert]);
    (scope, categories, window, limit(), then).prop_map(
        move |(scope, categories, window_days, limit, then)| BudgetDocument {
            budget: name(&format!("budget-{number}")),
            scope,
            categories,
            window_days,
            limit,
            then,
        },
    )
}

fn set_budget(number: usize) -> impl Strategy<Value = SetBudget> {
    let applies_to = prop::sample::select(vec![
        AppliesTo::Everybody,
        AppliesTo::Partner(name("p-a")),
        AppliesTo::Client(name("a2")),
        AppliesTo::CountryOfConcern,
    ]);
    (applies_to, budget(number)).prop_map(|(applies_to, budget)| SetBudget { applies_to, budget })
}

fn in_force() -> impl Strategy<Value = InForce> {
    let set = (0..=2_usize).prop_flat_map(|count| (0..count).map(set_budget).collect::<Vec<_>>());
    (set, prop::option::of((0..CLIENTS.len(), budget(9))))
}

fn answer() -> impl Strategy<Value = Answer> {
    let people = prop::collection::btree_map(0_u8..20, 0_u8..16, 1..6);
    (0..CLIENTS.len(), people, any::<prop::sample::Index>()).prop_map(|(client, people, viewer)| {
        let mut people: Vec<_> = people.into_iter().collect();
        let viewer = viewer.index(people.len());
        people.swap(0, viewer);
        Answer { client, people }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let batch = prop::collection::vec(answer(), 1..4);
    prop_oneof![
        8 => (batch, prop::bool::weighted(0.8)).prop_map(|(batch, durable)| Step::Batch(batch, durable)),
        3 => prop::sample::select(vec![1_u64, 1, 1, 2, 6, 364, 365, 366]).prop_map(Step::Days),
        2 => in_force().prop_map(Step::Govern),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn property_counts_are_what_going_through_everything_again_gives(
        first in in_force(), steps in prop::collection::vec(step(), 1..24),
    ) {
        let mut both = Both::new();
        both.govern(first);
        for step in steps {
            match step {
                Step::Days(days) => both.day += days,
                Step::Govern(in_force) => both.govern(in_force),
                Step::Batch(answers, is_durable) => both.batch(&answers, is_durable),
                Step::Restart => both.restart(),
            }
            both.compare();
        }
    }
}

/// An answer to the first client about a viewer and so many others, beginning with this person.
fn about(first: u8, count: u8) -> Answer {
    Answer { client: 0, people: (first..first + count).map(|person| (person, 0b1111)).collect() }
}

fn set(limit: Limit, window_days: u32) -> InForce {
    let budget = BudgetDocument {
        budget: name("all"),
        scope: Scope::Client,
        categories: Vec::new(),
        window_days,
        limit,
        then: Then::Deny,
    };
    (vec![SetBudget { applies_to: AppliesTo::Everybody, budget }], None)
}

#[test]
fn a_budget_is_filled_to_the_last_person_and_not_beyond() {
    let mut both = Both::new();
    both.govern(set(Limit::People(10), 2));
    both.batch(&[about(0, 6), about(3, 7)], true);
    assert_eq!(both.budgets.usage(at(START_DAY))[0].people, 10);
    // Who was reached before may be reached again; nobody else may.
    assert!(both.budgets.admit(&about(2, 8).reach(&both.budgets), at(START_DAY)).is_ok());
    let beyond = about(9, 2).reach(&both.budgets);
    let used_up = both.budgets.admit(&beyond, at(START_DAY)).unwrap_err();
    assert_eq!(used_up.budget.to_string(), "all of the platform");
    // Nobody of that answer is counted, so that others still find the room that it did not take.
    assert_eq!(both.budgets.usage(at(START_DAY))[0].people, 10);
    assert!(both.budgets.admit(&beyond, at(START_DAY + 1)).is_err());
    assert!(both.budgets.admit(&beyond, at(START_DAY + 2)).is_ok());
}

#[test]
fn days_older_than_any_window_are_forgotten() {
    let mut both = Both::new();
    for _ in 0..1_000 {
        both.batch(&[about(0, 30)], true);
        both.day += 1;
    }
    // For each day everybody, the viewers, and five categories.
    assert_eq!(both.budgets.footprint().bitmaps, 7 * WINDOW_DAYS_MAX as usize);
    assert_eq!(both.budgets.footprint().people, 30);
    both.govern(set(Limit::People(30), WINDOW_DAYS_MAX));
    both.compare();
}

#[test]
fn a_category_means_what_the_schema_of_the_time_said() {
    let both = Both::new();
    both.budgets.replayed(&about(0, 3).reach(&both.budgets), at(START_DAY));
    let mut later = schema();
    later.fields[3].category = "pd:CurrentEmployment".to_owned();
    let mut register = both.register;
    let digest = Digest([0; 32]);
    let index = register.last_act().unwrap() + 1;
    let document = Some(Document::Schema(later));
    let act = Act::FieldSchema(Published { digest });
    register.apply(index, at(START_DAY), &act, document).unwrap();
    let mut budgets = set(Limit::People(5), 7).0;
    budgets[0].budget.categories = vec!["pd:CurrentEmployment".to_owned()];
    govern(&mut register, &budgets, None);
    both.budgets.governed(&Arc::new(register));
    assert_eq!(both.budgets.usage(at(START_DAY))[0].people, 0);
    both.budgets.replayed(&about(1, 4).reach(&both.budgets), at(START_DAY));
    assert_eq!(both.budgets.usage(at(START_DAY))[0].people, 4);
}

#[test]
fn nothing_that_is_printed_is_about_people() {
    let both = Both::new();
    let reach = about(0x5a, 3).reach(&both.budgets);
    let admitted = both.budgets.admit(&reach, at(START_DAY)).unwrap();
    let printed =
        format!("{:?} {reach:?} {admitted:?} {:?}", both.budgets, both.budgets.inner.people);
    assert_eq!(printed, "Budgets(…) Reach(a1, …) Admitted(0 alerts, …) Numbering(…)");
    both.budgets.settle(&reach, admitted);
}
