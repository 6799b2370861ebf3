//! A log with real signatures and a realistic mix: sixty partners with an agreement and two approved builds each, and
//! then disclosures about a viewer and friends, with an act here and there.

use std::path::Path;

use countersign_domain::act::{
    Act, AgreementAct, Keys, Published, Reinstatement, Review, ReviewOutcome, Reviewer, Signer,
    Subject, Suspension,
};
use countersign_domain::agreement::{
    AGREEMENT_VERSION, AgreedDelivery, AgreementDocument, CertificationDocument, Delivery,
    PurposeDocument, Wait,
};
use countersign_domain::build::Build;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::{PublicKey, Signature};
use countersign_domain::obligation::{ObligationsDocument, OnwardTransfer};
use countersign_domain::partner::{Country, Partner};
use countersign_domain::route::ClientKind;
use countersign_domain::rules::{RULES_VERSION, RulesDocument};
use countersign_domain::schema::{Field, SCHEMA_VERSION, SchemaDocument, Sensitivity};
use countersign_domain::time::Timestamp;
use countersign_protocol::canonical;
use countersign_protocol::entry::{
    ActSignature, Disclosure, DisclosureKind, ENTRY_VERSION, Entry, SignedAct,
};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::site::Writer;

pub(crate) const ORIGIN: &str = "log.example/aurora";
pub(crate) const BEGINNING_S: u64 = 1_528_070_400;
pub(crate) const PARTNERS: u64 = 60;
/// Every so many entries something is done: in turn a build is submitted, approved, its client suspended, reinstated.
pub(crate) const ACT_EVERY: u64 = 500;
/// How many disclosures there are in a second.
pub(crate) const ANSWERS_PER_S: u64 = 100;
/// Three years: longer than any run of the measurement.
const TERM_S: u64 = 3 * 366 * 86_400;
const FIELDS: [&str; 32] = [
    "id",
    "friends",
    "name",
    "first_name",
    "middle_name",
    "last_name",
    "gender",
    "birthday",
    "email",
    "link",
    "website",
    "third_party_id",
    "locale",
    "timezone",
    "languages",
    "hometown",
    "location",
    "about",
    "quotes",
    "education",
    "work",
    "religion",
    "political",
    "interested_in",
    "relationship_status",
    "significant_other",
    "sports",
    "favorite_teams",
    "favorite_athletes",
    "inspirational_people",
    "verified",
    "updated_time",
];
const OF_FRIENDS: [&str; 7] =
    ["id", "name", "birthday", "hometown", "location", "education", "work"];
const REVIEWERS: [&str; 2] = ["reviewer:ann", "reviewer:bob"];

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn signing_key(whose: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(whose).into())
}

pub(crate) fn public_key(whose: &str) -> PublicKey {
    PublicKey(signing_key(whose).verifying_key().to_bytes())
}

pub(crate) fn sign(whose: &str, message: &[u8]) -> Signature {
    Signature(signing_key(whose).sign(message).to_bytes())
}

/// What is written, entry by entry.
pub(crate) struct World {
    pub(crate) site: Writer,
    clock_s: u64,
    last_act: u64,
    agreements: Vec<Digest>,
    /// How many signatures the acts have.
    pub(crate) signatures: u64,
    pub(crate) act_bytes: u64,
    pub(crate) acts: u64,
}

impl World {
    pub(crate) fn governed(folder: &Path) -> Self {
        let mut world = Self {
            site: Writer::new(folder),
            clock_s: BEGINNING_S,
            last_act: 0,
            agreements: Vec::new(),
            signatures: 0,
            act_bytes: 0,
            acts: 0,
        };
        world.set_up_rules();
        (0..PARTNERS).for_each(|number| world.take_in(number));
        world
    }

    fn set_up_rules(&mut self) {
        let reviewer =
            |id: &str| Reviewer { id: name(id), key: public_key(&format!("reviewer:{id}")) };
        let reviewers = ["ann", "bob", "eve"].map(reviewer).to_vec();
        let keys = Keys { root: public_key("root"), receipts: public_key("receipts"), reviewers };
        self.act(Act::Keys(keys), &["root"]);
        let field = |name: &str| Field {
            name: name.to_owned(),
            aliases: Vec::new(),
            category: "pd:Profile".to_owned(),
            sensitivity: Sensitivity::Low,
            special: ["religion", "political", "interested_in"].contains(&name),
            description: String::new(),
        };
        let schema = SchemaDocument { version: SCHEMA_VERSION, fields: FIELDS.map(field).to_vec() };
        let digest = self.document(&schema);
        self.act(Act::FieldSchema(Published { digest }), &REVIEWERS);
        let rules = RulesDocument {
            version: RULES_VERSION,
            special_categories_of_friends: false,
            minor_friend_fields: names(&["id"]),
            closed_territories: vec![Country::parse("KP").unwrap()],
            screening_required: false,
            ledger_page: None,
            cedar: String::new(),
        };
        let digest = self.document(&rules);
        self.act(Act::Rules(Published { digest }), &REVIEWERS);
    }

    /// A partner, its agreement, and two approved builds.
    fn take_in(&mut self, number: u64) {
        let partner = format!("partner-{number}");
        let by = format!("partner:{partner}");
        let country = Country::parse("IE").unwrap();
        self.act(
            Act::Partner(Partner {
                id: name(&partner),
                name: format!("Partner {number} Ltd"),
                country,
                parent: None,
                parent_country: country,
                owners: Vec::new(),
                key: public_key(&by),
            }),
            &REVIEWERS,
        );
        let agreement = agreement(number);
        let digest = self.document(&agreement);
        self.agreements.push(digest);
        let AgreementDocument { agreement, partner, client, .. } = agreement;
        let act = Act::Agreement(AgreementAct { agreement, partner, client, digest });
        self.act(act, &[&by, REVIEWERS[0], REVIEWERS[1]]);
        for version in 0..2 {
            self.submit(number, version);
            self.approve(number, version);
        }
    }

    fn submit(&mut self, partner: u64, version: u64) {
        let build = Build {
            build: build_name(partner, version),
            client: name(&format!("client-{partner}")),
            package: format!("example.partner{partner}.home"),
            signer: Digest([1; 32]),
            version_code: u32::try_from(version).unwrap() + 1,
            artifact: Digest([2; 32]),
            purposes: vec![name("experience")],
            viewer: names(&[
                "id",
                "friends",
                "name",
                "birthday",
                "hometown",
                "location",
                "education",
                "work",
                "email",
            ]),
            friend: names(&OF_FRIENDS),
        };
        self.act(Act::Build(build), &[&format!("partner:partner-{partner}")]);
    }

    fn approve(&mut self, partner: u64, version: u64) {
        let build = build_name(partner, version);
        self.act(Act::Review(Review { build, outcome: ReviewOutcome::Approve }), &REVIEWERS);
    }

    /// The next entry of everyday life.
    pub(crate) fn go_on(&mut self) {
        let index = self.site.size();
        self.clock_s = BEGINNING_S + index / ANSWERS_PER_S;
        if index.is_multiple_of(ACT_EVERY) {
            self.govern(index / ACT_EVERY);
        } else {
            self.disclose(index);
        }
    }

    /// Submission, approval, suspension and reinstatement come in turn, for one partner after the other.
    fn govern(&mut self, number: u64) {
        let (step, round) = (number % 4, number / 4);
        let (partner, version) = (round % PARTNERS, 2 + round / PARTNERS);
        let subject = || Subject::Client(name(&format!("client-{partner}")));
        let reason = format!("case {round}");
        match step {
            0 => self.submit(partner, version),
            // The first of a run may fall between a submission and its approval.
            1 if self.acts > 6 * PARTNERS + 3 => self.approve(partner, version),
            2 => {
                let act = Act::Suspension(Suspension { subject: subject(), reason });
                self.act(act, &REVIEWERS[..1]);
                self.act(
                    Act::Reinstatement(Reinstatement {
                        subject: subject(),
                        reason: "closed".to_owned(),
                    }),
                    &REVIEWERS,
                );
            }
            _ => self.disclose(self.site.size()),
        }
    }

    fn disclose(&mut self, index: u64) {
        let hash = Sha256::digest(index.to_be_bytes());
        let records = Digest(hash.into());
        let partner = index % PARTNERS;
        let alone = index.is_multiple_of(5);
        let viewer: &[&str] = match (alone, index % 3) {
            (true, _) => &["id", "name", "email"],
            (false, 0) => &["id", "friends", "name"],
            (false, _) => {
                &["id", "friends", "name", "birthday", "hometown", "location", "education", "work"]
            }
        };
        let entry = Entry::Disclosure(Disclosure {
            agreements: vec![self.agreements[partner as usize]],
            as_of: index - (index - self.last_act - 1).min(20),
            build: build_name(partner, index % 2),
            client: name(&format!("client-{partner}")),
            counted: (!alone).then_some(512),
            delivery: Delivery::Clear,
            friend: if alone { Vec::new() } else { names(&OF_FRIENDS) },
            kind: DisclosureKind::Disclosure,
            partner: name(&format!("partner-{partner}")),
            people: if alone { 1 } else { 256 },
            purpose: name("experience"),
            records,
            request: Digest(Sha256::digest(hash).into()),
            viewer: names(viewer),
            time: Timestamp::from_seconds(self.clock_s),
            v: ENTRY_VERSION,
        });
        self.site.push(&entry.to_bytes().unwrap());
    }

    fn document(&mut self, document: &impl Serialize) -> Digest {
        let bytes = canonical::to_bytes(document).unwrap();
        let digest = Digest(Sha256::digest(&bytes).into());
        self.site.document(&digest, &bytes);
        digest
    }

    fn act(&mut self, act: Act, signers: &[&str]) {
        let mut signed = SignedAct::unsigned(act, Timestamp::from_seconds(self.clock_s));
        let message = signed.message(ORIGIN).unwrap();
        let signature = |by: &&str| {
            let signer = by.parse::<Signer>().unwrap();
            ActSignature { by: signer, sig: sign(by, &message) }
        };
        signed.signatures = signers.iter().map(signature).collect();
        let bytes = Entry::Act(signed).to_bytes().unwrap();
        self.last_act = self.site.size();
        self.signatures += signers.len() as u64;
        self.act_bytes += bytes.len() as u64;
        self.acts += 1;
        self.site.push(&bytes);
    }
}

fn build_name(partner: u64, version: u64) -> Identifier {
    name(&format!("client-{partner}@{version}"))
}

fn agreement(number: u64) -> AgreementDocument {
    let purpose = |purpose: &str| PurposeDocument {
        purpose: name(purpose),
        dpv: "dpv:ServiceProvision".to_owned(),
        viewer: names(&FIELDS),
        friend: names(&OF_FRIENDS),
    };
    AgreementDocument {
        version: AGREEMENT_VERSION,
        agreement: name(&format!("agreement-{number}")),
        partner: name(&format!("partner-{number}")),
        client: name(&format!("client-{number}")),
        kind: ClientKind::Device,
        not_before: Timestamp::from_seconds(BEGINNING_S),
        not_after: Timestamp::from_seconds(BEGINNING_S + TERM_S),
        platform: "Example Platform".to_owned(),
        renewal: None,
        territory: Vec::new(),
        delivery: AgreedDelivery::Clear,
        wait: Wait::Durable,
        query_token: false,
        certification: CertificationDocument::DEFAULT,
        obligations: ObligationsDocument {
            retention_days: 365,
            deletion_days: 30,
            onward_transfer: OnwardTransfer::None,
        },
        budgets: Vec::new(),
        pledges: Vec::new(),
        purposes: ["experience", "backup"].map(purpose).to_vec(),
        wind_down: Vec::new(),
    }
}
