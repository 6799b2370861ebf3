//! Signed governance acts, each with its document where it has one. Whether one is properly signed is for the log to
//! say, which checks every act before it takes it.

use countersign_log::append::ActError;
use countersign_protocol::entry::SignedAct;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Service;
use super::documents::Act;
use super::error::OperationError;
use crate::governance::{self, GovernanceError, Submission, Taken};

/// A signed act, with its document where it has one.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Submission)]
pub struct Posted {
    /// The name of the log that it is for, so that nobody signs or posts it elsewhere by mistake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The entry, signatures included.
    #[schema(value_type = Act)]
    pub act: SignedAct,
    /// The agreement, field schema, rules or budgets that the act names by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document: Option<Value>,
}

/// An act that is not for this log.
#[derive(Debug, thiserror::Error)]
pub enum PostedError {
    /// It names another log.
    #[error(
        "the act is for the log {found:?}, not for {wanted:?}, where its signatures do not count"
    )]
    AnotherLog {
        /// The log that it names.
        found: String,
        /// The log that was to take it.
        wanted: String,
    },
    /// It cannot be submitted anywhere.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
}

impl Posted {
    /// A submission as it is posted, or kept in a file.
    ///
    /// # Errors
    /// What the JSON reader says of the document.
    pub fn of(submission: Submission) -> Result<Self, serde_json::Error> {
        let document = submission.document.as_deref().map(serde_json::from_slice).transpose()?;
        Ok(Self { origin: None, act: submission.act, document })
    }

    /// The act, if it is for the log of this name.
    ///
    /// # Errors
    /// [`PostedError`]: it is for another log, or it is not what can be submitted.
    pub fn submission_for(self, wanted: &str) -> Result<Submission, PostedError> {
        match self.origin {
            Some(found) if found != wanted => {
                Err(PostedError::AnotherLog { found, wanted: wanted.to_owned() })
            }
            _ => Ok(Submission::new(self.act, self.document)?),
        }
    }
}

impl Service {
    /// Submits a signed act.
    ///
    /// # Errors
    /// [`OperationError`]: it is for another log, not properly signed, or the log does not take it now.
    pub async fn submit(&self, posted: Posted) -> Result<Taken, OperationError> {
        let submission = posted.submission_for(&self.settings.origin);
        let submission = submission.map_err(OperationError::unprocessable)?;
        let taken = governance::submit(&self.log, submission).await?;
        if taken.is_new {
            tracing::info!(index = taken.index, "an act was taken");
        }
        Ok(taken)
    }
}

impl From<GovernanceError> for OperationError {
    /// An act that is wrong, or one that the log cannot take now.
    fn from(error: GovernanceError) -> Self {
        match error {
            GovernanceError::Refused(ActError::Append(error)) => Self::failed(&error),
            other => Self::unprocessable(other),
        }
    }
}
