//! Masks, terms and Cedar say the same, field by field: random registers, and random people who ask
//! at random instants, many of them at the very seconds at which something changes.

use std::sync::Arc;

use cedar_policy::{Authorizer, Decision, PolicySet};
use countersign_domain::act::ReviewOutcome;
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::build::BuildState;
use countersign_domain::decide::{Candidate, People, decide};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::grant::Grant;
use countersign_domain::mask::Basis;
use countersign_domain::partner::Country;
use countersign_domain::person::{Handle, PairwiseId};
use countersign_domain::register::Client;
use countersign_domain::relation::Relation;
use countersign_domain::request::{FriendsRequest, Request};
use countersign_domain::route::Route;
use countersign_domain::rules::{RULES_VERSION, RulesDocument};
use countersign_domain::schema::{Field, FieldSchema, SchemaDocument, Sensitivity};
use countersign_domain::screening::Outcome;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_fixtures::schema;
use countersign_policy::cedar::rules::SharedRules;
use countersign_policy::cedar::{Circumstances, Principal, Universe, render};
use countersign_policy::mask::Masks;
use proptest::prelude::*;
use serde_json::json;

use crate::registers::{BUILD, CLIENT, Governed, PARTNER, name};

/// Registers, and requests to each of them: together the ten thousand of a normal run.
const REGISTERS: u32 = 1_300;
const REQUESTS: usize = 8;

const FIELDS: [&str; 8] =
    ["id", "friends", "name", "work", "religion", "birthday", "email", "location"];
const PURPOSES: [&str; 2] = ["address-book", "calendar"];
const COUNTRIES: [&str; 4] = ["NL", "DE", "US", "KP"];
const DAY: u64 = 86_400;

/// Rules of a platform's own, of which any may be in force.
const RULES: [&str; 5] = [
    r#"@id("a") @reason("special_category") forbid (principal, action, resource) when { resource.special && context.route == "my_app" };"#,
    r#"@id("b") @reason("minor") forbid (principal, action, resource) when { context.minor && resource.sensitivity == "high" };"#,
    r#"@id("c") @reason("territory") forbid (principal, action, resource) when { context.country == "DE" && resource.category == "pd:work" };"#,
    r#"@id("d") @reason("screening") forbid (principal, action, resource) when { context.now > 864000 && context.purpose == "calendar" };"#,
    r#"@id("e") @reason("territory") forbid (principal, action, resource) when { 1728000 <= context.now && resource == Field::"location" && !(context.parent_country == "US") };"#,
];

/// Random choices from one seed (splitmix64), so that a failure is one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize]
    }

    fn some(&mut self, of: &[&str]) -> Vec<String> {
        of.iter().filter(|_| !self.one_in(3)).map(|name| (*name).to_owned()).collect()
    }

    fn set(&mut self) -> FieldSet {
        let set = FieldSet::from_bits(u128::from(self.roll(256)));
        if self.one_in(5) { set } else { set.with(FieldId::ID).with(FieldId::FRIENDS) }
    }

    /// An instant within forty days, often where days begin.
    fn instant(&mut self) -> u64 {
        let day = self.roll(40) * DAY;
        match self.roll(4) {
            0 => day,
            1 => day + 1,
            2 => (day + DAY) - 1,
            _ => day + self.roll(DAY),
        }
    }
}

fn schema_document() -> SchemaDocument {
    let field = |name: &&str| Field {
        category: format!("pd:{}", if *name == "email" { "name" } else { name }),
        sensitivity: if *name == "birthday" { Sensitivity::High } else { Sensitivity::Low },
        special: *name == "religion",
        ..schema::field(name)
    };
    schema::document(FIELDS.iter().map(field))
}

fn country(dice: &mut Dice) -> Country {
    Country::parse(dice.pick(&COUNTRIES)).unwrap()
}

fn rules(dice: &mut Dice) -> RulesDocument {
    let own: Vec<_> = RULES.into_iter().filter(|_| dice.one_in(3)).collect();
    let closed = if dice.one_in(3) { vec![Country::parse("KP").unwrap()] } else { Vec::new() };
    RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: dice.one_in(2),
        minor_friend_fields: dice.some(&FIELDS),
        closed_territories: closed,
        screening_required: dice.one_in(4),
        ledger_page: None,
        cedar: own.join("\n"),
    }
}

fn steps(dice: &mut Dice, not_before: u64) -> Vec<WindDownDocument> {
    let count = dice.roll(3);
    let step = |dice: &mut Dice| WindDownDocument {
        at: Timestamp::from_seconds(dice.instant().max(not_before)),
        ends: match dice.roll(6) {
            0 => EndsDocument::NewGrants,
            1 => EndsDocument::Renewal,
            2 => EndsDocument::Friends,
            3 => EndsDocument::All,
            _ => EndsDocument::Fields(dice.some(&FIELDS)),
        },
    };
    (0..count).map(|_| step(dice)).collect()
}

fn agreement(dice: &mut Dice, number: u64, kind: &str) -> AgreementDocument {
    let from = dice.instant() / 2;
    let territory: Vec<_> = if dice.one_in(3) {
        COUNTRIES[..3].iter().filter(|_| !dice.one_in(4)).collect()
    } else {
        vec![]
    };
    let purposes: Vec<_> = PURPOSES
        .iter()
        .filter_map(|purpose| {
            if dice.one_in(5) {
                return None;
            }
            let mut viewer = dice.some(&FIELDS[2..]);
            viewer.extend(["id".to_owned(), "friends".to_owned()]);
            let mut friend = dice.some(&FIELDS[2..]);
            friend.push("id".to_owned());
            let dpv = "dpv:ServiceProvision";
            Some(json!({"purpose": purpose, "dpv": dpv, "self": viewer, "friend": friend}))
        })
        .collect();
    let purposes = if purposes.is_empty() {
        vec![
            json!({"purpose": "address-book", "dpv": "dpv:ServiceProvision", "self": ["id"], "friend": []}),
        ]
    } else {
        purposes
    };
    let mut document = json!({
        "version": 2, "agreement": format!("agreement-{number}"), "platform": "Example",
        "partner": PARTNER, "client": CLIENT, "kind": kind, "not_before": from,
        "not_after": from + 1 + dice.instant(), "territory": territory, "delivery": "clear",
        "wait": "durable", "query_token": false,
        "certification": {"every_days": 1 + dice.roll(20), "cure_days": dice.roll(5)},
        "obligations": {"retention_days": 90, "deletion_days": 1 + dice.roll(20), "onward_transfer": "none"},
        "purposes": purposes, "wind_down": steps(dice, 0),
    });
    if dice.one_in(3) {
        document["renewal"] = json!({"days": 1 + dice.roll(9), "times": 1 + dice.roll(3)});
    }
    serde_json::from_value(document).unwrap()
}

/// A register in which a partner has a client with one or two agreements and a build, and in which much
/// may have happened since.
fn governed(dice: &mut Dice) -> Governed {
    let schema = schema_document();
    let mut governed = Governed::new(&schema, rules(dice), Timestamp::from_seconds(0));
    governed.partner(country(dice), country(dice));
    let kind = dice.pick(&["device", "app"]);
    let mut agreements = vec![agreement(dice, 0, kind)];
    if dice.one_in(3) {
        agreements.push(agreement(dice, 1, kind));
    }
    let mut purposes: Vec<String> = Vec::new();
    for document in &agreements {
        governed.conclude(document.clone());
        purposes.extend(document.purposes.iter().map(|purpose| purpose.purpose.to_string()));
    }
    let declared = |governed: &Governed, dice: &mut Dice, relation| {
        let contracts = governed.register.clients()[&name(CLIENT)].contracts.values();
        let given = contracts.flat_map(|contract| {
            contract
                .agreement
                .purposes()
                .filter_map(|purpose| contract.agreement.fields(purpose, relation))
        });
        let given = given.fold(FieldSet::EMPTY, FieldSet::or);
        let schema = governed.register.schema().unwrap();
        let names: Vec<_> = schema.names(given).collect();
        names.into_iter().filter(|_| !dice.one_in(6)).map(str::to_owned).collect::<Vec<_>>()
    };
    let viewer = declared(&governed, dice, Relation::Viewer);
    let friend = declared(&governed, dice, Relation::Friend);
    purposes.sort();
    purposes.dedup();
    let purposes: Vec<_> = purposes.iter().map(String::as_str).collect();
    governed.submit(&purposes, &viewer, &friend);
    happens(dice, &mut governed, &agreements);
    governed
}

fn happens(dice: &mut Dice, governed: &mut Governed, agreements: &[AgreementDocument]) {
    if !dice.one_in(12) {
        governed.review(ReviewOutcome::Approve);
    }
    for document in agreements {
        let agreement = document.agreement.as_str();
        governed.now = Timestamp::from_seconds(dice.instant());
        if dice.one_in(2) {
            let types = governed.register.clients()[&name(CLIENT)].contracts[&document.agreement]
                .agreement
                .types()
                .keys()
                .filter(|_| !dice.one_in(3))
                .cloned()
                .collect::<Vec<_>>();
            if !types.is_empty() {
                governed.certify(agreement, types);
            }
        }
        let steps = steps(dice, governed.now.seconds());
        if dice.one_in(3) && !steps.is_empty() {
            governed.wind_down(agreement, steps);
        }
    }
    if dice.one_in(6) {
        let due = Timestamp::from_seconds(dice.instant());
        governed.demand(agreements[0].agreement.as_str(), due);
    }
    if dice.one_in(4) {
        let outcomes = [Outcome::Clear, Outcome::Clear, Outcome::Undecided, Outcome::Refused];
        governed.screen(dice.pick(&outcomes));
    }
    if dice.one_in(20) {
        governed.suspend(dice.pick(&["partner:aurora", "client:aurora-home"]));
    }
    if dice.one_in(20) {
        governed.review(ReviewOutcome::Revoke);
    }
}

struct Circle(Vec<Candidate>);

impl People for Circle {
    fn candidates(&self) -> &[Candidate] {
        &self.0
    }
}

/// What stops everything, read from the register as a person would, without `domain::ruling`.
fn is_stopped(governed: &Governed, client: &Client, now: Timestamp) -> bool {
    let register = &governed.register;
    let screened = match register.screening(&client.partner) {
        Some((outcome, _)) => outcome == Outcome::Clear,
        None => !register.rules().unwrap().screening_required,
    };
    let overdue = register.obligations(&client.partner).iter().any(|owed| owed.due <= now);
    register.is_suspended(&name(CLIENT)) || !screened || overdue
}

/// The policies of each agreement, with the platform's rules, as Cedar reads them.
struct Rendered {
    universe: Universe,
    by_agreement: Vec<(countersign_domain::identifier::Identifier, PolicySet)>,
}

impl Rendered {
    fn of(governed: &Governed, schema: &FieldSchema) -> Self {
        let register = &governed.register;
        let rules = register.rules().unwrap();
        let platform = [&render::platform_rules(rules, schema), &*rules.cedar].concat();
        let contracts = &register.clients()[&name(CLIENT)].contracts;
        let policies = |contract| [render::contract(contract, schema), platform.clone()].concat();
        let by_agreement = contracts
            .iter()
            .map(|(name, contract)| (name.clone(), policies(contract).parse().unwrap()))
            .collect();
        let build = &register.builds()[&name(BUILD)];
        let principal = Principal {
            name: BUILD.to_owned(),
            approved: build.state == BuildState::Approved,
            purposes: build.build.purposes.iter().map(ToString::to_string).collect(),
            declared: Relation::BOTH.map(|relation| build.declared(relation)),
        };
        Self { universe: Universe::new(schema, &principal).unwrap(), by_agreement }
    }

    /// Whether every agreement in force, and there has to be one, allows it.
    fn allows(&self, client: &Client, asked: &Asked<'_>, field: FieldId, open: [bool; 2]) -> bool {
        let Asked { circumstances, .. } = asked;
        let request = self.universe.request(field, circumstances, open[0], open[1]).unwrap();
        let in_force = self
            .by_agreement
            .iter()
            .filter(|(agreement, _)| client.contracts[agreement].is_in_force(circumstances.now));
        let mut answers = in_force.map(|(_, policies)| {
            let answer =
                Authorizer::new().is_authorized(&request, policies, self.universe.entities());
            assert_eq!(answer.diagnostics().errors().count(), 0);
            answer.decision() == Decision::Allow
        });
        match answers.next() {
            Some(first) => first && answers.all(|allowed| allowed),
            None => false,
        }
    }
}

/// One person about whom a request asks.
struct Asked<'a> {
    circumstances: Circumstances,
    person: &'a Candidate,
    granted: FieldSet,
}

impl Asked<'_> {
    fn open(&self, field: FieldId) -> [bool; 2] {
        let setting = self.person.settings.open(self.circumstances.route).contains(field);
        [setting, self.granted.contains(field)]
    }
}

fn people(dice: &mut Dice) -> Vec<Candidate> {
    let count = 1 + dice.roll(4);
    (0..count)
        .map(|number| Candidate {
            handle: Handle([number as u8; 16]),
            pairwise: PairwiseId([number as u8; 16]),
            settings: Settings::from_sets([dice.set(), dice.set(), dice.set(), dice.set()]),
            present: FieldSet::ALL,
            minor: dice.one_in(3),
        })
        .collect()
}

/// Asks for everything about some people at some instant, and holds the three answers together.
fn ask(dice: &mut Dice, governed: &Governed, rendered: &Rendered, masks: &Masks) {
    let now = Timestamp::from_seconds(dice.instant());
    let register = &governed.register;
    let purposes: Vec<_> = register.builds()[&name(BUILD)].build.purposes.iter().collect();
    let purpose = dice.pick(&purposes).clone();
    let basis = &masks.basis(BUILD, purpose.as_str(), now).unwrap();
    let client = &register.clients()[&name(CLIENT)];
    let partner = &register.partners()[&name(PARTNER)];
    let people = people(dice);
    let grant = Grant {
        client: name(CLIENT),
        purpose: purpose.clone(),
        viewer: dice.set(),
        friend: dice.set(),
        until: Timestamp::MAX,
    };
    let stopped = is_stopped(governed, client, now);
    let asked: Vec<_> = people
        .iter()
        .zip([Relation::Viewer].into_iter().chain(std::iter::repeat(Relation::Friend)))
        .map(|(person, relation)| Asked {
            circumstances: Circumstances {
                purpose: purpose.to_string(),
                relation,
                route: Route::of(client.kind, relation),
                country: partner.country,
                parent_country: partner.parent_country,
                minor: person.minor && relation == Relation::Friend,
                now,
            },
            person,
            granted: grant.fields(relation),
        })
        .collect();
    let schema = register.schema().unwrap();
    for asked in &asked {
        for field in schema.all().iter() {
            let mask = basis.mask(asked.circumstances.relation, asked.person.minor);
            let by_mask = basis.stopped.is_none() && mask.open.contains(field);
            let by_cedar = !stopped && rendered.allows(client, asked, field, [true, true]);
            let field = schema.name(field).unwrap();
            assert_eq!(by_mask, by_cedar, "{field}: {:?} {:?}", asked.circumstances, client);
        }
    }
    compare_decision(basis, &grant, people.clone(), &asked, |asked, field| {
        !stopped && rendered.allows(client, asked, field, asked.open(field))
    });
}

fn compare_decision(
    basis: &Arc<Basis>,
    grant: &Grant,
    people: Vec<Candidate>,
    asked: &[Asked<'_>],
    allows: impl Fn(&Asked<'_>, FieldId) -> bool,
) {
    let everything = FieldSet::ALL.without(FieldSet::of(FieldId::FRIENDS));
    let friends = Some(FriendsRequest::first(everything, 100));
    let request = Request { viewer: everything, friends };
    let now = asked[0].circumstances.now;
    let decided = decide(basis, grant, request, Circle(people), now, 0);
    let fields = |asked: &Asked<'_>| -> FieldSet {
        (0..FIELDS.len() as u8)
            .filter_map(FieldId::new)
            .filter(|field| allows(asked, *field))
            .collect()
    };
    let viewer = fields(&asked[0]);
    let Ok(permitted) = decided else {
        assert!(!viewer.contains(FieldId::ID), "an answer was refused that Cedar allows");
        return;
    };
    let records = &permitted.decided().records;
    let list = FieldSet::of(FieldId::FRIENDS);
    let friends = asked[1..].iter().map(|asked| (asked.person.handle, fields(asked).without(list)));
    let seen: Vec<_> = friends
        .filter(|(_, fields)| viewer.contains(FieldId::FRIENDS) && fields.contains(FieldId::ID))
        .collect();
    let expected = if seen.is_empty() { viewer.without(list) } else { viewer };
    let known = FieldSet::from_bits((1 << FIELDS.len()) - 1);
    assert_eq!(records[0].fields.and(known), expected);
    let decided: Vec<_> =
        records[1..].iter().map(|record| (record.handle, record.fields.and(known))).collect();
    assert_eq!(decided, seen);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: REGISTERS, max_shrink_iters: 0, ..ProptestConfig::default() })]
    #[test]
    fn property_masks_terms_and_cedar_agree_field_by_field(seed: u64) {
        let mut dice = Dice(seed);
        let governed = governed(&mut dice);
        let schema = FieldSchema::from_document(schema_document()).unwrap();
        let rendered = Rendered::of(&governed, &schema);
        let cedar = &governed.register.rules().unwrap().cedar;
        let rules = SharedRules::of(cedar, None);
        assert!(rules.rules().is_ok());
        let masks = Masks::new(Arc::new(governed.register.clone()), Some(rules));
        for _ in 0..REQUESTS {
            ask(&mut dice, &governed, &rendered, &masks);
        }
    }
}
