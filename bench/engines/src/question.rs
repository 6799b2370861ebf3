//! The question that every contender is asked: which of forty fields of each of 338 friends are released. A
//! real register, an agreement from its file, an approved build, a grant, and people with settings of their own.
//!
//! What it is not: an answer. Contenders give that, and the first one is the product's.

use std::sync::Arc;

use countersign_domain::act::{
    Act, AgreementAct, Keys, Published, Review, ReviewOutcome, Reviewer,
};
use countersign_domain::build::Build;
use countersign_domain::decide::Candidate;
use countersign_domain::digest::Digest;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::PublicKey;
use countersign_domain::mask::Basis;
use countersign_domain::partner::{Country, Partner};
use countersign_domain::person::{Handle, PairwiseId};
use countersign_domain::register::{Document, Register};
use countersign_domain::route::Route;
use countersign_domain::rules::{RULES_VERSION, RulesDocument};
use countersign_domain::schema::{FieldSchema, SchemaDocument};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_policy::agreement;
use countersign_policy::mask::Masks;

use crate::Trouble;
use crate::random::Random;

const SHIPPED_FIELDS: &str = include_str!("../../../crates/service/schema/fields.toml");
const MORE_FIELDS: &str = include_str!("../world/more-fields.toml");
const AGREEMENT: &str = include_str!("../world/forty-fields.agreement.toml");
const BUILD: &str = include_str!("../world/build.toml");

/// How many friends the viewer has.
pub(crate) const FRIENDS: usize = 338;

/// How many fields are asked of each.
pub(crate) const FIELDS: usize = 40;

/// 3 June 2018, noon.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_528_027_200);

/// When everything was concluded: 1 January 2018.
const FOUNDED: Timestamp = Timestamp::from_seconds(1_514_764_800);

/// The purpose that is asked for.
pub(crate) const PURPOSE: &str = "address-book";

/// The question, with all that any contender needs to know.
pub(crate) struct Question {
    pub(crate) schema: FieldSchema,
    pub(crate) register: Arc<Register>,
    pub(crate) basis: Arc<Basis>,
    pub(crate) grant: Grant,
    /// The viewer, then the friends.
    pub(crate) people: Vec<Candidate>,
    /// What is asked of each friend.
    pub(crate) asked: FieldSet,
}

impl Question {
    /// Founds the register and makes people whose settings follow from the seed.
    pub(crate) fn new(seed: u64) -> Result<Self, Trouble> {
        let register = Arc::new(register()?);
        let schema = register.schema().ok_or("there is no schema")?.clone();
        let masks = Masks::new(Arc::clone(&register), None);
        let basis = masks.basis("aurora-home@1", PURPOSE, NOW).ok_or("nothing was compiled")?;
        let asked = schema.all().without(FieldSet::of(FieldId::FRIENDS));
        let closed = schema.resolve(&["email", "hometown", "likes"])?;
        let grant = Grant {
            client: basis.client.clone(),
            purpose: basis.purpose.clone(),
            viewer: schema.all(),
            friend: asked.without(closed),
            until: NOW.plus_seconds(3_600),
        };
        let people = people(&mut Random::new(seed), schema.all());
        Ok(Self { schema, register, basis, grant, people, asked })
    }

    /// The friends.
    pub(crate) fn friends(&self) -> &[Candidate] {
        self.people.get(1..).unwrap_or_default()
    }

    /// The fields that are asked of each friend, the id first: who may not have that has nothing.
    pub(crate) fn fields(&self) -> Vec<FieldId> {
        self.asked.iter().collect()
    }

    /// What a friend has opened to friends' devices.
    pub(crate) fn open(friend: &Candidate) -> FieldSet {
        friend.settings.open(Route::FriendsDevice)
    }

    /// The names of these fields.
    pub(crate) fn names(&self, fields: FieldSet) -> Vec<&str> {
        self.schema.names(fields).collect()
    }
}

/// People of whom most are open to most, some to nothing, and one in ten is a minor.
fn people(random: &mut Random, all: FieldSet) -> Vec<Candidate> {
    let person = |number: usize, open: FieldSet, minor: bool| {
        let mut name = [0; 16];
        name[8..].copy_from_slice(&(number as u64).to_be_bytes());
        let settings = Settings::CLOSED.with(Route::MyDevice, all).with(Route::FriendsDevice, open);
        Candidate {
            handle: Handle(name),
            pairwise: PairwiseId(name),
            settings,
            present: all,
            minor,
        }
    };
    let mut people = vec![person(0, all, false)];
    for number in 1..=FRIENDS {
        let mut open = FieldSet::EMPTY;
        for field in all.iter() {
            // The id is open to most, so that most are in the answer.
            let in_100 = if field == FieldId::ID { 90 } else { 60 };
            if random.below(100) < in_100 {
                open = open.with(field);
            }
        }
        people.push(person(number, open, random.below(10) == 0));
    }
    people
}

fn schema() -> Result<SchemaDocument, Trouble> {
    Ok(toml::from_str(&format!("{SHIPPED_FIELDS}\n{MORE_FIELDS}"))?)
}

fn name(text: &str) -> Result<Identifier, Trouble> {
    Ok(Identifier::parse(text)?)
}

/// A register with one agreement, founded by acts as any other.
fn register() -> Result<Register, Trouble> {
    let key = |number: u8| PublicKey([number; 32]);
    let published = || Published { digest: Digest([0; 32]) };
    let reviewers = vec![
        Reviewer { id: name("ines")?, key: key(3) },
        Reviewer { id: name("otto")?, key: key(4) },
    ];
    let schema = schema()?;
    let checked = FieldSchema::from_document(schema.clone())?;
    let document = agreement::read(AGREEMENT, &checked)?;
    let concluded = AgreementAct {
        agreement: document.agreement.clone(),
        partner: document.partner.clone(),
        client: document.client.clone(),
        digest: Digest([0; 32]),
    };
    let build: Build = toml::from_str(BUILD)?;
    let review = Review { build: build.build.clone(), outcome: ReviewOutcome::Approve };
    let acts = [
        (Act::Keys(Keys { root: key(1), receipts: key(2), reviewers }), None),
        (Act::FieldSchema(published()), Some(Document::Schema(schema))),
        (Act::Rules(published()), Some(Document::Rules(rules()))),
        (Act::Partner(partner(key(5))?), None),
        (Act::Agreement(concluded), Some(Document::Agreement(Box::new(document)))),
        (Act::Build(build), None),
        (Act::Review(review), None),
    ];
    let mut register = Register::default();
    for (index, (act, document)) in (0..).zip(acts) {
        register.apply(index, FOUNDED, &act, document)?;
    }
    Ok(register)
}

fn partner(key: PublicKey) -> Result<Partner, Trouble> {
    let country = Country::parse("NL")?;
    Ok(Partner {
        id: name("aurora")?,
        name: "Aurora Home B.V.".to_owned(),
        country,
        parent: None,
        parent_country: country,
        owners: Vec::new(),
        key,
    })
}

/// The rules with which an instance is founded.
fn rules() -> RulesDocument {
    RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: false,
        minor_friend_fields: vec!["id".to_owned(), "name".to_owned()],
        closed_territories: Vec::new(),
        screening_required: false,
        cedar: String::new(),
    }
}
