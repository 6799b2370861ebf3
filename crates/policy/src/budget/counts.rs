//! The counts under their lock: the histories of all clients, and the books of those partners that have
//! asked for something today.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use countersign_domain::budget::{BudgetName, Scope, Then};
use countersign_domain::identifier::Identifier;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;

use super::book::{Addition, Book, Histories, window};
use super::category::Categories;
use super::day::Day;
use super::history::History;
use super::reach::Reach;
use super::rule::{Key, Rule, rules};
use super::{Usage, UsedUp};

/// The counts.
#[derive(Default)]
pub(super) struct Counts {
    /// The day of the newest entry. Times in the log never run back.
    today: Day,
    register: Arc<Register>,
    /// By partner and client.
    histories: HashMap<Identifier, Histories>,
    /// By partner, as of today.
    books: HashMap<Identifier, Book>,
}

/// An answer that was admitted: what it takes to count it for good, or to take it back.
#[must_use = "what is admitted is settled or taken back"]
pub struct Admitted {
    day: Day,
    added: Vec<Addition>,
    /// The budgets that it goes beyond and that only ask for an alert.
    pub alerts: Vec<BudgetName>,
}

impl Counts {
    pub(super) fn register(&self) -> Arc<Register> {
        Arc::clone(&self.register)
    }

    pub(super) fn governed(&mut self, register: Arc<Register>) {
        self.register = register;
        self.books.values_mut().for_each(|book| book.is_stale = true);
    }

    /// A day that has come ends every window, and makes the oldest days too old for any.
    fn advance(&mut self, day: Day) {
        if day <= self.today {
            return;
        }
        self.today = day;
        self.books.clear();
        self.histories.retain(|_, histories| {
            histories.retain(|_, history| !history.forget_before(day.oldest()));
            !histories.is_empty()
        });
    }

    pub(super) fn admit(
        &mut self,
        reach: &Reach,
        time: Timestamp,
        categories: &Categories,
    ) -> Result<Admitted, UsedUp> {
        self.advance(Day::of(time));
        let (today, partner) = (self.today, &reach.partner);
        let book = self.books.entry(partner.clone()).or_insert_with(Book::unread);
        if book.is_stale {
            let before = std::mem::take(book);
            let histories = self.histories.get(partner);
            let at = (today, time);
            *book = Book::new(before, &self.register, partner, histories, at, categories);
        }
        let mut alerts = Vec::new();
        let added = book.additions(reach);
        for (rule, people, people_max) in book.held_against(&reach.client, &added, time) {
            if people_max.is_none_or(|people_max| people <= people_max) {
                continue;
            }
            match rule.then {
                Then::Deny => {
                    let (budget, client) = (rule.budget.clone(), reach.client.clone());
                    return Err(UsedUp { budget, client });
                }
                Then::Alert => alerts.push(rule.budget.clone()),
            }
        }
        book.add(&reach.client, &added);
        Ok(Admitted { day: today, added, alerts })
    }

    pub(super) fn settle(&mut self, reach: &Reach, admitted: Admitted) {
        self.count(reach, admitted.day);
    }

    pub(super) fn take_back(&mut self, reach: &Reach, admitted: Admitted) {
        if admitted.day == self.today
            && let Some(book) = self.books.get_mut(&reach.partner)
        {
            book.take_back(&reach.client, &admitted.added);
        }
    }

    pub(super) fn replayed(&mut self, reach: &Reach, time: Timestamp) {
        self.advance(Day::of(time));
        self.count(reach, self.today);
    }

    fn count(&mut self, reach: &Reach, day: Day) {
        let histories = self.histories.entry(reach.partner.clone()).or_default();
        histories.entry(reach.client.clone()).or_default().add(day, reach);
    }

    /// How much of each of its budgets a client has used. Nothing is changed: `now` is whatever the caller
    /// takes the time for, and a clock that is wrong must not make days too old.
    pub(super) fn usage(
        &self,
        client: &Identifier,
        now: Timestamp,
        categories: &Categories,
    ) -> Vec<Usage> {
        let Some(found) = self.register.clients().get(client) else { return Vec::new() };
        let partner = &found.partner;
        let rules = rules(&self.register, client, now, categories);
        let in_force = rules.iter().filter(|rule| rule.is_in_force(now));
        let usage = |rule: &Rule| {
            let count = |key: &Key| self.counted(partner, client, rule.scope, key, Day::of(now));
            Usage {
                client: client.clone(),
                partner: partner.clone(),
                budget: rule.budget.clone(),
                scope: rule.scope,
                window_days: rule.people.window_days,
                people: count(&rule.people),
                people_max: rule.people_max(count),
                then: rule.then,
            }
        };
        in_force.map(usage).collect()
    }

    fn counted(
        &self,
        partner: &Identifier,
        client: &Identifier,
        scope: Scope,
        key: &Key,
        day: Day,
    ) -> u64 {
        let known = || self.books.get(partner)?.count(client, scope, key);
        if let Some(count) = (day == self.today).then(known).flatten() {
            return count;
        }
        let histories = self.histories.get(partner);
        let of_scope = histories.into_iter().flatten().filter(|(name, _)| match scope {
            Scope::Client => *name == client,
            Scope::Partner => true,
        });
        window(key, of_scope.map(|(_, history)| history), day).len()
    }

    /// How many bitmaps there are, and their bytes.
    pub(super) fn footprint(&self) -> (usize, u64) {
        let all = self.histories.values().flat_map(HashMap::values).map(History::footprint);
        all.fold((0, 0), |(count, bytes), (more, more_bytes)| (count + more, bytes + more_bytes))
    }
}

impl fmt::Debug for Admitted {
    /// Says nothing of people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Admitted({} alerts, …)", self.alerts.len())
    }
}
