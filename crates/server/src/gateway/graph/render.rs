//! Writes an answer as JSON. Values are copied as the bytes that they are; nothing is parsed here.

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::PairwiseId;
use countersign_domain::request::{Request, Selection};
use countersign_log::released::{Record, Records};

use super::asked::Form;
use crate::gateway::masks::Compiled;
use crate::source::Circle;

/// What a person in an answer takes at most, as a rule, in bytes: a body that has to grow is copied, and
/// memory that is not written costs nothing.
const PERSON_BYTES: usize = 1_024;

/// What an answer needs to know besides its records.
pub(super) struct Page<'a> {
    /// What links begin with.
    pub(super) public_url: &'a str,
    /// The version in the client's path.
    pub(super) version: &'a str,
    /// What was asked.
    pub(super) request: Request,
    /// The form of the answer.
    pub(super) form: Form,
    /// The token, if it came in the query and so has to stand in links.
    pub(super) query_token: Option<&'a str>,
    /// Whether more friends would follow.
    pub(super) more: bool,
    /// Names of fields.
    pub(super) compiled: &'a Compiled,
}

impl Page<'_> {
    /// The body: the viewer's record comes first, then the friends'.
    pub(super) fn render(&self, mut records: Records<'_, Circle>) -> Vec<u8> {
        let mut body = Vec::with_capacity(512 + records.len() * PERSON_BYTES);
        let Some(viewer) = records.next() else { return body };
        match self.form {
            Form::Person(_) => {
                if let Some(friend) = records.next() {
                    self.object(&mut body, &friend, |_| ());
                }
            }
            Form::Friends => {
                body.push(b'{');
                self.list(&mut body, records, viewer.pairwise());
                body.push(b'}');
            }
            Form::Viewer => self.object(&mut body, &viewer, |body| {
                if viewer.fields().contains(FieldId::FRIENDS) {
                    body.extend_from_slice(b"\"friends\":{");
                    self.list(body, records, viewer.pairwise());
                    body.extend_from_slice(b"},");
                }
            }),
        }
        body
    }

    /// One person: what `first` writes, their released fields, their id.
    fn object(
        &self,
        body: &mut Vec<u8>,
        record: &Record<'_, Circle>,
        first: impl FnOnce(&mut Vec<u8>),
    ) {
        body.push(b'{');
        first(body);
        // The id has no stored value, nor has the list of friends.
        record.values(|field, value| {
            if let Some(label) = self.compiled.label(field) {
                body.extend_from_slice(label);
                body.extend_from_slice(value);
                body.push(b',');
            }
        });
        body.extend_from_slice(b"\"id\":\"");
        push_id(body, record.pairwise());
        body.extend_from_slice(b"\"}");
    }

    /// `"data":[…]`, and `"paging":{…}` when the list is not empty.
    fn list(&self, body: &mut Vec<u8>, records: Records<'_, Circle>, viewer: PairwiseId) {
        body.extend_from_slice(b"\"data\":[");
        let mut ends = None;
        for record in records {
            if ends.is_some() {
                body.push(b',');
            }
            self.object(body, &record, |_| ());
            let first = ends.map_or(record.pairwise(), |(first, _)| first);
            ends = Some((first, record.pairwise()));
        }
        body.push(b']');
        let Some((first, last)) = ends else { return };
        body.extend_from_slice(b",\"paging\":{\"cursors\":{\"before\":\"");
        push_id(body, first);
        body.extend_from_slice(b"\",\"after\":\"");
        push_id(body, last);
        body.extend_from_slice(b"\"}");
        if self.more {
            body.extend_from_slice(b",\"next\":\"");
            body.extend_from_slice(self.next(viewer, last).as_bytes());
            body.push(b'"');
        }
        body.push(b'}');
    }

    /// The next page's address: absolute, on our host, with the token only if it came in the query.
    fn next(&self, viewer: PairwiseId, last: PairwiseId) -> String {
        let asked = self.request.friends.as_ref();
        let fields = asked.map_or(FieldSet::EMPTY, |friends| friends.fields);
        let limit = match asked.map(|friends| &friends.selection) {
            Some(Selection::Page(page)) => page.limit,
            Some(Selection::Named(_)) | None => 0,
        };
        let names: Vec<_> = self
            .compiled
            .register
            .schema()
            .map_or_else(Vec::new, |schema| schema.names(fields).collect());
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(token) = self.query_token {
            query.append_pair("access_token", token);
        }
        query.append_pair("fields", &names.join(","));
        query.append_pair("limit", &limit.to_string());
        query.append_pair("after", &last.to_string());
        format!("{}/{}/{viewer}/friends?{}", self.public_url, self.version, query.finish())
    }
}

fn push_id(body: &mut Vec<u8>, id: PairwiseId) {
    body.extend_from_slice(const_hex::Buffer::<16>::new().format(&id.0).as_bytes());
}
