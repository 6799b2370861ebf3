//! A real directory in memory, under a fixed key, so that its proofs are the same every time.

use std::sync::Arc;

use akd::directory::Directory;
use akd::ecvrf::{VRFKeyStorage, VrfError};
use akd::storage::StorageManager;
use akd::storage::memory::AsyncInMemoryDatabase;
use akd::{AkdLabel, AkdValue, AzksParallelismConfig, HistoryParams, WhatsAppV1Configuration};
use countersign_domain::digest::Digest;
use countersign_protocol::directory::history_bytes;
use countersign_protocol::entry::DirectoryRoot;
use tokio::runtime::Runtime;

#[derive(Clone)]
pub(crate) struct FixedKey;

#[async_trait::async_trait]
impl VRFKeyStorage for FixedKey {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(vec![5; 32])
    }
}

/// The accounts of a platform.
#[derive(Clone)]
pub(crate) struct Accounts {
    directory: Directory<WhatsAppV1Configuration, AsyncInMemoryDatabase, FixedKey>,
    runtime: Arc<Runtime>,
}

impl Accounts {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let storage = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let made = Directory::new(storage, FixedKey, AzksParallelismConfig::disabled());
        let directory = runtime.block_on(made).unwrap();
        Self { directory, runtime: Arc::new(runtime) }
    }

    /// Publishes these values, but those that stand already; returns the directory's root.
    pub(crate) fn publish(&self, values: impl Iterator<Item = (String, Digest)>) -> DirectoryRoot {
        self.runtime.block_on(async {
            let mut updates = Vec::new();
            for (account, value) in values {
                let label = AkdLabel::from(account.as_str());
                let stands = self.directory.lookup(label.clone()).await;
                if stands.is_err() || stands.is_ok_and(|(proof, _)| proof.value.0 != value.0) {
                    updates.push((label, AkdValue(value.0.to_vec())));
                }
            }
            if !updates.is_empty() {
                self.directory.publish(updates).await.unwrap();
            }
            let akd::EpochHash(epoch, root) = self.directory.get_epoch_hash().await.unwrap();
            let vrf = self.directory.get_public_key().await.unwrap();
            let vrf = Digest(*vrf.as_bytes());
            DirectoryRoot { epoch, root: Digest(root), vrf }
        })
    }

    /// The proof of an account's whole history; nothing of one that is not there.
    pub(crate) fn history(&self, account: &str) -> Vec<u8> {
        let label = AkdLabel::from(account);
        let history = self.directory.key_history(&label, HistoryParams::Complete);
        let history = self.runtime.block_on(history);
        history.map_or_else(|_| Vec::new(), |(proof, _)| history_bytes(&proof).unwrap())
    }
}
