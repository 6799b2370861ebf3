//! What policies may not do, beyond what Cedar's own validator forbids: compare `now` with anything but a
//! literal. What is left is a list of instants, and between two of them nothing changes.

use cedar_policy::Policy;
use countersign_domain::time::Timestamp;
use serde_json::Value;

use super::CedarTrouble;

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lint {
    /// `now` stands somewhere else than in a comparison with a literal.
    #[error(
        "context.now may only be compared (<, <=, >, >=) with a number that is written out, so that everybody can tell when the answer changes"
    )]
    NowComputed,
    /// A literal that is no instant.
    #[error(
        "context.now is compared with {literal}, which is no instant: seconds since 1970 are expected"
    )]
    NoInstant {
        /// The literal.
        literal: i64,
    },
}

/// The instants at which a policy's answer can change.
///
/// # Errors
/// [`Lint`] if it does with `now` what it may not; [`CedarTrouble`] if Cedar cannot show the policy.
pub fn boundaries(policy: &Policy) -> Result<Result<Vec<Timestamp>, Lint>, CedarTrouble> {
    let shown = policy.to_json().map_err(CedarTrouble::new)?;
    let mut boundaries = Vec::new();
    let linted = walk(&shown, &mut boundaries);
    Ok(linted.map(|()| boundaries))
}

/// The comparisons, as Cedar's JSON names them.
const COMPARISONS: [&str; 4] = ["<", "<=", ">", ">="];

fn walk(value: &Value, boundaries: &mut Vec<Timestamp>) -> Result<(), Lint> {
    match value {
        Value::Object(members) => {
            if is_now(value) {
                return Err(Lint::NowComputed);
            }
            for (name, member) in members {
                let compared =
                    COMPARISONS.contains(&name.as_str()).then(|| literal(member)).flatten();
                match compared {
                    Some(literal) => {
                        // `<` and `>=` change at the literal, `<=` and `>` in the second behind it.
                        for second in [Some(literal), literal.checked_add(1)] {
                            let second = second.and_then(|second| u64::try_from(second).ok());
                            let second = second.ok_or(Lint::NoInstant { literal })?;
                            boundaries.push(Timestamp::from_seconds(second));
                        }
                    }
                    None => walk(member, boundaries)?,
                }
            }
            Ok(())
        }
        Value::Array(members) => members.iter().try_for_each(|member| walk(member, boundaries)),
        _ => Ok(()),
    }
}

/// Whether this is `context.now`.
fn is_now(value: &Value) -> bool {
    let access = value.get(".");
    let of = |access: &Value| access.pointer("/left/Var") == Some(&Value::from("context"));
    access.is_some_and(|access| of(access) && access.get("attr") == Some(&Value::from("now")))
}

/// The literal with which a comparison compares `now`, if that is what it does.
fn literal(comparison: &Value) -> Option<i64> {
    let (left, right) = (comparison.get("left")?, comparison.get("right")?);
    let other = if is_now(left) {
        right
    } else if is_now(right) {
        left
    } else {
        return None;
    };
    other.get("Value")?.as_i64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lint(condition: &str) -> Result<Vec<u64>, Lint> {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let policy = Policy::parse(None, text).unwrap();
        let found = boundaries(&policy).unwrap()?;
        Ok(found.into_iter().map(Timestamp::seconds).collect())
    }

    #[test]
    fn now_is_compared_with_literals_and_nothing_else() {
        assert_eq!(lint("context.now >= 1528070400"), Ok(vec![1_528_070_400, 1_528_070_401]));
        assert_eq!(lint("7 > context.now && context.minor"), Ok(vec![7, 8]));
        assert_eq!(lint("context.minor"), Ok(vec![]));
        assert_eq!(lint("context.now < -1"), Err(Lint::NoInstant { literal: -1 }));
        for bad in [
            "context.now == 7",
            "context.now + 1 >= 7",
            "context.now >= 7 + 1",
            "context.now >= context.now",
            "[context.now].contains(7)",
            "!(context.now != 7)",
            "if context.minor then context.now > 1 else context.now * 2 > 1",
            "context[\"now\"] == 3",
        ] {
            assert_eq!(lint(bad), Err(Lint::NowComputed), "{bad}");
        }
    }
}
