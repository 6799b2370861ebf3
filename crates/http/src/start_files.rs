//! The files that an instance is served with: the platform's own tokens, and the certificate. `countersign check` reads
//! them by the same function, so that it passes nothing that the start refuses.

use countersign_people::data_dir::DataDir;

use crate::bearer::{BearerToken, TokenFileError};
use crate::network::tls::Certificate;
use crate::settings::Tls;

/// What an instance is served with.
pub struct StartFiles {
    /// What the admin API asks for.
    pub admin_token: BearerToken,
    /// What the metrics ask for; the admin token opens them too.
    pub metrics_token: BearerToken,
    /// What `/decide` asks for.
    pub decide_token: BearerToken,
    /// The certificate with its key, where there is one.
    pub tls: Option<Certificate>,
}

/// A file that nothing is served with.
#[derive(Debug, thiserror::Error)]
pub enum StartFileError {
    /// A token of the platform's own.
    #[error(transparent)]
    Token(#[from] TokenFileError),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(std::io::Error),
}

impl StartFiles {
    /// Reads them.
    ///
    /// # Errors
    /// [`StartFileError`], naming the file that is wrong.
    pub fn read(directory: &DataDir, tls: Option<&Tls>) -> Result<Self, StartFileError> {
        let folder = directory.path();
        let read = |tls: &Tls| Certificate::read(tls, folder).map_err(StartFileError::Tls);
        Ok(Self {
            admin_token: BearerToken::read(&directory.admin_token())?,
            metrics_token: BearerToken::read(&directory.metrics_token())?,
            decide_token: BearerToken::read(&directory.decide_token())?,
            tls: tls.map(read).transpose()?,
        })
    }
}
