//! Applying again what the log has of people and a store from a backup lacks; `countersign-service` finds what that is.
//! It is done in the order of the log, under the numbers that the choices have there, all in one commit.

use countersign_domain::grant::Grant;
use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::{Choice as Chosen, ConsentRecord, GrantGiven};

use super::changes::Changes;
use super::choice::Choice;
use super::databases::Txn as _;
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord};
use super::grants;
use super::history::{self, Event, HistoryRecord};
use super::kept::Writer;
use super::log_mark::LogMark;
use super::outbox::{self, BEGINNING, SettledConsent};
use super::provenance::{Made, Way};
use super::storage::Storage;
use super::view::View;
use super::{compaction, fold};

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

/// Applies these choices, in the order of the log; those that are here already are settled. Destroys what is left
/// of `destroyed`, and says that these people agree with the log up to `mark`. Nobody is served meanwhile.
pub(super) fn reapply(
    storage: &Storage,
    choices: &[LoggedChoice],
    destroyed: &[Handle],
    mark: LogMark,
) -> Result<(), StoreError> {
    let writer = Writer::wait(storage);
    let mut changes = Changes::begin(&writer, Settings::CLOSED)?;
    let view = storage.view();
    for choice in choices {
        reapply_one(&view, &mut changes, choice)?;
    }
    for person in destroyed {
        changes.destroy(view.number_of(*person).ok_or(StoreError::UnknownPerson)?)?;
    }
    changes.put_log_mark(mark)?;
    changes.commit()?;
    drop(writer);
    if !destroyed.is_empty() {
        fold::fold(storage, &mut |_, _| ())?;
        compaction::compact(storage)?;
    }
    Ok(())
}

fn reapply_one(
    view: &View,
    changes: &mut Changes<'_>,
    choice: &LoggedChoice,
) -> Result<(), StoreError> {
    let LoggedChoice { handle, record, receipt, logged_at } = choice;
    let is_here = record.number == BEGINNING
        || history::find(changes.txn(), *handle, record.number)?.is_some();
    if !is_here {
        let person = view.number_of(*handle).ok_or(StoreError::UnknownPerson)?;
        let number = choose_again(changes, person, *handle, record)?;
        if number != record.number {
            return Err(changes.txn().damaged("somebody's history"));
        }
    }
    // It holds as it is; what waited to be opened is opened, and nobody is told again.
    let settled =
        SettledConsent { handle: *handle, number: record.number, receipt: receipt.clone() };
    outbox::settle(view, changes, &settled, *logged_at)
}

/// Does what a choice did; the number that it has in the person's history.
fn choose_again(
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
            let choice = Choice { settings: after, preset: None };
            changes.put_in_force(person, choice, made.by)?;
            Event::Settings { before, after, preset: None }
        }
        Chosen::Grant(given) => {
            let (id, grant) = (GrantId(given.grant.0), granted(handle, given, record.time));
            grants::put_in_force(changes.txn_mut(), id, &grant)?;
            Event::GrantGiven { id, grant, sec_gpc: false }
        }
        Chosen::GrantEnded { grant } => {
            let id = GrantId(grant.0);
            let grant = match grants::end(changes.txn_mut(), handle, id)? {
                Some(grant) => grant,
                None => given(changes, handle, id)?,
            };
            Event::GrantEnded { id, grant }
        }
    };
    changes.append(handle, event, made)
}

/// A grant as its person's history says that it was given.
fn given(
    changes: &Changes<'_>,
    person: Handle,
    wanted: GrantId,
) -> Result<GrantRecord, StoreError> {
    for record in history::all(changes.txn(), person)? {
        if let HistoryRecord { event: Event::GrantGiven { id, grant, .. }, .. } = record?
            && id == wanted
        {
            return Ok(grant);
        }
    }
    Err(changes.txn().damaged("a grant"))
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
