//! Registers made by applying acts, as the log does it, without signatures.

use countersign_domain::act::{
    Act, AgreementAct, Certification, Keys, ObligationAct, Published, Review, ReviewOutcome,
    Suspension, WindDown,
};
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::build::Build;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::PublicKey;
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::partner::{Country, Partner};
use countersign_domain::register::{Document, Register};
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::SchemaDocument;
use countersign_domain::screening::{Outcome, ScreeningAct, ScreeningList};
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::WindDownDocument;

pub(crate) const PARTNER: &str = "aurora";
pub(crate) const CLIENT: &str = "aurora-home";
pub(crate) const BUILD: &str = "aurora-home@1";

pub(crate) fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

/// A register under construction; every act stands one entry further and is signed at `now`.
pub(crate) struct Governed {
    pub(crate) register: Register,
    pub(crate) now: Timestamp,
    next: u64,
}

impl Governed {
    /// Keys, schema and rules are in force.
    pub(crate) fn new(schema: &SchemaDocument, rules: RulesDocument, now: Timestamp) -> Self {
        let mut governed = Self { register: Register::default(), now, next: 0 };
        let key = |number| PublicKey([number; 32]);
        let keys = Keys { root: key(1), receipts: key(2), reviewers: Vec::new() };
        governed.act(&Act::Keys(keys), None);
        let published = || Published { digest: Digest([0; 32]) };
        governed.act(&Act::FieldSchema(published()), Some(Document::Schema(schema.clone())));
        governed.act(&Act::Rules(published()), Some(Document::Rules(rules)));
        governed
    }

    /// Applies an act that has to be possible; its entry.
    pub(crate) fn act(&mut self, act: &Act, document: Option<Document>) -> u64 {
        self.register.apply(self.next, self.now, act, document).unwrap();
        self.next += 1;
        self.next - 1
    }

    pub(crate) fn partner(&mut self, country: Country, parent_country: Country) {
        self.act(
            &Act::Partner(Partner {
                id: name(PARTNER),
                name: "Aurora Devices".to_owned(),
                country,
                parent: None,
                parent_country,
                owners: Vec::new(),
                key: PublicKey([9; 32]),
            }),
            None,
        );
    }

    pub(crate) fn conclude(&mut self, document: AgreementDocument) -> u64 {
        let act = Act::Agreement(AgreementAct {
            agreement: document.agreement.clone(),
            partner: document.partner.clone(),
            client: document.client.clone(),
            digest: Digest([self.next as u8; 32]),
        });
        self.act(&act, Some(Document::Agreement(Box::new(document))))
    }

    pub(crate) fn submit(&mut self, purposes: &[&str], viewer: &[String], friend: &[String]) {
        let build = Build {
            build: name(BUILD),
            client: name(CLIENT),
            package: "example.home".to_owned(),
            signer: Digest([1; 32]),
            version_code: 1,
            artifact: Digest([2; 32]),
            purposes: purposes.iter().map(|purpose| name(purpose)).collect(),
            viewer: viewer.to_vec(),
            friend: friend.to_vec(),
        };
        self.act(&Act::Build(build), None);
    }

    pub(crate) fn review(&mut self, outcome: ReviewOutcome) -> u64 {
        self.act(&Act::Review(Review { build: name(BUILD), outcome }), None)
    }

    pub(crate) fn suspend(&mut self, subject: &str) -> u64 {
        let subject = subject.parse().unwrap();
        self.act(&Act::Suspension(Suspension { subject, reason: "audit".to_owned() }), None)
    }

    pub(crate) fn screen(&mut self, outcome: Outcome) -> u64 {
        let list = ScreeningList { list: name("csl"), digest: Digest([4; 32]), entries: 1 };
        let report = Digest([5; 32]);
        let (partner, lists) = (name(PARTNER), vec![list]);
        self.act(&Act::Screening(ScreeningAct { partner, lists, outcome, report }), None)
    }

    pub(crate) fn demand(&mut self, agreement: &str, due: Timestamp) -> u64 {
        let step = ObligationStep::Demanded {
            agreement: name(agreement),
            what: Duty::Deletion,
            due,
            reason: "audit".to_owned(),
        };
        let (partner, obligation) = (name(PARTNER), name("deletion-1"));
        self.act(&Act::Obligation(ObligationAct { partner, obligation, step }), None)
    }

    pub(crate) fn certify(&mut self, agreement: &str, categories: Vec<String>) -> u64 {
        let (agreement, client, partner) = (name(agreement), name(CLIENT), name(PARTNER));
        let act = Certification { agreement, client, partner, categories };
        self.act(&Act::Certification(act), None)
    }

    pub(crate) fn wind_down(&mut self, agreement: &str, steps: Vec<WindDownDocument>) -> u64 {
        let (agreement, client) = (name(agreement), name(CLIENT));
        let act = WindDown { agreement, client, steps, reason: "the end".to_owned() };
        self.act(&Act::WindDown(act), None)
    }
}
