//! `GET /admin/v1/register`: the register as it stands. Nothing in it is secret; it can be computed
//! from the public log as well.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::register::Register;
use countersign_domain::schema::FieldSchema;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::gateway::extract::Json;

/// The register as JSON.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    Json(as_json(&gateway.log.register()))
}

/// The fields in force, partners, clients with their agreements, builds with their states, and who is
/// suspended.
#[must_use]
pub fn as_json(register: &Register) -> Value {
    let clients = register.clients().iter().map(|(name, client)| {
        json!({
            "client": name,
            "partner": client.partner,
            "agreement": client.agreement.document.agreement,
            "digest": client.digest,
            "not_before": client.agreement.document.not_before.to_string(),
            "not_after": client.agreement.document.not_after.to_string(),
            "suspended": register.is_suspended(name),
        })
    });
    let builds = register.builds().iter().map(|(name, build)| {
        json!({ "build": name, "client": build.build.client, "state": build.state })
    });
    json!({
        "fields": register.schema().map(FieldSchema::fields).unwrap_or_default(),
        "partners": register.partners().values().collect::<Vec<_>>(),
        "clients": clients.collect::<Vec<_>>(),
        "builds": builds.collect::<Vec<_>>(),
        "suspended": register.suspended(),
        "reviews_paused": register.reviews_paused(),
    })
}
