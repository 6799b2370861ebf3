//! What a Graph request asks for, in the domain's words.

use std::num::IntErrorKind;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::PairwiseId;
use countersign_domain::request::{FriendsRequest, From, Page, Request, Selection};
use countersign_domain::schema::FieldSchema;

use super::fields::{self, Item};
use super::query::Query;
use super::target::{Node, Target};
use crate::config;
use crate::gateway::errors::GraphError;

/// What a Graph request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    /// The form of the answer.
    pub(super) form: Form,
    /// The fields, as the decision takes them.
    pub(super) request: Request,
}

/// The form of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// One object about the viewer, the friends nested in it where they are asked for.
    Viewer,
    /// One object about the person with this id: the viewer, or a friend.
    Person(PairwiseId),
    /// A page of friends.
    Friends,
}

/// The fields of a node for which the client names none.
const FIELDS_DEFAULT: [&str; 2] = ["id", "name"];

impl Asked {
    /// Reads path and query. `about_viewer` says whether the node of the path is the viewer.
    ///
    /// # Errors
    /// [`GraphError`] 100 or 2500, naming what is wrong.
    pub(super) fn parse(
        target: &Target<'_>,
        about_viewer: bool,
        query: &Query<'_>,
        schema: &FieldSchema,
        graph: &config::Graph,
    ) -> Result<Self, GraphError> {
        let items = match &query.fields {
            Some(fields) => fields::parse(fields)?,
            None => Vec::new(),
        };
        match (target.node, target.friends) {
            (_, true) if about_viewer => Self::page(&items, query, schema, graph),
            (_, true) => Err(GraphError::friends_of_friends()),
            (_, false) if about_viewer => Self::viewer(&items, schema, graph),
            (Node::Id(id), false) => Ok(Self {
                form: Form::Person(id),
                request: Request {
                    viewer: FieldSet::EMPTY,
                    friends: Some(FriendsRequest::named(of_friend(&items, schema)?, vec![id])),
                },
            }),
            (Node::Me, false) => Err(GraphError::unknown_path("/me")),
        }
    }

    fn viewer(
        items: &[Item<'_>],
        schema: &FieldSchema,
        graph: &config::Graph,
    ) -> Result<Self, GraphError> {
        let (edges, fields): (Vec<_>, Vec<_>) =
            items.iter().partition(|item| item.name == "friends");
        let mut asked = Self {
            form: Form::Viewer,
            request: Request { viewer: plain(&fields, items.is_empty(), schema)?, friends: None },
        };
        let [edge] = edges.as_slice() else {
            return if edges.is_empty() {
                Ok(asked)
            } else {
                Err(GraphError::syntax("friends is asked for twice", 0))
            };
        };
        let mut page = Page::first(graph.page_default);
        for (modifier, argument) in &edge.modifiers {
            match *modifier {
                "limit" => page.limit = read_limit(argument, graph)?,
                "after" => page.from = From::After(read_cursor(argument)?),
                other => return Err(GraphError::unknown_parameter(other)),
            }
        }
        let nested = edge.nested.as_deref().unwrap_or_default();
        let (fields, selection) = (of_friend(nested, schema)?, Selection::Page(page));
        asked.request.friends = Some(FriendsRequest { fields, selection });
        Ok(asked)
    }

    fn page(
        items: &[Item<'_>],
        query: &Query<'_>,
        schema: &FieldSchema,
        graph: &config::Graph,
    ) -> Result<Self, GraphError> {
        let mut page = Page::first(graph.page_default);
        if let Some(limit) = &query.limit {
            page.limit = read_limit(limit, graph)?;
        }
        if let Some(after) = &query.after {
            page.from = From::After(read_cursor(after)?);
        }
        let (fields, selection) = (of_friend(items, schema)?, Selection::Page(page));
        let friends = Some(FriendsRequest { fields, selection });
        let request = Request { viewer: FieldSet::EMPTY, friends };
        Ok(Self { form: Form::Friends, request })
    }
}

/// The fields of a friend; asking for theirs in turn is refused, not ignored.
fn of_friend(items: &[Item<'_>], schema: &FieldSchema) -> Result<FieldSet, GraphError> {
    if items.iter().any(|item| item.name == "friends") {
        return Err(GraphError::friends_of_friends());
    }
    plain(&items.iter().collect::<Vec<_>>(), items.is_empty(), schema)
}

fn plain(
    items: &[&Item<'_>],
    none_named: bool,
    schema: &FieldSchema,
) -> Result<FieldSet, GraphError> {
    if none_named {
        let defaults = FIELDS_DEFAULT.iter().filter_map(|name| schema.by_name(name));
        return Ok(defaults.collect());
    }
    let mut set = FieldSet::of(FieldId::ID);
    for item in items {
        if item.nested.is_some() || !item.modifiers.is_empty() {
            return Err(GraphError::no_subfields(item.name));
        }
        let field = schema.by_name(item.name);
        set = set.with(field.ok_or_else(|| GraphError::nonexisting_field(item.name))?);
    }
    Ok(set)
}

/// A limit as the client wrote it; more than a page may hold is a full page, as with the Graph API.
fn read_limit(text: &str, graph: &config::Graph) -> Result<usize, GraphError> {
    let digits = text.trim();
    match digits.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(graph.page_max)),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(graph.page_max),
        _ => Err(GraphError::wrong_parameter("limit", "a number above zero")),
    }
}

fn read_cursor(text: &str) -> Result<PairwiseId, GraphError> {
    PairwiseId::parse(text)
        .ok_or_else(|| GraphError::wrong_parameter("after", "a cursor from an earlier answer"))
}
