//! Puts a canary's texts into a stored value and leaves its form: where it has a list of schools, there is a list
//! of as many, and what says nothing of who it is, as years, stays.

use serde_json::{Map, Value};

use super::values::{CanaryKey, Kind, Origin};

/// The value of this form with the canary's texts in it, or nothing if the stored one stays.
pub(super) fn substitute(
    key: &CanaryKey,
    origin: &Origin<'_>,
    kind: Kind,
    stored: &[u8],
) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(stored).ok()?;
    let mut texts = Texts { key, origin, kind, number: 0 };
    texts.put(&mut value);
    let changed = texts.number > 0;
    changed.then(|| serde_json::to_vec(&value).ok()).flatten()
}

/// The texts, one after the other.
struct Texts<'a> {
    key: &'a CanaryKey,
    origin: &'a Origin<'a>,
    kind: Kind,
    number: u8,
}

impl Texts<'_> {
    fn put(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.put_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.put(item)),
            Value::Object(members) => self.put_members(members),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Of a list of schools or jobs only what names the school or the employer is the canary's own.
    fn put_members(&mut self, members: &mut Map<String, Value>) {
        let holder = match self.kind {
            Kind::Education => "school",
            Kind::Work => "employer",
            _ => "name",
        };
        if let Some(held) = members.get_mut(holder) {
            self.put(held);
        } else if let Some(Value::String(name)) = members.get_mut("name") {
            let number = self.number;
            self.put_text(name);
            // A page of one number has one name, toward everybody.
            if let Some(Value::String(id)) = members.get_mut("id") {
                *id = self.key.digits(self.origin, self.kind, number, id.len());
            }
        }
    }

    fn put_text(&mut self, text: &mut String) {
        if self.number == self.kind.texts_max() {
            return;
        }
        if let Some(made) = self.key.text(self.origin, self.kind, self.number) {
            *text = match self.kind {
                Kind::Link | Kind::Website => at_host_of(text, &made),
                _ => made,
            };
            self.number += 1;
        }
    }
}

/// A page of this name where that address leads.
fn at_host_of(address: &str, page: &str) -> String {
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    let rest = address.get(after_scheme..).unwrap_or_default();
    let host = rest.find('/').map_or(address.len(), |at| after_scheme + at);
    format!("{}/{page}", address.get(..host).unwrap_or_default())
}
