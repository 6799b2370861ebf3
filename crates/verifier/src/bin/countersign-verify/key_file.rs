//! The auditor's own key: Ed25519 in PKCS#8 PEM, in a file that nobody else may read.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use countersign_domain::key::{PublicKey, Signature};
use countersign_protocol::note::NoteKey;
use countersign_verifier::regular_file;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use ed25519_dalek::{Signer as _, SigningKey};
use zeroize::Zeroizing;

use crate::CannotSay;

/// The most bytes of a key file: keys have some hundred.
const KEY_BYTES_MAX: u64 = 65_536;

/// A key that signs notes under a name. It is erased when it is dropped.
pub(crate) struct KeyFile {
    secret: SigningKey,
    /// Its public half under its name.
    pub(crate) key: NoteKey,
}

impl KeyFile {
    /// Reads the key in this file, to sign under this name.
    pub(crate) fn read(path: &Path, name: &str) -> Result<Self, CannotSay> {
        let wrong = |what: &dyn std::fmt::Display| CannotSay(format!("{}: {what}", path.display()));
        let mode = fs::metadata(path).map_err(|error| wrong(&error))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(wrong(&format!(
                "others than its owner may read this key (mode {mode:o}); run `chmod 600` on it and consider the key lost"
            )));
        }
        let read = regular_file::read(path, KEY_BYTES_MAX).map_err(|error| wrong(&error))?;
        let pem = Zeroizing::new(String::from_utf8(read).unwrap_or_default());
        let secret = SigningKey::from_pkcs8_pem(&pem).map_err(|_| {
            wrong(&"this is no Ed25519 key in PKCS#8 PEM; `openssl genpkey -algorithm ed25519` makes one")
        })?;
        let public = PublicKey(secret.verifying_key().to_bytes());
        let key = NoteKey::new(name, public).map_err(|error| CannotSay(error.to_string()))?;
        Ok(Self { secret, key })
    }

    /// The signature of a message.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.secret.sign(message).to_bytes())
    }
}
