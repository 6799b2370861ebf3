//! Writes an agreement as an ODRL policy of the type Agreement.
//!
//! There is a permission for each purpose, relation and set of fields that end together: to `read`, which
//! ODRL defines as obtaining data from the asset, and not to `use`, which would allow much that no agreement
//! gives. What the partner has to do after release are obligations of the policy and not duties of a
//! permission, which ODRL has fulfilled before the permission is used.

use std::collections::BTreeMap;

use countersign_domain::agreement::Agreement;
use countersign_domain::field::FieldSet;
use countersign_domain::obligation::OnwardTransfer;
use countersign_domain::relation::Relation;
use countersign_domain::route::ClientKind;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use serde_json::{Value, json};

use super::unsaid::unsaid;
use super::{AGREEMENT, CLIENT, CONTEXT, Exported, FIELD, PARTNER, PREFIXES, PROFILE, term};

/// An agreement in ODRL.
#[must_use]
pub fn export(agreement: &Agreement, schema: &FieldSchema) -> Exported {
    let writer = Writer::new(agreement, schema);
    let document = &agreement.document;
    let prefixes: BTreeMap<_, _> =
        PREFIXES.into_iter().filter(|(name, _)| ["cs", "dpv", "loc"].contains(name)).collect();
    let mut policy = json!({
        "@context": [CONTEXT, prefixes],
        "@type": "Agreement",
        "uid": writer.uid,
        "profile": PROFILE,
        "conflict": "prohibit",
        "assigner": {
            "@type": ["Party", "vcard:Organization"],
            "uid": writer.assigner,
            "vcard:fn": document.platform,
        },
        "assignee": { "@type": "Party", "uid": writer.assignee },
    });
    // A rule about nothing is none.
    if !writer.everything().is_empty() {
        writer.rules(&mut policy);
    }
    Exported { policy, not_expressed: unsaid(agreement) }
}

struct Writer<'a> {
    agreement: &'a Agreement,
    schema: &'a FieldSchema,
    uid: String,
    assigner: String,
    assignee: String,
}

impl<'a> Writer<'a> {
    fn new(agreement: &'a Agreement, schema: &'a FieldSchema) -> Self {
        let document = &agreement.document;
        let uid = format!("{AGREEMENT}{}", document.agreement);
        let assigner = format!("{uid}:platform");
        let assignee = format!("{PARTNER}{}", document.partner);
        Self { agreement, schema, uid, assigner, assignee }
    }

    /// A rule about these fields, between the two parties.
    fn rule(&self, name: &str, action: &str, fields: FieldSet, constraints: Vec<Value>) -> Value {
        let target: Vec<_> =
            self.schema.names(fields).map(|name| format!("{FIELD}{name}")).collect();
        let mut rule = json!({
            "uid": format!("{}:{name}", self.uid),
            "target": target,
            "action": action,
            "assigner": self.assigner,
            "assignee": self.assignee,
        });
        if !constraints.is_empty() {
            rule["constraint"] = Value::Array(constraints);
        }
        rule
    }

    fn rules(&self, policy: &mut Value) {
        let obligations = &self.agreement.document.obligations;
        let mut permissions = self.permissions();
        let distribute = self.onward_transfer();
        match obligations.onward_transfer {
            OnwardTransfer::To(_) => permissions.push(distribute),
            OnwardTransfer::None => policy["prohibition"] = json!([distribute]),
        }
        policy["permission"] = Value::Array(permissions);
        policy["obligation"] = json!([
            self.delete("retention", term::RELEASE, obligations.retention_days),
            self.delete("deletion", term::WITHDRAWAL, obligations.deletion_days),
        ]);
    }

    fn permissions(&self) -> Vec<Value> {
        let mut permissions = Vec::new();
        for purpose in &self.agreement.document.purposes {
            for relation in Relation::BOTH {
                let given = self.agreement.fields(&purpose.purpose, relation);
                let groups = self.by_their_ends(given.unwrap_or(FieldSet::EMPTY), relation);
                for (ends, fields) in groups {
                    let mut constraints = vec![
                        constraint("purpose", "eq", json!({ "@id": purpose.dpv })),
                        constraint(term::PURPOSE_NAME, "eq", json!(purpose.purpose)),
                        constraint(term::RELATION, "eq", json!({ "@id": word_of(relation) })),
                    ];
                    constraints.extend(self.circumstances());
                    constraints.extend(ends.into_iter().map(|at| self.until("ends", at)));
                    let name = format!("permission:{}", permissions.len());
                    permissions.push(self.rule(&name, "read", fields, constraints));
                }
            }
        }
        permissions
    }

    /// Fields that end together, by the instants of the steps that end them.
    fn by_their_ends(
        &self,
        given: FieldSet,
        relation: Relation,
    ) -> BTreeMap<Vec<Timestamp>, FieldSet> {
        let mut groups = BTreeMap::<_, FieldSet>::new();
        for field in given.iter() {
            let steps = self.agreement.wind_down().iter();
            let steps = steps.filter(|step| step.ends.fields(relation).contains(field));
            let mut ends: Vec<_> = steps.map(|step| step.at).collect();
            ends.sort_unstable();
            ends.dedup();
            let fields = groups.entry(ends).or_default();
            *fields = fields.with(field);
        }
        groups
    }

    /// What holds for every permission: client, kind, territory, term.
    fn circumstances(&self) -> Vec<Value> {
        let document = &self.agreement.document;
        let route = match document.kind {
            ClientKind::Device => term::DEVICE,
            ClientKind::App => term::APP,
        };
        let client = format!("{CLIENT}{}", document.client);
        let mut constraints = vec![
            constraint("product", "eq", json!({ "@id": client })),
            constraint(term::ROUTE, "eq", json!({ "@id": route })),
        ];
        if !document.territory.is_empty() {
            let countries = document.territory.iter();
            let countries: Vec<_> =
                countries.map(|country| json!({ "@id": format!("loc:{country}") })).collect();
            constraints.push(constraint("spatial", "isAnyOf", json!(countries)));
        }
        constraints.push(constraint("dateTime", "gteq", instant(document.not_before)));
        constraints.push(self.until("until", document.not_after));
        constraints
    }

    /// That something ends; its name tells the agreement's own end from the steps before it.
    fn until(&self, name: &str, at: Timestamp) -> Value {
        let mut constraint = constraint("dateTime", "lt", instant(at));
        constraint["uid"] = match name {
            "until" => json!(format!("{}:until", self.uid)),
            _ => json!(format!("{}:{name}:{at}", self.uid)),
        };
        constraint
    }

    /// Everything that any purpose gives of anybody.
    fn everything(&self) -> FieldSet {
        self.agreement.types().values().copied().fold(FieldSet::EMPTY, FieldSet::or)
    }

    /// The permission to pass data on to some, or the prohibition to pass it on at all.
    fn onward_transfer(&self) -> Value {
        let document = &self.agreement.document;
        match &document.obligations.onward_transfer {
            OnwardTransfer::None => {
                self.rule("prohibition:0", "distribute", self.everything(), Vec::new())
            }
            OnwardTransfer::To(names) => {
                // A purpose for which nothing is given has no permission to read either.
                let given = document.purposes.iter().filter(|one| !one.viewer.is_empty());
                let mut dpv: Vec<_> = given.map(|one| &one.dpv).collect();
                dpv.sort_unstable();
                dpv.dedup();
                let purposes: Vec<_> = dpv.into_iter().map(|dpv| json!({ "@id": dpv })).collect();
                let constraints = vec![
                    constraint("recipient", "isAnyOf", json!(names)),
                    constraint("purpose", "isAnyOf", json!(purposes)),
                ];
                self.rule("permission:onward", "distribute", self.everything(), constraints)
            }
        }
    }

    /// The obligation to delete within so many days after an event.
    fn delete(&self, name: &str, after: &str, days: u32) -> Value {
        let within = json!({ "@value": format!("P{days}D"), "@type": "xsd:duration" });
        let constraints = vec![
            constraint("event", "gt", json!({ "@id": after })),
            constraint("elapsedTime", "lteq", within),
        ];
        self.rule(&format!("obligation:{name}"), "delete", self.everything(), constraints)
    }
}

fn constraint(left: &str, operator: &str, right: Value) -> Value {
    json!({ "leftOperand": left, "operator": operator, "rightOperand": right })
}

fn instant(at: Timestamp) -> Value {
    json!({ "@value": at.to_string(), "@type": "xsd:dateTime" })
}

const fn word_of(relation: Relation) -> &'static str {
    match relation {
        Relation::Viewer => term::SELF,
        Relation::Friend => term::FRIEND,
    }
}
