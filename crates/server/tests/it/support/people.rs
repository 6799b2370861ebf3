//! What the tests of people share.

use std::path::Path;

use countersign_demo::sample_graph;
use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
pub(crate) use countersign_fixtures::input::shared_data;
pub(crate) use countersign_fixtures::schema::shipped as default_schema;
use countersign_people::store::{
    LogMark, Logged, Made, People, SettledConsent, StoreError, StoreOptions, Way,
};
use countersign_service::people::beginning::Beginning;
use countersign_service::people::import::{self, ImportError, ImportOptions, ImportReport};
use countersign_service::people::import_jsonl;
use countersign_service::people::progress::Progress;

/// A kind of files.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Snap,
    Ldbc,
    Jsonl,
}

/// A change that a test makes itself.
pub(crate) const MADE: Made = Made { at: Timestamp::from_seconds(1_790_000_000), by: Way::Command };

pub(crate) fn open(dir: &Path) -> People {
    People::open(dir, StoreOptions::default()).unwrap()
}

/// Lets everything hold that people chose, as if a log had been told. The store belongs to no instance.
pub(crate) fn tell(people: &People) {
    let pending = people.pending(MADE.at, 10_000).unwrap();
    let settled = pending.iter().map(|pending| SettledConsent {
        handle: pending.handle,
        number: pending.record.number,
        receipt: None,
    });
    let logged = Logged { mark: LogMark { stream: [1; 16], entries: 1 }, time: MADE.at };
    people.settled(&settled.collect::<Vec<_>>(), logged).unwrap();
}

/// Lets somebody choose these settings, which hold on return.
pub(crate) fn set_settings(people: &People, person: Handle, settings: Settings) {
    people.choose_settings(person, MADE, |_| Ok::<_, StoreError>(settings)).unwrap();
    tell(people);
}

pub(crate) fn import(
    kind: Kind,
    path: &Path,
    people: &People,
    beginning: impl Into<Beginning>,
) -> Result<ImportReport, ImportError> {
    let schema = default_schema();
    let progress = Progress::Hidden;
    let (beginning, now) = (beginning.into(), MADE.at);
    let options = ImportOptions { schema: &schema, beginning, sequence: None, now, progress };
    import::run(people, &options, |batch| match kind {
        Kind::Snap => sample_graph::Kind::Snap.read(path, batch),
        Kind::Ldbc => sample_graph::Kind::Ldbc.read(path, batch),
        Kind::Jsonl => import_jsonl::read(path, people.folder(), batch),
    })
}
