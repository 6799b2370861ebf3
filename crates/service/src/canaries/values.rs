//! What a canary's values are toward one partner in one generation: texts that are computed, not kept, so that
//! nothing has to be stored for each partner, and one that turns up can be found by making all of them again.
//!
//! What it is not: it knows no profile. How a text takes the place of another is `planted`'s.

use std::fs;
use std::path::Path;

use aws_lc_rs::hmac;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_people::keys::{KeyError, SecretKey};

use super::words::{BACK, FRONT, GIVEN, SCHOOLS, THINGS, TRADES};

/// What every message to the key begins with.
const CONTEXT: &[u8] = b"countersign canary value v1\0";

/// What is signed to name the key.
const NAME: &[u8] = b"countersign canary key v1\0";

/// So many texts of one field differ; what a profile has beyond them stays as it is.
pub(super) const TEXTS_MAX: u8 = 8;

/// The key from which all values come.
#[derive(Clone)]
pub(super) struct CanaryKey(hmac::Key);

/// Whom a value is about, and for whom it is.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) handle: Handle,
    pub(super) partner: &'a Identifier,
    pub(super) generation: u32,
    /// Where addresses are; without it, there are none.
    pub(super) email_domain: Option<&'a str>,
}

/// The kinds of value that can carry something. The others, as dates and what is one of few, stay as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Name,
    FirstName,
    MiddleName,
    LastName,
    Email,
    /// The last part of the address of a page of theirs.
    Link,
    Website,
    About,
    Quotes,
    Education,
    Work,
}

impl Kind {
    /// All of them, by the names of their fields.
    pub(super) const ALL: [(&'static str, Self); 11] = [
        ("name", Self::Name),
        ("first_name", Self::FirstName),
        ("middle_name", Self::MiddleName),
        ("last_name", Self::LastName),
        ("email", Self::Email),
        ("link", Self::Link),
        ("website", Self::Website),
        ("about", Self::About),
        ("quotes", Self::Quotes),
        ("education", Self::Education),
        ("work", Self::Work),
    ];

    /// The kind of the field of this name.
    pub(super) fn of(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| *name == field).map(|(_, kind)| kind)
    }

    /// How many texts a value of this kind may have.
    pub(super) const fn texts_max(self) -> u8 {
        match self {
            Self::Education | Self::Work => TEXTS_MAX,
            _ => 1,
        }
    }

    /// What is drawn together: the parts of a name fit one another and the addresses.
    const fn drawn_as(self) -> u8 {
        match self {
            Self::About => 1,
            Self::Quotes => 2,
            Self::Education => 3,
            Self::Work => 4,
            _ => 0,
        }
    }
}

impl CanaryKey {
    /// Reads the key, or makes it if there is none.
    pub(super) fn read_or_make(path: &Path) -> Result<Self, KeyError> {
        let there = fs::exists(path);
        if !there.map_err(|error| KeyError::File { path: path.to_owned(), error })? {
            SecretKey::generate()?.write_new(path)?;
        }
        Self::read(path)
    }

    /// Reads the key.
    pub(super) fn read(path: &Path) -> Result<Self, KeyError> {
        Ok(Self::of(&SecretKey::read(path)?))
    }

    /// A key that is always the same.
    #[cfg(test)]
    pub(super) fn for_tests() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]))
    }

    fn of(key: &SecretKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.seed().as_ref()))
    }

    /// What names the key, in hex, and says nothing of it: kept beside the canaries, so that another key is known.
    pub(super) fn name(&self) -> String {
        let tag = hmac::sign(&self.0, NAME);
        const_hex::encode(tag.as_ref().first_chunk::<16>().copied().unwrap_or_default())
    }

    /// The text of this kind, the `number`th of those that a value has.
    pub(super) fn text(&self, origin: &Origin<'_>, kind: Kind, number: u8) -> Option<String> {
        let mut draw = self.draw(origin, kind.drawn_as(), number);
        Some(match kind {
            Kind::About => about(&mut draw),
            Kind::Quotes => quote(&mut draw),
            Kind::Education => school(&mut draw),
            Kind::Work => firm(&mut draw),
            _ => return Person::of(&mut draw).text(kind, origin.email_domain),
        })
    }

    /// A number in the place of the id of the page that a text names, of so many digits.
    pub(super) fn digits(
        &self,
        origin: &Origin<'_>,
        kind: Kind,
        number: u8,
        count: usize,
    ) -> String {
        let mut draw = self.draw(origin, kind.drawn_as() | 0x80, number);
        (0..count).map(|at| char::from(b'0' + draw.digit(at == 0))).collect()
    }

    fn draw(&self, origin: &Origin<'_>, drawn_as: u8, number: u8) -> Draw {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(CONTEXT);
        context.update(&origin.handle.0);
        context.update(&origin.generation.to_le_bytes());
        context.update(&[drawn_as, number]);
        // Of no fixed length, so it stands last.
        context.update(origin.partner.as_str().as_bytes());
        Draw { tag: context.sign(), at: 0 }
    }
}

/// The parts of a name, and numbers for addresses.
struct Person {
    given: &'static str,
    middle: &'static str,
    last: String,
    numbers: [u32; 3],
}

impl Person {
    fn of(draw: &mut Draw) -> Self {
        let (given, middle, last) = (draw.pick(&GIVEN), draw.pick(&GIVEN), draw.place());
        Self { given, middle, last, numbers: [draw.number(), draw.number(), draw.number()] }
    }

    fn text(&self, kind: Kind, email_domain: Option<&str>) -> Option<String> {
        let Self { given, middle, last, numbers: [email, link, website] } = self;
        let address =
            |number| format!("{}.{}{number:07}", given.to_lowercase(), last.to_lowercase());
        Some(match kind {
            Kind::FirstName => (*given).to_owned(),
            Kind::MiddleName => (*middle).to_owned(),
            Kind::LastName => last.clone(),
            Kind::Email => format!("{}@{}", address(email), email_domain?),
            Kind::Link => address(link),
            Kind::Website => address(website),
            _ => format!("{given} {last}"),
        })
    }
}

/// More than forty-one bits, as a person might say something of themselves.
fn about(draw: &mut Draw) -> String {
    let place = draw.place();
    let [a, b, c, d, e] = draw.things();
    format!("From {place}. Mostly {a} and {b}, some {c}, and never enough {d} or {e}.")
}

/// More than forty-one bits, as a saying.
fn quote(draw: &mut Draw) -> String {
    let [a, b, c, d, e, f, g] = draw.things();
    format!("First {a}, then {b}; {c} before {d}, {e} before {f}, and {g} last of all.")
}

/// Forty bits.
fn school(draw: &mut Draw) -> String {
    let (a, b, c) = (draw.place(), draw.place(), draw.place());
    format!("{a} {b} {}, {c}", draw.pick(&SCHOOLS))
}

/// Forty bits.
fn firm(draw: &mut Draw) -> String {
    let (a, b, c) = (draw.place(), draw.place(), draw.place());
    format!("{a}, {b} & {c} {}", draw.pick(&TRADES))
}

/// Thirty-two bytes, drawn one by one.
struct Draw {
    tag: hmac::Tag,
    at: usize,
}

impl Draw {
    /// No value takes more bytes than there are.
    fn byte(&mut self) -> u8 {
        let byte = self.tag.as_ref().get(self.at).copied().unwrap_or_default();
        self.at += 1;
        byte
    }

    /// The lengths of the lists divide 256, so that all of their words are as likely.
    fn pick<const N: usize>(&mut self, words: &[&'static str; N]) -> &'static str {
        words.get(usize::from(self.byte()) % N).copied().unwrap_or_default()
    }

    /// A surname or a place.
    fn place(&mut self) -> String {
        let front = self.pick(&FRONT);
        format!("{front}{}", self.pick(&BACK))
    }

    /// Different ones: of those that are taken already, the next.
    fn things<const N: usize>(&mut self) -> [&'static str; N] {
        let mut taken = [""; N];
        for at in 0..N {
            let mut place = usize::from(self.byte());
            let thing =
                |place: usize| THINGS.get(place % THINGS.len()).copied().unwrap_or_default();
            while taken.contains(&thing(place)) {
                place += 1;
            }
            if let Some(taken) = taken.get_mut(at) {
                *taken = thing(place);
            }
        }
        taken
    }

    /// A number of seven digits.
    fn number(&mut self) -> u32 {
        let bytes = std::array::from_fn(|_| self.byte());
        u32::from_le_bytes(bytes) % 10_000_000
    }

    fn digit(&mut self, is_first: bool) -> u8 {
        let byte = self.byte();
        if is_first { 1 + byte % 9 } else { byte % 10 }
    }
}

impl std::fmt::Debug for CanaryKey {
    /// Says nothing of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CanaryKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    /// All texts of these kinds that somebody has toward a partner.
    fn texts(kinds: &[Kind], handle: [u8; 16], partner: &str, generation: u32) -> Vec<String> {
        let partner = Identifier::parse(partner).unwrap();
        let email_domain = Some("post.example");
        let origin = Origin { handle: Handle(handle), partner: &partner, generation, email_domain };
        let (key, mut all) = (CanaryKey::for_tests(), Vec::new());
        for kind in kinds {
            let numbers = 0..kind.texts_max();
            all.extend(numbers.filter_map(|number| key.text(&origin, *kind, number)));
        }
        all
    }

    /// Those of which one is enough.
    const STRONG: [Kind; 7] = [
        Kind::Email,
        Kind::Link,
        Kind::Website,
        Kind::About,
        Kind::Quotes,
        Kind::Education,
        Kind::Work,
    ];

    #[test]
    fn values_that_were_given_are_made_again_by_every_later_version() {
        let all: Vec<_> = Kind::ALL.into_iter().map(|(_, kind)| kind).collect();
        let mut made = texts(&all, [1; 16], "aurora", 0);
        made.dedup();
        let golden = include_str!("values_golden.txt");
        assert_eq!(made, golden.lines().collect::<Vec<_>>());
    }

    #[test]
    fn no_two_partners_canaries_or_generations_share_a_value() {
        let mut seen = HashSet::new();
        for canary in 0..20 {
            for partner in 0..25 {
                for generation in 0..8 {
                    let partner = format!("partner-{partner}");
                    for text in texts(&STRONG, [canary; 16], &partner, generation) {
                        assert!(!seen.contains(&text), "{text} was made twice");
                        seen.insert(text);
                    }
                }
            }
        }
    }

    #[test]
    fn the_parts_of_a_name_fit_one_another() {
        let made = texts(&[Kind::Name, Kind::FirstName, Kind::LastName], [3; 16], "aurora", 2);
        assert_eq!(made[0], format!("{} {}", made[1], made[2]));
        let email = texts(&[Kind::Email], [3; 16], "aurora", 2);
        let local = format!("{}.{}", made[1], made[2]).to_lowercase();
        assert!(email[0].starts_with(&local) && email[0].ends_with("@post.example"), "{email:?}");
    }

    #[test]
    fn words_are_as_likely_as_one_another() {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for generation in 0..6_400 {
            *counts
                .entry(texts(&[Kind::FirstName], [5; 16], "aurora", generation).remove(0))
                .or_default() += 1;
        }
        assert_eq!(counts.len(), 64);
        assert!(counts.values().all(|count| (50..200).contains(count)), "{counts:?}");
    }

    proptest! {
        #[test]
        fn property_a_value_is_of_its_canary_partner_and_generation(
            handle: [u8; 16], other: [u8; 16], generation in 0..u32::MAX,
        ) {
            let made = texts(&STRONG, handle, "aurora", generation);
            prop_assert_eq!(&made, &texts(&STRONG, handle, "aurora", generation));
            let mut others = vec![
                texts(&STRONG, handle, "aurora-2", generation),
                texts(&STRONG, handle, "aurora", generation + 1),
            ];
            if handle != other {
                others.push(texts(&STRONG, other, "aurora", generation));
            }
            for others in others {
                prop_assert!(made.iter().all(|text| !others.contains(text)));
            }
        }
    }
}
