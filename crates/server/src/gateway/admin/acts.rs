//! `POST /admin/v1/acts`: a signed governance act, with its document where it has one. Whether it is
//! properly signed is for the log to say, which checks every act before it takes it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_verifier::entry::SignedAct;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AdminError;
use crate::gateway::Gateway;
use crate::governance::{self, Submission};

/// What is posted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// The entry, signatures included.
    pub act: SignedAct,
    /// The agreement, schema or rules document that it names by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

impl Posted {
    /// A submission as it is posted, or kept in a file.
    ///
    /// # Errors
    /// What the JSON reader says of the document.
    pub fn of(submission: Submission) -> Result<Self, serde_json::Error> {
        let document = submission.document.as_deref().map(serde_json::from_slice).transpose()?;
        Ok(Self { act: submission.act, document })
    }
}

/// Where the act stands now.
#[derive(Serialize, Deserialize)]
pub struct Taken {
    /// The index of its entry.
    pub index: u64,
}

/// Appends the act.
///
/// # Errors
/// [`AdminError`] 422 when a signature is missing or wrong, or the register cannot take the act.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(posted): Json<Posted>,
) -> Result<Json<Taken>, AdminError> {
    let submission =
        Submission::new(posted.act, posted.document).map_err(AdminError::unprocessable)?;
    let index =
        governance::submit(&gateway.log, submission).await.map_err(AdminError::unprocessable)?;
    tracing::info!(index, "an act was taken");
    Ok(Json(Taken { index }))
}
