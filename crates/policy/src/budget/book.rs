//! The book of one partner: the rules of its clients, and the running windows that they look at.
//!
//! A running window is the union of its days. It is computed when a rule first needs it, on a day or after
//! an act, and answers are added to it; so the days are not gone through again for each of them.

use std::collections::HashMap;

use countersign_domain::budget::Scope;
use countersign_domain::identifier::Identifier;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use roaring::RoaringBitmap;

use super::category::Categories;
use super::day::Day;
use super::history::{History, union};
use super::reach::Reach;
use super::rule::{Key, Rule, rules};

/// Running windows by what they count.
pub(super) type Windows = HashMap<Key, RoaringBitmap>;

/// The histories of a partner's clients.
pub(super) type Histories = HashMap<Identifier, History>;

/// The book of one partner.
#[derive(Default)]
pub(super) struct Book {
    /// Of all clients together.
    windows: Windows,
    clients: HashMap<Identifier, Page>,
    /// An act has landed since the rules were read.
    pub(super) is_stale: bool,
}

/// The page of one client.
#[derive(Default)]
struct Page {
    rules: Vec<Rule>,
    windows: Windows,
}

/// What one answer added to one window.
pub(super) struct Addition {
    scope: Scope,
    key: Key,
    people: RoaringBitmap,
    /// How many people the window had before.
    before: u64,
}

impl Book {
    /// A book that no rules were read into.
    pub(super) fn unread() -> Self {
        Self { is_stale: true, ..Self::default() }
    }

    /// Reads the rules of a partner's clients, and computes what they need. Windows of `before`, the book
    /// of the same day, are taken over.
    ///
    /// INVARIANT: every window that an answer to one of the clients belongs in is there before the first
    /// answer is added, so that none is computed while an answer is admitted and not yet in its day.
    /// Maintained by reading the rules of all clients at once.
    pub(super) fn new(
        mut before: Self,
        register: &Register,
        partner: &Identifier,
        histories: Option<&Histories>,
        (today, now): (Day, Timestamp),
        categories: &Categories,
    ) -> Self {
        let mut book = Self::default();
        for client in register.clients_of(partner) {
            let rules = rules(register, client, now, categories);
            let mut old = before.clients.remove(client).unwrap_or_default().windows;
            let history = histories.and_then(|histories| histories.get(client));
            let mut page = Page { rules, windows: Windows::new() };
            for (scope, key) in page.rules.iter().flat_map(Rule::scoped_keys) {
                match scope {
                    Scope::Client => {
                        keep(&mut page.windows, key, &mut old, history.into_iter(), today);
                    }
                    Scope::Partner => {
                        let all = histories.into_iter().flat_map(HashMap::values);
                        keep(&mut book.windows, key, &mut before.windows, all, today);
                    }
                }
            }
            if !page.rules.is_empty() {
                book.clients.insert(client.clone(), page);
            }
        }
        book
    }

    /// Whom an answer adds to every window that it belongs in.
    pub(super) fn additions(&self, reach: &Reach) -> Vec<Addition> {
        let of_client = self.clients.get(&reach.client).map(|page| &page.windows);
        let of_client = of_client.into_iter().flatten().map(|window| (Scope::Client, window));
        let of_partner = self.windows.iter().map(|window| (Scope::Partner, window));
        let added = of_client.chain(of_partner).map(|(scope, (key, window))| Addition {
            scope,
            key: key.clone(),
            people: reach.of(&key.counted).as_ref() - window,
            before: window.len(),
        });
        added.collect()
    }

    /// The rules that apply to a client, each with how many people it counts, the additions included, and
    /// how many it allows.
    pub(super) fn held_against(
        &self,
        client: &Identifier,
        added: &[Addition],
        now: Timestamp,
    ) -> impl Iterator<Item = (&Rule, u64, Option<u64>)> {
        let rules = self.clients.get(client).into_iter().flat_map(|page| &page.rules);
        rules.filter(move |rule| rule.is_in_force(now)).map(move |rule| {
            let count = |key: &Key| {
                let of = |added: &&Addition| added.scope == rule.scope && added.key == *key;
                added.iter().find(of).map_or(0, |added| added.before + added.people.len())
            };
            (rule, count(&rule.people), rule.people_max(count))
        })
    }

    /// Adds an answer to the windows.
    pub(super) fn add(&mut self, client: &Identifier, added: &[Addition]) {
        self.change(client, added, |window, people| *window |= people);
    }

    /// Takes out what an answer has added. What other answers added stays: nobody is added twice.
    pub(super) fn take_back(&mut self, client: &Identifier, added: &[Addition]) {
        self.change(client, added, |window, people| *window -= people);
    }

    fn change(
        &mut self,
        client: &Identifier,
        added: &[Addition],
        change: impl Fn(&mut RoaringBitmap, &RoaringBitmap),
    ) {
        for Addition { scope, key, people, .. } in added {
            let windows = match scope {
                Scope::Client => self.clients.get_mut(client).map(|page| &mut page.windows),
                Scope::Partner => Some(&mut self.windows),
            };
            if let Some(window) = windows.and_then(|windows| windows.get_mut(key)) {
                change(window, people);
            }
        }
    }

    /// How many are counted under a key for this client, if that is known without counting.
    pub(super) fn count(&self, client: &Identifier, scope: Scope, key: &Key) -> Option<u64> {
        let windows = match scope {
            Scope::Client => &self.clients.get(client)?.windows,
            Scope::Partner => &self.windows,
        };
        windows.get(key).map(RoaringBitmap::len)
    }
}

impl Rule {
    /// What has to be counted for it, and of whom.
    fn scoped_keys(&self) -> impl Iterator<Item = (Scope, &Key)> {
        self.keys().map(|key| (self.scope, key))
    }
}

/// Sees to it that there is a window for this key.
fn keep<'a>(
    windows: &mut Windows,
    key: &Key,
    old: &mut Windows,
    histories: impl Iterator<Item = &'a History>,
    today: Day,
) {
    if !windows.contains_key(key) {
        let window = old.remove(key).unwrap_or_else(|| window(key, histories, today));
        windows.insert(key.clone(), window);
    }
}

/// The distinct people of some histories in the window that ends with `today`.
pub(super) fn window<'a>(
    key: &Key,
    histories: impl Iterator<Item = &'a History>,
    today: Day,
) -> RoaringBitmap {
    let first = today.first_of(key.window_days);
    union(histories.flat_map(|history| history.bitmaps(&key.counted, first, today)))
}
