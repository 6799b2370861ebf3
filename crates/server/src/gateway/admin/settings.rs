//! `GET` and `PUT /admin/v1/people/{account}/settings`: a person's own choices, by route. The
//! platform's own pages call this when a person changes them; the next read obeys.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};

/// The open fields by route, as `{"friends_device": ["id", "name"]}`; `["*"]` opens every field that
/// there is. What a later schema adds, nobody has chosen yet, so it stays closed.
pub type OpenFields = BTreeMap<String, Vec<String>>;

/// What is open now.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<OpenFields>, AdminError> {
    let handle = gateway.person(&account).await?;
    let settings = gateway.people.settings(handle).map_err(AdminError::internal)?;
    let register = gateway.log.register();
    let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
    Ok(Json(names(settings, schema)))
}

/// Opens exactly the named fields on the named routes; routes that are not named stay as they are.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 for an unknown route or field, 503 if the source of people's
/// data cannot tell whether there is such a person.
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(open): Json<OpenFields>,
) -> Result<Json<OpenFields>, AdminError> {
    let handle = gateway.person(&account).await?;
    let register = gateway.log.register();
    let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
    let settings = gateway.people.change_settings(handle, |now| apply(now, &open, schema))?;
    Ok(Json(names(settings, schema)))
}

/// These settings with exactly the named fields open on the named routes.
pub(crate) fn apply(
    mut settings: Settings,
    open: &OpenFields,
    schema: &FieldSchema,
) -> Result<Settings, AdminError> {
    for (name, fields) in open {
        let route = Route::parse(name).ok_or_else(|| {
            let routes = Route::ALL.map(Route::name).join(", ");
            AdminError::unprocessable(format!("there is no route {name:?}; use one of {routes}"))
        })?;
        let set = if fields.iter().any(|field| field == "*") {
            schema.all()
        } else {
            schema.resolve(fields).map_err(AdminError::unprocessable)?
        };
        settings = settings.with(route, set);
    }
    Ok(settings)
}

/// The names of the open fields, by route.
pub(crate) fn names(settings: Settings, schema: &FieldSchema) -> OpenFields {
    let open = |route: Route| schema.names(settings.open(route)).map(str::to_owned).collect();
    Route::ALL.into_iter().map(|route| (route.name().to_owned(), open(route))).collect()
}
