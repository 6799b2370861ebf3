//! Writes an answer as JSON. Values are copied as the bytes that they are; nothing is parsed here.

use countersign_domain::field::FieldId;
use countersign_domain::person::PairwiseId;
use countersign_domain::request::Selection;
use countersign_log::released::{Record, Records};
use countersign_service::canaries::Planted;
use countersign_service::operations::masks::Compiled;
use countersign_source::Circle;

use super::asked::{Asked, Form, Keys};
use super::link::{Direction, Links};
use super::named::ViewerKey;

/// What a person in an answer takes at most, as a rule, in bytes: a body that has to grow is copied, and
/// memory that is not written costs nothing.
const PERSON_BYTES: usize = 1_024;

/// What an answer needs to know besides its records.
pub(super) struct Page<'a> {
    /// What its links have in common.
    pub(super) links: Links<'a>,
    /// What was asked.
    pub(super) asked: Asked,
    /// Whether friends stand before the page.
    pub(super) previous: bool,
    /// Whether more friends would follow.
    pub(super) more: bool,
    /// How many friends can be reached by paging, if that was asked for and there are any.
    pub(super) count: Option<usize>,
    /// Names of fields.
    pub(super) compiled: &'a Compiled,
    /// The canaries in the answer, if there are any.
    pub(super) planted: Option<Planted>,
}

impl Page<'_> {
    /// The body: the viewer's record comes first, then the friends'.
    pub(super) fn render(&self, mut records: Records<'_, Circle>) -> Vec<u8> {
        let mut body = Vec::with_capacity(512 + records.len() * PERSON_BYTES);
        let Some(viewer) = records.next() else { return body };
        match self.asked.form {
            Form::Person(_) => {
                if let Some(friend) = records.next() {
                    self.friend(&mut body, &friend);
                }
            }
            Form::Friends => {
                body.push(b'{');
                self.list(&mut body, records, viewer.pairwise());
                body.push(b'}');
            }
            Form::Viewer => self.viewer(&mut body, &viewer, records),
            Form::ByIds { viewer: Some(key), friends: 0 } => {
                body.push(b'{');
                push_viewer_key(&mut body, key, viewer.pairwise());
                self.viewer(&mut body, &viewer, records);
                body.push(b'}');
            }
            Form::ByIds { viewer: key, .. } => self.by_ids(&mut body, key, &viewer, records),
        }
        body
    }

    /// The viewer, with the friends nested if there are any in the answer.
    fn viewer(
        &self,
        body: &mut Vec<u8>,
        viewer: &Record<'_, Circle>,
        friends: Records<'_, Circle>,
    ) {
        self.object(body, viewer, &self.asked.viewer_keys, |body| {
            if viewer.fields().contains(FieldId::FRIENDS) {
                body.extend_from_slice(b"\"friends\":{");
                self.list(body, friends, viewer.pairwise());
                body.extend_from_slice(b"},");
            }
        });
    }

    /// Everybody under their id, the viewer first if they were asked for.
    fn by_ids(
        &self,
        body: &mut Vec<u8>,
        viewer_key: Option<ViewerKey>,
        viewer: &Record<'_, Circle>,
        friends: Records<'_, Circle>,
    ) {
        body.push(b'{');
        if let Some(key) = viewer_key {
            push_viewer_key(body, key, viewer.pairwise());
            self.object(body, viewer, &self.asked.viewer_keys, |_| ());
        }
        let mut first = viewer_key.is_none();
        for friend in friends {
            if !first {
                body.push(b',');
            }
            first = false;
            push_id_key(body, friend.pairwise());
            self.friend(body, &friend);
        }
        body.push(b'}');
    }

    fn friend(&self, body: &mut Vec<u8>, friend: &Record<'_, Circle>) {
        self.object(body, friend, &self.asked.friend_keys, |_| ());
    }

    /// One person: what `first` writes, their released fields, their id.
    fn object(
        &self,
        body: &mut Vec<u8>,
        record: &Record<'_, Circle>,
        keys: &Keys,
        first: impl FnOnce(&mut Vec<u8>),
    ) {
        body.push(b'{');
        first(body);
        // The id has no stored value, nor has the list of friends.
        record.values(|field, value| {
            if let Some(alias) = keys.alias(field) {
                body.push(b'"');
                body.extend_from_slice(alias.as_bytes());
                body.extend_from_slice(b"\":");
            } else if let Some(label) = self.compiled.label(field) {
                body.extend_from_slice(label);
            } else {
                return;
            }
            match self.planted_value(record.pairwise(), field, value) {
                None => body.extend_from_slice(value),
                Some(planted) => body.extend_from_slice(&planted),
            }
            body.push(b',');
        });
        body.extend_from_slice(b"\"id\":\"");
        push_id(body, record.pairwise());
        body.extend_from_slice(b"\"}");
    }

    /// What stands in the place of a canary's stored value.
    fn planted_value(&self, person: PairwiseId, field: FieldId, stored: &[u8]) -> Option<Vec<u8>> {
        let planted = self.planted.as_ref()?;
        let schema = self.compiled.register().schema()?;
        planted.value(person, schema.name(field)?, stored)
    }

    /// `"data":[…]`, `"paging":{…}` when a page is not empty, and the summary if it was asked for.
    fn list(&self, body: &mut Vec<u8>, records: Records<'_, Circle>, viewer: PairwiseId) {
        body.extend_from_slice(b"\"data\":[");
        let mut ends = None;
        for record in records {
            if ends.is_some() {
                body.push(b',');
            }
            self.friend(body, &record);
            let first = ends.map_or(record.pairwise(), |(first, _)| first);
            ends = Some((first, record.pairwise()));
        }
        body.push(b']');
        let friends = self.asked.request.friends.as_ref();
        let Some(Selection::Page(page)) = friends.map(|friends| &friends.selection) else { return };
        if let Some((first, last)) = ends {
            self.paging(body, first, last, viewer);
        }
        if page.count {
            // An answer with nobody in it says nothing of anybody, not even that there are some.
            // Who asks for nobody and the count is told the count.
            let count = ends.map(drop).or((page.limit == 0).then_some(()));
            let count = count.and(self.count).unwrap_or_default();
            body.extend_from_slice(b",\"summary\":{\"total_count\":");
            body.extend_from_slice(count.to_string().as_bytes());
            body.push(b'}');
        }
    }

    fn paging(&self, body: &mut Vec<u8>, first: PairwiseId, last: PairwiseId, viewer: PairwiseId) {
        body.extend_from_slice(b",\"paging\":{\"cursors\":{\"before\":\"");
        push_id(body, first);
        body.extend_from_slice(b"\",\"after\":\"");
        push_id(body, last);
        body.extend_from_slice(b"\"}");
        for (key, direction) in [
            (&b",\"previous\":\""[..], Some(Direction::Before(first)).filter(|_| self.previous)),
            (b",\"next\":\"", Some(Direction::After(last)).filter(|_| self.more)),
        ] {
            if let Some(direction) = direction {
                body.extend_from_slice(key);
                body.extend_from_slice(
                    self.links.page(&self.asked, self.compiled, viewer, direction).as_bytes(),
                );
                body.push(b'"');
            }
        }
        body.push(b'}');
    }
}

fn push_viewer_key(body: &mut Vec<u8>, key: ViewerKey, viewer: PairwiseId) {
    match key {
        ViewerKey::Me => body.extend_from_slice(b"\"me\":"),
        ViewerKey::Id => push_id_key(body, viewer),
    }
}

fn push_id_key(body: &mut Vec<u8>, id: PairwiseId) {
    body.push(b'"');
    push_id(body, id);
    body.extend_from_slice(b"\":");
}

fn push_id(body: &mut Vec<u8>, id: PairwiseId) {
    body.extend_from_slice(const_hex::Buffer::<16>::new().format(&id.0).as_bytes());
}
