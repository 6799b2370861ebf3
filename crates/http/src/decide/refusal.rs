//! Why a question got no masks. This is said to the platform alone, so it names the clause; what a
//! partner may be told of it is in `partner`.

use axum::http::StatusCode;
use countersign_domain::reason::Reason;
use countersign_domain::remedy::{Remediable, Remedy};
use countersign_domain::schema::SchemaError;
use countersign_log::admission;
use countersign_log::append::AppendError;
use countersign_protocol::receipt::NONCE_BYTES_MAX;
use countersign_service::operations::credentials::CredentialsError;
use countersign_service::operations::disclosure::DiscloseError;
use countersign_service::operations::granted::GrantError;
use countersign_service::operations::principal::AuthError;
use countersign_service::operations::vocabulary;
use countersign_source::SourceError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::question::FRIENDS_MAX;
use crate::errors::GraphError;

/// Why there are no masks. Nothing may be sent; nothing was logged, unless the code is `maybe_logged`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// What kind of trouble it is.
    pub code: Code,
    /// The clause that stopped the whole answer, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::Reason>, nullable = false)]
    pub reason: Option<Reason>,
    /// What was wrong, and what to do.
    pub message: String,
    /// What the partner's client may be told.
    pub partner: ForPartner,
}

/// What kind of trouble it is. `unavailable` is worth asking again; `broken` is not before the operator has mended what
/// the message names; after `maybe_logged` nothing may be sent, though the log may have an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefusalCode)]
pub enum Code {
    /// The client's token does not hold.
    Token,
    /// The question cannot be decided as it is put.
    Question,
    /// The decision is that there is no answer.
    Refused,
    /// Something of ours fails; ask again.
    Unavailable,
    /// Something of ours fails, and asking again does not mend it: the operator has to.
    Broken,
    /// Something of ours fails, and the log may say already that this may have been released. Send nothing.
    MaybeLogged,
}

/// What a partner's client may be told, as the Graph API would say it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefusalForPartner)]
pub struct ForPartner {
    /// The HTTP status.
    pub status: u16,
    /// The Graph API's code.
    pub code: u32,
    /// The message.
    pub message: String,
}

impl Refusal {
    fn new(code: Code, message: impl Into<String>, partner: &GraphError) -> Self {
        let partner = ForPartner {
            status: partner.status.as_u16(),
            code: partner.code,
            message: partner.message.clone(),
        };
        Self { code, reason: None, message: message.into(), partner }
    }

    fn question(message: impl Into<String>) -> Self {
        // Trying again does not mend what the platform asks wrongly.
        Self::new(Code::Question, message, &GraphError::unknown())
    }

    /// The client's token does not hold.
    pub(super) fn token(error: &GraphError) -> Self {
        Self::new(Code::Token, error.message.clone(), error)
    }

    /// No token came with the client's request.
    pub(super) fn no_token() -> Self {
        Self::token(&GraphError::no_token())
    }

    /// The token is an app's, which has no viewer.
    pub(super) fn no_viewer() -> Self {
        Self::token(&GraphError::no_viewer())
    }

    /// The grant behind the token has ended.
    pub(super) fn ended() -> Self {
        Self::token(&GraphError::ended_grant())
    }

    /// The server in front has not said what it has to.
    pub(super) fn missing_header(name: &str) -> Self {
        Self::question(format!("the header {name} is missing"))
    }

    /// The viewer of the question is not the one whose token it is.
    pub(super) fn another_viewer() -> Self {
        Self::question("viewer: the token is another person's; take the account that granted it")
    }

    /// The purpose is not that of the token.
    pub(super) fn another_purpose() -> Self {
        Self::question("purpose: the token is for another purpose")
    }

    pub(super) fn too_many_friends(found: usize) -> Self {
        Self::question(format!(
            "friends.people: {found} people are too many; ask for at most {FRIENDS_MAX}"
        ))
    }

    pub(super) fn long_nonce() -> Self {
        Self::question(format!(
            "request.nonce: it may have {NONCE_BYTES_MAX} bytes, none of them a newline"
        ))
    }

    /// The people cannot be decided about.
    pub(super) fn people(error: &SourceError) -> Self {
        match error {
            SourceError::UnknownPerson | SourceError::Nonsense { .. } => {
                Self::question(format!("viewer, friends.people: {error}"))
            }
            other => Self::failed(other),
        }
    }

    /// The decision is that there is no answer.
    pub(super) fn refused(reason: Reason) -> Self {
        let message = "no answer may be given; reason says which clause forbids it";
        let refusal = Self::new(Code::Refused, message, &GraphError::refused(reason));
        Self { reason: Some(reason), ..refusal }
    }

    /// It could be decided, and the log did not admit it.
    pub(super) fn stopped(by: &admission::Refusal) -> Self {
        Self { message: by.to_string(), ..Self::refused(by.reason) }
    }

    /// The register does not know the token's build or its purpose.
    pub(super) fn unknown_build() -> Self {
        let message = "the register has no such build and purpose";
        Self::new(Code::Refused, message, &GraphError::unknown_build())
    }

    /// Something of ours fails.
    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a question could not be decided");
        Self::new(Code::Unavailable, error.to_string(), &GraphError::unavailable())
    }

    /// Something of ours fails that only the operator can mend.
    pub(super) fn broken(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a question could not be decided, nor will be before this is mended");
        Self::new(Code::Broken, error.to_string(), &GraphError::unknown())
    }

    /// Something of ours fails, by its remedy.
    pub(super) fn failed(error: &impl Remediable) -> Self {
        match error.remedy() {
            Remedy::Wait => Self::unavailable(error),
            Remedy::MakeRoom | Remedy::Mend => Self::broken(error),
        }
    }

    /// Something of ours fails, perhaps after the disclosure was logged.
    pub(super) fn maybe_logged(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a question failed after it may have been logged");
        Self::new(Code::MaybeLogged, error.to_string(), &GraphError::unavailable())
    }

    /// The log's disk failed, and what was being written may be there after the restart.
    fn poisoned(error: &AppendError) -> Self {
        Self::new(Code::MaybeLogged, error.to_string(), &GraphError::unknown())
    }

    /// It was logged, and ceased to be allowed while it waited to be published.
    pub(super) fn withheld() -> Self {
        let message = "while it waited to be published, it ceased to be allowed: the entry stands, and nothing may be sent";
        Self::new(Code::MaybeLogged, message.to_owned(), &GraphError::unavailable())
    }

    /// It was logged, and too few witnesses cosigned it in time.
    pub(super) fn unwitnessed() -> Self {
        let message = "too few witnesses have cosigned the log in time: the entry stands, and nothing may be sent; ask again later";
        Self::new(Code::MaybeLogged, message.to_owned(), &GraphError::unwitnessed())
    }

    /// The log's disk has only room left that is kept for other entries.
    pub(super) fn disk_reserved() -> Self {
        let message = "the log's disk has less room than [log] disk_reserve_mib keeps for acts, choices and erasures: make room on it";
        Self::new(Code::Broken, message.to_owned(), &GraphError::disk_reserved())
    }

    /// A subrequest about what is not read.
    pub(super) fn reads_only() -> Self {
        Self::question(
            "x-original-method: only GET is decided about here, since no body comes along",
        )
    }

    /// A viewer whom no header can name.
    pub(super) fn no_header_for_account() -> Self {
        Self::question(
            "the viewer's account has characters that no header can carry: ask with POST /decide",
        )
    }

    /// A nonce that the receipt could not repeat.
    pub(super) fn unreadable_nonce() -> Self {
        Self::question("countersign-nonce: only visible ASCII characters can stand in it")
    }

    /// The status of a subrequest that comes to this: nginx knows two.
    pub(super) const fn subrequest_status(&self) -> StatusCode {
        match self.code {
            Code::Token => StatusCode::UNAUTHORIZED,
            Code::Question | Code::Refused => StatusCode::FORBIDDEN,
            Code::Unavailable | Code::MaybeLogged => StatusCode::SERVICE_UNAVAILABLE,
            Code::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Credentials(CredentialsError::Store(error)) => Self::failed(&error),
            error => Self::token(&error.into()),
        }
    }
}

impl From<GrantError> for Refusal {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Store(error) => Self::failed(&error),
            error => Self::token(&error.into()),
        }
    }
}

impl From<DiscloseError> for Refusal {
    fn from(error: DiscloseError) -> Self {
        match error {
            DiscloseError::UnknownBuild => Self::unknown_build(),
            DiscloseError::TokenInQuery => Self::token(&error.into()),
            DiscloseError::Grant(error) => error.into(),
            DiscloseError::ReceiptsKey(error) => Self::broken(error),
            DiscloseError::Source(error) => Self::people(&error),
            DiscloseError::Store(error) => Self::failed(&error),
            DiscloseError::Refused(reason) => Self::refused(reason),
            DiscloseError::NotLogged(AppendError::Refused(refusal)) => Self::stopped(&refusal),
            DiscloseError::NotLogged(error @ AppendError::Poisoned { .. }) => {
                Self::poisoned(&error)
            }
            DiscloseError::NotLogged(error) => Self::failed(&error),
            DiscloseError::Late => Self::unavailable(error),
            DiscloseError::DiskReserved => Self::disk_reserved(),
            DiscloseError::Withheld => Self::withheld(),
            DiscloseError::Unwitnessed => Self::unwitnessed(),
        }
    }
}

impl From<SchemaError> for Refusal {
    fn from(error: SchemaError) -> Self {
        Self::question(format!("fields: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn refusal_says_whether_the_log_may_have_an_entry_and_whether_asking_again_helps() {
        let kind = io::ErrorKind::Other;
        let code = |error: DiscloseError| Refusal::from(error).code;
        let of_append = |error| code(DiscloseError::NotLogged(error));
        // After a failed fdatasync nobody knows what is on the disk, and the restart keeps what it finds.
        assert_eq!(of_append(AppendError::Poisoned { kind }), Code::MaybeLogged);
        assert_eq!(of_append(AppendError::Disk { kind }), Code::Broken);
        assert_eq!(of_append(AppendError::Busy), Code::Unavailable);
        let reserved = Refusal::from(DiscloseError::DiskReserved);
        assert_eq!(reserved.code, Code::Broken);
        assert_eq!(reserved.subrequest_status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(reserved.partner.status, 507);
    }
}
