//! Applying again what the log has of people and a store from a backup lacks (see `crate::recovery`): in the order of
//! the log, under the numbers that the choices have there, all in one commit.

use countersign_domain::grant::Grant;
use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::{Choice as Chosen, ConsentRecord, GrantGiven};

use super::changes::Changes;
use super::choice::Choice;
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord};
use super::grants;
use super::history::{self, Event, HistoryRecord, Made, Way};
use super::lmdb::People;
use super::log_mark::LogMark;
use super::outbox::{BEGINNING, SettledConsent};

/// A choice as the log has it.
#[derive(Clone, Debug)]
pub struct LoggedChoice {
    /// Whose it is.
    pub handle: Handle,
    /// What was chosen.
    pub record: ConsentRecord,
    /// Its receipt, as text, where it has one.
    pub receipt: Option<String>,
    /// The time of its entry.
    pub logged_at: Timestamp,
}

impl People {
    /// Applies these choices, in the order of the log; those that are here already are settled. Destroys what is left
    /// of `destroyed`, and says that these people agree with the log up to `mark`. Nobody is served meanwhile.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub fn reapply(
        &self,
        choices: &[LoggedChoice],
        destroyed: &[Handle],
        mark: LogMark,
    ) -> Result<(), StoreError> {
        let writer = self.writer();
        let mut changes = writer.changes(Settings::CLOSED)?;
        for choice in choices {
            self.reapply_one(&mut changes, choice)?;
        }
        for person in destroyed {
            let number = self.view().number_of(*person).ok_or(StoreError::UnknownPerson)?;
            changes.destroy(number)?;
        }
        changes.put_log_mark(mark)?;
        changes.commit()?;
        drop(writer);
        if !destroyed.is_empty() {
            self.fold(&mut |_, _| ())?;
            self.compact()?;
        }
        Ok(())
    }

    fn reapply_one(
        &self,
        changes: &mut Changes<'_>,
        choice: &LoggedChoice,
    ) -> Result<(), StoreError> {
        let LoggedChoice { handle, record, receipt, logged_at } = choice;
        let key = history::key(*handle, record.number);
        let databases = changes.databases();
        let is_here = record.number == BEGINNING
            || databases.history.get(changes.txn(), &key).map_err(|e| self.failed(e))?.is_some();
        if !is_here {
            let person = self.view().number_of(*handle).ok_or(StoreError::UnknownPerson)?;
            let number = self.choose_again(changes, person, *handle, record)?;
            if number != record.number {
                return Err(self.damaged("somebody's history"));
            }
        }
        // It holds as it is; what waited to be opened is opened, and nobody is told again.
        let settled =
            SettledConsent { handle: *handle, number: record.number, receipt: receipt.clone() };
        self.settle(changes, &settled, *logged_at)
    }

    /// Does what a choice did; the number that it has in the person's history.
    fn choose_again(
        &self,
        changes: &mut Changes<'_>,
        person: u32,
        handle: Handle,
        record: &ConsentRecord,
    ) -> Result<u64, StoreError> {
        let made = Made { at: record.time, by: Way::Recovery };
        let event = match &record.choice {
            Chosen::Erased {} => return changes.erase(person, made),
            Chosen::Hold { until } => return changes.hold(person, *until, made),
            Chosen::Settings(open) => {
                let (before, after) = (changes.settings(person)?, Settings::from(*open));
                changes.put_in_force(person, Choice { settings: after, preset: None })?;
                Event::Settings { before, after, preset: None }
            }
            Chosen::Grant(given) => {
                let (id, grant) = (GrantId(given.grant.0), granted(handle, given, record.time));
                let databases = changes.databases();
                let put = grants::put_in_force(&databases, changes.txn_mut(), id, &grant);
                put.map_err(|e| self.failed(e))?;
                Event::GrantGiven { id, grant, sec_gpc: false }
            }
            Chosen::GrantEnded { grant } => {
                let id = GrantId(grant.0);
                let databases = changes.databases();
                let ended = grants::end(&databases, changes.txn_mut(), handle, id);
                let grant = match ended.map_err(|e| self.failed(e))? {
                    Some(grant) => grant,
                    None => self.given(changes, handle, id)?,
                };
                Event::GrantEnded { id, grant }
            }
        };
        changes.append(handle, event, made)
    }

    /// A grant as its person's history says that it was given.
    fn given(
        &self,
        changes: &Changes<'_>,
        person: Handle,
        wanted: GrantId,
    ) -> Result<GrantRecord, StoreError> {
        let (databases, txn) = changes.seen();
        let records = databases.history.prefix_iter(txn, &person.0).map_err(|e| self.failed(e))?;
        for entry in records {
            let (_, bytes) = entry.map_err(|e| self.failed(e))?;
            if let Some(HistoryRecord { event: Event::GrantGiven { id, grant, .. }, .. }) =
                HistoryRecord::from_bytes(bytes)
                && id == wanted
            {
                return Ok(grant);
            }
        }
        Err(self.damaged("a grant"))
    }
}

/// A grant as the log has it: the build that asked for it is not among that.
fn granted(viewer: Handle, given: &GrantGiven, created: Timestamp) -> GrantRecord {
    let grant = Grant {
        client: given.client.clone(),
        purpose: given.purpose.clone(),
        viewer: given.viewer.0,
        friend: given.friend.0,
        until: given.until,
    };
    GrantRecord { viewer, grant, build: None, created }
}
