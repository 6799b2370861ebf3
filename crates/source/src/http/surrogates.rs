//! Halves of surrogate pairs in JSON texts, as `"\ud83d"`: what is left of a character that was cut in two. JSON's
//! grammar takes them and Unicode does not, so that readers differ about them (RFC 8259, section 8.2).

use std::borrow::Cow;

/// Escapes have six characters: `\u` and four digits.
const ESCAPE_LEN: usize = 6;
const REPLACEMENT: &str = "\\ufffd";

/// A JSON text with each half of a pair replaced by U+FFFD. What is not JSON stays as it is.
pub(super) fn replaced(json: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        let place = at + found;
        match (unit(json, place), unit(json, place + ESCAPE_LEN)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at = place + 2 * ESCAPE_LEN,
            (Some(0xd800..=0xdfff), _) => {
                replaced.push_str(json.get(copied..place).unwrap_or_default());
                replaced.push_str(REPLACEMENT);
                (copied, at) = (place + ESCAPE_LEN, place + ESCAPE_LEN);
            }
            (Some(_), _) => at = place + ESCAPE_LEN,
            // Another escape is two characters, and what follows may be a letter of more bytes.
            (None, _) => at = place + 1 + json.get(place + 1..).map_or(1, first_len),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    replaced.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(replaced)
}

/// The code unit that is escaped here, if one is.
fn unit(json: &str, place: usize) -> Option<u32> {
    let digits = json.get(place..place + ESCAPE_LEN)?.strip_prefix("\\u")?;
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if are_digits { u32::from_str_radix(digits, 16).ok() } else { None }
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_whole_pairs_are_not() {
        for whole in [
            "",
            r#"{"a":"\ud83d\ude00"}"#,
            r#""\\ud83d""#,
            r#""\\\\ud83d""#,
            r#""\u00e9\n\ue000""#,
            r#""\é\ud8""#,
            r#""\ud83d\ude00\ud83d\ude01""#,
        ] {
            assert_eq!(replaced(whole), whole);
        }
        for (halves, expected) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00\uD83D""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\\ud83dx""#, r#""\\\ufffdx""#),
        ] {
            assert_eq!(replaced(halves), expected);
        }
    }
}
