//! `GET /admin/v1/register`: the register as it stands. Nothing in it is secret; it can be computed
//! from the public log as well.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::clock;
use countersign_service::operations::register::ShownRegister;

use crate::extract::Json;
use crate::gateway::Gateway;

/// The register as it stands.
///
/// Nothing in it is secret; it can be computed from the public log as well.
#[utoipa::path(
    get,
    path = "/register",
    operation_id = "readRegister",
    responses(
        (status = 200, description = "The keys and fields in force, partners, clients with their agreements, builds with their states, what partners owe, and who is suspended.", body = ShownRegister),
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Json<ShownRegister> {
    Json(gateway.service.shown_register(clock::now()))
}
