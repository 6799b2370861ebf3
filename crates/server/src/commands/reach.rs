//! How a command reaches an instance: through the server that runs on it, or, while none runs, by opening it.
//! Operations are the same either way.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
#[cfg(feature = "prove")]
use countersign_domain::rules::PlatformRules;
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::{FieldSchema, SCHEMA_VERSION, SchemaDocument};
use countersign_log::Log;
use countersign_people::data_dir::DataDir;
use countersign_people::store::People;
use countersign_policy::budget::Budgets;
use countersign_protocol::site_path::DOCUMENTS_FOLDER;
use countersign_service::clock;
use countersign_service::governance::{self, Submission, Taken};
use countersign_service::instance::{log, open};
use countersign_service::operations::Service;
use countersign_service::operations::acts::Posted;
use countersign_service::operations::error::OperationError;
use countersign_service::operations::register::ShownRegister;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use super::Failure;
use super::running::{Call, Running};
use crate::config::Config;

/// An instance with a way to its log.
pub(super) struct Reach {
    pub(super) directory: DataDir,
    pub(super) config: Config,
    way: Way,
}

/// The way to an instance.
enum Way {
    Server(Running),
    /// The instance itself, which no server can open meanwhile.
    Here(Here),
}

/// An instance that this command has open: its log, and the rest of it once that is asked for.
struct Here {
    log: Log,
    budgets: Budgets,
    runtime: Runtime,
    service: OnceCell<Arc<Service>>,
}

impl Reach {
    /// Finds the server of the instance in this folder, or opens its log.
    pub(super) fn open(dir: &Path) -> Result<Self, Failure> {
        let directory = DataDir::new(dir);
        let config = Config::read(&directory.config())?;
        let way = match Running::find(&directory, &config)? {
            Some(running) => Way::Server(running),
            None => {
                let (log, budgets) = log::open_counting(&directory, &config.settings())?;
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                Way::Here(Here { log, budgets, runtime, service: OnceCell::new() })
            }
        };
        Ok(Self { directory, config, way })
    }

    /// Has an operation done: by the server that runs, with this call, or here, where none does.
    pub(super) fn call<A: DeserializeOwned>(
        &self,
        call: &Call,
        here: impl AsyncFnOnce(&Arc<Service>) -> Result<A, OperationError>,
    ) -> Result<A, Failure> {
        match &self.way {
            Way::Server(running) => Ok(running.call(call)?),
            Way::Here(_) => self.here(here),
        }
    }

    /// The same for an operation that comes to bytes.
    pub(super) fn call_bytes(
        &self,
        call: &Call,
        here: impl AsyncFnOnce(&Arc<Service>) -> Result<Vec<u8>, OperationError>,
    ) -> Result<Vec<u8>, Failure> {
        match &self.way {
            Way::Server(running) => Ok(running.bytes(call)?),
            Way::Here(_) => self.here(here),
        }
    }

    /// Has an operation done here, which no server does.
    ///
    /// # Errors
    /// What the operation says, and that a server runs.
    pub(super) fn here<A>(
        &self,
        work: impl AsyncFnOnce(&Arc<Service>) -> Result<A, OperationError>,
    ) -> Result<A, Failure> {
        let Way::Here(here) = &self.way else {
            return Err("this is done while no server runs: stop the server first".into());
        };
        let service = match here.service.get() {
            Some(service) => service,
            None => {
                let opened = here.runtime.block_on(open::open_for_command(
                    &self.directory,
                    &self.config.settings(),
                    here.log.clone(),
                    here.budgets.clone(),
                ))?;
                here.service.get_or_init(|| Arc::new(opened))
            }
        };
        Ok(here.runtime.block_on(work(service))?)
    }

    /// Whether a server runs.
    pub(super) const fn has_server(&self) -> bool {
        matches!(self.way, Way::Server(_))
    }

    /// The log, while no server runs.
    pub(super) const fn log(&self) -> Option<&Log> {
        match &self.way {
            Way::Server(_) => None,
            Way::Here(here) => Some(&here.log),
        }
    }

    /// The people, while no server runs; they are as new as the log.
    pub(super) fn people(&self) -> Result<People, Failure> {
        Ok(open::open_people(&self.directory)?)
    }

    /// The register as it is now.
    pub(super) fn register(&self) -> Result<ShownRegister, Failure> {
        match &self.way {
            Way::Server(running) => Ok(running.call(&Call::get("/register"))?),
            Way::Here(Here { log, .. }) => Ok(ShownRegister::of(&log.register(), clock::now())),
        }
    }

    /// The field schema in force.
    pub(super) fn schema(&self) -> Result<FieldSchema, Failure> {
        let fields = self.register()?.fields;
        if fields.is_empty() {
            return Err("there is no field schema in force yet".into());
        }
        Ok(FieldSchema::from_document(SchemaDocument { version: SCHEMA_VERSION, fields })?)
    }

    /// The platform rules in force, checked.
    #[cfg(feature = "prove")]
    pub(super) fn rules(&self) -> Result<PlatformRules, Failure> {
        Ok(PlatformRules::from_document(&self.rules_document()?, &self.schema()?)?)
    }

    /// The document of the platform rules in force.
    pub(super) fn rules_document(&self) -> Result<RulesDocument, Failure> {
        let rules = self.register()?.rules;
        rules.ok_or_else(|| "there are no platform rules in force yet".into())
    }

    /// An agreement that was concluded, as it was signed.
    pub(super) fn agreement(&self, name: &Identifier) -> Result<AgreementDocument, Failure> {
        let register = self.register()?;
        match register.agreement(name) {
            Some((_, contract)) => self.document(contract.digest),
            None => Err(self.no_agreement(name)),
        }
    }

    /// There is none of this name.
    pub(super) fn no_agreement(&self, name: &impl std::fmt::Display) -> Failure {
        let origin = self.config.origin();
        format!("there is no agreement {name} in the log {origin:?}; those that there are: countersign agreement list").into()
    }

    /// A document of the site.
    pub(super) fn document<T: DeserializeOwned>(&self, digest: Digest) -> Result<T, Failure> {
        let path = self.directory.site().join(DOCUMENTS_FOLDER).join(format!("{digest}.json"));
        let shown = path.display();
        let bytes = std::fs::read(&path).map_err(|error| format!("{shown}: {error}"))?;
        if Digest(Sha256::digest(&bytes).into()) != digest {
            return Err(
                format!("{shown}: it is not what its name says; see `countersign check`").into()
            );
        }
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Hands an act in: where it stands then, or stood already.
    pub(super) fn submit(&self, submission: Submission) -> Result<Taken, Failure> {
        match &self.way {
            Way::Server(running) => {
                Ok(running.call(&Call::send("POST", "/acts", &Posted::of(submission)?)?)?)
            }
            Way::Here(Here { log, .. }) => Ok(governance::submit_blocking(log, submission)?),
        }
    }
}

impl Drop for Reach {
    /// Publishes what was appended, so that a log that nobody serves is complete as well.
    fn drop(&mut self) {
        if let Way::Here(here) = &self.way {
            here.log.shutdown();
        }
    }
}
