//! What a Graph path points at: `/v3.0/me/friends` is a version, a node and an edge.

use countersign_domain::person::PairwiseId;

use super::version::{Prefix, Version};
use crate::gateway::errors::GraphError;

/// A parsed path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Target {
    /// The version that answers.
    pub(super) version: Version,
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

impl Target {
    /// Reads a path. `version` answers where the path has none; without a node it points at `ids`, where the
    /// request has them.
    ///
    /// # Errors
    /// [`GraphError`] 2500 for a path that leads nowhere, 803 for a name in place of an id, 100 for `ids`
    /// beside a node.
    pub(super) fn parse(path: &str, version: Version, has_ids: bool) -> Result<Self, GraphError> {
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let first = segments.first().map_or(Prefix::None, |first| Version::of_segment(first));
        let (version, rest) = match (first, segments.as_slice()) {
            (Prefix::Known(version), [_, rest @ ..]) => (version, rest),
            (Prefix::Unknown, [_, rest @ ..]) => {
                return Err(GraphError::unknown_path(&format!("/{}", rest.join("/"))));
            }
            (_, rest) => (version, rest),
        };
        let [node, edges @ ..] = rest else {
            if has_ids {
                return Ok(Self { version, node: Node::Ids, edge: Edge::None });
            }
            return Err(GraphError::unknown_path(path));
        };
        let node = if *node == "me" { Node::Me } else { Node::Id(read_id(node)?) };
        let edge = match edges {
            [] => Edge::None,
            ["friends"] => Edge::Friends,
            ["friends", friend] => Edge::Friend(read_id(friend)?),
            unknown => return Err(GraphError::unknown_path(&format!("/{}", unknown.join("/")))),
        };
        if has_ids {
            return Err(GraphError::ids_beside_node());
        }
        Ok(Self { version, node, edge })
    }

    /// What comes first in a path, after the version.
    pub(super) fn first(path: &str) -> Option<&str> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        segments.find(|segment| Version::of_segment(segment) == Prefix::None)
    }

    /// The version that answers to a path, whether or not it leads anywhere.
    pub(super) fn version_of(path: &str, otherwise: Version) -> Version {
        let first = path.split('/').find(|segment| !segment.is_empty());
        match first.map(Version::of_segment) {
            Some(Prefix::Known(version)) => version,
            _ => otherwise,
        }
    }

    /// Whether a path is one to which a batch is sent: the root or `me`.
    pub(super) fn takes_batch(path: &str) -> bool {
        let mut rest = path.split('/').filter(|segment| !segment.is_empty()).peekable();
        rest.next_if(|first| matches!(Version::of_segment(first), Prefix::Known(_)));
        rest.next_if_eq(&"me");
        rest.next().is_none()
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
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn parse(path: &str) -> Result<Target, GraphError> {
        Target::parse(path, Version::DEFAULT, false)
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
            let target = parse(&path.replace("ID", ID)).unwrap();
            assert_eq!(
                (target.version.to_string().as_str(), target.node, target.edge),
                (version, node, edge),
                "{path}"
            );
        }
        for path in ["/", "", "/v26.0", "/v2.8//"] {
            let target = Target::parse(path, Version::DEFAULT, true).unwrap();
            assert_eq!((target.node, target.edge), (Node::Ids, Edge::None), "{path}");
        }
    }

    #[test]
    fn ids_stand_beside_no_node() {
        for path in ["/me", "/v3.0/me/friends", &format!("/{ID}")] {
            let refused = Target::parse(path, Version::DEFAULT, true).map_err(|error| error.code);
            assert_eq!(refused.err(), Some(100), "{path}");
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
        ] {
            let refused = parse(&path.replace("ID", ID)).map_err(|error| error.code);
            assert_eq!(refused.err(), Some(code), "{path}");
        }
    }

    #[test]
    fn a_batch_is_sent_to_the_root_or_to_me() {
        for (path, takes) in [
            ("/", true),
            ("/v3.0", true),
            ("/v3.0/", true),
            ("/me", true),
            ("/v3.0/me/", true),
            ("/me/friends", false),
            ("/v99.0/", false),
            ("/you", false),
        ] {
            assert_eq!(Target::takes_batch(path), takes, "{path}");
        }
    }
}
