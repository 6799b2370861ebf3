//! What a person granted, and the end of one grant, whose tokens are refused from the next request on.

use std::sync::Arc;

use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_people::store::{GrantId, GrantRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::choice::Chosen;
use super::error::OperationError;
use super::vocabulary::{FieldName, GrantId as GrantIdText, Name};

/// A person's grants, the newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Grants {
    /// Those that were not ended; the time of some may be over.
    pub grants: Vec<ShownGrant>,
}

/// A person's permission to a client.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Grant)]
pub struct ShownGrant {
    /// Its id, 32 hexadecimal digits.
    #[schema(value_type = GrantIdText)]
    pub id: String,
    /// The client that may ask.
    #[schema(value_type = Name)]
    pub client: String,
    /// The build that asked for it, where it is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Name>, nullable = false)]
    pub build: Option<String>,
    /// For what.
    #[schema(value_type = Name)]
    pub purpose: String,
    /// The fields of the person's own.
    #[serde(rename = "self")]
    #[schema(value_type = Vec<FieldName>)]
    pub viewer: Vec<String>,
    /// The fields of friends.
    #[schema(value_type = Vec<FieldName>)]
    pub friend: Vec<String>,
    /// When it was given.
    #[schema(format = DateTime)]
    pub created: String,
    /// The first second in which it no longer holds.
    #[schema(format = DateTime)]
    pub until: String,
}

/// What has been ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndedGrant {
    /// Its id.
    #[schema(value_type = GrantIdText)]
    pub id: String,
    /// Always true; a grant that this person does not have is an error.
    pub ended: bool,
}

impl Service {
    /// What a person granted.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, or if the source of people's data cannot tell.
    pub async fn grants(&self, account: &str) -> Result<Grants, OperationError> {
        let handle = self.person(account).await?;
        let grants = self.people.grants_of(handle)?;
        self.with_schema(|schema| Ok(Grants::of(&grants, schema)))
    }

    /// Ends one grant.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account or a grant that is not this person's, or if the source of people's
    /// data cannot tell.
    pub async fn end_grant(
        self: &Arc<Self>,
        account: &str,
        id: &str,
    ) -> Result<Chosen<EndedGrant>, OperationError> {
        let handle = self.person(account).await?;
        let unknown =
            || OperationError::not_found("grant of this person; `GET …/grants` lists them");
        let mut bytes = [0; 16];
        const_hex::decode_to_slice(id, &mut bytes).map_err(|_| unknown())?;
        let end = move |service: &Self| {
            Ok(service.people.end_grant(handle, GrantId(bytes), service.made())?)
        };
        let ended = self.beside(end).await?;
        let number = ended.ok_or_else(unknown)?;
        let ended = EndedGrant { id: const_hex::encode(bytes), ended: true };
        self.chosen(handle, Some(number), ended).await
    }
}

impl Grants {
    /// Grants as they are told.
    pub fn of(grants: &[(GrantId, GrantRecord)], schema: &FieldSchema) -> Self {
        let grants = grants.iter().map(|(id, grant)| ShownGrant::of(*id, grant, schema));
        Self { grants: grants.collect() }
    }
}

impl ShownGrant {
    /// A grant as it is told.
    pub fn of(id: GrantId, record: &GrantRecord, schema: &FieldSchema) -> Self {
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
