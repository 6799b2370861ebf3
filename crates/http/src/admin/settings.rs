//! `GET` and `PUT /admin/v1/people/{account}/settings`: a person's own choices, by route. The
//! platform's own pages call this when a person changes them; the next read obeys.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::documents::OpenFields;
use countersign_service::operations::settings::OpenSettings;

use super::consents::{ChosenAnswer, answer};
use super::paths::AccountPath;
use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// A person's own choices.
///
/// With the preset to which they are equal, if there is one.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
#[utoipa::path(
    get,
    path = "/people/{account}/settings",
    operation_id = "readSettings",
    params(AccountPath),
    responses(
        (status = 200, description = "What is open now, by route.", body = OpenFields),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<Json<OpenSettings>, AdminError> {
    Ok(Json(gateway.service.settings(&account).await?))
}

/// Change a person's own choices.
///
/// Applies the preset, if one is named, then opens exactly the named fields on the named routes; routes that are
/// named by neither stay as they are. `["*"]` is every field that there is now; a field that a later schema adds
/// stays closed. What this closes is closed at once, what it opens once the log has it, which is when this returns.
/// On 503 it is kept, and the log told later.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 for an unknown preset, route or field, 503 if the source of
/// people's data cannot tell whether there is such a person.
#[utoipa::path(
    put,
    path = "/people/{account}/settings",
    operation_id = "changeSettings",
    params(AccountPath),
    request_body = OpenFields,
    responses(
        (status = 200, description = "What is to be open, by route; with a receipt if anything changed.", body = OpenFields, headers(("Countersign-Consent-Receipt"))),
        NotFound,
        (status = 409, description = "The person is being erased, and chooses and grants nothing any more.", body = ErrorBody),
        Broken,
        NotNow,
    ),
)]
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
    Json(wanted): Json<OpenSettings>,
) -> Result<ChosenAnswer<OpenSettings>, AdminError> {
    Ok(answer(gateway.service.change_settings(&account, wanted).await?))
}
