//! The words of names: of tables and columns, however a house writes them.

/// The words of a name, in lower case and in the singular: `UserProfiles`, `user_profiles` and `user-profile` have the
/// same ones. A number at the end of a word is a word.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in name.chars() {
        let begins = !before.is_alphanumeric()
            || (c.is_uppercase() && before.is_lowercase())
            || c.is_ascii_digit() != before.is_ascii_digit();
        if !c.is_alphanumeric() {
            before = c;
            continue;
        }
        match words.last_mut() {
            Some(word) if !begins => word.extend(c.to_lowercase()),
            _ => words.push(c.to_lowercase().collect()),
        }
        before = c;
    }
    words.iter().map(|word| singular(word)).collect()
}

fn singular(word: &str) -> String {
    if ["people", "persons"].contains(&word) {
        return "person".to_owned();
    }
    let ends = [("ies", "y"), ("ships", "ship"), ("sses", "ss"), ("s", "")];
    let is_plural = word.len() > 3 && !word.ends_with("ss") && !word.ends_with("us");
    let found =
        ends.iter().find_map(|(plural, one)| Some(word.strip_suffix(plural)?.to_owned() + one));
    found.filter(|_| is_plural).unwrap_or_else(|| word.to_owned())
}

/// A name without what is between its words, to be compared: `first_name` and `FirstName` are equal.
pub(super) fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What all names begin with, up to an underscore; nothing where they do not.
pub(super) fn common_prefix<'a>(names: impl IntoIterator<Item = &'a str>) -> &'a str {
    let mut names = names.into_iter();
    let Some(first) = names.next() else { return "" };
    let prefix = first.find('_').and_then(|at| first.get(..=at)).unwrap_or_default();
    let rest: Vec<_> = names.collect();
    if rest.len() > 1 && rest.iter().all(|name| name.starts_with(prefix)) { prefix } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_different_houses_have_the_same_words() {
        for (name, expected) in [
            ("user_profiles", "user profile"),
            ("UserProfiles", "user profile"),
            ("Person1Id", "person 1 id"),
            ("person_knows_person", "person know person"),
            ("friendships", "friendship"),
            ("people", "person"),
            ("status", "status"),
            ("addresses", "address"),
            ("follower_id", "follower id"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
        assert_eq!(common_prefix(["p_id", "p_name", "p_x"]), "p_");
        assert_eq!(common_prefix(["id", "name"]), "");
        assert_eq!(common_prefix(["first_name", "last_name", "id"]), "");
    }
}
