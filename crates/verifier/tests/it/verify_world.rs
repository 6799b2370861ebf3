//! A small log with real keys, which tests fill with the truth and with lies.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_domain::act::{
    Act, AgreementAct, Keys, Published, Review, ReviewOutcome, Reviewer, Signer,
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
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_protocol::canonical;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::{
    ActSignature, Disclosure, DisclosureKind, ENTRY_VERSION, Entry, SignedAct,
};
use countersign_protocol::merkle::{Hash, leaf_hash, root_of_leaves};
use countersign_protocol::note::NoteKey;
use countersign_protocol::tile::{TileKind, paths, push_entry};
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::{Rule, Verdict};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(crate) const ORIGIN: &str = "log.example/aurora";
/// When the log begins.
pub(crate) const BEGINNING_S: u64 = 1_528_070_400;
/// When the agreement's wind-down ends the field `work`.
pub(crate) const WORK_ENDS_S: u64 = BEGINNING_S + 86_400;
/// When the agreement ends.
pub(crate) const AGREEMENT_ENDS_S: u64 = BEGINNING_S + 2 * 86_400;
const FIELDS: [&str; 7] = ["id", "friends", "name", "work", "religion", "email", "birthday"];

pub(crate) fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

pub(crate) const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// The key of a signer, the log (`log`) and the receipts (`receipts`), derived from the name.
pub(crate) fn signing_key(whose: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(whose).into())
}

pub(crate) fn public_key(whose: &str) -> PublicKey {
    PublicKey(signing_key(whose).verifying_key().to_bytes())
}

pub(crate) fn sign(whose: &str, message: &[u8]) -> Signature {
    Signature(signing_key(whose).sign(message).to_bytes())
}

pub(crate) fn log_key() -> NoteKey {
    NoteKey::new(ORIGIN, public_key("log")).unwrap()
}

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) documents: BTreeMap<Digest, Vec<u8>>,
    pub(crate) clock_s: u64,
}

impl World {
    pub(crate) const fn empty() -> Self {
        Self { entries: Vec::new(), documents: BTreeMap::new(), clock_s: BEGINNING_S }
    }

    /// A log in which build `aurora-home@41` may be answered.
    pub(crate) fn governed() -> Self {
        let mut world = Self::empty();
        world.set_up_rules();
        let partner = partner();
        world.act(Act::Partner(partner), &["reviewer:ann", "reviewer:bob"]);
        let agreement = world.agreement_act(&agreement());
        world.act(agreement, &["partner:aurora", "reviewer:ann", "reviewer:bob"]);
        world.act(Act::Build(build("aurora-home@41")), &["partner:aurora"]);
        world.act(
            review("aurora-home@41", ReviewOutcome::Approve),
            &["reviewer:ann", "reviewer:bob"],
        );
        world
    }

    fn set_up_rules(&mut self) {
        self.act(Act::Keys(keys()), &["root"]);
        let digest = self.document(&schema());
        self.act(Act::FieldSchema(Published { digest }), &["reviewer:ann", "reviewer:bob"]);
        let digest = self.document(&rules(&["KP"]));
        self.act(Act::Rules(Published { digest }), &["reviewer:ann", "reviewer:bob"]);
    }

    pub(crate) fn document(&mut self, document: &impl Serialize) -> Digest {
        let bytes = canonical::to_bytes(document).unwrap();
        let digest = Digest(Sha256::digest(&bytes).into());
        self.documents.insert(digest, bytes);
        digest
    }

    pub(crate) fn agreement_act(&mut self, document: &AgreementDocument) -> Act {
        Act::Agreement(AgreementAct {
            agreement: document.agreement.clone(),
            partner: document.partner.clone(),
            client: document.client.clone(),
            digest: self.document(document),
        })
    }

    /// Appends an act, signed by these at this time.
    pub(crate) fn act(&mut self, act: Act, signers: &[&str]) -> u64 {
        let mut signed = SignedAct::unsigned(act, at(self.clock_s));
        let message = signed.message(ORIGIN).unwrap();
        signed.signatures = signers
            .iter()
            .map(|by| ActSignature { by: by.parse::<Signer>().unwrap(), sig: sign(by, &message) })
            .collect();
        self.push(&Entry::Act(signed))
    }

    pub(crate) fn push(&mut self, entry: &Entry) -> u64 {
        self.entries.push(entry.to_bytes().unwrap());
        self.size() - 1
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// A disclosure that is right as the next entry.
    pub(crate) fn disclosure(&self) -> Disclosure {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Disclosure {
            agreements: vec![Digest(
                Sha256::digest(canonical::to_bytes(&agreement()).unwrap()).into(),
            )],
            as_of: self.size(),
            build: name("aurora-home@41"),
            client: name("aurora-home"),
            counted: None,
            delivery: Delivery::Clear,
            friend: names(&["id", "name", "work"]),
            kind: DisclosureKind::Disclosure,
            partner: name("aurora"),
            people: 4,
            purpose: name("experience"),
            records: Digest([7; 32]),
            request: Digest([8; 32]),
            viewer: names(&["id", "friends", "name"]),
            time: at(self.clock_s),
            v: ENTRY_VERSION,
        }
    }

    /// Appends a disclosure that is right but for this change.
    pub(crate) fn disclose(&mut self, change: impl FnOnce(&mut Disclosure)) -> u64 {
        let mut disclosure = self.disclosure();
        change(&mut disclosure);
        self.push(&Entry::Disclosure(disclosure))
    }

    pub(crate) fn hashes(&self) -> Vec<Hash> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    pub(crate) fn checkpoint(&self) -> String {
        let root = root_of_leaves(self.hashes());
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: self.size(), root };
        checkpoint.sign(&log_key(), |message| sign("log", message)).unwrap()
    }

    /// Writes the log's public files.
    pub(crate) fn publish(&self, folder: &Path) {
        let mut levels = vec![self.hashes()];
        while let Some(below) = levels.last().filter(|level| level.len() >= 256) {
            let (full, _) = below.as_chunks::<256>();
            levels.push(full.iter().map(|tile| root_of_leaves(*tile)).collect());
        }
        for path in paths(self.size()) {
            let from = path.index as usize * 256;
            let range = from..from + usize::from(path.width);
            let bytes = match path.kind {
                TileKind::Hashes { level } => levels[usize::from(level)][range].concat(),
                TileKind::Entries => {
                    let mut bundle = Vec::new();
                    for entry in &self.entries[range] {
                        push_entry(&mut bundle, entry).unwrap();
                    }
                    bundle
                }
            };
            write(&folder.join(path.to_string()), &bytes);
        }
        for (digest, bytes) in &self.documents {
            write(&folder.join(format!("documents/{digest}.json")), bytes);
        }
        write(&folder.join("checkpoint"), self.checkpoint().as_bytes());
    }

    /// What an outsider says about it.
    pub(crate) fn verdict(&self) -> Verdict {
        let folder = tempfile::tempdir().unwrap();
        self.publish(folder.path());
        verdict(folder.path())
    }
}

pub(crate) fn verdict(folder: &Path) -> Verdict {
    let key = log_key();
    let question = Question::new(&key, at(BEGINNING_S + 3 * 86_400));
    check_log(&FolderSite::new(folder), &question, |_| {}).unwrap().verdict
}

/// The rules that failed, each with the entries that it failed for.
pub(crate) fn failed(verdict: &Verdict) -> Vec<(Rule, Option<u64>)> {
    let mut failed: Vec<_> = verdict.failures.iter().map(|f| (f.rule, f.entry)).collect();
    failed.sort_unstable();
    failed.dedup();
    failed
}

/// Compares a committed file with what it should be. With COUNTERSIGN_BLESS=1 it is written instead.
pub(crate) fn golden(path: &Path, bytes: &[u8]) {
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        write(path, bytes);
    }
    let found = std::fs::read(path).unwrap_or_default();
    assert!(
        found == bytes,
        "{} is another one; COUNTERSIGN_BLESS=1 writes it anew",
        path.display()
    );
}

/// Replaces the file, as a publisher does: who reads meanwhile reads the one or the other.
fn write(path: &Path, bytes: &[u8]) {
    let folder = path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    let beside = folder.join(format!("{name}.new"));
    std::fs::write(&beside, bytes).unwrap();
    std::fs::rename(beside, path).unwrap();
}

pub(crate) fn keys() -> Keys {
    let reviewer = |id: &str| Reviewer { id: name(id), key: public_key(&format!("reviewer:{id}")) };
    Keys {
        root: public_key("root"),
        receipts: public_key("receipts"),
        reviewers: ["ann", "bob", "eve"].map(reviewer).to_vec(),
    }
}

pub(crate) fn schema() -> SchemaDocument {
    let field = |name: &str| Field {
        name: name.to_owned(),
        aliases: Vec::new(),
        category: "pd:Name".to_owned(),
        sensitivity: Sensitivity::Low,
        special: name == "religion",
        description: String::new(),
    };
    SchemaDocument { version: SCHEMA_VERSION, fields: FIELDS.map(field).to_vec() }
}

pub(crate) fn rules(closed: &[&str]) -> RulesDocument {
    RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: false,
        minor_friend_fields: vec!["id".to_owned()],
        closed_territories: closed.iter().map(|c| Country::parse(c).unwrap()).collect(),
        screening_required: false,
        ledger_page: None,
        cedar: String::new(),
    }
}

pub(crate) fn partner() -> Partner {
    Partner {
        id: name("aurora"),
        name: "Aurora Devices Ltd".to_owned(),
        country: Country::parse("IE").unwrap(),
        parent: None,
        parent_country: Country::parse("FI").unwrap(),
        owners: Vec::new(),
        key: public_key("partner:aurora"),
    }
}

pub(crate) fn agreement() -> AgreementDocument {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let purpose = |purpose: &str| PurposeDocument {
        purpose: name(purpose),
        dpv: "dpv:ServiceProvision".to_owned(),
        viewer: names(&["id", "friends", "name", "work", "religion", "birthday"]),
        friend: names(&["id", "name", "work", "religion", "birthday"]),
    };
    AgreementDocument {
        version: AGREEMENT_VERSION,
        agreement: name("aurora-2018"),
        partner: name("aurora"),
        client: name("aurora-home"),
        kind: ClientKind::Device,
        not_before: at(BEGINNING_S),
        not_after: at(AGREEMENT_ENDS_S),
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
        wind_down: vec![WindDownDocument {
            at: at(WORK_ENDS_S),
            ends: EndsDocument::Fields(names(&["work"])),
        }],
    }
}

pub(crate) fn build(build: &str) -> Build {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Build {
        build: name(build),
        client: name("aurora-home"),
        package: "example.aurora.home".to_owned(),
        signer: Digest([1; 32]),
        version_code: 41,
        artifact: Digest([2; 32]),
        purposes: vec![name("experience")],
        viewer: names(&["id", "friends", "name", "work", "religion"]),
        friend: names(&["id", "name", "work", "religion"]),
    }
}

pub(crate) fn review(build: &str, outcome: ReviewOutcome) -> Act {
    Act::Review(Review { build: name(build), outcome })
}
