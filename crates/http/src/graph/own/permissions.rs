//! `GET /me/permissions[/NAME]`: what a token's grant comes to, in the Graph API's permissions.
//!
//! A grant is the client's own: it says what one viewer agreed to, and nothing of what anybody's
//! settings allow or of what there is. So it is told without an entry, by `me`. Asked by an id it tells
//! besides that the viewer is that person, and is an answer like any other.

use std::borrow::Cow;

use countersign_domain::grant::Grant;
use countersign_domain::permission::permission;
use countersign_domain::register::RegisteredBuild;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_service::operations::principal::Principal;
use serde_json::json;

use super::check_client;
use super::facts::Facts;
use super::permission::{Permission, Status};
use super::viewer::Viewer;
use crate::deliver::Reply;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::graph::asker::{Pace, user};
use crate::graph::outcome::Stop;
use crate::graph::path::Node;
use crate::graph::request::Request;

/// What of a grant is asked for.
pub(in crate::graph) struct Asked<'a> {
    pub(in crate::graph) node: Node,
    pub(in crate::graph) name: Option<&'a str>,
}

/// Answers with the permissions of the token's grant.
///
/// # Errors
/// [`GraphError`]: no user's token, its grant has ended, or the id is not the viewer's.
pub(in crate::graph) async fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    (principal, pace): (&Principal, Pace<'_>),
    asked: Asked<'_>,
    now: Timestamp,
) -> Result<Reply, Stop> {
    let access = user(principal, asked.node == Node::Me)?;
    let register = gateway.service.register();
    let in_query = request.token.as_ref().is_some_and(|token| token.in_query);
    check_client(&register, &access.client, in_query)?;
    let stored = gateway.service.granted(access, now)?;
    let build = register.builds().get(&access.build).ok_or_else(GraphError::unknown_build)?;
    let schema = register.schema().ok_or_else(GraphError::unknown_build)?;
    let wanted = |asked: &Option<Cow<'_, str>>, value: &str| {
        asked.as_deref().is_none_or(|asked| asked == value)
    };
    let permissions: Vec<_> = of_grant(&stored.grant, build, schema)
        .into_iter()
        .filter(|one| asked.name.is_none_or(|name| name == one.name))
        .filter(|one| wanted(&request.query.permission, &one.name))
        .filter(|one| wanted(&request.query.status, one.status.name()))
        .collect();
    let Node::Id(id) = asked.node else {
        return Ok(Facts::permissions(&permissions).into_reply());
    };
    let viewer = Viewer { access, stored: &stored, node: asked.node };
    let body = |_| json!({ "data": permissions }).to_string().into_bytes();
    let answer = viewer.answer(gateway, request, pace, body).await;
    // A viewer whose id may not be told, for whatever reason, sounds like somebody else.
    answer.map_err(|stop| match stop {
        Stop::Error(error) if error.is_refusal() => {
            GraphError::no_such_object(&id.to_string()).into()
        }
        stop => stop,
    })
}

/// The permissions that a build declared, or a grant has, in the order of the schema's fields, the
/// viewer's own before those of friends. One is granted when every field of it is.
pub(super) fn of_grant(
    grant: &Grant,
    build: &RegisteredBuild,
    schema: &FieldSchema,
) -> Vec<Permission> {
    let mut permissions: Vec<Permission> = Vec::new();
    for relation in Relation::BOTH {
        let granted = grant.fields(relation);
        for field in build.declared(relation).or(granted).iter() {
            let Some(name) = schema.name(field).and_then(|name| permission(name, relation)) else {
                continue;
            };
            let status = if granted.contains(field) { Status::Granted } else { Status::Declined };
            match permissions.iter_mut().find(|one| one.name == name) {
                Some(one) if status == Status::Declined => one.status = status,
                Some(_) => {}
                None => permissions.push(Permission { name: name.into_owned(), status }),
            }
        }
    }
    permissions
}

/// The names of what is granted.
pub(super) fn scopes(permissions: Vec<Permission>) -> Vec<String> {
    let granted = permissions.into_iter().filter(|one| one.status == Status::Granted);
    granted.map(|one| one.name).collect()
}
