//! What is read from requests of the platform's own API, and how what cannot be read is refused: in the
//! form that all of its errors have, instead of the framework's plain text.

use std::error::Error;

use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_protocol::json_check::{self, JsonFault, JsonProblem};
use countersign_service::operations::error::OperationError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::admin_error::AdminError;

/// A JSON body, read or answered. One that readers of JSON would differ about is refused.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = AdminError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AdminError> {
        let (parts, body) = request.into_parts();
        let Body(bytes) =
            Body::from_request(Request::from_parts(parts.clone(), body), state).await?;
        match json_check::check(&bytes) {
            // Whoever reads it as a value says more about what is no JSON, and about its type.
            Ok(()) | Err(JsonFault { problem: JsonProblem::Malformed { .. }, .. }) => {}
            Err(fault) => {
                return Err(OperationError::unprocessable(format!("the body: {fault}")).into());
            }
        }
        let request = Request::from_parts(parts, bytes.into());
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::MissingJsonContentType(refused)) => {
                let expected = "the header `Content-Type: application/json` is expected";
                Err(AdminError::of(refused.status(), expected.to_owned()))
            }
            Err(refused) => Err(refusal("the body", refused.status(), &refused)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The variable segments of a path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(refused)) => {
                let (status, kind) = (refused.status(), refused.into_kind());
                Err(AdminError::of(status, format!("the path: {kind}")))
            }
            Err(refused) => Err(refusal("the path", refused.status(), &refused)),
        }
    }
}

/// The query.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(refused) => Err(refusal("the query", refused.status(), &refused)),
        }
    }
}

/// A body as it came.
pub struct Body(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = AdminError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AdminError> {
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(refused) => Err(refusal("the body", refused.status(), &refused)),
        }
    }
}

/// A part of a request that cannot be read, and why; what the framework says around the cause is about itself.
fn refusal(part: &str, status: StatusCode, refused: &dyn Error) -> AdminError {
    let why = refused.source().map_or_else(|| refused.to_string(), ToString::to_string);
    AdminError::of(status, format!("{part}: {why}"))
}

/// Bytes as a file of this name, which is kept nowhere on the way.
pub fn download(name: &str, bytes: Vec<u8>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, bytes)
}
