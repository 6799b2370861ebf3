//! User access tokens: short-lived JWTs (RFC 9068) signed with Ed25519. A token names a build and a
//! grant, and no person: what it stands for is looked up in the store, so that ending a grant ends its
//! tokens. App access tokens are made of a client's secret, in `credentials`.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_people::keys::SecretKey;
use countersign_people::store::GrantId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::token_metrics::TokenMetrics;

/// The `typ` of an access token (RFC 9068).
const TYPE: &str = "at+jwt";

/// How many verified tokens are remembered; then the memory starts anew.
const REMEMBERED_MAX: usize = 65_536;

/// What a token stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// A build that asks under a viewer's grant.
    User(UserAccess),
    /// The client itself, about its own tokens; there is no viewer.
    App(Identifier),
}

impl Access {
    /// The client that asks.
    #[must_use]
    pub const fn client(&self) -> &Identifier {
        match self {
            Self::User(user) => &user.client,
            Self::App(client) => client,
        }
    }
}

/// What a user's token stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserAccess {
    /// The client that asks.
    pub client: Identifier,
    /// The build that asks.
    pub build: Identifier,
    /// The grant under which it asks.
    pub grant: GrantId,
    /// When the token was made.
    pub issued: Timestamp,
    /// The first second in which it no longer holds.
    pub expires: Timestamp,
}

/// Makes and verifies access tokens.
pub struct Tokens {
    issuer: String,
    lifetime_s: u64,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// Verified tokens by their digest: a device asks again and again with the same one, and a
    /// signature costs more than everything else that is done before the decision.
    verified: RwLock<HashMap<Digest, UserAccess>>,
    metrics: TokenMetrics,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    client_id: String,
    build: String,
    grant: String,
    iat: u64,
    exp: u64,
}

/// A token that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// This instance did not make it.
    #[error("the access token was not issued by this instance")]
    Unknown,
    /// Its time is over.
    #[error("the access token has expired")]
    Expired,
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("no access token could be made: {0}")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

impl Tokens {
    /// Tokens of this issuer, signed with this key.
    #[must_use]
    pub fn new(issuer: &str, lifetime_s: u64, key: &SecretKey) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["iss", "exp"]);
        // Time is a parameter: `verify` compares `exp` itself.
        validation.validate_exp = false;
        validation.validate_aud = false;
        Self {
            issuer: issuer.to_owned(),
            lifetime_s,
            encoding: EncodingKey::from_ed_der(&key.to_pkcs8_der()),
            decoding: DecodingKey::from_ed_der(&key.public().0),
            validation,
            verified: RwLock::default(),
            metrics: TokenMetrics::default(),
        }
    }

    /// What is counted of tokens.
    #[must_use]
    pub const fn metrics(&self) -> &TokenMetrics {
        &self.metrics
    }

    /// Makes a token for a build under a grant.
    ///
    /// # Errors
    /// [`MintError`] if the key cannot sign.
    pub fn mint(
        &self,
        client: &Identifier,
        build: &Identifier,
        grant: GrantId,
        now: Timestamp,
    ) -> Result<String, MintError> {
        self.mint_until(client, build, grant, now, Timestamp::MAX).map(|(token, _)| token)
    }

    /// Makes a token for a build under a grant that ends at `until`, and says how long it holds, in
    /// seconds: never beyond the grant.
    ///
    /// # Errors
    /// [`MintError`] if the key cannot sign.
    pub fn mint_until(
        &self,
        client: &Identifier,
        build: &Identifier,
        grant: GrantId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(String, u64), MintError> {
        let expires = now.plus_seconds(self.lifetime_s).min(until);
        let claims = Claims {
            iss: self.issuer.clone(),
            client_id: client.to_string(),
            build: build.to_string(),
            grant: const_hex::encode(grant.0),
            iat: now.seconds(),
            exp: expires.seconds(),
        };
        let header = Header { typ: Some(TYPE.to_owned()), ..Header::new(Algorithm::EdDSA) };
        let token = jsonwebtoken::encode(&header, &claims, &self.encoding)?;
        self.metrics.issued.inc();
        Ok((token, expires.seconds().saturating_sub(now.seconds())))
    }

    /// How long a new token holds, in seconds.
    #[must_use]
    pub const fn lifetime_s(&self) -> u64 {
        self.lifetime_s
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<UserAccess, TokenError> {
        let access = self.inspect(token)?;
        if now >= access.expires { Err(TokenError::Expired) } else { Ok(access) }
    }

    /// What a token of ours stands for, or stood for before it expired.
    ///
    /// # Errors
    /// [`TokenError::Unknown`].
    pub fn inspect(&self, token: &str) -> Result<UserAccess, TokenError> {
        let digest = Digest(Sha256::digest(token).into());
        match self.remembered(digest) {
            Some(access) => Ok(access),
            None => self.verify_signature(token, digest),
        }
    }

    /// A function of its own, so that the lock is free again when `verify_signature` wants to write.
    fn remembered(&self, digest: Digest) -> Option<UserAccess> {
        self.verified.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()
    }

    fn verify_signature(&self, token: &str, digest: Digest) -> Result<UserAccess, TokenError> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                _ => TokenError::Unknown,
            })?;
        if data.header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Unknown);
        }
        let name = |text: &str| Identifier::parse(text).map_err(|_| TokenError::Unknown);
        let access = UserAccess {
            client: name(&data.claims.client_id)?,
            build: name(&data.claims.build)?,
            issued: Timestamp::from_seconds(data.claims.iat),
            grant: read_grant(&data.claims.grant).ok_or(TokenError::Unknown)?,
            expires: Timestamp::from_seconds(data.claims.exp),
        };
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= REMEMBERED_MAX {
            verified.clear();
        }
        verified.insert(digest, access.clone());
        Ok(access)
    }
}

fn read_grant(text: &str) -> Option<GrantId> {
    let mut bytes = [0; 16];
    const_hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(GrantId(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: &SecretKey) -> Tokens {
        Tokens::new("log.example", 60, key)
    }

    #[test]
    fn a_token_holds_until_it_expires_and_only_for_its_issuer() {
        let key = SecretKey::generate().unwrap();
        let now = Timestamp::from_seconds(1_000);
        let name = |text| Identifier::parse(text).unwrap();
        let grant = GrantId([5; 16]);
        let token = tokens(&key).mint(&name("home"), &name("home@1"), grant, now).unwrap();

        let verifier = tokens(&key);
        for _remembered in [false, true] {
            let access = verifier.verify(&token, now.plus_seconds(59)).unwrap();
            assert_eq!((access.build, access.grant), (name("home@1"), grant));
            let late = verifier.verify(&token, now.plus_seconds(60)).unwrap_err();
            assert_eq!(late, TokenError::Expired);
        }
        let other_key = tokens(&SecretKey::generate().unwrap());
        assert_eq!(other_key.verify(&token, now), Err(TokenError::Unknown));
        let other_issuer = Tokens::new("other.example", 60, &key);
        assert_eq!(other_issuer.verify(&token, now), Err(TokenError::Unknown));
        assert_eq!(verifier.verify("x.y.z", now), Err(TokenError::Unknown));
    }

    #[test]
    fn no_token_holds_longer_than_its_grant() {
        let tokens = tokens(&SecretKey::generate().unwrap());
        let now = Timestamp::from_seconds(1_000);
        let (client, build) =
            (Identifier::parse("home").unwrap(), Identifier::parse("home@1").unwrap());
        for (left_s, expected_s) in [(0, 0), (1, 1), (59, 59), (60, 60), (61, 60), (9_999, 60)] {
            let until = now.plus_seconds(left_s);
            let (token, holds_s) =
                tokens.mint_until(&client, &build, GrantId([5; 16]), now, until).unwrap();
            assert_eq!(holds_s, expected_s);
            assert_eq!(tokens.inspect(&token).unwrap().expires, now.plus_seconds(expected_s));
        }
    }
}
