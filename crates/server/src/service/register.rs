//! The register as it stands, as JSON. Nothing in it is secret; it can be computed
//! from the public log as well.

use countersign_domain::contract::Contract;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use serde_json::{Value, json};

/// The fields in force, partners, clients with their agreements, builds with their states, each
/// partner's last screening, and who is suspended.
#[must_use]
pub fn as_json(register: &Register) -> Value {
    let agreement = |contract: &Contract| {
        let document = &contract.agreement.document;
        json!({
            "agreement": document.agreement,
            "digest": contract.digest,
            "not_before": document.not_before.to_string(),
            "not_after": contract.ends().to_string(),
            "entry": contract.index,
        })
    };
    let clients = register.clients().iter().map(|(name, client)| {
        json!({
            "client": name,
            "partner": client.partner,
            "kind": client.kind,
            "agreements": client.contracts.values().map(agreement).collect::<Vec<_>>(),
            "suspended": register.is_suspended(name),
        })
    });
    let builds = register.builds().iter().map(|(name, build)| {
        json!({ "build": name, "client": build.build.client, "state": build.state })
    });
    json!({
        "fields": register.schema().map(FieldSchema::fields).unwrap_or_default(),
        "rules": register.rules_document(),
        "partners": register.partners().values().collect::<Vec<_>>(),
        "clients": clients.collect::<Vec<_>>(),
        "builds": builds.collect::<Vec<_>>(),
        "screenings": register.screenings().values().collect::<Vec<_>>(),
        "suspended": register.suspended().collect::<Vec<_>>(),
        "reviews_paused": register.reviews_paused(),
    })
}
