//! What came of tokens: how many were issued, and why others were not accepted. No figure is about a person.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::credentials::CredentialsError;
use super::granted::GrantError;
use super::principal::AuthError;
use super::token::TokenError;

/// Why a token is not accepted.
const REASONS: [&str; 9] = [
    "unknown",
    "expired",
    "wrong_secret",
    "wrong_proof",
    "no_proof",
    "hour_used_up",
    "grant_ended",
    "grant_over",
    "store",
];

/// The counters. Clones are the same.
#[derive(Clone, Debug)]
pub struct TokenMetrics {
    pub(super) issued: Counter,
    rejected: Family<ReasonLabel, Counter>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

impl Default for TokenMetrics {
    fn default() -> Self {
        let rejected = Family::<ReasonLabel, Counter>::default();
        // A count that is not there before it is 1 is no rise to whoever watches it.
        for reason in REASONS {
            rejected.get_or_create(&ReasonLabel { reason }).inc_by(0);
        }
        Self { issued: Counter::default(), rejected }
    }
}

impl TokenMetrics {
    /// Lets these be seen.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("tokens_issued", "Access tokens that were made", self.issued.clone());
        let help = "Requests whose token or secret was not accepted, by reason";
        registry.register("tokens_rejected", help, self.rejected.clone());
    }

    pub(super) fn rejected(&self, error: &AuthError) {
        let reason = match error {
            AuthError::Token(TokenError::Unknown) => "unknown",
            AuthError::Token(TokenError::Expired) => "expired",
            AuthError::Credentials(CredentialsError::Secret | CredentialsError::AppToken) => {
                "wrong_secret"
            }
            AuthError::Credentials(CredentialsError::Proof) => "wrong_proof",
            AuthError::Credentials(CredentialsError::ProofMissing) => "no_proof",
            AuthError::Credentials(CredentialsError::Store(_)) => "store",
            AuthError::HourUsedUp { .. } => "hour_used_up",
        };
        self.count(reason);
    }

    pub(super) fn without_grant(&self, error: &GrantError) {
        self.count(match error {
            GrantError::Ended => "grant_ended",
            GrantError::Over { .. } => "grant_over",
            GrantError::Store(_) => "store",
        });
    }

    fn count(&self, reason: &'static str) {
        self.rejected.get_or_create(&ReasonLabel { reason }).inc();
    }
}
