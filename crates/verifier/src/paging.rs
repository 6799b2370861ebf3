//! The paging of a list of friends:
//!
//! ```text
//! {"cursors":{"before":FIRST,"after":LAST}}                 FIRST and LAST: the ids of the list's ends
//! {"cursors":{"before":FIRST,"after":LAST},"next":LINK}     LINK leads on: its query has after=LAST
//! ```
//!
//! Nothing else is taken, so that paging says of nobody what the records do not say.

use countersign_domain::person::PairwiseId;

use crate::answer::{AnswerError, Place, check_keys_differ};
use crate::body::Value;

const CURSORS: &str = "cursors";
const BEFORE: &str = "before";
const AFTER: &str = "after";
const NEXT: &str = "next";

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
            (NEXT, Value::Text(link)) if leads_on(link, last) => {}
            (NEXT, _) => return wrong("\"next\" is not a link to what is after the last friend"),
            _ => return wrong("it has another key than \"cursors\" and \"next\""),
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

/// Whether a link goes to a server, and its query says once, and in plain letters, after whom.
fn leads_on(link: &str, last: &PairwiseId) -> bool {
    let address = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    let query = address.filter(|address| !address.contains('#'));
    let Some((_, query)) = query.and_then(|address| address.split_once('?')) else { return false };
    let keys_are_plain =
        query.split('&').all(|pair| !pair.split('=').next().unwrap_or_default().contains('%'));
    let mut after = query.split('&').filter_map(|pair| pair.strip_prefix("after="));
    let leads = after.next().is_some_and(|after| after == last.to_string());
    keys_are_plain && leads && after.next().is_none()
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

    fn with_next(link: &str) -> String {
        format!(r#"{{"cursors":{{"before":"A","after":"Z"}},"next":"{link}"}}"#)
    }

    #[test]
    fn the_ends_of_the_list_and_a_link_onward_are_taken() {
        for paging in [
            r#"{"cursors":{"before":"A","after":"Z"}}"#.to_owned(),
            r#"{"cursors":{"after":"Z","before":"A"}}"#.to_owned(),
            with_next("https://h/v3.0/x/friends?fields=id%2Cname&limit=2&after=Z"),
            with_next("http://127.0.0.1:1/x?after=Z"),
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
            "https://h/x?y#&after=Z",
        ] {
            let refused = check(&with_next(link));
            assert!(matches!(refused, Err(AnswerError::Paging { .. })), "{link}");
        }
    }
}
