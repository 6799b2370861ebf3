//! What a platform asks to have decided: who asks, for what, about whom.

use std::net::IpAddr;

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::request::{FriendsRequest, Request};
use countersign_domain::schema::{FieldSchema, SchemaError};
use countersign_protocol::receipt::{is_nonce, request_digest_of};
use countersign_service::operations::vocabulary;
use countersign_source::elsewhere::PersonElsewhere;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusal::Refusal;

/// The most friends in one question.
pub(super) const FRIENDS_MAX: usize = 50_000;

/// One request of a partner's client, as the platform got it, and the people who would be in the answer.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The access token that the client sent.
    pub token: String,
    /// What it is for; it has to be the purpose of the token's grant.
    pub purpose: String,
    /// The request, so that the receipt can be held against it.
    pub request: PartnerRequest,
    /// The person whose token it is.
    pub viewer: Person,
    /// The fields of the viewer that are asked for; the id always is.
    pub fields: Vec<String>,
    /// The friends who would be in the answer, where it is about friends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friends: Option<Friends>,
}

/// A request as the client sent it; the receipt is for this one.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerRequest {
    /// The method, as `GET`.
    pub method: String,
    /// Path and query, as sent.
    pub uri: String,
    /// SHA-256 of the body, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::Digest>)]
    pub body_sha256: Option<Digest>,
    /// The header `Countersign-Nonce`, if it was sent: at most 128 bytes, or the question is answered with an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Whether the token came in the query, which the agreement has to allow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub token_in_query: bool,
    /// The parameter `appsecret_proof`, if it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appsecret_proof: Option<String>,
    /// Whether it had the header `Sec-GPC: 1`: the viewer's user agent says that data be neither sold nor shared. Then
    /// nothing of friends and no special category of the viewer's is decided open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sec_gpc: bool,
    /// The address that it came from. Only its network is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::IpAddress>)]
    pub client_ip: Option<IpAddr>,
}

/// Friends, and what is asked for about each of them.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CandidateFriends)]
pub struct Friends {
    /// The fields; the id always is one.
    pub fields: Vec<String>,
    /// The friends, at most 50,000. The platform answers for their being friends of the viewer.
    pub people: Vec<Person>,
}

/// A person as the platform knows them.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Candidate)]
pub struct Person {
    /// The platform's name for them.
    pub account: String,
    /// Whether they are a minor.
    #[serde(default)]
    pub minor: bool,
    /// The fields for which there is a value; without it, there is one for every field that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has: Option<Vec<String>>,
}

impl Question {
    /// What is asked for, in the domain's words.
    pub(super) fn request(&self, schema: &FieldSchema) -> Result<Request, Refusal> {
        let viewer = schema.resolve(&self.fields)?;
        let friends = match &self.friends {
            None => None,
            Some(friends) if friends.people.len() > FRIENDS_MAX => {
                return Err(Refusal::too_many_friends(friends.people.len()));
            }
            Some(friends) => {
                let fields = schema.resolve(&friends.fields)?;
                Some(FriendsRequest::first(fields, friends.people.len()))
            }
        };
        Ok(Request { viewer, friends })
    }

    /// The viewer, then the friends.
    pub(super) fn people(&self, schema: &FieldSchema) -> Result<Vec<PersonElsewhere>, Refusal> {
        let friends = self.friends.iter().flat_map(|friends| &friends.people);
        let people = std::iter::once(&self.viewer).chain(friends);
        people.map(|person| Ok(person.elsewhere(schema)?)).collect()
    }

    /// The digest of the partner's request.
    pub(super) fn digest(&self) -> Result<Digest, Refusal> {
        let PartnerRequest { method, uri, body_sha256, nonce, .. } = &self.request;
        let nonce = nonce.as_deref().unwrap_or_default().as_bytes();
        if !is_nonce(nonce) {
            return Err(Refusal::long_nonce());
        }
        let body = body_sha256.unwrap_or(SHA256_OF_NOTHING);
        Ok(request_digest_of(method, uri, body, nonce))
    }
}

impl Person {
    fn elsewhere(&self, schema: &FieldSchema) -> Result<PersonElsewhere, SchemaError> {
        let present = match &self.has {
            None => FieldSet::ALL,
            Some(has) => schema.resolve(has)?,
        };
        Ok(PersonElsewhere { account: self.account.clone(), minor: self.minor, present })
    }
}

/// The digest of an empty body.
const SHA256_OF_NOTHING: Digest = Digest([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

impl std::fmt::Debug for Question {
    /// Says nothing: it holds a token and names people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question(…)")
    }
}
