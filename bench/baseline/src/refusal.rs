//! What a client is told when there is no answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why there is no answer.
pub(crate) enum Refusal {
    /// No token, or none that holds.
    Token,
    /// A field that there is not.
    Fields,
    /// The database did not answer; the reason is not the client's business.
    Database(String),
}

impl From<deadpool_postgres::PoolError> for Refusal {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Database(error.to_string())
    }
}

impl From<tokio_postgres::Error> for Refusal {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(format!("{error:?}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Token => (StatusCode::UNAUTHORIZED, "no token that holds\n").into_response(),
            Self::Fields => (StatusCode::BAD_REQUEST, "no such field\n").into_response(),
            Self::Database(why) => {
                eprintln!("database: {why}");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }
}
