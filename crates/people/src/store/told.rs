//! For tests: a log that is told at once of whatever people choose.

use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;

use super::{LogMark, Logged, Made, People, SettledConsent, StoreError};

/// Lets everything hold that waits for the log.
pub(super) fn tell(people: &People, made: Made) {
    let pending = people.pending(made.at, 10_000).unwrap();
    let settled = pending.iter().map(|pending| SettledConsent {
        handle: pending.handle,
        number: pending.record.number,
        receipt: Some("receipt of a choice".to_owned()),
    });
    let logged = Logged { mark: LogMark { stream: [1; 16], entries: 1 }, time: made.at };
    people.settled(&settled.collect::<Vec<_>>(), logged).unwrap();
}

/// Lets somebody choose these settings, which hold on return.
pub(super) fn choose(
    people: &People,
    person: Handle,
    made: Made,
    settings: Settings,
) -> Result<(), StoreError> {
    people.choose_settings(person, made, |_| Ok::<_, StoreError>(settings))?;
    tell(people, made);
    Ok(())
}
