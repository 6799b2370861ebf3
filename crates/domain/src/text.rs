//! Free text in acts: names of companies, packages, reasons. It is shown on terminals and pages to
//! people who decide by it, so it holds nothing that moves a cursor or turns a line around. And the mark
//! that some programs put before the text of a file.

/// The longest name, in characters.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// The longest reason, in characters.
pub const REASON_CHARACTERS_MAX: usize = 1_000;

/// A text that an act cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {what} is not plain text: use 1 to {characters_max} characters, none of which controls how text is shown"
)]
pub struct NotPlainText {
    /// What it is the text of.
    pub what: &'static str,
    /// The most characters that it may have.
    pub characters_max: usize,
}

/// Checks a text of an act.
///
/// # Errors
/// [`NotPlainText`] when it is empty, too long or holds a character of control.
pub fn check(what: &'static str, characters_max: usize, text: &str) -> Result<(), NotPlainText> {
    let length = text.chars().count();
    if (1..=characters_max).contains(&length) && !text.chars().any(controls) {
        Ok(())
    } else {
        Err(NotPlainText { what, characters_max })
    }
}

/// Whether a character controls how text is shown: Unicode's control characters (C0, DEL, C1), its
/// separators of lines and paragraphs, and what overrides or isolates a direction of writing.
#[must_use]
pub const fn controls(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// What U+FEFF is in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A file's bytes without the byte order mark that some editors and spreadsheets put before UTF-8.
#[must_use]
pub fn after_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// A text in quotation marks, and in printable ASCII alone: any other character is shown by its number, as
/// `\u{200b}`. So no two texts are shown alike, whatever letters look like and wherever spaces are.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => shown.extend(['\\', character]),
            ' '..='~' => shown.push(character),
            _ => shown.extend(character.escape_unicode()),
        }
    }
    shown.push('"');
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_byte_order_mark_is_passed_over_once_and_at_the_beginning() {
        assert_eq!(after_byte_order_mark("\u{feff}\u{feff}a".as_bytes()), "\u{feff}a".as_bytes());
        for text in ["", "a\u{feff}", "\u{fefe}"] {
            assert_eq!(after_byte_order_mark(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn texts_that_look_alike_are_quoted_differently() {
        for (text, shown) in [
            ("ada", r#""ada""#),
            ("ada ", r#""ada ""#),
            ("ada\u{200b}", r#""ada\u{200b}""#),
            (r"ada\u{200b}", r#""ada\\u{200b}""#),
            ("\u{430}da", r#""\u{430}da""#),
            ("a\"b\n", r#""a\"b\u{a}""#),
        ] {
            assert_eq!(quoted(text), shown);
        }
        let all: BTreeSet<String> =
            ('\0'..=char::MAX).map(|character| quoted(&character.to_string())).collect();
        assert_eq!(all.len(), ('\0'..=char::MAX).count());
    }

    #[test]
    fn texts_are_plain_and_of_a_length() {
        let check = |text: &str| check("name", 5, text);
        for good in ["a", "Ü & \"", "株式会社", "אב ג", "a\u{200d}b"] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        let bad = [
            "",
            "abcdef",
            "\u{1b}[2J",
            "a\nb",
            "a\tb",
            "\u{7f}",
            "\u{9b}",
            "\u{202e}a",
            "\u{2069}",
        ];
        for bad in bad {
            assert_eq!(
                check(bad),
                Err(NotPlainText { what: "name", characters_max: 5 }),
                "{bad:?}"
            );
        }
        for character in '\0'..=char::MAX {
            assert!(!character.is_control() || controls(character), "{character:?}");
        }
    }
}
