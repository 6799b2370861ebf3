//! What a person changed of their settings and grants, newest first.

use countersign_domain::route::Route;
use countersign_domain::schema::FieldSchema;
use countersign_domain::settings::Settings;
use countersign_people::store::{Event, HistoryRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use super::grants::ShownGrant;
use super::settings::OpenFields;
use super::vocabulary;

/// How many changes are told at once where nobody says how many.
pub const LIMIT_DEFAULT: usize = 100;

/// The most changes that are told at once.
pub const LIMIT_MAX: usize = 1_000;

/// A part of a person's history, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The changes.
    pub history: Vec<ShownChange>,
    /// What to ask for as `before` to see those before them; absent at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, nullable = false)]
    pub before: Option<u64>,
}

/// One change, which is one of `settings`, `grant_given`, `grant_ended`, `erased` and `hold`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Change)]
pub struct ShownChange {
    /// Its number; a person's changes are counted from one.
    #[schema(minimum = 1)]
    pub number: u64,
    /// When.
    #[schema(format = DateTime)]
    pub time: String,
    /// By which way: `admin_api`, `command`, `import`, `login`, `feed`, or `recovery` of what the log had and an older
    /// backup lacked. A command that goes through a running server comes by the admin API.
    pub by: String,
    /// What changed.
    #[serde(flatten)]
    pub what: ShownEvent,
}

/// What changed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Event)]
pub enum ShownEvent {
    /// What the person chose.
    Settings(ShownSettings),
    /// A grant was given.
    GrantGiven {
        /// The grant.
        #[serde(flatten)]
        grant: ShownGrant,
        /// Whether the person's user agent said then that data be neither sold nor shared.
        sec_gpc: bool,
    },
    /// A grant was ended before its time.
    GrantEnded(ShownGrant),
    /// Erasure was asked for.
    Erased {},
    /// A legal hold was set, in place of the one before.
    Hold {
        /// When it ends, or ended.
        #[schema(format = DateTime)]
        until: String,
    },
}

/// A change of settings.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ChangedSettings)]
pub struct ShownSettings {
    /// The preset to which the settings are equal since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<vocabulary::Preset>, nullable = false)]
    pub preset: Option<String>,
    /// The fields that were opened, by route.
    #[schema(value_type = BTreeMap<String, vocabulary::FieldNames>)]
    pub opened: OpenFields,
    /// The fields that were closed, by route.
    #[schema(value_type = BTreeMap<String, vocabulary::FieldNames>)]
    pub closed: OpenFields,
}

impl Service {
    /// The newest so many changes of a person, or those before the one of this number.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, or if the source of people's data cannot tell.
    pub async fn history(
        &self,
        account: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<History, OperationError> {
        let handle = self.person(account).await?;
        let records = self.people.history(handle, before, limit)?;
        self.with_schema(|schema| Ok(History::of(&records, schema)))
    }
}

impl History {
    /// Changes as they are told.
    pub fn of(records: &[(u64, HistoryRecord)], schema: &FieldSchema) -> Self {
        let oldest = records.last().map(|(number, _)| *number);
        let history =
            records.iter().map(|(number, record)| ShownChange::of(*number, record, schema));
        Self { history: history.collect(), before: oldest.filter(|number| *number > 1) }
    }
}

impl ShownChange {
    fn of(number: u64, record: &HistoryRecord, schema: &FieldSchema) -> Self {
        let what = match &record.event {
            Event::Settings { before, after, preset } => ShownEvent::Settings(ShownSettings {
                preset: preset.map(|preset| preset.name().to_owned()),
                opened: differing(*before, *after, schema),
                closed: differing(*after, *before, schema),
            }),
            Event::GrantGiven { id, grant, sec_gpc } => ShownEvent::GrantGiven {
                grant: ShownGrant::of(*id, grant, schema),
                sec_gpc: *sec_gpc,
            },
            Event::GrantEnded { id, grant } => {
                ShownEvent::GrantEnded(ShownGrant::of(*id, grant, schema))
            }
            Event::Erased => ShownEvent::Erased {},
            Event::Hold { until } => ShownEvent::Hold { until: until.to_string() },
        };
        let made = record.made;
        Self { number, time: made.at.to_string(), by: made.by.name().to_owned(), what }
    }
}

/// The fields that are open in `more` and not in `less`, by route; routes without one are left out.
fn differing(less: Settings, more: Settings, schema: &FieldSchema) -> OpenFields {
    let names = |route: Route| {
        let fields = more.open(route).without(less.open(route));
        let names: Vec<String> = schema.names(fields).map(str::to_owned).collect();
        (!names.is_empty()).then(|| (route.name().to_owned(), names))
    };
    Route::ALL.into_iter().filter_map(names).collect()
}
