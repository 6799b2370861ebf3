//! What stands beside a list of friends: its paging and its summary.
//!
//! ```text
//! "paging":{"cursors":{"before":FIRST,"after":LAST}}     FIRST and LAST: the ids of the list's ends
//!     perhaps with "previous":LINK                       LINK leads back: its query ends with before=FIRST
//!     perhaps with "next":LINK                           LINK leads on: its query ends with after=LAST
//! LINK = SCHEME HOST "/v" N "." N "/" VIEWER "/friends?" [PAIR "&" …] CURSOR "=" ID
//! PAIR = "access_token=" TOKEN | "fields=" KEY ["%2C" KEY …] | "limit=" N | "summary=total_count"
//! "summary":{"total_count":N}                            N: at least as many as the list has
//! ```
//!
//! Nothing else is taken, so that neither says of anybody what the records do not say: each PAIR stands at most
//! once, in this order, the KEYs are fields in the schema's order, and both links are one but for the cursor.

use countersign_domain::person::PairwiseId;
use countersign_domain::schema::FieldSchema;

use crate::answer::{AnswerError, Context, Place, check_keys_differ};
use crate::body::Value;

const CURSORS: &str = "cursors";
const BEFORE: &str = "before";
const AFTER: &str = "after";
const NEXT: &str = "next";
const PREVIOUS: &str = "previous";
const TOTAL_COUNT: &str = "total_count";

/// The longest host with its port.
const HOST_BYTES_MAX: usize = 261;
/// The longest token in a link, as a query has it.
const TOKEN_BYTES_MAX: usize = 1_024;
/// The most friends that a link may ask for.
const LIMIT_MAX: u64 = 65_535;

/// Checks the paging of a list whose first and last friends are these, if there are any.
///
/// # Errors
/// [`AnswerError`] when it is not of the one form.
pub(crate) fn check_paging(
    paging: &Value,
    ends: Option<(&PairwiseId, &PairwiseId)>,
    context: &Context<'_>,
) -> Result<(), AnswerError> {
    let wrong = |reason| Err(AnswerError::Paging { reason });
    let Some((first, last)) = ends else { return wrong("an empty list has none") };
    let Value::Object(members) = paging else { return wrong("it is not an object") };
    check_keys_differ(members, Place::Paging)?;
    let (mut cursors, mut page) = (None, None);
    for (key, value) in members {
        let (cursor, end, reason) = match (key.as_str(), value) {
            (CURSORS, Value::Object(found)) => {
                cursors = Some(found);
                continue;
            }
            (NEXT, _) => (AFTER, last, "\"next\" is not a link to what is after the last friend"),
            (PREVIOUS, _) => {
                (BEFORE, first, "\"previous\" is not a link to what is before the first friend")
            }
            _ => return wrong("it has another key than \"cursors\", \"previous\" and \"next\""),
        };
        let Value::Text(link) = value else { return wrong(reason) };
        let Some(found) = page_of(link, cursor, end, context) else { return wrong(reason) };
        if *page.get_or_insert(found) != found {
            return wrong("\"previous\" and \"next\" differ in more than the cursor");
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

/// What a link says before its cursor, which is `after` or `before`; `None` of one that is not of the form.
fn page_of<'a>(
    link: &'a str,
    cursor: &str,
    end: &PairwiseId,
    context: &Context<'_>,
) -> Option<&'a str> {
    let (page, last) = link.rsplit_once(['?', '&'])?;
    if last != format!("{cursor}={end}") {
        return None;
    }
    let address = page.strip_prefix("https://").or_else(|| page.strip_prefix("http://"))?;
    let (host, path) = address.split_once('/')?;
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let (version, of_viewer) = path.split_once('/')?;
    let fits = is_host(host)
        && is_version(version)
        && of_viewer == format!("{}/friends", context.viewer)
        && query.is_none_or(|query| is_query(query, context.schema));
    fits.then_some(page)
}

/// Whether a query has nothing but what asks for a page, each at most once and in the order of the form.
fn is_query(query: &str, schema: &FieldSchema) -> bool {
    let mut left = ["access_token", "fields", "limit", "summary"].into_iter();
    query.split('&').all(|pair| {
        let Some((key, value)) = pair.split_once('=') else { return false };
        let fits = match key {
            "access_token" => is_token(value),
            "fields" => are_fields(value, schema),
            "limit" => is_number(value, LIMIT_MAX),
            _ => value == TOTAL_COUNT,
        };
        fits && left.any(|name| name == key)
    })
}

fn is_host(host: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
    !host.is_empty() && host.len() <= HOST_BYTES_MAX && host.bytes().all(allowed)
}

fn is_version(version: &str) -> bool {
    let numbers = version.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
    numbers.is_some_and(|(major, minor)| is_number(major, 99) && is_number(minor, 99))
}

fn is_token(value: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"*-._+%".contains(&b);
    value.len() <= TOKEN_BYTES_MAX && value.bytes().all(allowed)
}

/// Whether these are fields by name or alias, in the schema's order and each once.
fn are_fields(value: &str, schema: &FieldSchema) -> bool {
    let mut from = 0;
    value.is_empty()
        || value.split("%2C").all(|key| {
            let number = schema.by_key(key).map(|field| field.number());
            let fits = number.is_some_and(|number| number >= from);
            from = number.map_or(from, |number| number + 1);
            fits
        })
}

/// Whether it is a number in its one spelling.
fn is_number(text: &str, max: u64) -> bool {
    text.parse().is_ok_and(|number: u64| number <= max && number.to_string() == text)
}

/// The count in the summary of a list of so many friends.
///
/// # Errors
/// [`AnswerError`] when it is not of the one form.
pub(crate) fn read_summary(summary: &Value, listed: usize) -> Result<u64, AnswerError> {
    let wrong = |reason| Err(AnswerError::Summary { reason });
    let Value::Object(members) = summary else { return wrong("it is not an object") };
    let [(key, Value::Count(count))] = members.as_slice() else {
        return wrong("it is not \"total_count\" alone, with a number");
    };
    match usize::try_from(*count) {
        _ if key != TOTAL_COUNT => wrong("it is not \"total_count\" alone, with a number"),
        Ok(count) if count < listed => wrong("\"total_count\" is below what is listed"),
        _ => Ok(*count),
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::identifier::Identifier;
    use countersign_domain::time::Timestamp;

    use super::*;
    use crate::body::Members;

    const FIRST: PairwiseId = PairwiseId([0x0a; 16]);
    const LAST: PairwiseId = PairwiseId([0xff; 16]);

    const VIEWER: PairwiseId = PairwiseId([0x77; 16]);

    fn check(paging: &str) -> Result<(), AnswerError> {
        let schema = crate::answer::tests::schema();
        let client = Identifier::parse("home").unwrap();
        let time = Timestamp::from_seconds(0);
        let context = Context { schema: &schema, viewer: VIEWER, client: &client, time };
        let paging = paging
            .replace('A', &FIRST.to_string())
            .replace('Z', &LAST.to_string())
            .replace('V', &VIEWER.to_string());
        let Members(members) = serde_json::from_str(&paging).unwrap();
        let ends = Some((&FIRST, &LAST)).filter(|_| !members.is_empty());
        check_paging(&Value::Object(members), ends, &context)
    }

    fn with(key: &str, link: &str) -> String {
        format!(r#"{{"cursors":{{"before":"A","after":"Z"}},"{key}":"{link}"}}"#)
    }

    #[test]
    fn the_ends_of_the_list_and_a_link_onward_are_taken() {
        for paging in [
            r#"{"cursors":{"before":"A","after":"Z"}}"#.to_owned(),
            r#"{"cursors":{"after":"Z","before":"A"}}"#.to_owned(),
            with("next", "https://h/v3.0/V/friends?fields=id%2Cname&limit=2&after=Z"),
            with("next", "https://h/v3.0/V/friends?fields=id%2Cjob&limit=0&summary=total_count&after=Z"),
            with("next", "https://h/v3.0/V/friends?access_token=a%7Cb&fields=&limit=2&after=Z"),
            with("next", "http://127.0.0.1:1/v26.0/V/friends?after=Z"),
            with("previous", "https://[::1]:2/v3.0/V/friends?limit=2&before=A"),
            r#"{"previous":"http://h/v2.8/V/friends?before=A","cursors":{"before":"A","after":"Z"},"next":"http://h/v2.8/V/friends?after=Z"}"#.to_owned(),
        ] {
            assert_eq!(check(&paging), Ok(()), "{paging}");
        }
    }

    #[test]
    fn a_link_has_no_room_for_anything_about_people() {
        let link = "https://h/v3.0/V/friends?access_token=t&fields=id%2Cname&limit=2&summary=total_count&after=Z";
        assert_eq!(check(&with("next", link)), Ok(()));
        for (from, to) in [
            ("//h/", "//ada@h/"),
            ("//h/", "///"),
            ("//h/", "//h/ada/"),
            ("/v3.0", "/v3.00"),
            ("/v3.0", "/v3.ada"),
            ("/v3.0", ""),
            ("/V/", "/me/"),
            ("/V/", "/A/"),
            ("/V/", "/V/ada/"),
            ("friends", "friends/ada"),
            ("friends", "family"),
            ("access_token=t", "access_token=t&access_token=ada"),
            ("access_token=t", "access_token=ada%20lovelace/sick"),
            ("access_token=t", "name=ada"),
            ("access_token=t", "ada"),
            ("id%2Cname", "id,name"),
            ("id%2Cname", "name%2Cid"),
            ("id%2Cname", "id%2Cid"),
            ("id%2Cname", "id%2Cada"),
            ("id%2Cname", "id%2Cwork%2Cjob"),
            ("limit=2", "limit=02"),
            ("limit=2", "limit=19151210"),
            ("limit=2", "limit=ada"),
            ("limit=2", "limit=2&limit=3"),
            ("fields=id%2Cname&limit=2", "limit=2&fields=id%2Cname"),
            ("total_count", "ada"),
            ("&after=Z", "&religion=x&after=Z"),
            ("&after=Z", "&after=Z&religion=x"),
            ("&after=Z", "&&after=Z"),
            ("&after=Z", "&after=Z#ada"),
        ] {
            let lie = link.replacen(from, to, 1);
            assert_ne!(lie, link);
            assert!(matches!(check(&with("next", &lie)), Err(AnswerError::Paging { .. })), "{lie}");
        }
        let differ = r#"{"previous":"http://h/v3.0/V/friends?limit=7&before=A","cursors":{"before":"A","after":"Z"},"next":"http://h/v3.0/V/friends?limit=8&after=Z"}"#;
        assert!(matches!(check(differ), Err(AnswerError::Paging { .. })));
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
    }

    #[test]
    fn a_link_that_does_not_lead_on_is_refused() {
        for (scheme, query) in [
            ("", "after=Z"),
            ("ftp://h", "after=Z"),
            ("https://h", ""),
            ("https://h", "after=A"),
            ("https://h", "after=Zf"),
            ("https://h", "before=Z"),
            ("https://h", "after=Z&after=A"),
            ("https://h", "after=A&after=Z"),
            ("https://h", "%61fter=A&after=Z"),
            ("https://h", "after=Z&before=A"),
            ("https://h", "limit=2#&after=Z"),
        ] {
            let link = format!("{scheme}/v3.0/V/friends?{query}");
            let refused = check(&with("next", &link));
            assert!(matches!(refused, Err(AnswerError::Paging { .. })), "{link}");
        }
        for query in ["before=Z", "after=A", "before=A&after=Z"] {
            let refused = check(&with("previous", &format!("https://h/v3.0/V/friends?{query}")));
            assert!(matches!(refused, Err(AnswerError::Paging { .. })), "{query}");
        }
    }

    #[test]
    fn a_summary_counts_at_least_what_is_listed() {
        let check = |summary: &str, listed| {
            let Members(members) = serde_json::from_str(summary).unwrap();
            read_summary(&Value::Object(members), listed)
        };
        for (summary, listed, taken) in [
            (r#"{"total_count":0}"#, 0, true),
            (r#"{"total_count":1}"#, 0, true),
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
        assert!(read_summary(&Value::Count(3), 3).is_err());
    }
}
