//! A log with real signatures and a realistic mix: sixty partners with an agreement and two approved builds each, and
//! then disclosures about a viewer and friends, with an act here and there.

use std::path::Path;

use countersign_domain::act::{
    Act, AgreementAct, Published, Reinstatement, ReviewOutcome, Subject, Suspension,
};
use countersign_domain::agreement::{AgreementDocument, Delivery, PurposeDocument};
use countersign_domain::build::Build;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_domain::schema::Field;
use countersign_fixtures::documents::{self, BEGINNING_S, keys, review, rules};
use countersign_fixtures::keys::{public_key, signed};
use countersign_fixtures::world::ORIGIN;
use countersign_fixtures::{at, name, names, schema};
use countersign_protocol::canonical;
use countersign_protocol::entry::{Disclosure, DisclosureKind, ENTRY_VERSION, Entry};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::site::Writer;

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
        self.act(Act::Keys(keys()), &["root"]);
        let is_special = |name| ["religion", "political", "interested_in"].contains(&name);
        let fields = FIELDS.map(|name| Field { special: is_special(name), ..schema::field(name) });
        let digest = self.document(&schema::document(fields));
        self.act(Act::FieldSchema(Published { digest }), &REVIEWERS);
        let digest = self.document(&rules(&["KP"]));
        self.act(Act::Rules(Published { digest }), &REVIEWERS);
    }

    /// A partner, its agreement, and two approved builds.
    fn take_in(&mut self, number: u64) {
        let partner = format!("partner-{number}");
        let by = format!("partner:{partner}");
        let (id, key) = (name(&partner), public_key(&by));
        let legal_name = format!("Partner {number} Ltd");
        let partner = Partner { id, name: legal_name, key, ..documents::partner() };
        self.act(Act::Partner(partner), &REVIEWERS);
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
            client: name(&format!("client-{partner}")),
            package: format!("example.partner{partner}.home"),
            version_code: u32::try_from(version).unwrap() + 1,
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
            ..documents::build(build_name(partner, version).as_str())
        };
        self.act(Act::Build(build), &[&format!("partner:partner-{partner}")]);
    }

    fn approve(&mut self, partner: u64, version: u64) {
        let build = build_name(partner, version);
        self.act(review(build.as_str(), ReviewOutcome::Approve), &REVIEWERS);
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
            time: at(self.clock_s),
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
        let by: Vec<_> = signers.iter().map(|by| by.parse().unwrap()).collect();
        let signed = signed(act, ORIGIN, at(self.clock_s), &by);
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
        agreement: name(&format!("agreement-{number}")),
        partner: name(&format!("partner-{number}")),
        client: name(&format!("client-{number}")),
        not_after: at(BEGINNING_S + TERM_S),
        purposes: ["experience", "backup"].map(purpose).to_vec(),
        wind_down: Vec::new(),
        ..documents::agreement()
    }
}
