//! The key under which the directory names accounts.

use akd::ecvrf::{VRFKeyStorage, VrfError};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::keys::SecretKey;

/// The seed of an Ed25519 key, from which the library takes its own.
#[derive(Clone)]
pub(super) struct VrfKey(Zeroizing<[u8; 32]>);

impl VrfKey {
    pub(super) fn of(key: &SecretKey) -> Self {
        Self(key.seed())
    }

    /// The key under which the storage names what it must not have in clear. VRF and HMAC never take the same
    /// bytes: the VRF's key is a SHA-512 of the seed.
    pub(super) fn names(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.as_ref())
    }
}

#[async_trait::async_trait]
impl VRFKeyStorage for VrfKey {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.0.to_vec())
    }
}
