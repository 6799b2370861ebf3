//! The Graph API's permissions, by what a schema calls its fields: who asked for `birthday` of friends
//! had `friends_birthday`. Whoever writes permissions and whoever checks what was written name them by this.

use std::borrow::Cow;

use crate::relation::Relation;
use crate::schema::FieldSchema;

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

/// The permission for a field of people of this relation; `None` of what comes with `user_friends`.
#[must_use]
pub fn permission(field: &str, relation: Relation) -> Option<Cow<'static, str>> {
    let suffix =
        SUFFIXES.iter().find(|(name, _)| *name == field).map_or(field, |(_, suffix)| suffix);
    match relation {
        Relation::Viewer if PUBLIC_PROFILE.contains(&field) => Some("public_profile".into()),
        Relation::Viewer if field == "email" => Some("email".into()),
        Relation::Viewer => Some(format!("user_{suffix}").into()),
        Relation::Friend if PUBLIC_PROFILE.contains(&field) => None,
        Relation::Friend => Some(format!("friends_{suffix}").into()),
    }
}

/// Whether these are permissions of a schema, each once, and in the order in which its fields, the viewer's
/// before those of friends, give them.
#[must_use]
pub fn are_in_order<'a>(names: impl IntoIterator<Item = &'a str>, schema: &FieldSchema) -> bool {
    let fields = schema.fields();
    let mut all = Relation::BOTH.into_iter().flat_map(|relation| {
        fields.iter().filter_map(move |field| permission(&field.name, relation))
    });
    let mut seen = Vec::new();
    // Two fields may have one permission, which then stands where the first stood that was asked for.
    names.into_iter().all(|name| {
        let is_new = !seen.contains(&name);
        seen.push(name);
        is_new && all.any(|one| one == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, SCHEMA_VERSION, SchemaDocument, Sensitivity};

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

    #[test]
    fn permissions_are_in_order_wherever_the_first_of_their_fields_was_asked_for() {
        let field = |name: &str| Field {
            name: name.to_owned(),
            aliases: Vec::new(),
            category: String::new(),
            sensitivity: Sensitivity::Low,
            special: false,
            description: String::new(),
        };
        let fields = ["id", "friends", "political", "email", "religion"].map(field).to_vec();
        let document = SchemaDocument { version: SCHEMA_VERSION, fields };
        let schema = FieldSchema::from_document(document).unwrap();
        for (names, expected) in [
            (&[][..], true),
            (&["public_profile", "user_friends", "email"], true),
            (&["user_religion_politics", "email"], true),
            (&["email", "user_religion_politics"], true),
            (&["email", "friends_email"], true),
            (&["friends_email", "email"], false),
            (&["user_religion_politics", "user_religion_politics"], false),
            (&["email", "user_friends"], false),
            (&["user_birthday"], false),
            (&["friends_name"], false),
            (&["ada-lovelace"], false),
        ] {
            assert_eq!(are_in_order(names.iter().copied(), &schema), expected, "{names:?}");
        }
    }
}
