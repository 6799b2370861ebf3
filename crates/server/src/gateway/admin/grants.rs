//! `GET /admin/v1/people/{account}/grants` and `DELETE …/grants/{id}`: what a person granted, and the end of
//! one grant, whose tokens are refused from the next request on.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::person::Handle;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use serde::{Deserialize, Serialize};

use super::AdminError;
use super::consents::{ReceiptHeader, receipt_of};
use crate::clock;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::store::{GrantId, GrantRecord, Made, People, Way};

/// A person's grants, the newest first.
#[derive(Debug, Serialize, Deserialize)]
pub struct Grants {
    /// Those that were not ended; the time of some may be over.
    pub grants: Vec<ShownGrant>,
}

/// One grant.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShownGrant {
    /// Its id, 32 hexadecimal digits.
    pub id: String,
    /// The client that may ask.
    pub client: String,
    /// The build that asked for it, where it is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// For what.
    pub purpose: String,
    /// The fields of the viewer's own.
    #[serde(rename = "self")]
    pub viewer: Vec<String>,
    /// The fields of friends.
    pub friend: Vec<String>,
    /// When it was given.
    pub created: String,
    /// When its time is over.
    pub until: String,
}

/// What has been ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct EndedGrant {
    /// Its id.
    pub id: String,
    /// Always true; a grant that this person does not have is an error.
    pub ended: bool,
}

/// What a person granted.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<Grants>, AdminError> {
    let handle = gateway.service.person(&account).await?;
    let register = gateway.service.log.register();
    let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
    let grants = gateway.service.people.grants_of(handle)?;
    Ok(Json(Grants::of(&grants, schema)))
}

/// Ends one grant.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account or a grant that is not this person's, 503 if the source of
/// people's data cannot tell.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path((account, id)): Path<(String, String)>,
) -> Result<(ReceiptHeader, Json<EndedGrant>), AdminError> {
    let handle = gateway.service.person(&account).await?;
    let made = Made { at: clock::now(), by: Way::AdminApi };
    let (ended, chosen) = end(&gateway.service.people, handle, &id, made)?;
    let receipt = receipt_of(&gateway, handle, Some(chosen)).await?;
    Ok((receipt, Json(ended)))
}

/// Ends a person's grant of this id; with the number of the choice.
///
/// # Errors
/// [`AdminError`] 404 where this person has no such grant.
pub(crate) fn end(
    people: &People,
    person: Handle,
    id: &str,
    made: Made,
) -> Result<(EndedGrant, u64), AdminError> {
    let unknown = || AdminError::not_found("grant of this person; `GET …/grants` lists them");
    let mut bytes = [0; 16];
    const_hex::decode_to_slice(id, &mut bytes).map_err(|_| unknown())?;
    let ended = people.end_grant(person, GrantId(bytes), made)?;
    let chosen = ended.ok_or_else(unknown)?;
    Ok((EndedGrant { id: const_hex::encode(bytes), ended: true }, chosen))
}

impl Grants {
    /// Grants as they are told.
    pub(crate) fn of(grants: &[(GrantId, GrantRecord)], schema: &FieldSchema) -> Self {
        let grants = grants.iter().map(|(id, grant)| ShownGrant::of(*id, grant, schema));
        Self { grants: grants.collect() }
    }
}

impl ShownGrant {
    /// A grant as it is told.
    pub(crate) fn of(id: GrantId, record: &GrantRecord, schema: &FieldSchema) -> Self {
        let GrantRecord { grant, build, created, .. } = record;
        let fields = |relation| schema.names(grant.fields(relation)).map(str::to_owned).collect();
        Self {
            id: const_hex::encode(id.0),
            client: grant.client.to_string(),
            build: build.as_ref().map(ToString::to_string),
            purpose: grant.purpose.to_string(),
            viewer: fields(Relation::Viewer),
            friend: fields(Relation::Friend),
            created: created.to_string(),
            until: grant.until.to_string(),
        }
    }
}
