//! A place in a policy while it is read. Whatever is asked of it and not there is an error that points at
//! it; what nobody asked for is one too.

use serde_json::{Map, Value};

use super::{NotUnderstood, expanded};

/// A value, and where in the policy it stands.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    value: &'a Value,
    pointer: String,
}

/// Members that describe and have no say, by their prefixes. They are passed over, and that is told.
const DESCRIPTIONS: [&str; 3] = ["dct:", "rdfs:", "skos:"];

impl<'a> At<'a> {
    pub(super) const fn whole(policy: &'a Value) -> Self {
        Self { value: policy, pointer: String::new() }
    }

    pub(super) fn wrong(&self, message: impl Into<String>) -> NotUnderstood {
        NotUnderstood { pointer: self.pointer.clone(), message: message.into() }
    }

    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }

    fn under(&self, name: &str, value: &'a Value) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self { value, pointer: format!("{}/{name}", self.pointer) }
    }

    fn object(&self) -> Result<&'a Map<String, Value>, NotUnderstood> {
        self.value.as_object().ok_or_else(|| self.wrong("an object is expected"))
    }

    /// The members of an object that has these alone; those that only describe are put into `passed_over`.
    pub(super) fn only(
        &self,
        known: &[&str],
        passed_over: &mut Vec<String>,
    ) -> Result<(), NotUnderstood> {
        for (name, value) in self.object()? {
            let at = self.under(name, value);
            if DESCRIPTIONS.iter().any(|prefix| name.starts_with(prefix)) {
                passed_over.push(format!("{}: passed over, it has no say", at.pointer));
            } else if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                return Err(
                    at.wrong(format!("{name:?} is not understood here; understood are {known}"))
                );
            }
        }
        Ok(())
    }

    /// A member by any of its names, of which one may be there.
    pub(super) fn get(&self, names: &[&str]) -> Result<Option<Self>, NotUnderstood> {
        let object = self.object()?;
        let mut there = names.iter().filter_map(|name| Some(self.under(name, object.get(*name)?)));
        let first = there.next();
        match there.next() {
            Some(second) => Err(second.wrong("it is said twice, under two names")),
            None => Ok(first),
        }
    }

    /// A member that has to be there.
    pub(super) fn need(&self, names: &[&str]) -> Result<Self, NotUnderstood> {
        self.get(names)?.ok_or_else(|| {
            self.wrong(format!("{:?} is missing", names.first().copied().unwrap_or_default()))
        })
    }

    /// The members of a list; something that is no list is a list of itself, as JSON-LD has it.
    pub(super) fn items(&self) -> Vec<Self> {
        match self.value.as_array() {
            Some(items) => {
                let items = items.iter().enumerate();
                items.map(|(number, item)| self.under(&number.to_string(), item)).collect()
            }
            None => vec![self.clone()],
        }
    }

    /// The items under a member, none if it is not there.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Self>, NotUnderstood> {
        Ok(self.get(&[name])?.map(|list| list.items()).unwrap_or_default())
    }

    pub(super) fn is_object(&self) -> bool {
        self.value.is_object()
    }

    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// An IRI with its prefix written out, as `{"@id": …}` or as a text.
    pub(super) fn iri(&self) -> Result<String, NotUnderstood> {
        let text = self.as_text().or_else(|| {
            let object = self.value.as_object().filter(|object| object.len() == 1)?;
            object.get("@id")?.as_str()
        });
        text.map(expanded)
            .ok_or_else(|| self.wrong("an IRI is expected, as {\"@id\": \"dpv:ServiceProvision\"}"))
    }

    /// A text, perhaps as `{"@value": …, "@type": …}` with this type.
    pub(super) fn literal(&self, kind: &str) -> Result<&'a str, NotUnderstood> {
        let typed = || {
            let object = self.value.as_object().filter(|object| object.len() == 2)?;
            let is_of_kind = object.get("@type")?.as_str().map(expanded) == Some(expanded(kind));
            object.get("@value").filter(|_| is_of_kind)?.as_str()
        };
        let text = self.as_text().or_else(typed);
        text.ok_or_else(|| self.wrong(format!("a text of the type {kind} is expected")))
    }
}
