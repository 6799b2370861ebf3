//! What counting people costs: bytes for each client, category and day at a million people, bytes of the
//! numbering, and the time of one admission of 338 friends with ten categories. `cargo xtask bench budgets`
//! runs it optimised.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_domain::act::{Act, AgreementAct, Keys, Published, Reviewer};
use countersign_domain::budget::{
    AppliesTo, BUDGETS_VERSION, BudgetDocument, BudgetsDocument, Limit, Scope, SetBudget, Then,
};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::PublicKey;
use countersign_domain::partner::{Country, Partner};
use countersign_domain::person::Handle;
use countersign_domain::register::{Document, Register};
use countersign_domain::schema::{FieldSchema, SchemaDocument};
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_fixtures::schema;
use countersign_policy::agreement;
use countersign_policy::budget::Budgets;

const PEOPLE: u32 = 1_000_000;
const CATEGORIES: usize = 10;
const FRIENDS: u32 = 338;
const ADMISSIONS: usize = 20_000;
const FIRST_DAY: u64 = 20_000;

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

/// An instant of a day, counted from the first.
fn at(day: u64) -> Timestamp {
    Timestamp::from_seconds((FIRST_DAY + day) * SECONDS_PER_DAY)
}

/// A handle that looks as random as those that people have.
fn handle(person: u32) -> Handle {
    let mut state = u64::from(person) ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    };
    let (low, high) = (next(), next());
    Handle([low, high].concat().try_into().unwrap())
}

fn schema() -> SchemaDocument {
    let name = |number: usize| match number {
        0 => "id".to_owned(),
        1 => "friends".to_owned(),
        _ => format!("f{number}"),
    };
    let category = |number: usize| format!("pd:C{number}");
    schema::document((0..CATEGORIES).map(|at| schema::categorised(&name(at), &category(at))))
}

/// The presets' budgets: one for everybody and one for several categories, over a year; a harvest.
fn budgets() -> BudgetsDocument {
    let budget = |budget: &str, scope, categories: &[&str], window_days, limit| SetBudget {
        applies_to: AppliesTo::Everybody,
        budget: BudgetDocument {
            budget: name(budget),
            scope,
            categories: categories.iter().map(|&category| category.to_owned()).collect(),
            window_days,
            limit,
            then: Then::Alert,
        },
    };
    let harvest = Limit::Harvest { people_per_grant: 100, people_free: 10_000 };
    let identifiers = ["pd:C0", "pd:C2", "pd:C3"];
    let budgets = vec![
        budget("harvest", Scope::Client, &[], 90, harvest),
        budget("identifiers", Scope::Partner, &identifiers, 366, Limit::People(100_000)),
    ];
    BudgetsDocument { version: BUDGETS_VERSION, budgets }
}

fn register(budgets: Option<BudgetsDocument>) -> Register {
    let (mut register, mut index) = (Register::default(), 0);
    let mut apply = |act: Act, document| {
        register.apply(index, at(0), &act, document).unwrap();
        index += 1;
    };
    let reviewers = vec![Reviewer { id: name("ada"), key: PublicKey([3; 32]) }];
    apply(
        Act::Keys(Keys { root: PublicKey([1; 32]), receipts: PublicKey([2; 32]), reviewers }),
        None,
    );
    let published = Published { digest: Digest([0; 32]) };
    apply(Act::FieldSchema(published.clone()), Some(Document::Schema(schema())));
    let country = Country::parse("DE").unwrap();
    let partner = Partner {
        id: name("partner"),
        name: "Partner".to_owned(),
        country,
        parent: None,
        parent_country: country,
        owners: Vec::new(),
        key: PublicKey([4; 32]),
    };
    apply(Act::Partner(partner), None);
    let schema = FieldSchema::from_document(schema()).unwrap();
    let text = "version = 2\nplatform = \"P\"\nagreement = \"a\"\npartner = \"partner\"\nclient = \"client\"\nkind = \"app\"\nnot_before = 2020-01-01T00:00:00Z\nnot_after = 2044-01-01T00:00:00Z\ndelivery = \"clear\"\n[[purpose]]\npurpose = \"p\"\ndpv = \"dpv:ServiceProvision\"\nself = [\"id\"]\n";
    let document = agreement::read(text, &schema).unwrap();
    let act = AgreementAct {
        agreement: name("a"),
        partner: name("partner"),
        client: name("client"),
        digest: Digest([0; 32]),
    };
    apply(Act::Agreement(act), Some(Document::Agreement(Box::new(document))));
    if let Some(budgets) = budgets {
        apply(Act::Budgets(published), Some(Document::Budgets(budgets)));
    }
    register
}

/// An answer with all ten categories about these people.
fn answer(
    budgets: &Budgets,
    people: impl Iterator<Item = u32>,
) -> countersign_policy::budget::Reach {
    let fields = FieldSet::from_bits((1 << CATEGORIES) - 1);
    let people = people.map(|person| (handle(person), fields));
    budgets.reach(&name("client"), &name("partner"), people)
}

/// So many people a day, evenly among a million.
fn memory(share: u32) {
    let counts = Budgets::default();
    counts.governed(&Arc::new(register(None)));
    // All of them get their numbers.
    answer(&counts, 0..PEOPLE);
    let people: Vec<_> = (0..PEOPLE).step_by(share as usize).collect();
    for some in people.chunks(338) {
        counts.replayed(&answer(&counts, some.iter().copied()), at(0));
    }
    let found = counts.footprint();
    // Beside the ten categories: everybody, and the viewers.
    let each = found.bitmaps_bytes / (found.bitmaps as u64 - 1);
    println!(
        "| {} | {:.1} | {:.2} | {:.1} |",
        people.len(),
        each as f64 / 1e3,
        found.bitmaps_bytes as f64 / 1e6,
        found.numbering_bytes as f64 / 1e6,
    );
}

/// What the system says that this process has in memory.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64) * 1e6
}

/// The viewer and friends of the answer of this number, some near each other and some far.
fn circle(number: usize) -> impl Iterator<Item = u32> {
    let first = (number as u32).wrapping_mul(2_654_435_761);
    (0..=FRIENDS).map(move |friend| first.wrapping_add(friend.wrapping_mul(40_503)) % PEOPLE)
}

fn admissions() {
    let counts = Budgets::default();
    counts.governed(&Arc::new(register(None)));
    answer(&counts, 0..PEOPLE);
    // A year in which everybody is reached every day: the most that a window can be made of.
    for day in 0..366 {
        counts.replayed(&answer(&counts, 0..PEOPLE), at(day));
    }
    let full = counts.footprint();
    let before = Instant::now();
    counts.governed(&Arc::new(register(Some(budgets()))));
    let reach = answer(&counts, circle(0));
    let admitted = counts.admit(&reach, at(365)).unwrap();
    let first = before.elapsed();
    counts.settle(&reach, admitted);
    println!(
        "a year with everybody on each day: {:.0} MB in {} bitmaps; the whole process: {}",
        full.bitmaps_bytes as f64 / 1e6,
        full.bitmaps,
        resident()
    );
    println!(
        "the first admission of a day or after an act then: {:.1} ms",
        first.as_secs_f64() * 1e3
    );

    let counts = Budgets::default();
    counts.governed(&Arc::new(register(Some(budgets()))));
    answer(&counts, 0..PEOPLE);
    let [mut weigh, mut admit, mut settle] = [(); 3].map(|()| Vec::new());
    for number in 0..ADMISSIONS {
        let start = Instant::now();
        let reach = answer(&counts, circle(number));
        let weighed = Instant::now();
        let admitted = counts.admit(&reach, at(0)).unwrap();
        let is_admitted = Instant::now();
        counts.settle(&reach, admitted);
        weigh.push(weighed - start);
        admit.push(is_admitted - weighed);
        settle.push(is_admitted.elapsed());
    }
    println!(
        "one admission of {FRIENDS} friends and their viewer, {CATEGORIES} categories, two budgets, median of {ADMISSIONS}:"
    );
    println!(
        "  on the caller's thread {:.1} µs; on the sequencer's {:.1} µs before the entry is durable, {:.1} µs after",
        median(weigh),
        median(admit),
        median(settle)
    );
}

fn main() {
    println!(
        "| people a day, of 1,000,000 | KB a client, category and day | MB a client and day, 10 categories | numbering, MB |"
    );
    println!("| ---: | ---: | ---: | ---: |");
    [1, 10, 100, 1_000, 10_000].into_iter().for_each(memory);
    println!();
    admissions();
}
