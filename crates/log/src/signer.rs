//! The port to the keys of the log: something that signs, and does not give its key away.

use countersign_domain::key::{PublicKey, Signature};
use ed25519_dalek::{Signer as _, SigningKey};

/// Holds an Ed25519 key and signs with it.
pub trait Signer: Send + Sync {
    /// The public key.
    fn public_key(&self) -> PublicKey;

    /// The signature of a message.
    fn sign(&self, message: &[u8]) -> Signature;
}

/// A key in the memory of this process, overwritten when it is dropped.
pub struct SoftwareSigner {
    key: SigningKey,
}

impl SoftwareSigner {
    /// The key with this seed, as RFC 8032 calls the 32 bytes of a private key.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { key: SigningKey::from_bytes(seed) }
    }
}

impl std::fmt::Debug for SoftwareSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoftwareSigner({})", self.public_key())
    }
}

impl Signer for SoftwareSigner {
    fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}
