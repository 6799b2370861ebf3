//! Answers to a client about its own tokens and grants that say besides who the viewer is. Of the viewer
//! they hold the id and nothing else; what else they hold is the client's own, and has one form, so that
//! nothing about a person finds room in it.

use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;

use crate::answer::{AnswerError, Place, check_keys_differ};
use crate::body::Value;

const USER_ID: &str = "user_id";

/// The id in an answer about a token, which is the object under `data`.
///
/// # Errors
/// [`AnswerError`] for any key that is not of this form, and without an id.
pub(crate) fn token_user(token: &[(String, Value)]) -> Result<PairwiseId, AnswerError> {
    let place = Place::Token;
    check_keys_differ(token, place)?;
    let mut id = None;
    for (key, value) in token {
        let fits = match (key.as_str(), value) {
            (USER_ID, Value::Text(text)) => {
                id = Some(PairwiseId::parse(text).ok_or(AnswerError::BadId { place })?);
                true
            }
            (USER_ID, _) => return Err(AnswerError::BadId { place }),
            ("app_id" | "application", Value::Text(name)) => is_name(name),
            ("type", Value::Text(kind)) => kind == "USER",
            ("scopes", Value::List(scopes)) => scopes.iter().all(is_permission),
            ("data_access_expires_at" | "expires_at" | "issued_at" | "is_valid", value) => {
                matches!(value, Value::Count(_) | Value::Other)
            }
            ("app_id" | "application" | "type" | "scopes", _) => false,
            _ => return Err(AnswerError::UnknownField { place, key: key.clone() }),
        };
        if !fits {
            let reason = format!("{place}: {key} is not what it is to be");
            return Err(AnswerError::Shape { reason });
        }
    }
    id.ok_or(AnswerError::NoId { place })
}

/// Whether a list is of permissions, and of nothing else.
pub(crate) fn are_permissions(list: &[Value]) -> bool {
    let is_one = |item: &Value| {
        let Value::Object(members) = item else { return false };
        let [(first, name), (second, status)] = members.as_slice() else { return false };
        first == "permission"
            && is_permission(name)
            && second == "status"
            && matches!(status, Value::Text(status) if status == "granted" || status == "declined")
    };
    !list.is_empty() && list.iter().all(is_one)
}

fn is_permission(name: &Value) -> bool {
    matches!(name, Value::Text(name) if is_name(name))
}

fn is_name(text: &str) -> bool {
    Identifier::parse(text).is_ok()
}
