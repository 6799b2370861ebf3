//! What stands beside a list of friends: its paging and its summary.
//!
//! ```text
//! "paging":{"cursors":{"before":FIRST,"after":LAST}}     FIRST and LAST: the ids of the list's ends
//!     perhaps with "previous":LINK                       LINK leads back: its query has before=FIRST
//!     perhaps with "next":LINK                           LINK leads on: its query has after=LAST
//! "summary":{"total_count":N}                            N: at least as many as the list has; 0 if it has none
//! ```
//!
//! Nothing else is taken, so that neither says of anybody what the records do not say.

use countersign_domain::person::PairwiseId;

use crate::answer::{AnswerError, Place, check_keys_differ};
use crate::body::Value;

const CURSORS: &str = "cursors";
const BEFORE: &str = "before";
const AFTER: &str = "after";
const NEXT: &str = "next";
const PREVIOUS: &str = "previous";
const TOTAL_COUNT: &str = "total_count";

/// Checks the paging of a list whose first and last friends are these, if there are any.
///
/// # Errors
/// [`AnswerError`] when it is not of the one form.
pub(crate) fn check_paging(
    paging: &Value,
    ends: Option<(&PairwiseId, &PairwiseId)>,
) -> Result<(), AnswerError> {
    let wrong = |reason| Err(AnswerError::Paging { reason });
    let Some((first, last)) = ends else { return wrong("an empty list has none") };
    let Value::Object(members) = paging else { return wrong("it is not an object") };
    check_keys_differ(members, Place::Paging)?;
    let mut cursors = None;
    for (key, value) in members {
        match (key.as_str(), value) {
            (CURSORS, Value::Object(found)) => cursors = Some(found),
            (NEXT, Value::Text(link)) if leads(link, AFTER, last) => {}
            (NEXT, _) => return wrong("\"next\" is not a link to what is after the last friend"),
            (PREVIOUS, Value::Text(link)) if leads(link, BEFORE, first) => {}
            (PREVIOUS, _) => {
                return wrong("\"previous\" is not a link to what is before the first friend");
            }
            _ => return wrong("it has another key than \"cursors\", \"previous\" and \"next\""),
        }
    }
    let Some(cursors) = cursors else { return wrong("there is no object \"cursors\"") };
    check_keys_differ(cursors, Place::Paging)?;
    if cursors.len() != 2 {
        return wrong("the cursors are not \"before\" and \"after\"");
    }
    for (key, value) in cursors {
        let end = match key.as_str() {
            BEFORE => first,
            AFTER => last,
            _ => return wrong("the cursors are not \"before\" and \"after\""),
        };
        if !matches!(value, Value::Text(text) if *text == end.to_string()) {
            return wrong("a cursor is not the id of the first and the last friend");
        }
    }
    Ok(())
}

/// Whether a link goes to a server, and its query says once, and in plain letters, on which side of whom
/// (`cursor` is `after` or `before`), and nothing of the other side.
fn leads(link: &str, cursor: &str, end: &PairwiseId) -> bool {
    let address = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    let query = address.filter(|address| !address.contains('#'));
    let Some((_, query)) = query.and_then(|address| address.split_once('?')) else { return false };
    let mut cursors = Vec::new();
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key.contains('%') {
            return false;
        }
        if key == AFTER || key == BEFORE {
            cursors.push((key, value));
        }
    }
    cursors == [(cursor, end.to_string().as_str())]
}

/// Checks the summary of a list of so many friends.
///
/// # Errors
/// [`AnswerError`] when it is not of the one form.
pub(crate) fn check_summary(summary: &Value, listed: usize) -> Result<(), AnswerError> {
    let wrong = |reason| Err(AnswerError::Summary { reason });
    let Value::Object(members) = summary else { return wrong("it is not an object") };
    let [(key, Value::Count(count))] = members.as_slice() else {
        return wrong("it is not \"total_count\" alone, with a number");
    };
    match usize::try_from(*count) {
        _ if key != TOTAL_COUNT => wrong("it is not \"total_count\" alone, with a number"),
        Ok(0) if listed == 0 => Ok(()),
        _ if listed == 0 => wrong("an empty list has a \"total_count\" of 0"),
        Ok(count) if count < listed => wrong("\"total_count\" is below what is listed"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Members;

    const FIRST: PairwiseId = PairwiseId([0x0a; 16]);
    const LAST: PairwiseId = PairwiseId([0xff; 16]);

    fn check(paging: &str) -> Result<(), AnswerError> {
        let paging = paging.replace('A', &FIRST.to_string()).replace('Z', &LAST.to_string());
        let Members(members) = serde_json::from_str(&paging).unwrap();
        check_paging(&Value::Object(members), Some((&FIRST, &LAST)))
    }

    fn with(key: &str, link: &str) -> String {
        format!(r#"{{"cursors":{{"before":"A","after":"Z"}},"{key}":"{link}"}}"#)
    }

    #[test]
    fn the_ends_of_the_list_and_a_link_onward_are_taken() {
        for paging in [
            r#"{"cursors":{"before":"A","after":"Z"}}"#.to_owned(),
            r#"{"cursors":{"after":"Z","before":"A"}}"#.to_owned(),
            with("next", "https://h/v3.0/x/friends?fields=id%2Cname&limit=2&after=Z"),
            with("next", "http://127.0.0.1:1/x?after=Z"),
            with("previous", "https://h/v3.0/x/friends?before=A&limit=2"),
            r#"{"previous":"http://h/?before=A","cursors":{"before":"A","after":"Z"},"next":"http://h/?after=Z"}"#.to_owned(),
        ] {
            assert_eq!(check(&paging), Ok(()), "{paging}");
        }
    }

    #[test]
    fn any_other_paging_is_refused() {
        for paging in [
            "{}",
            r#"{"cursors":{}}"#,
            r#"{"cursors":"A"}"#,
            r#"{"cursors":{"before":"A"}}"#,
            r#"{"cursors":{"before":"Z","after":"A"}}"#,
            r#"{"cursors":{"before":"A","after":7}}"#,
            r#"{"cursors":{"before":"A","after":"Z","religion":"x"}}"#,
            r#"{"cursors":{"before":"A","religion":"Z"}}"#,
            r#"{"cursors":{"before":"A","after":"Z"},"previous":"https://h/?after=Z"}"#,
            r#"{"cursors":{"before":"A","after":"Z"},"previous":["https://h/?before=A"]}"#,
            r#"{"cursors":{"before":"A","after":"Z"},"next":null}"#,
            r#"{"next":"https://h/?after=Z"}"#,
        ] {
            assert!(matches!(check(paging), Err(AnswerError::Paging { .. })), "{paging}");
        }
        for paging in [
            r#"{"cursors":{"before":"A","after":"Z","after":"Z"}}"#,
            r#"{"cursors":{"before":"A","after":"Z"},"cursors":{}}"#,
        ] {
            assert!(matches!(check(paging), Err(AnswerError::Repeated { .. })), "{paging}");
        }
        assert!(check_paging(&Value::Object(Vec::new()), None).is_err(), "for an empty list");
        assert!(check_paging(&Value::Other, Some((&FIRST, &LAST))).is_err(), "null");
    }

    #[test]
    fn a_link_that_does_not_lead_on_is_refused() {
        for link in [
            "/x?after=Z",
            "ftp://h/x?after=Z",
            "https://h/x",
            "https://h/after=Z",
            "https://h/x?after=A",
            "https://h/x?after=Zf",
            "https://h/x?before=Z",
            "https://h/x?after=Z&after=A",
            "https://h/x?%61fter=A&after=Z",
            "https://h/x?after=Z&before=A",
            "https://h/x?y#&after=Z",
        ] {
            let refused = check(&with("next", link));
            assert!(matches!(refused, Err(AnswerError::Paging { .. })), "{link}");
        }
        for link in ["https://h/x?before=Z", "https://h/x?after=A", "https://h/x?before=A&after=Z"]
        {
            let refused = check(&with("previous", link));
            assert!(matches!(refused, Err(AnswerError::Paging { .. })), "{link}");
        }
    }

    #[test]
    fn a_summary_counts_at_least_what_is_listed_and_nothing_where_nobody_is() {
        let check = |summary: &str, listed| {
            let Members(members) = serde_json::from_str(summary).unwrap();
            check_summary(&Value::Object(members), listed)
        };
        for (summary, listed, taken) in [
            (r#"{"total_count":0}"#, 0, true),
            (r#"{"total_count":1}"#, 0, false),
            (r#"{"total_count":3}"#, 3, true),
            (r#"{"total_count":477}"#, 3, true),
            (r#"{"total_count":2}"#, 3, false),
            (r#"{"total_count":-1}"#, 0, false),
            (r#"{"total_count":3.5}"#, 3, false),
            (r#"{"total_count":"3"}"#, 3, false),
            (r#"{"total_count":3,"total_count":4}"#, 3, false),
            (r#"{"total_count":3,"name":4}"#, 3, false),
            (r#"{"after":3}"#, 3, false),
            ("{}", 0, false),
        ] {
            assert_eq!(check(summary, listed).is_ok(), taken, "{summary} beside {listed}");
        }
        assert!(check_summary(&Value::Count(3), 3).is_err());
    }
}
