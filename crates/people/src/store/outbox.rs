//! What people chose and the log does not have yet: durable with the choice itself, and gone once the log
//! has it.
//!
//! ```text
//! choose            what is closed is closed at once; what is opened waits
//! pending           → the log                                    (by `countersign-service`)
//! settled           what was opened is open; a grant that was given can be used
//! ```
//!
//! INVARIANT: nothing is opened before the log has it, and nothing that was closed is open until the log has it. Kept
//! by [`choose`] and [`grants::remember`]. What an import or the end of a grant changes holds at once.
//!
//! What it is not: exact about crashes. A choice that the log has and that was not settled is told again,
//! in the same words.

use countersign_domain::person::{Handle, PairwiseId, Secret};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::{Choice as Chosen, ConsentRecord, GrantGiven, GrantName};
use countersign_protocol::record::own_id;

use super::changes::Changes;
use super::choice::Choice;
use super::databases::Txn;
use super::error::StoreError;
use super::grants;
use super::history::{self, Event, HistoryRecord};
use super::kept::Writer;
use super::log_mark::Logged;
use super::provenance::{Holds, Made, Way};
use super::record::Record;
use super::storage::Storage;
use super::view::View;

/// The number of the record of what a person began with.
pub const BEGINNING: u64 = 0;

/// One choice that the log does not have yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingConsent {
    /// The person.
    pub handle: Handle,
    /// The person's own name.
    pub person: PairwiseId,
    /// What the log will have.
    pub record: ConsentRecord,
}

/// One choice that the log has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettledConsent {
    /// The person.
    pub handle: Handle,
    /// The number of the choice among the person's own.
    pub number: u64,
    /// The receipt, as text; none for what a person began with.
    pub receipt: Option<String>,
}

/// Changes what the person chose, for the log to be told: what this closes is closed when it returns,
/// and what it opens is open once [`settled`] says so. The settings that were chosen, and the number
/// of the choice, unless they were chosen already.
pub(super) fn choose<E: From<StoreError>, C: Into<Choice>>(
    storage: &Storage,
    person: Handle,
    made: Made,
    change: impl FnOnce(Settings) -> Result<C, E>,
) -> Result<(Settings, Option<u64>), E> {
    let writer = Writer::wait(storage);
    let mut changes = Changes::begin(&writer, Settings::DEFAULT)?;
    let number = storage.view().number_of(person).ok_or(StoreError::UnknownPerson)?;
    let in_force = changes.settings(number)?;
    let waiting = waiting_settings(changes.txn(), person, BEGINNING)?;
    let before = waiting.last().copied().unwrap_or(in_force);
    let choice = change(before)?.into();
    let now = in_force.and(choice.settings);
    let chosen = changes.choose(number, [before, now], choice, made)?;
    changes.commit()?;
    Ok((choice.settings, chosen))
}

impl Changes<'_> {
    /// Takes what the platform says that a person chose on its own pages: `told` makes it of what they chose last. What
    /// it closes is closed with the commit, and what it opens is open once the log has it. Of whom chose here, it
    /// only closes. The number of the choice, unless nothing changes.
    ///
    /// # Errors
    /// [`StoreError::BeingErased`], [`StoreError::Database`], [`StoreError::Full`].
    pub fn platform_chose(
        &mut self,
        number: u32,
        at: Timestamp,
        told: impl FnOnce(Settings) -> Choice,
    ) -> Result<Option<u64>, StoreError> {
        let (handle, has_own) = self.chooser(number)?;
        let in_force = self.settings(number)?;
        let waiting = waiting_settings(self.txn(), handle, BEGINNING)?;
        let before = waiting.last().copied().unwrap_or(in_force);
        let told = told(before);
        let choice = if has_own { before.and(told.settings).into() } else { told };
        let now = in_force.and(choice.settings);
        self.choose(number, [before, now], choice, Made { at, by: Way::Feed })
    }
}

/// Choices that the log does not have yet, at most so many. Each person's are in their order.
pub(super) fn pending(
    storage: &Storage,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<PendingConsent>, StoreError> {
    let txn = storage.read()?;
    let mut pending = Vec::new();
    for entry in txn.tables().beginnings.iter(&txn)?.take(limit) {
        pending.push(beginning(&txn, entry?.0, now)?);
    }
    let left = limit - pending.len();
    for entry in txn.tables().outbox.iter(&txn)?.take(left) {
        let (handle, number) = history::split_key(entry?.0);
        let record = history::get(&txn, handle, number)?;
        let person = own_name_of(&txn, &storage.view(), handle)?;
        pending.push(PendingConsent { handle, person, record: consent(number, &record) });
    }
    Ok(pending)
}

/// The receipt of a choice, if the log has it.
pub(super) fn receipt(
    txn: &impl Txn,
    person: Handle,
    number: u64,
) -> Result<Option<String>, StoreError> {
    let bytes = txn.tables().consent_receipts.get(txn, &history::key(person, number))?;
    let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec()));
    text.transpose().map_err(|_| txn.damaged("a consent receipt"))
}

/// What the log has, or will have, of this change of the person's.
pub(super) fn record(
    txn: &impl Txn,
    person: Handle,
    number: u64,
) -> Result<Option<ConsentRecord>, StoreError> {
    Ok(history::find(txn, person, number)?.map(|record| consent(number, &record)))
}

/// Whether the log has not everything yet that this person ever chose.
pub(super) fn is_waiting(txn: &impl Txn, person: Handle, number: u32) -> Result<bool, StoreError> {
    let tables = txn.tables();
    let waiting = tables.outbox.prefixed(txn, &person.0)?.next().transpose()?;
    Ok(waiting.is_some() || tables.beginnings.get(txn, &number)?.is_some())
}

/// The log has these choices: what they open is open, and the grants can be used, when this returns.
pub(super) fn settled(
    storage: &Storage,
    consents: &[SettledConsent],
    logged: Logged,
) -> Result<(), StoreError> {
    let writer = Writer::wait(storage);
    let mut changes = Changes::begin(&writer, Settings::DEFAULT)?;
    let view = storage.view();
    for consent in consents {
        settle(&view, &mut changes, consent, logged.time)?;
    }
    changes.put_log_mark(logged.mark)?;
    changes.commit()
}

/// The log has this choice, in an entry of this time.
pub(super) fn settle(
    view: &View,
    changes: &mut Changes<'_>,
    consent: &SettledConsent,
    logged_at: Timestamp,
) -> Result<(), StoreError> {
    let SettledConsent { handle, number, receipt } = consent;
    // Whoever was destroyed meanwhile has nothing that could be opened.
    let Some(person) = view.number_of(*handle) else { return Ok(()) };
    let txn = changes.txn_mut();
    let tables = txn.tables;
    if *number == BEGINNING {
        return tables.beginnings.delete(txn, &person).map(drop);
    }
    let key = history::key(*handle, *number);
    let Some(waited) = tables.outbox.get(txn, &key)?.map(Holds::of) else { return Ok(()) };
    tables.outbox.delete(txn, &key)?;
    if let Some(receipt) = receipt {
        tables.consent_receipts.put(txn, &key, receipt.as_bytes())?;
    }
    let HistoryRecord { made, event } = history::get(txn, *handle, *number)?;
    if event == Event::Erased {
        changes.erasure_logged(person, logged_at)?;
    }
    // What held before has gone on since: a grant that was ended is not to come back. And nothing is opened
    // of somebody who was removed or erased meanwhile.
    if waited == Holds::AtOnce || changes.is_removed(person)? {
        return Ok(());
    }
    match event {
        Event::Settings { after, preset, .. } => {
            let later = waiting_settings(changes.txn(), *handle, *number)?;
            let in_force = later.into_iter().fold(after, Settings::and);
            let preset = preset.filter(|_| in_force == after);
            let choice = Choice { settings: in_force, preset };
            changes.put_in_force(person, choice, made.by)
        }
        Event::GrantGiven { id, grant, .. } => grants::put_in_force(changes.txn_mut(), id, &grant),
        Event::GrantEnded { .. } | Event::Erased | Event::Hold { .. } => Ok(()),
    }
}

/// The settings that a person chose after the choice of this number, and that wait for the log.
fn waiting_settings(
    txn: &impl Txn,
    person: Handle,
    after: u64,
) -> Result<Vec<Settings>, StoreError> {
    let mut settings = Vec::new();
    for entry in txn.tables().outbox.prefixed(txn, &person.0)? {
        let (key, holds) = entry?;
        let (_, number) = history::split_key(key);
        if number <= after || Holds::of(holds) == Holds::AtOnce {
            continue;
        }
        if let Event::Settings { after, .. } = history::get(txn, person, number)?.event {
            settings.push(after);
        }
    }
    Ok(settings)
}

fn beginning(txn: &impl Txn, number: u32, now: Timestamp) -> Result<PendingConsent, StoreError> {
    let record = person(txn, number)?;
    let choice = Chosen::Settings(record.settings().into());
    let consent = ConsentRecord { number: BEGINNING, time: now, choice };
    Ok(PendingConsent { handle: record.handle(), person: own_name(&record), record: consent })
}

fn own_name_of(txn: &impl Txn, view: &View, handle: Handle) -> Result<PairwiseId, StoreError> {
    let number = view.number_of(handle).ok_or(StoreError::UnknownPerson)?;
    Ok(own_name(&person(txn, number)?))
}

fn person(txn: &impl Txn, number: u32) -> Result<Record<'_>, StoreError> {
    let bytes = txn.tables().people.get(txn, &number)?;
    bytes.and_then(Record::parse).ok_or_else(|| txn.damaged("a person"))
}

fn own_name(record: &Record<'_>) -> PairwiseId {
    let mut secret = Secret([0; 32]);
    record.secret_into(&mut secret);
    own_id(&secret)
}

/// What the log will have of a change.
fn consent(number: u64, record: &HistoryRecord) -> ConsentRecord {
    let choice = match &record.event {
        Event::Settings { after, .. } => Chosen::Settings((*after).into()),
        Event::GrantGiven { id, grant, .. } => {
            Chosen::Grant(GrantGiven::of(GrantName(id.0), &grant.grant))
        }
        Event::GrantEnded { id, .. } => Chosen::GrantEnded { grant: GrantName(id.0) },
        Event::Erased => Chosen::Erased {},
        Event::Hold { until } => Chosen::Hold { until: *until },
    };
    ConsentRecord { number, time: record.made.at, choice }
}

#[cfg(test)]
mod tests {
    use countersign_domain::field::FieldSet;
    use countersign_domain::grant::Grant;
    use countersign_domain::identifier::Identifier;
    use countersign_domain::preset::Preset;
    use countersign_domain::route::Route;

    use super::*;
    use crate::store::{
        Given, GrantId, GrantRecord, Import, LogMark, NewPerson, People, Profile, StoreOptions,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const MADE: Made = Made { at: NOW, by: Way::AdminApi };
    const ROUTE: Route = Route::FriendsDevice;

    /// A store with one person, who begins with these settings.
    fn founded(settings: Settings) -> (tempfile::TempDir, People, Handle) {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let importer = people.importer();
        let mut import = Import::begin(&importer, NOW).unwrap();
        let (settings, profile) = (settings.into(), &mut Profile::default());
        import.person(NewPerson { account: "ada", minor: false, settings, profile }).unwrap();
        import.commit(&mut |_, _| ()).unwrap();
        drop(importer);
        let ada = people.person_of_account("ada").unwrap().unwrap();
        (dir, people, ada)
    }

    fn open(bits: u128) -> Settings {
        Settings::DEFAULT.with(ROUTE, FieldSet::from_bits(bits))
    }

    fn choose(people: &People, ada: Handle, bits: u128) -> Option<u64> {
        let change = |_| Ok::<_, StoreError>(open(bits));
        people.choose_settings(ada, MADE, change).unwrap().1
    }

    fn in_force(people: &People, ada: Handle) -> u128 {
        people.settings(ada).unwrap().open(ROUTE).bits()
    }

    fn numbers(people: &People) -> Vec<u64> {
        people.pending(NOW, 10).unwrap().iter().map(|pending| pending.record.number).collect()
    }

    fn settle(people: &People, ada: Handle, number: u64) {
        let receipt = (number != BEGINNING).then(|| format!("receipt {number}"));
        let mark = LogMark { stream: [1; 16], entries: 1 };
        let logged = Logged { mark, time: NOW };
        people.settled(&[SettledConsent { handle: ada, number, receipt }], logged).unwrap();
    }

    fn grant_of(ada: Handle) -> (GrantId, GrantRecord) {
        let name = |text| Identifier::parse(text).unwrap();
        let grant = Grant {
            client: name("home"),
            purpose: name("contacts"),
            viewer: FieldSet::from_bits(1),
            friend: FieldSet::EMPTY,
            until: Timestamp::from_seconds(9_000),
        };
        let record = GrantRecord { viewer: ada, grant, build: None, created: NOW };
        (GrantId([5; 16]), record)
    }

    #[test]
    fn what_closes_holds_at_once_and_what_opens_once_the_log_has_it() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        assert_eq!(numbers(&people), [] as [u64; 0], "everybody begins so");
        assert_eq!(choose(&people, ada, 0b0111), Some(1));
        assert_eq!(in_force(&people, ada), 0);
        settle(&people, ada, 1);
        assert_eq!((in_force(&people, ada), numbers(&people)), (0b0111, vec![]));
        assert_eq!(choose(&people, ada, 0b1110), Some(2));
        assert_eq!(in_force(&people, ada), 0b0110, "what was open and stays open");
        assert_eq!(choose(&people, ada, 0b1110), None, "it is chosen already");
        assert_eq!(choose(&people, ada, 0b1001), Some(3));
        assert_eq!(in_force(&people, ada), 0);
        assert_eq!(numbers(&people), [2, 3]);
        settle(&people, ada, 2);
        assert_eq!(in_force(&people, ada), 0b1000, "what a later choice closes stays closed");
        settle(&people, ada, 3);
        settle(&people, ada, 3);
        assert_eq!((in_force(&people, ada), numbers(&people)), (0b1001, vec![]));
        assert_eq!(people.consent_receipt(ada, 2).unwrap().as_deref(), Some("receipt 2"));
        assert_eq!(people.consent_receipt(ada, 4).unwrap(), None);
    }

    #[test]
    fn a_choice_waits_over_a_restart() {
        let (dir, people, ada) = founded(Settings::DEFAULT);
        choose(&people, ada, 1);
        drop(people);
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        assert_eq!((in_force(&people, ada), numbers(&people)), (0, vec![1]));
        settle(&people, ada, 1);
        drop(people);
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        assert_eq!((in_force(&people, ada), numbers(&people)), (1, vec![]));
    }

    #[test]
    fn what_somebody_begins_with_is_told_once_unless_everybody_does() {
        let (_dir, people, ada) = founded(open(3));
        let [begun] = people.pending(NOW, 10).unwrap().try_into().unwrap();
        assert_eq!((begun.handle, begun.record.number), (ada, BEGINNING));
        assert_eq!(begun.record.choice, Chosen::Settings(open(3).into()));
        settle(&people, ada, BEGINNING);
        assert_eq!((in_force(&people, ada), numbers(&people)), (3, vec![]));
    }

    /// What the platform says that Ada opened there, on the one route.
    fn told(people: &People, ada: Handle, bits: u128) -> Option<u64> {
        let writer = people.writer();
        let mut changes = Changes::begin(&writer, Settings::DEFAULT).unwrap();
        let number = people.view().number_of(ada).unwrap();
        let told = |now: Settings| now.with(ROUTE, FieldSet::from_bits(bits)).into();
        let chosen = changes.platform_chose(number, NOW, told).unwrap();
        changes.commit().unwrap();
        chosen
    }

    #[test]
    fn what_the_platform_says_closes_at_once_and_opens_once_the_log_has_it() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        assert_eq!(told(&people, ada, 0b0111), Some(1));
        assert_eq!((in_force(&people, ada), numbers(&people)), (0, vec![1]));
        settle(&people, ada, 1);
        assert_eq!(in_force(&people, ada), 0b0111);
        assert_eq!(told(&people, ada, 0b0001), Some(2));
        assert_eq!(in_force(&people, ada), 0b0001, "before the log has it");
        settle(&people, ada, 2);
        // Nothing was chosen here, so that the platform may say otherwise again.
        assert_eq!(told(&people, ada, 0b0011), Some(3));
        settle(&people, ada, 3);
        assert_eq!((in_force(&people, ada), told(&people, ada, 0b0011)), (0b0011, None));
    }

    #[test]
    fn what_the_platform_says_opens_nothing_that_was_closed_here() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        assert_eq!(choose(&people, ada, 0b0110), Some(1));
        assert_eq!(told(&people, ada, 0b1111), None, "the choice that waits counts as made");
        settle(&people, ada, 1);
        assert_eq!((told(&people, ada, 0b1111), in_force(&people, ada)), (None, 0b0110));
        assert_eq!((told(&people, ada, 0b1010), in_force(&people, ada)), (Some(2), 0b0010));
        settle(&people, ada, 2);
        assert_eq!(told(&people, ada, 0b1111), None);
        assert_eq!(in_force(&people, ada), 0b0010);
    }

    #[test]
    fn what_the_platform_said_is_kept_over_an_import() {
        let (_dir, people, ada) = founded(open(7));
        settle(&people, ada, BEGINNING);
        assert_eq!(told(&people, ada, 0b0001), Some(1));
        for is_logged in [false, true] {
            if is_logged {
                settle(&people, ada, 1);
            }
            let importer = people.importer();
            let mut import = Import::begin(&importer, NOW).unwrap();
            let (settings, profile) = (open(7).into(), &mut Profile::default());
            let person = NewPerson { account: "ada", minor: false, settings, profile };
            import.person(person).unwrap();
            import.commit(&mut |_, _| ()).unwrap();
            drop(importer);
            assert_eq!(in_force(&people, ada), 0b0001);
        }
    }

    #[test]
    fn whoever_chooses_what_they_have_keeps_it_over_an_import() {
        let (_dir, people, ada) = founded(open(3));
        assert_eq!(choose(&people, ada, 3), None);
        let importer = people.importer();
        let mut import = Import::begin(&importer, NOW).unwrap();
        let (settings, profile) = (open(7).into(), &mut Profile::default());
        import.person(NewPerson { account: "ada", minor: false, settings, profile }).unwrap();
        import.commit(&mut |_, _| ()).unwrap();
        drop(importer);
        assert_eq!(in_force(&people, ada), 3);
    }

    #[test]
    fn a_preset_counts_once_it_holds() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        let choice = Choice { settings: open(7), preset: Some(Preset::Legacy2014) };
        people.choose_settings(ada, MADE, |_| Ok::<_, StoreError>(choice)).unwrap();
        assert_eq!(people.legacy_2014_count().unwrap(), 0);
        settle(&people, ada, 1);
        assert_eq!(people.legacy_2014_count().unwrap(), 1);
    }

    #[test]
    fn a_grant_can_be_used_once_the_log_has_it_and_its_end_counts_at_once() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        let (id, record) = grant_of(ada);
        let given = Given::from(Way::AdminApi);
        assert_eq!(people.grants_of(ada).unwrap(), []);
        people.put_grants(&[(id, record.clone())], given).unwrap();
        assert_eq!((people.grant(id).unwrap(), people.grants_of(ada).unwrap()), (None, vec![]));
        settle(&people, ada, 1);
        assert_eq!(people.grant(id).unwrap(), Some(record.clone()));
        assert_eq!(people.grants_of(ada).unwrap(), [(id, record)]);
        assert_eq!(people.end_grant(ada, id, MADE).unwrap(), Some(2));
        assert_eq!(people.grant(id).unwrap(), None);
        assert_eq!(numbers(&people), [2]);
        settle(&people, ada, 2);
        assert_eq!(people.grant(id).unwrap(), None);
    }

    #[test]
    fn a_grant_that_was_ended_does_not_come_back_when_the_log_is_told_once_more() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        let (id, record) = grant_of(ada);
        people.put_grants(&[(id, record)], Way::Command).unwrap();
        settle(&people, ada, 1);
        assert_eq!(people.end_grant(ada, id, MADE).unwrap(), Some(2));
        settle(&people, ada, 1);
        assert_eq!(people.grant(id).unwrap(), None);
        settle(&people, ada, 2);
        assert_eq!((people.grant(id).unwrap(), numbers(&people)), (None, vec![]));
    }

    #[test]
    fn a_choice_begins_with_the_one_that_waits() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        choose(&people, ada, 0b011);
        let also = |settings: Settings| {
            let open = settings.open(ROUTE).or(FieldSet::from_bits(0b100));
            Ok::<_, StoreError>(settings.with(ROUTE, open))
        };
        people.choose_settings(ada, MADE, also).unwrap();
        assert_eq!((in_force(&people, ada), numbers(&people)), (0, vec![1, 2]));
        settle(&people, ada, 1);
        assert_eq!(in_force(&people, ada), 0b011);
        settle(&people, ada, 2);
        assert_eq!((in_force(&people, ada), numbers(&people)), (0b111, vec![]));
    }
}
