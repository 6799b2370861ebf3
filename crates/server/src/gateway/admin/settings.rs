//! `GET` and `PUT /admin/v1/people/{account}/settings`: a person's own choices, by route. The
//! platform's own pages call this when a person changes them; the next read obeys.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use serde::{Deserialize, Serialize};

use super::AdminError;
use super::consents::{ReceiptHeader, receipt_of};
use crate::clock;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path, given};
use crate::store::{Choice, Made, Way};

/// The open fields by route, as `{"friends_device": ["id", "name"]}`; `["*"]` opens every field that
/// there is. What a later schema adds, nobody has chosen yet, so it stays closed.
pub type OpenFields = BTreeMap<String, Vec<String>>;

/// What a person is to have, or has, open. Asked for, the preset comes first and the routes that are
/// named after it; told, the preset is the one to which all of it is equal.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct OpenSettings {
    /// A preset, by name.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The open fields.
    #[serde(flatten)]
    pub open: OpenFields,
}

/// What is open now.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<OpenSettings>, AdminError> {
    let handle = gateway.service.person(&account).await?;
    let settings = gateway.service.people.settings(handle)?;
    let register = gateway.service.log.register();
    let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
    Ok(Json(OpenSettings::of(settings, schema)))
}

/// Applies the preset, if one is named, and opens exactly the named fields on the named routes; what is
/// named by neither stays as it is. What this closes is closed at once, what it opens once the log has it,
/// which is when this returns: with a receipt, if anything changed.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 for an unknown preset, route or field, 503 if the source of
/// people's data cannot tell whether there is such a person.
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(wanted): Json<OpenSettings>,
) -> Result<(ReceiptHeader, Json<OpenSettings>), AdminError> {
    let handle = gateway.service.person(&account).await?;
    let register = gateway.service.log.register();
    let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
    // Whoever closes something is not kept waiting by a clock that nobody believes.
    let made = Made { at: clock::now(), by: Way::AdminApi };
    let change = |now| wanted.applied_to(now, schema);
    let (settings, chosen) = gateway.service.people.choose_settings(handle, made, change)?;
    let receipt = receipt_of(&gateway, handle, chosen).await?;
    Ok((receipt, Json(OpenSettings::of(settings, schema))))
}

impl OpenSettings {
    /// What these settings are.
    pub(crate) fn of(settings: Settings, schema: &FieldSchema) -> Self {
        let preset = Preset::of(settings, schema).map(|preset| preset.name().to_owned());
        Self { preset, open: names(settings, schema) }
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.preset.is_none() && self.open.is_empty()
    }

    /// These settings as they are asked to be.
    pub(crate) fn applied_to(
        &self,
        mut settings: Settings,
        schema: &FieldSchema,
    ) -> Result<Choice, AdminError> {
        if let Some(name) = &self.preset {
            let preset = Preset::parse(name).ok_or_else(|| {
                let presets = Preset::names();
                AdminError::unprocessable(format!(
                    "there is no preset {name:?}; use one of {presets}"
                ))
            })?;
            settings = preset.settings(schema);
        }
        for (name, fields) in &self.open {
            let route = Route::parse(name).ok_or_else(|| {
                let routes = Route::ALL.map(Route::name).join(", ");
                AdminError::unprocessable(format!(
                    "there is no route {name:?}; use one of {routes}, or preset"
                ))
            })?;
            // What stands beside a star has to be a field too, or somebody meant something else.
            let named: Vec<_> = fields.iter().filter(|field| *field != "*").collect();
            let resolved = schema.resolve(&named).map_err(AdminError::unprocessable)?;
            let set = if named.len() < fields.len() { schema.all() } else { resolved };
            settings = settings.with(route, set);
        }
        Ok(Choice { settings, preset: Preset::of(settings, schema) })
    }
}

/// The names of the open fields, by route.
pub(crate) fn names(settings: Settings, schema: &FieldSchema) -> OpenFields {
    let open = |route: Route| schema.names(settings.open(route)).map(str::to_owned).collect();
    Route::ALL.into_iter().map(|route| (route.name().to_owned(), open(route))).collect()
}
