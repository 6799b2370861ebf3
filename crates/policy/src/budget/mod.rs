//! Budgets: how many distinct people each client and partner has reached, by category of data and window
//! of days, and whether an answer may add to them.
//!
//! A person is reached by an answer that holds a record of theirs, the viewer included, and counts for a
//! category if a field of it was released, by the field schema that was in force then. The day is the UTC
//! day of the entry's time; a window has today in it.
//!
//! Every disclosure is counted, whether a budget applies to it or not: a budget that is put in force later
//! is then exact for the whole of its window at once. Counting from the stream when an act brings one would
//! stop appending for as long as the stream takes to read. What counting always costs, in memory and time,
//! is in docs/performance.md.
//!
//! ```text
//! Reach      whom an answer reaches, as numbers, made on the caller's thread
//! admit      held against every budget that applies; counted in the running windows
//! settle     it is durable: counted in its day          take_back   it is not: as if it had never been
//! ```
//!
//! What it is not: it appends nothing and warns nobody (the log does both), and it survives nothing: what
//! it holds is computed again from the stream. A handle leaves it by no way, not even in debug output.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use countersign_domain::budget::{BudgetName, Scope, Then};
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

mod book;
mod category;
mod counts;
mod day;
mod history;
mod people;
pub mod preset;
mod reach;
mod rule;

#[cfg(test)]
mod tests;

pub use counts::Admitted;
pub use reach::Reach;

use category::Categories;
use counts::Counts;
use people::Numbering;

/// The counts of one log. Clones are the same counts.
#[derive(Clone, Default)]
pub struct Budgets {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    people: Numbering,
    categories: RwLock<Arc<Categories>>,
    counts: Mutex<Counts>,
}

/// A budget that has no room for an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("budget {budget} has no room for this answer to client {client}")]
pub struct UsedUp {
    /// The budget.
    pub budget: BudgetName,
    /// The client that asked.
    pub client: Identifier,
}

/// How much of a budget a client has used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// The client that the budget applies to.
    pub client: Identifier,
    /// Its partner.
    pub partner: Identifier,
    /// The budget.
    pub budget: BudgetName,
    /// Whose reach it limits.
    pub scope: Scope,
    /// Over how many days, today included.
    pub window_days: u32,
    /// How many distinct people were reached.
    pub people: u64,
    /// How many may be; `None` as long as no type of data was reached that has a limit.
    pub people_max: Option<u64>,
    /// What happens beyond.
    pub then: Then,
}

/// How much memory the counts take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Footprint {
    /// People who have a number.
    pub people: usize,
    /// Bytes of the map from handles to numbers.
    pub numbering_bytes: usize,
    /// Bitmaps of days.
    pub bitmaps: usize,
    /// Bytes of the bitmaps of days.
    pub bitmaps_bytes: u64,
}

impl Budgets {
    /// The register as it stands from now on: its schema says what is counted, its budgets what applies.
    pub fn governed(&self, register: &Arc<Register>) {
        if let Some(schema) = register.schema() {
            self.schema(schema);
        }
        self.counts().governed(Arc::clone(register));
    }

    /// The field schema as it stands from now on.
    fn schema(&self, schema: &FieldSchema) {
        let mut categories = self.inner.categories.write().unwrap_or_else(PoisonError::into_inner);
        *categories = Arc::new(categories.with(schema));
    }

    /// Whom an answer to this client reaches with which fields, the viewer first.
    pub fn reach(
        &self,
        client: &Identifier,
        partner: &Identifier,
        people: impl Iterator<Item = (Handle, FieldSet)>,
    ) -> Reach {
        let (handles, fields): (Vec<_>, Vec<_>) = people.unzip();
        let numbers = self.inner.people.numbers(&handles);
        let categories = self.categories();
        Reach::new(client.clone(), partner.clone(), &numbers, &fields, &categories)
    }

    /// Holds an answer against the budgets, and counts it in the running windows if none of them stops it.
    ///
    /// # Errors
    /// [`UsedUp`], naming the first budget that stops it; nothing is counted then.
    pub fn admit(&self, reach: &Reach, time: Timestamp) -> Result<Admitted, UsedUp> {
        self.counts().admit(reach, time, &self.categories())
    }

    /// What was admitted is durable.
    pub fn settle(&self, reach: &Reach, admitted: Admitted) {
        self.counts().settle(reach, admitted);
    }

    /// What was admitted did not become durable.
    pub fn take_back(&self, reach: &Reach, admitted: Admitted) {
        self.counts().take_back(reach, admitted);
    }

    /// Counts an answer that was durable before, of this time.
    pub fn replayed(&self, reach: &Reach, time: Timestamp) {
        self.counts().replayed(reach, time);
    }

    /// How much of each budget in force is used, client by client.
    #[must_use]
    pub fn usage(&self, now: Timestamp) -> Vec<Usage> {
        let register = self.counts().register();
        let categories = self.categories();
        // One client at a time, so that appending does not wait for all of them.
        let of_client = |client| self.counts().usage(client, now, &categories);
        register.clients().keys().flat_map(of_client).collect()
    }

    /// How much memory the counts take. It looks at every bitmap.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        let (people, numbering_bytes) = self.inner.people.footprint();
        let (bitmaps, bitmaps_bytes) = self.counts().footprint();
        Footprint { people, numbering_bytes, bitmaps, bitmaps_bytes }
    }

    fn categories(&self) -> Arc<Categories> {
        Arc::clone(&self.inner.categories.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.inner.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Budgets {
    /// Says nothing: it is all about people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Budgets(…)")
    }
}
