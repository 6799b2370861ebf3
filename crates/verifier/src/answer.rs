//! What an answer says about whom: the records of a JSON body, as its recipient has it.
//!
//! ```text
//! {"id":V, FIELD:…, "friends":LIST}           the viewer V, then each friend
//! LIST                                        the viewer {id, friends}, or {id} if nobody is listed, then each friend
//! {"id":F, FIELD:…}                           the viewer {id, friends}, then the friend F
//! {"me" or V:VIEWER, F:FRIEND, …}             by ids: the viewer, then each friend
//! {"data":{"user_id":V, …}}                   about a token: the viewer {id}
//! {"data":[{"permission":…}, …]}              about a grant: the viewer {id}
//! LIST   = {"data":[FRIEND, …], "paging":…, "summary":…}
//! VIEWER = {"id":V, FIELD:…}, with "friends":LIST only if it stands alone
//! FRIEND = {"id":F, FIELD:…}
//! ```
//!
//! The viewer's record always comes first, and every record has an `id`. By ids, every key is the id of the
//! object under it, or `me` for the viewer, who stands first; the viewer's record has `friends` exactly if a friend is
//! in the answer, and is {id, friends} if the viewer was not asked for. There is no second way to
//! read a body: keys that the schema does not have, by name or alias, fields and keys that stand twice, people who
//! stand twice and friends of friends are refused. A viewer without friends in the answer has no key `friends`; what
//! may stand beside a list is in `paging`. What is inside of a field's value is the field's.

use std::collections::HashSet;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_protocol::record::Record;

use crate::body::{ME, Members, Value};
use crate::own::{are_permissions, token_user};
use crate::paging::{check_paging, read_summary};

const DATA: &str = "data";
const PAGING: &str = "paging";
const SUMMARY: &str = "summary";
const ID: &str = "id";
const FRIENDS: &str = "friends";

/// Why a body does not say in one way which fields of which person it holds. It holds no value of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not JSON, or not of one of the forms.
    #[error("not an answer with people in it: {reason}")]
    Shape {
        /// What the JSON reader says, with line and column.
        reason: String,
    },
    /// A key that is no field.
    #[error("{place}: there is no field {key:?} in the schema")]
    UnknownField {
        /// Where.
        place: Place,
        /// The key.
        key: String,
    },
    /// A key, or a field under another of its names, that stands twice in one object; readers differ in which
    /// they take.
    #[error("{place}: the key {key:?} stands twice, or its field does")]
    Repeated {
        /// Where.
        place: Place,
        /// The key.
        key: String,
    },
    /// A person without an id.
    #[error("{place}: the id is missing")]
    NoId {
        /// Where.
        place: Place,
    },
    /// An id that is none.
    #[error("{place}: the id is not 32 lower-case hexadecimal digits")]
    BadId {
        /// Where.
        place: Place,
    },
    /// A list of friends of somebody who is not the viewer.
    #[error("{place}: friends of a friend")]
    FriendsOfFriend {
        /// Where.
        place: Place,
    },
    /// A viewer's list of friends with nobody in it, which the record of an answer cannot say.
    #[error("{place}: the list is empty; without friends there is no key \"friends\"")]
    EmptyFriends {
        /// Where.
        place: Place,
    },
    /// Paging that is not what the list comes to.
    #[error("{place}: {reason}", place = Place::Paging)]
    Paging {
        /// What is wrong.
        reason: &'static str,
    },
    /// A summary that is not what the list comes to.
    #[error("{place}: {reason}", place = Place::Summary)]
    Summary {
        /// What is wrong.
        reason: &'static str,
    },
    /// A key of an answer by ids that is not the name of who stands under it.
    #[error("{place}: the key is neither the id of the person under it nor \"me\" for the viewer")]
    BadKey {
        /// Where.
        place: Place,
    },
    /// The viewer of an answer by ids behind somebody else.
    #[error("{place}: the viewer stands first")]
    ViewerNotFirst {
        /// Where.
        place: Place,
    },
    /// One person in two places.
    #[error("{place}: the person stands in the answer already")]
    PersonTwice {
        /// Where.
        place: Place,
    },
}

/// Where in a body something stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The object that is the body.
    Top,
    /// The object that lists friends.
    List,
    /// The paging of that list.
    Paging,
    /// The summary of that list.
    Summary,
    /// A person by id, counted from zero.
    Named(usize),
    /// What is said about a token.
    Token,
    /// A friend, counted from zero.
    Friend(usize),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Top => f.write_str("at the top"),
            Self::List => f.write_str("in the list of friends"),
            Self::Paging => f.write_str("in the paging"),
            Self::Summary => f.write_str("in the summary"),
            Self::Named(number) => write!(f, "person {number}"),
            Self::Token => f.write_str("about the token"),
            Self::Friend(number) => write!(f, "friend {number}"),
        }
    }
}

/// What an answer is held against that its body does not say.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The schema that was in force.
    pub schema: &'a FieldSchema,
    /// The viewer.
    pub viewer: PairwiseId,
    /// The client that was answered.
    pub client: &'a Identifier,
    /// When the answer was logged.
    pub time: Timestamp,
}

/// What a body says of people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The records, in the order in which the entry commits to them.
    pub records: Vec<Record>,
    /// How many friends can be reached by paging, if a summary tells of any.
    pub count: Option<u64>,
}

/// What a body says of people.
///
/// # Errors
/// [`AnswerError`] when the body is not of one of the forms.
pub fn read(body: &[u8], context: &Context<'_>) -> Result<Said, AnswerError> {
    let Members(top) = serde_json::from_slice(body)
        .map_err(|error| AnswerError::Shape { reason: error.to_string() })?;
    let mut reader = Reader { context, seen: HashSet::new(), records: Vec::new(), count: None };
    reader.read(top)?;
    Ok(Said { records: reader.records, count: reader.count })
}

struct Reader<'a> {
    context: &'a Context<'a>,
    seen: HashSet<PairwiseId>,
    records: Vec<Record>,
    count: Option<u64>,
}

impl Reader<'_> {
    fn read(&mut self, top: Vec<(String, Value)>) -> Result<(), AnswerError> {
        let has = |wanted: &str| top.iter().any(|(key, _)| key == wanted);
        if has(ID) {
            return self.person_alone(top, Place::Top);
        }
        if let Some(id) = self.own(&top)? {
            return self.push(id, Relation::Viewer, FieldSet::of(FieldId::ID), Place::Top);
        }
        if has(DATA) || top.is_empty() {
            let friends = self.list(top, Place::Top)?;
            self.push_listing_viewer(!friends.is_empty())?;
            return self.push_friends(friends);
        }
        self.by_ids(top)
    }

    /// The viewer's id, of an answer that is about the client's own token or grant.
    fn own(&self, top: &[(String, Value)]) -> Result<Option<PairwiseId>, AnswerError> {
        match top {
            [(key, Value::Object(token))] if key == DATA => {
                let place = Place::Token;
                let id = token_user(token, self.context)?;
                if id == self.context.viewer {
                    Ok(Some(id))
                } else {
                    Err(AnswerError::BadId { place })
                }
            }
            [(key, Value::List(list))]
                if key == DATA && are_permissions(list, self.context.schema) =>
            {
                Ok(Some(self.context.viewer))
            }
            _ => Ok(None),
        }
    }

    /// One object: the viewer, perhaps with friends, or one friend.
    fn person_alone(
        &mut self,
        members: Vec<(String, Value)>,
        place: Place,
    ) -> Result<(), AnswerError> {
        let (id, fields) = self.person(&members, place)?;
        if id != self.context.viewer {
            self.push_listing_viewer(true)?;
            return self.push_friend(id, fields, place);
        }
        self.push(id, Relation::Viewer, fields, place)?;
        let Some((_, friends)) = members.into_iter().find(|(key, _)| key == FRIENDS) else {
            return Ok(());
        };
        let Value::Object(list) = friends else {
            let reason = "the friends of the viewer are not an object with \"data\"".to_owned();
            return Err(AnswerError::Shape { reason });
        };
        let friends = self.list(list, Place::List)?;
        if friends.is_empty() {
            return Err(AnswerError::EmptyFriends { place: Place::List });
        }
        self.push_friends(friends)
    }

    /// An object of people under their ids.
    fn by_ids(&mut self, top: Vec<(String, Value)>) -> Result<(), AnswerError> {
        check_keys_differ(&top, Place::Top)?;
        let mut people = Vec::with_capacity(top.len());
        for (number, (key, value)) in top.into_iter().enumerate() {
            let place = Place::Named(number);
            let named = key == ME || PairwiseId::parse(&key).is_some();
            let Value::Object(members) = value else {
                return Err(if named {
                    AnswerError::Shape { reason: format!("{place}: not an object") }
                } else {
                    AnswerError::UnknownField { place: Place::Top, key }
                });
            };
            let (id, fields) = self.person(&members, place)?;
            if key != id.to_string() && !(key == ME && id == self.context.viewer) {
                return Err(AnswerError::BadKey { place });
            }
            people.push((id, fields, members));
        }
        if let [(id, _, _)] = people.as_slice()
            && *id == self.context.viewer
            && let Some((_, _, members)) = people.pop()
        {
            return self.person_alone(members, Place::Named(0));
        }
        self.people_by_ids(people.into_iter().map(|(id, fields, _)| (id, fields)).collect())
    }

    /// A friend at least, with the viewer before them or without.
    fn people_by_ids(&mut self, people: Vec<(PairwiseId, FieldSet)>) -> Result<(), AnswerError> {
        let viewer = people.first().filter(|(id, _)| *id == self.context.viewer);
        let named = viewer.map(|(_, fields)| *fields);
        if named.is_some_and(|fields| fields.contains(FieldId::FRIENDS)) {
            // Which of the friends would be the list's, and which were asked for by id?
            return Err(AnswerError::FriendsOfFriend { place: Place::Named(0) });
        }
        let fields = named.unwrap_or_else(|| FieldSet::of(FieldId::ID)).with(FieldId::FRIENDS);
        self.push(self.context.viewer, Relation::Viewer, fields, Place::Named(0))?;
        let skipped = usize::from(named.is_some());
        for (number, (id, fields)) in people.into_iter().enumerate().skip(skipped) {
            let place = Place::Named(number);
            if id == self.context.viewer {
                return Err(if named.is_some() {
                    AnswerError::PersonTwice { place }
                } else {
                    AnswerError::ViewerNotFirst { place }
                });
            }
            self.push_friend(id, fields, place)?;
        }
        Ok(())
    }

    /// The viewer of an answer that is about friends only: what it says is that they are the viewer's,
    /// if there are any.
    fn push_listing_viewer(&mut self, friends: bool) -> Result<(), AnswerError> {
        let id = FieldSet::of(FieldId::ID);
        let fields = if friends { id.with(FieldId::FRIENDS) } else { id };
        self.push(self.context.viewer, Relation::Viewer, fields, Place::Top)
    }

    /// The friends of a list, once its paging is checked.
    fn list(
        &mut self,
        list: Vec<(String, Value)>,
        place: Place,
    ) -> Result<Vec<(PairwiseId, FieldSet)>, AnswerError> {
        check_keys_differ(&list, place)?;
        let (mut people, mut paging, mut summary) = (None, None, None);
        for (key, value) in list {
            match (key.as_str(), value) {
                (DATA, Value::List(list)) => people = Some(list),
                (PAGING, value) => paging = Some(value),
                (SUMMARY, value) => summary = Some(value),
                _ => return Err(AnswerError::UnknownField { place, key }),
            }
        }
        let reason = || format!("{place}: there is no list {DATA:?}");
        let people = people.ok_or_else(|| AnswerError::Shape { reason: reason() })?;
        let mut friends = Vec::with_capacity(people.len());
        for (number, friend) in people.into_iter().enumerate() {
            let place = Place::Friend(number);
            let Value::Object(members) = friend else {
                return Err(AnswerError::Shape { reason: format!("{place}: not an object") });
            };
            friends.push(self.person(&members, place)?);
        }
        if let Some(paging) = paging {
            let ends = friends.first().zip(friends.last()).map(|((a, _), (z, _))| (a, z));
            check_paging(&paging, ends, self.context)?;
        }
        if let Some(summary) = summary {
            let count = read_summary(&summary, friends.len())?;
            self.count = Some(count).filter(|count| *count > 0);
        }
        Ok(friends)
    }

    /// The id of a person and the fields that the object holds of them.
    fn person(
        &self,
        members: &[(String, Value)],
        place: Place,
    ) -> Result<(PairwiseId, FieldSet), AnswerError> {
        check_keys_differ(members, place)?;
        let mut fields = FieldSet::EMPTY;
        let mut id = None;
        for (key, value) in members {
            let field = self.context.schema.by_key(key);
            let unknown = || AnswerError::UnknownField { place, key: key.clone() };
            let field = field.ok_or_else(unknown)?;
            if fields.contains(field) {
                return Err(AnswerError::Repeated { place, key: key.clone() });
            }
            fields = fields.with(field);
            if key == ID {
                let Value::Text(text) = value else { return Err(AnswerError::BadId { place }) };
                id = Some(PairwiseId::parse(text).ok_or(AnswerError::BadId { place })?);
            }
        }
        Ok((id.ok_or(AnswerError::NoId { place })?, fields))
    }

    fn push_friends(&mut self, friends: Vec<(PairwiseId, FieldSet)>) -> Result<(), AnswerError> {
        for (number, (id, fields)) in friends.into_iter().enumerate() {
            self.push_friend(id, fields, Place::Friend(number))?;
        }
        Ok(())
    }

    fn push_friend(
        &mut self,
        id: PairwiseId,
        fields: FieldSet,
        place: Place,
    ) -> Result<(), AnswerError> {
        if fields.contains(FieldId::FRIENDS) {
            return Err(AnswerError::FriendsOfFriend { place });
        }
        self.push(id, Relation::Friend, fields, place)
    }

    fn push(
        &mut self,
        pairwise: PairwiseId,
        relation: Relation,
        fields: FieldSet,
        place: Place,
    ) -> Result<(), AnswerError> {
        if !self.seen.insert(pairwise) {
            return Err(AnswerError::PersonTwice { place });
        }
        self.records.push(Record { pairwise, relation, fields });
        Ok(())
    }
}

pub(crate) fn check_keys_differ(
    members: &[(String, Value)],
    place: Place,
) -> Result<(), AnswerError> {
    let mut keys = HashSet::with_capacity(members.len());
    match members.iter().find(|(key, _)| !keys.insert(key.as_str())) {
        Some((key, _)) => Err(AnswerError::Repeated { place, key: key.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    pub(crate) use countersign_fixtures::schema::small as schema;
    use proptest::prelude::*;

    use super::*;

    const VIEWER: &str = "000102030405060708090a0b0c0d0e0f";
    const FRIEND: &str = "ffffffffffffffffffffffffffffffff";
    const TIME_S: u64 = 1_528_070_400;
    const OTHER: &str = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";

    fn records_in(body: &[u8]) -> Result<Vec<Record>, AnswerError> {
        let (schema, client) = (schema(), Identifier::parse("home").unwrap());
        let viewer = PairwiseId::parse(VIEWER).unwrap();
        let time = Timestamp::from_seconds(TIME_S);
        let context = Context { schema: &schema, viewer, client: &client, time };
        super::read(body, &context).map(|said| said.records)
    }

    fn read(body: &str) -> Result<Vec<(Relation, u128)>, AnswerError> {
        let body = body.replace('V', VIEWER).replace('F', FRIEND).replace('O', OTHER);
        let records = records_in(body.as_bytes())?;
        Ok(records.iter().map(|record| (record.relation, record.fields.bits())).collect())
    }

    #[test]
    fn each_form_gives_the_viewer_first_and_then_the_friends() {
        use Relation::{Friend, Viewer};
        for (body, expected) in [
            (r#"{"id":"V"}"#, vec![(Viewer, 0b1)]),
            (r#"{"name":"n","id":"V","work":[{"a":1,"a":2}]}"#, vec![(Viewer, 0b1101)]),
            (
                r#"{"id":"V","friends":{"data":[{"id":"F","work":null}],"paging":{"cursors":{"before":"F","after":"F"}}}}"#,
                vec![(Viewer, 0b11), (Friend, 0b1001)],
            ),
            (
                r#"{"paging":{"next":"https://h/v3.0/V/friends?after=F","cursors":{"after":"F","before":"F"}},"data":[{"id":"F"}]}"#,
                vec![(Viewer, 0b11), (Friend, 0b1)],
            ),
            (r#"{"data":[{"id":"F"}]}"#, vec![(Viewer, 0b11), (Friend, 0b1)]),
            (r#"{"data":[]}"#, vec![(Viewer, 0b1)]),
            (r#"{"id":"F","name":"n"}"#, vec![(Viewer, 0b11), (Friend, 0b101)]),
            (r#"{"id":"V","job":"n"}"#, vec![(Viewer, 0b1001)]),
            (r#"{"data":[],"summary":{"total_count":0}}"#, vec![(Viewer, 0b1)]),
            (
                r#"{"data":[{"id":"F"}],"summary":{"total_count":7}}"#,
                vec![(Viewer, 0b11), (Friend, 0b1)],
            ),
            (
                r#"{"id":"V","friends":{"data":[{"id":"F"}],"summary":{"total_count":1}}}"#,
                vec![(Viewer, 0b11), (Friend, 0b1)],
            ),
            (r#"{"me":{"id":"V","name":"n"}}"#, vec![(Viewer, 0b101)]),
            (r#"{"V":{"id":"V"}}"#, vec![(Viewer, 0b1)]),
            (
                r#"{"me":{"id":"V","friends":{"data":[{"id":"F"}]}}}"#,
                vec![(Viewer, 0b11), (Friend, 0b1)],
            ),
            (r#"{"F":{"id":"F","name":"n"}}"#, vec![(Viewer, 0b11), (Friend, 0b101)]),
            (
                r#"{"me":{"name":"n","id":"V"},"O":{"id":"O"},"F":{"job":1,"id":"F"}}"#,
                vec![(Viewer, 0b111), (Friend, 0b1), (Friend, 0b1001)],
            ),
            (
                r#"{"F":{"id":"F"},"O":{"id":"O"}}"#,
                vec![(Viewer, 0b11), (Friend, 0b1), (Friend, 0b1)],
            ),
        ] {
            assert_eq!(read(body), Ok(expected), "{body}");
        }
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_refused() {
        let key = |key: &str| key.to_owned();
        let (top, list, first) = (Place::Top, Place::List, Place::Friend(0));
        for (body, expected) in [
            (
                r#"{"id":"V","religion":"x"}"#,
                AnswerError::UnknownField { place: top, key: key("religion") },
            ),
            (r#"{"id":"V","id":"V"}"#, AnswerError::Repeated { place: top, key: key("id") }),
            (
                r#"{"id":"V","n\u0061me":1,"name":2}"#,
                AnswerError::Repeated { place: top, key: key("name") },
            ),
            (
                r#"{"data":[{"id":"F","work":1,"work":2}]}"#,
                AnswerError::Repeated { place: first, key: key("work") },
            ),
            (r#"{"data":[],"data":[]}"#, AnswerError::Repeated { place: top, key: key("data") }),
            (
                r#"{"data":[],"totals":{}}"#,
                AnswerError::UnknownField { place: top, key: key("totals") },
            ),
            (
                r#"{"id":"V","work":1,"job":1}"#,
                AnswerError::Repeated { place: top, key: key("job") },
            ),
            (
                r#"{"id":"V","friends":{"data":[],"name":1}}"#,
                AnswerError::UnknownField { place: list, key: key("name") },
            ),
            (r#"{"id":"V","friends":{"data":[]}}"#, AnswerError::EmptyFriends { place: list }),
            (
                r#"{"data":[{"id":"F"}],"paging":{"next":1,"next":2}}"#,
                AnswerError::Repeated { place: Place::Paging, key: key("next") },
            ),
            (r#"{"data":[{"name":"n"}]}"#, AnswerError::NoId { place: first }),
            (r#"{"data":[{"id":7}]}"#, AnswerError::BadId { place: first }),
            (r#"{"id":"v"}"#, AnswerError::BadId { place: top }),
            (
                r#"{"data":[{"id":"F","friends":{"data":[]}}]}"#,
                AnswerError::FriendsOfFriend { place: first },
            ),
            (r#"{"id":"F","friends":{"data":[]}}"#, AnswerError::FriendsOfFriend { place: top }),
            (r#"{"data":[{"id":"V"}]}"#, AnswerError::PersonTwice { place: first }),
            (
                r#"{"data":[{"id":"F"},{"id":"F"}]}"#,
                AnswerError::PersonTwice { place: Place::Friend(1) },
            ),
        ] {
            assert_eq!(read(body), Err(expected), "{body}");
        }
        for body in [
            "",
            "[]",
            "{}",
            r#"{"id":"V"}x"#,
            r#"{"id":"V","friends":[]}"#,
            r#"{"data":[1]}"#,
            r#"{"me":1}"#,
            r#"{"F":[]}"#,
            "\"x\"",
        ] {
            assert!(
                matches!(read(body), Err(AnswerError::Shape { .. })),
                "{body}: {:?}",
                read(body)
            );
        }
    }

    #[test]
    fn by_ids_everybody_stands_once_under_their_own_id() {
        let key = |key: &str| key.to_owned();
        let (top, list) = (Place::Top, Place::List);
        for (body, expected) in [
            (r#"{"me":{"id":"F"}}"#, AnswerError::BadKey { place: Place::Named(0) }),
            (r#"{"O":{"id":"F"}}"#, AnswerError::BadKey { place: Place::Named(0) }),
            (r#"{"F":{"name":"F"}}"#, AnswerError::NoId { place: Place::Named(0) }),
            (
                r#"{"F":{"id":"F"},"F":{"id":"F"}}"#,
                AnswerError::Repeated { place: top, key: FRIEND.to_owned() },
            ),
            (
                r#"{"me":{"id":"V"},"V":{"id":"V"}}"#,
                AnswerError::PersonTwice { place: Place::Named(1) },
            ),
            (
                r#"{"F":{"id":"F"},"me":{"id":"V"}}"#,
                AnswerError::ViewerNotFirst { place: Place::Named(1) },
            ),
            (
                r#"{"me":{"id":"V","friends":{"data":[{"id":"F"}]}},"O":{"id":"O"}}"#,
                AnswerError::FriendsOfFriend { place: Place::Named(0) },
            ),
            (
                r#"{"F":{"id":"F","friends":{"data":[]}}}"#,
                AnswerError::FriendsOfFriend { place: Place::Named(0) },
            ),
            (
                r#"{"me":{"id":"V","friends":{"data":[]}}}"#,
                AnswerError::EmptyFriends { place: list },
            ),
            (
                r#"{"F":{"id":"F"},"name":"n"}"#,
                AnswerError::UnknownField { place: top, key: key("name") },
            ),
            (r#"{"F":{"id":"F"},"paging":{}}"#, AnswerError::NoId { place: Place::Named(1) }),
        ] {
            assert_eq!(read(body), Err(expected), "{body}");
        }
    }

    #[test]
    fn what_is_said_about_a_token_or_grant_is_of_the_viewer() {
        for body in [
            r#"{"data":{"app_id":"home","application":"home","data_access_expires_at":1559692800,"expires_at":1528070401,"is_valid":true,"issued_at":1528070399,"scopes":["public_profile","user_work_history"],"type":"USER","user_id":"V"}}"#,
            r#"{"data":{"user_id":"V"}}"#,
            r#"{"data":[{"permission":"public_profile","status":"granted"},{"permission":"user_friends","status":"declined"}]}"#,
        ] {
            assert_eq!(read(body), Ok(vec![(Relation::Viewer, 0b1)]), "{body}");
        }
    }

    #[test]
    fn what_is_said_about_a_token_or_grant_has_no_room_for_people() {
        let key = |key: &str| key.to_owned();
        let first = Place::Friend(0);
        for (body, expected) in [
            (
                r#"{"data":{"user_id":"V","user_id":"V"}}"#,
                AnswerError::Repeated { place: Place::Token, key: key("user_id") },
            ),
            (
                r#"{"data":{"user_id":"V","name":"n"}}"#,
                AnswerError::UnknownField { place: Place::Token, key: key("name") },
            ),
            (r#"{"data":{"user_id":"F"}}"#, AnswerError::BadId { place: Place::Token }),
            (r#"{"data":{"user_id":7}}"#, AnswerError::BadId { place: Place::Token }),
            (r#"{"data":{"is_valid":true}}"#, AnswerError::NoId { place: Place::Token }),
            (
                r#"{"data":[{"permission":"user_friends","status":"granted"},{"id":"F"}]}"#,
                AnswerError::UnknownField { place: first, key: key("permission") },
            ),
            (
                r#"{"data":[{"permission":"the name of ada","status":"granted"}]}"#,
                AnswerError::UnknownField { place: first, key: key("permission") },
            ),
            (
                r#"{"data":[{"permission":"ada-lovelace","status":"granted"}]}"#,
                AnswerError::UnknownField { place: first, key: key("permission") },
            ),
            (
                r#"{"data":[{"permission":"user_work_history","status":"granted"},{"permission":"user_friends","status":"granted"}]}"#,
                AnswerError::UnknownField { place: first, key: key("permission") },
            ),
            (
                r#"{"data":[{"permission":"user_friends","status":"granted"},{"permission":"user_friends","status":"declined"}]}"#,
                AnswerError::UnknownField { place: first, key: key("permission") },
            ),
        ] {
            assert_eq!(read(body), Err(expected), "{body}");
        }
        for body in [
            r#"{"data":{"user_id":"V","expires_at":{"name":"n"}}}"#,
            r#"{"data":{"user_id":"V","expires_at":"the name of ada"}}"#,
            r#"{"data":{"user_id":"V","application":"The name of Ada"}}"#,
            r#"{"data":{"user_id":"V","type":"the name of ada"}}"#,
            r#"{"data":{"user_id":"V","scopes":["the name of ada"]}}"#,
            r#"{"data":{"user_id":"V","scopes":"email"}}"#,
            r#"{"data":{"user_id":"V","scopes":["ada-lovelace"]}}"#,
            r#"{"data":{"user_id":"V","scopes":["user_work_history","user_friends"]}}"#,
            r#"{"data":{"user_id":"V","scopes":["user_friends","user_friends"]}}"#,
            r#"{"data":{"user_id":"V","app_id":"ada-lovelace"}}"#,
            r#"{"data":{"user_id":"V","application":"ada-lovelace"}}"#,
            r#"{"data":{"user_id":"V","is_valid":1.9151210}}"#,
            r#"{"data":{"user_id":"V","is_valid":false}}"#,
            r#"{"data":{"user_id":"V","expires_at":19151210}}"#,
            r#"{"data":{"user_id":"V","expires_at":1591315201}}"#,
            r#"{"data":{"user_id":"V","data_access_expires_at":1.9151210}}"#,
            r#"{"data":{"user_id":"V","issued_at":1528074001}}"#,
            r#"{"data":{"user_id":"V","issued_at":null}}"#,
        ] {
            assert!(matches!(read(body), Err(AnswerError::Shape { .. })), "{body}");
        }
    }

    proptest! {
        #[test]
        fn property_changed_bodies_never_panic(at: prop::sample::Index, byte: u8, cut: bool) {
            let mut body = format!(
                r#"{{"id":"{VIEWER}","friends":{{"data":[{{"id":"{FRIEND}","work":[1]}}],"paging":{{"cursors":{{"before":"{FRIEND}","after":"{FRIEND}"}}}}}}}}"#
            ).into_bytes();
            let at = at.index(body.len());
            body[at] = byte;
            if cut {
                body.truncate(at);
            }
            let viewer = PairwiseId::parse(VIEWER).unwrap();
            if let Ok(records) = records_in(&body) {
                prop_assert!(records.iter().all(|record| record.fields.contains(FieldId::ID)));
                prop_assert_eq!(records[0].pairwise, viewer);
            }
        }
    }
}
