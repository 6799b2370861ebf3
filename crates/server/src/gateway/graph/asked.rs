//! What a Graph request asks for, in the domain's words.

use std::num::IntErrorKind;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::person::PairwiseId;
use countersign_domain::request::{FriendsRequest, From, Page, Request, Selection};
use countersign_domain::schema::FieldSchema;

use super::fields::{self, Item};
use super::named::{Names, ViewerKey};
use super::query::Query;
use super::target::{Edge, Node, Target};
use crate::config;
use crate::gateway::errors::GraphError;

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

/// A request while it is being read.
pub(super) struct Reading<'a> {
    /// The path.
    pub(super) target: Target,
    /// The parameters.
    pub(super) query: &'a Query<'a>,
    /// The fields that there are.
    pub(super) schema: &'a FieldSchema,
    /// How much is on a page.
    pub(super) graph: &'a config::Graph,
}

/// The fields of a node for which the client names none.
const FIELDS_DEFAULT: [&str; 2] = ["id", "name"];

/// A request that was read without knowing who its ids are, so that what is wrong with it sounds the
/// same whoever they are.
pub(super) struct Read {
    target: Target,
    /// Whom `ids` names.
    names: Option<Names>,
    /// What is asked if everybody named is the viewer.
    own: Asked,
}

impl Reading<'_> {
    /// What the request asks for.
    ///
    /// # Errors
    /// [`GraphError`] 10, 100, 803 or 2500, naming what is wrong.
    pub(super) fn read(&self) -> Result<Read, GraphError> {
        let names = match self.target.node {
            Node::Ids => Some(Names::parse(self.query.ids.as_deref().unwrap_or_default())?),
            Node::Me | Node::Id(_) => None,
        };
        let items = match &self.query.fields {
            Some(fields) => fields::parse(fields)?,
            None => Vec::new(),
        };
        let own = match self.target.edge {
            Edge::None => self.viewer(&items)?,
            Edge::Friends => self.page(&items)?,
            Edge::Friend(id) => self.of_friends_only(&items, Selection::Named(vec![id]))?,
        };
        Ok(Read { target: self.target, names, own })
    }

    fn viewer(&self, items: &[Item<'_>]) -> Result<Asked, GraphError> {
        let (edges, fields): (Vec<_>, Vec<_>) =
            items.iter().partition(|item| item.name == "friends");
        let (viewer, viewer_keys) = self.plain(&fields, items.is_empty())?;
        let request = Request { viewer, friends: None };
        let form = Form::Viewer;
        let mut asked = Asked { form, request, viewer_keys, friend_keys: Keys::default() };
        let [edge] = edges.as_slice() else {
            return if edges.is_empty() {
                Ok(asked)
            } else {
                Err(GraphError::syntax("friends is asked for twice", 0))
            };
        };
        let page = self.nested_page(edge)?;
        let nested = edge.nested.as_deref().unwrap_or_default();
        let (fields, keys) = self.of_friend(nested)?;
        asked.friend_keys = keys;
        asked.request.friends = Some(FriendsRequest { fields, selection: Selection::Page(page) });
        Ok(asked)
    }

    fn nested_page(&self, edge: &Item<'_>) -> Result<Page, GraphError> {
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
        let page = self.page_of(limit, after, before, summary)?;
        // A list of nobody is not nested in anybody, so there is no place for a count of it.
        Ok(Page { count: page.count && page.limit > 0, ..page })
    }

    fn page(&self, items: &[Item<'_>]) -> Result<Asked, GraphError> {
        let Query { limit, after, before, summary, offset, .. } = self.query;
        check_offset(offset.as_deref())?;
        let page = self.page_of(
            limit.as_deref(),
            after.as_deref(),
            before.as_deref(),
            summary.as_deref(),
        )?;
        self.of_friends_only(items, Selection::Page(page))
    }

    fn of_friends_only(
        &self,
        items: &[Item<'_>],
        selection: Selection,
    ) -> Result<Asked, GraphError> {
        let (fields, friend_keys) = self.of_friend(items)?;
        let friends = Some(FriendsRequest { fields, selection });
        let request = Request { viewer: FieldSet::EMPTY, friends };
        Ok(Asked { form: Form::Friends, request, viewer_keys: Keys::default(), friend_keys })
    }

    /// The fields of a friend; asking for theirs in turn is refused, not ignored.
    fn of_friend(&self, items: &[Item<'_>]) -> Result<(FieldSet, Keys), GraphError> {
        if items.iter().any(|item| item.name == "friends") {
            return Err(GraphError::friends_of_friends());
        }
        self.plain(&items.iter().collect::<Vec<_>>(), items.is_empty())
    }

    fn plain(&self, items: &[&Item<'_>], none_named: bool) -> Result<(FieldSet, Keys), GraphError> {
        let mut keys = Keys::default();
        if none_named {
            let defaults = FIELDS_DEFAULT.iter().filter_map(|name| self.schema.by_name(name));
            return Ok((defaults.collect(), keys));
        }
        let mut set = FieldSet::of(FieldId::ID);
        for item in items {
            if item.modifiers.iter().any(|(modifier, _)| *modifier == "as") {
                return Err(GraphError::no_renaming(item.name));
            }
            if item.nested.is_some() || !item.modifiers.is_empty() {
                return Err(GraphError::no_subfields(item.name));
            }
            let field = self.schema.by_key(item.name);
            let field = field.ok_or_else(|| GraphError::nonexisting_field(item.name))?;
            let alias = Some(item.name).filter(|name| self.schema.name(field) != Some(name));
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

    fn page_of(
        &self,
        limit: Option<&str>,
        after: Option<&str>,
        before: Option<&str>,
        summary: Option<&str>,
    ) -> Result<Page, GraphError> {
        let mut page = Page::first(self.graph.page_default);
        if let Some(limit) = limit {
            page.limit = read_limit(limit, self.graph)?;
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
fn read_limit(text: &str, graph: &config::Graph) -> Result<usize, GraphError> {
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
