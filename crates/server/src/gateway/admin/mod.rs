//! The admin API, for the platform's own engineers and tools: `/admin/v1/…`. Every call needs the
//! instance's admin token; an act needs its signatures besides.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Gateway;
use super::bearer;
use crate::consents::TellError;
use crate::remedy::{Remediable, Remedy};
use crate::source::SourceError;
use crate::store::StoreError;

pub mod acts;
pub mod budgets;
pub mod canaries;
pub mod closes;
pub mod consents;
pub mod directory;
pub mod erasure;
pub mod erasures;
pub mod explain;
pub mod export;
pub mod feed;
pub mod grants;
pub mod history;
pub mod hold;
pub mod ledger;
pub mod register;
pub mod sample;
pub mod secrets;
pub mod settings;
pub mod tokens;

/// Lets a request pass that carries the admin token.
pub async fn require_token(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let presented = bearer::presented(request.headers());
    if presented.is_some_and(|presented| gateway.admin_token.opens_for(presented)) {
        next.run(request).await
    } else {
        AdminError::unauthorised(
            "the admin token is needed: Authorization: Bearer, with the content of keys/admin.token",
        )
        .into_response()
    }
}

/// Any other path below `/admin/v1`.
pub async fn unknown(uri: Uri) -> AdminError {
    let message = format!(
        "there is no admin call {}; there are POST acts, GET budgets, GET and POST canaries, DELETE canaries/ACCOUNT, POST canaries/ACCOUNT/generations, GET and POST closes, POST and DELETE clients/CLIENT/secret, GET directory, GET erasures, POST explain, GET register, GET and POST people/feed, GET people/ACCOUNT/consents/NUMBER, GET and POST people/ACCOUNT/erasure, GET people/ACCOUNT/export, GET people/ACCOUNT/grants, DELETE people/ACCOUNT/grants/ID, GET people/ACCOUNT/history, PUT and DELETE people/ACCOUNT/hold, GET people/ACCOUNT/ledger, GET and PUT people/ACCOUNT/settings, GET sample, POST tokens",
        uri.path()
    );
    AdminError { status: StatusCode::NOT_FOUND, message }
}

/// A path that there is, and a method that it has not; the `Allow` header is the router's.
pub async fn wrong_method(method: Method) -> AdminError {
    let message = format!("this path is not called with {method}: see the Allow header");
    AdminError { status: StatusCode::METHOD_NOT_ALLOWED, message }
}

/// What an engineer is told when a call fails.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct AdminError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What was wrong, and what to do.
    pub message: String,
}

impl AdminError {
    /// A request that could not be read.
    pub(super) const fn of(status: StatusCode, message: String) -> Self {
        Self { status, message }
    }

    /// Who calls has not shown the right token.
    pub fn unauthorised(message: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, message: message.to_owned() }
    }

    /// The call asks for something that cannot be.
    pub fn unprocessable(error: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, message: error.to_string() }
    }

    /// There is nothing of that name.
    pub fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: format!("there is no such {what}") }
    }

    /// Something of ours fails. Only what a moment mends says 503, which has callers ask again; a full disk is
    /// 507, and what else a person has to mend 500.
    pub fn failed(error: &impl Remediable) -> Self {
        Self { status: status_of(error.remedy()), message: error.to_string() }
    }

    /// It has to be asked again a moment later.
    pub fn behind() -> Self {
        let message = "a new image of the people is being written, and changes run far ahead of it; nothing was applied: \
                       send this again after Retry-After";
        Self { status: StatusCode::SERVICE_UNAVAILABLE, message: message.to_owned() }
    }

    /// Something of ours fails.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: error.to_string() }
    }
}

impl AdminError {
    /// The log was not told what somebody chose.
    pub(super) fn untold(error: TellError) -> Self {
        tracing::error!(%error, "the log could not be told what people choose");
        let remedy = error.remedy();
        let next = match remedy {
            Remedy::Wait => "that is tried again every second".to_owned(),
            Remedy::MakeRoom => {
                format!("{error}. Once there is room, the log is told by itself within a second")
            }
            Remedy::Mend => format!(
                "{error}. Once that is mended, the log is told by itself, at the latest with the next start"
            ),
        };
        let message = format!(
            "it is kept, and what it closes is closed; what it opens is open once the log is told: {next}"
        );
        Self { status: status_of(remedy), message }
    }
}

/// The status that says who mends it.
const fn status_of(remedy: Remedy) -> StatusCode {
    match remedy {
        Remedy::Wait => StatusCode::SERVICE_UNAVAILABLE,
        Remedy::MakeRoom => StatusCode::INSUFFICIENT_STORAGE,
        Remedy::Mend => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownPerson => Self::not_found("account"),
            error @ StoreError::BeingErased => Self::of(StatusCode::CONFLICT, error.to_string()),
            other => Self::failed(&other),
        }
    }
}

impl From<SourceError> for AdminError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::UnknownPerson => Self::not_found("account"),
            SourceError::Store(error) => error.into(),
            other => {
                let remedy = other.remedy();
                let next = if remedy == Remedy::Wait { ", so try again" } else { "" };
                let message = format!(
                    "this person is not known here yet, and whether the platform knows them cannot be found out: {other}; nothing was changed{next}"
                );
                Self { status: status_of(remedy), message }
            }
        }
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.message }))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use countersign_log::ConsentsError;
    use countersign_log::append::AppendError;

    use super::*;

    #[test]
    fn who_chose_is_told_what_has_to_come_before_the_log_is_told() {
        let of_log = |error| TellError::Log(ConsentsError::Append(error));
        let kind = ErrorKind::StorageFull;
        for (error, status, said, unsaid) in [
            (TellError::CutShort, 503, "tried again every second", "mended"),
            (of_log(AppendError::Disk { kind }), 507, "make room on it", "every second"),
            (of_log(AppendError::Poisoned { kind }), 500, "restarted", "every second"),
            (TellError::NoRandomness, 500, "Once that is mended", "every second"),
        ] {
            let AdminError { status: found, message } = AdminError::untold(error);
            assert_eq!(found, status, "{message}");
            assert!(message.starts_with("it is kept, and what it closes is closed"), "{message}");
            assert!(message.contains(said) && !message.contains(unsaid), "{message}");
        }
    }
}
