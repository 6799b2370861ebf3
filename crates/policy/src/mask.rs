//! Compiles the register into a [`Basis`] per build and purpose. Whoever reads a mask never looks at
//! an agreement again until the basis no longer holds.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::agreement::Ends;
use countersign_domain::build::BuildState;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::mask::{Basis, Mask};
use countersign_domain::partner::Partner;
use countersign_domain::reason::Reason;
use countersign_domain::register::{Client, Register, RegisteredBuild};
use countersign_domain::relation::Relation;
use countersign_domain::rules::PlatformRules;
use countersign_domain::terms::terms;
use countersign_domain::time::Timestamp;

/// Every basis that the register gives at an instant.
#[derive(Debug, Default)]
pub struct Masks {
    by_build: HashMap<Identifier, Vec<Arc<Basis>>>,
    holds_until: Option<Timestamp>,
}

impl Masks {
    /// Compiles the register as it stands at `now`.
    #[must_use]
    pub fn compile(register: &Register, now: Timestamp) -> Self {
        let mut masks = Self::default();
        for (name, build) in register.builds() {
            let Some(client) = register.clients().get(&build.build.client) else { continue };
            let of_purpose =
                |purpose| Arc::new(compile_basis(register, client, build, purpose, now));
            let bases: Vec<_> = build.build.purposes.iter().map(of_purpose).collect();
            let ends = bases.iter().map(|basis| basis.holds_until);
            masks.holds_until = masks.holds_until.into_iter().chain(ends).min();
            masks.by_build.insert(name.clone(), bases);
        }
        masks
    }

    /// The basis for a build and a purpose that it declared.
    #[must_use]
    pub fn basis(&self, build: &str, purpose: &str) -> Option<&Arc<Basis>> {
        self.by_build.get(build)?.iter().find(|basis| basis.purpose.as_str() == purpose)
    }

    /// The first second for which the register has to be compiled again.
    #[must_use]
    pub fn holds_until(&self) -> Timestamp {
        self.holds_until.unwrap_or(Timestamp::MAX)
    }
}

fn compile_basis(
    register: &Register,
    client: &Client,
    build: &RegisteredBuild,
    purpose: &Identifier,
    now: Timestamp,
) -> Basis {
    let name = &build.build.client;
    let document = &client.agreement.document;
    let [viewer_terms, friend_terms] =
        Relation::BOTH.map(|relation| terms(&client.agreement, purpose, relation, now));
    let mask = |relation| {
        let terms = if relation == Relation::Viewer { viewer_terms } else { friend_terms };
        Mask::opening(FieldSet::ALL)
            .keep(terms.fields.or(terms.wound_down), Reason::Agreement)
            .keep(terms.fields, Reason::WindDown)
            .keep(build.declared(relation), Reason::Build)
    };
    let (special, minors) = register.rules().map_or((FieldSet::EMPTY, FieldSet::EMPTY), |r| {
        (r.special_of_friends, r.minor_friend_fields)
    });
    let friend =
        mask(Relation::Friend).keep(FieldSet::ALL.without(special), Reason::SpecialCategory);
    let new_grants_ended = client
        .agreement
        .wind_down()
        .iter()
        .any(|step| now >= step.at && matches!(step.ends, Ends::NewGrants | Ends::All));
    Basis {
        partner: client.partner.clone(),
        client: name.clone(),
        build: build.build.build.clone(),
        agreement: client.digest,
        purpose: purpose.clone(),
        kind: document.kind,
        delivery: document.delivery,
        query_token: document.query_token,
        new_grants: !new_grants_ended,
        stopped: stopped(register, client, build),
        viewer: mask(Relation::Viewer),
        minor_friend: friend.clone().keep(minors, Reason::Minor),
        friend,
        holds_until: viewer_terms.holds_until.min(friend_terms.holds_until),
    }
}

/// The clause that stops every answer to this build, if one does.
fn stopped(register: &Register, client: &Client, build: &RegisteredBuild) -> Option<Reason> {
    if register.is_suspended(&build.build.client) {
        return Some(Reason::Suspended);
    }
    if build.state != BuildState::Approved {
        return Some(Reason::Build);
    }
    // Without rules nobody has said what holds for everybody, so nothing is open.
    let Some(rules) = register.rules() else { return Some(Reason::Territory) };
    let partner = register.partners().get(&client.partner);
    closes(rules, partner).then_some(Reason::Territory)
}

/// Whether the rules close the partner's territory. Nobody can say where an unknown one is, so nothing
/// is open to it.
fn closes(rules: &PlatformRules, partner: Option<&Partner>) -> bool {
    partner.is_none_or(|partner| {
        [partner.country, partner.parent_country].iter().any(|country| rules.closes(*country))
    })
}

#[cfg(test)]
mod tests {
    use countersign_domain::key::PublicKey;
    use countersign_domain::partner::Country;
    use countersign_domain::rules::{RULES_VERSION, RulesDocument};
    use countersign_domain::schema::{
        Field, FieldSchema, SCHEMA_VERSION, SchemaDocument, Sensitivity,
    };

    use super::*;

    #[test]
    fn a_partner_whom_nobody_knows_gets_nothing() {
        let country = |code| Country::parse(code).unwrap();
        let document = RulesDocument {
            version: RULES_VERSION,
            special_categories_of_friends: false,
            minor_friend_fields: Vec::new(),
            closed_territories: vec![country("XX")],
        };
        let field = |name: &str| Field {
            name: name.to_owned(),
            aliases: Vec::new(),
            category: "pd:Identifying".to_owned(),
            special: false,
            description: String::new(),
            sensitivity: Sensitivity::Low,
        };
        let fields = vec![field("id"), field("friends")];
        let schema = SchemaDocument { version: SCHEMA_VERSION, fields };
        let schema = FieldSchema::from_document(schema).unwrap();
        let rules = PlatformRules::from_document(&document, &schema).unwrap();
        let partner = |seat, parent| Partner {
            id: Identifier::parse("aurora").unwrap(),
            name: "Aurora".to_owned(),
            country: country(seat),
            parent_country: country(parent),
            owners: Vec::new(),
            key: PublicKey([1; 32]),
        };
        assert!(!closes(&rules, Some(&partner("NL", "NL"))));
        assert!(closes(&rules, Some(&partner("XX", "NL"))));
        assert!(closes(&rules, Some(&partner("NL", "XX"))));
        assert!(closes(&rules, None));
    }
}
