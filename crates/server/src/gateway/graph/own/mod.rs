//! What a client asks about its own tokens and grants: `/oauth/access_token`, `/debug_token`,
//! `/me/permissions`.
//!
//! Most of it are [`Facts`](facts::Facts), in which no person is. What tells who the viewer is goes the
//! way of every answer: decided, logged, and with a receipt.

use countersign_domain::contract::Contract;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;

use super::call::{Call, Stop, Token};
use super::query::Query;
use super::target::Node;
use super::version::{Prefix, Version};
use crate::gateway::Gateway;
use crate::gateway::deliver::Reply;
use crate::gateway::errors::GraphError;
pub(super) use parameters::OwnParameters;

mod access_token;
mod debug_token;
mod facts;
mod parameters;
mod permissions;
mod viewer;

/// A path to what is a client's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OwnPath<'a> {
    /// The version that answers.
    version: Version,
    endpoint: Endpoint<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Endpoint<'a> {
    AccessToken,
    DebugToken,
    Permissions { node: Node, name: Option<&'a str> },
}

impl<'a> OwnPath<'a> {
    /// Reads a path; `None` of one that leads elsewhere. `version` answers where the path has none.
    pub(super) fn parse(path: &'a str, version: Version) -> Option<Self> {
        let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
        let version = match Version::of_segment(segments.peek()?) {
            Prefix::Known(known) => {
                segments.next();
                known
            }
            Prefix::Unknown => return None,
            Prefix::None => version,
        };
        let endpoint = match (segments.next()?, segments.next(), segments.next()) {
            ("oauth", Some("access_token"), None) => Endpoint::AccessToken,
            ("debug_token", None, None) => Endpoint::DebugToken,
            (node, Some("permissions"), name) => {
                let node = if node == "me" { Node::Me } else { Node::Id(PairwiseId::parse(node)?) };
                Endpoint::Permissions { node, name }
            }
            _ => return None,
        };
        segments.next().is_none().then_some(Self { version, endpoint })
    }

    /// Whether it is posted to, where other paths are only read.
    pub(super) fn takes(self, method: &str, query: &Query<'_>) -> bool {
        let means_post = |meant: &str| meant.eq_ignore_ascii_case("post");
        self.endpoint == Endpoint::AccessToken
            && method == "POST"
            && query.method.as_deref().is_none_or(means_post)
    }
}

/// Answers what is a client's own.
///
/// # Errors
/// [`GraphError`], as each endpoint says.
pub(super) async fn answer<'a>(
    gateway: &Gateway,
    call: &Call<'_>,
    path: OwnPath<'_>,
    query: &Query<'a>,
    token: Option<Token<'a>>,
    now: Timestamp,
) -> Result<Reply, Stop> {
    let (parameters, version) = (&query.own, path.version);
    match path.endpoint {
        Endpoint::AccessToken => Ok(access_token::answer(gateway, call, parameters, now)?),
        Endpoint::DebugToken => {
            debug_token::answer(gateway, call, parameters, token, version, now).await
        }
        Endpoint::Permissions { node, name } => {
            let asked = permissions::Asked { node, name, version };
            permissions::answer(gateway, call, parameters, token, asked, now).await
        }
    }
}

/// Refuses a client that may have nothing now, and a secret or token in the query where the agreement
/// does not allow one there.
fn check_client(
    register: &Register,
    client: &Identifier,
    secret_in_query: bool,
) -> Result<(), GraphError> {
    let registered = register.clients().get(client).ok_or_else(GraphError::unknown_build)?;
    if register.is_suspended(client) {
        return Err(GraphError::suspended());
    }
    let allows = |contract: &Contract| contract.agreement.document.query_token;
    if secret_in_query && !registered.contracts.values().all(allows) {
        return Err(GraphError::token_in_query());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_to_what_is_a_clients_own_are_told_from_others() {
        let id = "0123456789abcdef0123456789abcdef";
        let parse = |path| {
            let own = OwnPath::parse(path, Version::DEFAULT)?;
            Some((own.version.to_string(), own.endpoint))
        };
        let permissions = |node, name| Endpoint::Permissions { node, name };
        let node = Node::Id(PairwiseId::parse(id).unwrap());
        for (path, expected) in [
            ("/oauth/access_token", Some(("v3.0", Endpoint::AccessToken))),
            ("/v2.8/debug_token/", Some(("v2.8", Endpoint::DebugToken))),
            ("/me/permissions", Some(("v3.0", permissions(Node::Me, None)))),
            ("//me//permissions/email", Some(("v3.0", permissions(Node::Me, Some("email"))))),
            (&format!("/v3.0/{id}/permissions"), Some(("v3.0", permissions(node, None)))),
            ("/me/permissions/email/x", None),
            ("/zuck/permissions", None),
            ("/permissions", None),
            ("/oauth", None),
            ("/oauth/access_token/x", None),
            ("/debug_token/me", None),
            ("/v3.0", None),
            ("/me", None),
            ("/", None),
        ] {
            let expected =
                expected.map(|(version, endpoint): (&str, _)| (version.to_owned(), endpoint));
            assert_eq!(parse(path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn property_no_path_makes_the_reader_panic(path in "[/a-z0-9._é]{0,40}") {
            let _ = OwnPath::parse(&path, Version::DEFAULT);
        }
    }
}
