//! An agreement, and the register's own rules, rendered as Cedar policies, so that they can be proved about
//! and held against `domain::terms`. The rendering is for provers and readers: nothing is decided by it.
//!
//! What it does not show: suspensions, screening and obligations, which the register applies to everything
//! that is answered to a client, and the AND over several agreements about one client.

use std::fmt::Write as _;

use countersign_domain::contract::Contract;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Country;
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::rules::PlatformRules;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::Ends;

/// Policies under construction.
struct Text<'a> {
    schema: &'a FieldSchema,
    policies: String,
}

/// The policies of one agreement, as it stands in the register: what it permits, then what it forbids.
#[must_use]
pub fn contract(contract: &Contract, schema: &FieldSchema) -> String {
    let document = &contract.agreement.document;
    let mut text = Text { schema, policies: String::new() };
    for purpose in contract.agreement.purposes() {
        for relation in Relation::BOTH {
            text.purpose(contract, purpose, relation);
        }
    }
    for (number, (step, _)) in (1..).zip(contract.steps()) {
        text.step(number, step.at, step.ends);
    }
    text.certification(contract);
    if !document.territory.is_empty() {
        text.territory(&document.territory);
    }
    text.policies
}

/// The register's rules about special categories, minors and countries.
#[must_use]
pub fn platform_rules(rules: &PlatformRules, schema: &FieldSchema) -> String {
    let mut text = Text { schema, policies: String::new() };
    let (special, minors) = (rules.special_of_friends, rules.minor_friend_fields);
    if !special.is_empty() {
        let fields = text.fields(special);
        text.forbid(
            "special-categories-of-friends",
            &format!("context.relation == \"friend\" && {fields}.contains(resource)"),
        );
    }
    let fields = text.fields(minors);
    text.forbid(
        "friends-who-are-minors",
        &format!("context.relation == \"friend\" && context.minor && !{fields}.contains(resource)"),
    );
    let closed = rules.closed_territories();
    if !closed.is_empty() {
        let closed = countries(closed);
        text.forbid(
            "closed-territories",
            &format!(
                "{closed}.contains(context.country) || {closed}.contains(context.parent_country)"
            ),
        );
    }
    text.policies
}

impl Text<'_> {
    fn purpose(&mut self, contract: &Contract, purpose: &Identifier, relation: Relation) {
        let document = &contract.agreement.document;
        let given = contract.agreement.fields(purpose, relation).unwrap_or(FieldSet::EMPTY);
        if given.is_empty() {
            return;
        }
        let route = Route::of(document.kind, relation);
        let conditions = [
            "principal.approved".to_owned(),
            format!("principal.purposes.contains(\"{purpose}\")"),
            format!("principal.declared_{}.contains(resource)", relation.name()),
            format!("context.purpose == \"{purpose}\""),
            format!("context.relation == \"{}\"", relation.name()),
            format!("context.route == \"{}\"", route.name()),
            format!("{}.contains(resource)", self.fields(given)),
            format!("context.now >= {}", document.not_before.seconds()),
            format!("context.now < {}", contract.ends().seconds()),
            "context.setting_open".to_owned(),
            "context.grant_open".to_owned(),
        ];
        // Writing to a String cannot fail.
        let _ = write!(
            self.policies,
            "@id(\"{purpose}: {}\")\npermit (principal, action, resource)\nwhen {{\n  {}\n}};\n\n",
            relation.name(),
            conditions.join(" &&\n  ")
        );
    }

    fn step(&mut self, number: usize, at: Timestamp, ends: Ends) {
        let what = match ends {
            // New grants end where grants are made; a renewal that ends has moved the agreement's end.
            Ends::NewGrants | Ends::Renewal => return,
            Ends::All => "true".to_owned(),
            Ends::Friends => {
                let list = self.fields(FieldSet::of(FieldId::FRIENDS));
                format!("(context.relation == \"friend\" || {list}.contains(resource))")
            }
            Ends::Fields(fields) => format!("{}.contains(resource)", self.fields(fields)),
        };
        let condition = format!("context.now >= {} && {what}", at.seconds());
        self.forbid(&format!("wind-down step {number}"), &condition);
    }

    fn certification(&mut self, contract: &Contract) {
        let frame = FieldSet::of(FieldId::ID).with(FieldId::FRIENDS);
        let types = contract.agreement.types();
        for (category, fields) in types {
            let fields = fields.without(frame);
            if !fields.is_empty() {
                let (cut_at, _) = contract.cut_at(category);
                let fields = self.fields(fields);
                let condition =
                    format!("context.now >= {} && {fields}.contains(resource)", cut_at.seconds());
                self.forbid(&format!("certification of {category}"), &condition);
            }
        }
        let last = types.keys().map(|category| contract.cut_at(category).0).max();
        if let Some(last) = last {
            self.forbid("certification", &format!("context.now >= {}", last.seconds()));
        }
    }

    fn territory(&mut self, within: &[Country]) {
        let within = countries(within);
        self.forbid(
            "territory",
            &format!(
                "!{within}.contains(context.country) || !{within}.contains(context.parent_country)"
            ),
        );
    }

    fn forbid(&mut self, id: &str, condition: &str) {
        // Writing to a String cannot fail.
        let _ = write!(
            self.policies,
            "@id({id:?})\nforbid (principal, action, resource)\nwhen {{ {condition} }};\n\n"
        );
    }

    fn fields(&self, fields: FieldSet) -> String {
        let names: Vec<_> =
            self.schema.names(fields).map(|name| format!("Field::\"{name}\"")).collect();
        format!("[{}]", names.join(", "))
    }
}

fn countries(countries: &[Country]) -> String {
    let countries: Vec<_> = countries.iter().map(|country| format!("\"{country}\"")).collect();
    format!("[{}]", countries.join(", "))
}
