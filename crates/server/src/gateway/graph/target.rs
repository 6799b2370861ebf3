//! What a Graph path points at: `/v3.0/me/friends` is a version, a node and an edge.

use countersign_domain::person::PairwiseId;

use crate::gateway::errors::GraphError;

/// The version that answers name when the path has none.
pub(super) const VERSION_DEFAULT: &str = "v3.0";

/// A parsed path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Target<'a> {
    /// The version as the client wrote it, or [`VERSION_DEFAULT`].
    pub(super) version: &'a str,
    /// Whom it points at.
    pub(super) node: Node,
    /// Whether it points at the node's friends.
    pub(super) friends: bool,
}

/// A person as a path names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Node {
    /// `me`: the viewer.
    Me,
    /// A person by their id toward this partner.
    Id(PairwiseId),
}

impl<'a> Target<'a> {
    /// Reads a path.
    ///
    /// # Errors
    /// [`GraphError`] 2500 for a path that leads nowhere, 803 for a name in place of an id.
    pub(super) fn parse(path: &'a str) -> Result<Self, GraphError> {
        let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let (version, rest) = match segments.as_slice() {
            [version, rest @ ..] if is_version(version) => (*version, rest),
            rest => (VERSION_DEFAULT, rest),
        };
        let [node, edges @ ..] = rest else { return Err(GraphError::unknown_path(path)) };
        let node = match PairwiseId::parse(node) {
            _ if *node == "me" => Node::Me,
            Some(id) => Node::Id(id),
            None if node.bytes().all(|b| b.is_ascii_hexdigit()) => {
                return Err(GraphError::no_such_object(node));
            }
            None => return Err(GraphError::no_usernames(node)),
        };
        let friends = match edges {
            [] => false,
            ["friends"] => true,
            unknown => return Err(GraphError::unknown_path(&format!("/{}", unknown.join("/")))),
        };
        Ok(Self { version, node, friends })
    }
}

/// Whether a segment is a version, as `v2.12`.
fn is_version(segment: &str) -> bool {
    let number =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    segment
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| number(major) && number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_version_node_and_edge() {
        let me = |version, friends| Target { version, node: Node::Me, friends };
        assert_eq!(Target::parse("/me").ok(), Some(me("v3.0", false)));
        assert_eq!(Target::parse("/v2.12/me/friends/").ok(), Some(me("v2.12", true)));
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(Target::parse(id).map(|t| t.node).ok(), PairwiseId::parse(id).map(Node::Id));
    }

    #[test]
    fn other_paths_are_answered_as_the_graph_api_answers_them() {
        for (path, code) in
            [("/", 2500), ("/me/bogus", 2500), ("/me/friends/x", 2500), ("/zuck", 803), ("/4", 100)]
        {
            assert_eq!(Target::parse(path).map_err(|error| error.code).err(), Some(code), "{path}");
        }
    }
}
