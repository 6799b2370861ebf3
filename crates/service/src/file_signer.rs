//! Keys in files behind the log's [`Signer`] port, so that a key in hardware can take their place.

use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use countersign_domain::key::{PublicKey, Signature};
use countersign_log::signer::Signer;
use countersign_people::keys::{KeyError, SecretKey};

/// A key that signs on the request path, with aws-lc-rs.
pub struct FileSigner {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl FileSigner {
    /// Reads a key file to sign with it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let key = SecretKey::read(path)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&*key.seed())
            .map_err(|_| KeyError::Form { path: path.to_owned() })?;
        let public = PublicKey(pair.public_key().as_ref().try_into().unwrap_or_default());
        Ok(Self { pair, public })
    }
}

impl Signer for FileSigner {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        let signature = self.pair.sign(message);
        for (byte, signed) in bytes.iter_mut().zip(signature.as_ref()) {
            *byte = *signed;
        }
        Signature(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signer_of_a_key_file_has_its_public_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new.key");
        let key = SecretKey::generate().unwrap();
        key.write_new(&path).unwrap();
        assert_eq!(FileSigner::read(&path).unwrap().public_key(), key.public());
    }
}
