//! Field expansion: `fields=id,name,friends.limit(100){name,work}`.
//!
//! ```text
//! list = item *("," item)
//! item = name *("." modifier "(" argument ")") ["{" list "}"]
//! ```
//!
//! Blanks may stand around each of these. `.fields(list)` counts as `{list}`, which is how the Graph API
//! writes it too.
//!
//! What it is not: it knows no schema; what the names mean is [`asked`](super::asked)'s.

use crate::errors::GraphError;

/// The longest expansion that is read.
const EXPANSION_BYTES_MAX: usize = 8_192;

/// The deepest nesting that is read; what makes sense is two.
const DEPTH_MAX: usize = 4;

/// One item of an expansion.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item<'a> {
    /// The field's or edge's name.
    pub(super) name: &'a str,
    /// The modifiers, as (`limit`, `100`).
    pub(super) modifiers: Vec<(&'a str, &'a str)>,
    /// What stands in braces, if braces follow.
    pub(super) nested: Option<Vec<Item<'a>>>,
}

/// Reads an expansion.
///
/// # Errors
/// [`GraphError`] 2500 with the place of the first character that cannot stand there.
pub(super) fn parse(text: &str) -> Result<Vec<Item<'_>>, GraphError> {
    if text.len() > EXPANSION_BYTES_MAX {
        return Err(GraphError::syntax("fields is too long", EXPANSION_BYTES_MAX));
    }
    let mut parser = Parser { text, at: 0 };
    let items = parser.list(0)?;
    if parser.at < text.len() {
        return Err(GraphError::syntax("Expected end of string", parser.at));
    }
    Ok(items)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn list(&mut self, depth: usize) -> Result<Vec<Item<'a>>, GraphError> {
        if depth > DEPTH_MAX {
            return Err(GraphError::syntax("fields is nested too deeply", self.at));
        }
        let mut items = vec![self.item(depth)?];
        while self.take(b',') {
            items.push(self.item(depth)?);
        }
        Ok(items)
    }

    fn item(&mut self, depth: usize) -> Result<Item<'a>, GraphError> {
        self.blanks();
        let name = self.word(is_name_byte);
        if name.is_empty() {
            return Err(GraphError::syntax("Expected a field name", self.at));
        }
        self.blanks();
        let (mut modifiers, mut nested) = (Vec::new(), None);
        while self.take(b'.') {
            let modifier = self.word(is_name_byte);
            self.expect(b'(')?;
            if modifier == "fields" {
                self.nest(&mut nested, depth, b')')?;
                continue;
            }
            let argument = self.word(|byte| byte != b')');
            self.expect(b')')?;
            self.blanks();
            modifiers.push((modifier, argument.trim()));
        }
        if self.take(b'{') {
            self.nest(&mut nested, depth, b'}')?;
        }
        Ok(Item { name, modifiers, nested })
    }

    /// Reads what is nested in an item, which it is once.
    fn nest(
        &mut self,
        nested: &mut Option<Vec<Item<'a>>>,
        depth: usize,
        end: u8,
    ) -> Result<(), GraphError> {
        if nested.is_some() {
            return Err(GraphError::syntax("Expected fields only once", self.at));
        }
        *nested = Some(self.list(depth + 1)?);
        self.expect(end)?;
        self.blanks();
        Ok(())
    }

    fn blanks(&mut self) {
        self.word(|byte| byte.is_ascii_whitespace());
    }

    fn word(&mut self, allowed: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.bytes().take_while(|byte| allowed(*byte)).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), GraphError> {
        if self.take(byte) {
            return Ok(());
        }
        Err(GraphError::syntax(&format!("Expected {:?}", char::from(byte)), self.at))
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn expansions_nest() {
        let items = parse("id,friends.limit(100).after(x){name,work},name").unwrap();
        assert_eq!(items.len(), 3);
        assert_eq!(items[1].modifiers, [("limit", "100"), ("after", "x")]);
        let nested: Vec<_> = items[1].nested.iter().flatten().map(|item| item.name).collect();
        assert_eq!(nested, ["name", "work"]);
    }

    #[test]
    fn blanks_and_the_other_way_to_nest_mean_the_same() {
        let expected = parse("id,friends.limit(3){name,work},name").unwrap();
        for text in [
            " id , friends.limit( 3 ) { name , work } , name ",
            "id,friends.limit(3).fields(name,work),name",
            "id, friends.fields( name, work ).limit(3), name",
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
        }
        for text in ["a b", "friends.fields(id){id}", "friends.fields()", "friends.fields(id"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_say_where() {
        for (text, place) in
            [("", 0), ("id,", 3), ("friends.limit", 13), ("friends{id", 10), ("id}", 2)]
        {
            let message = parse(text).map_err(|error| error.message).unwrap_err();
            assert!(message.ends_with(&format!("at character {place}")), "{text}: {message}");
        }
        assert!(parse(&"a{".repeat(1_000)).is_err());
    }

    proptest! {
        #[test]
        fn property_no_text_makes_the_parser_panic(text in "[a-z.,(){} 0-9é]{0,40}") {
            let _ = parse(&text);
        }
    }
}
