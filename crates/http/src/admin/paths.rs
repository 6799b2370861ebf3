//! The variable segments of the admin API's paths.

use countersign_service::operations::vocabulary::{GrantId, Name};
use serde::Deserialize;
use utoipa::IntoParams;

/// A path of a person.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AccountPath {
    /// The platform's own name for the person.
    #[param(min_length = 1, example = "partly-open")]
    pub account: String,
}

/// A path of one of a person's grants.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct GrantPath {
    /// The platform's own name for the person.
    #[param(min_length = 1, example = "partly-open")]
    pub account: String,
    /// The grant, as the list of the person's grants has it.
    #[param(value_type = GrantId, example = "00000000000000000000000000000000")]
    pub id: String,
}

/// A path of one of a person's choices.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ConsentPath {
    /// The platform's own name for the person.
    #[param(min_length = 1, example = "partly-open")]
    pub account: String,
    /// The choice's number in the person's history.
    #[param(minimum = 1, maximum = 9007199254740991_u64)]
    pub number: u64,
}

/// A path of a client.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ClientPath {
    /// The client, as the register has it.
    #[param(value_type = Name)]
    pub client: String,
}
