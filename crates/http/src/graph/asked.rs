//! What a Graph request asks for, in the domain's words.

use std::num::IntErrorKind;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::PairwiseId;
use countersign_domain::request::{FriendsRequest, From, Page, Request, Selection};
use countersign_domain::schema::FieldSchema;

use super::fields::{self, Item};
use super::named::{self, Names, ViewerKey};
use super::path::{Edge, Node, Target};
use super::query::Query;
use crate::errors::GraphError;
use crate::settings::Graph;

/// What a Graph request asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    /// The form of the answer.
    pub(super) form: Form,
    /// The fields, as the decision takes them.
    pub(super) request: Request,
    /// Which of the viewer's fields the client calls by another name.
    pub(super) viewer_keys: Keys,
    /// Which of friends' fields it does.
    pub(super) friend_keys: Keys,
}

/// The form of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// One object about the viewer, the friends nested in it where they are asked for.
    Viewer,
    /// One object about the person with this id, a friend.
    Person(PairwiseId),
    /// A list of friends.
    Friends,
    /// One object in which people stand under their ids.
    ByIds {
        /// What the viewer stands under, if they are among them.
        viewer: Option<ViewerKey>,
        /// How many friends are.
        friends: usize,
    },
}

/// The fields that a client called by an alias, with it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Keys(Vec<(FieldId, Box<str>)>);

impl Keys {
    /// The alias by which the client asked for the field, if it did so by one.
    pub(super) fn alias(&self, field: FieldId) -> Option<&str> {
        self.0.iter().find(|(of, _)| *of == field).map(|(_, alias)| &**alias)
    }
}

/// The fields of a node for which the client names none.
const FIELDS_DEFAULT: [&str; 2] = ["id", "name"];

/// What a request asks for, in the client's words: everything that can be read without a schema.
pub(super) struct Asking<'a> {
    /// What its path points at.
    pub(super) target: Target,
    /// Whom `ids` names, as it was sent, if it points at them.
    ids: Option<(&'a str, Names)>,
    /// What is asked of the node's own, if it points at one.
    fields: Option<Fields<'a>>,
    /// What is asked of friends.
    friends: Option<(Fields<'a>, Selection)>,
}

/// Fields, as the client names them.
struct Fields<'a> {
    items: Vec<Item<'a>>,
    /// Whether the client names none, and so gets those that one gets then.
    none_named: bool,
}

/// A request that was read without knowing who its ids are, so that what is wrong with it sounds the
/// same whoever they are.
pub(super) struct Read {
    target: Target,
    /// Whom `ids` names.
    names: Option<Names>,
    /// What is asked if everybody named is the viewer.
    own: Asked,
}

impl<'a> Asking<'a> {
    /// Reads the parameters of a request that points at this; `graph` says how much is on a page.
    ///
    /// # Errors
    /// [`GraphError`] 10, 100, 803 or 2500, naming what is wrong.
    pub(super) fn parse(
        target: Target,
        query: &'a Query<'_>,
        graph: &Graph,
    ) -> Result<Self, GraphError> {
        let ids = match target.node {
            Node::Ids => {
                let ids = query.ids.as_deref().unwrap_or_default();
                Some((ids, Names::parse(ids)?))
            }
            Node::Me | Node::Id(_) => None,
        };
        let items = match &query.fields {
            Some(fields) => fields::parse(fields)?,
            None => Vec::new(),
        };
        let (fields, friends) = match target.edge {
            Edge::None => {
                let (fields, friends) = of_node(items, graph)?;
                (Some(fields), friends)
            }
            Edge::Friends => {
                let selection = page(query, graph)?;
                (None, Some((Fields::of_friend(items)?, selection)))
            }
            Edge::Friend(id) => {
                (None, Some((Fields::of_friend(items)?, Selection::Named(vec![id]))))
            }
        };
        Ok(Self { target, ids, fields, friends })
    }

    /// The same in the fields of a schema.
    ///
    /// # Errors
    /// [`GraphError`] 100 for a field that there is not, and for one by two names.
    pub(super) fn read(&self, schema: &FieldSchema) -> Result<Read, GraphError> {
        let (viewer, viewer_keys) = match &self.fields {
            None => (FieldSet::EMPTY, Keys::default()),
            Some(fields) => fields.in_schema(schema)?,
        };
        let (friends, friend_keys) = match &self.friends {
            None => (None, Keys::default()),
            Some((fields, selection)) => {
                let (fields, keys) = fields.in_schema(schema)?;
                (Some(FriendsRequest { fields, selection: selection.clone() }), keys)
            }
        };
        let form = match self.target.edge {
            Edge::None => Form::Viewer,
            Edge::Friends | Edge::Friend(_) => Form::Friends,
        };
        let own = Asked { form, request: Request { viewer, friends }, viewer_keys, friend_keys };
        let names = self.ids.as_ref().map(|(_, names)| names.clone());
        Ok(Read { target: self.target, names, own })
    }

    /// That somebody of those whom `ids` names cannot be seen.
    pub(super) fn unknown_ids(&self) -> GraphError {
        named::unknown(self.ids.as_ref().map_or("", |(ids, _)| ids))
    }
}

/// What is asked of a node itself, with the friends nested in it where they are asked for.
fn of_node<'a>(
    items: Vec<Item<'a>>,
    graph: &Graph,
) -> Result<(Fields<'a>, Option<(Fields<'a>, Selection)>), GraphError> {
    let none_named = items.is_empty();
    let (edges, items): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| item.name == "friends");
    let fields = Fields::plain(items, none_named)?;
    let mut edges = edges.into_iter();
    let Some(edge) = edges.next() else { return Ok((fields, None)) };
    if edges.next().is_some() {
        return Err(GraphError::syntax("friends is asked for twice", 0));
    }
    let page = nested_page(&edge, graph)?;
    let friends = Fields::of_friend(edge.nested.unwrap_or_default())?;
    Ok((fields, Some((friends, Selection::Page(page)))))
}

impl<'a> Fields<'a> {
    /// The fields of a friend; asking for theirs in turn is refused, not ignored.
    fn of_friend(items: Vec<Item<'a>>) -> Result<Self, GraphError> {
        if items.iter().any(|item| item.name == "friends") {
            return Err(GraphError::friends_of_friends());
        }
        let none_named = items.is_empty();
        Self::plain(items, none_named)
    }

    fn plain(items: Vec<Item<'a>>, none_named: bool) -> Result<Self, GraphError> {
        for item in &items {
            if item.modifiers.iter().any(|(modifier, _)| *modifier == "as") {
                return Err(GraphError::no_renaming(item.name));
            }
            if item.nested.is_some() || !item.modifiers.is_empty() {
                return Err(GraphError::no_subfields(item.name));
            }
        }
        Ok(Self { items, none_named })
    }

    fn in_schema(&self, schema: &FieldSchema) -> Result<(FieldSet, Keys), GraphError> {
        let mut keys = Keys::default();
        if self.none_named {
            let defaults = FIELDS_DEFAULT.iter().filter_map(|name| schema.by_name(name));
            return Ok((defaults.collect(), keys));
        }
        let mut set = FieldSet::of(FieldId::ID);
        for item in &self.items {
            let field = schema.by_key(item.name);
            let field = field.ok_or_else(|| GraphError::nonexisting_field(item.name))?;
            let alias = Some(item.name).filter(|name| schema.name(field) != Some(name));
            if field != FieldId::ID && set.contains(field) && keys.alias(field) != alias {
                return Err(GraphError::field_by_two_names(item.name));
            }
            if let Some(alias) = alias.filter(|_| !set.contains(field)) {
                keys.0.push((field, alias.into()));
            }
            set = set.with(field);
        }
        Ok((set, keys))
    }
}

fn nested_page(edge: &Item<'_>, graph: &Graph) -> Result<Page, GraphError> {
    let (mut limit, mut after, mut before, mut summary) = (None, None, None, None);
    let mut offset = None;
    for (modifier, argument) in &edge.modifiers {
        let parameter = match *modifier {
            "limit" => &mut limit,
            "after" => &mut after,
            "before" => &mut before,
            "summary" => &mut summary,
            "offset" => &mut offset,
            "as" => return Err(GraphError::no_renaming(edge.name)),
            other => return Err(GraphError::unknown_parameter(other)),
        };
        *parameter = Some(*argument);
    }
    check_offset(offset)?;
    let page = page_of(graph, limit, (after, before), summary)?;
    // A list of nobody is not nested in anybody, so there is no place for a count of it.
    Ok(Page { count: page.count && page.limit > 0, ..page })
}

fn page(query: &Query<'_>, graph: &Graph) -> Result<Selection, GraphError> {
    let Query { limit, after, before, summary, offset, .. } = query;
    check_offset(offset.as_deref())?;
    let cursors = (after.as_deref(), before.as_deref());
    Ok(Selection::Page(page_of(graph, limit.as_deref(), cursors, summary.as_deref())?))
}

fn page_of(
    graph: &Graph,
    limit: Option<&str>,
    (after, before): (Option<&str>, Option<&str>),
    summary: Option<&str>,
) -> Result<Page, GraphError> {
    let mut page = Page::first(graph.page_default);
    if let Some(limit) = limit {
        page.limit = read_limit(limit, graph)?;
    }
    page.from = match (after, before) {
        (None, None) => From::Start,
        (Some(after), None) => From::After(read_cursor("after", after)?),
        (None, Some(before)) => From::Before(read_cursor("before", before)?),
        (Some(_), Some(_)) => return Err(GraphError::two_cursors()),
    };
    page.count = summary.map_or(Ok(false), Query::read_summary)?;
    Ok(page)
}

impl Read {
    /// The fields of the viewer and of friends that an answer may need. They do not depend on who an id is
    /// either, so that neither the time nor the failures of a source tell.
    pub(super) fn needs(&self) -> (FieldSet, Option<FieldSet>) {
        let Request { viewer, friends } = &self.own.request;
        let of_friends = friends.as_ref().map(|friends| friends.fields);
        let names_ids = match self.target.node {
            Node::Me => false,
            Node::Id(_) => true,
            Node::Ids => self.names.as_ref().is_some_and(Names::has_ids),
        };
        (*viewer, of_friends.or_else(|| names_ids.then_some(*viewer)))
    }

    /// What is asked, once it is known what this partner calls the viewer.
    ///
    /// # Errors
    /// [`GraphError`] 10 where somebody else's friends are asked for. It tells that they are not the viewer, so
    /// it may be told only where the viewer's id may be.
    pub(super) fn asked(self, viewer: Option<PairwiseId>) -> Result<Asked, GraphError> {
        let Target { node, edge, .. } = self.target;
        match (node, edge) {
            (Node::Me, _) => Ok(self.own),
            (Node::Id(id), _) if Some(id) == viewer => Ok(self.own),
            (Node::Id(id), Edge::None) => self.of_others(Form::Person(id), None, vec![id]),
            (Node::Id(_), Edge::Friends | Edge::Friend(_)) => Err(GraphError::friends_of_friends()),
            (Node::Ids, _) => {
                let named = self.names.as_ref().map(|names| names.toward(viewer));
                let (key, friends) = named.unwrap_or_default();
                let form = Form::ByIds { viewer: key, friends: friends.len() };
                if friends.is_empty() {
                    return Ok(Asked { form, ..self.own });
                }
                self.of_others(form, key, friends)
            }
        }
    }

    /// The list of friends can be nested in the viewer only if the viewer stands alone.
    fn of_others(
        self,
        form: Form,
        key: Option<ViewerKey>,
        ids: Vec<PairwiseId>,
    ) -> Result<Asked, GraphError> {
        let Asked { request: Request { viewer: fields, friends }, viewer_keys: keys, .. } =
            self.own;
        if friends.is_some() {
            return Err(GraphError::friends_of_friends());
        }
        let (viewer, viewer_keys) = match key {
            Some(_) => (fields, keys.clone()),
            None => (FieldSet::EMPTY, Keys::default()),
        };
        let friends = Some(FriendsRequest::named(fields, ids));
        Ok(Asked { form, request: Request { viewer, friends }, viewer_keys, friend_keys: keys })
    }
}

/// A limit as the client wrote it; more than a page may hold is a full page, as with the Graph API.
fn read_limit(text: &str, graph: &Graph) -> Result<usize, GraphError> {
    let digits = text.trim();
    match digits.parse::<usize>() {
        Ok(limit) => Ok(limit.min(graph.page_max)),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => Ok(graph.page_max),
        _ => Err(GraphError::wrong_parameter("limit", "a number")),
    }
}

/// An offset that is passed over would be the first page for ever.
fn check_offset(offset: Option<&str>) -> Result<(), GraphError> {
    match offset.map(str::trim) {
        None | Some("0" | "") => Ok(()),
        Some(_) => Err(GraphError::wrong_parameter("offset", "paging by after and before")),
    }
}

fn read_cursor(name: &str, text: &str) -> Result<PairwiseId, GraphError> {
    PairwiseId::parse(text)
        .ok_or_else(|| GraphError::wrong_parameter(name, "a cursor from an earlier answer"))
}
