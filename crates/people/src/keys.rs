//! Ed25519 keys in files: PKCS#8 PEM of version 1, readable by their owner only.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::key::{PublicKey, Signature};
use countersign_domain::remedy::{Remediable, Remedy};
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use crate::durable_file;

/// A secret key in memory, erased when dropped.
pub struct SecretKey(SigningKey);

/// A key that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// There is a file of this name already.
    #[error("{}: a file of this name exists, and a key is never written over another; give another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file can be read by others than its owner.
    #[error("{}: others than its owner may read this key (mode {mode:o}); run `chmod 600` on it and consider the key lost", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds no such key.
    #[error("{}: this is no Ed25519 key in PKCS#8 PEM; `countersign key new FILE` makes one", path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no randomness.
    #[error("the system gives no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl Remediable for KeyError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::File { error, .. } => Remedy::of_io(error.kind()),
            Self::Exists { .. }
            | Self::Exposed { .. }
            | Self::Form { .. }
            | Self::Randomness(_) => Remedy::Mend,
        }
    }
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Randomness`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut())?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// [`KeyError`]: unreadable, exposed to others, or no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let file = |error| KeyError::File { path: path.to_owned(), error };
        let mode = fs::metadata(path).map_err(file)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
        let pem = Zeroizing::new(fs::read_to_string(path).map_err(file)?);
        SigningKey::from_pkcs8_pem(&pem)
            .map(Self)
            .map_err(|_| KeyError::Form { path: path.to_owned() })
    }

    /// Writes the key to a new file. When this returns, the file and its name are durable.
    ///
    /// # Errors
    /// [`KeyError::Exists`], since a key is never overwritten, and [`KeyError::File`].
    pub fn write_new(&self, path: &Path) -> Result<(), KeyError> {
        durable_file::create_new(path, self.to_pem().as_bytes(), durable_file::PRIVATE).map_err(
            |error| {
                let path = path.to_owned();
                match error.kind() {
                    std::io::ErrorKind::AlreadyExists => KeyError::Exists { path },
                    _ => KeyError::File { path, error },
                }
            },
        )
    }

    /// The key as PKCS#8 PEM, version 1. OpenSSL 3 refuses version 2, which has the public key in it.
    fn to_pem(&self) -> Zeroizing<String> {
        let body = Zeroizing::new(STANDARD.encode(&*self.to_pkcs8_der()));
        // 48 bytes are 64 characters, which is one line of PEM.
        let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
        Zeroizing::new(format!("{begin}\n{}\n{end}\n", *body))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The 32 bytes that the key is made from.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The signature of a message.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// The key as PKCS#8 DER, version 1, which every library reads.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        /// RFC 8410: SEQUENCE { version 0, { id-Ed25519 }, OCTET STRING { OCTET STRING (32) } }.
        const PREFIX: [u8; 16] =
            [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let mut der = Zeroizing::new(Vec::with_capacity(PREFIX.len() + 32));
        der.extend_from_slice(&PREFIX);
        der.extend_from_slice(self.0.as_bytes());
        der
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_file_is_pkcs8_version_1_and_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new.key");
        let key = SecretKey::generate().unwrap();
        key.write_new(&path).unwrap();
        let pem = fs::read_to_string(&path).unwrap();
        let body = pem.lines().nth(1).unwrap();
        // The version is the INTEGER 0; version 2 says 1 and appends the public key.
        assert_eq!(STANDARD.decode(body).unwrap()[..5], [0x30, 0x2e, 2, 1, 0]);
        assert_eq!(SecretKey::read(&path).unwrap().public(), key.public());
    }
}
