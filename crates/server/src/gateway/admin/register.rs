//! `GET /admin/v1/register`: the register as it stands. Nothing in it is secret; it can be computed
//! from the public log as well.

use std::sync::Arc;

use axum::extract::State;
use serde_json::Value;

use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::service::register::as_json;

/// The register as JSON.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Json<Value> {
    Json(as_json(&gateway.service.log.register()))
}
