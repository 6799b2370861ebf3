//! `GET /admin/v1/erasures`: who asked for erasure and is not destroyed yet.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::AdminError;
use super::erasure::ShownErasure;
use crate::closes::Closes;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::store::{People, StoreError};

/// What is being erased.
#[derive(Debug, Serialize, Deserialize)]
pub struct Erasures {
    /// Who asked for it and is not destroyed yet.
    pub erasures: Vec<ShownErasure>,
    /// Whether the file of the people store still has bytes of somebody who was destroyed, which the server's next
    /// start ends.
    pub has_remnants: bool,
}

impl Erasures {
    /// What is being erased now.
    pub(crate) fn of(people: &People, closes: &Closes) -> Result<Self, StoreError> {
        let erasures = people.erasures()?;
        Ok(Self {
            erasures: erasures.iter().map(|erasure| ShownErasure::of(erasure, closes)).collect(),
            has_remnants: people.has_remnants()?,
        })
    }
}

/// What is being erased now.
///
/// # Errors
/// [`AdminError`] 500 if the store cannot be read.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<Erasures>, AdminError> {
    Ok(Json(Erasures::of(&gateway.service.people, &gateway.service.closes)?))
}
