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
use countersign_domain::schema::{Field, FieldSchema};
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::Ends;

/// A part of the rendering that can be left out, to see whether a proof notices.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// That the build is approved.
    Approved,
    /// Which fields are given.
    Fields,
    /// The end of the term.
    Until,
    /// The person's setting and the viewer's grant.
    Consent,
    /// The wind-down steps.
    WindDown,
    /// What is cut when it is not certified.
    Certification,
    /// The agreement's countries.
    Territory,
    /// The platform's rules about special categories and minors.
    PlatformRules,
}

/// Policies under construction.
struct Text<'a> {
    schema: &'a FieldSchema,
    without: &'a [Part],
    policies: String,
}

/// The policies of one agreement, as it stands in the register: what it permits, then what it forbids.
#[must_use]
pub fn contract(contract: &Contract, schema: &FieldSchema) -> String {
    contract_without(contract, schema, &[])
}

/// The same with some parts left out: an agreement that is broken on purpose.
#[must_use]
pub fn contract_without(contract: &Contract, schema: &FieldSchema, without: &[Part]) -> String {
    let document = &contract.agreement.document;
    let mut text = Text { schema, without, policies: String::new() };
    for purpose in contract.agreement.purposes() {
        for relation in Relation::BOTH {
            text.purpose(contract, purpose, relation);
        }
    }
    if text.has(Part::WindDown) {
        for (number, (step, _)) in (1..).zip(contract.steps()) {
            text.step(number, step.at, step.ends);
        }
    }
    if text.has(Part::Certification) {
        text.certification(contract);
    }
    if text.has(Part::Territory) && !document.territory.is_empty() {
        text.territory(&document.territory);
    }
    text.policies
}

/// The register's rules about special categories, minors and countries.
#[must_use]
pub fn platform_rules(rules: &PlatformRules, schema: &FieldSchema) -> String {
    let mut text = Text { schema, without: &[], policies: String::new() };
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
        let closed = set_of_countries(closed);
        text.forbid(
            "closed-territories",
            &format!(
                "{closed}.contains(context.country) || {closed}.contains(context.parent_country)"
            ),
        );
    }
    text.policies
}

/// What is so of every request there can be, as a condition: the field is one of the schema's with that
/// field's attributes, and the circumstances are those that the gateway knows.
#[must_use]
pub fn facts(schema: &FieldSchema) -> String {
    let field = |field: &Field| {
        format!(
            "(resource == Field::\"{}\" && resource.category == {:?} && resource.sensitivity == \"{}\" && resource.special == {})",
            field.name,
            field.category,
            super::sensitivity(field.sensitivity),
            field.special
        )
    };
    let fields: Vec<_> = schema.fields().iter().map(field).collect();
    let routes = Route::ALL.map(|route| format!("\"{}\"", route.name())).join(", ");
    let relations = Relation::BOTH.map(|relation| format!("\"{}\"", relation.name())).join(", ");
    format!(
        "({}) && [{relations}].contains(context.relation) && [{routes}].contains(context.route) && context.now >= 0 && context.now <= {}",
        fields.join(" || "),
        Timestamp::MAX.seconds()
    )
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
            (Some(Part::Approved), "principal.approved".to_owned()),
            (None, format!("principal.purposes.contains(\"{purpose}\")")),
            (None, format!("principal.declared_{}.contains(resource)", relation.name())),
            (None, format!("context.purpose == \"{purpose}\"")),
            (None, format!("context.relation == \"{}\"", relation.name())),
            (None, format!("context.route == \"{}\"", route.name())),
            (Some(Part::Fields), format!("{}.contains(resource)", self.fields(given))),
            (None, format!("context.now >= {}", document.not_before.seconds())),
            (Some(Part::Until), format!("context.now < {}", contract.ends().seconds())),
            (Some(Part::Consent), "context.setting_open".to_owned()),
            (Some(Part::Consent), "context.grant_open".to_owned()),
        ];
        let kept = |(part, condition): (Option<Part>, String)| {
            part.is_none_or(|part| self.has(part)).then_some(condition)
        };
        let conditions: Vec<_> = conditions.into_iter().filter_map(kept).collect();
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
        let within = set_of_countries(within);
        self.forbid(
            "territory",
            &format!(
                "!{within}.contains(context.country) || !{within}.contains(context.parent_country)"
            ),
        );
    }

    fn has(&self, part: Part) -> bool {
        !self.without.contains(&part)
    }

    fn forbid(&mut self, id: &str, condition: &str) {
        // Writing to a String cannot fail.
        let _ = write!(
            self.policies,
            "@id({id:?})\nforbid (principal, action, resource)\nwhen {{ {condition} }};\n\n"
        );
    }

    fn fields(&self, fields: FieldSet) -> String {
        set_of_fields(self.schema.names(fields))
    }
}

/// Fields as a set. Cedar has no type for an empty one that is written out; a field that no schema can have
/// stands in it instead.
pub(crate) fn set_of_fields<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("Field::\"{name}\"")).collect();
    if names.is_empty() { "[Field::\"\"]".to_owned() } else { format!("[{}]", names.join(", ")) }
}

/// Countries as a set, an empty one likewise.
pub(crate) fn set_of_countries(countries: &[Country]) -> String {
    let countries: Vec<_> = countries.iter().map(|country| format!("\"{country}\"")).collect();
    if countries.is_empty() { "[\"\"]".to_owned() } else { format!("[{}]", countries.join(", ")) }
}
