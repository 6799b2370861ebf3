//! The application: what an instance does, each operation once, with typed requests, results and errors. HTTP and
//! commands are adapters of it.
//!
//! What it is not: it knows no status, header or body of HTTP, and no argument of a command. Wire errors are made at
//! the wire.

use std::sync::Arc;

use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, PairwiseId};
use countersign_domain::preset::Preset;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_log::clock_watch::ClockJump;
use countersign_log::signer::Signer;
use countersign_people::data_dir::DataDir;
use countersign_people::store::{People, StoreError, Way};
use countersign_policy::budget::Budgets;
use countersign_source::{Naming, Source, SourceError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use self::error::OperationError;
use crate::canaries::Canaries;
use crate::closes::Closes;
use crate::consents::Consents;
use crate::settings::Settings;
use crate::witnesses::Witnesses;

pub mod acts;
pub mod attention;
pub mod budgets;
pub mod canaries;
pub mod choice;
pub mod circumstances;
pub mod client_secrets;
pub mod credentials;
pub mod disclosure;
pub mod disk;
pub mod documents;
pub mod erasure;
pub mod error;
pub mod explain;
pub mod export;
pub mod feed;
pub mod granted;
pub mod grants;
pub mod health;
pub mod history;
pub mod hold;
pub mod masks;
pub mod optional;
pub mod periods;
pub mod principal;
pub mod proof;
pub mod register;
pub mod room;
pub mod roster;
pub mod settings;
pub mod status;
pub mod token;
pub mod token_metrics;
pub mod tokens;
pub mod usage;
pub mod vocabulary;

/// An instance that is open.
pub struct Service {
    /// What it was opened with.
    pub settings: Settings,
    /// The log's key, as outsiders give it to a verifier.
    pub log_key: String,
    /// Where the instance's files are.
    pub directory: DataDir,
    /// The log.
    pub log: Log,
    /// Who cosigns the log's checkpoints, if anybody.
    pub witnesses: Option<Arc<Witnesses>>,
    /// The people whom clients have reached, by which the log admits.
    pub budgets: Budgets,
    /// Handles, settings and grants.
    pub people: Arc<People>,
    /// What tells the log what people choose.
    pub consents: Consents,
    /// What closes the log's periods, and makes people's ledgers.
    pub closes: Arc<Closes>,
    /// Fictitious accounts, with values of their own toward each partner.
    pub canaries: Canaries,
    /// Profiles and friendships.
    pub source: Source,
    /// What names people of whom a platform tells by account.
    pub naming: Naming,
    /// Access tokens.
    pub tokens: token::Tokens,
    /// The key that signs receipts.
    pub receipts: Arc<dyn Signer>,
    /// The masks, compiled.
    pub masks: masks::MaskCache,
    /// What each client used of its hour.
    pub usage: Arc<usage::Usage>,
    /// The disk of the log, and the room on it that is kept.
    pub disk: disk::LogDisk,
    /// Room for operations of batches, of all batches together.
    pub operations: Arc<Semaphore>,
    /// By which way choices come that are made here.
    pub way: Way,
}

/// Receipts would be signed with a key that outsiders do not know of.
#[derive(Debug, thiserror::Error)]
#[error("keys/receipts.key is not the receipts key of the register, so nothing is released")]
pub struct ReceiptsKeyError;

impl Service {
    /// The person of this account, enrolled if only the platform knows of them yet.
    ///
    /// # Errors
    /// [`SourceError::UnknownPerson`] for an account that nobody has, and others if the source cannot tell.
    pub async fn person(&self, account: &str) -> Result<Handle, SourceError> {
        let person = self.source.person(&self.naming, account).await?;
        person.ok_or(SourceError::UnknownPerson)
    }

    /// The register, as of the newest entry.
    #[must_use]
    pub fn register(&self) -> Arc<Register> {
        self.log.register()
    }

    /// The time, unless the machine's clock was set further forward than is believed.
    ///
    /// # Errors
    /// [`ClockJump`].
    pub fn now(&self) -> Result<Timestamp, ClockJump> {
        self.log.believed_now()
    }

    /// The account of a person who is not erased.
    #[must_use]
    pub fn account_of(&self, person: Handle) -> Option<String> {
        self.people.account_of(person)
    }

    /// The person of this account, if they are known here already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn known_person(&self, account: &str) -> Result<Option<Handle>, StoreError> {
        self.people.person_of_account(account)
    }

    /// The time, for an operation that dates by it.
    ///
    /// # Errors
    /// [`OperationError`] while the machine's clock is not believed.
    fn believed_now(&self) -> Result<Timestamp, OperationError> {
        self.now().map_err(|error| OperationError::failed(&error))
    }

    /// What a partner calls this person.
    #[must_use]
    pub fn pairwise(&self, person: Handle, partner: &Identifier) -> Option<PairwiseId> {
        self.people.pairwise(person, partner)
    }

    /// Does something with the field schema in force.
    ///
    /// # Errors
    /// What `work` returns, and [`OperationError`] where there is no schema.
    fn with_schema<T>(
        &self,
        work: impl FnOnce(&FieldSchema) -> Result<T, OperationError>,
    ) -> Result<T, OperationError> {
        let register = self.log.register();
        work(register.schema().ok_or_else(|| OperationError::not_found("field schema"))?)
    }

    /// Does what waits for the disk where it holds up nobody else. It goes on if the caller goes away.
    ///
    /// # Errors
    /// What `work` returns.
    async fn beside<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, OperationError> + Send + 'static,
    ) -> Result<T, OperationError> {
        let this = Arc::clone(self);
        spawn_blocking(move || work(&this)).await.map_err(OperationError::internal)?
    }

    /// Whether the preset `legacy-2014` is on: somebody has it, or new people get it. While the store cannot
    /// tell, the pages rather say it than not.
    #[must_use]
    pub fn is_legacy_2014_on(&self) -> bool {
        let is_default = self.settings.source.new_people() == Preset::Legacy2014;
        is_default || self.people.legacy_2014_count().map_or(true, |count| count > 0)
    }

    /// A receipt that the register's key does not verify would be worth nothing, so nothing is logged then.
    ///
    /// # Errors
    /// [`ReceiptsKeyError`].
    pub fn check_receipts_key(&self, register: &Register) -> Result<(), ReceiptsKeyError> {
        let known = register.keys().map(|keys| keys.receipts);
        if known == Some(self.receipts.public_key()) { Ok(()) } else { Err(ReceiptsKeyError) }
    }
}
