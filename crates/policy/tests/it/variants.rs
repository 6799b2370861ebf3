//! FROZEN. Variants of names, as people, registries and typists write them; deterministic from a seed.
//! Written before the matcher and never edited since: `variants_frozen` holds the SHA-256 of this
//! file and of its tables. If it lacks a kind of variant, that kind goes into a file of its own.
//!
//! What it is not: it knows nothing of the matcher, and shares no table with it.

mod tables;

use tables::{
    ABBREVIATIONS, CYRILLIC, DIACRITICS, FORMS_AS_WRITTEN, GENERIC, GREEK, LEGAL_FORMS,
    ROMANISATIONS,
};

/// The kinds of variant. A kind that cannot apply to a name gives none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum VariantKind {
    WordOrder,
    LegalFormChanged,
    LegalFormDropped,
    LegalFormAdded,
    OneTypo,
    TwoTypos,
    Cyrillic,
    Greek,
    Romanisation,
    Diacritics,
    GenericWordDropped,
    GenericWordAdded,
    Abbreviation,
    JoinedOrSplit,
    CaseAndPunctuation,
    TwoChanges,
}

use VariantKind::{
    Abbreviation, CaseAndPunctuation, Cyrillic, Diacritics, GenericWordAdded, GenericWordDropped,
    Greek, JoinedOrSplit, LegalFormAdded, LegalFormChanged, LegalFormDropped, OneTypo,
    Romanisation, TwoChanges, TwoTypos, WordOrder,
};

pub(crate) const KINDS: [VariantKind; 16] = [
    WordOrder,
    LegalFormChanged,
    LegalFormDropped,
    LegalFormAdded,
    OneTypo,
    TwoTypos,
    Cyrillic,
    Greek,
    Romanisation,
    Diacritics,
    GenericWordDropped,
    GenericWordAdded,
    Abbreviation,
    JoinedOrSplit,
    CaseAndPunctuation,
    TwoChanges,
];

/// `SplitMix64`: small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A word without case and punctuation, to look it up in the tables above.
fn plain(word: &str) -> String {
    if word == "&" {
        return word.to_owned();
    }
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn words(name: &str) -> Vec<String> {
    name.split_whitespace().map(str::to_owned).collect()
}

/// Where in the words the longest legal form stands, the last one if there are several.
fn legal_form(words: &[String]) -> Option<std::ops::Range<usize>> {
    let plain: Vec<_> = words.iter().map(|word| plain(word)).collect();
    (0..plain.len()).rev().find_map(|end| {
        let fits = |form: &&&[&str]| {
            let start = (end + 1).checked_sub(form.len());
            start.is_some_and(|start| plain[start..=end].iter().eq(form.iter()))
        };
        LEGAL_FORMS.iter().find(fits).map(|form| end + 1 - form.len()..end + 1)
    })
}

/// Letters in the longest word that is neither generic nor a legal form: what a human knows it by.
fn distinctive_letters(words: &[String]) -> usize {
    let is_form = |word: &str| LEGAL_FORMS.iter().any(|form| form.contains(&word));
    let plain = words.iter().map(|word| plain(word));
    let distinctive = plain.filter(|word| !GENERIC.contains(&word.as_str()) && !is_form(word));
    distinctive.map(|word| word.chars().filter(|c| c.is_alphabetic()).count()).max().unwrap_or(0)
}

/// Whether this is a name by which somebody would go, and not a list's remark about several.
pub(crate) fn is_a_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let remarks = ["(", ";", ":", "?", "\n", "a.k.a", "successor", "also known"];
    !remarks.iter().any(|remark| lower.contains(remark))
        && name.len() <= 80
        && name.is_ascii()
        && distinctive_letters(&words(name)) >= 3
}

/// Whether the name says itself that it is an organisation's.
pub(crate) fn says_organisation(name: &str) -> bool {
    let words = words(name);
    let generic = |word: &String| {
        let word = plain(word);
        word.len() > 3 && GENERIC.contains(&word.as_str())
    };
    legal_form(&words).is_some() || words.iter().any(generic)
}

/// A variant of the name, if the kind applies to it; never the name itself.
pub(crate) fn variant(name: &str, kind: VariantKind, random: &mut Random) -> Option<String> {
    let made = match kind {
        WordOrder => word_order(name, random),
        LegalFormChanged => legal_form_changed(name, random),
        LegalFormDropped => legal_form_dropped(name),
        LegalFormAdded => legal_form_added(name, random),
        OneTypo => typo(name, random),
        TwoTypos => two_typos(name, random),
        Cyrillic => Some(in_letters(name, &CYRILLIC)),
        Greek => Some(in_letters(name, &GREEK)),
        Romanisation => romanisation(name, random),
        Diacritics => diacritics(name, random),
        GenericWordDropped => generic_word_dropped(name, random),
        GenericWordAdded => generic_word_added(name, random),
        Abbreviation => abbreviation(name, random),
        JoinedOrSplit => joined_or_split(name, random),
        CaseAndPunctuation => Some(case_and_punctuation(name, random)),
        TwoChanges => two_changes(name, random),
    };
    made.filter(|made| made != name && !made.trim().is_empty())
}

fn word_order(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    if words.len() < 2 {
        return None;
    }
    if random.below(2) == 0 {
        let by = 1 + random.below(words.len() - 1);
        words.rotate_left(by);
    } else {
        let at = random.below(words.len() - 1);
        words.swap(at, at + 1);
    }
    Some(words.join(" "))
}

fn legal_form_changed(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    let form = legal_form(&words)?;
    if words.len() == form.len() {
        return None;
    }
    words.splice(form, [(*random.pick(&FORMS_AS_WRITTEN)).to_owned()]);
    Some(words.join(" "))
}

fn legal_form_dropped(name: &str) -> Option<String> {
    let mut words = words(name);
    words.drain(legal_form(&words)?);
    let rest = words.join(" ").trim_end_matches([',', ' ']).to_owned();
    (distinctive_letters(&words) >= 3).then_some(rest)
}

fn legal_form_added(name: &str, random: &mut Random) -> Option<String> {
    if legal_form(&words(name)).is_some() {
        return None;
    }
    Some(match random.below(4) {
        0 => format!("OOO {name}"),
        1 => format!("{name}, {}", random.pick(&FORMS_AS_WRITTEN)),
        _ => format!("{name} {}", random.pick(&FORMS_AS_WRITTEN)),
    })
}

/// One edit in a word of five letters or more; a shorter word, changed, is another word.
fn typo(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    let long = |word: &String| word.chars().filter(char::is_ascii_alphabetic).count() >= 5;
    let places: Vec<_> = (0..words.len()).filter(|at| long(&words[*at])).collect();
    let at = (!places.is_empty()).then(|| *random.pick(&places))?;
    words[at] = edited(&words[at], random);
    Some(words.join(" "))
}

fn edited(word: &str, random: &mut Random) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let at = random.below(letters.len() - 1);
    let upper = letters[at].is_ascii_uppercase();
    let letter = char::from(b'a' + u8::try_from(random.below(26)).unwrap());
    let letter = if upper { letter.to_ascii_uppercase() } else { letter };
    match random.below(4) {
        0 => letters[at] = letter,
        1 => drop(letters.remove(at)),
        2 => letters.insert(at, letter),
        _ => letters.swap(at, at + 1),
    }
    letters.into_iter().collect()
}

/// Two edits, for names of sixteen letters or more.
fn two_typos(name: &str, random: &mut Random) -> Option<String> {
    let long = name.chars().filter(char::is_ascii_alphabetic).count() >= 16;
    let once = long.then(|| typo(name, random)).flatten()?;
    typo(&once, random)
}

fn in_letters(name: &str, table: &[(&str, &str)]) -> String {
    let mut made = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let begins =
            |from: &str| rest.get(..from.len()).is_some_and(|x| x.eq_ignore_ascii_case(from));
        if let Some((from, to)) = table.iter().find(|(from, _)| begins(from)) {
            let upper = first.is_uppercase();
            made += &if upper { to.to_uppercase() } else { (*to).to_owned() };
            rest = &rest[from.len()..];
        } else {
            made.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    made
}

fn romanisation(name: &str, random: &mut Random) -> Option<String> {
    let mut made = name.to_lowercase();
    for _ in 0..=random.below(2) {
        let fits: Vec<_> = ROMANISATIONS.iter().filter(|(from, _)| made.contains(from)).collect();
        if fits.is_empty() {
            break;
        }
        let (from, to) = random.pick(&fits);
        made = made.replacen(from, to, 1);
    }
    (made != name.to_lowercase()).then_some(made)
}

fn diacritics(name: &str, random: &mut Random) -> Option<String> {
    let mut letters: Vec<char> = name.chars().collect();
    let marked = |c: &char| DIACRITICS.iter().find(|(from, _)| *from == c.to_ascii_lowercase());
    for _ in 0..=random.below(4) {
        let places: Vec<_> =
            (0..letters.len()).filter(|at| marked(&letters[*at]).is_some()).collect();
        let at = (!places.is_empty()).then(|| *random.pick(&places))?;
        let to = *random.pick(marked(&letters[at])?.1);
        letters[at] = match letters[at].is_uppercase() {
            true if to != 'ı' => to.to_uppercase().next()?,
            _ => to,
        };
    }
    Some(letters.into_iter().collect())
}

fn generic_word_dropped(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    let generic = |at: &usize| GENERIC.contains(&plain(&words[*at]).as_str());
    let places: Vec<_> = (0..words.len()).filter(generic).collect();
    let at = (!places.is_empty()).then(|| *random.pick(&places))?;
    words.remove(at);
    (distinctive_letters(&words) >= 4).then(|| words.join(" "))
}

fn generic_word_added(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    if distinctive_letters(&words) < 4 {
        return None;
    }
    let added =
        ["Group", "International", "Holding", "Trading", "Services", "Global", "Industries"];
    let at = if random.below(3) == 0 {
        0
    } else {
        legal_form(&words).map_or(words.len(), |form| form.start)
    };
    words.insert(at, (*random.pick(&added)).to_owned());
    Some(words.join(" "))
}

fn abbreviation(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    let short = |word: &str| ABBREVIATIONS.iter().find(|(long, _)| *long == plain(word));
    let places: Vec<_> = (0..words.len()).filter(|at| short(&words[*at]).is_some()).collect();
    let at = (!places.is_empty()).then(|| *random.pick(&places))?;
    words[at] = short(&words[at])?.1.to_owned();
    Some(words.join(" "))
}

fn joined_or_split(name: &str, random: &mut Random) -> Option<String> {
    let mut words = words(name);
    let letters = |word: &str| word.chars().all(|c| c.is_ascii_alphabetic());
    let join = |at: &usize| {
        words.get(at + 1).is_some_and(|next| letters(next) && letters(&words[*at]))
            && distinctive_letters(&words[*at..*at + 1]) >= 3
    };
    let joins: Vec<_> = (0..words.len()).filter(join).collect();
    let split = |at: &usize| letters(&words[*at]) && words[*at].len() >= 8;
    let splits: Vec<_> = (0..words.len()).filter(split).collect();
    if !joins.is_empty() && (splits.is_empty() || random.below(2) == 0) {
        let at = *random.pick(&joins);
        let next = words.remove(at + 1);
        words[at] += &next.to_lowercase();
    } else {
        let at = (!splits.is_empty()).then(|| *random.pick(&splits))?;
        let place = 3 + random.below(words[at].len() - 5);
        words[at].insert(place, ' ');
    }
    Some(words.join(" "))
}

fn case_and_punctuation(name: &str, random: &mut Random) -> String {
    match random.below(5) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        2 => name.split_whitespace().collect::<Vec<_>>().join("-"),
        3 => name.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect(),
        _ => format!("\"{}\".", name.split_whitespace().collect::<Vec<_>>().join("  ")),
    }
}

/// Two changes of different kinds, one after the other.
fn two_changes(name: &str, random: &mut Random) -> Option<String> {
    let first = [LegalFormChanged, LegalFormDropped, LegalFormAdded, GenericWordAdded, WordOrder];
    let second = [OneTypo, Cyrillic, Greek, Romanisation, Diacritics, CaseAndPunctuation];
    let once = variant(name, *random.pick(&first), random)?;
    variant(&once, *random.pick(&second), random)
}
