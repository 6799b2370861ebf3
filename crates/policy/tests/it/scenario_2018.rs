//! The scenario of 2018, read with the schema that is shipped and put into a register: who had ended, who
//! winds down, and whether pledges hold. Files and figures are explained in testdata/scenarios/2018.
//!
//! What it is not: a proof. Pledges are looked at between any two instants at which something changes,
//! with a build that declares everything; `countersign agreement prove` proves them for all requests.
#![expect(clippy::panic, clippy::unwrap_used, reason = "in a test, a panic is the finding")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_domain::act::{
    Act, AgreementAct, Keys, Published, Review, ReviewOutcome, Reviewer,
};
use countersign_domain::agreement::{AgreementDocument, PurposeDocument};
use countersign_domain::build::Build;
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::PublicKey;
use countersign_domain::partner::{Country, Partner};
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::register::{Client, Document, Register, RegisteredBuild};
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::terms::terms;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_fixtures::documents::first_rules;
use countersign_fixtures::schema::{shipped, shipped_document};
use countersign_policy::agreement;
use countersign_policy::mask::Masks;
use serde::Deserialize;

/// When the scenario's log begins and everything in it is concluded.
const FOUNDED: &str = "2018-04-01T00:00:00Z";
/// The day of the first report, before which the 22 had ended.
const REPORTED: &str = "2018-06-03T00:00:00Z";
/// The end of that week, by any reading.
const WEEK_OVER: &str = "2018-06-11T08:00:00Z";

/// Viewer, friend, and friend who is a minor.
const PEOPLE: [(Relation, bool); 3] =
    [(Relation::Viewer, false), (Relation::Friend, false), (Relation::Friend, true)];

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_seconds(u64::try_from(instant.as_second()).unwrap())
}

fn before(instant: Timestamp) -> Timestamp {
    Timestamp::from_seconds(instant.seconds() - 1)
}

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/scenarios/2018")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The agreements of a folder, by the names of their files.
fn agreements(of: &str) -> BTreeMap<String, AgreementDocument> {
    let schema = shipped();
    let mut read_all = BTreeMap::new();
    for entry in fs::read_dir(folder().join(of)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let Some(file_name) = file.strip_suffix(".agreement.toml") else { continue };
        let document = agreement::read(&read(&path), &schema);
        let document = document.unwrap_or_else(|error| panic!("{file}: {error}"));
        read_all.insert(file_name.to_owned(), document);
    }
    read_all
}

/// A partner as the scenario has it: everything but a key.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePartner {
    id: Identifier,
    name: String,
    country: Country,
    parent: Option<String>,
    parent_country: Country,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Partners {
    partner: Vec<FilePartner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Builds {
    build: Vec<Build>,
}

fn partners(file: &str) -> Vec<FilePartner> {
    countersign_toml::parse::<Partners>(&read(&folder().join(file))).unwrap().partner
}

fn builds() -> Vec<Build> {
    countersign_toml::parse::<Builds>(&read(&folder().join("builds.toml"))).unwrap().build
}

/// A register under construction.
#[derive(Default)]
struct Founding {
    register: Register,
    entries: u64,
}

impl Founding {
    fn act(&mut self, act: &Act, document: Option<Document>) {
        let applied = self.register.apply(self.entries, at(FOUNDED), act, document);
        applied.unwrap_or_else(|error| panic!("{act:?}: {error}"));
        self.entries += 1;
    }

    /// Keys, schema and default rules.
    fn new() -> Self {
        let mut founding = Self::default();
        let reviewers = [("ines", 3), ("otto", 4)];
        let reviewers = reviewers.map(|(id, key)| Reviewer { id: name(id), key: key_of(key) });
        let (root, receipts) = (key_of(1), key_of(2));
        founding.act(&Act::Keys(Keys { root, receipts, reviewers: reviewers.to_vec() }), None);
        let published = || Published { digest: Digest([0; 32]) };
        let document = Document::Schema(shipped_document());
        founding.act(&Act::FieldSchema(published()), Some(document));
        founding.act(&Act::Rules(published()), Some(Document::Rules(first_rules())));
        founding
    }

    fn partner(&mut self, file: &FilePartner) {
        let partner = Partner {
            id: file.id.clone(),
            name: file.name.clone(),
            country: file.country,
            parent: file.parent.clone(),
            parent_country: file.parent_country,
            owners: Vec::new(),
            key: key_of(u8::try_from(self.entries + 10).unwrap()),
        };
        self.act(&Act::Partner(partner), None);
    }

    fn agreement(&mut self, document: &AgreementDocument) {
        let act = AgreementAct {
            agreement: document.agreement.clone(),
            partner: document.partner.clone(),
            client: document.client.clone(),
            digest: Digest([0; 32]),
        };
        self.act(&Act::Agreement(act), Some(Document::Agreement(Box::new(document.clone()))));
    }

    fn build(&mut self, build: &Build) {
        self.act(&Act::Build(build.clone()), None);
        let review = Review { build: build.build.clone(), outcome: ReviewOutcome::Approve };
        self.act(&Act::Review(review), None);
    }
}

fn key_of(number: u8) -> PublicKey {
    PublicKey([number; 32])
}

/// The whole scenario.
fn founded() -> (BTreeMap<String, AgreementDocument>, Register) {
    let mut founding = Founding::new();
    partners("partners.toml").iter().for_each(|partner| founding.partner(partner));
    let agreements = agreements("agreements");
    agreements.values().for_each(|document| founding.agreement(document));
    builds().iter().for_each(|build| founding.build(build));
    (agreements, founding.register)
}

fn contract<'r>(
    register: &'r Register,
    document: &AgreementDocument,
) -> (&'r Client, &'r Contract) {
    let client = &register.clients()[&document.client];
    (client, &client.contracts[&document.agreement])
}

/// What the terms leave open of the fields that there are.
fn given(client: &Client, purpose: &Identifier, relation: Relation, now: Timestamp) -> FieldSet {
    terms(&client.contracts, purpose, relation, now).open().and(shipped().all())
}

/// What all purposes give together.
fn any_given(client: &Client, relation: Relation, now: Timestamp) -> FieldSet {
    let contracts = client.contracts.values();
    let purposes = contracts.flat_map(|contract| contract.agreement.purposes());
    purposes.fold(FieldSet::EMPTY, |all, purpose| all.or(given(client, purpose, relation, now)))
}

fn names(fields: FieldSet) -> String {
    shipped().names(fields).collect::<Vec<_>>().join(" ")
}

fn is_over(client: &Client, now: Timestamp) -> bool {
    Relation::BOTH.iter().all(|relation| any_given(client, *relation, now).is_empty())
}

#[test]
fn there_are_60_agreements_of_which_22_have_ended_and_one_winds_down_that_week() {
    let (agreements, register) = founded();
    assert_eq!(
        (agreements.len(), register.partners().len(), register.builds().len()),
        (60, 60, 60)
    );
    let over = |now| {
        let over = agreements.iter().filter(|(_, d)| is_over(contract(&register, d).0, now));
        over.map(|(name, _)| name.as_str()).collect::<BTreeSet<_>>()
    };
    assert!(over(at(FOUNDED)).is_empty());
    let (reported, week_over) = (over(at(REPORTED)), over(at(WEEK_OVER)));
    assert_eq!(reported.len(), 22);
    assert_eq!(week_over.difference(&reported).copied().collect::<Vec<_>>(), ["huawei"]);
    for (file, document) in &agreements {
        assert_eq!(file.as_str(), document.partner.as_str());
    }
}

#[test]
fn what_has_ended_gives_until_its_last_second_and_nothing_from_then_on() {
    let (agreements, register) = founded();
    for (file, document) in &agreements {
        let (client, contract) = contract(&register, document);
        let over = contract.over();
        if over >= at(REPORTED) {
            continue;
        }
        assert!(!is_over(client, before(over)), "{file} gives nothing before {over}");
        assert!(is_over(client, over), "{file} gives something at {over}");
        assert!(is_over(client, at(REPORTED)) && !client.takes_grants(over), "{file}");
        let pledged = PledgeDocument::EndsBy(over);
        assert!(document.pledges.contains(&pledged), "{file}: {:?}", document.pledges);
    }
}

#[test]
fn the_one_that_winds_down_loses_grants_then_friends_then_everything_to_the_second() {
    let (agreements, register) = founded();
    let (client, _) = contract(&register, &agreements["huawei"]);
    let count = |relation, now| any_given(client, relation, now).len();
    let purpose = &agreements["huawei"].purposes[0];
    let (viewer, friend) = (purpose.viewer.len(), purpose.friend.len());
    for (instant, grants, of_viewer, of_friends) in [
        (before(at("2018-06-06T07:00:00Z")), true, viewer, friend),
        (at("2018-06-06T07:00:00Z"), false, viewer, friend),
        (before(at("2018-06-08T07:00:00Z")), false, viewer, friend),
        // The list of friends goes with them.
        (at("2018-06-08T07:00:00Z"), false, viewer - 1, 0),
        (before(at("2018-06-09T07:00:00Z")), false, viewer - 1, 0),
        (at("2018-06-09T07:00:00Z"), false, 0, 0),
        (at("2018-06-30T00:00:00Z"), false, 0, 0),
    ] {
        assert_eq!(client.takes_grants(instant), grants, "{instant}");
        assert_eq!(count(Relation::Viewer, instant), of_viewer, "{instant}");
        assert_eq!(count(Relation::Friend, instant), of_friends, "{instant}");
    }
}

#[test]
fn the_others_give_what_they_name_all_of_that_month() {
    let (agreements, register) = founded();
    let schema = shipped();
    let mut others = 0;
    for (file, document) in &agreements {
        let (client, contract) = contract(&register, document);
        if contract.over() < at("2018-07-01T00:00:00Z") {
            continue;
        }
        others += 1;
        for instant in [REPORTED, WEEK_OVER, "2018-06-29T23:59:59Z"].map(at) {
            assert!(client.takes_grants(instant), "{file}");
            for purpose in &document.purposes {
                let given = |relation| given(client, &purpose.purpose, relation, instant);
                let named = |fields: &[String]| schema.resolve(fields).unwrap();
                assert_eq!(given(Relation::Viewer), named(&purpose.viewer), "{file} {instant}");
                assert_eq!(given(Relation::Friend), named(&purpose.friend), "{file} {instant}");
            }
        }
    }
    assert_eq!(others, 60 - 22 - 1);
}

/// What a pledge is called in files.
fn kind_of(pledge: &PledgeDocument) -> String {
    match serde_json::to_value(pledge).unwrap() {
        serde_json::Value::Object(members) => members.keys().next().unwrap().clone(),
        named => named.as_str().unwrap().to_owned(),
    }
}

#[test]
fn every_kind_of_pledge_is_made_by_some_agreement() {
    let agreements = agreements("agreements");
    let pledges = agreements.values().flat_map(|document| &document.pledges);
    let made: BTreeSet<_> = pledges.map(kind_of).collect();
    assert_eq!(made, PledgeDocument::NAMES.map(str::to_owned).into());
}

/// An agreement alone in a register, with a build that declares all that it gives.
struct Alone<'a> {
    document: &'a AgreementDocument,
    schema: FieldSchema,
    register: Register,
}

impl<'a> Alone<'a> {
    fn new(document: &'a AgreementDocument, partner: &FilePartner) -> Self {
        let mut founding = Founding::new();
        founding.partner(partner);
        founding.agreement(document);
        let all = |fields: fn(&PurposeDocument) -> &[String]| {
            let fields = document.purposes.iter().flat_map(fields).cloned();
            fields.collect::<BTreeSet<_>>().into_iter().collect()
        };
        founding.build(&Build {
            build: name("everything"),
            client: document.client.clone(),
            package: "example.everything".to_owned(),
            signer: Digest([0; 32]),
            version_code: 1,
            artifact: Digest([0; 32]),
            purposes: document.purposes.iter().map(|purpose| purpose.purpose.clone()).collect(),
            viewer: all(|purpose| &purpose.viewer),
            friend: all(|purpose| &purpose.friend),
        });
        Self { document, schema: shipped(), register: founding.register }
    }

    fn asks(&self) -> (&Client, &RegisteredBuild) {
        (&self.register.clients()[&self.document.client], &self.register.builds()["everything"])
    }

    /// Everything that is open to somebody at some time, from the founding on: for each stretch of time in
    /// which nothing changes, by purpose and people.
    fn open(&self) -> Vec<Open<'_>> {
        let (client, build) = self.asks();
        let masks = Masks::new(Arc::new(self.register.clone()), None);
        let mut all = Vec::new();
        let mut now = at(FOUNDED);
        while now < Timestamp::MAX {
            let mut next = Timestamp::MAX;
            for purpose in &self.document.purposes {
                let purpose = &purpose.purpose;
                for people in PEOPLE {
                    let clauses = masks.clauses(client, build, purpose, people, now);
                    next = next.min(clauses.holds_until());
                    let fields = clauses.open().and(self.schema.all());
                    let (from, until) = (now, next);
                    all.push(Open { purpose, people, fields, from, until });
                }
            }
            now = next;
        }
        // The stretch ends when the first of them changes.
        let ends: BTreeMap<_, _> = all.iter().map(|open| (open.from, open.until)).collect();
        all.iter_mut().for_each(|open| open.until = ends[&open.from]);
        all.retain(|open| !open.fields.is_empty());
        all
    }
}

/// What is open from one second to another.
struct Open<'a> {
    purpose: &'a Identifier,
    people: (Relation, bool),
    fields: FieldSet,
    from: Timestamp,
    until: Timestamp,
}

impl Open<'_> {
    /// The fields that break a pledge which closes `closed` from `since` on.
    fn beyond(&self, closed: FieldSet, since: Timestamp) -> Option<String> {
        let fields = self.fields.and(closed);
        let (relation, minor) = self.people;
        let shown = || {
            let (who, minor) = (relation.name(), if minor { ", a minor" } else { "" });
            let at = self.from.max(since);
            format!("{} of {who}{minor} for {} at {at}", names(fields), self.purpose)
        };
        (!fields.is_empty() && self.until > since).then(shown)
    }
}

/// A request that gets what a pledge forbids, if there is one.
fn counterexample(
    pledge: &PledgeDocument,
    document: &AgreementDocument,
    partner: &FilePartner,
) -> Option<String> {
    let (alone, schema) = (Alone::new(document, partner), shipped());
    let open = alone.open();
    let (any, first) = (FieldSet::ALL, at(FOUNDED));
    let of_friends = |open: &&Open<'_>| open.people.0 == Relation::Friend;
    let resolve = |fields: &[String]| schema.resolve(fields).unwrap();
    match pledge {
        // These are the register's own work, whatever an agreement says.
        PledgeDocument::ApprovedBuilds | PledgeDocument::Validity | PledgeDocument::Consent => None,
        PledgeDocument::NoSpecialCategories(purpose) => {
            let mut of_purpose = open.iter().filter(|open| open.purpose == purpose);
            of_purpose.find_map(|open| open.beyond(schema.special(), first))
        }
        PledgeDocument::Minors(fields) => {
            let closed = any.without(resolve(fields));
            let mut minors = open.iter().filter(|open| open.people.1);
            minors.find_map(|open| open.beyond(closed, first))
        }
        PledgeDocument::Never(fields) => {
            let closed = resolve(fields);
            open.iter().find_map(|open| open.beyond(closed, first))
        }
        PledgeDocument::EndsBy(end) => open.iter().find_map(|open| open.beyond(any, *end)),
        PledgeDocument::FriendsEndBy(end) => {
            open.iter().filter(of_friends).find_map(|open| open.beyond(any, *end))
        }
        PledgeDocument::CertifiedWithinDays(days) => {
            let signed = first.max(document.not_before);
            let since = signed.plus_seconds(u64::from(*days) * SECONDS_PER_DAY);
            open.iter().find_map(|open| open.beyond(any, since))
        }
        PledgeDocument::Territory(pledged) => outside(pledged, document, partner),
    }
}

/// What partners get that are not in the pledged countries, themselves or their parents.
fn outside(
    pledged: &[Country],
    document: &AgreementDocument,
    partner: &FilePartner,
) -> Option<String> {
    let nowhere = Country::parse("ZZ").unwrap();
    let countries = document.territory.iter().chain([&nowhere]);
    let mut outside = countries.filter(|country| !pledged.contains(country));
    outside.find_map(|country| {
        let country = *country;
        let seat = FilePartner { country, parent_country: pledged[0], ..partner.clone() };
        let parent = FilePartner { country: pledged[0], parent_country: country, ..seat.clone() };
        [seat, parent].iter().find_map(|partner| {
            let alone = Alone::new(document, partner);
            let found = alone.open().iter().find_map(|open| open.beyond(FieldSet::ALL, open.from));
            found.map(|found| format!("{found}, partner or parent in {country}"))
        })
    })
}

fn by_name(file: &str) -> BTreeMap<Identifier, FilePartner> {
    partners(file).into_iter().map(|partner| (partner.id.clone(), partner)).collect()
}

#[test]
fn under_the_default_rules_every_pledge_of_the_sixty_holds() {
    let partners = by_name("partners.toml");
    for (file, document) in agreements("agreements") {
        for pledge in &document.pledges {
            let found = counterexample(pledge, &document, &partners[&document.partner]);
            assert_eq!(found, None, "{file}: {pledge}");
        }
    }
}

/// Each broken agreement, and a request that shows it.
const BROKEN: [(&str, &str); 13] = [
    (
        "certified-too-seldom",
        "id friends name birthday location of self for address-book at 2018-06-30T00:00:00Z",
    ),
    (
        "certified-without-cure",
        "id friends name birthday location of self for address-book at 2019-04-01T00:00:00Z",
    ),
    (
        "ends-before-last-renewal",
        "id friends name birthday location of self for address-book at 2018-07-01T00:00:00Z",
    ),
    (
        "ends-before-not-after",
        "id friends name birthday location of self for address-book at 2018-12-01T00:00:00Z",
    ),
    (
        "friends-a-second-late",
        "id name birthday of friend for address-book at 2018-07-01T00:00:00Z",
    ),
    ("friends-by-fields", "id of friend for address-book at 2018-07-01T00:00:00Z"),
    ("friends-without-step", "id name birthday of friend for address-book at 2018-07-01T00:00:00Z"),
    ("minors-too-narrow", "name of friend, a minor for address-book at 2018-04-01T00:00:00Z"),
    (
        "never-in-second-purpose",
        "relationship_status of friend for gift-ideas at 2018-04-01T00:00:00Z",
    ),
    ("never-in-self", "work of self for address-book at 2018-04-01T00:00:00Z"),
    ("special-category-of-viewer", "religion of self for address-book at 2018-04-01T00:00:00Z"),
    (
        "territory-not-agreed",
        "id friends name birthday location of self for address-book at 2018-04-01T00:00:00Z, partner or parent in ZZ",
    ),
    (
        "territory-too-wide",
        "id friends name birthday location of self for address-book at 2018-04-01T00:00:00Z, partner or parent in US",
    ),
];

#[test]
fn each_broken_agreement_is_read_and_breaks_one_pledge_in_its_own_way() {
    let partners = by_name("broken/partners.toml");
    let broken = agreements("broken");
    assert_eq!(broken.len(), BROKEN.len());
    for (file, expected) in BROKEN {
        let document = &broken[file];
        let partner = &partners[&document.partner];
        let pledges = document.pledges.iter();
        let found: Vec<_> =
            pledges.filter_map(|pledge| counterexample(pledge, document, partner)).collect();
        assert_eq!(found, [expected], "{file}");
    }
}

#[test]
fn a_friend_a_second_late_is_released_in_that_second_alone() {
    let broken = agreements("broken");
    let document = &broken["friends-a-second-late"];
    let partner = &by_name("broken/partners.toml")[&document.partner];
    let alone = Alone::new(document, partner);
    let (client, _) = alone.asks();
    let friend = |text| given(client, &name("address-book"), Relation::Friend, at(text));
    assert!(!friend("2018-07-01T00:00:00Z").is_empty());
    assert!(friend("2018-07-01T00:00:01Z").is_empty());
}
