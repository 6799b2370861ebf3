//! The field schema under which the files in the corpus are read.

use countersign_domain::schema::{Field, FieldSchema, SCHEMA_VERSION, SchemaDocument, Sensitivity};

#[expect(clippy::unwrap_used, reason = "the schema is written here")]
pub fn schema() -> FieldSchema {
    let field = |name: &str| Field {
        name: name.to_owned(),
        aliases: Vec::new(),
        category: "pd:Name".to_owned(),
        sensitivity: Sensitivity::Low,
        special: false,
        description: String::new(),
    };
    let mut fields = ["id", "friends", "name", "work"].map(field).to_vec();
    fields.extend(["about"].map(|name| Field { aliases: vec!["bio".to_owned()], ..field(name) }));
    FieldSchema::from_document(SchemaDocument { version: SCHEMA_VERSION, fields }).unwrap()
}
