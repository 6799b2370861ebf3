//! Whether all contenders give the same answer: the same friends, of each the same fields with the same
//! values. Without that a comparison of speed says nothing.
//!
//! Ids are left out, since Countersign's are others for every partner; a person's fields together tell people
//! apart. `null` is no value.

use serde_json::Value;

use crate::bench::sources::contender::Kind;
use crate::failure::{Failure, Outcome, While};

/// An answer without its form: the viewer first, then friends in the order of their text.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Answer(Vec<String>);

impl Answer {
    /// Reads a contender's answer.
    pub(super) fn read(kind: Kind, body: &[u8]) -> Outcome<Self> {
        let body: Value = serde_json::from_slice(body)
            .during(|| format!("reading an answer of {}", kind.name()))?;
        let people = match kind {
            Kind::Axum | Kind::AxumIndexed => listed(body),
            Kind::PostGraphile => graphql(body),
            Kind::Image | Kind::Postgres => graph(body),
        };
        let people = people.and_then(|people| {
            let mut people = people.into_iter().map(plain).collect::<Option<Vec<_>>>()?;
            people.get_mut(1..)?.sort_unstable();
            Some(Self(people))
        });
        let wrong = || Failure::new(format!("{} gave an answer of another form", kind.name()));
        people.ok_or_else(wrong)
    }

    /// How many people are in it.
    pub(super) const fn people(&self) -> usize {
        self.0.len()
    }

    /// The fields of everybody in it together.
    pub(super) fn fields(&self) -> usize {
        let count = |person: &String| {
            serde_json::from_str::<Value>(person).ok()?.as_object().map(serde_json::Map::len)
        };
        self.0.iter().filter_map(count).sum()
    }
}

fn listed(body: Value) -> Option<Vec<Value>> {
    match body {
        Value::Array(people) => Some(people),
        _ => None,
    }
}

fn graphql(mut body: Value) -> Option<Vec<Value>> {
    let mut people = listed(body.pointer_mut("/data/viewer")?.take())?;
    people.extend(listed(body.pointer_mut("/data/friends")?.take())?);
    Some(people)
}

fn graph(mut viewer: Value) -> Option<Vec<Value>> {
    let mut friends = viewer.as_object_mut()?.remove("friends")?;
    if friends.pointer("/paging/next").is_some() {
        return None;
    }
    let friends = listed(friends.pointer_mut("/data")?.take())?;
    Some(std::iter::once(viewer).chain(friends).collect())
}

/// A person's fields as text, the id and what is null left out; nothing if there is no id.
fn plain(person: Value) -> Option<String> {
    let Value::Object(mut person) = person else { return None };
    person.remove("id")?.as_str().filter(|id| id.len() == 32)?;
    person.retain(|_, value| !value.is_null());
    let mut person = Value::Object(person);
    person.sort_all_objects();
    Some(person.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn read(kind: Kind, body: &str) -> Answer {
        Answer::read(kind, body.replace("ID", ID).as_bytes()).unwrap()
    }

    #[test]
    fn the_same_people_in_three_forms_are_the_same_answer() {
        let axum =
            r#"[{"id":"ID","name":"V"},{"name":"B","id":"ID"},{"id":"ID","work":{"b":1,"a":2}}]"#;
        let graphql = r#"{"data":{"viewer":[{"id":"ID","name":"V","work":null}],
            "friends":[{"id":"ID","name":null,"work":{"a":2,"b":1}},{"id":"ID","name":"B","work":null}]}}"#;
        let graph = r#"{"friends":{"data":[{"name":"B","id":"ID"},{"work":{"a":2,"b":1},"id":"ID"}]},
            "name":"V","id":"ID"}"#;
        let answer = read(Kind::Axum, axum);
        assert_eq!((answer.people(), answer.fields()), (3, 3));
        assert_eq!(read(Kind::PostGraphile, graphql), answer);
        assert_eq!(read(Kind::Image, graph), answer);
        assert_ne!(read(Kind::Axum, &axum.replace("\"B\"", "\"C\"")), answer);
        assert_ne!(read(Kind::Axum, &axum.replace(",\"name\":\"V\"", "")), answer);
    }

    #[test]
    fn an_answer_that_is_only_a_page_or_no_answer_is_refused() {
        let page = r#"{"friends":{"data":[],"paging":{"next":"x"}},"id":"ID"}"#.replace("ID", ID);
        assert!(Answer::read(Kind::Image, page.as_bytes()).is_err());
        let errors = br#"{"errors":[{"message":"no"}],"data":{"viewer":null,"friends":null}}"#;
        assert!(Answer::read(Kind::PostGraphile, errors).is_err());
    }
}
