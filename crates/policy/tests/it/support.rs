//! What the tests share: the field schema that is shipped, the rules that an instance begins with, and
//! agreements from text.

use countersign_domain::agreement::AgreementDocument;
pub(crate) use countersign_fixtures::documents::first_rules as rules_document;
pub(crate) use countersign_fixtures::schema::shipped as schema;
use countersign_policy::agreement;

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
