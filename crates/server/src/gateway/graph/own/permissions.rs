//! `GET /me/permissions[/NAME]`: what a token's grant comes to, in the Graph API's permissions.
//!
//! A grant is the client's own: it says what one viewer agreed to, and nothing of what anybody's
//! settings allow or of what there is. So it is told without an entry, by `me`. Asked by an id it tells
//! besides that the viewer is that person, and is an answer like any other.

use std::borrow::Cow;

use countersign_domain::grant::Grant;
use countersign_domain::register::RegisteredBuild;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::check_client;
use super::facts::Facts;
use super::parameters::OwnParameters;
use super::viewer::Viewer;
use crate::gateway::Gateway;
use crate::gateway::deliver::Reply;
use crate::gateway::errors::GraphError;
use crate::gateway::graph::call::{Call, Stop, Token};
use crate::gateway::graph::caller::{Caller, check_grant};
use crate::gateway::graph::of_store;
use crate::gateway::graph::target::Node;
use crate::gateway::graph::version::Version;

/// What of a grant is asked for.
pub(super) struct Asked<'a> {
    pub(super) node: Node,
    pub(super) name: Option<&'a str>,
    pub(super) version: Version,
}

/// One permission and what the viewer said to it.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub(super) struct Permission {
    #[serde(rename = "permission")]
    pub(super) name: String,
    pub(super) status: Status,
}

/// What the viewer said.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Granted,
    Declined,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Declined => "declined",
        }
    }
}

/// What every user of the Graph API gives with the first sign-in. Friends give it with `user_friends`.
const PUBLIC_PROFILE: [&str; 12] = [
    "id",
    "name",
    "first_name",
    "middle_name",
    "last_name",
    "gender",
    "locale",
    "link",
    "third_party_id",
    "timezone",
    "verified",
    "updated_time",
];

/// What stands behind `user_` and `friends_` in the permission for a field. A field that is not here has
/// a permission of its own name.
const SUFFIXES: [(&str, &str); 14] = [
    ("about", "about_me"),
    ("quotes", "about_me"),
    ("education", "education_history"),
    ("work", "work_history"),
    ("interested_in", "relationship_details"),
    ("political", "religion_politics"),
    ("religion", "religion_politics"),
    ("sports", "likes"),
    ("languages", "likes"),
    ("favorite_athletes", "likes"),
    ("favorite_teams", "likes"),
    ("inspirational_people", "likes"),
    ("relationship_status", "relationships"),
    ("significant_other", "relationships"),
];

/// Answers with the permissions of the token's grant.
///
/// # Errors
/// [`GraphError`]: no user's token, its grant has ended, or the id is not the viewer's.
pub(super) async fn answer(
    gateway: &Gateway,
    call: &Call<'_>,
    parameters: &OwnParameters<'_>,
    token: Option<Token<'_>>,
    asked: Asked<'_>,
    now: Timestamp,
) -> Result<Reply, Stop> {
    let caller = Caller::of(gateway, call, token, now)?;
    let access = caller.user(asked.node == Node::Me)?;
    let register = gateway.log.register();
    check_client(&register, &access.client, caller.token.in_query)?;
    let stored = gateway.people.grant(access.grant).map_err(of_store)?;
    let stored = check_grant(stored, &access.client, now)?;
    let build = register.builds().get(&access.build).ok_or_else(GraphError::unknown_build)?;
    let schema = register.schema().ok_or_else(GraphError::unknown_build)?;
    let wanted = |asked: &Option<Cow<'_, str>>, value: &str| {
        asked.as_deref().is_none_or(|asked| asked == value)
    };
    let permissions: Vec<_> = of_grant(&stored.grant, build, schema)
        .into_iter()
        .filter(|one| asked.name.is_none_or(|name| name == one.name))
        .filter(|one| wanted(&parameters.permission, &one.name))
        .filter(|one| wanted(&parameters.status, one.status.name()))
        .collect();
    let Node::Id(id) = asked.node else {
        return Ok(Facts::permissions(&permissions).into_reply());
    };
    let no_such = || GraphError::no_such_object(&id.to_string());
    let client = register.clients().get(&access.client).ok_or_else(no_such)?;
    if gateway.people.pairwise(stored.viewer, &client.partner) != Some(id) {
        return Err(no_such().into());
    }
    let viewer = Viewer {
        build: &access.build,
        grant: access.grant,
        stored: &stored,
        version: asked.version,
    };
    let body = |_| json!({ "data": permissions }).to_string().into_bytes();
    let answer = viewer.answer(gateway, call, body).await;
    // A viewer whose id may not be told sounds like somebody else.
    answer.map_err(|stop| match stop {
        Stop::Error(error) if error.is_about_people() => no_such().into(),
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
                None => permissions.push(Permission { name, status }),
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

/// The permission for a field of people of this relation; `None` of what comes with `user_friends`.
fn permission(field: &str, relation: Relation) -> Option<String> {
    let suffix =
        SUFFIXES.iter().find(|(name, _)| *name == field).map_or(field, |(_, suffix)| suffix);
    match relation {
        Relation::Viewer if PUBLIC_PROFILE.contains(&field) => Some("public_profile".to_owned()),
        Relation::Viewer if field == "email" => Some("email".to_owned()),
        Relation::Viewer => Some(format!("user_{suffix}")),
        Relation::Friend if PUBLIC_PROFILE.contains(&field) => None,
        Relation::Friend => Some(format!("friends_{suffix}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_permissions_that_the_graph_api_had_for_them() {
        use Relation::{Friend, Viewer};
        for (field, relation, expected) in [
            ("id", Viewer, Some("public_profile")),
            ("name", Viewer, Some("public_profile")),
            ("name", Friend, None),
            ("email", Viewer, Some("email")),
            ("email", Friend, Some("friends_email")),
            ("friends", Viewer, Some("user_friends")),
            ("birthday", Viewer, Some("user_birthday")),
            ("birthday", Friend, Some("friends_birthday")),
            ("religion", Viewer, Some("user_religion_politics")),
            ("political", Friend, Some("friends_religion_politics")),
            ("interested_in", Friend, Some("friends_relationship_details")),
            ("shoe_size", Friend, Some("friends_shoe_size")),
        ] {
            assert_eq!(permission(field, relation).as_deref(), expected, "{field} {relation:?}");
        }
    }
}
