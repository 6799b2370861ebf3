//! Clients' secrets: what a client's server proves that it knows, in `appsecret_proof` and in app access
//! tokens.

use std::fmt;

use countersign_domain::identifier::Identifier;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::databases::{Txn, WriteTxn};
use super::error::StoreError;

/// 32 random bytes that a client's server and the platform share. They are erased from memory when
/// dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ClientSecret([u8; 32]);

impl ClientSecret {
    /// A new one.
    ///
    /// # Errors
    /// [`StoreError::Random`] when the system gives no random numbers.
    pub fn random() -> Result<Self, StoreError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(StoreError::Random)?;
        Ok(Self(bytes))
    }

    /// Its 64 lower-case hexadecimal digits, which is how a client has it.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(const_hex::encode(self.0))
    }

    /// Whether these digits are it. How long that takes tells nothing about where they differ.
    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        self.to_hex().as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// The secret of a client, if it has one.
pub(super) fn find(
    txn: &impl Txn,
    client: &Identifier,
) -> Result<Option<ClientSecret>, StoreError> {
    let bytes = txn.tables().client_secrets.get(txn, client.as_str())?;
    let secret = |bytes: &[u8]| bytes.try_into().map(ClientSecret);
    bytes.map(secret).transpose().map_err(|_| txn.damaged("a client's secret"))
}

/// Keeps a client's secret, in the place of an earlier one.
pub(super) fn put(
    txn: &mut WriteTxn<'_>,
    client: &Identifier,
    secret: &ClientSecret,
) -> Result<(), StoreError> {
    txn.tables.client_secrets.put(txn, client.as_str(), &secret.0)
}

/// Removes a client's secret; whether there was one.
pub(super) fn remove(txn: &mut WriteTxn<'_>, client: &Identifier) -> Result<bool, StoreError> {
    txn.tables.client_secrets.delete(txn, client.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{People, StoreOptions};

    #[test]
    fn a_secret_is_kept_replaced_and_removed_and_debug_output_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let open = || People::open(dir.path(), StoreOptions::default()).unwrap();
        let people = open();
        let [client, other] = ["aurora-home", "other"].map(|name| Identifier::parse(name).unwrap());
        assert!(people.client_secret(&client).unwrap().is_none());
        let first = ClientSecret::random().unwrap();
        people.put_client_secret(&client, &first).unwrap();
        let second = ClientSecret::random().unwrap();
        people.put_client_secret(&client, &second).unwrap();
        drop(people);
        let people = open();
        let kept = people.client_secret(&client).unwrap().unwrap();
        let hex = second.to_hex();
        assert_eq!(hex.len(), 64);
        assert!(kept.is(&hex) && !kept.is(&first.to_hex()));
        assert!(!kept.is(&hex[..63]) && !kept.is("") && !kept.is(&hex.to_uppercase()));
        assert_eq!(format!("{kept:?}"), "ClientSecret(…)");
        assert!(people.client_secret(&other).unwrap().is_none());
        assert!(people.remove_client_secret(&client).unwrap());
        assert!(!people.remove_client_secret(&client).unwrap());
        assert!(people.client_secret(&client).unwrap().is_none());
    }
}
