//! Paths with places to fill in, as `/users/{account}/friends?offset={offset}`. Whatever is filled in is
//! percent-encoded to the last reserved character, so that it stays in its place.

/// What may be filled in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The account of one person.
    Account,
    /// The accounts of several people, with commas between them.
    Accounts,
    /// How many items of a list to pass over.
    Offset,
}

impl Place {
    const ALL: [Self; 3] = [Self::Account, Self::Accounts, Self::Offset];

    const fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Accounts => "accounts",
            Self::Offset => "offset",
        }
    }
}

/// A path with places to fill in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Place(Place),
}

impl Template {
    /// Reads a template in which `needed` stands once, and of other places only those in `allowed`.
    pub(super) fn parse(text: &str, needed: Place, allowed: &[Place]) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("{text:?} is not a path: it begins with '/'"));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("a '{' has no '}'")?;
            let place = Place::ALL.into_iter().find(|place| place.name() == name);
            let is_allowed = |place: &Place| *place == needed || allowed.contains(place);
            let place = place.filter(is_allowed).ok_or_else(|| unknown(name, needed, allowed))?;
            parts.extend([Part::Text(before.to_owned()), Part::Place(place)]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let template = Self { text: text.to_owned(), parts };
        let times = template.parts.iter().filter(|part| **part == Part::Place(needed)).count();
        if times != 1 {
            return Err(format!("{{{}}} has to stand in it once", needed.name()));
        }
        let is_sound = |part: &Part| match part {
            Part::Text(text) => text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'),
            Part::Place(_) => true,
        };
        if !template.parts.iter().all(is_sound) {
            return Err("percent-encode what a path cannot hold, and leave out '#'".to_owned());
        }
        Ok(template)
    }

    /// The template itself, which is about nobody: what logs and reports call a path.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this place is in it.
    pub(super) fn has(&self, place: Place) -> bool {
        self.parts.contains(&Part::Place(place))
    }

    /// The path for these accounts and this offset.
    pub(super) fn fill(&self, accounts: &[&str], offset: usize) -> String {
        let mut path = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => path.push_str(text),
                Part::Place(Place::Offset) => path.push_str(&offset.to_string()),
                Part::Place(Place::Account | Place::Accounts) => {
                    for (at, account) in accounts.iter().enumerate() {
                        if at > 0 {
                            path.push(',');
                        }
                        encode(account, &mut path);
                    }
                }
            }
        }
        path
    }
}

fn unknown(name: &str, needed: Place, allowed: &[Place]) -> String {
    let names: Vec<_> =
        [needed].iter().chain(allowed).map(|place| format!("{{{}}}", place.name())).collect();
    format!("{{{name}}} cannot be filled in here; use {}", names.join(" and "))
}

/// Whether an account can stand in a path. Many servers take `.` and `..` for steps even when they are
/// encoded, and would answer for another path.
pub(super) fn can_stand_in_path(account: &str) -> bool {
    !matches!(account, "" | "." | "..")
}

/// Whether an account can stand in a list of accounts. After a server has decoded it, a comma of an
/// account is one of the list.
pub(super) fn can_stand_in_list(account: &str) -> bool {
    can_stand_in_path(account) && !account.contains(',')
}

fn encode(text: &str, path: &mut String) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(usize::from);
            path.push('%');
            path.extend(digits.iter().filter_map(|digit| DIGITS.get(*digit)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn templates_say_what_is_wrong_with_them() {
        for (text, expected) in [
            ("users/{account}", "\"users/{account}\" is not a path: it begins with '/'"),
            ("/users/{acount}", "{acount} cannot be filled in here; use {account} and {offset}"),
            (
                "/users/{accounts}",
                "{accounts} cannot be filled in here; use {account} and {offset}",
            ),
            ("/users/{account", "a '{' has no '}'"),
            ("/users", "{account} has to stand in it once"),
            ("/users/{account}/{account}", "{account} has to stand in it once"),
            ("/us ers/{account}", "percent-encode what a path cannot hold, and leave out '#'"),
        ] {
            let refused = Template::parse(text, Place::Account, &[Place::Offset]);
            assert_eq!(refused.unwrap_err(), expected);
        }
        let template =
            Template::parse("/u/{account}/f?from={offset}", Place::Account, &[Place::Offset]);
        assert_eq!(template.unwrap().fill(&["a/b c%"], 20), "/u/a%2Fb%20c%25/f?from=20");
        let template = Template::parse("/u?ids={accounts}", Place::Accounts, &[]).unwrap();
        assert_eq!(template.fill(&["a", "b&c"], 0), "/u?ids=a,b%26c");
    }

    proptest! {
        #[test]
        fn property_an_account_stays_in_its_place(account in "\\PC{0,12}|[/?#&%.,{}]{1,6}") {
            let template = Template::parse("/u/{account}/f?x=1", Place::Account, &[]).unwrap();
            let path = template.fill(&[&account], 0);
            let inner = path.strip_prefix("/u/").unwrap().strip_suffix("/f?x=1").unwrap();
            prop_assert!(inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            let spaced = inner.replace('+', "%2B");
            let decoded = form_urlencoded::parse(spaced.as_bytes()).next();
            let decoded = decoded.map(|(name, _)| name.into_owned()).unwrap_or_default();
            prop_assert_eq!(decoded, account);
            let uri: hyper::Uri = path.parse().unwrap();
            prop_assert_eq!(uri.path_and_query().unwrap().as_str(), path);
        }
    }
}
