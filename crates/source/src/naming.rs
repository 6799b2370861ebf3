//! Gives people of whom a platform told by account the names that only Countersign has for them, and
//! the settings that they chose, so that a decision can be made about them.

use std::collections::HashSet;
use std::sync::Arc;

use countersign_domain::decide::Candidate;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, Secret};
use countersign_domain::settings::Settings;
use countersign_people::store::{Choice, Enrolled, People};
use countersign_protocol::record::pairwise_id;
use prometheus_client::metrics::counter::Counter;

use super::{PlatformChoice, SourceError};

/// What gives names.
#[derive(Clone, Debug)]
pub struct Naming {
    people: Arc<People>,
    newcomers: Choice,
    left_out: Counter,
}

/// A person as the platform tells of them.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// The platform's name for them.
    pub(super) account: &'a str,
    /// Whether they are a minor.
    pub(super) minor: bool,
    /// The fields for which there is a value.
    pub(super) present: FieldSet,
    /// What they chose on the platform, where that was read.
    pub(super) chosen: Option<&'a PlatformChoice>,
}

/// The candidates, the viewer first, and where each of them stood among those who were told of.
pub(super) struct Named {
    pub(super) candidates: Vec<Candidate>,
    pub(super) places: Vec<usize>,
}

impl Naming {
    /// Names by this store; who was never seen before starts with these settings.
    #[must_use]
    pub fn new(people: Arc<People>, newcomers: impl Into<Choice>) -> Self {
        Self { people, newcomers: newcomers.into(), left_out: Counter::default() }
    }

    /// What people begin with of whom nothing else is known.
    #[must_use]
    pub const fn newcomers(&self) -> Choice {
        self.newcomers
    }

    /// The same, where people's choices stand in the platform's data: of whom those were not read begins with nothing
    /// open toward friends.
    #[must_use]
    pub fn closed_unless_read(self) -> Self {
        let settings = self.newcomers.settings.and(Settings::DEFAULT);
        Self { newcomers: settings.into(), ..self }
    }

    /// How many friends were left out of answers, because their records cannot be read.
    #[must_use]
    pub const fn left_out(&self) -> &Counter {
        &self.left_out
    }

    /// Names people, the viewer first; puts friends in the order of their ids toward the partner.
    ///
    /// # Errors
    /// [`SourceError::UnknownPerson`] without a viewer, [`SourceError::Nonsense`] when it is another one or
    /// somebody stands there twice, [`SourceError::Store`].
    pub(super) async fn name(
        &self,
        viewer: Handle,
        partner: &Identifier,
        people: &[Told<'_>],
    ) -> Result<Named, SourceError> {
        self.check(viewer, people)?;
        let accounts = || people.iter().map(|told| told.account);
        let enrolled = match self.people.enrolled(accounts())? {
            Some(enrolled) => enrolled,
            None => {
                let begins = |told: &Told<'_>| {
                    let begins = told.chosen.map_or(self.newcomers, |chosen| chosen.begins);
                    (told.account.to_owned(), begins)
                };
                self.enrol_all(people.iter().map(begins).collect()).await?
            }
        };
        // Taken after enrolling, so that it has everybody, with settings as they are this moment.
        let view = self.people.view();
        let mut secret = Secret([0; 32]);
        let mut named = Vec::with_capacity(people.len());
        for ((told, enrolled), place) in people.iter().zip(enrolled).zip(0..) {
            let known = view.person(enrolled.number).ok_or(SourceError::UnknownPerson)?;
            known.secret_into(&mut secret);
            let settings = known.settings();
            let candidate = Candidate {
                handle: enrolled.handle,
                pairwise: pairwise_id(&secret, partner),
                // What was closed on the platform is closed, whatever was chosen here.
                settings: told.chosen.map_or(settings, |chosen| settings.and(chosen.at_most)),
                present: told.present.with(FieldId::ID).with(FieldId::FRIENDS),
                minor: told.minor,
            };
            named.push((candidate, place));
        }
        Ok(in_order(named))
    }

    /// Whether these can be the viewer and friends, so that nobody is enrolled on the word of a source that
    /// says what cannot be.
    fn check(&self, viewer: Handle, people: &[Told<'_>]) -> Result<(), SourceError> {
        let account = self.people.account_of(viewer).ok_or(SourceError::UnknownPerson)?;
        let first = people.first().ok_or(SourceError::UnknownPerson)?;
        if first.account != account {
            return Err(nonsense("somebody else stands in the viewer's place"));
        }
        let mut different = HashSet::with_capacity(people.len());
        if !people.iter().all(|told| different.insert(told.account)) {
            return Err(nonsense("somebody stands there twice"));
        }
        Ok(())
    }

    /// The person of this account, if they were seen before.
    pub(super) fn person(&self, account: &str) -> Result<Option<Handle>, SourceError> {
        Ok(self.people.person_of_account(account)?)
    }

    /// The person of an account of whom the platform says that there is one; who was never seen before
    /// begins with what they chose there, or as everybody does of whom nothing was read.
    ///
    /// # Errors
    /// [`SourceError::Store`], or [`SourceError::Unavailable`] while the server stops.
    pub(super) async fn enrol(
        &self,
        account: &str,
        chosen: Option<&PlatformChoice>,
    ) -> Result<Handle, SourceError> {
        let begins = chosen.map_or(self.newcomers, |chosen| chosen.begins);
        let enrolled = self.enrol_all(vec![(account.to_owned(), begins)]).await?;
        enrolled.first().map(|person| person.handle).ok_or(SourceError::UnknownPerson)
    }

    /// Enrols where waiting for the disk holds up nobody else.
    async fn enrol_all(
        &self,
        newcomers: Vec<(String, Choice)>,
    ) -> Result<Vec<Enrolled>, SourceError> {
        let people = Arc::clone(&self.people);
        let enrolling = tokio::task::spawn_blocking(move || {
            people.enrol_each(newcomers.iter().map(|(account, begins)| (account.as_str(), *begins)))
        });
        let enrolled = enrolling.await.map_err(|_| SourceError::Unavailable {
            reason: "people who are new were not enrolled before the server stopped".to_owned(),
        })?;
        Ok(enrolled?)
    }
}

fn nonsense(reason: &str) -> SourceError {
    SourceError::Nonsense { reason: reason.to_owned() }
}

/// The candidates in the order of an answer. Different accounts are different people, which was looked at
/// before.
fn in_order(mut named: Vec<(Candidate, usize)>) -> Named {
    if let Some((_, friends)) = named.split_first_mut() {
        friends.sort_unstable_by_key(|(friend, _)| friend.pairwise);
    }
    let (candidates, places) = named.into_iter().unzip();
    Named { candidates, places }
}

#[cfg(test)]
mod tests {
    use countersign_domain::route::Route;
    use countersign_people::store::StoreOptions;

    use super::*;

    #[test]
    fn naming_opens_nothing_toward_friends_of_whom_nothing_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path(), StoreOptions::default()).unwrap();
        let open = Settings::from_sets([FieldSet::ALL; 4]);
        let naming = Naming::new(Arc::new(people), open).closed_unless_read();
        let begins = naming.newcomers().settings;
        assert_eq!(begins, Settings::DEFAULT);
        assert!(begins.open(Route::FriendsApp).is_empty());
    }
}
