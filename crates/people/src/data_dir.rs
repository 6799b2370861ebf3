//! Where the files of an instance are, under the folder that `countersign init` made.

use std::path::{Path, PathBuf};

/// The folder of an instance.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The instance in this folder.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.0.join("countersign.toml")
    }

    /// The field schema as people edit it.
    #[must_use]
    pub fn schema(&self) -> PathBuf {
        self.0.join("fields.toml")
    }

    /// The embedded people store: primary data, to be backed up.
    #[must_use]
    pub fn people(&self) -> PathBuf {
        self.0.join("people")
    }

    /// The stream of entries and annexes with what belongs to it: primary data, to be backed up. The
    /// public site of the log lies beside it, in `log/`.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.0.clone()
    }

    /// Where commands reach the server that runs; absent while none does.
    #[must_use]
    pub fn server_address(&self) -> PathBuf {
        self.0.join("stream/server")
    }

    /// The public web site of the log, which any static host can serve.
    #[must_use]
    pub fn site(&self) -> PathBuf {
        self.0.join("log")
    }

    /// The log's public key, in the form that outsiders give it to a verifier: not on the site, since who trusts the
    /// site for the key proves nothing.
    #[must_use]
    pub fn log_vkey(&self) -> PathBuf {
        self.0.join("log.vkey")
    }

    /// The directory of accounts: primary data, to be backed up with its key, `keys/vrf.key`.
    #[must_use]
    pub fn account_directory(&self) -> PathBuf {
        self.0.join("directory")
    }

    /// The case files of screening: private, primary data, to be backed up.
    #[must_use]
    pub fn screening(&self) -> PathBuf {
        self.0.join("screening")
    }

    /// Who the canaries are: private, primary data, to be backed up with its key, `keys/canary.key`.
    #[must_use]
    pub fn canaries(&self) -> PathBuf {
        self.0.join("canaries.json")
    }

    /// The folder of the keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The key file of this name.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.keys().join(format!("{name}.key"))
    }

    /// The text that opens the admin API.
    #[must_use]
    pub fn admin_token(&self) -> PathBuf {
        self.keys().join("admin.token")
    }

    /// The text that opens the metrics.
    #[must_use]
    pub fn metrics_token(&self) -> PathBuf {
        self.keys().join("metrics.token")
    }

    /// The text that opens `/decide`.
    #[must_use]
    pub fn decide_token(&self) -> PathBuf {
        self.keys().join("decide.token")
    }
}
