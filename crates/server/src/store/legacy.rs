//! Who has the settings of the preset `legacy-2014`: a list beside the records, kept with every change of
//! settings, so that each page can say whether anybody has it without a look at everybody.

use countersign_domain::field::FieldSet;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use heed::RwTxn;

use super::databases::Databases;
use super::error::StoreError;
use super::lmdb::People;

/// How many fields the preset keeps from friends' apps.
const CLOSED_COUNT: usize = 3;

impl People {
    /// How many people have the settings of the preset `legacy-2014`, those whom the platform removed
    /// included: they have them when they are back.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn legacy_2014_count(&self) -> Result<u64, StoreError> {
        let txn = self.read()?;
        txn.databases.legacy.len(&txn).map_err(|e| self.failed(e))
    }
}

/// Lists a person, or takes them off the list.
pub(super) fn mark(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    number: u32,
    preset: Option<Preset>,
) -> heed::Result<()> {
    if preset == Some(Preset::Legacy2014) {
        databases.legacy.put(txn, &number, &[])
    } else {
        databases.legacy.delete(txn, &number).map(drop)
    }
}

/// Whether settings look like the preset under some field schema: the default, and open to friends' apps
/// up to some field with three exceptions. For stores that were written before there was a list, by code
/// that has no schema; whoever chose exactly that field by field is listed too.
pub(super) fn looks_like_it(settings: Settings) -> bool {
    let open = settings.open(Route::FriendsApp);
    let last = open.iter().last().map_or(0, |field| field.number() + 1);
    settings.with(Route::FriendsApp, FieldSet::EMPTY) == Settings::DEFAULT
        && open.len() > CLOSED_COUNT
        && last - open.len() == CLOSED_COUNT
}
