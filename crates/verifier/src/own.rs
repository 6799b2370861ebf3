//! Answers to a client about its own tokens and grants that say besides who the viewer is. Of the viewer
//! they hold the id and nothing else; what else they hold is the client's own, and has one form, so that
//! nothing about a person finds room in it.

use countersign_domain::permission::are_in_order;
use countersign_domain::person::PairwiseId;
use countersign_domain::schema::FieldSchema;
use countersign_protocol::chronology::ACT_SKEW_S;

use crate::answer::{AnswerError, Context, Place, check_keys_differ};
use crate::body::Value;

const USER_ID: &str = "user_id";

/// How far a token's times may be from that of the answer, in seconds: they are the client's own to know, and
/// have no more room than that.
const TOKEN_TIMES_S_MAX: u64 = 366 * 86_400;

/// The id in an answer about a token, which is the object under `data`.
///
/// # Errors
/// [`AnswerError`] for any key that is not of this form, and without an id.
pub(crate) fn token_user(
    token: &[(String, Value)],
    context: &Context<'_>,
) -> Result<PairwiseId, AnswerError> {
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
            ("app_id" | "application", Value::Text(name)) => name == context.client.as_str(),
            ("type", Value::Text(kind)) => kind == "USER",
            ("scopes", Value::List(scopes)) => are_scopes(scopes, context.schema),
            // A token that does not hold is told without its viewer.
            ("is_valid", Value::Flag(is_valid)) => *is_valid,
            ("issued_at", Value::Count(at)) => is_near(*at, TOKEN_TIMES_S_MAX, ACT_SKEW_S, context),
            ("expires_at" | "data_access_expires_at", Value::Count(at)) => {
                is_near(*at, ACT_SKEW_S, TOKEN_TIMES_S_MAX, context)
            }
            (
                "app_id"
                | "application"
                | "type"
                | "scopes"
                | "is_valid"
                | "issued_at"
                | "expires_at"
                | "data_access_expires_at",
                _,
            ) => false,
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
pub(crate) fn are_permissions(list: &[Value], schema: &FieldSchema) -> bool {
    let names: Option<Vec<_>> = list.iter().map(permission_of).collect();
    names.is_some_and(|names| !names.is_empty() && are_in_order(names, schema))
}

fn permission_of(item: &Value) -> Option<&str> {
    let Value::Object(members) = item else { return None };
    let [(first, Value::Text(name)), (second, Value::Text(status))] = members.as_slice() else {
        return None;
    };
    let is_one = first == "permission"
        && second == "status"
        && matches!(status.as_str(), "granted" | "declined");
    is_one.then_some(name.as_str())
}

fn are_scopes(list: &[Value], schema: &FieldSchema) -> bool {
    let names: Option<Vec<_>> = list
        .iter()
        .map(|item| match item {
            Value::Text(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.is_some_and(|names| are_in_order(names, schema))
}

/// Whether an instant is at most so many seconds before or after the answer's time.
fn is_near(at_s: u64, before_s: u64, after_s: u64, context: &Context<'_>) -> bool {
    let time_s = context.time.seconds();
    (time_s.saturating_sub(before_s)..=time_s.saturating_add(after_s)).contains(&at_s)
}
