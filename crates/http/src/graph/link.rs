//! The links of a page to the one before it and the one after it: absolute, on our host, asking for the
//! same as the request did.

use std::fmt::Write as _;

use countersign_domain::field::FieldSet;
use countersign_domain::person::PairwiseId;
use countersign_domain::request::Selection;
use countersign_service::operations::masks::Compiled;

use super::asked::Asked;
use super::version::Version;

/// What all links of an answer have in common.
pub(super) struct Links<'a> {
    /// What they begin with.
    pub(super) public_url: &'a str,
    /// The version that answers.
    pub(super) version: Version,
    /// The token, if it came in the query and so has to stand in links.
    pub(super) query_token: Option<&'a str>,
}

/// Where a link leads.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    /// To the page that ends before this friend.
    Before(PairwiseId),
    /// To the page that begins after this friend.
    After(PairwiseId),
}

impl Links<'_> {
    /// The address of a page of the viewer's friends.
    pub(super) fn page(
        &self,
        asked: &Asked,
        compiled: &Compiled,
        viewer: PairwiseId,
        direction: Direction,
    ) -> String {
        let friends = asked.request.friends.as_ref();
        let fields = friends.map_or(FieldSet::EMPTY, |friends| friends.fields);
        let (limit, count) = match friends.map(|friends| &friends.selection) {
            Some(Selection::Page(page)) => (page.limit, page.count),
            Some(Selection::Named(_)) | None => (0, false),
        };
        let schema = compiled.register().schema();
        let mut names = String::new();
        for field in fields.iter() {
            let name = asked.friend_keys.alias(field);
            if let Some(name) = name.or_else(|| schema.and_then(|schema| schema.name(field))) {
                let comma = if names.is_empty() { "" } else { "," };
                let _ = write!(names, "{comma}{name}");
            }
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(token) = self.query_token {
            query.append_pair("access_token", token);
        }
        query.append_pair("fields", &names);
        query.append_pair("limit", &limit.to_string());
        if count {
            query.append_pair("summary", "total_count");
        }
        match direction {
            Direction::Before(first) => query.append_pair("before", &first.to_string()),
            Direction::After(last) => query.append_pair("after", &last.to_string()),
        };
        let Self { public_url, version, .. } = self;
        format!("{public_url}/{version}/{viewer}/friends?{}", query.finish())
    }
}
