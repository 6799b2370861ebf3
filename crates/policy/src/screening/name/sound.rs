//! How words sound, roughly: one form for what different romanisations write differently.

/// Greek letters, pairs first. Modern Greek has no single letter for b, d, g, j and u.
pub(super) const GREEK_LETTERS: [(&str, &str); 49] = [
    ("μπ", "b"),
    ("ντ", "d"),
    ("γκ", "g"),
    ("γγ", "ng"),
    ("τζ", "j"),
    ("τσ", "ts"),
    ("ου", "u"),
    ("ού", "u"),
    ("αυ", "av"),
    ("αύ", "av"),
    ("ευ", "ev"),
    ("εύ", "ev"),
    ("α", "a"),
    ("ά", "a"),
    ("β", "v"),
    ("γ", "g"),
    ("δ", "d"),
    ("ε", "e"),
    ("έ", "e"),
    ("ζ", "z"),
    ("η", "i"),
    ("ή", "i"),
    ("θ", "th"),
    ("ι", "i"),
    ("ί", "i"),
    ("ϊ", "i"),
    ("ΐ", "i"),
    ("κ", "k"),
    ("λ", "l"),
    ("μ", "m"),
    ("ν", "n"),
    ("ξ", "x"),
    ("ο", "o"),
    ("ό", "o"),
    ("π", "p"),
    ("ρ", "r"),
    ("σ", "s"),
    ("ς", "s"),
    ("τ", "t"),
    ("υ", "y"),
    ("ύ", "y"),
    ("ϋ", "y"),
    ("ΰ", "y"),
    ("φ", "f"),
    ("χ", "h"),
    ("ψ", "ps"),
    ("ω", "o"),
    ("ώ", "o"),
    ("ϐ", "v"),
];

/// Longest first, read from left to right, each letter once.
const LETTERS: [(&str, &str); 34] = [
    ("shch", "sh"),
    ("sch", "sh"),
    ("dzh", "j"),
    ("tch", "ch"),
    ("tkh", "th"),
    ("skh", "sh"),
    ("ckh", "ch"),
    ("kkh", "ch"),
    ("pkh", "f"),
    ("zkh", "j"),
    ("dj", "j"),
    ("zh", "j"),
    ("kh", "h"),
    ("gh", "g"),
    ("dh", "d"),
    ("ph", "f"),
    ("th", "t"),
    ("rh", "r"),
    ("sh", "sh"),
    ("ch", "ch"),
    ("ck", "k"),
    ("tz", "ts"),
    ("ou", "u"),
    ("oo", "u"),
    ("ee", "i"),
    ("ie", "e"),
    ("ye", "e"),
    ("iy", "i"),
    ("yi", "i"),
    ("c", "k"),
    ("q", "k"),
    ("w", "v"),
    ("ks", "x"),
    ("y", "i"),
];

/// How a word sounds.
pub(super) fn sound(spelling: &str) -> String {
    let heard = rewritten(spelling, &LETTERS);
    // What the first pass wrote can be a pair of its own: Cyrillic writes t and h for th.
    let mut heard =
        rewritten(&heard, &[("th", "t"), ("sh", "s"), ("ii", "i"), ("ch", "c"), ("ks", "x")])
            .into_bytes();
    heard.dedup_by(|next, last| next == last && next.is_ascii_alphabetic());
    heard.into_iter().map(char::from).collect()
}

/// How a word sounds that came through Greek letters, or would if it did.
pub(super) fn greek(spelling: &str) -> String {
    let folded = [
        ("nt", "d"),
        ("mp", "b"),
        ("gk", "g"),
        ("tz", "j"),
        ("ch", "h"),
        ("kh", "h"),
        ("ay", "av"),
        ("ey", "ev"),
        ("oy", "u"),
    ];
    sound(&rewritten(spelling, &folded))
}

/// What Arabic and Hebrew letters say of a word: no short vowels, w and y for long ones, no p and no v.
pub(super) fn consonants(spelling: &str) -> String {
    let heard = sound(&spelling.replace('w', ""));
    let said = heard.chars().filter(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u'));
    said.map(|c| {
        if c == 'p' {
            'b'
        } else if c == 'v' {
            'f'
        } else {
            c
        }
    })
    .collect()
}

/// Every piece of the text that the table knows, replaced; the rest as it is.
fn rewritten(text: &str, table: &[(&str, &str)]) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((from, to)) = table.iter().find(|(from, _)| rest.starts_with(from)) {
            made.push_str(to);
            rest = rest.strip_prefix(from).unwrap_or("");
        } else {
            made.push(first);
            rest = rest.strip_prefix(first).unwrap_or("");
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn romanisations_of_one_sound_are_one() {
        for (one, other) in [
            ("aekk", "aecc"),
            ("yuganskneftegaz", "iuganskneftegaz"),
            ("khabarovsk", "habarovsk"),
            ("obshchestvo", "obschestvo"),
            ("al-aqsa", "al-aksa"),
            ("tekhnologii", "tehnologii"),
            ("nortkh", "north"),
        ] {
            assert_eq!(sound(one), sound(other), "{one} and {other}");
        }
    }
}
