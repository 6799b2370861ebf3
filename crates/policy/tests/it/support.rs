//! What the tests share: the field schema that is shipped, the rules that an instance begins with, and
//! agreements from text.

use std::sync::LazyLock;

use countersign_domain::agreement::AgreementDocument;
use countersign_domain::rules::{RULES_VERSION, RulesDocument};
use countersign_domain::schema::{FieldSchema, SchemaDocument};
use countersign_policy::agreement;

/// The field schema that is shipped with the server.
pub(crate) fn schema() -> FieldSchema {
    static READ: LazyLock<FieldSchema> = LazyLock::new(|| {
        let document: SchemaDocument =
            countersign_toml::parse(include_str!("../../../service/schema/fields.toml")).unwrap();
        FieldSchema::from_document(document).unwrap()
    });
    READ.clone()
}

/// The rules that an instance begins with.
pub(crate) fn rules_document() -> RulesDocument {
    RulesDocument {
        version: RULES_VERSION,
        special_categories_of_friends: false,
        minor_friend_fields: vec!["id".to_owned(), "name".to_owned()],
        closed_territories: Vec::new(),
        screening_required: false,
        ledger_page: None,
        cedar: String::new(),
    }
}

/// An agreement that gives a little of friends, with these lines added at its top.
pub(crate) fn agreement(lines: &str) -> AgreementDocument {
    let text = format!(
        r#"version = 2
platform = "Example Social Inc."
agreement = "aurora-2018"
partner = "aurora"
client = "aurora-home"
kind = "device"
not_before = 2018-01-01T00:00:00Z
not_after = 2018-12-31T00:00:00Z
delivery = "clear"
{lines}
[[purpose]]
purpose = "address-book"
dpv = "dpv:ServiceProvision"
self = ["id", "friends", "name", "birthday", "work"]
friend = ["id", "name", "birthday", "work"]

[[wind_down]]
at = 2018-10-01T00:00:00Z
ends = "friends"
"#
    );
    agreement::read(&text, &schema()).unwrap()
}
