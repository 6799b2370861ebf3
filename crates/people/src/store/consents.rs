//! The store as the rest of the server sees it, second part: what people choose, grant and have erased, each with its
//! place in their history and in what the log is told.

use countersign_domain::person::Handle;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::ConsentRecord;

use super::choice::Choice;
use super::erasure::{self, Erasure};
use super::error::StoreError;
use super::grant::{GrantId, GrantRecord};
use super::history::{self, HistoryRecord};
use super::lmdb::People;
use super::log_mark::{LogMark, Logged};
use super::outbox::{self, PendingConsent, SettledConsent};
use super::provenance::{Given, Made};
use super::reapply::{self, LoggedChoice};
use super::{compaction, erasure_table, grants, meta};

impl People {
    /// Changes what the person chose, from what they chose last: nobody else's change comes in between, so
    /// that none is undone. What this closes is closed when it returns, for the very next reader, and what it opens is
    /// open once [`People::settled`] says so. The settings that were chosen, and the number
    /// of the choice, unless they were chosen already.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`], and what `change` says; then nothing has changed.
    pub fn choose_settings<E: From<StoreError>, C: Into<Choice>>(
        &self,
        person: Handle,
        made: Made,
        change: impl FnOnce(Settings) -> Result<C, E>,
    ) -> Result<(Settings, Option<u64>), E> {
        outbox::choose(&self.storage, person, made, change)
    }

    /// Choices that the log does not have yet, at most so many. Each person's are in their order.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<PendingConsent>, StoreError> {
        outbox::pending(&self.storage, now, limit)
    }

    /// The log has these choices: what they open is open, and the grants can be used, when this returns.
    ///
    /// # Errors
    /// [`StoreError`]; then all of them still wait.
    pub fn settled(&self, consents: &[SettledConsent], logged: Logged) -> Result<(), StoreError> {
        outbox::settled(&self.storage, consents, logged)
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
        outbox::receipt(&self.storage.read()?, person, number)
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
        outbox::record(&self.storage.read()?, person, number)
    }

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
        reapply::reapply(&self.storage, choices, destroyed, mark)
    }

    /// What a person changed, newest first, each with its number: so many, those with a number below
    /// `before` if that is given.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn history(
        &self,
        person: Handle,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, HistoryRecord)>, StoreError> {
        history::newest(&self.storage.read()?, person, before, limit)
    }

    /// Keeps grants, all of them or on an error none, each in the place of an earlier one of its id: they can be used
    /// once [`People::settled`] says so.
    ///
    /// # Errors
    /// [`StoreError::Database`]; [`StoreError::BeingErased`] if a viewer is.
    pub fn put_grants(
        &self,
        given: &[(GrantId, GrantRecord)],
        how: impl Into<Given>,
    ) -> Result<(), StoreError> {
        let how = how.into();
        let writer = self.writer();
        if given.iter().any(|(_, grant)| self.is_erased(grant.viewer)) {
            return Err(StoreError::BeingErased);
        }
        writer.write(|txn| {
            given.iter().try_for_each(|(id, grant)| grants::remember(txn, *id, grant, how))
        })
    }

    /// The grant of this id.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn grant(&self, id: GrantId) -> Result<Option<GrantRecord>, StoreError> {
        grants::find(&self.storage.read()?, id)
    }

    /// Whether the grant of this id has not ended.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn is_granted(&self, id: GrantId) -> Result<bool, StoreError> {
        grants::is_in_force(&self.storage.read()?, id)
    }

    /// The grants of a person, the newest first; those whose time is over are among them until they end.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn grants_of(&self, viewer: Handle) -> Result<Vec<(GrantId, GrantRecord)>, StoreError> {
        grants::of(&self.storage.read()?, viewer)
    }

    /// Ends the grant of this id, if it is this person's: the number that its end has in their history. Its tokens are
    /// refused from the next request on.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn end_grant(
        &self,
        viewer: Handle,
        id: GrantId,
        made: Made,
    ) -> Result<Option<u64>, StoreError> {
        self.writer().write(|txn| grants::end_and_remember(txn, viewer, id, made))
    }

    /// Erases the person of this account, as far as that is done at once: nothing of theirs is released from now
    /// on. Asked for again, it changes nothing.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`], …; then nothing has changed.
    pub fn erase(&self, account: &str, made: Made) -> Result<Erasure, StoreError> {
        erasure::erase(&self.storage, account, made)
    }

    /// How far the erasure of the person of this account is; `None` if nobody asked for one.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn erasure_of(&self, account: &str) -> Result<Option<Erasure>, StoreError> {
        let person = self.person_of_account(account)?.ok_or(StoreError::UnknownPerson)?;
        if !self.is_erased(person) {
            return Ok(None);
        }
        let view = self.view();
        let number = view.number_of(person).ok_or(StoreError::UnknownPerson)?;
        erasure::erasure(&self.storage.read()?, &view, number).map(Some)
    }

    /// Everybody who asked for erasure and is not destroyed yet.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Damaged`].
    pub fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        erasure::everybody(&self.storage)
    }

    /// Destroys what is left of these people: their rows, and the image in which they were. Whoever of them did
    /// not ask for erasure, or is not there, is left as they are.
    ///
    /// # Errors
    /// [`StoreError`]; before the commit nothing has changed then, and behind it the next start does the rest.
    pub fn destroy(&self, people: &[Handle]) -> Result<(), StoreError> {
        erasure::destroy(&self.storage, people)
    }

    /// Leaves behind what people who were destroyed left in the database's file: writers wait while what is alive is
    /// copied into a new one, readers do not. Whether there was anything.
    ///
    /// # Errors
    /// [`StoreError`]; then the database is as it was.
    pub fn compact(&self) -> Result<bool, StoreError> {
        compaction::compact(&self.storage)
    }

    /// Whether bytes of people who were destroyed are still in the database's file, which [`People::compact`] ends.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn has_remnants(&self) -> Result<bool, StoreError> {
        meta::has_remnants(&self.storage.read()?)
    }

    /// Holds what is kept of the person of this account until then, in place of any hold before; one that is past
    /// ends it. The number of that among their choices.
    ///
    /// # Errors
    /// As [`People::erase`].
    pub fn hold(&self, account: &str, made: Made, until: Timestamp) -> Result<u64, StoreError> {
        erasure::hold(&self.storage, account, made, until)
    }

    /// Until when a legal hold keeps what is kept of this person, if one was ever set; it may be past.
    ///
    /// # Errors
    /// [`StoreError::UnknownPerson`], [`StoreError::Database`].
    pub fn held_until(&self, person: Handle) -> Result<Option<Timestamp>, StoreError> {
        let number = self.view().number_of(person).ok_or(StoreError::UnknownPerson)?;
        erasure_table::held_until(&self.storage.read()?, number)
    }
}
