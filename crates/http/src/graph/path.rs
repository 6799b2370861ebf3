//! What the path of a Graph request leads to: `/v3.0/me/friends` is a version, a node and an edge.

use countersign_domain::person::PairwiseId;

use super::version::{Prefix, Version};
use crate::errors::GraphError;
use crate::served::NO_ROUTE;

/// A path that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Path<'a> {
    /// The version that answers.
    pub(super) version: Version,
    /// What it leads to.
    pub(super) endpoint: Endpoint<'a>,
    /// Whether it is one to which a batch is sent: the root or `me`.
    pub(super) takes_batch: bool,
    /// Whether it names nobody, or `me`: what is said without a token depends on that.
    pub(super) is_about_me: bool,
}

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Endpoint<'a> {
    /// Nothing behind the version: those whom the parameter `ids` names.
    Root,
    /// People.
    People(Target),
    /// Tokens for a client's credentials, or for an older token.
    AccessToken,
    /// What a token is.
    DebugToken,
    /// What a grant comes to: all of it, or one permission of this name.
    Permissions {
        /// Whose grant it is.
        node: Node,
        /// The permission.
        name: Option<&'a str>,
    },
    /// Nowhere, which is told to whoever has a token.
    Nowhere(GraphError),
}

/// People, as a path points at them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Target {
    /// Whom it points at.
    pub(super) node: Node,
    /// What of theirs it points at.
    pub(super) edge: Edge,
}

/// A person as a path names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// `me`: the viewer.
    Me,
    /// A person by their id toward this partner.
    Id(PairwiseId),
    /// Nobody: those whom the parameter `ids` names.
    Ids,
}

/// What stands behind the node in a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Edge {
    /// Nothing: the path points at the person.
    None,
    /// Their friends.
    Friends,
    /// Whether this person is one of them.
    Friend(PairwiseId),
}

impl<'a> Path<'a> {
    /// Reads a path. `version` answers where the path has none that there is.
    pub(super) fn parse(path: &'a str, version: Version) -> Self {
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let prefix = segments.first().map_or(Prefix::None, |first| Version::of_segment(first));
        let behind = |prefixes: usize| segments.get(prefixes..).unwrap_or_default();
        let (version, rest, endpoint) = match prefix {
            Prefix::Known(known) => (known, behind(1), Endpoint::of(path, behind(1))),
            Prefix::None => (version, behind(0), Endpoint::of(path, behind(0))),
            Prefix::Unknown => {
                let unknown = GraphError::unknown_path(&format!("/{}", behind(1).join("/")));
                (version, behind(0), Endpoint::Nowhere(unknown))
            }
        };
        let is_version = |segment: &&&str| Version::of_segment(segment) != Prefix::None;
        let first = segments.iter().find(|segment| !is_version(segment));
        Self {
            version,
            endpoint,
            takes_batch: matches!(rest, [] | ["me"]),
            is_about_me: matches!(first, None | Some(&"me")),
        }
    }

    /// The people at whom it points, where the request names others by `ids` or does not.
    ///
    /// # Errors
    /// [`GraphError`] 2500 for a path that leads nowhere, 803 for a name in place of an id, 100 for `ids`
    /// beside a node.
    pub(super) fn target(&self, path: &str, has_ids: bool) -> Result<Target, GraphError> {
        match &self.endpoint {
            Endpoint::Root if has_ids => Ok(Target { node: Node::Ids, edge: Edge::None }),
            Endpoint::People(_) if has_ids => Err(GraphError::ids_beside_node()),
            Endpoint::People(target) => Ok(*target),
            Endpoint::Nowhere(error) => Err(error.clone()),
            _ => Err(GraphError::unknown_path(path)),
        }
    }
}

impl<'a> Endpoint<'a> {
    /// The template of its path, without the version.
    pub(super) const fn route(&self) -> &'static str {
        match self {
            Self::Root => "/?ids",
            Self::People(Target { node: Node::Me, edge }) => match edge {
                Edge::None => "/me",
                Edge::Friends => "/me/friends",
                Edge::Friend(_) => "/me/friends/{id}",
            },
            Self::People(Target { node: Node::Id(_) | Node::Ids, edge }) => match edge {
                Edge::None => "/{id}",
                Edge::Friends => "/{id}/friends",
                Edge::Friend(_) => "/{id}/friends/{id}",
            },
            Self::AccessToken => "/oauth/access_token",
            Self::DebugToken => "/debug_token",
            Self::Permissions { node: Node::Me, name: None } => "/me/permissions",
            Self::Permissions { node: Node::Me, name: Some(_) } => "/me/permissions/{permission}",
            Self::Permissions { name: None, .. } => "/{id}/permissions",
            Self::Permissions { name: Some(_), .. } => "/{id}/permissions/{permission}",
            Self::Nowhere(_) => NO_ROUTE,
        }
    }

    /// What these segments behind the version of a path lead to.
    fn of(path: &str, segments: &[&'a str]) -> Self {
        let permissions = |node: &str, name| {
            let id = || Some(Node::Id(PairwiseId::parse(node)?));
            let node = if node == "me" { Some(Node::Me) } else { id() };
            node.map(|node| Self::Permissions { node, name })
        };
        let own = match *segments {
            [] => Some(Self::Root),
            ["oauth", "access_token"] => Some(Self::AccessToken),
            ["debug_token"] => Some(Self::DebugToken),
            [node, "permissions"] => permissions(node, None),
            [node, "permissions", name] => permissions(node, Some(name)),
            _ => None,
        };
        own.unwrap_or_else(|| Target::of(path, segments).map_or_else(Self::Nowhere, Self::People))
    }
}

impl Target {
    fn of(path: &str, segments: &[&str]) -> Result<Self, GraphError> {
        let [node, edges @ ..] = segments else { return Err(GraphError::unknown_path(path)) };
        let node = if *node == "me" { Node::Me } else { Node::Id(read_id(node)?) };
        let edge = match edges {
            [] => Edge::None,
            ["friends"] => Edge::Friends,
            ["friends", friend] => Edge::Friend(read_id(friend)?),
            unknown => return Err(GraphError::unknown_path(&format!("/{}", unknown.join("/")))),
        };
        Ok(Self { node, edge })
    }
}

fn read_id(segment: &str) -> Result<PairwiseId, GraphError> {
    match PairwiseId::parse(segment) {
        Some(id) => Ok(id),
        None if segment.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Err(GraphError::no_such_object(segment))
        }
        None => Err(GraphError::no_usernames(segment)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn target(path: &str, has_ids: bool) -> Result<Target, u32> {
        let read = Path::parse(path, Version::DEFAULT);
        read.target(path, has_ids).map_err(|error| error.code)
    }

    #[test]
    fn paths_are_version_node_and_edge() {
        let id = PairwiseId::parse(ID).unwrap();
        for (path, version, node, edge) in [
            ("/me", "v3.0", Node::Me, Edge::None),
            ("/v2.12/me/friends/", "v2.12", Node::Me, Edge::Friends),
            ("//v25.0//me///friends//", "v25.0", Node::Me, Edge::Friends),
            ("/v1.0/ID", "v2.8", Node::Id(id), Edge::None),
            ("/me/friends/ID/", "v3.0", Node::Me, Edge::Friend(id)),
        ] {
            let path = path.replace("ID", ID);
            assert_eq!(target(&path, false), Ok(Target { node, edge }), "{path}");
            assert_eq!(Path::parse(&path, Version::DEFAULT).version.to_string(), version, "{path}");
        }
        for path in ["/", "", "/v26.0", "/v2.8//"] {
            assert_eq!(
                target(path, true),
                Ok(Target { node: Node::Ids, edge: Edge::None }),
                "{path}"
            );
        }
    }

    #[test]
    fn ids_stand_beside_no_node() {
        for path in ["/me", "/v3.0/me/friends", &format!("/{ID}")] {
            assert_eq!(target(path, true), Err(100), "{path}");
        }
    }

    #[test]
    fn other_paths_are_answered_as_the_graph_api_answers_them() {
        for (path, code) in [
            ("/", 2500),
            ("/v3.0", 2500),
            ("/v99.0/me", 2500),
            ("/me/bogus", 2500),
            ("/me/friends/x", 803),
            ("/me/friends/4", 100),
            ("/me/friends/ID/x", 2500),
            ("/zuck", 803),
            ("/4", 100),
            ("/zuck/permissions", 803),
            ("/me/permissions/email/x", 2500),
        ] {
            assert_eq!(target(&path.replace("ID", ID), false), Err(code), "{path}");
        }
    }

    #[test]
    fn paths_to_what_is_a_clients_own_are_told_from_others() {
        let id = PairwiseId::parse(ID).unwrap();
        let permissions = |node, name| Endpoint::Permissions { node, name };
        for (path, version, endpoint) in [
            ("/oauth/access_token", "v3.0", Endpoint::AccessToken),
            ("/v2.8/debug_token/", "v2.8", Endpoint::DebugToken),
            ("/me/permissions", "v3.0", permissions(Node::Me, None)),
            ("//me//permissions/email", "v3.0", permissions(Node::Me, Some("email"))),
            (&format!("/v3.0/{ID}/permissions"), "v3.0", permissions(Node::Id(id), None)),
        ] {
            let read = Path::parse(path, Version::DEFAULT);
            assert_eq!((read.version.to_string().as_str(), read.endpoint), (version, endpoint));
        }
        for path in ["/permissions", "/oauth", "/oauth/access_token/x", "/debug_token/me"] {
            let read = Path::parse(path, Version::DEFAULT);
            assert!(matches!(read.endpoint, Endpoint::Nowhere(_)), "{path}");
        }
    }

    #[test]
    fn a_route_has_no_id_and_no_version_in_it() {
        for (path, route) in [
            ("/v3.0/me", "/me"),
            ("/ID", "/{id}"),
            ("/v3.0/me/friends/ID", "/me/friends/{id}"),
            ("/ID/friends", "/{id}/friends"),
            ("/me/permissions/email", "/me/permissions/{permission}"),
            ("/ID/permissions", "/{id}/permissions"),
            ("/v3.0", "/?ids"),
            ("/zuck", "other"),
        ] {
            let path = path.replace("ID", ID);
            let read = Path::parse(&path, Version::DEFAULT);
            assert_eq!(read.endpoint.route(), route, "{path}");
        }
    }

    #[test]
    fn a_batch_is_sent_to_the_root_or_to_me() {
        for (path, takes, is_about_me) in [
            ("/", true, true),
            ("/v3.0", true, true),
            ("/v3.0/", true, true),
            ("/me", true, true),
            ("/v3.0/me/", true, true),
            ("/me/friends", false, true),
            ("/v99.0/", false, true),
            ("/v99.0/me", false, true),
            ("/you", false, false),
        ] {
            let read = Path::parse(path, Version::DEFAULT);
            assert_eq!((read.takes_batch, read.is_about_me), (takes, is_about_me), "{path}");
        }
    }

    proptest! {
        #[test]
        fn property_no_path_makes_the_reader_panic(path in "[/a-z0-9._é]{0,40}") {
            let _ = Path::parse(&path, Version::DEFAULT);
        }
    }
}
