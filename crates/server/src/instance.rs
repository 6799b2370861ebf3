//! An instance as the program puts it together: its configuration, the application, and its HTTP side.

use std::path::Path;
use std::sync::Arc;

use countersign_domain::identifier::Identifier;
use countersign_http::gateway::Gateway;
use countersign_http::ledger_page;
use countersign_http::network::listen::Listen;
use countersign_http::start_files::{StartFileError, StartFiles};
use countersign_people::data_dir::DataDir;
use countersign_people::keys::KeyError;
use countersign_service::instance::create::{Created, Founding, create};
use countersign_service::instance::open::open;
use countersign_service::instance::{ClockTrust, InstanceError};
use countersign_toml::Given;

use crate::config::{self, Config, ConfigError};

/// What a new instance is asked to be.
#[derive(Clone, Debug)]
pub struct NewInstance {
    /// The name of the log.
    pub origin: String,
    /// Where to listen.
    pub listen: Listen,
    /// The address under which clients reach it; that at which it listens, without one.
    pub public_url: Option<String>,
    /// The reviewers.
    pub reviewers: Vec<Identifier>,
    /// Whether anybody may sign in as anybody.
    pub demo_login: bool,
    /// Whether the preset `harvest` is in force from the first entry on.
    pub harvest_budget: bool,
}

/// An instance that cannot be made or started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Without a certificate nobody outside may reach the server.
    #[error(
        "--listen: begin with a loopback address or a socket file, then set listen with [tls], or with trusted_proxies, in countersign.toml"
    )]
    ListenOutside,
    /// The configuration that the new instance would have.
    #[error("nothing was made: {message}")]
    Settings {
        /// The key, what was found and what is allowed.
        message: String,
    },
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that it is served with.
    #[error(transparent)]
    StartFile(#[from] StartFileError),
    /// The application.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] KeyError),
}

impl NewInstance {
    /// What it is founded with, once all that can be refused in its configuration has been looked at.
    ///
    /// # Errors
    /// [`StartError::ListenOutside`], [`StartError::Settings`].
    pub fn founding(self) -> Result<Founding, StartError> {
        if !self.listen.is_of_this_machine() {
            return Err(StartError::ListenOutside);
        }
        let demo_login = format!("demo_login = {}", self.demo_login);
        let public_url = self.public_url.unwrap_or_else(|| match &self.listen {
            Listen::Tcp(address) => format!("http://{address}"),
            Listen::Unix(_) => "http://localhost".to_owned(),
        });
        let configuration = config::new_text(&self.origin, &self.listen.to_string(), &public_url)
            .replace("demo_login = false", &demo_login);
        let config = Config::check_text(&configuration)
            .map_err(|error| StartError::Settings { message: error.without_place() })?;
        Ok(Founding {
            configuration,
            settings: config.settings(),
            reviewers: self.reviewers,
            harvest_budget: self.harvest_budget,
            ledger_page: ledger_page::digest(),
        })
    }

    /// Makes it in an empty or new folder.
    ///
    /// # Errors
    /// [`StartError`]. Then nothing is left behind.
    pub fn create(self, folder: &Path) -> Result<Created, StartError> {
        Ok(create(folder, &self.founding()?)?)
    }
}

/// Opens an instance for serving, with what options give in the place of what its configuration says.
///
/// # Errors
/// [`StartError`], naming the file, key or format that is wrong.
pub async fn start(
    directory: &DataDir,
    trust: ClockTrust,
    options: &[Given],
) -> Result<Arc<Gateway>, StartError> {
    let config = Config::read_given(&directory.config(), options)?;
    let files = StartFiles::read(directory, config.tls.as_ref())?;
    let service = open(directory, config.settings(), trust).await?;
    if let Err(otherwise) = ledger_page::compare(&service.log.register()) {
        tracing::warn!("{otherwise}");
    }
    Ok(Arc::new(Gateway::new(service, config.http_settings(), files)?))
}
