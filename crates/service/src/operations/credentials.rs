//! How a client shows that it is one: by its secret, by an app access token, which is made of the
//! secret, and by a proof that who sends a token knows the secret.
//!
//! ```text
//! app token       = CLIENT|SECRET, as the Graph API has always taken it, or
//!                   CLIENT|base64url(HMAC-SHA256(SECRET, "countersign/v1/app-token" ‖ \n ‖ origin))
//! appsecret_proof = hex(HMAC-SHA256(SECRET, access token))
//! ```
//!
//! An app token ends with the secret that it is made of; nothing is kept of it. An unknown client, a
//! client without a secret and a wrong secret sound the same and cost the same.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::identifier::Identifier;
use countersign_people::store::StoreError;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Service;

/// What separates a client from its secret in an app access token.
const SEPARATOR: char = '|';

const APP_TOKEN_CONTEXT: &str = "countersign/v1/app-token";

/// What a client shows does not hold.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The client is unknown, has no secret, or has another one.
    #[error("there is no client of this name and secret")]
    Secret,
    /// The secret within an app access token is not the client's.
    #[error("the app access token was not issued by this instance")]
    AppToken,
    /// The proof was not made with the client's secret from this token.
    #[error("the proof was not made with the client's secret from this token")]
    Proof,
    /// The configuration asks for a proof, and none came.
    #[error("a proof that the client knows its secret is missing")]
    ProofMissing,
    /// What is known of clients cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The client whose secret this is.
///
/// # Errors
/// [`CredentialsError::Secret`] for an unknown client and for a wrong secret alike.
pub fn client_of_secret(
    service: &Service,
    client: &str,
    secret: &str,
) -> Result<Identifier, CredentialsError> {
    let (client, known) = look_up(service, client)?;
    let same = same_text(&known.text, secret) & known.is_real;
    client.filter(|_| same).ok_or(CredentialsError::Secret)
}

/// A fresh app access token of a client.
///
/// # Errors
/// [`CredentialsError::Secret`] if the client has none to make it of.
pub fn app_token(service: &Service, client: &Identifier) -> Result<String, CredentialsError> {
    let (_, known) = look_up(service, client.as_str())?;
    if !known.is_real {
        return Err(CredentialsError::Secret);
    }
    Ok(format!("{client}{SEPARATOR}{}", derived(service, &known.text)))
}

/// The client whose app access token this is; `None` of a text that has not the form of one.
///
/// # Errors
/// [`CredentialsError::AppToken`] for a token of an unknown client, or with a wrong secret in it.
pub fn client_of_app_token(
    service: &Service,
    token: &str,
) -> Option<Result<Identifier, CredentialsError>> {
    let (client, presented) = token.split_once(SEPARATOR)?;
    let checked = look_up(service, client).and_then(|(client, known)| {
        let derived = derived(service, &known.text);
        let same = same_text(&known.text, presented) | same_text(&derived, presented);
        client.filter(|_| same & known.is_real).ok_or(CredentialsError::AppToken)
    });
    Some(checked)
}

/// Checks the proof that came with a token; without one, checks that none is needed.
///
/// # Errors
/// [`CredentialsError::Proof`], and [`CredentialsError::ProofMissing`] where the configuration asks for one.
pub fn check_proof(
    service: &Service,
    client: &Identifier,
    token: &str,
    proof: Option<&str>,
) -> Result<(), CredentialsError> {
    let is_required = service.settings.require_appsecret_proof;
    if proof.is_none() && !is_required {
        return Ok(());
    }
    let (_, known) = look_up(service, client.as_str())?;
    match proof {
        Some(proof) => {
            let expected = const_hex::encode(mac(&known.text, &[token]));
            let same = same_text(&expected, proof) & known.is_real;
            if same { Ok(()) } else { Err(CredentialsError::Proof) }
        }
        // Whoever has no secret has nothing to prove with: a device's client, as a rule.
        None if known.is_real && !token.contains(SEPARATOR) => Err(CredentialsError::ProofMissing),
        None => Ok(()),
    }
}

/// A client's secret as text, or a text in its place that opens nothing.
struct Known {
    text: Zeroizing<String>,
    is_real: bool,
}

/// The one place that asks for a client's secret.
fn look_up(
    service: &Service,
    client: &str,
) -> Result<(Option<Identifier>, Known), CredentialsError> {
    let client = Identifier::parse(client).ok();
    let client = client.filter(|c| service.log.register().clients().contains_key(c));
    let secret = match &client {
        Some(client) => service.people.client_secret(client)?,
        None => None,
    };
    let known = match secret {
        Some(secret) => Known { text: secret.to_hex(), is_real: true },
        None => Known { text: Zeroizing::new("0".repeat(64)), is_real: false },
    };
    Ok((client, known))
}

fn derived(service: &Service, secret: &str) -> String {
    let message = [APP_TOKEN_CONTEXT, "\n", &service.settings.origin];
    BASE64_URL_SAFE_NO_PAD.encode(mac(secret, &message))
}

fn mac(secret: &str, message: &[&str]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    for part in message {
        context.update(part.as_bytes());
    }
    context.sign()
}

fn same_text(known: &str, presented: &str) -> bool {
    known.as_bytes().ct_eq(presented.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_the_one_that_the_graph_api_documents() {
        // RFC 4231, test case 2.
        let proof = const_hex::encode(mac("Jefe", &["what do ya want ", "for nothing?"]));
        assert_eq!(proof, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
