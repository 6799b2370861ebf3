//! Answers of the platform's own API that many operations have, by what an operation's handler says of them. Their
//! words are in `document.json`.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::response::Response;
use utoipa::openapi::{Ref, RefOr};

/// Answers that have names in the document.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident = $($status:literal $response:literal),+;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let named = [$(($status, $response)),+];
                let named = named.map(|(status, response)| {
                    (status.to_owned(), RefOr::Ref(Ref::from_response_name(response)))
                });
                named.into()
            }
        }
    )+};
}

refusals! {
    /// The token is missing or wrong.
    Unauthorised = "401" "Unauthorised";
    /// There is no such thing.
    NotFound = "404" "NotFound";
    /// A period is being closed.
    ClosingNow = "409" "ClosingNow";
    /// Something of ours fails, and a person has to mend it.
    Broken = "500" "Failed", "507" "NoRoom";
    /// Something of ours fails, which a moment may mend, and nothing was changed.
    NotNow = "503" "NotNow";
    /// What was chosen holds, and the log does not have it yet.
    NotTold = "503" "NotTold";
}
