//! The default field schema covers what the product promises.

use countersign_domain::schema::{FieldSchema, Sensitivity};
use countersign_service::people::schema;

use crate::support::people::{default_schema, shared_data};

/// SNAP's 27 feature categories; what stands before the first `;` is the field.
const SNAP_CATEGORIES: [&str; 27] = [
    "birthday",
    "education;classes;id",
    "education;concentration;id",
    "education;degree;id",
    "education;school;id",
    "education;type",
    "education;with;id",
    "education;year;id",
    "first_name",
    "gender",
    "hometown;id",
    "languages;id",
    "last_name",
    "locale",
    "location;id",
    "middle_name",
    "name",
    "political",
    "religion",
    "work;employer;id",
    "work;end_date",
    "work;from;id",
    "work;location;id",
    "work;position;id",
    "work;projects;id",
    "work;start_date",
    "work;with;id",
];

/// The keys of a full profile as the Graph API gave it.
const PROFILE_KEYS: [&str; 30] = [
    "id",
    "name",
    "first_name",
    "middle_name",
    "last_name",
    "link",
    "third_party_id",
    "timezone",
    "about",
    "birthday",
    "hometown",
    "location",
    "interested_in",
    "work",
    "sports",
    "favorite_teams",
    "favorite_athletes",
    "inspirational_people",
    "education",
    "languages",
    "religion",
    "political",
    "quotes",
    "relationship_status",
    "significant_other",
    "website",
    "gender",
    "email",
    "locale",
    "verified",
];

fn assert_covered(schema: &FieldSchema, name: &str) {
    assert!(schema.by_name(name).is_some(), "the schema has no {name:?}");
}

#[test]
fn the_default_schema_covers_a_full_profile_and_every_category_of_snap() {
    let schema = default_schema();
    for category in SNAP_CATEGORIES {
        assert_covered(&schema, category.split(';').next().unwrap());
    }
    for key in PROFILE_KEYS {
        assert_covered(&schema, key);
    }
    assert_covered(&schema, "updated_time");
}

#[test]
fn the_default_schema_covers_the_real_profile_and_the_real_features() {
    let test = "the_default_schema_covers_the_real_profile_and_the_real_features";
    let Some(data) = shared_data(test) else { return };
    let schema = default_schema();
    let profile = std::fs::read(data.join("graph-fixtures/full-profile.json")).unwrap();
    let profile: serde_json::Value = serde_json::from_slice(&profile).unwrap();
    for key in profile.as_object().unwrap().keys() {
        assert_covered(&schema, key);
    }
    for file in std::fs::read_dir(data.join("snap-facebook")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "featnames") {
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let (_, feature) = line.split_once(' ').unwrap();
                let (category, _) = feature.rsplit_once(';').unwrap();
                assert!(SNAP_CATEGORIES.contains(&category), "{category:?} is not in the list");
            }
        }
    }
}

#[test]
fn what_article_9_protects_is_marked_and_of_high_sensitivity() {
    let schema = default_schema();
    let special: Vec<&str> = schema.names(schema.special()).collect();
    assert_eq!(special, ["religion", "political", "interested_in", "significant_other"]);
    for field in schema.fields() {
        assert!(field.category.starts_with("pd:"), "{:?} has no DPV term", field.name);
        assert!(field.description.ends_with('.'), "{:?} has no sentence", field.name);
        assert!(!field.special || field.sensitivity == Sensitivity::High);
    }
}

#[test]
fn errors_in_a_schema_name_file_line_and_key() {
    let error = |text: &str| schema::parse(text).unwrap_err().to_string();
    let head = "version = 1\n[[fields]]\nname = \"id\"\ncategory = \"pd:Identifier\"\n";
    let wrong_word = format!("{head}sensitivity = \"lowish\"\ndescription = \"x\"\n");
    let found = error(&wrong_word);
    assert!(found.starts_with("5:15: fields.sensitivity: found \"lowish\"; allowed: "), "{found}");
    let unknown_key = format!("{head}sensitivity = \"low\"\ncolour = \"red\"\n");
    let found = error(&unknown_key);
    assert!(found.starts_with("6:1: fields.colour: unknown key; allowed: name, "), "{found}");
    let field = |name: &str| {
        format!(
            "[[fields]]\nname = \"{name}\"\ncategory = \"pd:Name\"\nsensitivity = \"low\"\n\
             description = \"x\"\n"
        )
    };
    let twice = ["id", "friends", "name", "name"].map(field).concat();
    let found = error(&format!("version = 1\n{twice}"));
    assert!(found.starts_with("18:8: fields.name: ") && found.contains("\"name\""), "{found}");
    let misplaced = ["name", "friends"].map(field).concat();
    let found = error(&format!("version = 1\n{misplaced}"));
    assert!(found.starts_with("3:8: fields.name: ") && found.contains("\"id\""), "{found}");
}
