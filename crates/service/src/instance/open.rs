//! Opening an instance: for serving, or for a command while no server runs.

use std::sync::Arc;

use countersign_log::Log;
use countersign_log::backend::posix::Posix;
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_people::store::{People, StoreOptions, Way};
use countersign_policy::budget::Budgets;
use countersign_protocol::note::NoteKey;
use countersign_source::{Naming, Source};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{ClockTrust, InstanceError, log};
use crate::canaries::Canaries;
use crate::closes::{CloseError, Closes};
use crate::consents::Consents;
use crate::file_signer::FileSigner;
use crate::operations::Service;
use crate::operations::disk::LogDisk;
use crate::operations::masks::MaskCache;
use crate::operations::room::OPERATIONS_AT_ONCE_MAX;
use crate::operations::token::Tokens;
use crate::operations::usage::Usage;
use crate::people::beginning::Beginning;
use crate::recovery;
use crate::settings::Settings;
use crate::start_files::{StartFileError, StartFiles, compare_receipts_key, open_source};
use crate::witnesses::Witnesses;

/// Opens an instance for serving.
///
/// # Errors
/// [`InstanceError`], naming the file, key or format that is wrong.
pub async fn open(
    directory: &DataDir,
    settings: Settings,
    trust: ClockTrust,
) -> Result<Service, InstanceError> {
    let files = StartFiles::read(directory, &settings)?;
    let people = People::open_existing(&directory.people(), StoreOptions::default())?;
    let (log, budgets) = log::open_by(directory, &settings, trust)?;
    let people = Arc::new(compared(people, directory)?);
    let register = log.register();
    let schema = files.compare(directory, &register)?;
    let (naming, source) = open_source(directory, &settings, &people, schema).await?;
    let parts = Parts {
        directory: directory.clone(),
        log_key: files.log_key,
        receipts: files.receipts,
        token_key: files.token_key,
        canaries: files.canaries,
        witnesses: files.witnesses.map(Arc::new),
        settings,
        log,
        budgets,
        people,
        naming,
        source,
    };
    let service = parts.service(Way::AdminApi).await?;
    // Before anybody is served: what a crash cut short.
    service.consents.tell().await?;
    Ok(service)
}

/// Opens the rest of an instance whose log is open, for a command, while no server runs. A source that cannot be opened
/// is told of when somebody is asked for who is not known here.
///
/// # Errors
/// [`InstanceError`], naming the file, key or format that is wrong.
pub async fn open_for_command(
    directory: &DataDir,
    settings: &Settings,
    log: Log,
    budgets: Budgets,
) -> Result<Service, InstanceError> {
    let people = Arc::new(open_people(directory)?);
    let log_key = SecretKey::read(&directory.key("log"))?.public();
    let register = log.register();
    let receipts = Arc::new(FileSigner::read(&directory.key("receipts"))?);
    compare_receipts_key(directory, &receipts, &register)?;
    let schema = register.schema().ok_or(StartFileError::NoSchema)?;
    let (naming, source) =
        open_source(directory, settings, &people, schema).await.or_else(|error| {
            let newcomers = Beginning::from(settings.source.new_people()).choice(schema, "");
            let naming = Naming::new(Arc::clone(&people), newcomers);
            Ok::<_, InstanceError>((naming, Source::Unopened { reason: error.to_string() }))
        })?;
    let parts = Parts {
        directory: directory.clone(),
        log_key: NoteKey::new(&settings.origin, log_key)?,
        receipts,
        token_key: SecretKey::read(&directory.key("tokens"))?,
        canaries: Canaries::open(directory, settings.canary.email_domain.clone())?,
        witnesses: None,
        settings: settings.clone(),
        log,
        budgets,
        people,
        naming,
        source,
    };
    parts.service(Way::Command).await
}

/// What an instance is put together from.
struct Parts {
    directory: DataDir,
    settings: Settings,
    log_key: NoteKey,
    log: Log,
    budgets: Budgets,
    people: Arc<People>,
    naming: Naming,
    source: Source,
    receipts: Arc<FileSigner>,
    token_key: SecretKey,
    canaries: Canaries,
    witnesses: Option<Arc<Witnesses>>,
}

impl Parts {
    /// The instance. Choices that are made here come by this way.
    async fn service(self, way: Way) -> Result<Service, InstanceError> {
        let Self { directory, settings, log, people, receipts, canaries, .. } = self;
        canaries.check(&people)?;
        let closes = open_closes(&directory, &log, &people, settings.log.close_every_s).await?;
        Ok(Service {
            log_key: self.log_key.to_string(),
            consents: Consents::new(Arc::clone(&people), log.clone(), receipts.clone()),
            closes,
            canaries,
            naming: self.naming,
            tokens: Tokens::new(&settings.origin, settings.tokens.lifetime_s, &self.token_key),
            masks: MaskCache::new(log.register(), settings.witnesses.is_some()),
            source: self.source,
            usage: Arc::new(Usage::new(&settings.limits)),
            disk: LogDisk::new(directory.log(), settings.log.disk_reserve_mib << 20),
            operations: Arc::new(Semaphore::new(OPERATIONS_AT_ONCE_MAX)),
            people,
            receipts,
            witnesses: self.witnesses,
            log,
            budgets: self.budgets,
            directory,
            settings,
            way,
        })
    }
}

/// Opens the people of an instance whose log is open and not written to. They are as new as the log, or refused.
///
/// # Errors
/// [`InstanceError::Store`], [`InstanceError::Recovery`].
pub fn open_people(directory: &DataDir) -> Result<People, InstanceError> {
    compared(People::open_existing(&directory.people(), StoreOptions::default())?, directory)
}

/// These people, held against the log beside them.
fn compared(people: People, directory: &DataDir) -> Result<People, InstanceError> {
    let mark = recovery::check(&people, &Posix::new(directory.log()))?;
    people.put_log_mark(mark)?;
    Ok(people)
}

/// Making whole what a crash left of a close reads a whole period.
async fn open_closes(
    directory: &DataDir,
    log: &Log,
    people: &Arc<People>,
    every_s: u64,
) -> Result<Arc<Closes>, InstanceError> {
    let (directory, log, people) = (directory.clone(), log.clone(), Arc::clone(people));
    let opened = spawn_blocking(move || Closes::open(&directory, log, people, every_s));
    // It is cut short only by a panic, which has been told of.
    let opened = opened.await.unwrap_or(Err(CloseError::UnderWay));
    Ok(Arc::new(opened?))
}
