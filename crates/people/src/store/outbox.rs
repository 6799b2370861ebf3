//! What people chose and the log does not have yet: durable with the choice itself, and gone once the log
//! has it.
//!
//! ```text
//! choose_settings   what is closed is closed at once; what is opened waits
//! pending           → the log                                    (see `crate::consents`)
//! settled           what was opened is open; a grant that was given can be used
//! ```
//!
//! INVARIANT: while a server runs, nothing is opened before the log has it, and nothing that was closed is
//! open until the log has it. Kept by [`People::choose_settings`] and [`People::put_grants`]. A command
//! changes what it changes at once, since nobody else has the store open; the server that starts next
//! tells the log before it serves.
//!
//! What it is not: exact about crashes. A choice that the log has and that was not settled is told again,
//! in the same words.

use countersign_domain::person::{Handle, PairwiseId, Secret};
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::{Choice as Chosen, ConsentRecord, GrantGiven, GrantName};
use countersign_protocol::record::own_id;
use heed::RwTxn;

use super::changes::Changes;
use super::choice::Choice;
use super::databases::Databases;
use super::error::StoreError;
use super::grants;
use super::history::{self, Event, HistoryRecord, Made};
use super::kept::{Reading, Seen};
use super::lmdb::People;
use super::log_mark::Logged;
use super::record::Record;

/// The number of the record of what a person began with.
pub const BEGINNING: u64 = 0;

/// When a choice holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// As soon as it is kept: nobody is served meanwhile, and the log is told before anybody is; or it closes
    /// something.
    AtOnce,
    /// When the log has it.
    OnceLogged,
}

impl Holds {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::AtOnce => 0,
            Self::OnceLogged => 1,
        }
    }

    fn of(bytes: &[u8]) -> Self {
        if bytes == [Self::OnceLogged.code()] { Self::OnceLogged } else { Self::AtOnce }
    }
}

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

impl People {
    /// Changes what the person chose, for the log to be told: what this closes is closed when it returns,
    /// and what it opens is open once [`People::settled`] says so. The settings that were chosen, and the number
    /// of the choice, unless they were chosen already.
    ///
    /// # Errors
    /// As [`People::change_settings`].
    pub fn choose_settings<E: From<StoreError>, C: Into<Choice>>(
        &self,
        person: Handle,
        made: Made,
        change: impl FnOnce(Settings) -> Result<C, E>,
    ) -> Result<(Settings, Option<u64>), E> {
        self.choose(person, made, Holds::OnceLogged, change)
    }

    pub(super) fn choose<E: From<StoreError>, C: Into<Choice>>(
        &self,
        person: Handle,
        made: Made,
        holds: Holds,
        change: impl FnOnce(Settings) -> Result<C, E>,
    ) -> Result<(Settings, Option<u64>), E> {
        let writer = self.writer();
        let mut changes = writer.changes(Settings::DEFAULT)?;
        let number = self.view().number_of(person).ok_or(StoreError::UnknownPerson)?;
        let in_force = changes.settings(number)?;
        let waiting = self.waiting_settings(changes.seen(), person, BEGINNING)?;
        let before = waiting.last().map_or(in_force, |(_, settings)| *settings);
        let choice = change(before)?.into();
        let now = match holds {
            Holds::OnceLogged => in_force.and(choice.settings),
            Holds::AtOnce => {
                // What waited holds with it, or not at all.
                for (key, _) in waiting {
                    let held =
                        changes.databases().outbox.put(changes.txn_mut(), &key, &[holds.code()]);
                    held.map_err(|e| self.failed(e))?;
                }
                choice.settings
            }
        };
        let chosen = changes.choose(number, [before, now], choice, made, holds)?;
        changes.commit()?;
        Ok((choice.settings, chosen))
    }

    /// Choices that the log does not have yet, at most so many. Each person's are in their order.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<PendingConsent>, StoreError> {
        let txn = self.read()?;
        let mut pending = Vec::new();
        let begun = txn.databases.beginnings.iter(&txn).map_err(|e| self.failed(e))?;
        for entry in begun.take(limit) {
            let (number, _) = entry.map_err(|e| self.failed(e))?;
            pending.push(self.beginning(&txn, number, now)?);
        }
        let left = limit - pending.len();
        let waiting = txn.databases.outbox.iter(&txn).map_err(|e| self.failed(e))?;
        for entry in waiting.take(left) {
            let (key, _) = entry.map_err(|e| self.failed(e))?;
            let (handle, number) = history::split_key(key);
            let record = self.history_record(txn.seen(), handle, number)?;
            let person = self.own_name(&txn, handle)?;
            pending.push(PendingConsent { handle, person, record: consent(number, &record) });
        }
        Ok(pending)
    }

    /// Whether the log has this choice, and its receipt.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn consent_receipt(
        &self,
        person: Handle,
        number: u64,
    ) -> Result<Option<String>, StoreError> {
        let txn = self.read()?;
        let key = history::key(person, number);
        let bytes = txn.databases.consent_receipts.get(&txn, &key).map_err(|e| self.failed(e))?;
        let text = bytes.map(|bytes| String::from_utf8(bytes.to_vec()));
        text.transpose().map_err(|_| self.damaged("a consent receipt"))
    }

    /// What the log has, or will have, of this change of the person's; `None` if the store has none of that number.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn consent_record(
        &self,
        person: Handle,
        number: u64,
    ) -> Result<Option<ConsentRecord>, StoreError> {
        let txn = self.read()?;
        let bytes = txn.databases.history.get(&txn, &history::key(person, number));
        let Some(bytes) = bytes.map_err(|e| self.failed(e))? else { return Ok(None) };
        let record = HistoryRecord::from_bytes(bytes);
        let record = record.ok_or_else(|| self.damaged("somebody's history"))?;
        Ok(Some(consent(number, &record)))
    }

    /// The log has these choices: what they open is open, and the grants can be used, when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then all of them still wait.
    pub fn settled(&self, consents: &[SettledConsent], logged: Logged) -> Result<(), StoreError> {
        let writer = self.writer();
        let mut changes = writer.changes(Settings::DEFAULT)?;
        for consent in consents {
            self.settle(&mut changes, consent, logged.time)?;
        }
        changes.put_log_mark(logged.mark)?;
        changes.commit()
    }

    pub(super) fn settle(
        &self,
        changes: &mut Changes<'_>,
        consent: &SettledConsent,
        logged_at: Timestamp,
    ) -> Result<(), StoreError> {
        let SettledConsent { handle, number, receipt } = consent;
        // Whoever was destroyed meanwhile has nothing that could be opened.
        let Some(person) = self.view().number_of(*handle) else { return Ok(()) };
        if *number == BEGINNING {
            let begun = changes.databases().beginnings.delete(changes.txn_mut(), &person);
            return begun.map(drop).map_err(|e| self.failed(e));
        }
        let key = history::key(*handle, *number);
        let waited =
            changes.databases().outbox.get(changes.txn(), &key).map_err(|e| self.failed(e))?;
        let Some(waited) = waited.map(Holds::of) else { return Ok(()) };
        let told = changes.databases().outbox.delete(changes.txn_mut(), &key);
        told.map_err(|e| self.failed(e))?;
        if let Some(receipt) = receipt {
            let receipts = changes.databases().consent_receipts;
            let put = receipts.put(changes.txn_mut(), &key, receipt.as_bytes());
            put.map_err(|e| self.failed(e))?;
        }
        let event = self.history_record(changes.seen(), *handle, *number)?.event;
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
                let later = self.waiting_settings(changes.seen(), *handle, *number)?;
                let in_force = later.iter().fold(after, |open, (_, waiting)| open.and(*waiting));
                let preset = preset.filter(|_| in_force == after);
                changes.put_in_force(person, Choice { settings: in_force, preset })
            }
            Event::GrantGiven { id, grant, .. } => {
                let put = grants::put_in_force(&changes.databases(), changes.txn_mut(), id, &grant);
                put.map_err(|e| self.failed(e))
            }
            Event::GrantEnded { .. } | Event::Erased | Event::Hold { .. } => Ok(()),
        }
    }

    /// The settings that a person chose after the choice of this number, and that wait for the log, with their
    /// keys.
    fn waiting_settings(
        &self,
        seen: Seen<'_>,
        person: Handle,
        after: u64,
    ) -> Result<Vec<([u8; 24], Settings)>, StoreError> {
        let mut settings = Vec::new();
        let (databases, txn) = seen;
        let waiting = databases.outbox.prefix_iter(txn, &person.0);
        for entry in waiting.map_err(|e| self.failed(e))? {
            let (key, holds) = entry.map_err(|e| self.failed(e))?;
            let (_, number) = history::split_key(key);
            if number <= after || Holds::of(holds) == Holds::AtOnce {
                continue;
            }
            if let Event::Settings { after, .. } = self.history_record(seen, person, number)?.event
            {
                settings.push((history::key(person, number), after));
            }
        }
        Ok(settings)
    }

    fn history_record(
        &self,
        (databases, txn): Seen<'_>,
        person: Handle,
        number: u64,
    ) -> Result<HistoryRecord, StoreError> {
        let bytes = databases.history.get(txn, &history::key(person, number));
        let bytes = bytes.map_err(|e| self.failed(e))?;
        let record = bytes.and_then(HistoryRecord::from_bytes);
        record.ok_or_else(|| self.damaged("somebody's history"))
    }

    fn beginning(
        &self,
        txn: &Reading,
        number: u32,
        now: Timestamp,
    ) -> Result<PendingConsent, StoreError> {
        let bytes = txn.databases.people.get(txn, &number).map_err(|e| self.failed(e))?;
        let record = bytes.and_then(Record::parse).ok_or_else(|| self.damaged("a person"))?;
        let choice = Chosen::Settings(record.settings().into());
        let consent = ConsentRecord { number: BEGINNING, time: now, choice };
        Ok(PendingConsent { handle: record.handle(), person: own_name(&record), record: consent })
    }

    fn own_name(&self, txn: &Reading, person: Handle) -> Result<PairwiseId, StoreError> {
        let number = self.view().number_of(person).ok_or(StoreError::UnknownPerson)?;
        let bytes = txn.databases.people.get(txn, &number).map_err(|e| self.failed(e))?;
        let record = bytes.and_then(Record::parse).ok_or_else(|| self.damaged("a person"))?;
        Ok(own_name(&record))
    }
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

/// Notes that the log does not know what this new person began with, unless everybody begins so.
pub(super) fn begun(
    databases: &Databases,
    txn: &mut RwTxn<'_>,
    number: u32,
    settings: Settings,
) -> heed::Result<()> {
    if settings == Settings::DEFAULT {
        return Ok(());
    }
    databases.beginnings.put(txn, &number, &[])
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
        Given, GrantId, GrantRecord, LogMark, NewPerson, Profile, StoreOptions, Way,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const MADE: Made = Made { at: NOW, by: Way::AdminApi };
    const ROUTE: Route = Route::FriendsDevice;

    /// A store with one person, who begins with these settings.
    fn founded(settings: Settings) -> (tempfile::TempDir, People, Handle) {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        let importer = people.importer();
        let mut import = importer.import(NOW).unwrap();
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

    #[test]
    fn whoever_chooses_what_they_have_keeps_it_over_an_import() {
        let (_dir, people, ada) = founded(open(3));
        assert_eq!(choose(&people, ada, 3), None);
        let importer = people.importer();
        let mut import = importer.import(NOW).unwrap();
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
        people.put_grants(&[(id, record.clone())], given, Holds::OnceLogged).unwrap();
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
    fn a_grant_that_was_given_and_ended_before_the_log_knew_does_not_come_back() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        let (id, record) = grant_of(ada);
        people.put_grant(id, &record, Way::Command).unwrap();
        assert_eq!(people.end_grant(ada, id, MADE).unwrap(), Some(2));
        settle(&people, ada, 1);
        assert_eq!(people.grant(id).unwrap(), None);
        settle(&people, ada, 2);
        assert_eq!((people.grant(id).unwrap(), numbers(&people)), (None, vec![]));
    }

    #[test]
    fn a_command_after_a_crash_has_the_last_word() {
        let (_dir, people, ada) = founded(Settings::DEFAULT);
        choose(&people, ada, 0b011);
        let also = |settings: Settings| {
            let open = settings.open(ROUTE).or(FieldSet::from_bits(0b100));
            Ok::<_, StoreError>(settings.with(ROUTE, open))
        };
        people.change_settings(ada, MADE, also).unwrap();
        for number in [1, 2] {
            assert_eq!(in_force(&people, ada), 0b111);
            settle(&people, ada, number);
        }
        assert_eq!((in_force(&people, ada), numbers(&people)), (0b111, vec![]));
    }
}
