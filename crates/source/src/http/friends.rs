//! The friends of a viewer: their list, page by page, and their documents.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use super::Api;
use super::client::Limits;
use super::mapping::{Base, Friends, Items, Profiles};
use super::person::{account_of, nonsense};
use super::pointer::Pointer;
use super::template::{Place, can_stand_in_list, can_stand_in_path};
use crate::SourceError;

/// The most pages of one list.
const PAGES_MAX: usize = 1_000;

/// The longest list of accounts in a path, in characters: many servers take 8 KiB at most.
const PATH_ACCOUNTS_MAX: usize = 4_000;

/// What a list of friends came to.
pub(super) enum Listed {
    /// Their accounts; `None` of a friend who has none there.
    Accounts(Vec<Option<String>>),
    /// Their documents.
    Documents(Vec<Document>),
}

/// The document of a friend.
pub(super) struct Document {
    /// The JSON, or what is wrong with this friend's record alone.
    pub(super) text: Result<String, SourceError>,
    /// Whom it has to be about, if it was asked for by name.
    pub(super) account: Option<String>,
}

impl Api {
    /// The list of the viewer's friends, out of answers of its own.
    pub(super) async fn list(&self, limits: &Limits, account: &str) -> Result<Listed, SourceError> {
        let mut listed = match self.mapping.items {
            Items::Accounts(_) => Listed::Accounts(Vec::new()),
            Items::People(_) => Listed::Documents(Vec::new()),
        };
        let Friends::Listed { path, list, next } = &self.mapping.friends else {
            return Ok(listed);
        };
        let base = &self.client.base().path;
        let mut here = format!("{base}{}", path.fill(&[account], 0));
        let mut seen = HashSet::new();
        for _ in 0..PAGES_MAX {
            let text = self.client.get(limits, path.as_str(), &here).await?;
            let added = self.take(list.find(&text).map_err(not_json)?, &mut listed)?;
            let following = match next {
                Some(next) => next_path(next, &text, self.client.base())?,
                None if path.has(Place::Offset) && added > 0 => {
                    Some(format!("{base}{}", path.fill(&[account], listed.len())))
                }
                None => None,
            };
            let Some(following) = following else { return Ok(listed) };
            if !seen.insert(std::mem::replace(&mut here, following)) || seen.contains(&here) {
                return Err(nonsense("the pages of a list of friends go in a circle"));
            }
        }
        Err(nonsense(format!("a list of friends has more than {PAGES_MAX} pages")))
    }

    /// Takes the items of a list; how many there were.
    pub(super) fn take(
        &self,
        list: Option<&RawValue>,
        listed: &mut Listed,
    ) -> Result<usize, SourceError> {
        let list = match list {
            Some(list) => list.get(),
            None if self.mapping.absent_is_empty => return Ok(0),
            None => return Err(nonsense("there is no list of friends where the mapping has it")),
        };
        let items = elements(list).ok_or_else(|| nonsense("a list of friends is no list"))?;
        for item in &items {
            match (&self.mapping.items, &mut *listed) {
                (Items::Accounts(pointer), Listed::Accounts(accounts)) => {
                    let raw = pointer.find(item.get()).map_err(not_json)?;
                    accounts.push(raw.and_then(|raw| account_of(raw.get())));
                }
                (Items::People(pointer), Listed::Documents(documents)) => {
                    let raw = pointer.find(item.get()).map_err(not_json)?;
                    let text = raw.map(|raw| raw.get().to_owned());
                    let text = text.ok_or_else(|| nonsense("a friend has no document"));
                    documents.push(Document { text, account: None });
                }
                _ => return Err(nonsense("a list of friends is of another kind")),
            }
            if listed.len() > self.friends_max {
                let most = self.friends_max;
                return Err(nonsense(format!("a viewer has more than {most} friends")));
            }
        }
        Ok(items.len())
    }

    /// The documents of these people, in their order. Whoever left meanwhile is passed over; whom the list has
    /// twice, as lists do that change between two pages, is asked about once.
    pub(super) async fn documents(
        self: &Arc<Self>,
        limits: &Arc<Limits>,
        listed: Vec<Option<String>>,
    ) -> Result<Vec<Document>, SourceError> {
        let (mut different, mut accounts) = (HashSet::new(), Vec::with_capacity(listed.len()));
        let mut unreadable = Vec::new();
        for account in listed {
            match account {
                None => unreadable.push("a friend has no account"),
                Some(account) if !can_stand_in_path(&account) => {
                    unreadable.push("a friend has an account that no path can hold");
                }
                Some(account) if different.insert(account.clone()) => accounts.push(account),
                Some(_) => {}
            }
        }
        let mut fetches = JoinSet::new();
        let mut left = self.groups(accounts).into_iter().enumerate();
        let mut groups = Vec::with_capacity(left.len());
        loop {
            // Turns come in the order in which they are asked for, so a question with many friends asks for
            // some at a time, and others come in between.
            while fetches.len() < self.at_once
                && let Some((at, group)) = left.next()
            {
                let (api, limits) = (Arc::clone(self), Arc::clone(limits));
                fetches.spawn(async move { (at, api.group(&limits, group).await) });
            }
            let Some(fetched) = fetches.join_next().await else { break };
            let (at, group) = fetched.map_err(|_| SourceError::Unavailable {
                reason: "a request for friends was given up".to_owned(),
            })?;
            groups.push((at, group?));
        }
        groups.sort_unstable_by_key(|(at, _)| *at);
        let unreadable = unreadable.into_iter().map(|what| Document::unreadable(nonsense(what)));
        Ok(groups.into_iter().flat_map(|(_, group)| group).chain(unreadable).collect())
    }

    /// The accounts in groups that are asked for together.
    fn groups(&self, accounts: Vec<String>) -> Vec<Vec<String>> {
        let people_max = self.mapping.profiles.as_ref().map_or(1, |profiles| profiles.people_max);
        let (together, mut groups): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| can_stand_in_list(account));
        let mut groups: Vec<Vec<String>> = groups.drain(..).map(|account| vec![account]).collect();
        let (mut group, mut length) = (Vec::new(), 0);
        for account in together {
            // Each byte may take three characters.
            let takes = 3 * account.len() + 1;
            if group.len() == people_max
                || (!group.is_empty() && length + takes > PATH_ACCOUNTS_MAX)
            {
                groups.push(std::mem::take(&mut group));
                length = 0;
            }
            length += takes;
            group.push(account);
        }
        if !group.is_empty() {
            groups.push(group);
        }
        groups
    }

    async fn group(
        &self,
        limits: &Limits,
        accounts: Vec<String>,
    ) -> Result<Vec<Document>, SourceError> {
        match (&self.mapping.profiles, accounts.as_slice()) {
            (Some(profiles), [first, ..]) if can_stand_in_list(first) => {
                self.batch(limits, profiles, &accounts).await
            }
            (_, [account]) => {
                let text = match self.document(limits, account).await {
                    Ok(None) => return Ok(Vec::new()),
                    Ok(Some(text)) => Ok(text),
                    Err(error @ SourceError::Nonsense { .. }) => Err(error),
                    Err(error) => return Err(error),
                };
                Ok(vec![Document { text, account: Some(account.clone()) }])
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn batch(
        &self,
        limits: &Limits,
        profiles: &Profiles,
        accounts: &[String],
    ) -> Result<Vec<Document>, SourceError> {
        let name = profiles.path.as_str();
        let names: Vec<_> = accounts.iter().map(String::as_str).collect();
        let path = format!("{}{}", self.client.base().path, profiles.path.fill(&names, 0));
        let text = self.client.get(limits, name, &path).await?;
        let list = profiles.list.find(&text).map_err(not_json)?;
        let list = list.and_then(|list| elements(list.get()));
        let list = list.ok_or_else(|| nonsense(format!("{name}: there is no list of people")))?;
        let mut by_account: HashMap<String, Result<String, SourceError>> =
            HashMap::with_capacity(list.len());
        let mut documents = Vec::with_capacity(list.len());
        for item in list {
            let Some(document) = profiles.item.find(item.get()).map_err(not_json)? else {
                continue;
            };
            match self.mapping.reader.account(document.get()) {
                Ok(account) => {
                    let twice = || nonsense(format!("{name}: one person stands twice"));
                    let text = Ok(document.get().to_owned());
                    let entry = by_account.entry(account);
                    entry.and_modify(|text| *text = Err(twice())).or_insert(text);
                }
                Err(error) => documents.push(Document::unreadable(error)),
            }
        }
        for account in accounts {
            if let Some(text) = by_account.remove(account) {
                documents.push(Document { text, account: Some(account.clone()) });
            }
        }
        if !by_account.is_empty() {
            return Err(nonsense(format!("{name}: somebody is there who was not asked for")));
        }
        Ok(documents)
    }
}

impl Document {
    const fn unreadable(error: SourceError) -> Self {
        Self { text: Err(error), account: None }
    }
}

impl Listed {
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Accounts(accounts) => accounts.len(),
            Self::Documents(documents) => documents.len(),
        }
    }
}

pub(super) fn not_json(error: impl fmt::Display) -> SourceError {
    nonsense(format!("an answer is {error}"))
}

/// The path of the next page, if there is one. It may lead to the same host only.
fn next_path(next: &Pointer, text: &str, base: &Base) -> Result<Option<String>, SourceError> {
    let Some(link) = next.find(text).map_err(not_json)? else { return Ok(None) };
    let wrong = || nonsense("the link to the next page of friends is no link");
    let link: String = serde_json::from_str(link.get()).map_err(|_| wrong())?;
    if link.is_empty() {
        return Ok(None);
    }
    if link.starts_with('/') && !link.starts_with("//") {
        return Ok(Some(link));
    }
    let parts = link.parse::<hyper::Uri>().map_err(|_| wrong())?.into_parts();
    let is_same = parts.scheme.as_ref() == Some(&base.scheme)
        && parts.authority.as_ref() == Some(&base.authority);
    if !is_same {
        return Err(nonsense("the next page of friends is at another host"));
    }
    Ok(parts.path_and_query.map(|path| path.to_string()))
}

/// The elements of a list, or the values of an object; `None` of anything else.
pub(super) fn elements(json: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str::<Elements<'_>>(json).ok().map(|Elements(elements)| elements)
}

struct Elements<'t>(Vec<&'t RawValue>);

impl<'t> Deserialize<'t> for Elements<'t> {
    fn deserialize<D: Deserializer<'t>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Self(Vec::new()))
    }
}

impl<'t> Visitor<'t> for Elements<'t> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(element) = list.next_element()? {
            self.0.push(element);
        }
        Ok(self)
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((IgnoredAny, element)) = map.next_entry()? {
            self.0.push(element);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_is_at_the_same_host() {
        let base = Base {
            scheme: "https".parse().unwrap(),
            authority: "api.example".parse().unwrap(),
            path: "/v1".to_owned(),
        };
        let next: Pointer = "/next".parse().unwrap();
        let of = |link: &str| next_path(&next, &format!("{{\"next\":{link}}}"), &base);
        assert_eq!(of("null").unwrap(), None);
        assert_eq!(of("\"\"").unwrap(), None);
        assert_eq!(of("\"/v1/b?c=d\"").unwrap().as_deref(), Some("/v1/b?c=d"));
        assert_eq!(of("\"https://API.example/x?y\"").unwrap().as_deref(), Some("/x?y"));
        for elsewhere in [
            "\"https://api.example.org/x\"",
            "\"http://api.example/x\"",
            "\"https://api.example:8443/x\"",
            "\"//other.example/x\"",
            "\"x\"",
            "5",
            "\"https://user@api.example/x\"",
        ] {
            assert!(matches!(of(elsewhere), Err(SourceError::Nonsense { .. })), "{elsewhere}");
        }
    }
}
