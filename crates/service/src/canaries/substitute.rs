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

#[cfg(test)]
mod tests {
    use countersign_domain::identifier::Identifier;
    use countersign_domain::person::Handle;
    use serde_json::json;

    use super::*;

    /// What stands in the place of a value, which is looked for like one that turned up.
    fn put(field: &str, stored: &Value) -> Option<Value> {
        let partner = Identifier::parse("aurora").unwrap();
        let origin = Origin {
            handle: Handle([1; 16]),
            partner: &partner,
            generation: 0,
            email_domain: None,
        };
        let bytes = serde_json::to_vec(stored).unwrap();
        let put = substitute(&CanaryKey::for_tests(), &origin, Kind::of(field)?, &bytes)?;
        Some(serde_json::from_slice(&put).unwrap())
    }

    #[test]
    fn a_value_keeps_its_form_and_what_says_nothing_of_who_it_is() {
        let stored = json!([
            { "school": { "id": "70003", "name": "A" }, "year": { "id": "82001", "name": "2001" }, "type": "College" },
            { "school": "B", "concentration": [{ "id": "90001", "name": "Law" }] },
            "C",
        ]);
        let put_once = put("education", &stored).unwrap();
        let school = |value: &Value| value["school"].clone();
        let mut like_stored = put_once.clone();
        assert_eq!(put_once[0]["school"]["id"].as_str().unwrap().len(), 5);
        assert_ne!(put_once[0]["school"]["id"], stored[0]["school"]["id"]);
        let names = [&put_once[0]["school"]["name"], &put_once[1]["school"], &put_once[2]];
        assert!(names.iter().all(|name| name.as_str().unwrap().len() > 10), "{names:?}");
        assert!(names[0] != names[1] && names[1] != names[2]);
        like_stored[0]["school"] = school(&stored[0]);
        like_stored[1]["school"] = school(&stored[1]);
        like_stored[2] = stored[2].clone();
        assert_eq!(like_stored, stored);
    }

    #[test]
    fn what_can_carry_nothing_stays() {
        for (field, stored) in [
            ("work", json!([])),
            ("work", json!(null)),
            ("email", json!("ada@mail.example")),
            ("birthday", json!("01/02/1990")),
            ("education", json!([{ "type": "College" }])),
        ] {
            assert_eq!(put(field, &stored), None, "{field}");
        }
    }

    #[test]
    fn an_address_stays_at_its_host() {
        for (stored, host) in [
            ("https://people.example/17", "https://people.example/"),
            ("https://own.example", "https://own.example/"),
            ("own.example/a/b", "own.example/"),
        ] {
            let put = put("link", &json!(stored)).unwrap();
            let page = put.as_str().unwrap().strip_prefix(host).unwrap();
            assert!(!page.contains('/') && page.contains('.'), "{page}");
        }
    }
}
