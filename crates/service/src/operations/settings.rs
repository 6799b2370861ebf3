//! A person's own choices, by route. The platform's own pages have them changed here; the next read obeys.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::Choice;
use serde::{Deserialize, Serialize};

use super::Service;
use super::choice::Chosen;
use super::error::OperationError;
use super::optional::given;

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

impl Service {
    /// What a person has open now.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, or if the source of people's data cannot tell.
    pub async fn settings(&self, account: &str) -> Result<OpenSettings, OperationError> {
        let handle = self.person(account).await?;
        let settings = self.people.settings(handle)?;
        self.with_schema(|schema| Ok(OpenSettings::of(settings, schema)))
    }

    /// Applies the preset, if one is named, and opens exactly the named fields on the named routes; what is
    /// named by neither stays as it is. What this closes is closed at once, what it opens once the log has it,
    /// which is when this returns: with a receipt, if anything changed.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, preset, route or field, or if the source of people's data cannot tell
    /// whether there is such a person.
    pub async fn change_settings(
        self: &Arc<Self>,
        account: &str,
        wanted: OpenSettings,
    ) -> Result<Chosen<OpenSettings>, OperationError> {
        let handle = self.person(account).await?;
        let choose = move |service: &Self| {
            service.with_schema(|schema| {
                let (people, made) = (&service.people, service.made());
                let change = |now| wanted.applied_to(now, schema);
                let (settings, chosen) = people.choose_settings(handle, made, change)?;
                Ok((OpenSettings::of(settings, schema), chosen))
            })
        };
        let (now, chosen) = self.beside(choose).await?;
        self.chosen(handle, chosen, now).await
    }
}

impl OpenSettings {
    /// What these settings are.
    pub fn of(settings: Settings, schema: &FieldSchema) -> Self {
        let preset = Preset::of(settings, schema).map(|preset| preset.name().to_owned());
        Self { preset, open: names(settings, schema) }
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.preset.is_none() && self.open.is_empty()
    }

    /// These settings as they are asked to be.
    pub fn applied_to(
        &self,
        mut settings: Settings,
        schema: &FieldSchema,
    ) -> Result<Choice, OperationError> {
        if let Some(name) = &self.preset {
            let preset = Preset::parse(name).ok_or_else(|| {
                let presets = Preset::names();
                OperationError::unprocessable(format!(
                    "there is no preset {name:?}; use one of {presets}"
                ))
            })?;
            settings = preset.settings(schema);
        }
        for (name, fields) in &self.open {
            let route = Route::parse(name).ok_or_else(|| {
                let routes = Route::ALL.map(Route::name).join(", ");
                OperationError::unprocessable(format!(
                    "there is no route {name:?}; use one of {routes}, or preset"
                ))
            })?;
            // What stands beside a star has to be a field too, or somebody meant something else.
            let named: Vec<_> = fields.iter().filter(|field| *field != "*").collect();
            let resolved = schema.resolve(&named).map_err(OperationError::unprocessable)?;
            let set = if named.len() < fields.len() { schema.all() } else { resolved };
            settings = settings.with(route, set);
        }
        Ok(Choice { settings, preset: Preset::of(settings, schema) })
    }
}

/// The names of the open fields, by route.
pub fn names(settings: Settings, schema: &FieldSchema) -> OpenFields {
    let open = |route: Route| schema.names(settings.open(route)).map(str::to_owned).collect();
    Route::ALL.into_iter().map(|route| (route.name().to_owned(), open(route))).collect()
}
