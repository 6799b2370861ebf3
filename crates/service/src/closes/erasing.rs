//! Erasing people at a close: behind it, when their lists are bound and the directory says that their secret is
//! gone.
//!
//! ```text
//! due        the log has their erasure, and no hold keeps them
//! close      the directory's next version of the account says that it was erased; the index has their last list
//! destroyed  what closed periods' annexes say of them, then everything that the store still has
//! compacted  the bytes of theirs that LMDB leaves behind
//! ```
//!
//! The secret goes last, so that what a crash cuts short the next close does once more.
//!
//! What it is not: erasure itself, which the store begins when it is asked for, long before.

use std::time::Instant;

use countersign_domain::person::{Handle, Secret};
use countersign_domain::time::Timestamp;
use countersign_log::period::{PeriodError, Periods, Secrets as _};
use countersign_people::store::{Erasure, Made};

use super::{CloseError, Closes, SecretsOf};

/// How long after an erasure is in the log no answer can come any more that was decided before: the log refuses
/// decisions that have not seen what was in it more than two seconds ago. So nothing about the person is behind a
/// close that begins then.
const SETTLED_S: u64 = 10;

impl Closes {
    /// Who is to be destroyed behind a close that begins now.
    pub(super) fn due_erasures(&self, now: Timestamp) -> Result<Vec<Erasure>, CloseError> {
        let mut erasures = self.people.erasures()?;
        erasures.retain(|erasure| is_due(erasure, now));
        Ok(erasures)
    }

    /// Destroys what there is of these people, behind the close that was made of them.
    pub(super) fn destroy(
        &self,
        periods: &Periods,
        erasures: &[Erasure],
        secrets: &SecretsOf,
    ) -> Result<(), CloseError> {
        if erasures.is_empty() {
            return Ok(());
        }
        let mut people: Vec<(Handle, Secret)> = Vec::with_capacity(erasures.len());
        for Erasure { handle, .. } in erasures {
            let secret = secrets.secret(*handle).map_err(PeriodError::from)?;
            people.extend(secret.map(|secret| (*handle, secret)));
        }
        let overwritten = periods.erase(&people)?;
        let handles: Vec<Handle> = people.iter().map(|(handle, _)| *handle).collect();
        self.people.destroy(&handles)?;
        let (items, batches) = (overwritten.items, overwritten.batches);
        tracing::info!(
            people = handles.len(),
            items,
            batches,
            "people who asked for it were erased"
        );
        Ok(())
    }

    /// Leaves behind the bytes of people who were destroyed at this close, or at an earlier one after which that
    /// failed. The period is closed all the same.
    pub(super) fn compact(&self) {
        let began = Instant::now();
        match self.people.compact() {
            Ok(false) => {}
            Ok(true) => {
                let took_ms = began.elapsed().as_millis() as u64;
                tracing::info!(took_ms, "the people's database was copied without whom was erased");
            }
            Err(error) => tracing::error!(
                %error,
                "bytes of people who were erased are still in the people's database; the next close or start tries again"
            ),
        }
    }

    /// Holds what is kept of the person of this account until then; the number of that among their choices. Never
    /// while a close is under way, so that nobody is destroyed whose hold was acknowledged.
    ///
    /// # Errors
    /// [`CloseError::UnderWay`], [`CloseError::ErasureBegun`], [`CloseError::Store`].
    pub fn hold(&self, account: &str, made: Made, until: Timestamp) -> Result<u64, CloseError> {
        let _periods = self.try_periods()?;
        // What the directory says cannot be taken back, so nobody may live on of whom it says that they are erased.
        if let Some(person) = self.people.person_of_account(account)?
            && self.directory.is_gone(person)?
        {
            return Err(CloseError::ErasureBegun);
        }
        Ok(self.people.hold(account, made, until)?)
    }

    /// Whether the person of this account is among those whom the next close may destroy, if it came now.
    #[must_use]
    pub fn is_due(&self, erasure: &Erasure) -> bool {
        is_due(erasure, self.now())
    }
}

fn is_due(erasure: &Erasure, now: Timestamp) -> bool {
    let is_held = erasure.held_until.is_some_and(|until| now < until);
    // By the log's time: when it was asked for is by a clock that may have been wrong.
    let is_settled = erasure.logged_at.is_some_and(|at| at.plus_seconds(SETTLED_S) <= now);
    erasure.is_logged && !is_held && is_settled
}
