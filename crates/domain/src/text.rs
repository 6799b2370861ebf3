//! Free text in acts: names of companies, packages, reasons. It is shown on terminals and pages to
//! people who decide by it, so it holds nothing that moves a cursor or turns a line around. And of the text
//! of files: the mark that some programs put before it.

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

/// Whether a character leaves no trace where it stands: what Unicode calls default ignorable, and its other characters
/// of format. With these, two names can be different and look the same.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A text as it is shown to people: characters that control how text is shown, and those that are invisible, by their
/// numbers.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if controls(character) || is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// An account, or another name that its reader has to tell from all others: within quotation marks, with
/// everything but printable ASCII shown by its number. Two that differ are never shown alike.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut shown = String::with_capacity(name.len() + 2);
    shown.push('"');
    for character in name.chars() {
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
    fn what_is_invisible_is_shown_by_its_number_and_scripts_are_left_alone() {
        for plain in ["Aurora Devices B.V.", "株式会社", "Ü & \"", "אב ג", "क्षि"] {
            assert_eq!(shown(plain), plain);
        }
        let hidden = "a\u{200b}b\u{2060}c\u{ad}d\u{feff}e\u{202e}f\u{e0041}\u{1b}";
        let escaped = r"a\u{200b}b\u{2060}c\u{ad}d\u{feff}e\u{202e}f\u{e0041}\u{1b}";
        assert_eq!(shown(hidden), escaped);
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
