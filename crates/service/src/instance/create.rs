//! Making an instance: keys, tokens, configuration, field schema, an empty store of people, and a log that begins with
//! the platform's first acts.

use std::collections::BTreeSet;
use std::path::Path;

use countersign_domain::act::{Keys, Reviewer, Signer as ActSigner};
use countersign_domain::budget::BudgetsDocument;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::rules::{RULES_VERSION, RulesDocument};
use countersign_people::data_dir::DataDir;
use countersign_people::durable_file;
use countersign_people::keys::{KeyError, SecretKey};
use countersign_people::store::{LogMark, People, StoreOptions};
use countersign_policy::budget::preset::harvest;
use countersign_protocol::note::NoteKey;

use super::{ClockTrust, InstanceError, log};
use crate::claimed_folder::{ClaimedFolder, make_folder};
use crate::clock;
use crate::governance::{self, FirstDocuments, Founders};
use crate::people::schema;
use crate::settings::Settings;

/// What a new instance begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The text of its configuration.
    pub configuration: String,
    /// What the text says.
    pub settings: Settings,
    /// The reviewers.
    pub reviewers: Vec<Identifier>,
    /// Whether the preset `harvest` is in force from the first entry on.
    pub harvest_budget: bool,
    /// The digest of the page that checks ledgers, for reviewers to sign.
    pub ledger_page: Digest,
}

/// A new instance.
#[derive(Clone, Debug)]
pub struct Created {
    /// The log's key, as outsiders give it to a verifier.
    pub log_key: String,
    /// How many entries the log has.
    pub entries: u64,
}

/// The keys that are made for the platform itself.
const PLATFORM_KEYS: [&str; 5] = ["log", "receipts", "root", "tokens", "vrf"];

/// Makes a new instance in an empty or new folder.
///
/// # Errors
/// [`InstanceError`]. Then nothing is left behind: nobody has the keys yet, so none is lost.
pub fn create(path: &Path, founding: &Founding) -> Result<Created, InstanceError> {
    check(founding)?;
    let directory = DataDir::new(path);
    let claimed = ClaimedFolder::claim(path, &directory.keys())?;
    claimed.filled(|| fill(&directory, founding))
}

/// Makes all files of an instance whose folder, and the one of its keys, are there.
fn fill(directory: &DataDir, founding: &Founding) -> Result<Created, InstanceError> {
    let path = directory.keys().join("reviewers");
    make_folder(&path).map_err(|error| InstanceError::File { path, error })?;
    write_new(&directory.config(), &founding.configuration, 0o644)?;
    write_new(&directory.schema(), schema::DEFAULT_SCHEMA, 0o644)?;
    for name in PLATFORM_KEYS {
        SecretKey::generate()?.write_new(&directory.key(name))?;
    }
    for path in [directory.admin_token(), directory.metrics_token(), directory.decide_token()] {
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(KeyError::Randomness)?;
        write_new(&path, &const_hex::encode(token), 0o600)?;
    }
    let reviewers = make_reviewers(directory, &founding.reviewers)?;
    let people = People::open(&directory.people(), StoreOptions::default())?;
    let budgets = founding.harvest_budget.then(harvest).transpose()?;
    found_log(directory, founding, &people, reviewers, budgets.as_ref())
}

/// Looks at all that can be refused before there is anything.
fn check(founding: &Founding) -> Result<(), InstanceError> {
    let different: BTreeSet<_> = founding.reviewers.iter().collect();
    if different.len() < 2 || different.len() != founding.reviewers.len() {
        return Err(InstanceError::Reviewers);
    }
    // Any key will do: what matters is the name.
    NoteKey::new(&founding.settings.origin, SecretKey::generate()?.public())?;
    Ok(())
}

/// What holds for everybody in a new instance, until other rules are published.
#[must_use]
pub fn default_rules(ledger_page: Digest) -> RulesDocument {
    RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: false,
        minor_friend_fields: vec!["id".to_owned(), "name".to_owned()],
        closed_territories: Vec::new(),
        screening_required: false,
        ledger_page: Some(ledger_page),
        cedar: String::new(),
    }
}

fn make_reviewers(
    directory: &DataDir,
    names: &[Identifier],
) -> Result<Vec<(Identifier, SecretKey)>, InstanceError> {
    let mut reviewers = Vec::new();
    for name in names {
        let key = SecretKey::generate()?;
        key.write_new(&directory.key(&format!("reviewers/{name}")))?;
        reviewers.push((name.clone(), key));
    }
    Ok(reviewers)
}

fn found_log(
    directory: &DataDir,
    founding: &Founding,
    people: &People,
    reviewers: Vec<(Identifier, SecretKey)>,
    budgets: Option<&BudgetsDocument>,
) -> Result<Created, InstanceError> {
    let settings = &founding.settings;
    let root = SecretKey::read(&directory.key("root"))?;
    let keys = Keys {
        root: root.public(),
        receipts: SecretKey::read(&directory.key("receipts"))?.public(),
        reviewers: reviewers
            .iter()
            .map(|(id, key)| Reviewer { id: id.clone(), key: key.public() })
            .collect(),
    };
    let reviewers = reviewers.into_iter().map(|(id, key)| (ActSigner::Reviewer(id), key)).collect();
    let founders = Founders { root, reviewers };
    let schema = schema::read(&directory.schema())?;
    let now = clock::now();
    let (schema, rules) = (schema.to_document(), default_rules(founding.ledger_page));
    let documents = FirstDocuments { schema: &schema, rules: &rules, budgets };
    let acts = governance::founding_acts(&settings.origin, &founders, keys, &documents, now)?;
    let (log, _) = log::open_or_make(directory, settings, ClockTrust::Watched)?;
    let submitted = acts.into_iter().try_for_each(|act| {
        governance::submit_blocking(&log, act)?;
        Ok::<_, InstanceError>(())
    });
    // Also behind a failure: nothing writes any more then to what is removed.
    log.shutdown();
    submitted?;
    let entries = log.head();
    people.put_log_mark(LogMark { stream: log.stream_id(), entries })?;
    let log_key = log::key(directory, &settings.origin)?;
    write_new(&directory.log_vkey(), &format!("{log_key}\n"), 0o644)?;
    Ok(Created { log_key, entries })
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), InstanceError> {
    durable_file::create_new(path, text.as_bytes(), mode)
        .map_err(|error| InstanceError::File { path: path.to_owned(), error })
}
