//! The key under which the directory names accounts.

use akd::ecvrf::{VRFKeyStorage, VrfError};
use zeroize::Zeroizing;

use crate::keys::SecretKey;

/// The seed of an Ed25519 key, from which the library takes its own.
#[derive(Clone)]
pub(super) struct VrfKey(Zeroizing<[u8; 32]>);

impl VrfKey {
    pub(super) fn of(key: &SecretKey) -> Self {
        Self(key.seed())
    }
}

#[async_trait::async_trait]
impl VRFKeyStorage for VrfKey {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.0.to_vec())
    }
}
