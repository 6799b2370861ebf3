//! How a command reaches the log of an instance: through the server that runs on it, or, while none
//! runs, by opening it.

use std::path::Path;

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
#[cfg(feature = "prove")]
use countersign_domain::rules::PlatformRules;
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::{Field, FieldSchema, SCHEMA_VERSION, SchemaDocument};
use countersign_domain::screening::Screened;
use countersign_log::Log;
use countersign_policy::budget::Budgets;
use countersign_protocol::site_path::DOCUMENTS_FOLDER;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::Failure;
use super::running::Running;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::gateway::admin::acts::{Posted, Taken};
use crate::governance::{self, Submission};
use crate::instance;
use crate::store::People;

/// An instance with a way to its log.
pub(super) struct Reach {
    pub(super) directory: DataDir,
    pub(super) config: Config,
    way: Way,
}

/// What is read of the register.
#[derive(Deserialize)]
struct InForce {
    rules: Option<RulesDocument>,
}

/// What is read of the register about partners.
#[derive(Deserialize)]
pub(super) struct Partners {
    /// Every partner, in the order of their names.
    pub(super) partners: Vec<Partner>,
    /// The last screening of each that was screened.
    pub(super) screenings: Vec<Screened>,
}

/// The way to a log.
enum Way {
    Server(Running),
    /// The log itself, which no server can open meanwhile.
    Log(Log, Budgets),
}

impl Reach {
    /// Finds the server of the instance in this folder, or opens its log.
    pub(super) fn open(dir: &Path) -> Result<Self, Failure> {
        let directory = DataDir::new(dir);
        let config = Config::read(&directory.config())?;
        let way = match Running::find(&directory, &config)? {
            Some(running) => Way::Server(running),
            None => {
                let (log, budgets) = instance::open_log_counting(&directory, &config)?;
                Way::Log(log, budgets)
            }
        };
        Ok(Self { directory, config, way })
    }

    /// The server, if one runs.
    pub(super) const fn server(&self) -> Option<&Running> {
        match &self.way {
            Way::Server(running) => Some(running),
            Way::Log(..) => None,
        }
    }

    /// The log, while no server runs.
    pub(super) const fn log(&self) -> Option<&Log> {
        match &self.way {
            Way::Server(_) => None,
            Way::Log(log, _) => Some(log),
        }
    }

    /// The people, while no server runs; they are as new as the log.
    pub(super) fn people(&self) -> Result<People, Failure> {
        Ok(instance::open_people(&self.directory)?)
    }

    /// The log with the people whom its clients have reached, while no server runs.
    pub(super) const fn counted(&self) -> Option<(&Log, &Budgets)> {
        match &self.way {
            Way::Server(_) => None,
            Way::Log(log, budgets) => Some((log, budgets)),
        }
    }

    /// The field schema in force.
    pub(super) fn schema(&self) -> Result<FieldSchema, Failure> {
        /// What is read of the register.
        #[derive(Deserialize)]
        struct Fields {
            fields: Vec<Field>,
        }
        match &self.way {
            Way::Server(running) => {
                let Fields { fields } = running.get("/register")?;
                let document = SchemaDocument { version: SCHEMA_VERSION, fields };
                Ok(FieldSchema::from_document(document)?)
            }
            Way::Log(log, _) => {
                let register = log.register();
                register
                    .schema()
                    .cloned()
                    .ok_or_else(|| "there is no field schema in force yet".into())
            }
        }
    }

    /// The platform rules in force, checked.
    #[cfg(feature = "prove")]
    pub(super) fn rules(&self) -> Result<PlatformRules, Failure> {
        Ok(PlatformRules::from_document(&self.rules_document()?, &self.schema()?)?)
    }

    /// The document of the platform rules in force.
    pub(super) fn rules_document(&self) -> Result<RulesDocument, Failure> {
        let document = match &self.way {
            Way::Server(running) => {
                let InForce { rules } = running.get("/register")?;
                rules
            }
            Way::Log(log, _) => log.register().rules_document().cloned(),
        };
        document.ok_or_else(|| "there are no platform rules in force yet".into())
    }

    /// The partners, and how their last screenings stand in the log.
    pub(super) fn partners(&self) -> Result<Partners, Failure> {
        match &self.way {
            Way::Server(running) => Ok(running.get("/register")?),
            Way::Log(log, _) => {
                let register = log.register();
                let partners = register.partners().values().cloned().collect();
                let screenings = register.screenings().values().cloned().collect();
                Ok(Partners { partners, screenings })
            }
        }
    }

    /// An agreement that was concluded, as it was signed.
    pub(super) fn agreement(&self, name: &Identifier) -> Result<AgreementDocument, Failure> {
        /// What is read of the register.
        #[derive(Deserialize)]
        struct Clients {
            clients: Vec<Client>,
        }
        #[derive(Deserialize)]
        struct Client {
            agreements: Vec<Concluded>,
        }
        #[derive(Deserialize)]
        struct Concluded {
            agreement: Identifier,
            digest: Digest,
        }
        let found = match &self.way {
            Way::Server(running) => {
                let Clients { clients } = running.get("/register")?;
                let mut all = clients.into_iter().flat_map(|client| client.agreements);
                let digest = all.find(|one| one.agreement == *name).map(|one| one.digest);
                digest.map(|digest| self.document(digest)).transpose()?
            }
            Way::Log(log, _) => {
                let register = log.register();
                register.contract(name).map(|(_, contract)| contract.agreement.document.clone())
            }
        };
        found.ok_or_else(|| {
            let origin = self.config.origin();
            format!("there is no agreement {name} in the log {origin:?}; its register lists those that there are").into()
        })
    }

    /// A document of the site.
    fn document<T: DeserializeOwned>(&self, digest: Digest) -> Result<T, Failure> {
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

    /// Hands an act in; the index of its entry.
    pub(super) fn submit(&self, submission: Submission) -> Result<u64, Failure> {
        match &self.way {
            Way::Server(running) => {
                let Taken { index } = running.send("POST", "/acts", &Posted::of(submission)?)?;
                Ok(index)
            }
            Way::Log(log, _) => Ok(governance::submit_blocking(log, submission)?),
        }
    }
}

impl Drop for Reach {
    /// Publishes what was appended, so that a log that nobody serves is complete as well.
    fn drop(&mut self) {
        if let Way::Log(log, _) = &self.way {
            log.shutdown();
        }
    }
}
